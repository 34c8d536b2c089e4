"""What virt-install's options are called: by element, the option, and its sub-options."""

from dataclasses import dataclass
from itertools import product

__all__ = ["FLAGS", "OPTIONS", "SPELLED", "Option", "Step"]

Step = tuple[str, int]
"""An element's name, and which of its name it is among its siblings, from 1."""

COMMON = (
    "address.type address.domain address.bus address.slot address.function address.multifunction address.controller "
    "address.unit address.target alias.name driver.iommu driver.ats driver.packed"
)
CHARACTER = (
    "type source.path source.service source.mode source.master source.slave source.clipboard.copypaste "
    "source.mouse.mode source.channel source.tls target.type target.name target.port target.model.name"
)


@dataclass(frozen=True, slots=True)
class Option:
    """An option, and the sub-options that set just what stands at the place after which they are named.

    A sub-option ``numa.cell*.id`` is written ``numa.cell0.id`` for the first cell.
    """

    name: str
    subs: frozenset[str]
    unasked: tuple[tuple[str, str], ...] = ()
    """What virt-install fills in where it is left out, and libvirt does not, or otherwise; for which type of device."""
    group: bool = False
    """It is about several elements of the root, and its sub-options begin with their names."""

    def sub(self, steps: tuple[Step, ...], attribute: str) -> str | None:
        """The sub-option for a place below the element; None where it has none."""
        for starred in product((False, True), repeat=len(steps)):
            if any(index > 1 and not star for (_, index), star in zip(steps, starred, strict=True)):
                continue
            pairs = list(zip(steps, starred, strict=True))
            known = ".".join([*(f"{tag}*" if star else tag for (tag, _), star in pairs), *filter(None, [attribute])])
            if known in self.subs:
                written = (f"{tag}{index - 1}" if star else tag for (tag, index), star in pairs)
                return ".".join([*written, *filter(None, [attribute])])
        return None


def _option(name: str, subs: str, *unasked: str, only: dict[str, str] | None = None) -> Option:
    places = [(place, "") for place in unasked]
    kinds = [(place, kind) for kind, listed in (only or {}).items() for place in listed.split()]
    return Option(f"--{name}", frozenset(subs.split()), (*places, *kinds))


def _group(name: str, subs: str) -> Option:
    return Option(f"--{name}", frozenset(subs.split()), group=True)


def _device(name: str, subs: str, *unasked: str, only: dict[str, str] | None = None) -> Option:
    return _option(name, f"{COMMON} {subs}", *unasked, only=only)


LISTENING = {"unix": "source/@mode", "tcp": "source/@mode"}
TIMERS = 3
"""So many does it add to a clock that has none."""
METADATA = _group("metadata", "title description genid uuid")
VCPUS = _group(
    "vcpus",
    "vcpu vcpu.current vcpu.cpuset vcpu.placement vcpus.vcpu*.id vcpus.vcpu*.enabled vcpus.vcpu*.hotpluggable "
    "vcpus.vcpu*.order",
)
IOTHREADS = _group("iothreads", "iothreads iothreadids.iothread*.id")
EVENTS = _group("events", "on_poweroff on_reboot on_crash on_lockfailure")
FLAGS = {
    *("acpi", "apic", "pae", "hap", "viridian"),
    *("hugepages", "nosharepages", "locked", "discard"),
    *("readonly", "shareable", "transient"),
    *("active_pcr_banks.sha1", "active_pcr_banks.sha256", "active_pcr_banks.sha384", "active_pcr_banks.sha512"),
}
"""Sub-options that are on where there is an element, and nothing in it."""
SPELLED = {
    "suspend-to-mem.enabled": "suspend_to_mem.enabled",
    "suspend-to-disk.enabled": "suspend_to_disk.enabled",
}
"""Sub-options that are called otherwise than the place that they set."""

OPTIONS = {
    "title": METADATA,
    "description": METADATA,
    "genid": METADATA,
    "uuid": METADATA,
    "vcpu": VCPUS,
    "vcpus": VCPUS,
    "iothreads": IOTHREADS,
    "iothreadids": IOTHREADS,
    "on_poweroff": EVENTS,
    "on_reboot": EVENTS,
    "on_crash": EVENTS,
    "on_lockfailure": EVENTS,
    "memtune": _option("memtune", ""),
    "memoryBacking": _option(
        "memorybacking",
        "hugepages hugepages.page*.size hugepages.page*.unit hugepages.page*.nodeset nosharepages locked access.mode "
        "source.type discard allocation.mode allocation.threads",
    ),
    "blkiotune": _option("blkiotune", ""),
    "cputune": _option(
        "cputune",
        "shares period quota global_period global_quota emulator_period emulator_quota iothread_period "
        "iothread_quota vcpupin*.vcpu vcpupin*.cpuset emulatorpin.cpuset iothreadpin*.iothread iothreadpin*.cpuset",
    ),
    "numatune": _option(
        "numatune",
        "memory.mode memory.nodeset memory.placement memnode*.cellid memnode*.mode memnode*.nodeset",
    ),
    "os": _option(
        "boot",
        "loader loader.readonly loader.type loader.secure firmware firmware.feature*.enabled firmware.feature*.name "
        "nvram nvram.template bootmenu.enable bootmenu.timeout bios.useserial bios.rebootTimeout "
        "smbios.mode kernel initrd cmdline dtb",
    ),
    "features": _option(
        "features",
        "acpi apic apic.eoi pae hap viridian hyperv.relaxed.state hyperv.vapic.state hyperv.spinlocks.state "
        "hyperv.spinlocks.retries hyperv.synic.state hyperv.reset.state kvm.hidden.state kvm.hint-dedicated.state "
        "kvm.poll-control.state pmu.state vmport.state pvspinlock.state vmcoreinfo.state smm.state ioapic.driver "
        "gic.version",
        "acpi",
        "apic",
        "pae",
        "vmport",
    ),
    "cpu": _option(
        "cpu",
        "mode match check migratable model.fallback model.vendor_id vendor cache.level cache.mode "
        "topology.sockets topology.dies topology.cores topology.threads "
        "numa.cell*.id numa.cell*.cpus numa.cell*.memory numa.cell*.unit numa.cell*.memAccess numa.cell*.discard",
    ),
    "clock": _option(
        "clock",
        "offset timer*.name timer*.present timer*.tickpolicy timer*.track timer*.mode timer*.frequency "
        "timer*.catchup.threshold timer*.catchup.slew timer*.catchup.limit",
        *["timer"] * TIMERS,
    ),
    "pm": _option("pm", "suspend-to-mem.enabled suspend-to-disk.enabled", "suspend-to-mem", "suspend-to-disk"),
    "resource": _option("resource", "partition"),
    "launchSecurity": _option("launchSecurity", ""),
    "devices/disk": _device(
        "disk",
        "type device source.dir source.file source.dev source.pool source.volume source.name source.protocol "
        "source.startupPolicy source.type source.namespace source.managed source.address.domain source.address.bus "
        "source.address.slot source.address.function snapshot sgio rawio serial wwn readonly shareable transient "
        "target.bus target.removable target.dev target.rotation_rate driver.cache driver.discard driver.detect_zeroes "
        "driver.name driver.type driver.copy_on_read driver.io driver.iothread driver.queues driver.error_policy "
        "iotune.read_bytes_sec iotune.write_bytes_sec iotune.total_bytes_sec iotune.read_iops_sec "
        "iotune.write_iops_sec iotune.total_iops_sec blockio.logical_block_size blockio.physical_block_size",
        "driver/@name",
        "driver/@type",
        "target/@bus",
        "target/@dev",
        only={"block": "driver/@cache driver/@io driver/@discard"},
    ),
    "devices/interface": _device(
        "network",
        "type trustGuestRxFilters source.mode source.type source.path source.portgroup target.dev model.type "
        "mac.address filterref.filter link.state driver.name driver.queues rom.file rom.bar mtu.size "
        "virtualport.type virtualport.parameters.interfaceid virtualport.parameters.profileid",
        "model",
    ),
    "devices/graphics": _device(
        "graphics",
        "type websocket defaultMode image.compression streaming.mode clipboard.copypaste mouse.mode "
        "filetransfer.enable zlib.compression gl.enable gl.rendernode",
        only={"sdl": "@xauth @display", "vnc": "@port", "spice": "@port @tlsPort @autoport image"},
    ),
    "devices/video": _device(
        "video",
        "model.type model.heads model.ram model.vram model.vram64 model.vgamem model.acceleration.accel3d",
        "model/acceleration",
    ),
    "devices/controller": _device(
        "controller",
        "type model index vectors master.startport driver.iothread driver.queues target.chassisNr target.chassis "
        "target.port target.busNr target.index target.node",
    ),
    "devices/input": _device("input", "type bus model source.evdev source.dev source.grab source.grabToggle", "@bus"),
    "devices/serial": _device("serial", CHARACTER, only=LISTENING),
    "devices/parallel": _device("parallel", CHARACTER, only=LISTENING),
    "devices/console": _device("console", CHARACTER, only=LISTENING),
    "devices/channel": _device("channel", CHARACTER, only=LISTENING | {"spicevmc": "target/@name"}),
    "devices/hostdev": _device("hostdev", "type driver.name rom.bar", "@managed"),
    "devices/filesystem": _device(
        "filesystem",
        "type accessmode multidevs readonly space_hard_limit space_soft_limit fmode dmode source.file source.dir "
        "source.dev source.socket target.dir binary.path binary.xattr binary.cache.mode driver.name driver.type "
        "driver.queue driver.wrpolicy driver.format",
        "@accessmode",
    ),
    "devices/sound": _device("sound", "model audio.id"),
    "devices/audio": _device("audio", "type id"),
    "devices/watchdog": _device("watchdog", "model action", "@action"),
    "devices/smartcard": _device("smartcard", "mode type", "@type"),
    "devices/redirdev": _device("redirdev", "bus type", "@bus"),
    "devices/memballoon": _device("memballoon", "model autodeflate stats.period freePageReporting"),
    "devices/tpm": _device(
        "tpm",
        "model backend.type backend.version backend.device.path backend.encryption.secret backend.persistent_state "
        "active_pcr_banks.sha1 active_pcr_banks.sha256 active_pcr_banks.sha384 active_pcr_banks.sha512",
        "@model",
    ),
    "devices/rng": _device("rng", "model backend.model backend rate.bytes rate.period"),
    "devices/panic": _device("panic", "model", "@model"),
    "devices/shmem": _device("shmem", "name role model.type size size.unit server.path msi.vectors msi.ioeventfd"),
    "devices/memory": _device(
        "memdev",
        "model access discard uuid target.node target.block target.current target.requested target.readonly "
        "source.pagesize source.path source.nodemask source.pmem",
    ),
    "devices/vsock": _device("vsock", "model cid.auto cid.address", "cid"),
    "devices/iommu": _option(
        "iommu", "model driver.aw_bits driver.intremap driver.caching_mode driver.eim driver.iotlb"
    ),
}
"""By the path of an element, below the root."""
