"""explain_change: rate and mix by the written formulas, sums that add up, periods that swap, what is refused."""

from __future__ import annotations

import json
import math
import pickle
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import cxscore as cx
from cxscore._core.decomposition import mix_and_rate, shares_of
from strategies import answers, labels

NINE = datetime(2026, 3, 2, 9)


def labelled(scale: cx.Scale) -> st.SearchStrategy[list[tuple[int, str | None]]]:
    """Answers with their groups; few enough for groups to appear and vanish."""
    return st.lists(st.tuples(st.integers(scale.low, scale.high), labels), min_size=1, max_size=12)


def measured(metric: Any, rows: list[tuple[int, str | None]], weights: list[float] | None = None) -> Any:
    return metric([score for score, _ in rows], by=[label for _, label in rows], weights=weights)


def slow(before: Any, after: Any) -> dict[Any, tuple[float, float]]:
    """Mix and rate a group, written out from the definition with plain numbers."""
    start, end = before.overall, after.overall
    level = (start.score + end.score) / 2
    found = {}
    for key in {*before, *after}:
        old, new = before.get(key), after.get(key)
        w0 = 0.0 if old is None else old.total_weight / start.total_weight
        w1 = 0.0 if new is None else new.total_weight / end.total_weight
        s0 = new.score if old is None else old.score
        s1 = old.score if new is None else new.score
        found[key] = ((w1 - w0) * ((s0 + s1) / 2 - level), (w0 + w1) / 2 * (s1 - s0))
    return found


METRICS = [(cx.nps, cx.NPS_0_10), (cx.csat, cx.CSAT_1_5), (cx.ces, cx.CES_1_7)]


@pytest.mark.parametrize(("metric", "scale"), METRICS, ids=["nps", "csat", "ces"])
@settings(max_examples=40)
@given(data=st.data())
def test_it_is_the_definition_and_adds_up(metric: Any, scale: cx.Scale, data: st.DataObject) -> None:
    before, after = (measured(metric, data.draw(labelled(scale))) for _ in range(2))
    assume(set(before) & set(after))
    why = cx.explain_change(before, after)
    assert why.total == after.overall.score - before.overall.score
    assert sum(row.contribution for row in why.rows) == pytest.approx(why.total, abs=1e-9)
    assert why.mix + why.rate == pytest.approx(why.total, abs=1e-9)
    wanted = slow(before, after)
    assert {row.group for row in why.rows} == set(wanted)
    for row in why.rows:
        assert (row.mix, row.rate) == pytest.approx(wanted[row.group], abs=1e-9)
    assert sum(row.share_before for row in why.rows) == pytest.approx(1.0)
    assert sum(row.share_after for row in why.rows) == pytest.approx(1.0)


weighted = st.lists(
    st.tuples(st.integers(1, 7), labels, st.sampled_from([0.1, 0.5, 1.0, 3.0, 9.0])), min_size=1, max_size=12
)


@settings(max_examples=40)
@given(rows=st.tuples(weighted, weighted))
def test_swapping_the_periods_changes_signs_only(rows: Any) -> None:
    before, after = (measured(cx.ces, [row[:2] for row in part], [weight for *_, weight in part]) for part in rows)
    assume(set(before) & set(after))
    there, back = cx.explain_change(before, after), cx.explain_change(after, before)
    assert (there.total, there.mix, there.rate) == pytest.approx((-back.total, -back.mix, -back.rate), abs=1e-12)
    mirrored = {row.group: row for row in back.rows}
    for row in there.rows:
        other = mirrored[row.group]
        assert (row.mix, row.rate) == pytest.approx((-other.mix, -other.rate), abs=1e-12)
        assert (row.share_before, row.share_after) == (other.share_after, other.share_before)


@given(
    weights=st.lists(
        st.tuples(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(-100, 100), st.floats(-100, 100)), min_size=1
    )
)
def test_the_formula_adds_up_for_any_weights(weights: list[tuple[float, float, float, float]]) -> None:
    weight0, weight1, value0, value1 = np.array(weights).T
    value0, value1 = np.where(weight0 > 0, value0, np.nan), np.where(weight1 > 0, value1, np.nan)
    share0, share1 = shares_of(weight0), shares_of(weight1)
    mix, rate = mix_and_rate(share0, value0, share1, value1)
    if not (weight0.any() and weight1.any()):
        assert np.isnan(mix).all()
        assert np.isnan(rate).all()
        return
    # A weight that is 0 beside the sum of all weighs nothing.
    total = np.nansum(share1 * value1) - np.nansum(share0 * value0)
    assert mix.sum() + rate.sum() == pytest.approx(total, abs=1e-9)


def test_more_of_a_good_group_is_mix_and_a_better_group_is_rate() -> None:
    # Half and half at 100 and 0 to three quarters and one quarter: all mix. Worked by hand.
    before = cx.csat([5, 5, 1, 1], by=list("aabb"))
    why = cx.explain_change(before, cx.csat([5, 5, 5, 1], by=list("aaab")))
    assert [(row.mix, row.rate) for row in why.rows] == [(9.375, 0.0), (15.625, 0.0)]
    why = cx.explain_change(before, cx.csat([5, 5, 5, 1], by=list("aabb")))
    assert [(row.mix, row.rate) for row in why.rows] == [(0.0, 0.0), (0.0, 25.0)]


def test_simpsons_paradox_shows_as_rate_against_mix() -> None:
    """Every group gets better, the whole gets worse."""
    before = cx.Groups.from_tallies(
        {"easy": cx.ScoreTally.from_counts({5: 80, 1: 20}, cx.CSAT_1_5),
         "hard": cx.ScoreTally.from_counts({5: 2, 1: 8}, cx.CSAT_1_5)}, cx.csat)  # fmt: skip
    after = cx.Groups.from_tallies(
        {"easy": cx.ScoreTally.from_counts({5: 9, 1: 1}, cx.CSAT_1_5),
         "hard": cx.ScoreTally.from_counts({5: 30, 1: 70}, cx.CSAT_1_5)}, cx.csat)  # fmt: skip
    why = cx.explain_change(before, after)
    assert why.total < 0.0 < why.rate
    assert why.mix == pytest.approx(why.total - why.rate)


def test_rows_are_in_key_order_and_the_largest_first_on_request() -> None:
    before = cx.nps([10, 9, 0, 8], by=["web", None, "app", "shop"])
    why = cx.explain_change(before, cx.nps([0, 9, 0, 9], by=["web", None, "app", "phone"]))
    assert [row.group for row in why.rows] == ["app", "phone", "shop", "web", None]
    assert [row.group for row in why.largest(1)] == ["web"]
    sizes = [abs(row.contribution) for row in why.largest()]
    assert sizes == sorted(sizes, reverse=True)
    phone = why.rows[1]
    assert (phone.share_before, phone.rate) == (0.0, 0.0)
    assert math.isnan(phone.score_before)


def test_keys_that_do_not_compare_stand_as_they_came() -> None:
    before = cx.nps([10, 9, 3], by=np.array(["a", 2, None], dtype=object))
    why = cx.explain_change(before, cx.nps([10, 9], by=np.array([2, "c"], dtype=object)))
    assert [row.group for row in why.rows] == [2, "c", "a", None]


def test_several_keys_and_groups_of_one_period() -> None:
    by = {"channel": ["chat", "mail"], "team": ["x", None]}
    why = cx.explain_change(cx.csat([5, 1], by=by), cx.csat([5, 5], by=by))
    assert why.names == ("channel", "team")
    assert [row.group for row in why.rows] == [("chat", "x"), ("mail", None)]
    assert "<th>channel</th><th>team</th>" in why._repr_html_()
    assert "(none)" in why._repr_html_()


def test_a_group_without_answers_in_both_adds_nothing() -> None:
    before = cx.csat([5, None, 1], by=["a", "b", "c"])
    after = cx.csat([5, None, 5], by=["a", "b", "c"])
    why = cx.explain_change(before, after)
    silent = why.rows[1]
    assert (silent.mix, silent.rate, silent.share_before, silent.share_after) == (0.0, 0.0, 0.0, 0.0)
    assert math.isnan(silent.score_after)
    assert why.total == 50.0


def test_a_period_without_answers_is_undefined_throughout() -> None:
    nobody, somebody = cx.csat([None], by=["a"]), cx.csat([5, 1], by=["a", "b"])
    for why in (cx.explain_change(nobody, somebody), cx.explain_change(somebody, nobody)):
        assert all(map(math.isnan, (why.total, why.mix, why.rate)))
        assert all(math.isnan(row.mix) and math.isnan(row.rate) for row in why.rows)
        assert "undefined" in str(why)
        assert why.to_dict()["total"] is None
    empty = cx.nps([], by=np.array([], dtype=str))
    why = cx.explain_change(empty, empty)
    assert why.rows == ()
    assert all(map(math.isnan, (why.total, why.mix, why.rate)))
    assert str(why) == "NPS undefined to undefined: undefined = mix undefined, rate undefined (0 groups)"


def test_repeat_rates_are_told_in_percent() -> None:
    def rates(gaps: list[int]) -> Any:
        contacts = cx.Contacts(
            customer=["ada", "ada", "bob", "bob"],
            at=[NINE, NINE + timedelta(days=gaps[0]), NINE, NINE + timedelta(days=gaps[1])],
            channel=["chat", "chat", "mail", "mail"],
        )
        return cx.repeat_contacts(contacts, by="channel", as_of=NINE + timedelta(days=60))

    why = cx.explain_change(rates([1, 30]), rates([1, 2]))
    assert why.total == pytest.approx(0.25)
    assert str(why) == "repeat rate in % 25.0 to 50.0: +25.0 = mix 0.0, rate +25.0 (2 groups)"


def test_a_result_like_any_other() -> None:
    before, after = cx.nps([10, 3], by=["<b>", "c"]), cx.nps([10, 9], by=["<b>", "c"])
    why = cx.explain_change(before, after)
    assert why == pickle.loads(pickle.dumps(why))
    assert hash(why) == hash(cx.explain_change(before, after))
    assert why != cx.explain_change(after, before)
    assert why.headline == why.total == 100.0
    assert why.signature == (
        "cxscore|nps|scale:0-10|poor:0-6|good:9-10|v:1 ; split:midpoint|by:group"
    )  # fmt: skip
    told = json.loads(json.dumps(why.to_dict()))
    assert told["rows"][1] == {
        "group": "c", "mix": 0.0, "rate": 100.0, "share_before": 0.5, "share_after": 0.5,
        "score_before": -100.0, "score_after": 100.0,
    }  # fmt: skip
    assert "&lt;b&gt;" in why._repr_html_()
    assert "<b>c" not in why._repr_html_()
    assert str(why) == "NPS 0.0 to 100.0: +100.0 = mix 0.0, rate +100.0 (2 groups)"
    one = cx.explain_change(cx.nps([10], by=["a"]), cx.nps([10], by=["a"]))
    assert str(one).endswith("(1 group)")
    # NaN equals NaN, also inside the rows.
    vanished = cx.nps([10, 9], by=["<b>", "d"])
    assert cx.explain_change(before, vanished) == cx.explain_change(before, vanished)


def test_long_tables_are_cut_in_html_only() -> None:
    many = cx.nps([9] * 60, by=list(range(60)))
    why = cx.explain_change(many, many)
    assert len(why.rows) == 60
    assert "... and 10 more" in why._repr_html_()


def test_groups_of_any_making_are_alike() -> None:
    rows = {"chat": {10: 7, 3: 1}, "mail": {9: 2, 6: 3}}
    tallies = {key: cx.ScoreTally.from_counts(row, cx.NPS_0_10) for key, row in rows.items()}
    answers_, keys = [10] * 7 + [3] + [9] * 2 + [6] * 3, ["chat"] * 8 + ["mail"] * 5
    flat, counted = cx.nps(answers_, by=keys), cx.Groups.from_tallies(tallies, cx.nps)
    later = cx.nps([10, 3, 9], by=["chat", "chat", "mail"])
    assert cx.explain_change(counted, later) == cx.explain_change(flat, later)


@given(scores=answers(cx.NPS_0_10, min_size=1))
def test_nothing_changes_where_nothing_changed(scores: list[int]) -> None:
    groups = cx.nps(scores, by=[score % 3 for score in scores])
    why = cx.explain_change(groups, groups)
    assert (why.total, why.mix, why.rate) == (0.0, 0.0, 0.0)


# -- what is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (cx.nps([9, 3]), "before must be Groups .*NpsResult of all rows together.*measure it with by="),
        ({"a": 1.0}, r"before must be Groups \(got dict\)"),
    ],
    ids=["result", "dict"],
)
def test_only_groups_split(before: Any, told: str) -> None:
    with pytest.raises(cx.ArgumentTypeError, match=told) as caught:
        cx.explain_change(before, cx.nps([9], by=["a"]))
    assert caught.value.argument == "before"


def test_medians_do_not_split() -> None:
    log = cx.Messages(
        conversation=[1, 1], at=[NINE, NINE + timedelta(minutes=5)], author=["customer", "agent"], channel="chat"
    )
    waits = cx.response_times(log, by="channel")
    with pytest.raises(cx.ArgumentTypeError, match=r"median first response.*explain a share instead"):
        cx.explain_change(waits, waits)


def test_counts_of_outliers_do_not_split() -> None:
    flagged = cx.outliers([1.0, 2.0, 99.0], by=list("aab"), limit=50)
    with pytest.raises(cx.ArgumentTypeError):
        cx.explain_change(flagged, flagged)


def test_unlike_definitions_are_refused() -> None:
    groups = cx.nps([9, 3], by=list("ab"))
    for other in (cx.csat([5], by=["a"]), cx.nps([9], by=["a"], scale=cx.NPS_FANS)):
        with pytest.raises(cx.ArgumentValueError, match="must have one definition"):
            cx.explain_change(groups, other)
    # How the interval was made does not matter.
    assert cx.explain_change(groups, cx.nps([9, 3], by=list("ab"), method="wald", confidence=0.9)).total == 0.0


def test_unlike_keys_are_refused() -> None:
    channels = cx.nps([9, 3], by={"channel": ["chat", "mail"]})
    with pytest.raises(cx.ArgumentValueError, match=r"same kind of groups.*by channel and by region"):
        cx.explain_change(channels, cx.nps([9], by={"region": ["north"]}))
    with pytest.raises(cx.ArgumentValueError, match="same kind of groups"):
        cx.explain_change(channels, cx.nps([9], by={"channel": ["chat"], "team": ["x"]}))
    plain, tuples = cx.nps([9], by=["chat"]), cx.nps([9], by=[["chat"]])
    assert plain.names == tuples.names
    with pytest.raises(cx.ArgumentValueError, match="same kind of groups"):
        cx.explain_change(plain, tuples)
    with pytest.raises(cx.ArgumentValueError, match=r"same kind of groups.*by channel and by region"):
        cx.explain_change(channels, cx.nps([9], by={"region": ["chat"]}))


def test_groups_that_are_all_new_are_all_mix() -> None:
    why = cx.explain_change(cx.nps([9], by=["chat"]), cx.nps([3], by=["mail"]))
    assert (why.total, why.mix, why.rate) == (-200.0, -200.0, 0.0)


def test_groups_that_do_not_add_up_are_refused() -> None:
    responses = cx.Responses(score=[10, 10, 0, 9, 0, 0], account=["a", "a", "a", "b", "b", "c"], channel=list("xxyyxy"))
    votes = cx.nps(responses, by="channel", one_vote_per="account")
    assert votes.overall.score == pytest.approx(-200 / 9)  # the groups alone: 2/5 of 0 and 3/5 of -100/3
    with pytest.raises(cx.ArgumentValueError, match=r"groups that add up to the whole \(got -22.2222 for all and -20"):
        cx.explain_change(votes, votes)
    own = cx.nps(responses, by="account", one_vote_per="account")
    assert cx.explain_change(own, own).total == 0.0
