"""Rules about graphics, video, sound and input."""

from examples.example import Example, host, machine
from phyllome_nb.capacity.facts import HostDevice

__all__ = ["EXAMPLES"]

CARD = HostDevice("pci_0000_00_02_0", "pci", "0000:00:02.0", device_class="0x030000")
BRIDGE = HostDevice("pci_0000_00_00_0", "pci", "0000:00:00.0", device_class="0x060000")
HEADLESS = '<graphics type="egl-headless"/>'


def spice(gl: str = "yes", attributes: str = "", listen: str = '<listen type="none"/>') -> str:
    """A SPICE display."""
    return f'<graphics type="spice" {attributes}>{listen}<gl enable="{gl}"/></graphics>'


def video(accel: str, model: str = "virtio") -> str:
    """A video card."""
    return f'<video><model type="{model}"><acceleration accel3d="{accel}"/></model></video>'


def vnc(attributes: str = "") -> str:
    """A VNC display."""
    return f'<graphics type="vnc" autoport="yes" {attributes}/>'


def qxl(inner: str = "", attributes: str = "") -> str:
    """A video card of SPICE's."""
    return f'<video><model type="{"none" if inner == "none" else "vga"}" {attributes}/></video>'


CHANNEL = '<channel type="spicevmc"><target type="virtio" name="com.redhat.spice.0"/></channel>'
SPICELESS = host(capabilities={"enums": {"devices/graphics/type": frozenset({"vnc", "sdl"})}})

EXAMPLES = [
    Example(
        "GFX001",
        wrong=machine(spice(attributes='autoport="yes"', listen="")),
        right=machine(spice(gl="no", attributes='autoport="yes"', listen="")),
        message="",
        libvirt="fails at start",
    ),
    Example(
        "GFX002",
        wrong=machine(spice()),
        right=machine(spice()),
        against=host(devices=(BRIDGE,)),
        right_against=host(devices=(BRIDGE, CARD)),
        note="this machine has no graphics card",
    ),
    Example(
        "GFX003",
        wrong=machine(video("yes", "qxl")),
        right=machine(video("no", "qxl")),
        libvirt="refuses",
        message="acceleration",
    ),
    Example(
        "GFX003", wrong=machine(video("yes")), right=machine(video("yes") + HEADLESS), note="no graphics card here"
    ),
    Example("GFX004", wrong=machine(HEADLESS + spice()), right=machine(HEADLESS + spice(gl="no")), message="OpenGL"),
    Example("GFX005", wrong=machine(CHANNEL), right=machine(CHANNEL + spice(gl="no")), message="spice"),
    Example("GFX007", wrong=machine(qxl("none") + qxl()), right=machine(qxl()), message="none"),
    Example(
        "GFX007",
        wrong=machine(qxl(attributes='primary="yes"') * 2),
        right=machine(qxl(attributes='primary="yes"') + "<video><model type='virtio'/></video>"),
        message="primary",
    ),
    Example("GFX008", wrong=machine(vnc('passwd="ninechars"')), right=machine(vnc('passwd="eight888"')), message="8"),
    Example("GFX009", wrong=machine(vnc('listen="0.0.0.0"')), right=machine(vnc('listen="127.0.0.1"'))),
    Example("GFX010", wrong=machine(spice("no")), right=machine(vnc()), against=SPICELESS, note="this QEMU has SPICE"),
    Example(
        "GFX011",
        wrong=machine("<video><model type='vga' ram='65536'/></video>"),
        right=machine("<video><model type='qxl' ram='65536'/></video>"),
        message="ram",
    ),
    Example(
        "INP002",
        wrong=machine('<input type="evdev"/>'),
        right=machine('<input type="evdev"><source dev="/dev/input/event1"/></input>'),
        right_starts=False,
    ),
    Example(
        "SND001",
        wrong=machine('<sound model="virtio"/>'),
        right=machine('<sound model="ich9"/>'),
        against=host(),
        versions=lambda version: version < (10, 4),
    ),
]
