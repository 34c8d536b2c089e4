"""What a sum that is exceeded says against a VM, in a sentence."""

from phyllome_nb.capacity.reason import Reason, Severity
from phyllome_nb.capacity.room import Check, Room
from phyllome_nb.capacity.tables.frame import cpu_list, gib
from phyllome_nb.size import Size

__all__ = ["because"]

WHO = {"running": "running VMs", "defined": "all VMs", "autostart": "VMs that start with the host"}


def because(room: Room, check: Check) -> Reason | None:
    """What a check says against it; None where it says nothing."""
    if check.fits:
        return None
    is_cpus, name, who = check.what == "vcpus", room.host.name, WHO[room.count]
    cell, place = _place(room, check)
    left = max(check.total or 0 if check.left is None else check.left, 0)
    needed, more, has = (_amount(check, each) for each in (check.needed, left, check.total or 0))
    if needed in {more, has}:  # rounded they would say nothing
        needed = str(Size(check.needed))
    asked = f"It needs {needed}{' vCPUs' if is_cpus else f' of {check.what}'}"
    if check.total is None:
        why = f"{asked}, and {name} does not tell what it has{place}."
    elif not check.needed:
        limit = max(check.limit or 0, 0)
        why = f"With CPUs of its own it leaves room{place} for {limit} vCPUs that share: "
        why += f"{_made_of(check)}, and {who} have {check.used}."
    elif check.needed > check.total:
        why, left = f"{asked}, and {name} has {has}{' CPUs' if is_cpus else ''}{place} in all.", check.total
    elif check.free is not None and check.free < check.needed:
        why = f"{asked}, and {more} are free{place} now."
    else:
        why = f"{asked}, and {more} may still be promised{place}: {_made_of(check)}, "
        why += f"of which {who} have {_amount(check, check.used)}."
    shown = float if is_cpus else gib
    available = None if check.total is None else shown(left)
    return Reason(check.what, _severity(room, check), why, cell, shown(check.needed), available, _unit(check))


def _unit(check: Check) -> str:
    return "CPUs" if check.what == "vcpus" else "GiB"


def _amount(check: Check, amount: float) -> str:
    return f"{amount:g}" if check.what == "vcpus" else Size(int(amount)).short()


def _made_of(check: Check) -> str:
    """How the limit comes about."""
    is_cpus = check.what == "vcpus"
    said = _amount(check, check.whole) + (" CPUs" if is_cpus else "")
    said += f" less {_amount(check, check.kept)} reserved" if check.kept else ""
    if check.aside:
        said += f" less {_amount(check, check.aside)} {'held by single vCPUs' if is_cpus else 'of huge pages'}"
    return said + (f", {check.ratio:g}{' vCPUs' if is_cpus else ''} for each" if check.ratio not in {None, 1} else "")


def _severity(room: Room, check: Check) -> Severity:
    """Pages are taken when a VM starts; memory and CPU time can be promised beyond what there is."""
    if check.total is None:
        return "unknown"
    if not check.what.startswith("hugepages"):
        return "policy"
    if check.free is not None:
        return "refused" if check.free < check.needed else "policy"
    left = check.total - (check.used if room.count == "running" else 0)
    return "refused" if check.needed > left else "policy"


def _place(room: Room, check: Check) -> tuple[int | None, str]:
    """The one cell that a check is about, and the words for where."""
    where = check.where
    if where is None:
        return None, ""
    if check.what != "vcpus":
        one = min(where) if len(where) == 1 else None
        return one, f" in cell{'' if len(where) == 1 else 's'} {cpu_list(where)}"
    cells = [cell for cell, cpus in room.cpus.items() if cpus & where]
    one = cells[0] if len(cells) == 1 else None
    whole = one is not None and room.cpus[one] <= where
    return one, f" in cell {one}" if whole else f" on CPUs {cpu_list(where)}"
