"""Rolling windows: the same as measuring the rows of the window, without counting again."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cxscore as cx
from cxscore import sample

START = datetime(2026, 1, 5)
DESK = sample.helpdesk(conversations=300, seed=3)
WEEK = cx.period("at", "week", tz="Europe/Berlin")


def unsigned(result: Any) -> dict[str, Any]:
    """The figures; how many people they come from is not known of several groups together."""
    return {name: value for name, value in result.to_dict().items() if name not in ("signature", "respondents")}


def alike(one: Any, other: Any) -> bool:
    """Whether two dicts of figures say the same, but for the last bits of sums in another order."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[name], other[name]) for name in one)
    if isinstance(one, float) and isinstance(other, (int, float)):
        return one == pytest.approx(other, rel=1e-9, abs=1e-9)
    return one == other


def days(rows: list[tuple[int, int, str]]) -> list[datetime]:
    return [START + timedelta(days=day) for _, day, _ in rows]


rows = st.lists(
    st.tuples(st.integers(0, 10), st.integers(0, 40), st.sampled_from(["a", "b"])), min_size=1, max_size=40
)  # fmt: skip


@settings(max_examples=25)
@given(rows, st.integers(1, 4))
def test_a_window_is_what_its_rows_give(given_rows: list[tuple[int, int, str]], size: int) -> None:
    scores = np.array([score for score, _, _ in given_rows])
    weights = np.arange(len(scores)) + 1.0
    weeks = cx.period(days(given_rows), "week", tz="UTC")
    groups = cx.nps(scores, by=weeks, weights=weights)
    found = cx.rolling(groups, size)
    assert max(len(groups) - size + 1, 0) == len(found)
    for key, result in found.items():
        inside = (weeks.first_days <= np.datetime64(key)) & (
            weeks.first_days > np.datetime64(key - timedelta(weeks=size))
        )
        expected = cx.nps(scores[inside], weights=weights[inside])
        assert alike(unsigned(expected), unsigned(result))
        assert alike(unsigned(cx.nps(scores[~inside], weights=weights[~inside])), unsigned(found.rest(key)))
    assert unsigned(groups.overall) == unsigned(found.overall)
    np.testing.assert_allclose(found.scores, [result.score for result in found.values()])
    np.testing.assert_allclose(found.column("interval.low"), [result.interval.low for result in found.values()])
    assert [result.n for result in found.values()] == found.column("n").tolist()


@given(rows)
def test_every_other_key_rolls_for_itself(given_rows: list[tuple[int, int, str]]) -> None:
    scores, labels = [score for score, _, _ in given_rows], [label for _, _, label in given_rows]
    weeks = cx.period(days(given_rows), "week", tz="UTC")
    for place, by in enumerate(([weeks, labels], [labels, weeks])):
        found = cx.rolling(cx.csat(scores, scale=cx.CSAT_0_10, by=by), 2)
        assert sorted(found) == list(found)
        for label in set(labels):
            own = [i for i, one in enumerate(labels) if one == label]
            alone = cx.csat(
                [scores[i] for i in own], scale=cx.CSAT_0_10, by=weeks.of([days(given_rows)[i] for i in own])
            )
            for key, result in cx.rolling(alone, 2).items():
                assert alike(unsigned(result), unsigned(found[(key, label) if place == 0 else (label, key)]))


def test_clusters_are_not_added_up() -> None:
    responses = cx.Responses(
        score=[9, 3, 10, 2],
        respondent=["a", "b", "a", "b"],
        at=[START + timedelta(weeks=i) for i in range(4)],
        tz="UTC",
    )
    groups = cx.nps(responses, by=cx.period("at", "week"), cluster="respondent")
    found = cx.rolling(groups, 4)
    (whole,) = found.values()
    expected = cx.nps(responses, cluster="respondent")
    assert (expected.score, expected.interval) == (whole.score, whole.interval)
    assert [whole.score] == found.scores.tolist()


def test_waits_of_several_weeks_are_waits_and_no_means_of_percentiles() -> None:
    groups = cx.response_times(DESK.messages, conversations=DESK.conversations, by=WEEK, as_of=DESK.as_of)
    found = cx.rolling(groups, len(groups) - 1)  # the group of unresolved conversations is in no window
    (whole,) = found.values()
    assert groups.overall.first_response == whole.first_response
    assert groups.overall.reply == whole.reply
    assert groups.overall.resolution.n == whole.resolution.n
    assert groups.overall.resolution.waiting > whole.resolution.waiting == 0
    assert groups[None].resolution == found.rest(next(iter(found))).resolution


def test_repeats_of_several_weeks_know_their_customers() -> None:
    groups = cx.repeat_contacts(DESK.contacts, by=WEEK, as_of=DESK.as_of)
    found = cx.rolling(groups, len(groups))
    (whole,) = found.values()
    assert unsigned(groups.overall) == unsigned(whole)
    assert unsigned(cx.rolling(groups, 1)[list(groups)[2]]) == unsigned(groups[list(groups)[2]])


def test_response_rates_roll() -> None:
    weeks = cx.period([START, START + timedelta(weeks=1)], "week", tz="UTC")
    (both,) = cx.rolling(cx.response_rate([10, 20], [5, 4], by=weeks), 2).values()
    assert (30, 9) == (both.asked, both.answered)


def test_groups_from_elsewhere_roll_by_their_dates() -> None:
    tallies = {
        date(2026, month, 1): cx.ScoreTally.from_counts({10: month, 0: 1}, cx.NPS_0_10) for month in (1, 2, 3)
    }  # fmt: skip
    groups = cx.Groups.from_tallies(tallies, cx.nps)
    found = cx.rolling(groups, 2)
    assert {date(2026, 2, 1): 5, date(2026, 3, 1): 7} == {key: result.n for key, result in found.items()}
    assert cx.nps(tallies[date(2026, 1, 1)]).n == found.rest(date(2026, 3, 1)).n
    assert 0 == cx.rolling(groups, 3).rest(date(2026, 3, 1)).n
    named = cx.Groups.from_tallies({("chat", key): tally for key, tally in tallies.items()}, cx.nps)
    assert [("chat", date(2026, 3, 1))] == list(cx.rolling(named, 3))


def test_windows_say_what_they_are() -> None:
    groups = cx.nps([9, 3, 8], by=cx.period([START, START + timedelta(weeks=2), None], "week", tz="UTC"))
    assert (date(2026, 1, 19), None) == groups.incomplete
    found = cx.rolling(groups, 2)
    assert [date(2026, 1, 12), date(2026, 1, 19)] == list(found)
    assert (date(2026, 1, 19),) == found.incomplete
    assert found[date(2026, 1, 12)].signature.endswith("|rolling:2|period:week@UTC")
    assert found.names == groups.names
    assert groups.tally == found.tally
    with pytest.raises(cx.MergeError, match="overlap"):
        found.tallies  # noqa: B018
    with pytest.raises(cx.ArgumentTypeError, match="rolling windows, which overlap"):
        cx.trend(found)
    hidden = cx.rolling(groups.with_min_n(2), 2)
    assert "hidden" in str(hidden)
    assert [] == list(cx.rolling(groups, 9))
    assert [] == cx.rolling(groups, 9).scores.tolist()


@pytest.mark.parametrize(
    ("groups", "periods", "error", "words"),
    [
        (cx.nps([9]), 2, cx.ArgumentTypeError, "groups must be Groups by period"),
        (cx.nps([9], by=["a"]), 2, cx.ArgumentTypeError, "one key that is a period"),
        (cx.nps([9], by=[None]), 2, cx.ArgumentTypeError, "one key that is a period"),
        (cx.nps([9], by=[date(2026, 1, 1)]), 0, cx.ArgumentValueError, "periods must be a whole number of 1 or more"),
        (cx.nps([9], by=[date(2026, 1, 1)]), True, cx.ArgumentValueError, "periods must be a whole number"),
        (cx.outliers([9], by=[date(2026, 1, 1)]), 1, cx.ArgumentTypeError, "can be put together"),
    ],
)
def test_wrong_arguments_are_explained(groups: Any, periods: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        cx.rolling(groups, periods)


# -- what a window may be held against -------------------------------------------------------------------


def daily(days: list[date]) -> dict[date, cx.ScoreTally]:
    return {day: cx.ScoreTally.from_counts({10: 3 + day.day % 3, 0: 1}, cx.NPS_0_10) for day in days}


MARCH = [date(2026, 3, 1) + timedelta(days=i) for i in range(31)]


def test_a_window_is_a_plain_sum_and_is_compared_with_one() -> None:
    tallies = daily(MARCH)
    windows = cx.rolling(cx.Groups.from_tallies(tallies, cx.nps, unit="day"), 28)
    total = cx.nps(sum((tallies[day] for day in MARCH[-28:]), start=cx.ScoreTally.empty(cx.NPS_0_10)))
    last = windows[MARCH[-1]]
    assert last._signature.defined == total._signature.defined
    assert unsigned(last) == unsigned(total)
    assert cx.compare(total, last).estimate == 0.0
    assert cx.compare(last, windows[MARCH[-2]]).figure == "NPS"  # whoever compares two windows knows which
    # Time that was cut by the calendar is no other figure either; what a period belongs to is.
    weeks = cx.nps([9, 3, 8], by=cx.period([START, START + timedelta(weeks=1), None], "week", tz="UTC"))
    assert cx.compare(cx.nps([9]), next(iter(cx.rolling(weeks, 2).values()))).verdict == "no clear change"
    tickets = DESK.conversations
    opened = cx.response_times(
        tickets, by=cx.period("opened_at", "week", tz="UTC", anchor="opened"), as_of=DESK.as_of
    )  # fmt: skip
    assert "|anchor:opened|" in next(iter(cx.rolling(opened, 2).values()))._signature.defined


@pytest.mark.parametrize("judge", [cx.trend, cx.control_limits, cx.funnel])
def test_windows_are_not_judged_together_in_any_dress(judge: Any) -> None:
    windows = cx.rolling(cx.Groups.from_tallies(daily(MARCH), cx.nps, unit="day"), 4)
    for dressed in (windows, dict(windows), list(windows.values())):
        with pytest.raises(cx.ArgumentTypeError, match=r"share no rows to be judged together.*which overlap"):
            judge(dressed)
    ones = cx.rolling(cx.Groups.from_tallies(daily(MARCH), cx.nps, unit="day"), 1)
    assert judge(list(ones.values())).figure == "NPS"


def test_windows_are_in_order_of_time_whatever_order_the_tallies_came_in() -> None:
    tallies = daily(MARCH)
    back = cx.Groups.from_tallies(dict(reversed(tallies.items())), cx.nps)
    assert MARCH == list(back)
    assert MARCH[6:] == list(cx.rolling(back, 7))
    assert cx.trend(cx.Groups.from_tallies(tallies, cx.nps)) == cx.trend(back)


def test_a_gap_is_refused_or_filled_by_the_unit() -> None:
    every = [date(2026, 2, 1) + timedelta(days=i) for i in range(40)]
    tallies = daily([day for day in every if day.month == 2 or day.day > 10])
    gapped = cx.Groups.from_tallies(tallies, cx.nps)
    for judge in (lambda: cx.rolling(gapped, 7), lambda: cx.trend(gapped)):
        with pytest.raises(cx.ArgumentValueError, match=r"without a gap .*unit='day'"):
            judge()
    filled = cx.Groups.from_tallies(tallies, cx.nps, unit="day")
    assert 40 == len(filled)
    assert 0 == filled[date(2026, 3, 5)].n
    assert tallies[every[-1]].n + tallies[every[-2]].n == cx.rolling(filled, 7)[every[-1]].n
    found = cx.trend(filled)
    assert {date(2026, 3, day) for day in range(1, 11)} == set(found.skipped)
    assert 39 == found.rows[-1].position


def test_two_months_with_one_between_are_no_window() -> None:
    months = daily([date(2026, 1, 1), date(2026, 3, 1)])
    with pytest.raises(cx.ArgumentValueError, match="without a gap"):
        cx.rolling(cx.Groups.from_tallies(months, cx.nps), 2)
    filled = cx.rolling(cx.Groups.from_tallies(months, cx.nps, unit="month"), 2)
    assert [(date(2026, 2, 1), 5), (date(2026, 3, 1), 5)] == [(key, result.n) for key, result in filled.items()]


def test_dates_of_two_kinds_have_no_order() -> None:
    mixed: dict[Any, cx.ScoreTally] = {START: daily(MARCH)[MARCH[0]], **daily(MARCH[:2])}
    with pytest.raises(cx.ArgumentTypeError, match="all dates or all datetimes"):
        cx.rolling(cx.Groups.from_tallies(mixed, cx.nps), 2)
