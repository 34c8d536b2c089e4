"""What a safe write costs beside a plain one, and what two writers at once lose.

``change.py [ROUNDS]``: the second part makes so many rounds; 500 where it is left out.
"""

import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import libvirt

import phyllome_nb as ph
from phyllome_nb.errors import Conflict
from support.libvirtd import Daemon, libvirtd

TIMES = 60
XML = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE


def main(rounds: int) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="nb-", dir="/tmp") as made:  # a short name, for sockets
        scratch = Path(made)
        scratch.chmod(0o755)
        os.environ["XDG_STATE_HOME"] = str(scratch / "state")
        with libvirtd(scratch / "d") as daemon:
            host = ph.connect(daemon.uri, write=True)
            host.change(ph.profiles.linux(name="vm", type="qemu", network=None)).apply()
            times(host, daemon)
            two_writers(daemon, rounds)


def times(host: ph.Host, daemon: Daemon) -> None:
    """Each step, beside the calls that it cannot do without and beside virsh."""
    taken: dict[str, list[float]] = {"read": [], "apply": [], "undo": [], "XMLDesc + defineXML": [], "virsh": []}
    plain = libvirt.open(daemon.uri)
    file = daemon.base / "home/vm.xml"
    for turn in range(TIMES):
        with taking(taken["read"]):
            spec = host.domain("vm")
        spec.title = f"turn {turn}"
        change = host.change(spec)
        with taking(taken["apply"]):
            change.apply()
        with taking(taken["undo"]):
            change.undo()
        with taking(taken["XMLDesc + defineXML"]):
            plain.defineXML(plain.lookupByName("vm").XMLDesc(XML))
        if not shutil.which("virsh"):
            continue
        with taking(taken["virsh"]):
            text = virsh(daemon, "dumpxml", "--inactive", "--security-info", "vm")
            file.write_text(text)
            virsh(daemon, "define", str(file))
    plain.close()
    floor = median(taken["XMLDesc + defineXML"])
    for name, seconds in taken.items():
        if not seconds:
            print(f"{name:22} is not on this machine")
            continue
        print(
            f"{name:22} median {median(seconds) * 1e3:6.1f} ms = {median(seconds) / floor:5.1f} × XMLDesc + defineXML"
        )


@contextlib.contextmanager
def taking(seconds: list[float]):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Note how long the block takes."""
    begun = perf_counter()
    yield
    seconds.append(perf_counter() - begun)


def virsh(daemon: Daemon, *words: str) -> str:
    """What virsh prints."""
    command = ["virsh", "-q", "-c", daemon.uri, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def two_writers(daemon: Daemon, rounds: int) -> None:
    """Two add a number each to their own field, again and again: plainly, and by a change."""
    for name, write in (("read, compare, define", plainly), ("change.apply()", by_change)):
        connection = libvirt.open(daemon.uri)
        before = ph.DomainSpec.from_xml(connection.lookupByName("vm").XMLDesc(XML))
        before.title = before.description = "0"
        connection.defineXML(before.to_xml())
        told = [0, 0]
        threads = [threading.Thread(target=write, args=(daemon, number, rounds // 2, told)) for number in (0, 1)]
        begun = perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        now = ph.DomainSpec.from_xml(connection.lookupByName("vm").XMLDesc(XML))
        lost = sum(f" {turn}" not in f"{text} " for text in (now.title, now.description) for turn in range(rounds // 2))
        print(
            f"two writers, {rounds} rounds of {name}: {lost} edits lost, "
            f"{sum(told)} writes reported to have met another, {perf_counter() - begun:.0f} s"
        )
        connection.close()


def plainly(daemon: Daemon, number: int, rounds: int, _told: list[int]) -> None:
    """As careful as one can be without events: read again, compare, define."""
    connection = libvirt.open(daemon.uri)
    dice = random.Random(number)  # noqa: S311  (no secret)
    for turn in range(rounds):
        while True:
            text = connection.lookupByName("vm").XMLDesc(XML)
            spec = ph.DomainSpec.from_xml(text)
            add(spec, number, turn)
            sleep(dice.uniform(0, 0.02))
            if connection.lookupByName("vm").XMLDesc(XML) == text:
                connection.defineXML(spec.to_xml())
                break
    connection.close()


def by_change(daemon: Daemon, number: int, rounds: int, told: list[int]) -> None:
    """By a change; where somebody was first, begun anew."""
    host = ph.connect(daemon.uri, write=True)
    dice = random.Random(number)  # noqa: S311  (no secret)
    for turn in range(rounds):
        while True:
            spec = host.domain("vm")
            add(spec, number, turn)
            sleep(dice.uniform(0, 0.02))
            try:
                report = host.change(spec).apply()
            except Conflict:
                continue
            told[number] += "same moment" in str(report)
            break


def add(spec: ph.DomainSpec, number: int, turn: int) -> None:
    """Add a number to one's own field."""
    if number:
        spec.title = f"{spec.title} {turn}"
    else:
        spec.description = f"{spec.description} {turn}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
