"""Limits on how fast a disk may be."""

from phyllome_nb.xml.fields import Integer, Text
from phyllome_nb.xml.part import Part

__all__ = ["IoTune"]

BYTES = "bytes/s"
IOPS = "1/s"


class IoTune(Part, title="Throttling", doc="formatdomain.html#hard-drives-floppy-disks-cdroms"):
    """How fast the guest may read and write. A total cannot stand beside limits for reads or writes; 0 is no limit."""

    total_bytes_sec = Integer("total_bytes_sec", unit=BYTES, help="The most that is read and written together.")
    read_bytes_sec = Integer("read_bytes_sec", unit=BYTES, help="The most that is read.")
    write_bytes_sec = Integer("write_bytes_sec", unit=BYTES, help="The most that is written.")
    total_iops_sec = Integer("total_iops_sec", unit=IOPS, help="The most reads and writes together.")
    read_iops_sec = Integer("read_iops_sec", unit=IOPS, help="The most reads.")
    write_iops_sec = Integer("write_iops_sec", unit=IOPS, help="The most writes.")
    total_bytes_sec_max = Integer(
        "total_bytes_sec_max", unit=BYTES, help="The most that is read and written together in a short burst."
    )
    read_bytes_sec_max = Integer("read_bytes_sec_max", unit=BYTES, help="The most that is read in a short burst.")
    write_bytes_sec_max = Integer("write_bytes_sec_max", unit=BYTES, help="The most that is written in a short burst.")
    total_iops_sec_max = Integer(
        "total_iops_sec_max", unit=IOPS, help="The most reads and writes together in a short burst."
    )
    read_iops_sec_max = Integer("read_iops_sec_max", unit=IOPS, help="The most reads in a short burst.")
    write_iops_sec_max = Integer("write_iops_sec_max", unit=IOPS, help="The most writes in a short burst.")
    size_iops_sec = Integer(
        "size_iops_sec",
        unit="bytes",
        help="A larger read or write counts as several of this size, so that large ones do not evade the limit.",
    )
    group_name = Text(
        "group_name", help="Disks with the same name share one limit, so that many small disks gain nothing."
    )
    total_bytes_sec_max_length = Integer(
        "total_bytes_sec_max_length", unit="s", help="How long a burst of reading and writing may last."
    )
    read_bytes_sec_max_length = Integer(
        "read_bytes_sec_max_length", unit="s", help="How long a burst of reading may last."
    )
    write_bytes_sec_max_length = Integer(
        "write_bytes_sec_max_length", unit="s", help="How long a burst of writing may last."
    )
    total_iops_sec_max_length = Integer(
        "total_iops_sec_max_length", unit="s", help="How long a burst of many reads and writes may last."
    )
    read_iops_sec_max_length = Integer(
        "read_iops_sec_max_length", unit="s", help="How long a burst of many reads may last."
    )
    write_iops_sec_max_length = Integer(
        "write_iops_sec_max_length", unit="s", help="How long a burst of many writes may last."
    )
