"""Survey care: response rates against statsmodels and SciPy, latest answers, answers to follow up, whom to ask."""

from __future__ import annotations

import math
import pickle
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

import cxscore as cx

START = datetime(2026, 3, 2)
DAY = timedelta(days=1)


def responses(**columns: Any) -> cx.Responses:
    return cx.Responses(**{"score": [9], **columns}, tz="UTC")


# -- response rate ---------------------------------------------------------------------------------------


@given(st.integers(0, 400), st.integers(0, 400), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_interval_is_wilsons(one: int, other: int, confidence: float) -> None:
    answered, asked = sorted((one, other))
    result = cx.response_rate(asked, answered, confidence=confidence)
    assert (asked, answered, asked, asked) == (result.asked, result.answered, result.given, result.n)
    if not asked:
        assert math.isnan(result.rate)
        assert all(math.isnan(limit) for limit in result.interval)
        return
    assert answered / asked == result.rate
    expected = proportion_confint(answered, asked, alpha=1 - confidence, method="wilson")
    assert tuple(result.interval) == pytest.approx(expected, abs=1e-12)


def slow_flags(asked: list[int], answered: list[int], far: float = 0.8) -> list[bool | None]:
    """Chi-squared of each group against the rest with the factor (N - 1) / N, Holm, and the ratio of the rates."""
    p = []
    for n, k in zip(asked, answered, strict=True):
        table = np.array([[k, n - k], [sum(answered) - k, sum(asked) - sum(answered) - n + k]])
        expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / max(table.sum(), 1)
        if expected.min() < 1:
            p.append(math.nan)
            continue
        chi2 = stats.chi2_contingency(table, correction=False).statistic
        p.append(stats.chi2.sf(chi2 * (table.sum() - 1) / table.sum(), 1))
    made = [value for value in p if value == value]
    adjusted = iter(multipletests(made, method="holm")[1] if made else [])
    flags: list[bool | None] = []
    for n, k, value in zip(asked, answered, p, strict=True):
        if value != value:
            flags.append(None)
        else:
            rest = (sum(answered) - k) / (sum(asked) - n)
            flags.append(bool(next(adjusted) < 0.05 and k / n < far * rest))
    return flags


groups_of_counts = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 100)).map(lambda pair: (pair[0], pair[0] * pair[1] // 100)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=15)
@given(groups_of_counts)
def test_flags_follow_the_stated_criterion(counts: list[tuple[int, int]]) -> None:
    asked, answered = [n for n, _ in counts], [k for _, k in counts]
    rates = cx.response_rate(asked, answered, by=list(range(len(counts))))
    assert slow_flags(asked, answered) == [rate.far_below for rate in rates.values()]
    assert (sum(asked), sum(answered)) == (rates.overall.asked, rates.overall.answered)
    assert [rate.rate for rate in rates.values()] == pytest.approx(rates.scores.tolist(), nan_ok=True)
    for name in ("interval.low", "interval.high"):
        side = name.partition(".")[2]
        expected = [getattr(rate.interval, side) for rate in rates.values()]
        assert expected == pytest.approx(rates.column(name).tolist(), nan_ok=True)
    for key, rate in rates.items():
        rest = rates.rest(key)
        assert (sum(asked) - rate.asked, sum(answered) - rate.answered) == (rest.asked, rest.answered)
        assert rate.rest_rate == pytest.approx(rest.rate, nan_ok=True)


def test_a_trifle_in_large_groups_is_not_far_below() -> None:
    rates = cx.response_rate([1_000_000, 1_000_000], [300_000, 297_000], by=["a", "b"])
    assert rates["b"].p_adjusted < 1e-5
    assert rates["b"].far_below is False
    strict = cx.response_rate([1_000_000, 1_000_000], [300_000, 297_000], by=["a", "b"], far=1.0)
    assert [False, True] == [rate.far_below for rate in strict.values()]


def test_one_group_alone_and_empty_groups_are_not_tested() -> None:
    (alone,) = cx.response_rate([10], [4], by=["a"]).values()
    assert alone.far_below is None
    assert math.isnan(alone.p_adjusted)
    assert math.isnan(alone.rest_rate)
    assert [None, None] == [rate.far_below for rate in cx.response_rate([0, 9], [0, 5], by=["a", "b"]).values()]
    assert [] == list(cx.response_rate([], [], by=[]))


def test_responses_without_a_score_were_asked() -> None:
    batch = responses(score=[9, None, 0, float("nan")], channel=["chat", "chat", "mail", "mail"])
    result = cx.response_rate(batch)
    assert (4, 2, 0.5) == (result.asked, result.answered, result.rate)
    assert result == cx.response_rate(list(batch)) == cx.response_rate(4, 2)
    rates = cx.response_rate(batch, by="channel")
    assert rates == cx.response_rate([1, 2, 1], [1, 1, 0], by=pd.Series(["chat", "mail", "chat"], name="channel"))
    words = responses(score=pl.Series(["9 - very likely", None]))
    assert 1 == cx.response_rate(words).answered
    assert 0 == cx.response_rate(responses(score=[None])).answered
    assert 0 == cx.response_rate([]).asked


def test_rates_by_period_of_the_invitation() -> None:
    batch = responses(score=[9, None, 8], asked_at=[START, START + DAY, START + 40 * DAY])
    months = cx.response_rate(batch, by=cx.period("asked_at", "month"))
    assert {date(2026, 3, 1): 0.5, date(2026, 4, 1): 1.0} == {month: rate.rate for month, rate in months.items()}
    assert "cxscore|response_rate|period:month@UTC|anchor:asked_at|v:1 ; ci:wilson|conf:0.95|far:0.8" == (
        months[date(2026, 3, 1)].signature
    )


def test_a_response_rate_is_a_result() -> None:
    rates = cx.response_rate(np.array([400, 410]), pd.Series([200, 82]), by=["chat", "phone"])
    low = rates["phone"]
    assert "response rate 20.0% (95% CI 16.4 to 24.1, n=410)" == str(low)
    assert low == pickle.loads(pickle.dumps(low))
    assert low != rates["chat"]
    assert (410, 82, True) == tuple(low.to_dict()[name] for name in ("asked", "answered", "far_below"))
    page = low._repr_html_()
    assert "50.0%, far below (adjusted p" in page
    assert "not far below" in rates["chat"]._repr_html_()
    assert "the rest" not in cx.response_rate(3, 0)._repr_html_()
    assert "undefined" in str(cx.response_rate(0, 0))
    assert "phone: response rate 20.0%" in str(rates)
    assert [400, 410] == rates.column("n").tolist()
    assert rates["chat"].p_adjusted == rates.column("p_adjusted")[0]
    assert 0.5 == rates.column("rest_rate")[1]
    with pytest.raises(cx.MergeError, match="no tally"):
        rates.tally  # noqa: B018
    with pytest.raises(cx.MergeError, match="no tally"):
        rates.tallies  # noqa: B018


def test_response_rates_can_be_compared() -> None:
    difference = cx.compare(cx.response_rate(200, 62), cx.response_rate(210, 90))
    assert pytest.approx(90 / 210 - 62 / 200) == difference.estimate
    rates = cx.response_rate([400, 410], [200, 82], by=["chat", "phone"])
    assert pytest.approx(82 / 410 - 0.5) == cx.compare(rates)["phone"].estimate


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        ((200,), {}, cx.ArgumentTypeError, "answered must be given beside a count"),
        ((np.array([1]),), {}, cx.ArgumentTypeError, "answered must be given beside a count"),
        (([1, 2],), {}, cx.ArgumentTypeError, "asked must be SurveyResponse records"),
        ((3, 4), {}, cx.InvalidValueError, "answered must be at most as many as asked"),
        ((3.5, 1), {}, cx.InvalidValueError, "asked must be whole numbers of 0 or more"),
        ((-3, 1), {}, cx.InvalidValueError, "asked must be whole numbers of 0 or more"),
        (([3, None], [1, 1]), {}, cx.InvalidValueError, "asked must be whole numbers"),
        ((float("nan"), 1), {}, cx.InvalidValueError, "asked must be whole numbers"),
        ((["a"], [1]), {}, cx.ArgumentTypeError, "asked must be whole numbers of 0 or more"),
        ((True, 1), {}, cx.ArgumentTypeError, "asked must be whole numbers of 0 or more"),
        (([3, 4], [1]), {}, cx.LengthError, "answered must have one value"),
        ((responses(), 1), {}, cx.ArgumentTypeError, "pass responses alone"),
        ((3, [cx.SurveyResponse(score=1)]), {}, cx.ArgumentTypeError, "pass responses alone"),
        (({"a": 1}, 1), {}, cx.ArgumentTypeError, "pass responses alone"),
        ((3, 1), {"far": 0.0}, cx.ArgumentValueError, "far must be a number above 0"),
        ((3, 1), {"far": "little"}, cx.ArgumentValueError, "far must be a number above 0"),
        ((3, 1), {"far": True}, cx.ArgumentValueError, "far must be a number above 0"),
        ((3, 1), {"confidence": 95}, cx.ArgumentValueError, "did you mean 0.95"),
        ((3, 1), {"by": "channel"}, cx.ArgumentTypeError, "by must be labels beside plain values"),
    ],
)
def test_wrong_counts_are_explained(
    arguments: tuple[Any, ...], options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        cx.response_rate(*arguments, **options)


# -- latest answers --------------------------------------------------------------------------------------


survey_rows = st.lists(
    st.builds(
        lambda who, day, score, sent, place: cx.SurveyResponse(
            score=score,
            respondent=who,
            at=None if score is None or day is None else START + day * DAY,
            asked_at=None if sent is None else START + sent * DAY,
            comment=f"answer {place}",
        ),
        st.sampled_from(["ada", "bo", "cleo", None]),
        st.one_of(st.none(), st.integers(0, 5)),
        st.one_of(st.none(), st.integers(0, 10)),
        st.integers(0, 5),
        st.integers(0, 10**6),
    ),
    max_size=15,
)


@given(survey_rows, st.randoms())
def test_the_latest_answer_of_everybody_stays(rows: list[cx.SurveyResponse], random: Any) -> None:
    def rank(row: cx.SurveyResponse) -> tuple[Any, ...]:
        return row.score is not None, row.at or row.asked_at or datetime.min

    if not any(row.at or row.asked_at for row in rows):
        return
    found = list(cx.latest(rows))
    people = [row.respondent for row in rows if row.respondent is not None]
    assert sorted({*people}) == sorted(row.respondent for row in found if row.respondent is not None)
    assert [row for row in rows if row.respondent is None] == [row for row in found if row.respondent is None]
    assert found == [row for row in rows if any(row is one for one in found)]
    for row in found:
        if row.respondent is not None:
            assert rank(row) == max(rank(one) for one in rows if one.respondent == row.respondent)
    assert found == list(cx.latest(found))
    shuffled = random.sample(rows, len(rows))
    assert sorted(map(repr, found)) == sorted(map(repr, cx.latest(shuffled)))


def test_one_vote_an_account_and_one_a_survey() -> None:
    batch = responses(
        score=[1, 2, 3, 4, 5],
        account=["x", "x", "y", None, None],
        respondent=["ada", "bo", "ada", "ada", "ada"],
        survey=["nps", "nps", "nps", "csat", "csat"],
        at=[START + i * DAY for i in range(5)],
    )
    assert [2, 3, 4, 5] == [row.score for row in cx.latest(batch, key="account")]
    assert [2, 5] == [row.score for row in cx.latest(batch)]
    # No row has a conversation, so it tells none apart.
    assert [2, 3, 5] == [row.score for row in cx.latest(batch[:], key=("survey", "respondent"))]
    records = list(batch)
    triple = cx.latest(records, key=("survey", "conversation", "respondent"))
    assert [2, 3, 5] == [row.score for row in triple]
    assert [1, 2, 3, 4, 5] == [row.score for row in cx.latest(records, key="conversation")]
    assert 5 == len(cx.latest(responses(score=range(5), respondent=list("abcde"), at=START)))


def test_an_invitation_supersedes_no_answer() -> None:
    batch = responses(
        score=[3, None, None, None],
        respondent=["ada", "ada", "bo", "bo"],
        at=[START, None, None, None],
        asked_at=[None, START + DAY, START, START + DAY],
    )
    found = cx.latest(batch)
    assert [(3, "ada"), (None, "bo")] == [(row.score, row.respondent) for row in found]
    assert START.replace(tzinfo=UTC) + DAY == found[1].asked_at


@pytest.mark.parametrize(
    ("key", "error", "words"),
    [
        (3, cx.ArgumentTypeError, "key must name a column"),
        ((), cx.ArgumentTypeError, "key must name a column"),
        (("respondent", 3), cx.ArgumentTypeError, "key must name a column"),
        ("customer", cx.UnknownNameError, "key must name a column of the Responses"),
    ],
)
def test_wrong_keys_are_explained(key: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        cx.latest(responses(respondent=["ada"]), key=key)


def test_the_latest_of_undated_answers_is_not_guessed() -> None:
    with pytest.raises(cx.ArgumentTypeError, match="latest needs to know when"):
        cx.latest(cx.Responses(score=[1, 2], respondent="ada"))
    assert [] == list(cx.latest([]))


# -- answers to follow up --------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 10)), st.one_of(st.none(), st.integers(0, 9)))))
def test_low_scores_are_the_poor_band_worst_and_newest_first(rows: list[tuple[int | None, int | None]]) -> None:
    batch = cx.Responses.from_records(
        [cx.SurveyResponse(score=s, at=None if day is None else START + day * DAY) for s, day in rows]
    )
    found = cx.low_scores(batch, scale=cx.NPS_0_10)
    poor = [(s, -1 if day is None else day, i) for i, (s, day) in enumerate(rows) if s is not None and s <= 6]
    poor.sort(key=lambda row: (row[0], -row[1], row[2]))
    assert [i for _, _, i in poor] == found.indices.tolist() == [item.index for item in found]
    assert [s for s, _, _ in poor] == [item.score for item in found]
    assert all(item.record is batch[item.index] for item in found)
    assert (len(rows), len(poor)) == (found.given, found.total)
    assert found.given == found.n + sum(found.left_out.values())
    assert found == cx.low_scores(list(batch), scale=cx.NPS_0_10)


def test_effort_is_worst_at_the_other_end() -> None:
    answers = [cx.SurveyResponse(score=score) for score in (1, 5, 4, 3, None)]
    found = cx.low_scores(answers, scale=cx.CES_EFFORT_1_5)
    assert [5, 4] == [item.score for item in found]
    assert [5, 4, 3] == [item.score for item in cx.low_scores(answers, scale=cx.CES_EFFORT_1_5, up_to=3)]
    assert {"missing": 1} == dict(found.left_out)
    assert [1] == [item.score for item in cx.low_scores(answers, scale=cx.CSAT_1_5, up_to=1)]


def test_low_scores_are_read_lazily_and_lead_back() -> None:
    batch = responses(
        score=["★☆☆☆☆", "★★★★☆", "★★☆☆☆", None],
        at=[START, START, START + DAY, None],
        respondent=["<ada>", "bo", "cleo", "dan"],
        conversation=[71, 72, 73, 74],
        tags=[("price",), (), (), ()],
    )
    found = cx.low_scores(batch, scale=cx.CSAT_1_5, limit=1)
    assert "LowScores(1 of 2 answers of 3: 1 to 2 on CSAT 1-5, worst first)" == repr(found)
    assert (1, 71, START.replace(tzinfo=UTC)) == (found[0].score, found[0].record.conversation, found[0].at)
    assert found[-1] == found[:5][0]
    with pytest.raises(IndexError):
        found[1]
    assert ["★☆☆☆☆"] == [row.score for row in found.responses]
    assert [
        {"index": 0, "score": 1, "at": "2026-03-02T00:00:00+00:00", "respondent": "<ada>", "conversation": 71,
         "tags": ["price"]}
    ] == found.to_dicts()  # fmt: skip
    assert found == pickle.loads(pickle.dumps(found))
    assert hash(found) == hash(pickle.loads(pickle.dumps(found)))
    assert found != cx.low_scores(batch, scale=cx.CSAT_1_5)
    assert (found == 1) is False
    page = found._repr_html_()
    assert "&lt;ada&gt;" in page
    assert "more" not in page
    many = cx.low_scores(responses(score=[0] * 12), scale=cx.NPS_0_10)
    assert "... and 2 more" in many._repr_html_()
    assert "LowScores(12 answers of 12: 0 to 6 on NPS 0-10, worst first)" == repr(many)
    assert [] == list(cx.low_scores([], scale=cx.NPS_0_10))
    assert [] == list(cx.low_scores(batch, scale=cx.CSAT_1_5, limit=0))


def test_answers_off_the_scale() -> None:
    batch = responses(score=[11, 2.0, 2.5, float("nan")])
    with pytest.raises(cx.ScaleError, match="responses must have scores that are whole points 0 to 10"):
        cx.low_scores(batch, scale=cx.NPS_0_10)
    found = cx.low_scores(batch, scale=cx.NPS_0_10, invalid="drop")
    assert ([2], {"missing": 1, "invalid": 2}) == ([item.score for item in found], dict(found.left_out))
    with pytest.raises(cx.MissingValueError):
        cx.low_scores(batch, scale=cx.NPS_0_10, invalid="drop", missing="raise")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"scale": None}, cx.ArgumentTypeError, "scale must be the Scale of the answers"),
        ({"up_to": 11}, cx.ArgumentValueError, "up_to must be a point of the scale, 0 to 10"),
        ({"up_to": 2.5}, cx.ArgumentValueError, "up_to must be a point"),
        ({"up_to": True}, cx.ArgumentValueError, "up_to must be a point"),
        ({"limit": -1}, cx.ArgumentValueError, "limit must be a whole number"),
        ({"limit": True}, cx.ArgumentValueError, "limit must be a whole number"),
        ({"missing": "keep"}, cx.UnknownNameError, "missing must be one of"),
        ({"invalid": "keep"}, cx.UnknownNameError, "invalid must be one of"),
        ({"top": 10}, cx.ArgumentTypeError, "write limit=10"),
    ],
)
def test_wrong_arguments_of_low_scores(options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        cx.low_scores(responses(), **{"scale": cx.NPS_0_10, **options})


# -- whom to ask again -----------------------------------------------------------------------------------


@given(survey_rows, st.integers(0, 12), st.integers(1, 8))
def test_who_is_due_was_left_alone_for_long_enough(rows: list[cx.SurveyResponse], day: int, days: int) -> None:
    now, cooling = START + day * DAY, days * DAY
    found = cx.due_for_survey(rows, as_of=now, cooling=cooling)
    last: dict[Any, datetime] = {}
    known = 0
    for row in rows:
        times = [at for at in (row.at, row.asked_at) if at is not None and at <= now]
        if row.respondent is not None and times:
            known += 1
            last[row.respondent] = max(last.get(row.respondent, datetime.min), *times)
    due = sorted((at, who) for who, at in last.items() if at + cooling <= now)
    assert due == [(person.last_asked, person.respondent) for person in found]
    assert [at + cooling for at, _ in due] == [person.since for person in found]
    assert (len(last) - len(due), known, len(rows)) == (found.resting, found.n, found.given)
    assert found.given == found.n + sum(found.left_out.values())


def test_everybody_among_whom_to_choose() -> None:
    batch = responses(score=[9, None], respondent=["ada", "bo"], asked_at=[START, START + 80 * DAY])
    now = (START + 90 * DAY).replace(tzinfo=UTC)
    found = cx.due_for_survey(batch, as_of=now, among=iter(["cleo", "bo", "ada", "cleo", None]))
    assert ["cleo", "ada"] == found.respondents
    assert (None, None) == (found[0].last_asked, found[0].since)
    assert 1 == found.resting
    assert ["ada"] == cx.due_for_survey(batch, as_of=now).respondents
    assert [] == cx.due_for_survey(batch, as_of=now - timedelta.resolution).respondents
    assert ["ada"] == cx.due_for_survey(batch, as_of=START + 90 * DAY).respondents  # a wall time of the batch's zone
    mixed = cx.due_for_survey([], as_of=START, among=[3, "x", 2])
    assert [3, "x", 2] == mixed.respondents
    accounts = responses(score=[9], account=["x"], asked_at=[START])
    assert ["x"] == cx.due_for_survey(accounts, as_of=now, key="account").respondents


def test_who_is_due_is_a_value() -> None:
    batch = responses(
        score=[9] * 12, respondent=[f"<{i:02}>" for i in range(12)], at=[START + i * DAY for i in range(12)]
    )
    found = cx.due_for_survey(batch, as_of=datetime(2026, 12, 1), cooling=30 * DAY)
    assert "DueForSurvey(12 may be asked, 0 asked within 30.0 d)" == repr(found)
    assert found == pickle.loads(pickle.dumps(found))
    assert hash(found) == hash(pickle.loads(pickle.dumps(found)))
    assert found != cx.due_for_survey(batch, as_of=datetime(2026, 12, 1), cooling=31 * DAY)
    assert (found == 1) is False
    assert timedelta(days=30) == found.cooling
    assert {
        "respondent": "<00>", "last_asked": "2026-03-02T00:00:00+00:00", "since": "2026-04-01T00:00:00+00:00",
    } == found.to_dicts()[0]  # fmt: skip
    assert (found[0], found[1]) == found[:2]
    page = found._repr_html_()
    assert "&lt;00&gt;" in page
    assert "... and 2 more" in page
    assert "more" not in cx.due_for_survey([], as_of=START)._repr_html_()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"cooling": 90}, cx.ArgumentTypeError, r"cooling=timedelta\(days=90\)"),
        ({"cooling": timedelta(0)}, cx.InvalidValueError, "longer than zero"),
        ({"as_of": "today"}, cx.ArgumentTypeError, "as_of must be datetimes"),
        ({"key": "customer"}, cx.UnknownNameError, "key must name a column"),
        ({"among": "ada"}, cx.ArgumentTypeError, "among must be a 1-D column"),
        ({"missing": "keep"}, cx.UnknownNameError, "missing must be one of"),
        ({"days": 9}, cx.ArgumentTypeError, r"write cooling=timedelta\(days=9\)"),
    ],
)
def test_wrong_arguments_of_due_for_survey(options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        cx.due_for_survey(responses(respondent=["ada"]), **{"as_of": START.replace(tzinfo=UTC), **options})


def test_rows_that_say_nothing_are_refused_on_request() -> None:
    now = START.replace(tzinfo=UTC)
    with pytest.raises(cx.MissingValueError, match="respondent"):
        cx.due_for_survey(responses(respondent=[None], at=[START]), as_of=now, missing="raise")
    with pytest.raises(cx.MissingValueError, match="asked_at"):
        cx.due_for_survey(responses(respondent=["ada"]), as_of=now, missing="raise")
    with pytest.raises(cx.MixedTimeZonesError):
        cx.due_for_survey(cx.Responses(score=[9], respondent="ada", at=[START]), as_of=now)


def test_an_answer_to_come_does_not_hide_that_somebody_was_asked() -> None:
    """Asked two days ago, answering tomorrow: the question counts, the answer has not happened."""
    asked, answered = datetime(2026, 3, 31), datetime(2026, 4, 3)
    ada = cx.Responses(
        score=[9, 9], respondent=["ada"] * 2, asked_at=[datetime(2025, 12, 1), asked],
        at=[datetime(2025, 12, 2), answered],
    )  # fmt: skip
    due = cx.due_for_survey(ada, as_of=datetime(2026, 4, 2), cooling=30 * DAY)
    assert ([], 1, 2, {}) == (due.respondents, due.resting, due.n, dict(due.left_out))
    (again,) = cx.due_for_survey(ada, as_of=asked + 30 * DAY, cooling=27 * DAY)
    assert answered == again.last_asked
    (early,) = cx.due_for_survey(ada, as_of=datetime(2026, 3, 30), cooling=30 * DAY)
    assert datetime(2025, 12, 2) == early.last_asked
    assert {cx.LeftOut.AFTER_AS_OF: 1} == dict(
        cx.due_for_survey(ada, as_of=datetime(2026, 3, 30), cooling=30 * DAY).left_out
    )


def test_instants_are_on_the_clocks_of_the_batch() -> None:
    batch = cx.Responses(
        score=[2], respondent=["ada"], at=[datetime(2026, 3, 2, 9)], asked_at=[datetime(2026, 3, 1, 9)],
        tz="Europe/Berlin",
    )  # fmt: skip
    (low,) = cx.low_scores(batch, scale=cx.NPS_0_10)
    assert (datetime(2026, 3, 2, 9), timedelta(hours=1)) == (low.at.replace(tzinfo=None), low.at.utcoffset())
    assert low.at.isoformat() == low.record.at.isoformat() == low.to_dict()["at"]
    due = cx.due_for_survey(batch, as_of=datetime(2026, 6, 1), cooling=30 * DAY)
    assert due == pickle.loads(pickle.dumps(due))
    for found in (due[0], pickle.loads(pickle.dumps(due))[0]):
        assert "2026-03-02T09:00:00+01:00" == found.last_asked.isoformat()
        assert "2026-04-01T10:00:00+02:00" == found.since.isoformat()  # 30 days of 24 hours, clocks have moved


def test_what_lacks_is_named_by_the_argument() -> None:
    with pytest.raises(cx.ArgumentTypeError, match=r"asked must be SurveyResponse records or a Responses batch"):
        cx.response_rate([9, None, 3])
    with pytest.raises(cx.ArgumentTypeError, match=r"low_scores needs the argument scale .*scale=cx\.NPS_0_10"):
        cx.low_scores([])  # type: ignore[call-arg]  # the point of the test
    with pytest.raises(cx.ArgumentTypeError, match=r"due_for_survey needs the argument as_of"):
        cx.due_for_survey([])  # type: ignore[call-arg]  # the point of the test
