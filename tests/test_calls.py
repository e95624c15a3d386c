"""Calls that lack an argument, and sums that start with none, say what to write."""

from __future__ import annotations

import inspect
import pickle
from datetime import timedelta
from typing import Any

import attrs
import pytest

import cxscore as cx
from cxscore import sample

DESK = sample.helpdesk(conversations=20)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cx.ScoreTally.of([9]), r"ScoreTally\.of needs the argument scale .*scale=cx\.NPS_0_10"),
        (lambda: cx.ScoreTally.of(), r"ScoreTally\.of needs the argument data"),
        (lambda: cx.ScoreTally.from_counts({5: 1}), r"from_counts needs the argument scale"),
        (lambda: cx.BusinessHours({"mon": []}), r"BusinessHours.* needs the argument tz .*tz=\"Europe/Berlin\""),
        (lambda: cx.BusinessHours(tz="UTC"), "needs the argument weekly"),
        (lambda: cx.nps(), "nps needs the argument answers"),
        (lambda: cx.low_scores(DESK.responses), "low_scores needs the argument scale"),
    ],
)
def test_what_is_lacking_is_named(call: Any, message: str) -> None:
    with pytest.raises(cx.ArgumentTypeError, match=message) as caught:
        call()
    assert caught.value.argument in message


def test_whole_calls_go_through() -> None:
    assert cx.ScoreTally.of([9], cx.NPS_0_10) == cx.ScoreTally.of(data=[9], scale=cx.NPS_0_10)
    hours = cx.BusinessHours({"mon": ["09:00-10:00"]}, tz="UTC")
    assert hours == pickle.loads(pickle.dumps(hours)) == attrs.evolve(hours)
    assert "tz" in inspect.signature(cx.BusinessHours).parameters


@pytest.mark.parametrize(
    "tally",
    [
        cx.ScoreTally.of([9], cx.NPS_0_10),
        cx.DurationTally.of(DESK.conversations),
        cx.RepeatTally.of(DESK.contacts, window=timedelta(days=3)),
    ],
    ids=lambda tally: type(tally).__name__,
)
def test_a_sum_needs_a_start(tally: Any) -> None:
    name = type(tally).__name__
    for start in (0, "", None):
        with pytest.raises(cx.ArgumentTypeError, match=rf"sum\(tallies, start=cx\.{name}\.empty\(\.\.\.\)\)"):
            start + tally
    with pytest.raises(cx.ArgumentTypeError, match="start"):
        sum([tally])
    assert tally == sum([tally], start=tally.emptied())
