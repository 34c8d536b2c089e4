"""The reference pages, written from the declarations that the code itself runs on."""

import inspect
from collections.abc import Iterator, Mapping

import phyllome_nb as ph
from phyllome_nb.capacity import (
    columns,
    evacuation,
    fit,
    forecast,
    history_columns,
    how_many,
    pinning,
    placement,
    recording,
    rightsizing,
    survival,
    sweep,
)
from phyllome_nb.capacity.columns import Column
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.rules import catalogue
from phyllome_nb.xml.part import Entry, entries

__all__ = ["ERRORS", "pages", "tables"]

OTHER = ("name", "type", "id", "uuid", "genid", "title", "description", "metadata", "vmware", "xen", "bhyve")
"""What a definition says in a word or two is on one page."""
OBJECTS = (
    *("Host", "Snapshot", "DomainSpec", "Change", "Policy", "Fleet", "FleetSnapshot", "Size"),
    *("Scenario", "Placement", "History", "DomainPanel", "HostPanel", "FleetPanel", "PlannerPanel"),
)
"""The nouns, in the order in which a reader meets them."""
RETURNED = (
    "phyllome_nb.host.trial.Trial",
    "phyllome_nb.host.watch.Watch",
    "phyllome_nb.host.fleet_watch.FleetWatch",
    "phyllome_nb.host.record.Recording",
    "phyllome_nb.capacity.fit.Fit",
    "phyllome_nb.capacity.how_many.HowMany",
    "phyllome_nb.capacity.pinning.Pinning",
    "phyllome_nb.capacity.packing.pack.Certificate",
    "phyllome_nb.host.guest.Guest",
    "phyllome_nb.host.history.History",
    "phyllome_nb.host.history.Kept",
    "phyllome_nb.host.report.Report",
    "phyllome_nb.rules.finding.Finding",
    "phyllome_nb.rules.finding.Findings",
    "phyllome_nb.domain.diff.Diff",
    "phyllome_nb.domain.three_way.ThreeWay",
    "phyllome_nb.domain.command_line.CommandLine",
    "phyllome_nb.domain.explain.Snippet",
    "phyllome_nb.domain.explain.Explanation",
)
"""What the nouns give back, and nobody makes by hand."""
ERRORS: Mapping[str, str] = {
    "DefinitionError": "Read the sentence: it names the value. The definition is as it was.",
    "ParseError": "Give the XML of one virtual machine, as `virsh dumpxml --inactive` prints it.",
    "FieldError": "Take one of the choices, or the unit, that the sentence names.",
    "NotKept": "Make room, or let `$XDG_STATE_HOME` name a directory that you may write; then apply again.",
    "SnapshotFileError": "Take the file anew with `snap.save`, or read it with the version that wrote it.",
    "RecordingError": "Record into another directory, or end the recorder that the sentence names.",
    "Untrusted": 'If you wrote the address yourself, allow what it does by name: `ph.connect(uri, allow=["netcat"])`.',
    "HostError": "Catch it to catch all below.",
    "Unreachable": "See [Remote hosts](../../remote.md). The next call opens the connection again.",
    "NoAnswer": "Give more time, `ph.connect(uri, timeout=60)`, or look at what the host is busy with.",
    "ReadOnly": "Open it with `ph.connect(uri, write=True)`.",
    "NoSuchDomain": "`host.domains()` lists those that are there. The sentence names the nearest.",
    "DomainExists": "Choose another name, or edit what is there: begin with `host.domain(name)`.",
    "Conflict": "Look at `error.three_way`, then put both together with `change.rebase()`.",
    "Undecided": "Say what shall become of it, as the sentence tells.",
    "Refused": "The sentence has libvirt's words. `host.trial(spec)` says more.",
    "OutcomeUnknown": "Look with `host.domain(name)`. What was there before is in `host.history(name)`.",
}
"""What to do about each error."""


def pages() -> dict[str, str]:
    """Every page by its path below ``reference/generated``, without the suffix."""
    return {
        **dict(_fields()),
        "rules": _rules(),
        "tables": _tables(),
        "errors": _errors(),
        "api": _api(),
        "charts": _charts(),
        "profiles": _profiles(),
    }


def tables() -> dict[str, tuple[Column, ...]]:
    """Every table with declared columns, by the call that makes it."""
    found = {}
    for name in columns.__all__:
        declared = getattr(columns, name)
        if isinstance(declared, dict):
            for by, each in declared.items():
                found[f'{name.lower()}(by="{by}")' if by else name.lower()] = each
        elif isinstance(declared, tuple):
            found[name.lower()] = declared
    return found | {
        "fit.reasons": fit.REASONS,
        "fit.table": fit.TABLE,
        "how_many.table": how_many.COLUMNS,
        "pinning.table": pinning.COLUMNS,
        "placement.assignment": placement.ASSIGNMENT[""],
        "placement.unplaced": placement.UNPLACED[""],
        "placement.table": placement.FILLED[""],
        "scenario.survives": survival.SURVIVAL[""],
        "scenario.evacuate": evacuation.EVACUATION[""],
        "sweep": sweep.SWEEP[""],
        "history.looks": recording.LOOKS,
        "history.samples": recording.SAMPLES,
        "history.rates": history_columns.RATES[""],
        "history.gaps": history_columns.GAPS[""],
        "history.usage": history_columns.usage_columns((50, 95)),
        "history.rightsize": rightsizing.RIGHTSIZING[""],
        "history.forecast": forecast.FORECAST[""],
    }


def cell(text: str) -> str:
    """Text that stands in a cell of a table and means itself."""
    for sign in "\\`*_{}[]<>|~$":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def linked(text: str) -> str:
    """Likewise, its addresses as links."""
    return " ".join(
        f"<{word}>" if word.startswith("https://") and word[-1] not in ";,)" else cell(word) for word in text.split()
    )


def code(text: str) -> str:
    """Text as code in a cell of a table."""
    return f"`{text.replace('|', chr(92) + '|')}`" if text else ""


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """Rows as a table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _fields() -> Iterator[tuple[str, str]]:
    groups: dict[str, list[Entry]] = {}
    for entry in entries(DomainSpec):
        groups.setdefault(_group(entry), []).append(entry)
    for group, found in groups.items():
        yield f"fields/{group.replace('.', '-')}", _field_page(group, found)
    listed = "\n".join(group.replace(".", "-") for group in groups)
    count = sum(map(len, groups.values()))
    yield (
        "fields/index",
        f"""# Fields

All {count} fields of a definition, in the order of libvirt's schema. This is the table that `ph.fields()` returns:
where a value lives in the XML, what it takes, what it does, and the QEMU option that it becomes.

```{{toctree}}
:maxdepth: 1

{listed}
```
""",
    )


def _group(entry: Entry) -> str:
    first, *rest = entry.name.replace("[]", "").split(".")
    if first == "devices" and rest:
        return f"devices.{rest[0]}"
    return "general" if first in OTHER or not rest else first


def _field_page(group: str, found: list[Entry]) -> str:
    whole = dict.fromkeys(f"https://libvirt.org/{entry.field.doc or entry.part.__reference__}" for entry in found)
    links = ", ".join(f"[{address.partition('#')[2] or address}]({address})" for address in whole)
    rows = (
        (
            f"{code(entry.name)}<br>{code(f'/domain/{entry.path}')}",
            _takes(entry),
            cell(entry.field.help) + (f"<br>QEMU: {code(entry.field.qemu)}" if entry.field.qemu else ""),
        )
        for entry in found
    )
    return (
        f"# {group}\n\nIn libvirt's reference: {links}.\n\n{table(('field and path', 'takes', 'what it does'), rows)}"
    )


def _takes(entry: Entry) -> str:
    field = entry.field
    unit = f" in {field.unit}" if field.unit else ""
    choices = " ".join(map(str, getattr(field, "choices", ())))
    return f"{field.kind}{unit}" + (f": {code(choices)}" if choices else "")


def _rules() -> str:
    parts = [
        f"""# Rules

What `spec.findings()` checks: {len(catalogue.RULES)} rules. Each says why it matters, what libvirt does about it,
and who says so. Where libvirt *accepts*, nobody else warns you; where it *rewrites*, it does so in silence.
""",
    ]
    for group in catalogue.GROUPS:
        rules = [rule for rule in catalogue.RULES if rule.group == group.__name__.rpartition(".")[2]]
        rows = (
            (
                f"`{rule.id}`<br>{rule.severity}",
                f"**{cell(rule.title)}**<br>{cell(rule.why)}",
                rule.libvirt or "depends",
                linked(rule.source),
            )
            for rule in rules
        )
        title = group.__name__.rpartition(".")[2]
        parts.append(f"## {title}\n\n{table(('rule', 'why', 'libvirt', 'source'), rows)}")
    return "\n".join(parts)


def _tables() -> str:
    parts = [
        """# Tables

Every table is a pandas DataFrame. `attrs["units"]` and `attrs["help"]` hold by column what stands here. `Int64`,
`Float64` and `boolean` have `NA` where something is not known.
""",
    ]
    for name, declared in tables().items():
        rows = ((code(each.name), each.dtype, each.unit, cell(each.help)) for each in declared)
        parts.append(f"## {name}\n\n{table(('column', 'dtype', 'unit', 'what it is'), rows)}")
    return "\n".join(parts)


def _errors() -> str:
    rows = (
        (code(f"ph.errors.{name}"), cell(inspect.cleandoc(getattr(ph.errors, name).__doc__).split("\n\n")[0]), do)
        for name, do in ERRORS.items()
    )
    tree = inspect.cleandoc(ph.errors.__doc__ or "").partition("::")[2].strip("\n")
    return f"""# Errors

Every error that phyllome_nb raises on purpose is a `ph.PhyllomeError`. Its message says what is wrong, where, and
what to do.

```text
{inspect.cleandoc(tree)}
```

{table(("error", "what happened", "what to do"), rows)}"""


def _charts() -> str:
    parts = ["# Charts\n\nEach returns a matplotlib Figure that a notebook shows; `alt` says in words what it shows.\n"]
    parts += [_auto("autofunction", home_of(name), f"ph.charts.{name}") for name in ph.charts.__all__]
    return "\n".join(parts)


def home_of(chart: str) -> str:
    """Where a chart is defined."""
    return f"{getattr(ph.charts, chart).__module__}.{chart}"


def _api() -> str:
    functions = [name for name in ph.__all__ if inspect.isfunction(getattr(ph, name))]
    parts = [
        """# API

`import phyllome_nb as ph`: these names, and no others, are public. [Profiles](profiles.md), [charts](charts.md) and
[errors](errors.md) have pages of their own. The classes below the names in `ph` are what those give back, and nobody
makes by hand.
""",
        *(_auto("autofunction", home(name), f"ph.{name}") for name in functions),
        *(_auto("autoclass", home(name), f"ph.{name}") for name in classes()),
        *(_auto("autoclass", path, path.rpartition(".")[2]) for path in RETURNED),
    ]
    return "\n".join(parts)


def classes() -> list[str]:
    """The public classes: first the nouns that a reader meets first, then those that have no place yet."""
    found = [name for name in ph.__all__ if inspect.isclass(getattr(ph, name)) and name != "PhyllomeError"]
    return sorted(found, key=lambda name: OBJECTS.index(name) if name in OBJECTS else len(OBJECTS))


def home(name: str) -> str:
    """Where a public name is defined."""
    return f"{getattr(ph, name).__module__}.{name}"


def _auto(directive: str, path: str, title: str) -> str:
    members = "\n   :members:" if directive == "autoclass" else ""
    return f"## {title}\n\n```{{eval-rst}}\n.. {directive}:: {path}{members}\n```\n"


def _profiles() -> str:
    parts = ["# Profiles\n\nStarting points. `ph.profiles.reasons(profile, ...)` says why each value is what it is.\n"]
    parts += [
        _auto("autofunction", f"phyllome_nb.profiles.{name}", f"ph.profiles.{name}") for name in ph.profiles.__all__
    ]
    return "\n".join(parts)
