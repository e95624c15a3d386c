"""Errors: one base, built-in classes beside it, facts as attributes that survive a pickle."""

from __future__ import annotations

import pickle

import pytest

import cxscore as cx
from cxscore import errors
from cxscore.errors import shown

CLASSES = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("error", CLASSES, ids=errors.__all__)
def test_every_error_is_caught_by_the_base_and_keeps_its_facts(error: type[cx.CxscoreError]) -> None:
    one = error("a message", argument="answers", found=(11,), positions=(3,), count=2)
    again = pickle.loads(pickle.dumps(one))
    for raised in (one, again):
        assert isinstance(raised, cx.CxscoreError)
        assert type(raised) is error
        assert (str(raised), raised.argument, raised.found) == ("a message", "answers", (11,))
        assert (raised.positions, raised.count) == ((3,), 2)


@pytest.mark.parametrize("error", CLASSES, ids=errors.__all__)
def test_facts_may_be_left_out(error: type[cx.CxscoreError]) -> None:
    one = error("a message")
    assert (one.argument, one.found, one.positions, one.count) == (None, None, (), 0)


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (cx.ArgumentTypeError, TypeError),
        (cx.ArgumentValueError, ValueError),
        (cx.UnknownNameError, ValueError),
        (cx.LengthError, ValueError),
        (cx.InvalidValueError, ValueError),
        (cx.ScaleError, cx.InvalidValueError),
        (cx.MissingValueError, ValueError),
        (cx.MixedTimeZonesError, ValueError),
        (cx.MergeError, ValueError),
        (cx.MissingDependencyError, ImportError),
        (cx.NotYetError, NotImplementedError),
    ],
)
def test_errors_are_also_what_python_would_raise(error: type[Exception], builtin: type[Exception]) -> None:
    assert issubclass(error, builtin)


def test_values_are_quoted_whole_unless_they_are_long() -> None:
    assert shown("ten") == "'ten'"
    assert shown(10**5000) == "a huge int"
    assert len(shown("x" * 10_000)) < 250
