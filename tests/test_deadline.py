"""within: the result, the error, or a sentence when neither comes in time."""

import threading
from functools import partial

import pytest

import phyllome_nb as ph
from phyllome_nb.host.deadline import within


def test_what_is_raised_in_time_is_raised_to_the_caller() -> None:
    """A TimeoutError of the work itself is not taken for the deadline."""
    for error in (TimeoutError("of the work"), KeyError("missing"), KeyboardInterrupt("of the work")):
        with pytest.raises(type(error)) as raised:
            within(5, partial(_fail, error), "failing")
        assert raised.value is error


def test_what_comes_too_late_is_given_up_and_named() -> None:
    """The sentence says how long it was waited and for what; the work is left to itself, and may end."""
    go, ended = threading.Event(), threading.Event()

    def slow() -> None:
        go.wait(20)
        ended.set()

    with pytest.raises(ph.errors.NoAnswer, match=r"No answer within 0\.1 s while waiting on demo\."):
        within(0.1, slow, "waiting on demo")
    go.set()
    assert ended.wait(20)


def _fail(error: BaseException) -> None:
    raise error
