"""Rules about graphics, video, sound and input."""

from collections.abc import Iterator

from phyllome_nb.domain.devices.graphics import Graphics
from phyllome_nb.rules.case import Case
from phyllome_nb.rules.rule import Found, removing, rule, setting
from phyllome_nb.xml.reading import is_present

__all__: list[str] = []

SPICE = "QEMU: ui/spice-core.c, qemu_spice_init"
GRAPHICS = "libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDeviceDefGraphics"
VIDEO = "libvirt 9.0: src/conf/domain_validate.c, virDomainDefVideoValidate"
REFERENCE = "https://libvirt.org/formatdomain.html#graphical-framebuffers"
OPEN = {"0.0.0.0", "::", "*"}  # noqa: S104  (what is warned of)


def addresses(graphics: Graphics) -> list[str]:
    """Where a display listens."""
    return [address for address in (graphics.listen_address, graphics.address) if address]


def renders(case: Case) -> bool:
    """Whether a display draws with the host's graphics card."""
    return any(each.gl or each.type == "egl-headless" for each in case.spec.devices.graphics)


@rule("GFX001", "error", source=SPICE, libvirt="fails at start")
def spice_with_gl_is_local(case: Case) -> Iterator[Found]:
    """What the host's card draws cannot be sent over a port, only to a viewer on the same machine."""
    for each in case.spec.devices.graphics:
        if each.type != "spice" or not each.gl or each.listen in {"none", "socket"} or each.listen_socket:
            continue
        fix = setting(
            "Listen nowhere", each, listen="none", port=None, tls_port=None, autoport=None, listen_address=None
        )
        if each.port != -1 or each.autoport is not False:
            yield Found(each, "gl", "SPICE draws with the host's card and listens on a port.", fix)


@rule("GFX002", "error", source="https://libvirt.org/formatdomain.html#graphical-framebuffers", libvirt="")
def there_is_a_card_to_draw_with(case: Case) -> Iterator[Found]:
    """Drawing with the host's card needs a render node below /dev/dri."""
    devices = case.host.devices if case.host else None
    if devices is None or not devices or not renders(case):
        return
    if not any(device.device_class.startswith("0x03") for device in devices):
        each = next(each for each in case.spec.devices.graphics if each.gl or each.type == "egl-headless")
        said = f"The host's card is to draw, and {case.host_name} lists no graphics card."
        yield Found(each, "gl" if each.gl else "type", said)


@rule("GFX003", "error", source="QEMU: hw/display/virtio-gpu-gl.c", libvirt="")
def acceleration_has_something_to_draw_with(case: Case) -> Iterator[Found]:
    """3D needs a virtio card in the guest and a display that draws with the host's."""
    for each in case.spec.devices.videos:
        if not each.accel3d:
            continue
        if each.model != "virtio":
            fix = setting("Leave it out", each, accel3d=None)
            yield Found(each, "accel3d", f"A {each.model} card has no 3D acceleration.", fix)
        elif not renders(case):
            fix = setting("Leave it out", each, accel3d=None)
            yield Found(each, "accel3d", "3D acceleration is on, and no display draws with the host's card.", fix)


@rule("GFX004", "error", source=GRAPHICS, libvirt="refuses")
def one_display_draws(case: Case) -> Iterator[Found]:
    """egl-headless draws with the host's card for the other displays, so that SPICE does not do it as well."""
    given = case.spec.devices.graphics
    if any(each.type == "egl-headless" for each in given):
        for each in given:
            if each.type == "spice" and each.gl:
                yield Found(
                    each, "gl", "SPICE and egl-headless are both to draw.", setting("Leave it out", each, gl=None)
                )


@rule("GFX005", "error", source="libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainChrDef", libvirt="refuses")
def spice_channels_have_spice(case: Case) -> Iterator[Found]:
    """The other end of the channel is the SPICE viewer."""
    devices = case.spec.devices
    if any(each.type == "spice" for each in devices.graphics):
        return
    for each in (*devices.channels, *devices.redirdevs, *devices.smartcards):
        if each.type == "spicevmc":
            fix = removing("Remove it", each)
            said = "It leads to a SPICE viewer, and there is no SPICE display."
            yield Found(each, "type", said, fix)


@rule("GFX006", "hint", source="https://www.spice-space.org/spice-user-manual.html", libvirt="accepts")
def spice_has_its_agent(case: Case) -> Iterator[Found]:
    """Without it there is no common clipboard, and the screen does not follow the window."""
    devices = case.spec.devices
    for each in devices.graphics:
        agents = {"com.redhat.spice.0"}
        if each.type == "spice" and not any(channel.name in agents for channel in devices.channels):
            yield Found(each, "type", "There is a SPICE display and no channel for its agent.")


@rule("GFX007", "error", source=VIDEO, libvirt="refuses")
def there_is_one_primary_card(case: Case) -> Iterator[Found]:
    """One card shows the boot; a card of type none stands for having none."""
    videos = case.spec.devices.videos
    if len(videos) < 2:
        return
    for each in videos:
        if each.model == "none":
            yield Found(each, "model", f"There are {len(videos)} video cards, one of them none.")
    primary = [each for each in videos if each.primary]
    for each in primary[1:]:
        yield Found(
            each, "primary", f"{len(primary)} video cards are primary.", setting("Not this one", each, primary=None)
        )


@rule("GFX008", "error", source=GRAPHICS, libvirt="refuses")
def a_vnc_password_is_short(case: Case) -> Iterator[Found]:
    """VNC looks at eight characters only."""
    for each in case.spec.devices.graphics:
        if each.type == "vnc" and each.passwd and len(each.passwd.encode()) > 8:
            yield Found(each, "passwd", f"The VNC password has {len(each.passwd.encode())} characters; 8 count.")


@rule("GFX009", "warning", source=REFERENCE, libvirt="accepts")
def an_open_display_has_a_password(case: Case) -> Iterator[Found]:
    """Whoever reaches the port sees the screen and types."""
    for each in case.spec.devices.graphics:
        if each.type in {"vnc", "spice"} and not each.passwd and OPEN.intersection(addresses(each)):
            yield Found(each, "", f"The {each.type} display listens on every address, and has no password.")


@rule("GFX010", "error", source="https://libvirt.org/formatdomaincaps.html#graphics-device", libvirt="")
def the_host_has_such_a_display(case: Case) -> Iterator[Found]:
    """QEMU is built with some displays; SPICE is left out by several distributions."""
    offered = case.capabilities.enums.get("devices/graphics/type") if case.capabilities else None
    for each in case.spec.devices.graphics if offered else ():
        if each.type and each.type not in (offered or ()) and each.type != "dbus":
            said = f"{case.host_name} has no {each.type} display, only {', '.join(sorted(offered or ()))}."
            yield Found(each, "type", said)


@rule("INP001", "hint", source="virt-manager adds a tablet", libvirt="accepts")
def the_pointer_is_where_it_seems(case: Case) -> Iterator[Found]:
    """A mouse tells how far it moved, so that the guest's pointer drifts from the viewer's; a tablet tells where."""
    devices = case.spec.devices
    given = [each for each in devices.graphics if each.type in {"vnc", "spice"}]
    if given and not any(each.type in {"tablet", "evdev"} for each in devices.inputs):
        yield Found(devices, "", "There is a display and no tablet, only a mouse.")


@rule(
    "INP002",
    "error",
    source="libvirt 9.0: src/conf/domain_validate.c, virDomainInputDefValidate",
    libvirt="fails at start",
)
def an_input_names_its_device(case: Case) -> Iterator[Found]:
    """An input that is handed over from the host is named by its device."""
    for each in case.spec.devices.inputs:
        if each.type in {"passthrough", "evdev"} and not (each.evdev or each.dev):
            yield Found(each, "type", f"An input of type {each.type} names no device of the host.")


@rule("SND001", "error", source="libvirt 10.4 release notes", libvirt="refuses")
def libvirt_knows_virtio_sound(case: Case) -> Iterator[Found]:
    """A virtio sound card came with libvirt 10.4 and QEMU 8.2."""
    for each in case.spec.devices.sounds:
        if each.model != "virtio":
            continue
        fix = setting("Make it ich9", each, model="ich9")
        if case.libvirt is not None and case.libvirt < (10, 4):
            said = f"A virtio sound card needs libvirt 10.4, and the host has {case.libvirt_name}."
            yield Found(each, "model", said, fix)
        elif case.qemu is not None and case.qemu < (8, 2):
            yield Found(each, "model", "A virtio sound card needs QEMU 8.2.", fix)


@rule("GFX011", "error", source=VIDEO, libvirt="refuses")
def there_are_heads_for_qxl_only(case: Case) -> Iterator[Found]:
    """Only QXL has memory of these kinds."""
    for each in case.spec.devices.videos:
        for field in ("ram", "vram64", "vgamem"):
            if (
                getattr(each, field) is not None
                and each.model not in {None, "qxl"}
                and is_present(each)
                and field != "vgamem"
            ):
                fix = setting("Leave it out", each, **{field: None})
                yield Found(each, field, f"A {each.model} card has no {field}, which is QXL's.", fix)
