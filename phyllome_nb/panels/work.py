"""Work that may take long, done beside the kernel, with a bar that shows how long it may still take."""

import atexit
import threading
import time
import traceback
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

import ipywidgets as w

from phyllome_nb.errors import DefinitionError, PhyllomeError
from phyllome_nb.html import Html, el

__all__ = ["ENDING", "SHOWING", "Work", "failure"]

T = TypeVar("T")

TICK = 0.1
"""Seconds between two looks."""
FAREWELL = 2
"""Seconds that work has to end when the process does: a thread that Python ends inside pandas takes all with it."""
ENDING = threading.Event()
"""Set when the process ends: what threads would still show is then sent by each of them at once, and garbled."""
SHOWING = threading.RLock()
"""Held by a thread of ours while it shows something, so that the end waits for that."""
_threads: "weakref.WeakSet[threading.Thread]" = weakref.WeakSet()


@atexit.register
def _let_end() -> None:
    """Let work that is nearly done end; what waits for a host is left behind."""
    ENDING.set()
    last = time.monotonic() + FAREWELL
    for thread in list(_threads):
        thread.join(max(last - time.monotonic(), 0))
    SHOWING.acquire(timeout=max(last - time.monotonic(), 0.1))


class Work:
    """A line that says what is being done and how it ended.

    ``widget`` is the line; ``idle`` is set while nothing runs. ``busy`` is whether the newest work has yet to say how
    it ended: what a person then presses must not be lost.
    """

    def __init__(self) -> None:
        self.idle = threading.Event()
        self.idle.set()
        self.busy = False
        self._lock = threading.Lock()
        self._newest = self._running = 0
        self._bar = w.FloatProgress(min=0, layout=w.Layout(width="8em", display="none"))
        self._text = w.HTML()
        self.widget = w.HBox([self._bar, self._text], layout=w.Layout(align_items="flex-start", flex="1 1 auto"))

    def say(self, message: Html) -> None:
        """Show how things stand."""
        self._text.value = el("div", message, role="status", aria_live="polite")

    def run(
        self,
        doing: str,
        most: float,
        work: Callable[[], T],
        done: Callable[[T], Html | None],
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        """Run `work` in a thread, then `done` with its result; what that returns is said last.

        Where there is an error, `failed` is run, then the error is said as one sentence.

        Where other work of this line is begun meanwhile, only the newest is heard of.

        Parameters
        ----------
        doing : str
            What is being done.
        most : float
            Seconds that it may take.
        work, done, failed : callable
            The work, and what follows it.
        """
        number = self._begin()
        self.busy = True
        self.say(el("span", f"{doing} …"))
        self._bar.max, self._bar.value = most, 0
        finished = threading.Event()

        def run() -> None:
            try:
                result = work()
                if self._is_heard(number):
                    self._tell(done(result))
            except Exception as error:  # noqa: BLE001  (shown to the person, with its traceback)
                if self._is_heard(number):
                    failed()
                    self._tell(failure(error))
            finally:
                finished.set()
                self._end(number)

        thread = threading.Thread(target=run, name=doing, daemon=True)
        _threads.add(thread)
        thread.start()
        threading.Thread(target=self._tick, args=(finished, number), name=f"{doing}: progress", daemon=True).start()

    def _is_heard(self, number: int) -> bool:
        """Whether anybody is to hear how this work ended."""
        return number == self._newest and not ENDING.is_set()

    def _tell(self, message: Html | None) -> None:
        """Say how it ended, once whoever reads that may go on."""
        self.busy = False
        if message is not None:
            self.say(message)

    def _begin(self) -> int:
        with self._lock:
            self._newest += 1
            self._running += 1
            self.idle.clear()
            return self._newest

    def _end(self, number: int) -> None:
        with self._lock:
            self._running -= 1
            if number == self._newest:
                self.busy = False
            if self._running == 0:
                self.idle.set()

    def _tick(self, finished: threading.Event, number: int) -> None:
        begun = time.monotonic()
        while not finished.wait(TICK) and self._is_heard(number):
            self._show_bar(number, "", time.monotonic() - begun)
        self._show_bar(number, "none", self._bar.value)

    def _show_bar(self, number: int, display: str, value: float) -> None:
        with SHOWING:
            if self._is_heard(number):
                self._bar.layout.display = display
                self._bar.value = value


def failure(error: Exception) -> Html:
    """One sentence that says what happened; the traceback is one click away where the person did not cause it."""
    if isinstance(error, DefinitionError):
        return el("div", str(error), class_="phy-error")
    known = isinstance(error, PhyllomeError)
    sentence = str(error) if known else f"Something in phyllome_nb went wrong: {type(error).__name__}: {error}."
    trace: Any = "".join(traceback.format_exception(error))
    details = el("details", el("summary", "Traceback"), el("pre", trace))
    return el("div", el("div", sentence, class_="phy-error"), details)
