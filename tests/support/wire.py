"""A wire to a daemon that can be made to fall silent, as a network does: nothing arrives, and nothing is closed."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def wire(port: int) -> Iterator[tuple[int, Callable[[], None]]]:
    """Relay a TCP port of this machine until the block ends.

    The daemon behind it may get what was held back when the block ends: give it one of its own.

    Parameters
    ----------
    port
        Where the daemon listens.

    Yields
    ------
    port, silence
        The port to connect to instead, and what silences the connections that are open through it now; later ones
        are relayed.
    """
    gates: list[threading.Event] = []
    ends: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server, port, gates, ends), daemon=True).start()
        try:
            yield server.getsockname()[1], lambda: _close(gates)
        finally:
            for each in (server, *ends):
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for it; closing would not
            for gate in gates:
                gate.set()
            for end in ends:
                end.close()


def _close(gates: list[threading.Event]) -> None:
    for gate in gates:
        gate.clear()


def _serve(server: socket.socket, port: int, gates: list[threading.Event], ends: list[socket.socket]) -> None:
    """Relay each connection, both ways."""
    with contextlib.suppress(OSError):
        while True:
            near, _ = server.accept()
            far, gate = socket.create_connection(("127.0.0.1", port)), threading.Event()
            gate.set()
            gates.append(gate)
            ends.extend((near, far))
            for pair in ((near, far), (far, near)):
                threading.Thread(target=_relay, args=(*pair, gate), daemon=True).start()


def _relay(source: socket.socket, sink: socket.socket, gate: threading.Event) -> None:
    """Hand on what arrives, and its end; hold it back while the gate is closed."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            gate.wait()
            sink.sendall(data)
        gate.wait()
        sink.shutdown(socket.SHUT_WR)
