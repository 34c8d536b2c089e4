"""Controllers: the buses that other devices are plugged into."""

from phyllome_nb.domain.devices.common import Device, VirtioDriver
from phyllome_nb.domain.devices.iothread_map import MappedIoThread
from phyllome_nb.xml.fields import Choice, Hex, Integer, SizeField, Switch, Text
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["Controller"]

CONTROLLERS = "formatdomain.html#controllers"

PCI = (
    "pci-root pcie-root pcie-root-port pci-bridge dmi-to-pci-bridge pcie-to-pci-bridge pcie-switch-upstream-port "
    "pcie-switch-downstream-port pci-expander-bus pcie-expander-bus"
)
USB = (
    "qemu-xhci nec-xhci ehci ich9-ehci1 ich9-uhci1 ich9-uhci2 ich9-uhci3 piix3-uhci piix4-uhci vt82c686b-uhci "
    "pci-ohci qusb1 qusb2 none"
)
SCSI = (
    "virtio-scsi virtio-transitional virtio-non-transitional auto buslogic lsilogic lsisas1068 lsisas1078 vmpvscsi "
    "ibmvscsi ncr53c90 dc390 am53c974"
)


class PciTarget(Part, title="PCI target", doc=CONTROLLERS):
    """How a PCI controller shows itself to the guest. libvirt chooses; a change looks like new hardware."""

    chassis_nr = Integer("@chassisNr", help="Its number among the pci-bridges.", qemu="chassis_nr=")
    chassis = Integer("@chassis", help="Its number among the PCIe ports.", qemu="chassis=")
    port = Hex("@port", 1, help="The number of a PCIe port.", qemu="port=")
    bus_nr = Integer(
        "@busNr",
        help="The number of an expander's bus: it can use those from this one up to the next expander's.",
        qemu="bus_nr=",
    )
    index = Integer("@index", help="ppc64: the order of the roots in the guest.", qemu="index=")
    hotplug = Switch(
        "@hotplug",
        "on off",
        help="Whether devices on it can be plugged while the guest runs; off hides it from Windows' eject menu.",
        qemu="hotplug=",
    )
    mem_reserve = Integer(
        "@memReserve", help="How much of the guest's address space it keeps free for devices plugged later."
    )
    node = Integer("node", help="The guest's NUMA node that its devices belong to.", qemu="numa_node=")


class ControllerDriver(VirtioDriver, title="Controller driver", doc=CONTROLLERS):
    """How the host drives a virtio-scsi controller."""

    queues = Integer(
        "@queues", help="How many queues it has: one for each vCPU lets all of them work at once.", qemu="num_queues="
    )
    cmd_per_lun = Integer("@cmd_per_lun", help="How many commands wait at one disk at most.", qemu="cmd_per_lun=")
    max_sectors = Integer("@max_sectors", help="The most 512-byte sectors that one command moves.", qemu="max_sectors=")
    ioeventfd = Switch(
        "@ioeventfd",
        "on off",
        help="Serve it outside the guest's own processors; off only to compare.",
        qemu="ioeventfd=",
    )
    iothread = Integer(
        "@iothread",
        1,
        help="The number of the VM's I/O thread that serves its disks, so that they do not wait for other devices.",
        qemu="iothread=",
    )
    iothreads = Many("iothreads/iothread", MappedIoThread)


class Controller(Device, title="Controller", doc=CONTROLLERS, start={"type": "scsi", "model": "virtio-scsi"}):
    """A bus that other devices are plugged into. libvirt adds those that are missing by itself."""

    type = Choice(
        "@type",
        "pci usb scsi virtio-serial sata ide fdc ccid isa nvme xenbus",
        help="What can be plugged into it.",
        qemu="-device",
    )
    index = Integer("@index", help="Its number among those of its type, by which addresses name it.")
    model = Choice(
        "@model",
        f"{PCI} {USB} {SCSI} virtio piix3 piix4 ich6",
        help="Which one the guest sees: virtio-scsi and qemu-xhci suit current guests; none with usb takes USB away.",
        qemu="-device",
    )
    ports = Integer("@ports", help="USB and serial lines: how many ports it has.")
    vectors = Integer("@vectors", help="Serial lines: how many interrupts it has.", qemu="vectors=")
    max_grant_frames = Integer("@maxGrantFrames", help="Xen: how many pages the guest can share with others.")
    max_event_channels = Integer("@maxEventChannels", help="Xen: how many event channels the guest can have.")
    model_name = Choice(
        "model/@name",
        "pcie-root-port ioh3420 pci-bridge pcie-pci-bridge i82801b11-bridge x3130-upstream xio3130-downstream pxb "
        "pxb-pcie spapr-pci-host-bridge",
        help="PCI: the very device that QEMU emulates; libvirt chooses it.",
        qemu="-device",
    )
    target = Section("target", PciTarget)
    serial = Text("serial", help="NVMe: the serial number that the guest sees.", qemu="serial=")
    master_startport = Integer(
        "master/@startport",
        help="USB 1 companions of a USB 2 controller: the first of its ports that this one serves.",
        qemu="firstport=",
    )
    driver = Section("driver", ControllerDriver)
    pcihole64 = SizeField(
        "pcihole64",
        help="PCI roots: the room above 4 GiB for large devices, such as graphics cards; 0 cures some old Windows.",
        qemu="-global pci-hole64-size=",
    )
