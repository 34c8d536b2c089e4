"""200 hosts at 20 ms of delay, against the slowest of them and against one alone.

The hosts are libvirt's test driver in a few daemons, each behind a relay that holds every packet back for 10 ms, both
ways.
"""

import asyncio
import shutil
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import phyllome_nb as ph
from phyllome_nb.capacity.fleet import FleetSnapshot
from phyllome_nb.host import fleet as fleets

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.libvirtd import SETTINGS, libvirtd

HOSTS, DAEMONS, DELAY = 200, 4, 0.010
MORE = "max_clients = 500\nmax_anonymous_clients = 500\nmax_workers = 40\n"


class Relay:
    """Ports that lead to daemons, each packet late."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def to(self, port: int) -> int:
        """The port to connect to instead."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(self._relay(reader, far_writer), self._relay(far_reader, writer))

        async def start() -> int:
            server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=HOSTS)
            number: int = server.sockets[0].getsockname()[1]
            return number

        return asyncio.run_coroutine_threadsafe(start(), self.loop).result()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self.loop.call_later(DELAY, writer.write, data)
        self.loop.call_later(DELAY, writer.close)


def timed(fleet: ph.Fleet, times: list[float]) -> tuple[FleetSnapshot, float]:
    """A snapshot, and how long it took; `times` gets the seconds of each host."""
    collect = fleets.Fleet._collect  # noqa: SLF001  (each host is timed where it is asked)

    def measured(self: ph.Fleet, host: str | ph.Host) -> fleets.Told:
        begun = time.perf_counter()
        told = collect(self, host)
        times.append(time.perf_counter() - begun)
        return told

    fleets.Fleet._collect = measured  # type: ignore[method-assign]  # noqa: SLF001
    try:
        begun = time.perf_counter()
        taken = fleet.snapshot()
        return taken, time.perf_counter() - begun
    finally:
        fleets.Fleet._collect = collect  # type: ignore[method-assign]  # noqa: SLF001


def main() -> None:
    """Print the figures."""
    base, relay = Path(tempfile.mkdtemp(prefix="nb-", dir="/tmp")), Relay()
    base.chmod(0o755)
    with ExitStack() as stack:
        daemons = [stack.enter_context(libvirtd(base / f"{each}", SETTINGS + MORE)) for each in range(DAEMONS)]
        ports = [relay.to(daemon.port) for daemon in daemons]
        uris = [f"test+tcp://127.0.0.1:{ports[each % DAEMONS]}/default?number={each}" for each in range(HOSTS)]
        for what in ("opening included", "open already"):
            if what == "opening included":
                alone_fleet, fleet = ph.Fleet(uris[:1], timeout=120), ph.Fleet(uris, timeout=120)
            _, alone = timed(alone_fleet, [])
            times: list[float] = []
            taken, whole = timed(fleet, times)
            print(f"{len(taken.snapshots)} hosts at 20 ms, {len(taken.failures)} failed, {what}")
            print(f"  one alone      {alone:6.2f} s")
            print(f"  the slowest    {max(times):6.2f} s")
            print(f"  all            {whole:6.2f} s  {whole / max(times):4.2f} x the slowest (goal 2)")
            print(f"                           {whole / alone:4.2f} x one alone")
        fleet.close()
        alone_fleet.close()
    shutil.rmtree(base)


if __name__ == "__main__":
    main()
