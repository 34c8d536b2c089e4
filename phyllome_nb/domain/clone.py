"""A definition of another VM like one that exists."""

from uuid import uuid4

from phyllome_nb.domain.spec import DomainSpec

__all__ = ["cloned"]


def cloned(spec: DomainSpec, name: str) -> DomainSpec:
    """A new VM that is defined alike, with a name, and when it is defined a uuid and MAC addresses, of its own.

    It names the same images of disks; the file with the firmware's variables is made anew.

    Parameters
    ----------
    spec : DomainSpec
        The definition of a VM.
    name : str
        What the new one is called.

    Raises
    ------
    FieldError
        If libvirt cannot take the name.

    Examples
    --------
    >>> spec = DomainSpec("web")
    >>> spec.uuid = "6695eb01-f6a4-8304-79aa-97f2502e193f"
    >>> twin = cloned(spec, "web-2")
    >>> twin.name, twin.uuid
    ('web-2', None)
    """
    twin = DomainSpec.from_xml(spec.to_xml())
    twin.name, twin.uuid, twin.id = name, None, None
    if twin.genid is not None:
        twin.genid = str(uuid4())
    for interface in twin.devices.interfaces:
        interface.mac = None
    twin.os.nvram = None
    return twin
