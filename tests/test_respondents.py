"""Who gave an answer: clusters where the respondent is known, ties between answers, and what tallies may claim."""

from __future__ import annotations

import itertools
import runpy
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cxscore as cx
from cxscore._core import clusters as core

METRICS = [cx.nps, cx.csat, cx.ces]
SCALE = cx.CES_1_7
START = datetime(2026, 3, 2)
DAY = timedelta(days=1)

answers = st.lists(
    st.tuples(st.integers(1, 7), st.sampled_from(["ada", "bob", "cyd", None]), st.sampled_from("xyz")), max_size=25
)


def batch(rows: list[tuple[int, str | None, str]], **more: Any) -> cx.Responses:
    return cx.Responses(
        score=[row[0] for row in rows], respondent=[row[1] for row in rows], team=[row[2] for row in rows], **more
    )


def estimated(result: Any) -> Any:
    """Everything but the signature and what only some doors know."""
    return {
        name: value for name, value in result.to_dict().items() if name not in ("signature", "clusters", "respondents")
    }


# -- the unit that is known --------------------------------------------------------------------------


@settings(max_examples=12)
@given(answers)
def test_a_known_respondent_is_the_cluster(rows: list[tuple[int, str | None, str]]) -> None:
    data = batch(rows)
    known = any(row[1] is not None for row in rows)
    for metric in METRICS:
        result = metric(data, scale=SCALE)
        assert ("|cluster:respondent" in result.signature) == known
        assert result == metric(data, scale=SCALE, cluster="respondent" if known else False)
        alone = metric(data, scale=SCALE, cluster=False)
        assert alone == metric([row[0] for row in rows], scale=SCALE)
        groups, named = (
            metric(data, scale=SCALE, by="team", cluster=c) for c in (None, "respondent" if known else None)
        )
        assert groups == named
        for team in groups:
            alike = metric(batch([row for row in rows if row[2] == team]), scale=SCALE)
            assert estimated(groups[team]) == estimated(alike)
            assert groups.rest(team) == named.rest(team)
        assert groups.overall == result
        assert groups.column("interval.low") == pytest.approx([r.interval.low for r in groups.values()], nan_ok=True)


@settings(max_examples=12)
@given(st.lists(st.tuples(st.integers(1, 7), st.floats(0.1, 9.0), st.sampled_from("xyz")), min_size=1, max_size=25))
def test_where_nobody_answers_twice_nothing_but_the_signature_changes(rows: list[tuple[int, float, str]]) -> None:
    who = [f"person {i}" if i % 3 else None for i in range(len(rows) - 1)] + ["last"]
    data = cx.Responses(
        score=[row[0] for row in rows], respondent=who, weight=[row[1] for row in rows], team=[row[2] for row in rows]
    )
    for metric in METRICS:
        for weights in (None, "weight"):
            result, alone = (metric(data, scale=SCALE, weights=weights, cluster=c) for c in (None, False))
            assert estimated(result) == estimated(alone)
            assert (result.clusters, alone.clusters) == (len(rows), None)
            assert result.signature == alone.signature.replace("cluster:none", "cluster:respondent")
            assert result._evidence.n == alone._evidence.n == result._evidence.at(0.5).n
            groups, apart = (metric(data, scale=SCALE, by="team", weights=weights, cluster=c) for c in (None, False))
            named = metric(data, scale=SCALE, by="team", weights=weights, cluster="respondent")
            for team in groups:
                assert estimated(groups[team]) == estimated(apart[team])
                assert estimated(groups.rest(team)) == estimated(apart.rest(team))
                assert named[team].interval.low == pytest.approx(apart[team].interval.low, nan_ok=True)
            assert groups.column("clusters").tolist() == [found.n for found in groups.values()]
            assert groups.column("interval.low").tolist() == apart.column("interval.low").tolist()


def test_people_who_never_answer_twice_cost_no_sort(monkeypatch: pytest.MonkeyPatch) -> None:
    def sorts(*_: Any) -> Any:
        raise NotImplementedError("sorted by cluster")

    data = cx.Responses(score=np.arange(2_000) % 11, respondent=np.arange(2_000), team=np.arange(2_000) % 7)
    monkeypatch.setattr(core, "arrange", sorts)
    assert cx.nps(data).clusters == 2_000
    assert cx.nps(data, by="team").column("interval.low").size == 7
    assert len(cx.compare(cx.nps(data, by="team"))) == 7


def test_other_units_are_named() -> None:
    data = cx.Responses(score=[10, 10, 2, 1], respondent=["ada", "ada", "bob", "bob"], account=["a"] * 4)
    assert "cluster:account" in cx.nps(data, cluster="account").signature
    assert "one_vote_per:account" in cx.nps(data, one_vote_per="account").signature
    assert "cluster:none" in cx.nps([10, 10, 2, 1], cluster=False).signature
    assert "cluster:none" in cx.nps({10: 2}, cluster=False).signature
    with pytest.raises(cx.ArgumentTypeError, match="cluster must be left out beside one_vote_per"):
        cx.nps(data, one_vote_per="account", cluster=False)


def test_tallies_have_clusters_only_when_asked() -> None:
    data = cx.Responses(
        score=[10, 10, 2, 1, 9],
        respondent=["ada", "ada", "bob", "bob", "ada"],
        team=list("xxxyy"),
        weight=[1, 2, 1, 1, 3],
    )
    for options in ({}, {"weights": "weight"}):
        tally = cx.ScoreTally.of(data, cx.NPS_0_10, **options)
        assert tally.clusters is None
        assert cx.nps(tally) == cx.nps(data, cluster=False, **options)
        assert cx.nps(tally).score == cx.nps(data, **options).score
        groups = cx.nps(data, by="team", **options)
        assert groups.tally == tally
        assert sum(groups.tallies.values(), start=cx.ScoreTally.empty(cx.NPS_0_10)) == tally
    named = cx.ScoreTally.of(data, cx.NPS_0_10, cluster="respondent")
    assert cx.nps(named) == cx.nps(data)
    assert cx.nps(named, cluster=False) == cx.nps(data, cluster=False)
    votes = cx.ScoreTally.of(data, cx.NPS_0_10, one_vote_per="respondent")
    with pytest.raises(cx.ArgumentTypeError, match="one vote an account"):
        cx.nps(votes, cluster=False)
    single = cx.Responses(score=[10, 2], respondent=["ada", "bob"], team=["x", "y"])
    assert cx.nps(single, by="team").tally == cx.ScoreTally.of([10, 2], cx.NPS_0_10)


def test_drivers_take_answers_as_independent() -> None:
    data = cx.Responses(score=[10, 10, 2, 1], respondent=["ada", "ada", "bob", "bob"], tags=[("a",), (), ("a",), ()])
    found = cx.drivers(data)
    assert "cluster:none" in found.signature
    assert found.overall == cx.nps(data, cluster=False)


# -- judged at another level -------------------------------------------------------------------------


def clustered(kind: Callable[..., Any], confidence: float, shift: int, by: Any = None) -> Any:
    rng = np.random.default_rng(5 + shift)
    person = np.arange(90) % 8
    points = np.clip(5 + shift + (person % 3) * 2 + rng.integers(-2, 3, 90), 1, 7)
    return kind(points, cluster=person, scale=SCALE, confidence=confidence, by=by)


@pytest.mark.parametrize("metric", METRICS)
def test_a_judgement_does_not_depend_on_the_level_of_its_results(metric: Callable[..., Any]) -> None:
    found = [cx.compare(clustered(metric, level, -2), clustered(metric, level, 0)) for level in (0.5, 0.8, 0.95, 0.999)]
    assert len({(tuple(one.interval), one.p_value, one.n_before, one.n_after) for one in found}) == 1
    labels = np.arange(90) // 15
    for judge in (cx.compare, cx.trend, cx.control_limits, cx.funnel):
        first, second = (judge(clustered(metric, level, -2, by=labels)) for level in (0.8, 0.99))
        if judge is cx.compare:
            assert first.column("p_value").tolist() == second.column("p_value").tolist()
        else:
            assert {**first.to_dict(), "signature": ""} == {**second.to_dict(), "signature": ""}


def test_the_worth_of_clusters_falls_with_the_level() -> None:
    evidence = clustered(cx.ces, 0.95, -2)._evidence
    worth = [evidence.at(level).n for level in (0.5, 0.8, 0.95, 0.999)]
    assert evidence.n > worth[0] > worth[1] > worth[2] > worth[3] >= 1.0
    again = evidence.at(0.95)
    assert again.at(0.5).n == again.n  # a level once taken stays
    wide, wider = (cx.compare(clustered(cx.ces, 0.9, -2), clustered(cx.ces, 0.9, 0), confidence=c) for c in (0.9, 0.99))
    assert (wide.n_before, wider.n_before) == (evidence.at(0.9).n, evidence.at(0.99).n)


def test_repeat_rates_are_judged_at_the_level_asked_for() -> None:
    contacts = cx.Contacts(
        customer=[i % 7 for i in range(60)], at=[START + i * i % 50 * DAY for i in range(60)], channel=["a", "b"] * 30
    )
    found = [
        cx.compare(cx.repeat_contacts(contacts, by="channel", as_of=START + 90 * DAY, confidence=level))
        for level in (0.5, 0.95, 0.999)
    ]
    assert len({tuple(one.column("p_value").tolist()) for one in found}) == 1


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(st.integers(1, 7), st.sampled_from("abcd"), st.sampled_from("xyz"), st.floats(0.5, 4.0)),
        min_size=1,
        max_size=20,
    )
)
def test_all_rests_at_once_are_worth_what_each_is(rows: list[tuple[int, str, str, float]]) -> None:
    score, who, team, weight = zip(*rows, strict=True)
    for weights, metric in itertools.product((None, list(weight)), METRICS):
        groups = metric(list(score), by=list(team), cluster=list(who), weights=weights, scale=SCALE)
        found = groups._rest_evidence
        for i, key in enumerate(groups):
            rest = groups.rest(key)._evidence
            for name in ("n", "clusters", "value", "weight"):
                assert np.broadcast_to(getattr(found, name), len(groups))[i] == pytest.approx(
                    getattr(rest, name), rel=1e-6, abs=1e-9, nan_ok=True
                )


# -- ties --------------------------------------------------------------------------------------------


def tied(order: tuple[int, ...], **columns: list[Any]) -> cx.Responses:
    rows = {name: [values[i] for i in order] for name, values in columns.items()}
    return cx.Responses(respondent="ada", conversation=7, survey="contact", at=START, **rows)


def test_equal_answers_of_one_instant_are_told_apart_by_content() -> None:
    columns: dict[str, list[Any]] = {"score": [9, 9, 10], "weight": [1.0, 5.0, 3.0], "team": ["x", "y", "y"]}
    found = set()
    for order in itertools.permutations(range(3)):
        data = tied(order, **columns)
        (kept,) = cx.latest(data, key=("survey", "conversation", "respondent"))
        groups = cx.nps(data, by="team", weights="weight")
        (team,) = (key for key, result in groups.items() if result.n)
        assert (team, groups.overall.total_weight) == (kept.team, kept.weight)
        # What stands beside the batch makes rows unlike, too.
        beside = cx.nps(tied(order, score=columns["score"]), weights=[columns["weight"][i] for i in order])
        label = cx.nps(tied(order, score=columns["score"]), by=np.array(columns["team"])[list(order)])
        heavy = cx.nps(data, weights="weight", cluster=False)  # nor does it take clusters to tell them apart
        assert heavy.total_weight == kept.weight
        found.add((kept.score, team, kept.weight, beside.total_weight, *(label[key].n for key in "xy")))
    assert found == {(9, "y", 5.0, 5.0, 0, 1)}


def test_the_poorest_of_one_instant_counts_and_latest_keeps_the_lowest_number() -> None:
    key = ("survey", "conversation", "respondent")
    for order in itertools.permutations(range(4)):
        data = tied(order, score=[10, 9, None, 10])
        assert [row.score for row in cx.latest(data, key=key)] == [9]
        assert cx.nps(data).distribution[9] == 1
        effort = tied(order, score=[4, 2, None, 5])
        assert cx.ces(effort, scale=cx.CES_EFFORT_1_5).score == 5.0  # low is good there
        assert [row.score for row in cx.latest(effort, key=key)] == [2]
        words = tied(order, score=["good", "bad", None, "good"])
        assert [row.score for row in cx.latest(words, key=key)] == ["good"]  # no number: by the text


# -- what a tally may claim --------------------------------------------------------------------------


def test_all_answers_are_another_figure_than_the_latest() -> None:
    data = tied((0, 1), score=[9, 10])
    dropped, counted = (cx.ScoreTally.of(data, cx.NPS_0_10, superseded=how) for how in ("drop", "count"))
    assert (dropped.n, counted.n) == (1, 2)
    assert cx.nps(counted).signature == cx.nps(data, superseded="count", cluster=False).signature
    assert cx.ScoreTally.from_bytes(counted.to_bytes()) == counted
    assert cx.nps(counted, superseded="count") == cx.nps(counted)
    assert counted + cx.ScoreTally.empty(cx.NPS_0_10) == cx.ScoreTally.empty(cx.NPS_0_10) + counted == counted
    assert counted.emptied().superseded == "count"
    assert (counted.emptied() + dropped.emptied()).superseded == (dropped.emptied() + counted.emptied()).superseded
    for one, other in ((dropped, counted), (counted, dropped)):
        with pytest.raises(cx.MergeError, match="latest answers and one of all answers"):
            one + other
    with pytest.raises(cx.ArgumentTypeError, match="superseded must be left out beside a tally"):
        cx.nps(dropped, superseded="count")
    with pytest.raises(cx.ArgumentValueError):
        cx.compare(cx.nps(data), cx.nps(data, superseded="count"))
    groups = cx.nps(
        cx.Responses.from_records([attrs.evolve(row, team="x") for row in data]), by="team", superseded="count"
    )
    assert groups.tally.superseded == groups.tallies["x"].superseded == "count"
    assert "superseded:count" in cx.nps({9: 1}, superseded="count").signature
    assert "superseded" not in cx.nps(data).signature


def test_a_tally_says_what_it_did() -> None:
    tally = cx.ScoreTally.of([9, None, 99], cx.NPS_0_10, invalid="drop")
    assert "|missing:drop|invalid:drop|" in cx.nps(tally).signature
    with pytest.raises(cx.MissingValueError, match=r"left 1 out\); count with ScoreTally\.of"):
        cx.nps(tally, missing="raise")
    whole = cx.ScoreTally.of([9], cx.NPS_0_10)
    assert "|missing:raise|invalid:raise|" in cx.nps(whole, missing="raise").signature


# -- invitations -------------------------------------------------------------------------------------


def test_no_month_of_answers_knows_how_many_were_asked() -> None:
    data = cx.Responses(
        score=[9, None, 10, None, 3, None], at=[START, None, START, None, START + 40 * DAY, None],
        asked_at=[START - DAY] * 4 + [START + 39 * DAY] * 2, team=["x"] * 6,
    )  # fmt: skip
    for by in (
        cx.period("at", "month", tz="UTC"),
        ["team", cx.period("at", "month", tz="UTC")],
        {"m": cx.period("at", "week", tz="UTC")},
    ):
        groups = cx.nps(data, by=by)
        assert {(found.asked, found.response_rate) for found in groups.values()} == {(None, None)}
        with pytest.raises(cx.ArgumentValueError, match=r"by=cx\.period\('asked_at'"):
            cx.response_rate(data, by=by)
    groups = cx.nps(data, by=cx.period("asked_at", "month", tz="UTC"))
    rates = cx.response_rate(data, by=cx.period("asked_at", "month", tz="UTC"))
    assert [(found.asked, found.response_rate) for found in groups.values()] == [(4, 0.5), (2, 0.5)]
    assert [rate.rate for rate in rates.values()] == [0.5, 0.5]


# -- coverage of weighted intervals ------------------------------------------------------------------


def test_cells_of_the_table_of_weights() -> None:
    found = runpy.run_path(str(Path(__file__).resolve().parents[1] / "benchmarks" / "weights.py"))
    page = (Path(__file__).resolve().parents[1] / "docs" / "how-to" / "dependence.md").read_text(encoding="utf-8")
    for design in found["DESIGNS"]:
        told, linearised, kish = found["coverage"](design, samples=2_000, seed=7)
        (row,) = (
            [cell.strip() for cell in line.split("|")[1:-1]]
            for line in page.splitlines()
            if line.startswith(f"| {design.name} | {design.n} | {design.share * 100:.0f} % |")
        )
        published = [float(cell) for cell in row[3:]]
        assert [told, linearised, kish] == pytest.approx(published, abs=0.03)


def test_four_heavy_and_light_answers_may_be_worth_more_than_four() -> None:
    # The linearised variance of 1, 2, 3, 4 with weights 1, 2, 3, 4 is 24/100: 1 / .24 = 4.17 answers.
    evidence = cx.ces([1, 2, 3, 4], weights=[1, 2, 3, 4], scale=cx.CES_1_5)._evidence
    assert (evidence.spread, evidence.n) == pytest.approx((1.0, 1 / 0.24))
