"""A definition as a line of virt-install."""

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from phyllome_nb.domain.virsh import without_secrets
from phyllome_nb.domain.virt_install_options import OPTIONS, Option, Step
from phyllome_nb.domain.virt_install_silence import silence
from phyllome_nb.domain.virt_install_subs import sub_options
from phyllome_nb.domain.virt_install_values import Leaf, children, leaves_of, own_leaves, quoted
from phyllome_nb.errors import DefinitionError
from phyllome_nb.size import Size
from phyllome_nb.xml.compare import own
from phyllome_nb.xml.document import Element, text_of

if TYPE_CHECKING:
    from phyllome_nb.domain.spec import DomainSpec

__all__ = ["virt_install"]

TYPES = ("kvm", "qemu", "test")
"""The hypervisors for which it is known what virt-install adds by itself."""
ARCHES = ("x86_64", "i686")
"""Likewise the processors: of others it starts some with firmware of its own choice."""
MEMORY = ("memory", "currentMemory", "maxMemory")


def virt_install(spec: "DomainSpec", uri: str | None = None) -> str:
    r"""The command that defines a VM and does nothing else, an option a line; passwords are left out.

    What virt-install would add by itself is kept out, so that libvirt stores what it would store of this
    definition. It is for virt-install 4 and later, and looks for the disks: they must be there.

    Parameters
    ----------
    spec : DomainSpec
        The definition.
    uri : str, optional
        The host's address; virt-install's own default where it is left out.

    Raises
    ------
    DefinitionError
        If there is something that virt-install cannot say: another hypervisor than QEMU, another processor than x86,
        metadata of others, an attribute that is empty or has a quotation mark in it.

    Notes
    -----
    Source: https://github.com/virt-manager/virt-manager/blob/main/man/virt-install.rst.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> print(virt_install(ph.profiles.minimal(name="web"), "qemu:///system"))
    virt-install \
      --connect qemu:///system \
      --name web \
      --virt-type kvm \
      --arch x86_64 \
      ...
    """
    root, forgotten = without_secrets(spec.__place__.anchor)
    words = [*([("--connect", uri)] if uri else []), *_options(root)]
    lines = [" ".join(shlex.quote(word) for word in pair if word) for pair in words]
    return forgotten + " \\\n  ".join(["virt-install", *lines])


def _options(root: Element) -> Iterator[tuple[str, str]]:
    """Every option and its value."""
    yield from _machine(root)
    silenced = silence(root)
    raw, groups, single = [*_memory(root)], {"--memory": next(_amounts(root))}, []
    for leaves, option, element in _parts(root):
        if option is None:
            raw += leaves
        elif not option.group:
            single.append((option.name, ",".join(sub_options(option, element, leaves))))
        else:
            for leaf in leaves:
                sub = option.sub(leaf.steps, leaf.attribute)
                if sub is None or leaf.value is None:
                    raw.append(leaf)
                else:
                    groups.setdefault(option.name, []).append(f"{sub}={quoted(leaf.value)}")
    yield from ((name, ",".join(said)) for name, said in groups.items())
    yield from single
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
    if system.get("arch") not in ARCHES:
        raise DefinitionError(f"virt-install: os.arch must be {' or '.join(ARCHES)}, not {system.get('arch')!r}.")
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
        yield from (leaf for leaf in leaves_of(found, ((name, 1),)) if leaf.attribute and leaf.attribute not in said)


def _parts(root: Element) -> Iterator[tuple[list[Leaf], Option | None, Element]]:
    """The parts of a definition that have an option, or have none, and what each says."""
    for leaf in own_leaves(root, ()):
        if leaf.attribute not in {"type", "id"}:
            yield [leaf], None, root
    for step, element in children(root):
        if step[0] in {"name", *MEMORY}:
            continue
        if step[0] != "devices":
            yield from _part(step[0], (step,), element)
            continue
        for device, below in children(element):
            yield from _part(f"devices/{device[0]}", (step, device), below)


def _part(path: str, steps: tuple[Step, ...], element: Element) -> Iterator[tuple[list[Leaf], Option | None, Element]]:
    option = OPTIONS.get(path)
    leaves = list(leaves_of(element, () if option and not option.group else steps))
    if path == "os":
        leaves = [leaf for leaf in leaves if leaf.steps[:1] != (("type", 1),)]
    if leaves:
        yield leaves, option, element
