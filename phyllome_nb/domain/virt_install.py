"""A definition as a line of virt-install."""

import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Self

from phyllome_nb.domain.virsh import without_secrets
from phyllome_nb.domain.virt_install_options import FLAGS, OPTIONS, SPELLED, Option, Step
from phyllome_nb.domain.virt_install_silence import silence
from phyllome_nb.errors import DefinitionError
from phyllome_nb.size import Size
from phyllome_nb.xml.compare import own
from phyllome_nb.xml.document import Element, text_of
from phyllome_nb.xml.path import NAMESPACES, Path

__all__ = ["virt_install"]

TYPES = ("kvm", "qemu", "test")
"""The hypervisors for which it is known what virt-install adds by itself."""
PREFIXES = {NAMESPACES[prefix]: prefix for prefix in ("qemu", "libosinfo")}
"""The namespaces that virt-install knows."""
MEMORY = ("memory", "currentMemory", "maxMemory")
POLICIES = ("force", "require", "optional", "disable", "forbid")
ESCAPED = "&<>'\""
"""Characters that virt-install escapes twice in an attribute."""
BOOT = {"hd", "cdrom", "fd", "network"}


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of a definition."""

    steps: tuple[Step, ...]
    attribute: str
    value: str | None
    """None for an element that says something by being there."""

    @classmethod
    def at(cls, place: str) -> Self:
        """A place that is written as ``driver/@name``."""
        path = Path.of(place)
        return cls(tuple((step, 1) for step in path.steps), path.attribute or "", None)

    @property
    def path(self) -> str:
        """The place, as XPath."""
        steps = [tag if index == 1 else f"{tag}[{index}]" for tag, index in self.steps]
        return "/".join([".", *steps, *([f"@{self.attribute}"] if self.attribute else [])])

    def set(self, prefix: str) -> str:
        """The sub-option that says it by its place."""
        if self.value is None:
            return f"{prefix}create={self.path}"
        if "=" in self.value:
            return f"{prefix}set={self.path},{prefix}value={_quoted(self.value)}"
        return f"{prefix}set={_quoted(f'{self.path}={self.value}')}"

    def unset(self, prefix: str) -> str:
        """The sub-option that takes out what is there."""
        return f"{prefix}set={self.path}=" if self.attribute else f"{prefix}delete={self.path}"


def virt_install(root: Element, uri: str | None = None) -> str:
    """The command that makes the VM, an option a line; passwords are left out, and a comment then says so.

    Parameters
    ----------
    root : Element
        The definition.
    uri : str, optional
        The host's address; virt-install's own default where it is left out.

    Raises
    ------
    DefinitionError
        If there is something that virt-install cannot say.
    """
    known, forgotten = without_secrets(root)
    words = [*([("--connect", uri)] if uri else []), *_options(known)]
    lines = [" ".join(shlex.quote(word) for word in pair if word) for pair in words]
    return forgotten + " \\\n  ".join(["virt-install", *lines])


def _options(root: Element) -> Iterator[tuple[str, str]]:
    """Every option and its value."""
    yield from _machine(root)
    silenced = silence(root)
    raw, groups = [*_memory(root)], {"--memory": next(_amounts(root))}
    for leaves, option, element in _parts(root):
        if option is None:
            raw += leaves
        elif not option.group:
            yield option.name, ",".join(_subs(option, element, leaves))
        else:
            for leaf in leaves:
                sub = option.sub(leaf.steps, leaf.attribute)
                if sub is None or leaf.value is None:
                    raw.append(leaf)
                else:
                    groups.setdefault(option.name, []).append(f"{sub}={_quoted(leaf.value)}")
    yield from ((name, ",".join(said)) for name, said in groups.items())
    yield from silenced.options
    yield from (("--xml", leaf.set("xpath.")) for leaf in raw)
    yield from (("--xml", each) for each in silenced.xml)
    # Nothing is installed, and nothing is asked for that would suit one operating system.
    yield from ((word, "") for word in ("--osinfo=generic", "--import", "--noautoconsole", "--noreboot"))


def _machine(root: Element) -> Iterator[tuple[str, str]]:
    """The name, the hypervisor and the machine."""
    kind, system = root.get("type", ""), root.find("os/type")
    if kind not in TYPES:
        raise DefinitionError(f"virt-install: type {kind!r} is not written as a line, only {', '.join(TYPES)}.")
    if system is None or text_of(system).strip() != "hvm":
        raise DefinitionError("virt-install: os.type must be 'hvm', a full virtual machine.")
    if twice := [name for name in ("name", "vcpu", *MEMORY) if len(root.findall(name)) > 1]:
        raise DefinitionError(f"virt-install says {twice[0]} once: the definition has it twice.")
    yield "--name", _needed(root, "name")
    yield "--virt-type", kind
    yield from ((f"--{name}", system.get(name, "")) for name in ("arch", "machine") if system.get(name))


def _needed(root: Element, name: str) -> str:
    found = root.find(name)
    text = "" if found is None else own(found)[""]
    if not text:
        raise DefinitionError(f"virt-install needs {name}: set it first.")
    return text


def _amounts(root: Element) -> Iterator[list[str]]:
    """What ``--memory`` says, in MiB."""
    sizes = {name: Size(own(found)[""]) for name in MEMORY if (found := root.find(name)) is not None}
    _needed(root, "memory")
    if "currentMemory" not in sizes and len(sizes) == 1:
        yield [str(_mib(sizes["memory"]))]
    else:
        sizes.setdefault("currentMemory", sizes["memory"])
        slots = root.find("maxMemory[@slots]")
        more = [] if slots is None else [f"maxMemory.slots={slots.get('slots')}"]
        yield [*(f"{name}={_mib(sizes[name])}" for name in MEMORY if name in sizes), *more]


def _mib(size: Size) -> int:
    return max(int(size) // 2**20, 1)


def _memory(root: Element) -> Iterator[Leaf]:
    """What of the memory ``--memory`` does not say."""
    for name in MEMORY:
        found = root.find(name)
        if found is None:
            continue
        size = Size(own(found)[""])
        if int(size) % 2**20:
            kib = str(-(-int(size) // 2**10))
            yield Leaf(((name, 1),), "", kib)
            if name == "memory" and root.find("currentMemory") is None:
                yield Leaf((("currentMemory", 1),), "", kib)
        said = {"unit", "slots"} if name == "maxMemory" else {"unit"}
        yield from (leaf for leaf in _leaves(found, ((name, 1),)) if leaf.attribute and leaf.attribute not in said)


def _parts(root: Element) -> Iterator[tuple[list[Leaf], Option | None, Element]]:
    """The parts of a definition that have an option, or have none, and what each says."""
    for leaf in _own(root, ()):
        if leaf.attribute not in {"type", "id"}:
            yield [leaf], None, root
    for step, element in _children(root):
        if step[0] in {"name", *MEMORY}:
            continue
        if step[0] != "devices":
            yield from _part(step[0], (step,), element)
            continue
        for device, below in _children(element):
            yield from _part(f"devices/{device[0]}", (step, device), below)


def _part(
    path: str, steps: tuple[Step, ...], element: Element
) -> Iterator[tuple[list[Leaf], Option | None, Element]]:
    option = OPTIONS.get(path)
    leaves = list(_leaves(element, () if option and not option.group else steps))
    if path == "os":
        leaves = [leaf for leaf in leaves if leaf.steps[:1] != (("type", 1),)]
    if leaves:
        yield leaves, option, element


def _leaves(element: Element, steps: tuple[Step, ...]) -> Iterator[Leaf]:
    """Everything that an element says."""
    yield from _own(element, steps)
    for step, child in _children(element):
        yield from _leaves(child, (*steps, step))


def _own(element: Element, steps: tuple[Step, ...]) -> Iterator[Leaf]:
    children, text = bool(len(element.findall("{*}*"))), text_of(element)
    for name, value in element.items():
        leaf = Leaf(steps, str(name), str(value))
        if not value or str(name).startswith("{") or any(each in str(value) for each in ESCAPED):
            raise DefinitionError(f"virt-install cannot say {leaf.path}={str(value)!r}: define it with virsh instead.")
        yield leaf
    if children and text.strip():
        raise DefinitionError(f"virt-install cannot say text beside elements, at {Leaf(steps, '', '').path}.")
    if text.strip():
        yield Leaf(steps, "", text)
    elif not children and not len(element.items()):
        yield Leaf(steps, "", None)


def _children(element: Element) -> Iterator[tuple[Step, Element]]:
    """The elements inside one, each with its place."""
    seen: Counter[str] = Counter()
    for child in element.iterchildren("{*}*"):
        tag = _tag(str(child.tag))
        seen[tag] += 1
        yield (tag, seen[tag]), child


def _tag(tag: str) -> str:
    space, _, name = tag.removeprefix("{").rpartition("}")
    if space and space not in PREFIXES:
        raise DefinitionError(f"virt-install cannot say <{name}> of {space}: define the XML with virsh instead.")
    return f"{PREFIXES[space]}:{name}" if space else name


def _subs(option: Option, element: Element, leaves: list[Leaf]) -> list[str]:
    """The sub-options of one element."""
    named, placed = [], []
    for leaf in leaves:
        sub = _named(option, element, leaf)
        placed.append(leaf) if sub is None else named.append(sub)
    unasked = _unasked(option, element)
    named += [f"{place}=off" for place in unasked if place in FLAGS]
    taken = [Leaf.at(place).unset for place in unasked if place not in FLAGS]
    # An attribute that goes takes an empty element along, so that those are made last.
    said = [leaf.set for leaf in placed if leaf.value is not None]
    made = [leaf.set for leaf in placed if leaf.value is None]
    steps = [*said, *taken, *made]
    return [*filter(None, named), *(step(f"xpath{number}.") for number, step in enumerate(steps))]


def _unasked(option: Option, element: Element) -> list[str]:
    """What virt-install would fill in."""
    found = []
    for place, kind in option.unasked:
        path, _, attribute = place.rpartition("/") if "@" in place else (place, "", "")
        holder = element.find(path) if path else element
        said = holder is not None and (not attribute or holder.get(attribute[1:]) is not None)
        if not said and kind in {"", element.get("type")}:
            found.append(place)
    return found


def _named(option: Option, element: Element, leaf: Leaf) -> str | None:
    """A value as a sub-option of its own; None where there is none."""
    place = ".".join([*(tag for tag, _ in leaf.steps), *filter(None, [leaf.attribute])])
    if (option.name, place) in SPECIAL:
        return SPECIAL[option.name, place](element, leaf)
    sub = option.sub(leaf.steps, leaf.attribute)
    if leaf.value is None:
        return f"{sub}=on" if sub in FLAGS else None
    if sub is None:
        return None
    return f"{SPELLED.get(sub, sub)}={_quoted(leaf.value)}"


def _boot(system: Element, leaf: Leaf) -> str | None:
    """What to boot from, by its bare name."""
    listed = [each.get("dev") for each in system.findall("boot")]
    return leaf.value if len(set(listed)) == len(listed) and set(listed) <= BOOT else None


def _model(cpu: Element, leaf: Leaf) -> str | None:
    """A model of CPU, without what virt-install adds to be safe."""
    return f"secure=off,model={leaf.value}" if cpu.get("mode", "custom") == "custom" else None


def _feature(cpu: Element, leaf: Leaf) -> str | None:
    """A feature, under its policy."""
    listed = cpu.findall("feature")
    names = [each.get("name") for each in listed]
    if len(set(names)) < len(names) or not all(each.get("name") and each.get("policy") in POLICIES for each in listed):
        return None
    return "" if leaf.attribute == "policy" else f"{listed[leaf.steps[0][1] - 1].get('policy')}={leaf.value}"


def _topology(cpu: Element, leaf: Leaf) -> str | None:
    """The topology, where virt-install would not mend it."""
    given, vcpus = cpu.find("topology"), cpu.find("../vcpu")
    counts = {} if given is None else {str(name): int(value) for name, value in given.items() if value.isdecimal()}
    complete = set(counts) in ({"sockets", "dies", "cores", "threads"}, {"sockets", "cores", "threads"})
    whole = vcpus is not None and str(prod(counts.values())) == text_of(vcpus).strip()
    return f"topology.{leaf.attribute}={leaf.value}" if complete and whole else None


def _network(interface: Element, leaf: Leaf) -> str | None:
    """What an interface is connected to."""
    return f"source={_quoted(leaf.value or '')}" if interface.get("type") == leaf.attribute else None


SPECIAL = {
    ("--boot", "boot.dev"): _boot,
    ("--cpu", "model"): _model,
    ("--cpu", "feature.name"): _feature,
    ("--cpu", "feature.policy"): _feature,
    **{("--cpu", f"topology.{each}"): _topology for each in ("sockets", "dies", "cores", "threads")},
    ("--network", "source.network"): _network,
    ("--network", "source.bridge"): _network,
}
"""Values that are said otherwise than by their place."""


def _quoted(value: str) -> str:
    """A value as virt-install reads it between commas."""
    if not any(each in value for each in "',\\\""):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
