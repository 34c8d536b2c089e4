"""The fields that a person usually sets; a form shows the others where a definition has them, or on demand."""

__all__ = ["REQUIRED", "USUAL"]

BY_PART = {
    "": "name type uuid title description",
    "memory": "maximum current source access locked",
    "vcpus": "maximum current placement cpuset",
    "os": "firmware arch machine loader kernel initrd cmdline boot",
    "os.features[]": "enabled name",
    "features": "acpi apic",
    "cpu": "mode check migratable model",
    "cpu.topology": "sockets dies cores threads",
    "clock": "offset",
    "clock.timers[]": "name present tickpolicy",
    "events": "on_poweroff on_reboot on_crash",
    "pm": "suspend_to_mem suspend_to_disk",
    "devices": "emulator",
    "devices.disks[]": "type device driver format cache file dev target bus readonly boot_order",
    "devices.interfaces[]": "type mac network bridge model boot_order",
    "devices.serials[]": "type path log target port",
    "devices.consoles[]": "type target port",
    "devices.channels[]": "type target name",
    "devices.inputs[]": "type bus",
    "devices.tpms[]": "model backend version",
    "devices.graphics[]": "type port autoport listen address gl",
    "devices.videos[]": "model heads primary accel3d",
    "devices.memballoon": "model stats_period free_page_reporting",
    "devices.rngs[]": "model backend source",
    "qemu": "args",
    "qemu.env[]": "name value",
}

USUAL = frozenset(f"{part}.{name}".lstrip(".") for part, names in BY_PART.items() for name in names.split())
"""Names of fields as `phyllome_nb.fields` lists them."""

REQUIRED = frozenset({"name", "memory.maximum", "vcpus.maximum"})
"""What no definition can do without."""
