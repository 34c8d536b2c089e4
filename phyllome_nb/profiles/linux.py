"""A current Linux guest."""

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.size import Size

__all__ = ["linux"]


def linux(
    name: str = "linux",
    memory: Size | str = "2 GiB",
    vcpus: int = 2,
    *,
    disk: str | None = None,
    network: str | None = "default",
    type: str = "kvm",  # noqa: A002  (libvirt's name)
) -> DomainSpec:
    """A virtual machine for a current Linux, after Phyllome OS's machine definition.

    Parameters
    ----------
    name : str
        What the VM is called.
    memory : Size or str
        Its memory, such as ``"4 GiB"``.
    vcpus : int
        Its virtual CPUs, shown to it as cores of one socket.
    disk : str, optional
        The path of its qcow2 image on the host; left out, it has no disk.
    network : str, optional
        libvirt's network that it is attached to; with None, libvirt's user-mode network, which needs no rights.
    type : str
        The hypervisor: ``kvm``, or ``qemu`` where the host has no KVM.

    Raises
    ------
    FieldError
        If one of the values cannot be used.

    Examples
    --------
    >>> linux(name="web", memory="4 GiB", vcpus=4)
    <DomainSpec 'web': 4 vCPUs, 4 GiB>
    """
    spec = DomainSpec(name)
    spec.type = type
    spec.memory.maximum = memory
    # Shared memory costs nothing and lets virtiofs be added later.
    spec.memory.update(source="memfd", access="shared")
    spec.vcpus.update(maximum=vcpus, placement="static")
    # UEFI on PCI Express is what current systems are tested on; libvirt finds the image.
    spec.os.update(firmware="efi", type="hvm", arch="x86_64", machine="q35")
    spec.os.features.add(enabled=False, name="secure-boot")  # unsigned kernels and modules boot
    spec.os.boot = ("hd",)
    # ACPI lets the host ask for a shutdown; UEFI needs it.
    spec.features.update(acpi=True, apic=True)
    # Nearly the host's processor, and still able to migrate. Emulation has no host processor to resemble.
    spec.cpu.mode = "host-model" if type == "kvm" else "maximum"
    # Cores of one socket: some systems use no more than one or two sockets.
    spec.cpu.topology.update(sockets=1, dies=1, cores=vcpus, threads=1)
    spec.clock.offset = "utc"
    spec.events.update(on_poweroff="destroy", on_reboot="restart", on_crash="destroy")
    spec.pm.update(suspend_to_mem=False, suspend_to_disk=False)  # a VM that sleeps looks like one that hangs
    _devices(spec, disk, network)
    return spec


def _devices(spec: DomainSpec, disk: str | None, network: str | None) -> None:
    devices = spec.devices
    if disk is not None:
        devices.disks.add(
            type="file", device="disk", driver="qemu", format="qcow2", file=disk, target="vda", bus="virtio"
        )
    if network is None:
        devices.interfaces.add(type="user", model="virtio")
    else:
        devices.interfaces.add(type="network", network=network, model="virtio")
    devices.consoles.add(type="pty", target="serial", port=0)  # a way in when the network is down
    devices.channels.add(type="unix", target="virtio", name="org.qemu.guest_agent.0")
    devices.inputs.add(type="tablet", bus="virtio")  # a pointer that follows the one on the screen
    devices.inputs.add(type="keyboard", bus="virtio")
    devices.tpms.add(model="tpm-crb", backend="emulator", version="2.0")
    devices.graphics.add(type="vnc", listen="none")  # reached through libvirt alone: no open port
    devices.videos.add(model="virtio", heads=1, primary=True)
    devices.memballoon.update(model="virtio", stats_period=5)  # memory can be taken back, and its use is known
    devices.rngs.add(model="virtio", backend="random", source="/dev/urandom")
