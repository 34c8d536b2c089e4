"""Settings: values with their reasons, and the definition that they make."""

from collections.abc import Callable, Mapping
from functools import reduce, wraps
from inspect import signature
from typing import TYPE_CHECKING, NamedTuple, ParamSpec

from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.xml.part import Part, PartList

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Setting", "Settings", "define", "profile", "reasons"]

P = ParamSpec("P")


class Setting(NamedTuple):
    """One decision: what it sets, to what, and why.

    Examples
    --------
    >>> print(define((Setting("devices.rngs", {"model": "virtio"}, "It spares the guest a wait."),)).to_xml())
    <domain type="kvm">
      <devices>
        <rng model="virtio"/>
      </devices>
    </domain>
    """

    attribute: str
    """A field, a part whose fields belong together, or a list of devices that gets one more."""
    value: object
    """The field's value, with None where it is left out on purpose; for parts and devices a value for each field."""
    reason: str
    """A sentence for a person who does not know libvirt."""


Settings = tuple[Setting, ...]


def define(settings: Settings) -> DomainSpec:
    """The definition that settings make, a later one winning over an earlier one.

    Raises
    ------
    FieldError
        If a field refuses its value.

    Examples
    --------
    >>> define((Setting("name", "web", "You asked for it."), Setting("vcpus.maximum", 2, "You asked for it.")))
    <DomainSpec 'web': 2 vCPUs, 0 bytes>
    """
    spec = DomainSpec()
    for setting in settings:
        _apply(spec, setting.attribute, setting.value)
    return spec


def profile(settings: Callable[P, Settings]) -> Callable[P, DomainSpec]:
    """Make a function that lists settings one that returns the definition they make; `reasons` still finds the list.

    Examples
    --------
    >>> @profile
    ... def tiny(name="tiny"):
    ...     return (Setting("name", name, "You asked for it."),)
    >>> tiny("web").name
    'web'
    """

    @wraps(settings)
    def defined(*args: P.args, **kwargs: P.kwargs) -> DomainSpec:
        return define(settings(*args, **kwargs))

    vars(defined).update(settings=settings, __signature__=signature(settings).replace(return_annotation=DomainSpec))
    return defined


def reasons(profile: Callable[P, DomainSpec], *args: P.args, **kwargs: P.kwargs) -> "pd.DataFrame":
    """What a profile sets when it is called like this, and why.

    Parameters
    ----------
    profile : callable
        One of ``ph.profiles``.
    *args, **kwargs
        What you would call it with.

    Returns
    -------
    pandas.DataFrame
        One row a decision, in the order in which they are made, all columns of dtype str:

        ========= ==============================================================================
        attribute what it sets, as in ``ph.fields()``; a device as the list that it is added to
        value     to what; empty where it is left out on purpose
        reason    why
        ========= ==============================================================================

    Raises
    ------
    TypeError
        If it is no profile.
    DefinitionError
        If the profile refuses one of the values.

    Examples
    --------
    >>> from phyllome_nb.profiles import linux
    >>> table = reasons(linux, memory="4 GiB", type="qemu").set_index("attribute")
    >>> table.loc["memory.maximum", "value"], table.loc["cpu.mode", "value"]
    ('4 GiB', 'maximum')
    >>> print(table.loc["os.boot", "reason"])
    The disk starts what was installed on it.
    """
    import pandas as pd

    settings: Callable[P, Settings] | None = getattr(profile, "settings", None)
    if settings is None:
        raise TypeError(f"{profile!r} is no profile: give one of ph.profiles, such as ph.profiles.linux.")
    made = settings(*args, **kwargs)
    define(made)  # what the fields refuse has no reason
    rows = [(each.attribute, _text(each.value), each.reason) for each in made]
    return pd.DataFrame(rows, columns=list(Setting._fields), dtype="str")


def _apply(part: Part, attribute: str, value: object) -> None:
    """Set one field, those of a part, or those of a new device."""
    *parents, name = attribute.split(".")
    part = reduce(getattr, parents, part)
    if not isinstance(value, Mapping):
        setattr(part, name, value)
        return
    target = getattr(part, name)
    target = target.add() if isinstance(target, PartList) else target
    for field, each in value.items():
        _apply(target, field, each)


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{field}={_text(each)}" for field, each in value.items())
    if isinstance(value, tuple):
        return " ".join(map(_text, value))
    return "" if value is None else str(value)
