"""The files of a recording: what is in them, and how they are read."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from phyllome_nb.capacity.columns import Column
from phyllome_nb.capacity.tables.frame import frame
from phyllome_nb.errors import RecordingError

__all__ = ["KINDS", "LOOKS", "SAMPLES", "VERSION", "compact", "read", "write"]

FORMAT, VERSION = "phyllome_nb recording", 1
TIME = "datetime64[us, UTC]"


def _columns(text: str) -> tuple[Column, ...]:
    rows = [line.split(None, 3) for line in text.strip().splitlines()]
    return tuple(
        Column(name, TIME if dtype == "time" else dtype, "" if unit == "-" else unit, words)
        for name, dtype, unit, words in rows
    )


LOOKS = _columns("""
time             time     -    when the host was looked at
session          str      -    which run of a recorder it was, by when that began
every            Float64  s    seconds that were to lie between two looks
vms              Int64    -    VMs that ran
available_kib    Int64    KiB  free memory, buffers and caches of the host
why              str      -    why nothing was learnt; empty where something was
""")
SAMPLES = _columns("""
time             time     -    when the host was looked at
uuid             str      -    the VM's uuid
name             str      -    the VM's name
boot             Int64    -    libvirt's number of this run of the VM: counters begin anew with another
why              str      -    why nothing was learnt of it; empty where something was
vcpus            Int64    -    vCPUs that are plugged in
cpu_ns           Int64    ns   CPU time of all its threads (cpu.time)
vcpu_ns          Int64    ns   CPU time of its vCPUs (vcpu.N.time)
wait_ns          Int64    ns   that its vCPUs waited for I/O (vcpu.N.wait)
steal_ns         Int64    ns   that its vCPUs waited for a CPU of the host (vcpu.N.delay)
maximum_kib      Int64    KiB  the most memory that it can have (balloon.maximum)
balloon_kib      Int64    KiB  memory that it has (balloon.current)
rss_kib          Int64    KiB  of it and of QEMU, what lies in the host's RAM (balloon.rss)
unused_kib       Int64    KiB  what the guest does not use at all (balloon.unused)
usable_kib       Int64    KiB  what the guest could use without swapping (balloon.usable)
rd_bytes         Int64    B    read from all its disks
wr_bytes         Int64    B    written to them
rd_reqs          Int64    -    reads
wr_reqs          Int64    -    writes
rx_bytes         Int64    B    received by all its interfaces
tx_bytes         Int64    B    sent by them
""")
KINDS = {"looks": LOOKS, "samples": SAMPLES}
WORDS = ["session", "uuid", "name", "why"]


def write(directory: Path, kind: str, rows: Iterable[Sequence[Any]], name: str) -> Path:
    """Write rows to a file of its own: it is there whole, or not at all."""
    return _store(directory, kind, frame(rows, KINDS[kind], f"A recording: {kind}"), name)


def _store(directory: Path, kind: str, table: pd.DataFrame, name: str) -> Path:
    by = ["uuid", "time"] if kind == "samples" else ["time"]
    table = table.sort_values(by, kind="stable", ignore_index=True)
    table.attrs = {**table.attrs, "format": FORMAT, "version": VERSION, "kind": kind}
    # Counters grow little by little: what is stored of them are the steps.
    steps = {column.name: "DELTA_BINARY_PACKED" for column in KINDS[kind] if column.dtype in {"Int64", TIME}}
    words: dict[str, Any] = {"use_dictionary": WORDS, "column_encoding": steps}
    path, partial = directory / f"{kind}-{name}.parquet", directory / f".{kind}-{name}.partial"
    table.to_parquet(partial, engine="pyarrow", compression="zstd", index=False, **words)
    partial.replace(path)
    return path


def read(directory: Path, kind: str, problems: list[str]) -> pd.DataFrame:
    """All rows of one kind, each once, in the order of time; `problems` gets a sentence for each file that is damaged.

    Raises
    ------
    RecordingError
        If a later version wrote one of the files.
    """
    tables = [*_tables(directory, kind, problems)]
    if not tables:
        return frame([], KINDS[kind], "")
    keys = ["time", "uuid"] if kind == "samples" else ["time"]
    # A file that was put together of others may stand beside some of them, if that was interrupted.
    return pd.concat(tables, ignore_index=True).drop_duplicates(keys).sort_values(keys, ignore_index=True)


def _tables(directory: Path, kind: str, problems: list[str]) -> Iterator[pd.DataFrame]:
    for path in sorted(directory.glob(f"{kind}-*.parquet")):
        try:
            table = pd.read_parquet(path, engine="pyarrow")
        except (OSError, ValueError, KeyError) as error:
            problems.append(f"{path} is damaged and left out: {type(error).__name__}.")
            continue
        version = table.attrs.get("version")
        if table.attrs.get("format") != FORMAT or not isinstance(version, int):
            problems.append(f"{path} is no part of a recording and left out.")
            continue
        if version > VERSION:
            raise RecordingError(f"{path} was written by a later version of phyllome_nb (format {version}).")
        yield table[[column.name for column in KINDS[kind]]]


def compact(directory: Path, kind: str, paths: Sequence[Path], name: str) -> None:
    """Put the rows of several files into one, and remove them."""
    table = pd.concat([pd.read_parquet(path, engine="pyarrow") for path in paths], ignore_index=True)
    written = _store(directory, kind, table, name)
    for path in paths:
        if path != written:
            path.unlink(missing_ok=True)
