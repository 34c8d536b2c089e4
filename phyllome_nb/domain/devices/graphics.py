"""How a person sees the guest's screen."""

from phyllome_nb.xml.fields import Choice, Integer, Secret, Switch, Text
from phyllome_nb.xml.part import Many, Part

__all__ = ["Graphics", "SpiceChannel"]


class SpiceChannel(
    Part,
    title="SPICE channel",
    doc="formatdomain.html#graphical-framebuffers",
    start={"name": "main", "mode": "secure"},
):
    """Whether one of SPICE's channels must be encrypted."""

    name = Choice(
        "@name",
        "main display inputs cursor playback record smartcard usbredir",
        help="The channel: main carries the session, display the screen, inputs keyboard and mouse.",
    )
    mode = Choice(
        "@mode",
        "secure insecure any",
        help="secure: only on the TLS port. insecure: only on the plain one. any: what the viewer chooses.",
        qemu="-spice tls-channel=",
    )


class Graphics(
    Part,
    title="Graphics",
    doc="formatdomain.html#graphical-framebuffers",
    start={"type": "vnc", "listen": "none"},
):
    """How a person sees the guest's screen."""

    type = Choice(
        "@type",
        "spice vnc sdl rdp desktop egl-headless dbus",
        help="The protocol: vnc works everywhere, spice adds sound and USB, dbus and sdl stay on the host.",
        qemu="-spice or -vnc",
    )
    port = Integer("@port", -1, help="The TCP port; left out with autoport, or -1, the older way to say so.")
    tls_port = Integer(
        "@tlsPort", -1, help="SPICE: the TCP port for encrypted connections; -1 for a free one.", qemu="tls-port="
    )
    autoport = Switch("@autoport", "yes no", help="Let libvirt choose a free port.")
    websocket = Integer(
        "@websocket", -1, help="VNC: the port for viewers that run in a browser; -1 for a free one.", qemu="websocket="
    )
    listen_address = Text(
        "@listen",
        "127.0.0.1 0.0.0.0",
        help="The older place for the address it listens on; the same as the address of listen, where both are there.",
    )
    socket = Text("@socket", help="VNC: the older place for the path of the socket it listens on.")
    keymap = Text(
        "@keymap",
        "en-us de fr",
        help="The layout of the viewer's keyboard; left out, current viewers send the keys themselves.",
        qemu="-k",
    )
    passwd = Secret(
        "@passwd",
        help="What a person must type to see the screen, kept in the clear on the host; VNC uses at most 8 characters.",
    )
    passwd_valid_to = Text(
        "@passwdValidTo", help="When the password ends, in UTC, as in 2030-12-31T23:59:00; after it nobody gets in."
    )
    connected = Choice(
        "@connected",
        "keep disconnect fail",
        help="What becomes of those who are connected when the password changes; VNC knows keep alone.",
    )
    username = Text("@username", help="RDP: the name to log in with; libvirt 11.1 or later.")
    share_policy = Choice(
        "@sharePolicy",
        "allow-exclusive force-shared ignore",
        help="VNC: whether a viewer may throw out the others; force-shared lets none, ignore lets all in.",
        qemu="share=",
    )
    power_control = Switch(
        "@powerControl",
        "yes no",
        help="VNC: viewers may shut down and reset the guest. Only where they may administrate it anyway.",
        qemu="power-control=",
    )
    default_mode = Choice(
        "@defaultMode",
        "any secure insecure",
        help="SPICE: whether channels that say nothing of their own must be encrypted.",
        qemu="tls-channel=default",
    )
    display = Text("@display", ":0", help="SDL and desktop: the X display on which the window opens.")
    xauth = Text("@xauth", help="SDL: the file with the right to open a window on that display.")
    fullscreen = Switch("@fullscreen", "yes no", help="SDL and desktop: cover the whole screen.", qemu="-full-screen")
    replace_user = Switch("@replaceUser", "yes no", help="RDP: a new viewer takes the place of the one before.")
    multi_user = Switch("@multiUser", "yes no", help="RDP: several viewers at once.")
    dbus_address = Text(
        "@address", help="D-Bus: the bus to show the screen on; left out, a private one.", qemu="-display dbus,addr="
    )
    p2p = Switch(
        "@p2p",
        "yes no",
        help="D-Bus: no bus at all; a program connects through libvirt.",
        qemu="-display dbus,p2p=",
    )
    listen = Choice(
        "listen/@type",
        "none address network socket",
        help="Where it listens: none means only through libvirt, socket only on the host itself.",
    )
    address = Text(
        "listen/@address",
        "127.0.0.1 0.0.0.0",
        help="The address it listens on, with listen address. Others than 127.0.0.1 can be reached from outside.",
    )
    listen_network = Text(
        "listen/@network", "default", help="With listen network: libvirt's network on whose host address it listens."
    )
    listen_socket = Text(
        "listen/@socket", help="With listen socket: the path; left out, libvirt makes one up.", qemu="unix:"
    )
    channels = Many("channel", SpiceChannel)
    compression = Choice(
        "image/@compression",
        "auto_glz auto_lz quic glz lz off",
        help="How SPICE compresses pictures: off on one machine, auto_glz over a network.",
        qemu="image-compression=",
    )
    jpeg = Choice(
        "jpeg/@compression",
        "auto never always",
        help="SPICE: lose some quality of pictures on slow lines.",
        qemu="jpeg-wan-compression=",
    )
    zlib = Choice(
        "zlib/@compression",
        "auto never always",
        help="SPICE: squeeze pictures once more on slow lines, at the cost of processor time.",
        qemu="zlib-glz-wan-compression=",
    )
    playback = Switch(
        "playback/@compression", "on off", help="SPICE: compress the sound.", qemu="playback-compression="
    )
    streaming = Choice(
        "streaming/@mode",
        "filter all off",
        help="SPICE: send what moves as a video; filter leaves out small and slow areas.",
        qemu="streaming-video=",
    )
    mouse = Choice(
        "mouse/@mode",
        "client server",
        help="SPICE: client moves the pointer where yours is, server sends how far it moved.",
        qemu="agent-mouse=",
    )
    clipboard = Switch(
        "clipboard/@copypaste",
        "yes no",
        help="SPICE: share the clipboard with the viewer. No keeps what is copied in the guest.",
        qemu="disable-copy-paste=",
    )
    filetransfer = Switch(
        "filetransfer/@enable",
        "yes no",
        help="SPICE: files can be dropped on the viewer to copy them into the guest.",
        qemu="disable-agent-file-xfer=",
    )
    gl = Switch(
        "gl/@enable",
        "yes no",
        help="Draw with the host's graphics card; with SPICE only without a port.",
        qemu="-spice gl=on",
    )
    rendernode = Text(
        "gl/@rendernode",
        "/dev/dri/renderD128",
        help="Which of the host's graphics cards draws; left out, the first.",
        qemu="rendernode=",
    )
    audio = Integer(
        "audio/@id",
        1,
        help="VNC and D-Bus: the id of the audio backend whose sound goes to the viewer.",
        qemu="audiodev=",
    )
