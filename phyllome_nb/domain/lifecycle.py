"""What happens when the guest stops, and how it may sleep."""

from phyllome_nb.xml.fields import Choice, Switch
from phyllome_nb.xml.part import Part

__all__ = ["Events", "PowerManagement"]

ACTIONS = "destroy restart preserve rename-restart"


class Events(Part, title="Events", doc="formatdomain.html#events-configuration"):
    """What libvirt does when the guest stops; destroy ends the run and deletes nothing."""

    on_poweroff = Choice("on_poweroff", ACTIONS, help="When the guest powers off.")
    on_reboot = Choice("on_reboot", ACTIONS, help="When the guest reboots.")
    on_crash = Choice("on_crash", f"{ACTIONS} coredump-destroy coredump-restart", help="When the guest crashes.")
    on_lockfailure = Choice(
        "on_lockfailure",
        "poweroff restart pause ignore",
        help="When a lock on its disks is lost, where a lock manager is used. ignore risks two VMs writing one disk.",
    )


class PowerManagement(Part, title="Power management", doc="formatdomain.html#power-management"):
    """Which ACPI sleep states the guest sees."""

    suspend_to_mem = Switch(
        "suspend-to-mem/@enabled",
        "yes no",
        help="S3. Does not work with a graphics card of the host handed to the guest.",
        qemu="-global ICH9-LPC.disable_s3=",
    )
    suspend_to_disk = Switch("suspend-to-disk/@enabled", "yes no", help="S4.", qemu="-global ICH9-LPC.disable_s4=")
