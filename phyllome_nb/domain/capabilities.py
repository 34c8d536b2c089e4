"""What root inside a container may do."""

from phyllome_nb.xml.fields import Choice, Switch
from phyllome_nb.xml.part import Part

__all__ = ["Capabilities"]


class Capabilities(Part, title="Container capabilities", doc="drvlxc.html#altering-the-available-capabilities"):
    """What root inside a container may do. The fewer, the safer the host."""

    policy = Choice(
        "@policy",
        "default allow deny",
        help="Those not named here: the usual ones, all, or none.",
    )
    audit_control = Switch("audit_control/@state", "on off", help="Change the host's audit rules.")
    audit_write = Switch("audit_write/@state", "on off", help="Write into the host's audit log.")
    block_suspend = Switch("block_suspend/@state", "on off", help="Keep the host awake.")
    chown = Switch("chown/@state", "on off", help="Give files to other users.")
    dac_override = Switch("dac_override/@state", "on off", help="Read and write any file, whatever its permissions.")
    dac_read_search = Switch(
        "dac_read_search/@state", "on off", help="Read any file and directory, whatever its permissions."
    )
    fowner = Switch("fowner/@state", "on off", help="Change files as if it owned them.")
    fsetid = Switch("fsetid/@state", "on off", help="Keep set-user-id bits on files that it changes.")
    ipc_lock = Switch("ipc_lock/@state", "on off", help="Lock memory into RAM.")
    ipc_owner = Switch("ipc_owner/@state", "on off", help="Use shared memory of other users.")
    kill = Switch("kill/@state", "on off", help="Send signals to any process of its own.")
    lease = Switch("lease/@state", "on off", help="Take leases on files.")
    linux_immutable = Switch("linux_immutable/@state", "on off", help="Make files unchangeable, or changeable again.")
    mac_admin = Switch("mac_admin/@state", "on off", help="Change the rules of a security module.")
    mac_override = Switch("mac_override/@state", "on off", help="Bypass the rules of a security module.")
    mknod = Switch("mknod/@state", "on off", help="Make device files.")
    net_admin = Switch("net_admin/@state", "on off", help="Configure networks.")
    net_bind_service = Switch("net_bind_service/@state", "on off", help="Listen on ports below 1024.")
    net_broadcast = Switch("net_broadcast/@state", "on off", help="Send to all, and listen to multicast.")
    net_raw = Switch("net_raw/@state", "on off", help="Send and read raw packets.")
    setgid = Switch("setgid/@state", "on off", help="Become another group.")
    setfcap = Switch("setfcap/@state", "on off", help="Give capabilities to programs.")
    setpcap = Switch("setpcap/@state", "on off", help="Hand its capabilities on.")
    setuid = Switch("setuid/@state", "on off", help="Become another user.")
    sys_admin = Switch("sys_admin/@state", "on off", help="Mount, name hosts, and much else: nearly as much as root.")
    sys_boot = Switch("sys_boot/@state", "on off", help="Restart the machine.")
    sys_chroot = Switch("sys_chroot/@state", "on off", help="Change its root directory.")
    sys_module = Switch(
        "sys_module/@state", "on off", help="Load kernel modules, and with them do anything to the host."
    )
    sys_nice = Switch("sys_nice/@state", "on off", help="Raise priorities and choose CPUs.")
    sys_pacct = Switch("sys_pacct/@state", "on off", help="Switch process accounting.")
    sys_ptrace = Switch("sys_ptrace/@state", "on off", help="Read and change other processes.")
    sys_rawio = Switch("sys_rawio/@state", "on off", help="Reach I/O ports and the host's memory.")
    sys_resource = Switch("sys_resource/@state", "on off", help="Exceed limits and quotas.")
    sys_time = Switch("sys_time/@state", "on off", help="Set the host's clock.")
    sys_tty_config = Switch("sys_tty_config/@state", "on off", help="Configure terminals.")
    syslog = Switch("syslog/@state", "on off", help="Read the kernel's messages.")
    wake_alarm = Switch("wake_alarm/@state", "on off", help="Wake the host at a time.")
