"""Where the guest's sound goes to and comes from on the host."""

from phyllome_nb.xml.fields import Choice, Integer, Switch, Text
from phyllome_nb.xml.part import Part, Section

__all__ = ["Audio", "AudioSettings", "AudioStream"]


class AudioSettings(Part, title="Audio format", doc="formatdomain.html#audio-backends"):
    """The one format that is used with fixed settings."""

    frequency = Integer("@frequency", 1, unit="Hz", help="Samples a second: 44100 or 48000.", qemu="frequency=")
    channels = Integer("@channels", 1, help="2 for stereo.", qemu="channels=")
    format = Choice(
        "@format", "s8 u8 s16 u16 s32 u32 f32", help="How a sample is written: s16 is usual.", qemu="format="
    )


class AudioStream(Part, title="Audio stream", doc="formatdomain.html#audio-backends"):
    """One direction of the sound: what is recorded, or what is played."""

    mixing_engine = Switch(
        "@mixingEngine",
        "yes no",
        help="Let QEMU convert between formats. Without it more than two channels are possible.",
        qemu="mixing-engine=",
    )
    fixed_settings = Switch(
        "@fixedSettings",
        "yes no",
        help="Keep to the format named here; needs the mixing engine.",
        qemu="fixed-settings=",
    )
    voices = Integer("@voices", 1, help="How many streams there can be at once.", qemu="voices=")
    buffer_length = Integer(
        "@bufferLength",
        1,
        unit="µs",
        help="How much sound is kept in store: more against drop-outs, less for a quick answer.",
        qemu="buffer-length=",
    )
    dev = Text("@dev", "default", help="ALSA and OSS: the host's device.", qemu="dev=")
    buffer_count = Integer(
        "@bufferCount", 1, help="Core Audio, OSS and SDL: how many buffers there are.", qemu="buffer-count="
    )
    try_poll = Switch(
        "@tryPoll", "yes no", help="OSS: wait for the device instead of asking it again and again.", qemu="try-poll="
    )
    name = Text(
        "@name", help="PulseAudio and PipeWire: the host's sink or source; left out, its default.", qemu="name="
    )
    stream_name = Text(
        "@streamName", help="PulseAudio and PipeWire: how the host's mixer names this stream.", qemu="stream-name="
    )
    latency = Integer("@latency", 1, unit="µs", help="PulseAudio and PipeWire: the delay to aim at.", qemu="latency=")
    server_name = Text("@serverName", help="JACK: the server to connect to.", qemu="server-name=")
    client_name = Text("@clientName", help="JACK: how this guest is named there.", qemu="client-name=")
    connect_ports = Text(
        "@connectPorts", help="JACK: a pattern; the guest is connected to the ports that match.", qemu="connect-ports="
    )
    exact_name = Switch(
        "@exactName", "yes no", help="JACK: fail where the name is taken, instead of changing it.", qemu="exact-name="
    )
    settings = Section("settings", AudioSettings)


class Audio(Part, title="Audio backend", doc="formatdomain.html#audio-backends", start={"id": 1, "type": "none"}):
    """Where the guest's sound goes to and comes from on the host."""

    id = Integer("@id", 1, help="Its number, by which sound cards and displays name it.", qemu="id=")
    type = Choice(
        "@type",
        "none spice pulseaudio pipewire alsa jack oss sdl dbus coreaudio file",
        help="none: silence. spice and dbus: to the viewer. The others: a sound system of the host, or a file.",
        qemu="-audiodev",
    )
    timer_period = Integer(
        "@timerPeriod",
        1,
        unit="µs",
        help="How often sound is handed on; longer costs the host less.",
        qemu="timer-period=",
    )
    server_name = Text("@serverName", help="PulseAudio: the server to connect to.", qemu="server=")
    runtime_dir = Text("@runtimeDir", help="PipeWire: the directory with its socket.")
    driver = Choice("@driver", "pulseaudio alsa arts esd", help="SDL: the sound system that it uses.")
    path = Text("@path", help="With type file: the WAV file that is written.", qemu="path=")
    try_mmap = Switch("@tryMMap", "yes no", help="OSS: share memory with the device, to copy less.", qemu="try-mmap=")
    exclusive = Switch("@exclusive", "yes no", help="OSS: no other program can use the device.", qemu="exclusive=")
    dsp_policy = Integer(
        "@dspPolicy", -1, help="OSS: the trade between delay and load, from 0 to 10; -1 for none.", qemu="dsp-policy="
    )
    input = Section("input", AudioStream)
    output = Section("output", AudioStream)
