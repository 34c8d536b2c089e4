"""A workbook with the tabs and columns of RVTools, for the tools that read those."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from phyllome_nb.capacity.snapshot import DomainFacts, Promise, Snapshot
from phyllome_nb.size import Size

__all__ = ["TABS", "to_excel"]

Row = dict[str, Any]
POWER = {"running": "poweredOn", "idle": "poweredOn", "paused": "suspended", "pmsuspended": "suspended"}
LONGEST = 32767
"""Characters that a cell holds."""


def to_excel(snapshots: Sequence[Snapshot], path: str | Path) -> Path:
    """Write one workbook: a tab for each of `TABS`, a row for each VM, disk, interface or host.

    Names are written as text, whatever they begin with: no program reads them as a formula. What libvirt does not
    tell is left empty; docs/exports.md says what each column holds.

    Raises
    ------
    ImportError
        If XlsxWriter is not installed: ``pip install phyllome-nb[export]`` brings it.
    """
    import xlsxwriter

    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, plain) as book:
        heading, moment = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for name, (columns, rows) in TABS.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for number, column in enumerate(columns):
                sheet.write_string(0, number, column, heading)
                sheet.set_column(number, number, max(len(column), 10))
            found = [row for snapshot in snapshots for row in rows(snapshot)]
            for line, row in enumerate(found, 1):
                for number, column in enumerate(columns):
                    _write(sheet, line, number, row.get(column), moment)
            sheet.autofilter(0, 0, max(len(found), 1), len(columns) - 1)
    return Path(path)


def _write(sheet: Any, line: int, number: int, value: Any, moment: Any) -> None:
    if value is None or value is pd.NA:
        return
    if isinstance(value, datetime):
        sheet.write_datetime(line, number, value.replace(tzinfo=None), moment)
    elif isinstance(value, bool):
        sheet.write_boolean(line, number, value)
    elif isinstance(value, int | float):
        sheet.write_number(line, number, value)
    else:
        sheet.write_string(line, number, _legal(str(value))[:LONGEST])


def _legal(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return re.sub("[^\t\n\r -\ud7ff\ue000-\U0010ffff]", "?", text)


def _mib(size: int | None) -> int | None:
    """Whole MiB, as RVTools counts."""
    return None if size is None else round(size / 2**20)


def _known(snapshot: Snapshot) -> list[tuple[DomainFacts, Promise]]:
    return [(domain, domain.shown) for domain in snapshot.domains if domain.shown]


def _own(snapshot: Snapshot, domain: DomainFacts, promise: Promise) -> Row:
    """What every tab about VMs begins and ends with."""
    return {
        "VM": domain.name,
        "Powerstate": POWER.get(domain.state, "poweredOff"),
        "Template": False,
        "SRM Placeholder": False,
        "Cluster": snapshot.host.name,
        "Host": snapshot.host.name,
        "VM UUID": domain.uuid,
        "VM ID": domain.uuid,
        "Annotation": promise.description or promise.title,
        "OS according to the configuration file": promise.os,
        "VI SDK Server": snapshot.host.uri,
    }


def _info(snapshot: Snapshot) -> list[Row]:
    rows = []
    for domain, promise in _known(snapshot):
        sizes = domain.disks.values()
        whole = [capacity for capacity, _, _ in sizes if capacity is not None]
        used = [allocation for _, allocation, _ in sizes if allocation is not None]
        networks = [each.source for each in promise.interfaces]
        rows.append(
            _own(snapshot, domain, promise)
            | {
                "CPUs": promise.vcpus,
                "Memory": _mib(promise.memory_max),
                "Active Memory": _mib(domain.usage.rss) if domain.usage else None,
                "NICs": len(promise.interfaces),
                "Disks": len([disk for disk in promise.disks if disk.device in {"disk", "lun"}]),
                "Total disk capacity MiB": _mib(sum(whole)) if whole else None,
                "Provisioned MiB": _mib(sum(whole)) if whole else None,
                "In Use MiB": _mib(sum(used)) if used else None,
                "Firmware": promise.firmware,
                "HW version": promise.machine,
                **{f"Network #{number}": name for number, name in enumerate(networks[:4], 1)},
            }
        )
    return rows


def _cpu(snapshot: Snapshot) -> list[Row]:
    return [
        _own(snapshot, domain, promise)
        | {
            "CPUs": promise.vcpus,
            "Sockets": None,
            "Max": promise.vcpus_max,
            "Hot Add": promise.vcpus < promise.vcpus_max,
        }
        for domain, promise in _known(snapshot)
    ]


def _memory(snapshot: Snapshot) -> list[Row]:
    rows = []
    for domain, promise in _known(snapshot):
        usage = domain.usage
        locked = promise.memory_max if promise.vfio or promise.locked else Size(0)
        rows.append(
            _own(snapshot, domain, promise)
            | {
                "Size MiB": _mib(promise.memory_max),
                "Max": _mib(promise.memory_max),
                "Consumed": _mib(usage.rss) if usage else None,
                "Ballooned": _mib(promise.memory_max - promise.memory) if domain.live else None,
                "Reservation": _mib(locked),
                "Memory Reservation Locked To Max": bool(locked),
            }
        )
    return rows


def _disk(snapshot: Snapshot) -> list[Row]:
    return [
        _own(snapshot, domain, promise)
        | {
            "Disk": disk.target,
            "Disk Key": number,
            "Disk Path": disk.source,
            "Capacity MiB": _mib(domain.disks.get(disk.target, (None, None, None))[0]),
            "Raw": disk.type == "block",
            "Disk Mode": "independent_nonpersistent" if disk.transient else "persistent",
            "Sharing mode": "sharingMultiWriter" if disk.shareable else "sharingNone",
            "Controller": disk.bus,
            "Path": disk.source,
        }
        for domain, promise in _known(snapshot)
        for number, disk in enumerate(promise.disks)
        if disk.device in {"disk", "lun"}
    ]


def _network(snapshot: Snapshot) -> list[Row]:
    return [
        _own(snapshot, domain, promise)
        | {
            "NIC label": f"Network adapter {number}",
            "Adapter": each.model,
            "Network": each.source,
            "Connected": domain.live is not None and each.link != "down",
            "Starts Connected": each.link != "down",
            "Mac Address": each.mac,
            "Type": each.type,
        }
        for domain, promise in _known(snapshot)
        for number, each in enumerate(promise.interfaces, 1)
    ]


def _sums(snapshot: Snapshot) -> tuple[int, int]:
    running = [domain.live for domain in snapshot.domains if domain.live]
    return sum(each.vcpus for each in running), sum(each.memory_max for each in running)


def _host(snapshot: Snapshot) -> list[Row]:
    host, shape = snapshot.host, snapshot.host.topology
    vcpus, memory = _sums(snapshot)
    used = None if host.memory_available is None or not host.memory else 1 - host.memory_available / host.memory
    return [
        {
            "Host": host.name,
            "Cluster": host.name,
            "CPU Model": f"{host.cpu_vendor} {host.cpu_model}".strip(),
            "Speed": host.mhz,
            "HT Available": shape.threads > 1,
            "HT Active": shape.threads > 1,
            "# CPU": shape.sockets,
            "Cores per CPU": shape.cores // max(shape.sockets, 1),
            "# Cores": shape.cores,
            "# Memory": _mib(host.memory),
            "Memory usage %": None if used is None else round(100 * used),
            "# VMs total": len(snapshot.domains),
            "# VMs": snapshot.running,
            "VMs per Core": round(snapshot.running / shape.cores, 3) if shape.cores else None,
            "# vCPUs": vcpus,
            "vCPUs per Core": round(vcpus / shape.cores, 3) if shape.cores else None,
            "vRAM": _mib(memory),
            "ESX Version": f"{host.hypervisor}, libvirt {host.libvirt}",
            "VI SDK Server": host.uri,
        }
    ]


def _cluster(snapshot: Snapshot) -> list[Row]:
    """Libvirt knows no clusters: each host is one of its own."""
    host, shape = snapshot.host, snapshot.host.topology
    return [
        {
            "Name": host.name,
            "NumHosts": 1,
            "numEffectiveHosts": 1,
            "NumCpuCores": shape.cores,
            "NumCpuThreads": host.cpus,
            "TotalMemory": _mib(host.memory),
            "VI SDK Server": host.uri,
        }
    ]


def _health(snapshot: Snapshot) -> list[Row]:
    told = snapshot.conflicts().to_dict("records")
    rows = [
        {"Name": each["vms"], "Message": each["why"], "Message type": f"{each['kind']} ({each['count']})"}
        for each in told
    ]
    wrong = [domain for domain in snapshot.domains if domain.problem]
    rows += [{"Name": each.name, "Message": each.problem, "Message type": "not read"} for each in wrong]
    return [row | {"VI SDK Server": snapshot.host.uri} for row in rows]


def _meta(snapshot: Snapshot) -> list[Row]:
    program = version("phyllome-nb")
    return [
        {
            "RVTools major version": None,
            "RVTools version": None,
            "xlsx creation datetime": snapshot.taken,
            "Server": snapshot.host.uri or snapshot.host.name,
            "Creator": f"phyllome_nb {program}",
        }
    ]


FIRST = ("VM", "Powerstate", "Template", "SRM Placeholder")
LAST = (
    *("Datacenter", "Cluster", "Host", "OS according to the configuration file"),
    *("OS according to the VMware Tools", "VM ID", "VM UUID", "VI SDK Server"),
)
"""Some readers want headings of which libvirt knows nothing: their cells are empty."""
TABS: dict[str, tuple[tuple[str, ...], Callable[[Snapshot], list[Row]]]] = {
    "vInfo": (
        (
            *(*FIRST, "CPUs", "Memory", "Active Memory", "NICs", "Disks", "Total disk capacity MiB"),
            *("Network #1", "Network #2", "Network #3", "Network #4", "Provisioned MiB", "In Use MiB"),
            *("Firmware", "HW version", "Annotation", *LAST),
        ),
        _info,
    ),
    "vCPU": ((*FIRST, "CPUs", "Sockets", "Max", "Hot Add", "Annotation", *LAST), _cpu),
    "vMemory": (
        (
            *(*FIRST, "Size MiB", "Max", "Consumed", "Ballooned", "Reservation"),
            *("Memory Reservation Locked To Max", "Annotation", *LAST),
        ),
        _memory,
    ),
    "vDisk": (
        (
            *(*FIRST, "Disk", "Disk Key", "Disk Path", "Capacity MiB", "Raw", "Disk Mode", "Sharing mode"),
            *("Controller", "Path", "Annotation", *LAST),
        ),
        _disk,
    ),
    "vNetwork": (
        (
            *(*FIRST, "NIC label", "Adapter", "Network", "Connected", "Starts Connected", "Mac Address", "Type"),
            *("Annotation", *LAST),
        ),
        _network,
    ),
    "vHost": (
        (
            *(
                "Host",
                "Datacenter",
                "Cluster",
                "CPU Model",
                "Speed",
                "HT Available",
                "HT Active",
                "# CPU",
                "Cores per CPU",
                "# Cores",
            ),
            *(
                "CPU usage %",
                "# Memory",
                "Memory usage %",
                "# VMs total",
                "# VMs",
                "VMs per Core",
                "# vCPUs",
                "vCPUs per Core",
            ),
            *("vRAM", "ESX Version", "VI SDK Server"),
        ),
        _host,
    ),
    "vCluster": (
        ("Name", "NumHosts", "numEffectiveHosts", "NumCpuCores", "NumCpuThreads", "TotalMemory", "VI SDK Server"),
        _cluster,
    ),
    "vHealth": (("Name", "Message", "Message type", "VI SDK Server"), _health),
    "vMetaData": (
        ("RVTools major version", "RVTools version", "xlsx creation datetime", "Server", "Creator"),
        _meta,
    ),
}
"""Each tab with its columns in their order, and what makes its rows."""
