"""QEMU's command line, one option a line, each with the part of the definition that it comes from."""

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from phyllome_nb.errors import DefinitionError
from phyllome_nb.html import el, row, styled
from phyllome_nb.xml.fields import Field
from phyllome_nb.xml.part import Many, Part, Section
from phyllome_nb.xml.reading import path_of

if TYPE_CHECKING:
    from phyllome_nb.domain.spec import DomainSpec

__all__ = ["CommandLine", "Option"]

NAMES = ("id", "node-name", "qom-path")
"""What an option calls the thing that it makes."""
REFERENCES = ("drive", "chardev", "netdev", "audiodev", "memdev", "rng", "tpmdev", "file", "iothread", "memory-backend")
"""Where one option names the thing that another makes."""
ALIASES = {
    "interfaces": ("net", "hostnet"),
    "serials": ("serial", "charserial"),
    "parallels": ("parallel", "charparallel"),
    "consoles": ("console", "charconsole"),
    "channels": ("channel", "charchannel"),
    "inputs": ("input",),
    "tpms": ("tpm", "tpm-tpm", "chrtpm"),
    "sounds": ("sound",),
    "audios": ("audio",),
    "videos": ("video",),
    "hostdevs": ("hostdev",),
    "redirdevs": ("redir", "charredir"),
    "watchdogs": ("watchdog",),
    "rngs": ("rng", "objrng", "charrng"),
    "filesystems": ("fs", "fsdev-fs", "chr-vu-fs"),
    "shmems": ("shmem", "shmmem-shmem"),
    "memories": ("dimm", "memdimm", "virtiomem", "memvirtiomem", "nvdimm", "memnvdimm"),
    "iommus": ("iommu",),
    "cryptos": ("crypto", "objcrypto"),
    "smartcards": ("smartcard", "charsmartcard"),
    "panics": ("panic",),
    "memballoon": ("balloon",),
    "vsock": ("vsock",),
}
"""By list of devices: how libvirt begins the names of what it makes for one, a number after it."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of QEMU's."""

    words: tuple[str, ...]
    """The option and its values: ``("-m", "size=4194304k")``."""
    names: tuple[str, ...] = ()
    """The attributes of the definition that caused it, as ``memory.maximum`` or ``devices.disks[0]``."""
    paths: tuple[str, ...] = ()
    """Their places in the XML."""

    @property
    def name(self) -> str:
        """The option alone: ``-m``."""
        return self.words[0]

    def __str__(self) -> str:
        return shlex.join(self.words)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What libvirt would start: a program with its environment and its options."""

    program: str
    environment: tuple[str, ...]
    """Names of the variables; their values are the host's own."""
    options: tuple[Option, ...]
    notes: tuple[str, ...] = ()
    """What is not in it, and why."""

    @classmethod
    def of(cls, native: str, spec: "DomainSpec", notes: Iterable[str] = ()) -> "CommandLine":
        """Read what ``virConnectDomainXMLToNative`` gives.

        Parameters
        ----------
        native : str
            The command line as one text.
        spec : DomainSpec
            The definition as libvirt stored it, with all that it added.
        notes : iterable of str
            What is left out of the command line.

        Examples
        --------
        >>> from phyllome_nb.domain.spec import DomainSpec
        >>> spec = DomainSpec("web")
        >>> spec.memory.maximum = "4 GiB"
        >>> CommandLine.of("LC_ALL=C /usr/bin/qemu-system-x86_64 -name web -m size=4194304k -S", spec)
        /usr/bin/qemu-system-x86_64
          -name web                  # name
          -m size=4194304k           # memory
          -S
        """
        words = shlex.split(native)
        start = next((index for index, word in enumerate(words) if not re.match(r"[A-Za-z_][A-Za-z0-9_]*=", word)), 0)
        program, *rest = words[start:] or [""]
        options = _grouped(rest)
        causes = _causes(options, spec)
        made = tuple(
            Option(each, tuple(cause), tuple(_path(spec, name) for name in cause))
            for each, cause in zip(options, causes, strict=True)
        )
        return cls(program, tuple(word.partition("=")[0] for word in words[:start]), made, tuple(notes))

    def only(self, *parts: str) -> "CommandLine":
        """The options of some parts alone.

        Raises
        ------
        DefinitionError
            If there is no such part.
        """
        from phyllome_nb.domain.spec import DomainSpec

        for part in parts:
            _confirm(DomainSpec, part)
        wanted = [
            option for option in self.options if any(_within(name, part) for name in option.names for part in parts)
        ]
        return CommandLine(self.program, self.environment, tuple(wanted), self.notes)

    def __repr__(self) -> str:
        width = min(max((len(str(option)) for option in self.options), default=0), 60)
        lines = [self.program]
        for option in self.options:
            said = f"  # {', '.join(option.paths)}" if option.paths else ""
            lines.append(f"  {option!s:{max(width, 25)}}{said}".rstrip())
        return "\n".join([*lines, *(f"# {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        rows = [row([el("code", str(option)), el("code", ", ".join(option.paths))]) for option in self.options]
        notes = [el("p", note, class_="phy-quiet") for note in self.notes]
        table = el("table", row(["option", "from"], "th"), *rows, class_="phy-command")
        return styled(el("p", el("code", self.program)), table, *notes)


def _grouped(words: Iterable[str]) -> list[tuple[str, ...]]:
    """Each option with its values."""
    grouped: list[list[str]] = []
    for word in words:
        if re.match("-{1,2}[a-zA-Z]", word) or not grouped:
            grouped.append([word])
        else:
            grouped[-1].append(word)
    return [tuple(each) for each in grouped]


def _causes(options: list[tuple[str, ...]], spec: "DomainSpec") -> list[list[str]]:
    """For each option what caused it: the fields that say so of themselves, else the device whose alias it bears."""
    values = [_values(words) for words in options]
    aliases = dict(_aliases(spec))
    owners: list[str | None] = [next((aliases[name] for name in each if name in aliases), None) for each, _ in values]
    for _ in range(3):  # a device names its drive, that its file
        named = {
            name: owner for (_, references), owner in zip(values, owners, strict=True) if owner for name in references
        }
        owners = [
            owner or next((named[name] for name in names if name in named), None)
            for (names, _), owner in zip(values, owners, strict=True)
        ]
    for kind in ("vnc", "spice", "sdl"):
        shown = [number for number, each in enumerate(spec.devices.graphics) if _safe(each, "type") == kind]
        used = [number for number, words in enumerate(options) if words[0] in {f"-{kind}", f"-display {kind}"}]
        for option, number in zip(used, shown, strict=False):
            owners[option] = f"devices.graphics[{number}]"
    fields = list(_options_of(spec, type(spec), ""))
    handed = set(_grouped(spec.qemu.args or ()))
    found = []
    for words, owner in zip(options, owners, strict=True):
        text = _flat(words)
        own = [name for name, option, key in fields if _caused(words[0], text, option, key)]
        found.append([owner] if owner else list(dict.fromkeys(own)) or ["qemu.args"] * (words in handed))
    return found


def _caused(option: str, text: str, wanted: str, key: str) -> bool:
    if wanted:
        return option == wanted and (not key or key in text)
    return option in {"-cpu", "-machine", "-object"} and key in text


def _options_of(part: Any, kind: type[Part], above: str) -> Iterator[tuple[str, str, str]]:
    """The options that the fields which are set say they become; devices have aliases instead."""
    for name, what in kind.__declared__.items():
        if isinstance(what, Field):
            if what.qemu and what.raw(part) is not None:
                option, _, key = what.qemu.partition(" ") if what.qemu.startswith("-") else ("", "", what.qemu)
                yield f"{above}{name}", option, key.rpartition(",")[2].removeprefix("…").strip(" +")
        elif isinstance(what, Section) and name != "devices" and not isinstance(part, what.part):
            yield from _options_of(getattr(part, name), what.part, f"{above}{name}.")
        elif isinstance(what, Many) and name != "devices":
            for number, each in enumerate(getattr(part, name)):
                yield from _options_of(each, what.part, f"{above}{name}[{number}].")


def _aliases(spec: "DomainSpec") -> Iterator[tuple[str, str]]:
    """The names that libvirt gives to what it makes for each device."""
    devices = spec.devices
    for kind, prefixes in ALIASES.items():
        many = isinstance(type(devices).__declared__[kind], Many)
        listed = list(getattr(devices, kind)) if many else [getattr(devices, kind)]
        for number, device in enumerate(listed):
            name = f"devices.{kind}[{number}]" if many else f"devices.{kind}"
            for prefix in prefixes:
                yield f"{prefix}{number}", name
            if alias := _safe(device, "alias"):
                yield alias, name
    for number, audio in enumerate(devices.audios):
        yield f"audio{_safe(audio, 'id')}", f"devices.audios[{number}]"
    for number, controller in enumerate(devices.controllers):
        for alias in _controller(controller):
            yield alias, f"devices.controllers[{number}]"
    for number, disk in enumerate(devices.disks):
        yield _disk(disk), f"devices.disks[{number}]"
    for number, cell in enumerate(spec.cpu.numa.cells):
        yield f"ram-node{_safe(cell, 'id') or number}", f"cpu.numa.cells[{number}]"


def _safe(part: Any, field: str) -> Any:
    return part.__declared__[field].raw(part) if field in part.__declared__ else None


def _controller(controller: Any) -> Iterator[str]:
    kind, index = _safe(controller, "type"), _safe(controller, "index") or "0"
    if kind == "pci":
        yield f"pci.{index}"
    elif index == "0" and kind in {"usb", "ide", "sata"}:
        yield "ide" if kind == "sata" else kind
    yield f"{kind}{index}"


def _disk(disk: Any) -> str:
    """A disk's alias, as libvirt makes it of its address, or of its name."""
    bus, target, address = _safe(disk, "bus"), _safe(disk, "target") or "", disk.address
    place = [_safe(address, name) or "0" for name in ("controller", "bus", "target", "unit")]
    if bus == "scsi":
        return f"scsi{'-'.join(place)}"
    if bus in {"ide", "sata", "fdc"}:
        return f"{bus}{place[0]}-{place[1]}-{place[3]}"
    number = 0
    for letter in target[2:]:
        number = number * 26 + ord(letter) - ord("a") + 1
    return f"{'usb' if bus == 'usb' else 'virtio'}-disk{number - 1}"


def _values(words: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """What an option calls what it makes, and what else it names."""
    text = words[1] if len(words) > 1 else ""
    if text.startswith("{"):
        given = {str(key): value for key, value in _json(text).items() if isinstance(value, str)}
    else:
        given = {key: value for key, _, value in (piece.partition("=") for piece in text.split(","))}
    names = [given[key] for key in NAMES if key in given]
    return names, [given[key] for key in REFERENCES if key in given]


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _flat(words: tuple[str, ...]) -> str:
    """The values of an option as ``key=value,…``, however it is written."""
    text = " ".join(words[1:])
    if not text.startswith("{"):
        return text
    switches = {True: "on", False: "off"}
    given = _json(text)
    return ",".join(
        f"{key}={switches.get(value, value) if isinstance(value, bool) else value}" for key, value in given.items()
    )


def _path(spec: "DomainSpec", name: str) -> str:
    """The place of an attribute in the XML."""
    part: Any = spec
    steps = name.split(".")
    for number, step in enumerate(steps):
        own, _, index = step.rstrip("]").partition("[")
        what = part.__declared__[own]
        if isinstance(what, Field):
            return path_of(part, own)
        part = getattr(part, own)[int(index)] if index else getattr(part, own)
        if number == len(steps) - 1:
            return path_of(part)
    return ""


def _within(name: str, part: str) -> bool:
    plain = re.sub(r"\[\d+\]", "", name)
    return any(each == part or each.startswith((f"{part}.", f"{part}[")) for each in (name, plain))


def _confirm(kind: type[Part], name: str) -> None:
    """Refuse the name of a part that there is not."""
    at: type[Part] = kind
    for step in re.sub(r"\[\d+\]", "", name).split("."):
        what = at.__declared__.get(step)
        if what is None:
            raise DefinitionError(f"A definition has no part {name!r}: {at.__name__} has {', '.join(at.__declared__)}.")
        at = at if isinstance(what, Field) else what.part
