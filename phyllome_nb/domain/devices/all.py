"""The guest's devices, in the order in which libvirt writes them."""

from phyllome_nb.domain.devices.audio import Audio
from phyllome_nb.domain.devices.character import Channel, Console, Parallel, Serial
from phyllome_nb.domain.devices.controller import Controller
from phyllome_nb.domain.devices.disk import Disk
from phyllome_nb.domain.devices.filesystem import Filesystem
from phyllome_nb.domain.devices.graphics import Graphics
from phyllome_nb.domain.devices.hostdev import Hostdev
from phyllome_nb.domain.devices.input import Hub, Input
from phyllome_nb.domain.devices.interface import Interface
from phyllome_nb.domain.devices.iommu import Iommu
from phyllome_nb.domain.devices.lease import Lease
from phyllome_nb.domain.devices.memballoon import Memballoon
from phyllome_nb.domain.devices.memory_device import MemoryDevice
from phyllome_nb.domain.devices.nvram import Nvram
from phyllome_nb.domain.devices.redirdev import Redirdev, Redirfilter
from phyllome_nb.domain.devices.rng import Crypto, Rng
from phyllome_nb.domain.devices.shmem import Shmem
from phyllome_nb.domain.devices.smartcard import Smartcard
from phyllome_nb.domain.devices.sound import Sound
from phyllome_nb.domain.devices.tpm import Tpm
from phyllome_nb.domain.devices.video import Video
from phyllome_nb.domain.devices.vsock import Vsock
from phyllome_nb.domain.devices.watchdog import Panic, Pstore, Watchdog
from phyllome_nb.xml.fields import Text
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["Devices"]


class Devices(Part, title="Devices", doc="formatdomain.html#devices"):
    """The guest's devices."""

    emulator = Text(
        "emulator",
        "/usr/bin/qemu-system-x86_64",
        help="The program that runs the guest. Left out, libvirt takes the host's.",
    )
    disks = Many("disk", Disk)
    controllers = Many("controller", Controller)
    leases = Many("lease", Lease)
    filesystems = Many("filesystem", Filesystem)
    interfaces = Many("interface", Interface)
    smartcards = Many("smartcard", Smartcard)
    serials = Many("serial", Serial)
    parallels = Many("parallel", Parallel)
    consoles = Many("console", Console)
    channels = Many("channel", Channel)
    inputs = Many("input", Input)
    tpms = Many("tpm", Tpm)
    graphics = Many("graphics", Graphics)
    sounds = Many("sound", Sound)
    audios = Many("audio", Audio)
    videos = Many("video", Video)
    hostdevs = Many("hostdev", Hostdev)
    redirdevs = Many("redirdev", Redirdev)
    redirfilter = Section("redirfilter", Redirfilter)
    hubs = Many("hub", Hub)
    watchdogs = Many("watchdog", Watchdog)
    memballoon = Section("memballoon", Memballoon)
    rngs = Many("rng", Rng)
    nvram = Section("nvram", Nvram)
    panics = Many("panic", Panic)
    shmems = Many("shmem", Shmem)
    memories = Many("memory", MemoryDevice)
    iommus = Many("iommu", Iommu)
    vsock = Section("vsock", Vsock)
    cryptos = Many("crypto", Crypto)
    pstore = Section("pstore", Pstore)
