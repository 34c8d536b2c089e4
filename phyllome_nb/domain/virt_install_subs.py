"""What an element says as the sub-options of its option."""

from math import prod

from phyllome_nb.domain.virt_install_options import FLAGS, SPELLED, Option
from phyllome_nb.domain.virt_install_values import Leaf, quoted
from phyllome_nb.xml.document import Element, text_of

__all__ = ["sub_options"]

POLICIES = ("force", "require", "optional", "disable", "forbid")
BOOT = {"hd", "cdrom", "fd", "network"}


def sub_options(option: Option, element: Element, leaves: list[Leaf]) -> list[str]:
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
    return f"{SPELLED.get(sub, sub)}={quoted(leaf.value)}"


def _boot(system: Element, leaf: Leaf) -> str | None:
    """What to boot from, by its bare name."""
    listed = [each.get("dev") for each in system.findall("boot")]
    return leaf.value if len(set(listed)) == len(listed) and set(listed) <= BOOT else None


def _model(cpu: Element, leaf: Leaf) -> str | None:
    """A model of CPU, without what virt-install adds to be safe."""
    return f"secure=off,model={quoted(leaf.value or '')}" if cpu.get("mode", "custom") == "custom" else None


def _feature(cpu: Element, leaf: Leaf) -> str | None:
    """A feature, under its policy."""
    listed = cpu.findall("feature")
    names = [each.get("name") for each in listed]
    if len(set(names)) < len(names) or not all(each.get("name") and each.get("policy") in POLICIES for each in listed):
        return None
    return (
        "" if leaf.attribute == "policy" else f"{listed[leaf.steps[0][1] - 1].get('policy')}={quoted(leaf.value or '')}"
    )


def _topology(cpu: Element, leaf: Leaf) -> str | None:
    """The topology, where virt-install would not mend it."""
    given, vcpus = cpu.find("topology"), cpu.find("../vcpu")
    counts = {} if given is None else {str(name): int(value) for name, value in given.items() if value.isdecimal()}
    complete = set(counts) in ({"sockets", "dies", "cores", "threads"}, {"sockets", "cores", "threads"})
    whole = vcpus is not None and str(prod(counts.values())) == text_of(vcpus).strip()
    return f"topology.{leaf.attribute}={leaf.value}" if complete and whole else None


def _network(interface: Element, leaf: Leaf) -> str | None:
    """What an interface is connected to."""
    return f"source={quoted(leaf.value or '')}" if interface.get("type") == leaf.attribute else None


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
