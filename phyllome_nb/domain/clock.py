"""The guest's clock."""

from phyllome_nb.xml.fields import Choice, Integer, Switch, Text
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["Catchup", "Clock", "Timer"]


class Catchup(Part, title="Catching up", doc="formatdomain.html#time-keeping"):
    """How missed ticks are made up for, with the tick policy catchup. The defaults suit nearly all."""

    threshold = Integer("@threshold", help="How far behind the guest must be before it begins.")
    slew = Integer("@slew", help="How much it catches up at most at a time.")
    limit = Integer("@limit", help="How far behind the guest may be; beyond that, ticks are dropped.")


class Timer(
    Part,
    title="Timer",
    doc="formatdomain.html#time-keeping",
    start={"name": "kvmclock", "present": True},
):
    """One source of time that the guest can use."""

    name = Choice(
        "@name",
        "kvmclock hypervclock rtc pit hpet tsc platform armvtimer",
        help="kvmclock for Linux guests, hypervclock for Windows guests.",
    )
    present = Switch(
        "@present",
        "yes no",
        help="Whether the guest has it. Left out, the hypervisor decides.",
        qemu="-cpu …,kvmclock=",
    )
    frequency = Integer(
        "@frequency", unit="Hz", help="How fast the tsc counts: fixed, the guest can move to another host."
    )
    mode = Choice(
        "@mode",
        "auto native emulate paravirt smpsafe",
        help="Xen: how the tsc is read. native is quick, emulate is the same on every host, auto chooses.",
    )
    track = Choice(
        "@track",
        "boot guest wall realtime",
        help="rtc: what it follows. guest: the guest's own running time, which stops while it is paused. "
        "wall: the host's clock.",
        qemu="-rtc clock=",
    )
    tickpolicy = Choice("@tickpolicy", "delay catchup merge discard", help="What happens to ticks that came too late.")
    catchup = Section("catchup", Catchup)


class Clock(Part, title="Clock", doc="formatdomain.html#time-keeping"):
    """The guest's clock."""

    offset = Choice(
        "@offset",
        "utc localtime timezone variable absolute",
        help="What the guest's hardware clock shows: utc for Linux guests, localtime for Windows guests.",
        qemu="-rtc base=",
    )
    adjustment = Text(
        "@adjustment",
        "reset",
        help="Seconds by which it is off, with variable: libvirt keeps what the guest sets. reset, with utc and "
        "localtime: forget that at each start.",
    )
    basis = Choice("@basis", "utc localtime", help="With variable: from what the seconds count.")
    timezone = Text("@timezone", "Europe/Berlin UTC", help="With timezone: the zone whose time it shows.")
    start = Integer("@start", unit="s", help="With absolute: what it shows at each start, in seconds since 1970.")
    timers = Many("timer", Timer)
