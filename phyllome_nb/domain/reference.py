"""The reference table of every typed field."""

from typing import TYPE_CHECKING

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.xml.part import Entry, entries

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["fields"]


def fields() -> "pd.DataFrame":
    """Every field of a definition.

    Returns
    -------
    pandas.DataFrame
        One row a field, in schema order, all columns of dtype str:

        ========= ====================================================================
        attribute how it is reached in Python: ``cpu.topology.cores``
        path      where it lives: ``/domain/cpu/topology/@cores``
        type      text, choice, integer, size, switch, flag or list
        unit      what a number counts, where the document does not say
        choices   the words it takes, or common ones
        help      what it does
        doc       its section of libvirt's reference
        qemu      the QEMU option that it becomes, where it becomes one
        ========= ====================================================================

    Examples
    --------
    >>> fields().set_index("attribute").loc["memory.maximum", ["path", "type", "unit"]].tolist()
    ['/domain/memory', 'size', 'KiB']
    """
    import pandas as pd

    return pd.DataFrame([_row(entry) for entry in entries(DomainSpec)], dtype="str")


def _row(entry: Entry) -> dict[str, str]:
    field = entry.field
    return {
        "attribute": entry.name,
        "path": f"/domain/{entry.path}",
        "type": field.kind,
        "unit": field.unit,
        "choices": " ".join(getattr(field, "choices", ())),
        "help": field.help,
        "doc": f"https://libvirt.org/{field.doc or entry.part.__reference__}",
        "qemu": field.qemu,
    }
