"""What the columns of the tables of a history are."""

from collections.abc import Sequence

from phyllome_nb.capacity.columns import Column

__all__ = ["GAPS", "RATES", "usage_columns"]

TIME = "datetime64[us, UTC]"
_RATES = (
    ("cpu", "CPUs", "CPUs that it kept busy, QEMU's own threads included"),
    ("cpu_share", "", "the same, of its vCPUs"),
    ("steal", "CPUs", "vCPUs that waited for a CPU of the host"),
    ("wait", "CPUs", "vCPUs that waited for I/O"),
    ("balloon_gib", "GiB", "memory that it had"),
    ("maximum_gib", "GiB", "the most memory that it could have"),
    ("rss_gib", "GiB", "of it and of QEMU, what lay in the host's RAM"),
    ("used_gib", "GiB", "memory that the guest said it used; NA without balloon statistics"),
    ("rd_mib_s", "MiB/s", "read from its disks"),
    ("wr_mib_s", "MiB/s", "written to them"),
    ("iops", "1/s", "reads and writes"),
    ("rx_mib_s", "MiB/s", "received by its interfaces"),
    ("tx_mib_s", "MiB/s", "sent by them"),
)
RATES = {
    "": (
        Column("time", TIME, "", "the end of the interval"),
        Column("uuid", "str", "", "the VM's uuid"),
        Column("name", "str", "", "the VM's name"),
        Column("seconds", "Float64", "s", "how long it was; NA for the first sample, after a gap and after a restart"),
        Column("vcpus", "Int64", "", "vCPUs that were plugged in"),
        *(Column(name, "Float64", unit, words) for name, unit, words in _RATES),
    )
}
GAPS = {
    "": (
        Column("start", TIME, "", "when something was learnt last"),
        Column("end", TIME, "", "when something was learnt again"),
        Column("seconds", "Float64", "s", "how long that was"),
        Column("uuid", "str", "", "the VM's uuid; empty for the whole host"),
        Column("name", "str", "", "the VM's name; empty for the whole host"),
        Column("why", "str", "", "why"),
    )
}


def usage_columns(percentiles: Sequence[float]) -> tuple[Column, ...]:
    """The columns of `History.usage`."""
    figures = [
        column
        for name, unit, words in _RATES
        if name not in {"wait", "maximum_gib"}
        for column in (
            *(
                Column(f"{name}_p{each:g}", "Float64", unit, f"{words}: {each:g} % of the time at most")
                for each in percentiles
            ),
            Column(f"{name}_max", "Float64", unit, f"{words}: at most"),
        )
    ]
    return (
        Column("name", "str", "", "the VM's name"),
        Column("uuid", "str", "", "the VM's uuid"),
        Column("samples", "Int64", "", "how often it was looked at"),
        Column("seconds", "Float64", "s", "for how long its use is known"),
        Column("coverage", "Float64", "", "of the time in which it may have run, the share in which its use is known"),
        *figures,
    )
