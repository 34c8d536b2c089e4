"""The guest's clock."""

from phyllome_nb.xml.fields import Choice, Switch
from phyllome_nb.xml.part import Many, Part

__all__ = ["Clock", "Timer"]


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
    tickpolicy = Choice("@tickpolicy", "delay catchup merge discard", help="What happens to ticks that came too late.")


class Clock(Part, title="Clock", doc="formatdomain.html#time-keeping"):
    """The guest's clock."""

    offset = Choice(
        "@offset",
        "utc localtime timezone variable absolute",
        help="What the guest's hardware clock shows: utc for Linux guests, localtime for Windows guests.",
        qemu="-rtc base=",
    )
    timers = Many("timer", Timer)
