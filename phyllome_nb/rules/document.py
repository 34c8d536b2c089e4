"""Rules about the XML itself."""

from collections import Counter
from collections.abc import Iterator

from phyllome_nb.rules.case import Case
from phyllome_nb.rules.rule import Found, rule
from phyllome_nb.xml.reading import comments_of, element_of, root_of
from phyllome_nb.xml.schema.culprit import culprits
from phyllome_nb.xml.schema.grammar import installed

__all__: list[str] = []

PARSER = "libvirt 9.0: src/conf/domain_conf.c, virDomainDefParseXML, reads the first"
REPEATED = {
    "": {"sysinfo", "seclabel"},
    "os": {"boot", "initarg", "initenv", "acpi"},
    "features": set[str](),
    "cpu": {"feature", "cache"},
    "clock": {"timer"},
    "memoryBacking": set[str](),
    "numatune": {"memnode"},
    "memtune": set[str](),
}
"""Below these parts an element occurs once, but for those named."""
WORDS = ("password", "passwd", "secret=", "token=", "-----BEGIN")


@rule("XML001", "error", source="libvirt's domain.rng, as it is on this machine", libvirt="")
def the_schema_allows_it(case: Case) -> Iterator[Found]:
    """Libvirt refuses it where it checks, as a panel asks it to; else it drops in silence what it does not know."""
    schema = installed()
    for each in culprits(root_of(case.spec), schema) if schema else ():
        yield Found(case.spec, "", each.what, path=each.path)


@rule("XML002", "error", source=PARSER, libvirt="rewrites")
def what_is_said_once_is_said_once(case: Case) -> Iterator[Found]:
    """libvirt takes the first and drops the others in silence."""
    root = root_of(case.spec)
    for name, repeated in REPEATED.items():
        parent = root.find(name) if name else root
        if parent is None or len(parent) < 2:
            continue
        counts = Counter(child.tag for child in parent if isinstance(child.tag, str))
        for tag, count in counts.items():
            if count > 1 and tag not in repeated:
                path = f"{name}/{tag}[2]" if name else f"{tag}[2]"
                yield Found(case.spec, "", f"<{tag}> occurs {count} times; libvirt reads the first.", path=path)


@rule("XML003", "hint", source="https://github.com/virt-manager/virt-manager/issues/723", libvirt="")
def comments_are_lost(case: Case) -> Iterator[Found]:
    """libvirt keeps no comments; a description, or metadata of your own, it does."""
    count = comments_of(case.spec)
    if count:
        yield Found(case.spec, "", f"The definition has {count} comments, which libvirt does not keep.")


@rule("URI003", "hint", source="https://libosinfo.org", libvirt="accepts")
def other_programs_know_the_system(case: Case) -> Iterator[Found]:
    """virt-manager and others choose devices by it, and take a guest without for one that knows nothing new."""
    if case.is_qemu and not case.spec.metadata.os:
        yield Found(case.spec.metadata, "os", "The definition does not say which system the guest has.")


@rule("URI004", "warning", source="libvirt shows all of it to whoever may read", libvirt="accepts")
def secrets_are_not_in_plain_text(case: Case) -> Iterator[Found]:
    """Whoever may read the definition, and every notebook that shows it, has the secret."""
    root = root_of(case.spec)
    places = [("description", case.spec, "description"), ("metadata", case.spec.metadata, "")]
    for name, part, field in places:
        element = root.find(name)
        text = "" if element is None else " ".join(element.itertext()).lower()
        if any(word.lower() in text for word in WORDS) and len(text) > 0:
            yield Found(part, field, f"The {name} seems to hold a password or a key.")
    for each in case.spec.devices.graphics:
        if each.passwd and element_of(each) is not None:
            said = "The password is in the definition; it is kept, and shown to nobody here."
            yield Found(each, "passwd", said, severity="hint")
