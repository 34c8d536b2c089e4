"""The unit that translates the memory addresses devices use."""

from phyllome_nb.domain.devices.common import Device
from phyllome_nb.xml.fields import Choice, Integer, SizeField, Switch, Text
from phyllome_nb.xml.part import Part, Section

__all__ = ["Iommu", "IommuDriver"]


class IommuDriver(Part, title="IOMMU options", doc="formatdomain.html#iommu-devices"):
    """What the IOMMU can do; which of these count depends on its model."""

    intremap = Switch(
        "@intremap",
        "on off",
        help="intel and amd: translate interrupts too. Needs the ioapic of QEMU in features.",
        qemu="intremap=",
    )
    caching_mode = Switch(
        "@caching_mode",
        "on off",
        help="intel: the guest reports each new mapping; needed to hand devices of the host on.",
        qemu="caching-mode=",
    )
    eim = Switch("@eim", "on off", help="intel: needed for more than 255 vCPUs, together with intremap.", qemu="eim=")
    iotlb = Switch(
        "@iotlb", "on off", help="Devices may keep translations themselves, which is faster.", qemu="device-iotlb="
    )
    aw_bits = Integer("@aw_bits", 1, unit="bits", help="How wide addresses can be: 39, 48 or 57.", qemu="aw-bits=")
    dma_translation = Switch(
        "@dma_translation",
        "on off",
        help="intel: off leaves only the interrupts to it, which is quicker; libvirt 10.7 or later.",
        qemu="dma-translation=",
    )
    passthrough = Switch("@passthrough", "on off", help="amd: let devices that need no translation pass.", qemu="pt=")
    xtsup = Switch("@xtsup", "on off", help="amd: needed for more than 255 vCPUs.", qemu="xtsup=")
    pci_bus = Integer("@pciBus", help="smmuv3: the index of the PCI controller that it serves.", qemu="primary-bus=")
    accel = Switch("@accel", "on off", help="smmuv3: let the host's own unit do the work.", qemu="accel=")
    cmdqv = Text("@cmdqv", "on off auto", help="smmuv3: give the guest command queues of its own.")
    ats = Text("@ats", "on off auto", help="smmuv3: devices may keep translations themselves.", qemu="ats=")
    ril = Text("@ril", "on off auto", help="smmuv3: forget ranges of addresses at once; as on the host.", qemu="ril=")
    ssidsize = Text(
        "@ssidsize", "auto", help="smmuv3: how many address spaces a device can use, in bits.", qemu="ssidsize="
    )
    oas = Text("@oas", "auto", help="smmuv3: how wide the addresses are that come out, in bits.", qemu="oas=")
    granule = SizeField("granule/@size", help="virtio: the smallest piece of memory that is mapped.", qemu="granule=")
    granule_mode = Choice("granule/@mode", "host", help="virtio: as small as on the host.", qemu="granule=host")


class Iommu(Device, title="IOMMU", doc="formatdomain.html#iommu-devices", start={"model": "intel"}):
    """Keeps a device to the memory it may use; a guest needs one to hand devices on to guests of its own."""

    model = Choice(
        "@model",
        "intel amd virtio smmuv3",
        help="intel and amd for q35 machines, smmuv3 for ARM, virtio for both.",
        qemu="-device intel-iommu",
    )
    driver = Section("driver", IommuDriver)
