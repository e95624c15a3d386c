"""All Hypothesis strategies in one place: answers, gaps, labels, weights, shards, tallies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import cxscore as cx

T = TypeVar("T")

PRESETS = [getattr(cx, name) for name in cx.scales.__all__ if name != "Scale"]

scales = st.sampled_from(PRESETS)
labels = st.sampled_from(["chat", "mail", "phone", None])
weights = st.floats(0.01, 100.0)
confidences = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])


def points(scale: cx.Scale) -> SearchStrategy[int]:
    """One answer on the scale."""
    return st.integers(scale.low, scale.high)


def answers(scale: cx.Scale, *, min_size: int = 0, max_size: int = 60) -> SearchStrategy[list[int]]:
    """Answers on the scale, none missing."""
    return st.lists(points(scale), min_size=min_size, max_size=max_size)


def gaps(scale: cx.Scale, *, max_size: int = 60) -> SearchStrategy[list[int | None]]:
    """Answers on the scale, some missing."""
    return st.lists(st.one_of(points(scale), st.none()), max_size=max_size)


def messy(scale: cx.Scale, *, max_size: int = 60) -> SearchStrategy[list[Any]]:
    """What real columns hold: answers, missing ones, sentinels, halves, infinities, words."""
    rubbish = st.sampled_from([-99, scale.low - 1, scale.high + 1, scale.low + 0.5, math.inf, 10**30, "ten", ""])
    missing = st.sampled_from([None, math.nan])
    return st.lists(st.one_of(points(scale), points(scale), missing, rubbish), max_size=max_size)


def rows(scale: cx.Scale, *, max_size: int = 60) -> SearchStrategy[list[tuple[Any, str | None]]]:
    """Messy answers, each with the label of its group."""
    return messy(scale, max_size=max_size).flatmap(
        lambda column: st.tuples(*[st.tuples(st.just(value), labels) for value in column]).map(list)
    )


@st.composite
def shards(draw: st.DrawFn, data: Sequence[T]) -> list[Sequence[T]]:
    """The same rows in consecutive parts, some of them empty."""
    edges = sorted(draw(st.lists(st.integers(0, len(data)), max_size=4)))
    return [data[start:stop] for start, stop in zip([0, *edges], [*edges, len(data)], strict=True)]


@st.composite
def tallies(draw: st.DrawFn, scale: cx.Scale, *, weighted: bool = False) -> cx.ScoreTally:
    """A tally with missing and invalid rows; weights are whole, so that sums of them are exact."""
    column = draw(messy(scale, max_size=25))
    given = None
    if weighted:
        given = draw(st.lists(st.integers(0, 9), min_size=len(column), max_size=len(column)))
    return cx.ScoreTally.of(column, scale, weights=given, invalid="drop")


@st.composite
def contacts(draw: st.DrawFn, *, max_size: int = 14) -> list[cx.Contact]:
    """Contacts of a few customers in a few days: some unknown, some overlapping, some that end before they start."""
    start = datetime(2026, 3, 1)
    hours = st.integers(0, 120)
    recorded = draw(st.booleans())
    length = st.one_of(st.none(), st.integers(0, 8), st.integers(-2, 60)) if recorded else st.none()
    rows = st.tuples(
        st.sampled_from([0, 1, 2, 2, None]), hours, length, st.sampled_from([None, "a", "b"]), st.booleans(),
        st.sampled_from(["chat", "mail", None]),
    )  # fmt: skip
    known = draw(st.booleans())  # without topics the chains take another path
    return [
        cx.Contact(
            customer=customer,
            at=start + timedelta(hours=hour),
            ended_at=None if last is None else start + timedelta(hours=hour + last),
            topic=topic if known else None,
            resolvable=resolvable,
            channel=channel,
        )
        for customer, hour, last, topic, resolvable, channel in draw(st.lists(rows, max_size=max_size))
    ]
