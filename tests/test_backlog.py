"""The backlog against a walk over every conversation, and against tables counted by hand."""

from __future__ import annotations

import pickle
import statistics
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cxscore as cx
from cxscore import sample
from cxscore._core import backlog as core

START = datetime(2026, 3, 2)
HOUR = timedelta(hours=1)


def midpoint(values: list[Any], q: float) -> Any:
    """The inverse of the distribution function, with the midpoint where it is flat."""
    values = sorted(values)
    place = round(len(values) * q, 9)
    if place == int(place) and 0 < place < len(values):
        return (values[int(place) - 1] + values[int(place)]) / 2
    return values[min(int(np.ceil(place)), len(values)) - 1]


def ended(ticket: cx.Conversation) -> datetime:
    return min(ticket.resolved_at or datetime.max, ticket.abandoned_at or datetime.max)


def slow_backlog(tickets: list[cx.Conversation], as_of: datetime) -> list[tuple[Any, ...]]:
    """One row a day, by looking at every conversation on each of them; naive instants."""
    rows = []
    midnight = datetime.min.time()
    day = min(ticket.opened_at for ticket in tickets).date()
    last_seen = as_of if any(as_of in (t.opened_at, ended(t)) for t in tickets) else as_of - timedelta.resolution
    while datetime.combine(day, midnight) <= last_seen:
        begin = datetime.combine(day, midnight)
        end = begin + timedelta(days=1)
        seen = min(end, as_of)
        open_ones = [t for t in tickets if t.opened_at < end and (ended(t) >= end or ended(t) > as_of)]
        ages = [seen - t.opened_at for t in open_ones]
        rows.append(
            (
                day,
                sum(begin <= t.opened_at < end for t in tickets),
                sum(t.resolved_at == ended(t) and begin <= ended(t) < end and ended(t) <= as_of for t in tickets),
                len(open_ones),
                sum(t.first_resolved_at is not None and t.first_resolved_at < end and t.first_resolved_at <= as_of
                    for t in open_ones),
                midpoint(ages, 0.5) if ages else None,
                midpoint(ages, 0.9) if ages else None,
                max(ages, default=None),
            )
        )  # fmt: skip
        day += timedelta(days=1)
    return rows


@st.composite
def tickets(draw: st.DrawFn) -> list[cx.Conversation]:
    def one(i: int) -> cx.Conversation:
        opened = START + draw(st.integers(0, 120)) * HOUR
        took = draw(st.one_of(st.none(), st.integers(0, 90)))
        first = None if took is None else draw(st.one_of(st.none(), st.integers(0, took)))
        gone = draw(st.one_of(st.none(), st.none(), st.integers(0, 90)))
        return cx.Conversation(
            id=i,
            opened_at=opened,
            resolved_at=None if took is None else opened + took * HOUR,
            first_resolved_at=None if first is None else opened + first * HOUR,
            abandoned_at=None if gone is None else opened + gone * HOUR,
            channel=draw(st.sampled_from(["chat", "mail"])),
        )

    return [one(i) for i in range(draw(st.integers(1, 12)))]


@given(tickets(), st.integers(0, 220))
def test_every_day_is_what_a_walk_over_the_conversations_says(given_tickets: list[cx.Conversation], hours: int) -> None:
    as_of = START + hours * HOUR
    known = [ticket for ticket in given_tickets if ticket.opened_at <= as_of]
    result = cx.backlog(given_tickets, tz="UTC", as_of=as_of)
    assert (len(given_tickets), len(known)) == (result.given, result.n)
    expected = slow_backlog(known, as_of) if known else []
    assert expected == [
        (day.start, day.opened, day.resolved, day.open, day.reopened or 0, day.median_age, day.p90_age, day.longest_age)
        for day in result
    ]
    before = 0
    for place, day in enumerate(result):
        assert before + day.opened - day.resolved - day.abandoned == day.open
        before = day.open
        open_ones = list(result.open_conversations(place))
        assert day.open == len(open_ones)
        assert open_ones == sorted(open_ones, key=lambda ticket: ticket.opened_at)
    assert result.open == before


@settings(max_examples=25)
@given(tickets())
def test_groups_are_backlogs_of_their_rows(given_tickets: list[cx.Conversation]) -> None:
    as_of = START + 220 * HOUR
    groups = cx.backlog(given_tickets, tz="UTC", by="channel", as_of=as_of)
    assert groups.overall == cx.backlog(given_tickets, tz="UTC", as_of=as_of)
    for channel, result in groups.items():
        own = cx.backlog([t for t in given_tickets if t.channel == channel], tz="UTC", as_of=as_of)
        shown = [{**day.to_dict(), "reopened": 0} for day in result[-len(own) :]]
        assert [{**day.to_dict(), "reopened": 0} for day in own] == shown  # their first day is that of all
        assert groups.rest(channel).open + result.open == groups.overall.open
    assert [result.open for result in groups.values()] == groups.scores.tolist()


@given(st.integers(0, 2**32), st.integers(1, 1_500), st.integers(1, 12))
def test_order_statistics_of_the_open_ones(seed: int, n: int, periods: int) -> None:
    rng = np.random.default_rng(seed)
    begin = np.sort(rng.integers(0, periods, n))
    end = np.minimum(begin + rng.integers(0, 4, n), periods)
    open_at = [np.flatnonzero((begin <= period) & (end > period)) for period in range(periods)]
    ranks = np.array([[rng.integers(0, len(rows) + 1) for rows in open_at] for _ in range(3)])
    expected = [[-1 if r == 0 else rows[r - 1] for r, rows in zip(row, open_at, strict=True)] for row in ranks]
    assert expected == core.oldest(begin, end, ranks).tolist()


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40))
def test_the_median_is_the_usual_one(values: list[int]) -> None:
    low, high = core.ranks_of_quantile(np.array([len(values)]), 1, 2)
    ordered = sorted(values)
    assert statistics.median(values) == (ordered[low[0] - 1] + ordered[high[0] - 1]) / 2


DAYS = cx.Conversations(
    id=[1, 2, 3, 4, 5, 5],
    opened_at=[START + 9 * HOUR, START + 15 * HOUR, START + 34 * HOUR, START, START, START],
    resolved_at=[START + 33 * HOUR, None, None, None, None, START + 24 * HOUR],
    first_resolved_at=[START + 20 * HOUR, None, START + 40 * HOUR, None, None, None],
    abandoned_at=[None, START + 47 * HOUR, None, None, None, None],
    status=["solved", None, None, "spam", None, None],
    channel=["chat", "mail", None, "chat", "mail", "mail"],
    tz="Europe/Berlin",
)


def test_a_table_counted_by_hand() -> None:
    result = cx.backlog(DAYS, as_of=START + 60 * HOUR)
    assert (6, 4, {"superseded": 1, "spam": 1}) == (result.given, result.n, dict(result.left_out))
    first, second, third = result
    assert (date(2026, 3, 2), 3, 0, 0, 3, 1) == (
        first.start, first.opened, first.resolved, first.abandoned, first.open, first.reopened,
    )  # fmt: skip
    # Ages at midnight: 15, 9 and 24 hours; the third ends exactly then, which is the next day.
    assert (15 * HOUR, 24 * HOUR, 24 * HOUR) == (first.median_age, first.p90_age, first.longest_age)
    assert (1, 2, 1, 1, 1) == (second.opened, second.resolved, second.abandoned, second.open, second.reopened)
    assert (0, 0, 1, 26 * HOUR) == (third.opened, third.resolved, third.open, third.median_age)
    assert [False, False, True] == [day.incomplete for day in result]
    assert [3] == [ticket.id for ticket in result.open_conversations()]
    assert [5, 1, 2] == [ticket.id for ticket in result.open_conversations(date(2026, 3, 2))]
    assert [5, 1, 2] == [ticket.id for ticket in result.open_conversations(0)]
    assert datetime(2026, 3, 4, 11, tzinfo=UTC) == result.as_of
    assert result.signature == "cxscore|backlog|period:day@Europe/Berlin|v:1 ; missing:drop|invalid:raise"


def test_a_cut_where_a_day_begins_shows_nothing_of_it() -> None:
    assert [False, False] == [day.incomplete for day in cx.backlog(DAYS, as_of=START + 48 * HOUR)]
    with_event = cx.backlog(DAYS, as_of=START + 24 * HOUR)  # a resolution at that instant
    assert [(3, False), (2, True)] == [(day.open, day.incomplete) for day in with_event]


def test_what_happened_after_the_cut_is_not_known_yet() -> None:
    result = cx.backlog(DAYS, as_of=START + 20 * HOUR)
    assert 3 == result[-1].open
    assert 1 == result.left_out["after_as_of"]


def test_units_and_clock_changes() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    opened = datetime(2026, 3, 28, 12, tzinfo=berlin)
    spring = cx.backlog([cx.Conversation(id=1, opened_at=opened)], tz="Europe/Berlin", as_of=opened + timedelta(days=3))
    assert [12 * HOUR, 35 * HOUR, 59 * HOUR] == [day.longest_age for day in spring][:3]  # 2026-03-29 has 23 hours
    desk = sample.helpdesk(conversations=200, seed=1)
    for every, starts in (("week", "sun"), ("month", "mon"), ("quarter", "mon"), ("year", "mon")):
        result = cx.backlog(desk.conversations, every=every, tz="Europe/Berlin", as_of=desk.as_of, week_starts=starts)  # type: ignore[call-overload]  # literals in a loop
        assert result.n == sum(part.opened for part in result)
        assert result.open == cx.backlog(desk.conversations, tz="UTC", as_of=desk.as_of).open
    fiscal = cx.backlog(desk.conversations, every="year", tz="Europe/Berlin", as_of=desk.as_of, year_starts=4)
    assert [date(2025, 4, 1)] == [year.start for year in fiscal]
    assert "|period:year-4@Europe/Berlin|" in fiscal.signature


def test_nothing_to_count() -> None:
    for nothing in ([], cx.Conversations(id=[1], opened_at=[START], status="spam", tz="UTC")):
        result = cx.backlog(nothing)
        assert (0, 0, []) == (len(result), result.open, list(result))
        assert "open 0 (n=0)" == str(result)
    with pytest.raises(cx.UnknownNameError, match="there are none"):
        result.open_conversations()
    assert [] == list(cx.backlog([], by="channel"))


@pytest.mark.parametrize(
    ("conversations", "options", "error", "words"),
    [
        (DAYS, {"every": "hour"}, cx.UnknownNameError, "every must be one of 'day'"),
        (DAYS, {"week_starts": 1}, cx.ArgumentTypeError, "week_starts must be one of"),
        (DAYS, {"year_starts": 0}, cx.ArgumentValueError, "year_starts must be a month"),
        (DAYS, {"missing": "keep"}, cx.UnknownNameError, "missing must be one of"),
        (DAYS, {"tz": "Bonn"}, cx.UnknownNameError, "IANA"),
        (DAYS, {"window": 3}, cx.ArgumentTypeError, "no argument window"),
        ([1, 2], {}, cx.ArgumentTypeError, "conversations must be Conversation records"),
        ([cx.Conversation(id=1, opened_at=START)], {}, cx.MixedTimeZonesError, "naive instants and no zone.*tz="),
        (
            [cx.Conversation(id=1, opened_at=START.replace(tzinfo=UTC))], {}, cx.MixedTimeZonesError,
            "aware instants and no zone",
        ),
        (
            [cx.Conversation(id=1, opened_at=START, resolved_at=START - HOUR)], {"tz": "UTC"}, cx.InvalidValueError,
            "resolved_at must not lie before opened_at",
        ),
    ],
)  # fmt: skip
def test_wrong_arguments_are_explained(
    conversations: Any, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        cx.backlog(conversations, **options)


def test_invalid_and_missing_rows_are_counted() -> None:
    table = cx.Conversations(
        id=[1, 2, 3], opened_at=[START, START, None], resolved_at=[START - HOUR, None, None], tz="UTC"
    )
    result = cx.backlog(table, invalid="drop")
    assert ({"invalid": 1, "missing": 1}, 1) == (dict(result.left_out), result.n)
    with pytest.raises(cx.MissingValueError):
        cx.backlog(table, invalid="drop", missing="raise")


def test_a_period_that_is_not_there() -> None:
    result = cx.backlog(DAYS, as_of=START + 60 * HOUR)
    for period in (3, -4, True, "2026-03-02", date(2026, 3, 9)):
        with pytest.raises(cx.UnknownNameError, match="2026-03-02 to 2026-03-04"):
            result.open_conversations(period)  # type: ignore[arg-type]  # one of them is no place


def test_a_backlog_is_a_value() -> None:
    result = cx.backlog(DAYS, as_of=START + 60 * HOUR)
    again = pickle.loads(pickle.dumps(result))
    assert result == again
    assert hash(result) == hash(again)
    assert [3] == [ticket.id for ticket in again.open_conversations()]
    assert result != cx.backlog(DAYS, as_of=START + 61 * HOUR)
    assert (result[0], result[1]) == result[:2]
    frame = pd.DataFrame(result.to_dicts())
    assert [3, 1, 1] == frame["open"].tolist()
    assert [54_000.0, 50_400.0, 93_600.0] == frame["median_age_seconds"].tolist()
    plain = result.to_dict()
    assert plain["periods"] == result.to_dicts()
    assert "2026-03-04T11:00:00+00:00" == plain["as_of"]
    page = result._repr_html_()
    assert "<td>2026-03-04 (incomplete)</td>" in page
    assert "earlier" not in page
    assert "after 46 earlier ones" in cx.backlog(DAYS, as_of=START + timedelta(days=60))._repr_html_()


def test_groups_of_backlogs() -> None:
    groups = cx.backlog(DAYS, by="channel", as_of=START + 60 * HOUR)
    assert ["chat", "mail", None] == list(groups)
    assert {"chat": 2, "mail": 3, None: 1} == {channel: result.given for channel, result in groups.items()}
    assert [0, 0, 1] == groups.scores.tolist()
    assert "mail: open 0 (n=2)" in str(groups)
    with pytest.raises(cx.MergeError, match="no tally"):
        groups.tally  # noqa: B018
    with pytest.raises(cx.MergeError, match="no tally"):
        groups.tallies  # noqa: B018
    with pytest.raises(cx.ArgumentTypeError):
        groups._evidence  # noqa: B018
