"""Memory modules beside the memory that the guest is booted with."""

from phyllome_nb.domain.devices.common import Device
from phyllome_nb.xml.fields import Choice, Flag, Hex, Integer, SizeField, Switch, Text
from phyllome_nb.xml.part import Part, Section

__all__ = ["MemoryDevice"]

MODULES = "formatdomain.html#memory-devices"


class MemorySource(Part, title="Backing", doc=MODULES):
    """Where on the host the module's memory comes from."""

    pagesize = SizeField(
        "pagesize", help="The size of the host's pages: larger ones are faster and must be set aside.", qemu="mem-path="
    )
    nodemask = Text("nodemask", help="The host's NUMA nodes it may come from, such as 0-1.", qemu="host-nodes=")
    path = Text("path", help="nvdimm and virtio-pmem: the file or device that keeps the contents.", qemu="mem-path=")
    alignsize = SizeField(
        "alignsize", help="nvdimm: how it is aligned on the host; 2 MiB for real modules.", qemu="align="
    )
    pmem = Flag("pmem", help="nvdimm: the host has a real module, so that writes are truly kept.", qemu="pmem=on")


class MemoryDevice(
    Device,
    title="Memory module",
    doc=MODULES,
    start={"model": "dimm", "size": "1 GiB"},
):
    """Memory beside what the guest is booted with; it can be plugged while the guest runs."""

    model = Choice(
        "@model",
        "dimm nvdimm virtio-mem virtio-pmem sgx-epc",
        help="dimm is plugged as a whole, virtio-mem grows and shrinks, nvdimm and virtio-pmem keep their contents "
        "in a file, sgx-epc is for enclaves.",
        qemu="-device",
    )
    access = Choice(
        "@access",
        "shared private",
        help="shared lets other programs of the host see it, and lets a file keep what is written.",
        qemu="share=",
    )
    discard = Switch(
        "@discard",
        "yes no",
        help="dimm: at the end, drop the contents instead of writing them to a file that backs them.",
        qemu="discard-data=",
    )
    uuid = Text("uuid", help="ppc64: the identity of an nvdimm; libvirt makes one up.", qemu="uuid=")
    source = Section("source", MemorySource)
    dynamic_memslots = Switch(
        "target/@dynamicMemslots",
        "yes no",
        help="virtio-mem: the host spends on its bookkeeping only what is plugged.",
        qemu="dynamic-memslots=",
    )
    size = SizeField("target/size", help="How large it is; the most that virtio-mem can grow to.", qemu="size=")
    node = Integer("target/node", help="The guest's NUMA node it belongs to, where the guest has nodes.", qemu="node=")
    label_size = SizeField(
        "target/label/size",
        help="nvdimm: how much of it keeps the guest's partitions; at least 128 KiB, taken from its size.",
        qemu="label-size=",
    )
    readonly = Flag("target/readonly", help="nvdimm: the guest cannot write to it.", qemu="unarmed=on")
    block = SizeField(
        "target/block", help="virtio-mem: by what steps it grows; a power of 2, at least 2 MiB.", qemu="block-size="
    )
    requested = SizeField(
        "target/requested",
        help="virtio-mem: how much of it the guest shall have now; change it while the guest runs.",
        qemu="requested-size=",
    )
    current = SizeField("target/current", help="virtio-mem: how much the guest has now; libvirt writes it.")
    base = Hex("target/address/@base", 9, help="virtio-mem and virtio-pmem: the guest's address of its first byte.")
