"""Offers: which words of a field the host takes, and why it does not take the others."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from phyllome_nb.capacity.facts import Guest
from phyllome_nb.capacity.snapshot import HostFacts
from phyllome_nb.rules.case import Case
from phyllome_nb.rules.since import WORDS, lacking, written
from phyllome_nb.xml.fields import Field
from phyllome_nb.xml.part import Part

__all__ = ["ENUMS", "FLAGS", "SUGGESTED", "Offers", "is_suggested", "offers", "words_of"]

ENUMS = {
    "memory.source": "memoryBacking/sourceType",
    "os.firmware": "os/firmware",
    "os.loader_type": "os/loader/type",
    "devices.disks[].device": "devices/disk/diskDevice",
    "devices.disks[].bus": "devices/disk/bus",
    "devices.disks[].model": "devices/disk/model",
    "devices.filesystems[].driver.type": "devices/filesystem/driverType",
    "devices.redirdevs[].bus": "devices/redirdev/bus",
    "devices.tpms[].model": "devices/tpm/model",
    "devices.tpms[].backend": "devices/tpm/backendModel",
    "devices.tpms[].version": "devices/tpm/backendVersion",
    "devices.graphics[].type": "devices/graphics/type",
    "devices.videos[].model": "devices/video/modelType",
    "devices.hostdevs[].mode": "devices/hostdev/mode",
    "devices.rngs[].model": "devices/rng/model",
    "devices.rngs[].backend": "devices/rng/backendModel",
    "devices.cryptos[].model": "devices/crypto/model",
    "devices.cryptos[].backend": "devices/crypto/backendModel",
}
"""By field, the list of the domain capabilities that is the whole of what the emulator takes.

Others are not: libvirt 9.0 runs channels, Hyper-V features without KVM, mediated devices and vhost-scsi that its
lists leave out, and it lists a secure loader only where it knows a firmware for one.
"""

FLAGS = {
    "cpu.mode": {
        "host-passthrough": "cpu/host-passthrough",
        "host-model": "cpu/host-model",
        "maximum": "cpu/maximum",
        "custom": "cpu/custom",
    },
    "features.gic_version": dict.fromkeys(("2", "3", "host"), "features/gic"),
    "launch_security.type": {"sev": "features/sev"},
}
"""By field and word, what the domain capabilities call supported or not."""


@dataclass(frozen=True, slots=True)
class Offers:
    """What a host says of the words of a field."""

    words: tuple[str, ...] = ()
    """Those it takes, and those of which it says nothing."""
    others: Mapping[str, str] = field(default_factory=dict)
    """By each of the other words, why the host does not take it: ``needs libvirt 8.4, and the host has 8.0.0``."""


def offers(case: Case, part: Part, what: Field[Any, Any]) -> Offers:
    """What the host says of the words of a field; all of them are taken where it says nothing.

    A field that takes any text is not narrowed: `Offers.words` are then what the host suggests for it.

    Parameters
    ----------
    case : Case
        The definition, and the host.
    part : Part
        The part of the definition that holds the field.
    what : Field
        The field.

    Examples
    --------
    >>> from phyllome_nb.domain.spec import DomainSpec
    >>> spec = DomainSpec.from_xml("<domain type='kvm'><cpu/></domain>")
    >>> offers(Case(spec), spec.cpu, type(spec.cpu).mode).words
    ('host-model', 'host-passthrough', 'maximum', 'custom')
    """
    words = words_of(what)
    name = _name(part, what)
    if name in SUGGESTED:
        return Offers(_suggested(case, name, words))
    if case.libvirt is None:
        return Offers(words)
    refused = _refused(case, name, words)
    since = WORDS.get(name, {})
    others = {}
    for word in words:
        why = lacking(case, since[word]) if word in since else ""
        if why := why or refused.get(word, ""):
            others[word] = why
    return Offers(tuple(word for word in words if word not in others), others)


def words_of(what: Field[Any, Any]) -> tuple[str, ...]:
    """The words of a field: its choices, or what it suggests; none where it has none.

    Examples
    --------
    >>> from phyllome_nb.domain.memory import Memory
    >>> words_of(Memory.access), words_of(Memory.dump_core), words_of(Memory.maximum)
    (('shared', 'private'), ('on', 'off'), ())
    """
    if what.kind == "switch":
        return (what.yes, what.no)  # type: ignore[attr-defined]
    return getattr(what, "choices", ())


def is_suggested(part: Part, what: Field[Any, Any]) -> bool:
    """Whether a host may have suggestions for a field that takes any text."""
    return _name(part, what) in SUGGESTED


def _name(part: Part, what: Field[Any, Any]) -> str:
    """What a field is called in any of the parts of its kind: ``devices.disks[].bus``."""
    return re.sub(r"\[\d+\]", "[]", part.__place__.named(what.name))


def _refused(case: Case, name: str, words: tuple[str, ...]) -> dict[str, str]:
    """The words that the host says it does not take, and why."""
    if name == "type":
        return _types(case, words)
    known = case.capabilities
    if known is None:
        return {}
    place = ENUMS.get(name, "")
    offered = known.enums.get(place)
    if known.supported.get(place.rpartition("/")[0]) is False:
        offered = frozenset()
    flags = FLAGS.get(name, {})
    refused = [
        word
        for word in words
        if (offered is not None and word not in offered) or known.supported.get(flags.get(word, "")) is False
    ]
    version = f" {written(case.qemu)}" if case.qemu else ""
    machine = f" for {case.machine}" if case.machine else ""
    return dict.fromkeys(refused, f"the host's QEMU{version} does not offer it{machine}")


def _types(case: Case, words: tuple[str, ...]) -> dict[str, str]:
    """The kinds of domain that none of the host's emulators runs."""
    guests = case.host.guests if case.host else ()
    offered = {kind for guest in guests for kind in guest.types}
    return {word: "the host's capabilities do not list it" for word in words if offered and word not in offered}


def _suggested(case: Case, name: str, common: tuple[str, ...]) -> tuple[str, ...]:
    """What the host has, the common ones first; the common ones alone where it does not tell."""
    has = frozenset(SUGGESTED[name](case, case.host)) if case.host else frozenset()
    return (*(word for word in common if word in has), *sorted(has.difference(common))) if has else common


def _guests(case: Case, host: HostFacts) -> list[Guest]:
    """The kinds of machine that the host's emulators offer for the definition's architecture."""
    emulator = case.spec.devices.emulator
    return [each for each in host.guests if each.arch == case.arch and emulator in (None, each.emulator)]


def _machines(case: Case, host: HostFacts) -> Iterable[str]:
    return (machine for guest in _guests(case, host) for machine in guest.machines)


def _emulators(case: Case, host: HostFacts) -> Iterable[str]:
    return (guest.emulator for guest in host.guests if guest.arch == case.arch and guest.emulator)


def _models(case: Case, host: HostFacts) -> Iterable[str]:  # noqa: ARG001  (a source of suggestions as the others are)
    models = case.capabilities.models if case.capabilities else {}
    return (model for model, usable in models.items() if usable != "no")


SUGGESTED: Mapping[str, Callable[[Case, HostFacts], Iterable[str]]] = {
    "os.arch": lambda case, host: (guest.arch for guest in host.guests),  # noqa: ARG005
    "os.machine": _machines,
    "cpu.model": _models,
    "devices.emulator": _emulators,
    "devices.disks[].source.pool": lambda case, host: (pool.name for pool in host.pools or ()),  # noqa: ARG005
    "devices.interfaces[].network": lambda case, host: (network.name for network in host.networks or ()),  # noqa: ARG005
    "devices.interfaces[].bridge": lambda case, host: host.bridges or (),  # noqa: ARG005
}
"""By field that takes any text, what a host has for it."""
