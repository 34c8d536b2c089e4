"""Trial: what libvirt itself would do with a definition, asked without touching the host."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import libvirt

from phyllome_nb.capacity.capabilities import host_capabilities
from phyllome_nb.domain.command_line import CommandLine
from phyllome_nb.domain.identity import check_name
from phyllome_nb.domain.spec import DomainSpec
from phyllome_nb.errors import FieldError, HostError, Refused
from phyllome_nb.host.embed import INSTALL, Embedded, embedded
from phyllome_nb.html import Html, el, styled
from phyllome_nb.rules.catalogue import SCHEMA
from phyllome_nb.xml.compare import Difference

if TYPE_CHECKING:
    from phyllome_nb.host.host import Host

__all__ = ["Trial", "command_line", "trial"]

CHECKS = {
    libvirt.VIR_ERR_XML_INVALID_SCHEMA: "libvirt's schema",
    libvirt.VIR_ERR_XML_ERROR: "libvirt's parser",
    libvirt.VIR_ERR_XML_DETAIL: "libvirt's parser",
    libvirt.VIR_ERR_CONFIG_UNSUPPORTED: "the QEMU driver",
}
HOST = "[host]"
NO_SUCH = "does not support virt type"
OTHERWISE = {
    "kvm": "This machine has no KVM; it was tried as an emulated machine.",
    "test": "It is for libvirt's mock, which takes anything; it was tried as an emulated machine.",
}
"""What is said where a machine of this type was tried as another."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What libvirt itself would do with a definition."""

    spec: DomainSpec
    tried: bool
    """Whether libvirt was asked; `message` says why not."""
    accepted: bool = False
    refused_by: str = ""
    """libvirt's schema, libvirt's parser, or the QEMU driver."""
    message: str = ""
    """What it says against the definition; for the schema, what is truly wrong."""
    differences: tuple[Difference, ...] = ()
    """What libvirt adds, drops and rewrites; where its schema refuses, what it would without that check."""
    stored: DomainSpec | None = None
    """The definition as libvirt would keep it."""
    command: CommandLine | None = None
    """What libvirt would start."""
    trust: tuple[str, ...] = ()
    """Why the host may do otherwise."""
    neutralised: tuple[str, ...] = ()
    """What was left out so that nothing on this machine is touched."""

    def of_kind(self, kind: str) -> list[Difference]:
        """The differences of one kind: added, dropped or rewrote."""
        return [difference for difference in self.differences if difference.kind == kind]

    def __str__(self) -> str:
        if not self.tried:
            return f"Not tried: {self.message}"
        if self.accepted:
            verbs = {"adds": "added", "drops": "dropped", "rewrites": "rewrote"}
            made = ", ".join(f"{verb} {len(self.of_kind(kind))}" for verb, kind in verbs.items())
            return f"libvirt would accept {self.spec.name!r}: it {made}." if self.stored else "libvirt would accept it."
        return f"{self.refused_by[0].upper()}{self.refused_by[1:]} refuses it: {self.message}"

    def __repr__(self) -> str:
        lines = [str(self), *(f"  {difference}" for difference in self.differences)]
        return "\n".join([*lines, *(f"  ({note})" for note in (*self.neutralised, *self.trust))])

    def _repr_html_(self) -> str:
        kind = "phy-done" if self.accepted else "phy-error" if self.tried else "phy-warning"
        lists = []
        for name, verb in (("dropped", "drops"), ("rewrote", "rewrites"), ("added", "adds")):
            if found := self.of_kind(name):
                items = [el("li", str(difference).removeprefix(f"{name} ")) for difference in found]
                opened = {"open": ""} if name == "dropped" else {}
                lists.append(el("details", el("summary", f"libvirt {verb} {len(found)}"), el("ul", *items), **opened))
        notes = [el("li", note) for note in (*self.neutralised, *self.trust)]
        told = el("details", el("summary", "How far to trust this"), el("ul", *notes)) if notes else Html("")
        return styled(el("div", str(self), class_=kind), *lists, told)


def _private(host: "Host | None") -> Embedded:
    """The private libvirt with the rules of a host: the system's or a session's."""
    return embedded(None if host is None else _privileged(host.uri))


def _privileged(uri: str) -> bool | None:
    return {"system": True, "session": False}.get(uri.partition("?")[0].rpartition("/")[2])


def trial(spec: DomainSpec, host: "Host | None" = None, timeout: float = 60) -> Trial:
    """Ask a private libvirt, or the host where there is none: see `Host.trial`.

    Raises
    ------
    FieldError
        If the definition has a name that must not reach libvirt.
    NoAnswer
        If the deadline passes.
    """
    try:
        check_name(spec.name)
    except ValueError as error:
        raise FieldError(f"name: {error}") from None
    known = _host_facts(host)
    emulator = spec.devices.emulator
    listed = known.get("emulators")
    if emulator and listed is not None and emulator not in listed:
        return Trial(
            spec, tried=False, message=f"{emulator} is no emulator that {_name(host)} lists, so it is not run."
        )
    private = _private(host)
    try:
        private.ask(timeout, ask="hello") if not private.is_warm else None
    except HostError as error:
        return _asked_of_the_host(spec, host, known, str(error))
    own = host_capabilities(private.hello["capabilities"])
    if emulator and listed is None and emulator not in (own["emulators"] or ()):
        return Trial(spec, tried=False, message=f"{emulator} is no emulator that libvirt lists here, so it is not run.")
    return _Attempt(spec, host, private, own, timeout).run()


class _Attempt:
    """One trial with the private libvirt."""

    def __init__(
        self, spec: DomainSpec, host: "Host | None", private: Embedded, own: dict[str, Any], timeout: float
    ) -> None:
        self._spec = spec
        self._host = host
        self._private = private
        self._timeout = timeout
        self._notes: list[str] = []
        self._kvm = bool(own["kvm"])
        self._tried = spec.copy()
        if _is_uuid(spec.uuid):
            self._tried.uuid = None  # no trial is to be taken for another's
        if (emulator := spec.devices.emulator) and emulator not in (own["emulators"] or ()):
            self._tried.devices.emulator = None
            self._notes.append(f"{emulator} is not on this machine; it was tried with the emulator that is here.")

    def run(self) -> Trial:
        """Define, read, forget; then ask for the command line."""
        if self._tried.type == "test" or (self._tried.type == "kvm" and not self._kvm):
            self._emulate()
        answer = self._define(validate=True)
        if NO_SUCH in answer.get("message", "") and self._tried.type in OTHERWISE:
            self._emulate()
            answer = self._define(validate=True)
        trust = tuple(_trust(self._spec, self._host, self._private.hello))
        if "stored" in answer:
            stored, differences = self._read(answer["stored"])
            result = Trial(self._spec, True, True, differences=differences, stored=stored, trust=trust)
            return self._with_command(result, answer["stored"])
        check = CHECKS.get(answer["code"], "libvirt")
        result = Trial(self._spec, True, False, check, f"{answer['message'].strip().rstrip('.')}.", trust=trust)
        if answer["code"] == libvirt.VIR_ERR_XML_INVALID_SCHEMA:
            result = replace(result, message=_culprit(self._spec) or result.message)
            unchecked = self._define(validate=False)
            if "stored" in unchecked:
                stored, differences = self._read(unchecked["stored"])
                result = replace(result, differences=differences, stored=stored)
        return replace(result, neutralised=tuple(self._notes))

    def _emulate(self) -> None:
        """Try it as a machine that QEMU runs everywhere."""
        self._notes.append(OTHERWISE[str(self._tried.type)])
        self._tried.type = "qemu"

    def _define(self, *, validate: bool) -> dict[str, Any]:
        return self._private.ask(self._timeout, ask="define", xml=self._tried.to_xml(), validate=validate)

    def _read(self, text: str) -> tuple[DomainSpec, tuple[Difference, ...]]:
        """What libvirt would keep, and how that differs from what was given."""
        stored = DomainSpec.from_xml(text)
        stored.uuid = self._spec.uuid
        stored.type = self._spec.type
        if self._spec.devices.emulator:
            stored.devices.emulator = self._spec.devices.emulator
        return stored, tuple(self._spec.diff(stored))

    def _with_command(self, result: Trial, text: str) -> Trial:
        """The command line, with nothing in the definition for which libvirt would make a device of the host's."""
        bare = DomainSpec.from_xml(text)
        notes = [*self._notes, *_leave_interfaces_out(bare)]
        answer = self._private.ask(self._timeout, ask="native", xml=bare.to_xml())
        if "native" not in answer:
            notes.append(f"There is no command line: {answer['message'].strip().rstrip('.')}.")
            return replace(result, neutralised=tuple(notes))
        # What only a start on the host decides is not to be taken for the host's own.
        native = answer["native"].replace(self._private.hello["root"], HOST)
        if made := bare.uuid:
            native = native.replace(made, self._spec.uuid or "[uuid]")
        notes.append(f"{HOST} and [uuid] stand for what the host decides.")
        command = CommandLine.of(native, DomainSpec.from_xml(text), notes)
        return replace(result, command=command, neutralised=tuple(notes))


def _is_uuid(text: str | None) -> bool:
    try:
        return text is not None and bool(UUID(text.strip()))
    except ValueError:
        return False


def _culprit(spec: DomainSpec) -> str:
    """What libvirt's schema truly has against a definition."""
    found = [finding for finding in spec.findings().errors if finding.id == SCHEMA]
    return " ".join(finding.what for finding in found[:3])


def _host_facts(host: "Host | None") -> dict[str, Any]:
    """What the host lists of itself; nothing for one that is simulated."""
    if host is None or host.uri.startswith("test"):
        return {}
    return host_capabilities(host.ask("reading its capabilities", lambda connection: connection.getCapabilities()))


def _name(host: "Host | None") -> str:
    return host.name if host else "this machine"


def _trust(spec: DomainSpec, host: "Host | None", hello: dict[str, Any]) -> list[str]:
    """Why the host may do otherwise."""
    ours = hello["libvirt"], hello["qemu"]
    said = [f"Tried with libvirt {_version(ours[0])} and QEMU {_version(ours[1])} of this machine."]
    if host is not None:
        if host.uri.startswith("test"):
            said.append(f"{host.name} is simulated: libvirt's test driver takes what the QEMU driver refuses.")
        else:
            theirs = host.ask("reading its version", lambda connection: connection.getLibVersion())
            if theirs != ours[0]:
                said.append(f"{host.name} has libvirt {_version(theirs)}, which may know more or less.")
        wanted = _privileged(host.uri)
        if wanted is not None and wanted != hello["privileged"]:
            rules = "a user's session" if wanted else "the system's libvirt"
            said.append(f"Tried by the rules of {rules}, which {host.name} is not.")
    if any(each.type == "network" for each in spec.devices.interfaces):
        said.append("Whether its networks are there shows when it starts.")
    if any(disk.file or disk.dev for disk in spec.devices.disks):
        said.append("Whether its images are there, and may be opened, shows when it starts.")
    if len(spec.devices.hostdevs):
        said.append("Whether its host devices are there, and free, shows when it starts.")
    return said


def _leave_interfaces_out(spec: DomainSpec) -> list[str]:
    """Take every interface out of a definition, and say so: libvirt would make a device of the host for most."""
    said = []
    for number, interface in enumerate(list(spec.devices.interfaces), 1):
        said.append(f"Interface {number} ({interface.type}) is left out, as all are: most would make a tap device.")
        spec.devices.interfaces.remove(interface)
    return said


def _version(number: int) -> str:
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"


def _asked_of_the_host(spec: DomainSpec, host: "Host | None", known: dict[str, Any], why: str) -> Trial:
    """Ask the host itself for the command line, which checks all but the schema and stores nothing."""
    if host is None or not host.writable or not known:
        return Trial(spec, tried=False, message=why if INSTALL in why else f"{why} {INSTALL}.")
    emulator = spec.devices.emulator
    if emulator and emulator not in (known["emulators"] or ()):
        return Trial(spec, tried=False, message=f"{emulator} is no emulator that {host.name} lists, so it is not run.")
    bare = spec.copy()
    bare.uuid = None
    notes = _leave_interfaces_out(bare)
    text = bare.to_xml()
    trust = ("The host was asked for the command line alone: its schema, and what it adds, are not known.",)
    try:
        native = host.ask(
            "asking for the command line", lambda connection: connection.domainXMLToNative("qemu-argv", text)
        )
    except Refused as error:
        return Trial(spec, True, False, "libvirt", str(error), trust=trust, neutralised=tuple(notes))
    command = CommandLine.of(native, bare, notes)
    return Trial(spec, True, True, command=command, trust=trust, neutralised=tuple(notes))


def command_line(spec: DomainSpec, parts: tuple[str, ...], host: "Host | None" = None) -> CommandLine:
    """QEMU's command line for a definition: see `DomainSpec.qemu`.

    Raises
    ------
    Refused
        If libvirt refuses the definition.
    HostError
        If nobody can be asked.
    """
    found = trial(spec, host)
    if not found.tried:
        raise HostError(str(found))
    if found.command is None:
        said = str(found) if not found.accepted else " ".join(found.neutralised)
        raise Refused(f"There is no command line. {said}")
    return found.command.only(*parts) if parts else found.command
