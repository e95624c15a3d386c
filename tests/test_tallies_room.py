"""The room of tallies: names are loaded on first use and listed all the same."""

from __future__ import annotations

import pytest

import cxscore as cx


def test_the_room_lists_what_it_loads_on_first_use() -> None:
    assert ["DurationTally", "RepeatTally", "ScoreTally"] == dir(cx.tallies) == sorted(cx.tallies.__all__)
    for name in dir(cx.tallies):
        assert getattr(cx, name) is getattr(cx.tallies, name)


def test_an_unknown_tally_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'MoodTally'"):
        cx.tallies.MoodTally  # noqa: B018  # looking it up is the point


def test_a_count_a_point_is_asked_of_every_column() -> None:
    points = len(cx.NPS_0_10.points)
    with pytest.raises(cx.LengthError, match="squares must have one number for each of the 11 points"):
        cx.ScoreTally(scale=cx.NPS_0_10, counts=[1] * points, sums=(1.0,) * points, squares=(1.0,))
