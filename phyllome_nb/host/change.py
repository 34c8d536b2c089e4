"""Change: one intended write, what it means, and what libvirt made of it."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import libvirt

from phyllome_nb.domain.diff import Diff
from phyllome_nb.domain.identity import check_name
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import (
    Conflict,
    DefinitionError,
    FieldError,
    HostError,
    NoAnswer,
    NoSuchDomain,
    NotKept,
    OutcomeUnknown,
    ReadOnly,
    Refused,
    Unreachable,
)
from phyllome_nb.host import history, write
from phyllome_nb.host.report import Report
from phyllome_nb.host.situation import Situation, situation
from phyllome_nb.rules.catalogue import SCHEMA
from phyllome_nb.rules.finding import Finding, Findings
from phyllome_nb.xml.merge import Prefer

if TYPE_CHECKING:
    import pandas as pd

    from phyllome_nb.host.host import Host
    from phyllome_nb.host.trial import Trial

__all__ = ["Change", "restoring"]

T = TypeVar("T")

NAMES = "OS003"
"""The rule about names that are taken: that is libvirt's to say, at the moment of the write."""


class Change:
    """The intended write of a definition to a host: see what it means, then `apply` it.

    A definition without a uuid makes a new VM: a fresh uuid is written, and libvirt itself then refuses to overwrite
    a VM of the same name. One that was read from the host changes that VM, as long as nobody else has done so since.
    Get one from `Host.change`.

    Parameters
    ----------
    host : Host
        Where it is to be written.
    spec : DomainSpec
        What is to be written.
    again : bool
        Whether a VM that is gone is to be defined once more, with the uuid that it had.

    Raises
    ------
    DefinitionError
        If the definition has a name that libvirt cannot take, or the uuid of a VM that it was not read from.

    Examples
    --------
    >>> import phyllome_nb as ph
    >>> host = ph.demo()
    >>> spec = host.domain("web-1")
    >>> spec.memory.maximum = spec.memory.current = "8 GiB"
    >>> change = host.change(spec)
    >>> change.diff
    rewrote memory: 4 GiB → 8 GiB
    rewrote currentMemory: 4 GiB → 8 GiB
    >>> change.apply().stored.memory.maximum
    Size('8 GiB')
    >>> change.undo().stored.memory.maximum
    Size('4 GiB')
    """

    def __init__(self, host: "Host", spec: DomainSpec, *, again: bool = False) -> None:
        if not isinstance(spec, DomainSpec):
            raise TypeError(f"{spec!r} is not a DomainSpec: read XML with ph.DomainSpec.from_xml(text).")
        try:
            check_name(spec.name)
        except ValueError as error:
            raise FieldError(f"name: {error}") from None
        self.host = host
        self.after = spec.copy()
        self.before = None if again else _edited(spec)
        self._applied: DomainSpec | None = None

    @property
    def diff(self) -> Diff:
        """What it adds, drops and rewrites; in a notebook the coloured XML as well."""
        return (self.before or DomainSpec()).diff(self.after)

    @cached_property
    def findings(self) -> Findings:
        """What experts say of the definition on this host."""
        found = self.after.findings(self.host)
        return Findings(each for each in found if not (each.id == NAMES and self.before))

    @cached_property
    def situation(self) -> Situation:
        """How the VM is doing, as far as that matters to a write."""
        return situation(self.host, self.before)

    def trial(self) -> "Trial":
        """What libvirt itself would do with it: see `Host.trial`."""
        return self.host.trial(self.after)

    def effect(self) -> "pd.DataFrame":
        """What it does to the balance of the host as it is now: see `Snapshot.effect`."""
        return self.host.snapshot().effect(self.after)

    def apply(self) -> Report:
        """Write it, read it back, and report what libvirt made of it.

        Before a VM is changed, its definition is kept on this machine: `undo`, and ``host.history(name)`` put it
        back.

        Raises
        ------
        ReadOnly
            If the host was opened read-only.
        DefinitionError
            If it brings an error that no VM can be started or stored with.
        DomainExists
            If it is to be a new VM, and there is one of that name; that one is unchanged.
        Conflict
            If somebody else has changed the VM since it was read: what they wrote is what is stored. The error holds
            both versions.
        NoSuchDomain
            If the VM is gone.
        NotKept
            If the definition as it is cannot be kept; nothing was written.
        Refused
            If libvirt refuses the definition, or the VM is being migrated or transient; nothing was written.
        Unreachable
            If the host cannot be reached; nothing was written.
        OutcomeUnknown
            If the connection broke or the deadline passed, and asking again did not tell.
        """
        if not self.host.writable:
            raise ReadOnly(
                f"{self.host.name} was opened read-only; nothing was written. "
                f"Open it with ph.connect({self.host.uri!r}, write=True).",
            )
        if errors := self._errors():
            raise DefinitionError(f"Mend this first. {errors[0].what} {errors[0].why}")
        report = self._create() if self.before is None else self._edit(self.before)
        self._applied = report.stored
        return report

    def undo(self) -> Report:
        """Put back what was before, unless somebody has changed the VM since.

        A VM that this change made is undefined again; its definition is kept.

        Raises
        ------
        HostError, NotKept
            As `apply`.
        """
        done = self._applied
        if done is None:
            raise DefinitionError("This change has not been applied, so there is nothing to undo.")
        if self.before is None:
            self._take_back(done)
            report = Report(self.host.name, done, (), done="no longer defined")
        else:
            back = Change(self.host, DomainSpec.from_host(self.before.stored_xml or "", stored=done.stored_xml))
            report = replace(back._edit(done), done="put back")
        self._applied = None
        return report

    def rebase(self, prefer: Prefer = "mine") -> "Change":
        """This change again, on top of what the host has stored by now.

        Parameters
        ----------
        prefer : {"mine", "theirs"}
            Who decides where somebody else has changed the same thing.

        Raises
        ------
        NoSuchDomain
            If the VM is gone.
        """
        if self.before is None:
            return Change(self.host, self.after)
        theirs = self.host.domain(self.after.name)
        return Change(self.host, self.before.merge(theirs, self.after, prefer).merged)

    def _errors(self) -> list[Finding]:
        """What keeps it from being written: errors that it brings, not those that were there before."""
        known = {str(each) for each in self.before.findings()} if self.before else set()
        # libvirt checks a new VM against its schema itself; an edit is checked here, outside the moment of the write.
        passed = {NAMES} if self.before else {NAMES, SCHEMA}
        return [each for each in self.after.findings().errors if each.id not in passed and str(each) not in known]

    def _create(self) -> Report:
        # A fresh uuid is as safe as none: libvirt refuses a name that is taken. And it tells this VM from any other.
        written = self.after.copy()
        uuid = written.uuid = written.uuid or str(uuid4())
        text = written.to_xml()
        self.host.ready()
        try:
            self._write(lambda connection: write.define_new(connection, text, written.name, self.after.uuid))
        except (Unreachable, NoAnswer) as error:
            return self._find_out(uuid, error)
        return self._read_back(uuid)

    def _find_out(self, uuid: str, error: HostError) -> Report:
        """What became of a new VM whose write was not answered."""
        if self._looked_again(uuid, error) is not None:
            return self._read_back(uuid)
        raise OutcomeUnknown(
            f"{error} {self.after.name!r} is not defined so far, but the host may still do it: look again in a while.",
        ) from error

    def _edit(self, before: DomainSpec) -> Report:
        name, uuid, base, text = before.name, before.uuid or "", before.stored_xml or "", self.after.to_xml()
        if not self.before or self.after == before:
            return Report(self.host.name, before, (), done="left as it was")
        self.host.ready()
        now = situation(self.host, before)
        if now.busy:
            raise Refused(f"{name!r} is being migrated or saved, which would lose the change. Nothing was written.")
        if now.transient:
            raise Refused(
                f"{name!r} is transient: it has no stored definition, and a write would give it one. Nothing was "
                "written; to make a VM of its own, set another name, and uuid to None."
            )
        history.keep(base, uuid)
        try:
            written = self._write(lambda connection: write.define_over(connection, uuid, base, text))
        except NoSuchDomain as error:
            raise NoSuchDomain(f"{name!r} is gone from {self.host.name}; nothing was written. {_kept(name)}") from error
        except (Unreachable, NoAnswer) as error:
            return self._find_out_edit(before, error)
        if written.theirs is not None:
            theirs = DomainSpec.from_host(written.theirs)
            raise Conflict(
                f"Somebody else has changed {name!r} since it was read; nothing was written. "
                "change.rebase() puts your change on top of theirs.",
                before.merge(theirs, self.after),
            )
        notes = [self._contested(before)] if written.contested else []
        return self._read_back(uuid, "changed", [*notes, *now.afterwards()])

    def _write(self, work: Callable[[Any], T]) -> T:
        """Ask the host, with what its refusals mean for the write."""
        try:
            return self.host.ask(f"defining {self.after.name!r}", work)
        except Refused as error:
            cause = error.__cause__
            if isinstance(cause, libvirt.libvirtError) and cause.get_error_code() == libvirt.VIR_ERR_SYSTEM_ERROR:
                said = cause.get_error_message().rstrip(".")
                raise Refused(
                    f"Not saved: {self.host.name} could not write it ({said}). Nothing has changed."
                ) from error
            raise Refused(f"{error} Nothing was written.") from error

    def _contested(self, before: DomainSpec) -> str:
        """What to say after two wrote in the same moment; an error where theirs is what is stored."""
        name, uuid = before.name, before.uuid or ""
        text = self.host.ask(f"reading {name!r}", lambda connection: write.stored(connection, uuid))
        if text is None:
            raise NoSuchDomain(f"{name!r} was undefined in the moment in which it was changed. {_kept(name)}")
        theirs = DomainSpec.from_host(text)
        if not self._is_in(before, theirs):
            raise Conflict(
                f"Somebody else defined {name!r} in the same moment, and theirs is what is stored. "
                "change.rebase() puts your change on top of it.",
                before.merge(theirs, self.after),
            )
        return (
            "Somebody else defined it in the same moment. Yours is what is stored now, and may have replaced theirs: "
            "ask them to look again."
        )

    def _is_in(self, before: DomainSpec, stored: DomainSpec) -> bool:
        """Whether what this change did is in what is stored."""
        missing = {each.path for each in self.after.diff(stored) if each.kind != "added"}
        return not missing & {each.path for each in before.diff(self.after)}

    def _read_back(self, uuid: str, done: str = "defined", notes: list[str] | None = None) -> Report:
        """What libvirt made of what was written."""
        name = self.after.name
        try:
            text = self.host.ask(f"reading {name!r} back", lambda connection: write.stored(connection, uuid))
        except HostError as error:
            raise OutcomeUnknown(f"{name!r} was {done}, but reading it back failed: {error}") from error
        if text is None:
            raise OutcomeUnknown(f"{name!r} was {done}, and somebody has undefined it since.")
        notes = notes or []
        try:
            # Also what was written: whoever overwrites it in the same moment cannot have seen it.
            history.keep(text, uuid)
        except NotKept as error:
            notes.append(f"It is stored, but was not kept in the history: {error}")
        spec = DomainSpec.from_host(text)
        return Report(self.host.name, spec, tuple(self.after.diff(spec)), done, tuple(notes))

    def _looked_again(self, uuid: str, error: HostError) -> str | None:
        """What is stored after a write that was not answered, asked over a new connection."""
        name, done = self.after.name, "changed" if self.before else "defined"
        try:
            self.host.reconnect()
            return self.host.ask(f"looking for {name!r}", lambda connection: write.stored(connection, uuid))
        except HostError as again:
            raise OutcomeUnknown(
                f"{error} Asking again failed too, so {name!r} may or may not be {done}: "
                f"look with host.domain({name!r}) once the host answers. ({again})",
            ) from error

    def _find_out_edit(self, before: DomainSpec, error: HostError) -> Report:
        """What became of an edit that was not answered."""
        uuid = before.uuid or ""
        text = self._looked_again(uuid, error)
        if text is not None and text != before.stored_xml and self._is_in(before, DomainSpec.from_xml(text)):
            return self._read_back(uuid, "changed", ["The host gave no answer at first; it was asked again."])
        if text == before.stored_xml:
            sure = isinstance(error, Unreachable)
            later = "" if sure else " The host may still do it: look again in a while."
            kind = type(error) if sure else OutcomeUnknown
            raise kind(f"{error} {before.name!r} is stored as it was before.{later}") from error
        raise OutcomeUnknown(
            f"{error} {before.name!r} is stored otherwise than before and than asked for. {_kept(before.name)}"
        )

    def _take_back(self, done: DomainSpec) -> None:
        """Undefine what this change made, if it is still that and does not run."""
        now = self.host.domain(done.name)
        if now != done:
            raise Conflict(f"Somebody else has changed {done.name!r} since; it stays.", done.merge(now, done))
        # Should it have run since, nothing of that is destroyed.
        self.host.guest(done.name).undefine(nvram="keep", tpm="keep")

    def __str__(self) -> str:
        return str(self.diff) if self.before else f"a new VM {self.after.name!r} on {self.host.name}"

    def __repr__(self) -> str:
        what = f"of {self.after.name!r}" if self.before else f"a new VM {self.after.name!r}"
        return f"<Change: {what} on {self.host.name}>"

    def _repr_html_(self) -> str:
        from phyllome_nb.host.change_view import page

        return page(self)


def restoring(host: "Host", kept: history.Kept) -> Change:
    """See `Host.restore`."""
    spec = kept.spec
    text = host.ask(f"reading {spec.name!r}", lambda connection: write.stored(connection, kept.uuid))
    if text is None:
        return Change(host, spec, again=True)
    now = DomainSpec.from_host(text)
    spec.name = now.name  # a name is changed by Guest.rename alone
    return Change(host, DomainSpec.from_host(spec.to_xml(), stored=text))


def _kept(name: str) -> str:
    return f"What it was is in host.history({name!r})."


def _edited(spec: DomainSpec) -> DomainSpec | None:
    """The stored definition that is to be changed; None for a new VM."""
    if spec.uuid is None:
        return None
    stored = spec.stored
    if stored is None or stored.uuid != spec.uuid:
        raise DefinitionError(
            f"This definition carries the uuid {spec.uuid}, and libvirt would overwrite a VM that has it. "
            "To change that VM, begin with host.domain(name); to make a new one, set uuid to None.",
        )
    if stored.name != spec.name:
        raise DefinitionError(
            f"{stored.name!r} cannot become {spec.name!r} this way: use host.guest({stored.name!r}).rename(…), "
            "or set uuid to None to make a new VM.",
        )
    return stored
