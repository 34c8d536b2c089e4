"""Calls that may block for ever, and a caller that may not.

The threads are daemons, for one that is stuck must not keep the process from ending; `concurrent.futures` joins its
own.
"""

import threading
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from typing import TypeVar

from phyllome_nb.errors import NoAnswer

__all__ = ["side_by_side", "within"]

T = TypeVar("T")
S = TypeVar("S")


def within(seconds: float, work: Callable[[], T], doing: str) -> T:
    """Run `work` in a thread and wait for its result, at most so many seconds.

    A call of libvirt's that blocks cannot be interrupted; its thread is left behind and does not
    keep the process from ending.

    Raises
    ------
    NoAnswer
        If the deadline passes first; `doing` says during what.

    Examples
    --------
    >>> within(1, lambda: 6 * 7, "multiplying")
    42
    """
    result: Future[T] = Future()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:  # noqa: BLE001  (it is raised where the result is awaited)
            # What was asked about is let go here, and not wherever somebody forgets the error.
            traceback.clear_frames(error.__traceback__)
            result.set_exception(error)

    threading.Thread(target=run, name=f"libvirt: {doing}", daemon=True).start()
    try:
        return result.result(seconds)
    except Late as late:
        if result.done():  # in the very last moment, or the work itself timed out
            return result.result()
        raise NoAnswer(f"No answer within {seconds:g} s while {doing}.") from late


def side_by_side(work: Callable[[S], T], items: Iterable[S], threads: int) -> list[T]:
    """What `work` makes of each item, in their order, so many at a time.

    Examples
    --------
    >>> side_by_side(str.upper, ["a", "b", "c"], 2)
    ['A', 'B', 'C']
    """
    waiting = [(item, Future[T]()) for item in items]
    left = iter(waiting)
    lock = threading.Lock()

    def take() -> None:
        while True:
            with lock:
                taken = next(left, None)
            if taken is None:
                return
            item, result = taken
            try:
                result.set_result(work(item))
            except BaseException as error:  # noqa: BLE001  (it is raised where the result is awaited)
                result.set_exception(error)

    for number in range(min(threads, len(waiting))):
        threading.Thread(target=take, name=f"libvirt: {number + 1} of {threads}", daemon=True).start()
    return [result.result() for _, result in waiting]
