"""The Python that builds a definition."""

from collections.abc import Iterator
from typing import Any

from phyllome_nb.errors import DefinitionError
from phyllome_nb.size import Size
from phyllome_nb.xml.fields import Field, Hex
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["to_python"]

FRONT = "import phyllome_nb as ph\n\nspec = ph.DomainSpec"
LONG = 100
"""Columns after which a call is broken into lines."""


def to_python(spec: Any, blank: Any) -> str:
    """Code that builds `spec` from the definition `blank`, or reads its XML where the fields do not know it all."""
    try:
        _rebuild(spec, blank)
        complete = not blank.diff(spec)
    except DefinitionError:
        complete = False
    if not complete:
        return f"{FRONT}.from_xml(\n    {spec.to_xml()!r}\n)"
    return "\n".join([f"{FRONT}()", *_lines(spec, "spec")])


def _rebuild(source: Part, target: Part) -> None:
    """Make the calls that `_lines` writes."""
    target.update(**_given(source))
    for name, what in source.__declared__.items():
        if isinstance(what, Section) and source.__place__.find(what.path) is not None:
            _rebuild(getattr(source, name), getattr(target, name))
        elif isinstance(what, Many):
            for item in getattr(source, name):
                _rebuild(item, getattr(target, name).add())


def _lines(part: Part, variable: str) -> Iterator[str]:
    """The lines that set on the variable what the fields of `part` know."""
    values = _given(part)
    if len(values) == 1:
        yield from (f"{variable}.{name} = {_literal(part.__declared__[name], value)}" for name, value in values.items())
    elif values:
        yield _call(f"{variable}.update", part, values)
    yield from _below(part, variable)


def _below(part: Part, variable: str) -> Iterator[str]:
    """The lines for the parts inside a part."""
    for name, what in part.__declared__.items():
        if isinstance(what, Section) and part.__place__.find(what.path) is not None:
            yield from _lines(getattr(part, name), f"{variable}.{name}")
        elif isinstance(what, Many):
            for item in getattr(part, name):
                own = what.part.__name__.lower()
                below = [*_below(item, own)]
                call = _call(f"{variable}.{name}.add", item, _given(item))
                yield f"{own} = {call}" if below else call
                yield from below


def _given(part: Part) -> dict[str, object]:
    """The values of a part's own fields that the document gives."""
    fields = {name: what for name, what in part.__declared__.items() if isinstance(what, Field)}
    return {name: field.read(part) for name, field in fields.items() if _is_given(field, part)}


def _is_given(field: Field[Any, Any], part: Part) -> bool:
    return bool(field.read(part)) if field.kind in {"flag", "list"} else field.raw(part) is not None


def _call(function: str, part: Part, values: dict[str, object]) -> str:
    """A call with these keywords, broken into lines where it is long."""
    given = [f"{name}={_literal(part.__declared__[name], value)}" for name, value in values.items()]
    line = f"{function}({', '.join(given)})"
    return line if len(line) <= LONG else f"{function}(\n{''.join(f'    {each},{chr(10)}' for each in given)})"


def _literal(field: Field[Any, Any], value: object) -> str:
    if isinstance(value, Size):
        return repr(str(value))
    return field.encode(value) if isinstance(field, Hex) and isinstance(value, int) else repr(value)
