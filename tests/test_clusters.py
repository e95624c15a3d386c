"""Answers that hang together: clusters, votes and superseded answers against slow references and other software."""

from __future__ import annotations

import copy
import json
import math
import pickle
import random
import runpy
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.api import WLS

import cxscore as cx
from cxscore import intervals
from cxscore._core import clusters
from cxscore._core.repeats import ClusterSums
from strategies import confidences, weights

ORACLES = Path(__file__).resolve().parents[2] / "shared" / "oracles" / "oracles.json"
METRICS = [cx.nps, cx.csat, cx.ces]
SCALE = cx.CES_1_7
Row = tuple[int, Hashable, float]

people = st.sampled_from(["ada", "bob", "cyd", "dee", None])
plain_rows = st.lists(st.tuples(st.integers(1, 7), people, st.just(1.0)), max_size=30)
weighted_rows = st.lists(st.tuples(st.integers(1, 7), people, weights), max_size=30)
either_rows = st.one_of(plain_rows, weighted_rows)
CONTRASTS: dict[str, Callable[[int], float]] = {
    "good": lambda point: float(point in SCALE.good),
    "net": lambda point: float((point in SCALE.good) - (point in SCALE.poor)),
    "mean": float,
    "top two": lambda point: float(point in SCALE.top_two),
    "index": lambda point: float((point in SCALE.top_two) - (point in SCALE.poor)),
}


def columns(rows: Sequence[Row]) -> tuple[list[int], list[Hashable], list[float]]:
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]


def measured(metric: Callable[..., Any], rows: Sequence[Row], **more: Any) -> Any:
    points, labels, given_weights = columns(rows)
    if any(weight != 1.0 for weight in given_weights):
        more["weights"] = given_weights
    return metric(points, cluster=labels, scale=SCALE, **more)


def by_cluster(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of each cluster; one without a label is its own."""
    found: defaultdict[Any, list[Row]] = defaultdict(list)
    for i, row in enumerate(rows):
        found[(i,) if row[1] is None else row[1]].append(row)
    return list(found.values())


def worth(rows: Sequence[Row], value: Callable[[int], float], confidence: float = 0.95) -> float:
    """Effective number of answers, written out."""
    total = sum(weight for *_, weight in rows)
    if not total:
        return 0.0
    mean = sum(weight * value(point) for point, _, weight in rows) / total
    variance = sum(weight * (value(point) - mean) ** 2 for point, _, weight in rows) / total
    kish = total**2 / sum(weight**2 for *_, weight in rows)
    groups = by_cluster(rows)
    few = total**2 / sum(sum(weight for *_, weight in group) ** 2 for group in groups)
    alone = sum(weight**2 * (value(point) - mean) ** 2 for point, _, weight in rows)
    spread = sum(sum(weight * (value(point) - mean) for point, _, weight in group) ** 2 for group in groups)
    if variance < 1e-12 or spread < 1e-9 * variance * total**2 / few:
        return few
    robust = variance * total**2 / spread * (1 - 1 / few) / (1 - 1 / kish)
    found = min(robust, variance * total**2 / alone)
    t_many, t_few = (stats.t.ppf((1 + confidence) / 2, max(k - 1, 1)) for k in (kish, few))
    return float(max(1.0, found * (t_many / t_few) ** 2))


# -- what clustered answers are worth ----------------------------------------------------------------


@settings(max_examples=25)
@given(either_rows, confidences)
def test_every_interval_is_the_formula_on_what_the_answers_are_worth(rows: list[Row], confidence: float) -> None:
    def share(value: float, contrast: str) -> tuple[float, float]:
        n = worth(rows, CONTRASTS[contrast], confidence)
        low, high = intervals.proportion(value * n, n, confidence=confidence)
        return low, high

    def net(up: float, down: float, contrast: str) -> tuple[float, float]:
        n = worth(rows, CONTRASTS[contrast], confidence)
        low, high = intervals.nps(down * n, max(1 - up - down, 0) * n, up * n, confidence=confidence)
        return low, high

    nps, csat, ces = (measured(metric, rows, confidence=confidence) for metric in METRICS)
    for result, contrast in ((nps, "net"), (csat, "good"), (ces, "mean")):
        assert result._evidence.at(confidence).n == pytest.approx(
            worth(rows, CONTRASTS[contrast], confidence), rel=1e-6
        )
        assert result.clusters == len(by_cluster(rows))
    if not rows:
        assert all(math.isnan(limit) for limit in (*nps.interval, *csat.interval, *ces.interval, *ces.net_interval))
        return
    expected = [
        (nps.interval, net(nps.promoter_share, nps.detractor_share, "net"), "net"),
        (csat.interval, [100 * limit for limit in share(csat.satisfied_share, "good")], "good"),
        (csat.net_interval, net(csat.satisfied_share, csat.dissatisfied_share, "net"), "net"),
        (ces.easy_interval, share(ces.easy_share, "good"), "good"),
        (ces.top_two_interval, share(ces.top_two_share, "top two"), "top two"),
        (ces.net_interval, net(ces.top_two_share, ces.difficult_share, "index"), "index"),
    ]
    for interval, limits, contrast in expected:
        assert tuple(interval) == pytest.approx(limits, rel=1e-6, abs=1e-6), contrast


@settings(max_examples=25)
@given(either_rows, st.data())
def test_the_order_of_answers_and_the_names_of_clusters_do_not_matter(rows: list[Row], data: st.DataObject) -> None:
    names = data.draw(st.permutations(["ada", "bob", "cyd", "dee"]))
    other = data.draw(st.permutations(rows))
    renamed = [(p, None if c is None else names[["ada", "bob", "cyd", "dee"].index(str(c))], w) for p, c, w in other]
    for metric in METRICS:
        one, two = measured(metric, rows), measured(metric, renamed)
        assert tuple(one.interval) == pytest.approx(tuple(two.interval), rel=1e-9, nan_ok=True)
        assert one.n == two.n


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 7), weights), max_size=30), st.booleans())
def test_clusters_of_one_answer_change_nothing(
    metric: Callable[..., Any], table: list[tuple[int, float]], labelled: bool
) -> None:
    points, given_weights = [row[0] for row in table], [row[1] for row in table]
    labels = [f"person {i}" if labelled else None for i in range(len(table))]
    for weighed in (None, given_weights):
        plain = metric(points, scale=SCALE, weights=weighed)
        alone = metric(points, scale=SCALE, weights=weighed, cluster=labels)
        assert alone.clusters == alone.n
        assert tuple(alone.interval) == pytest.approx(tuple(plain.interval), rel=1e-9, abs=1e-9, nan_ok=True)
        assert tuple(alone.iid_interval) == pytest.approx(tuple(plain.interval), rel=1e-12, nan_ok=True)


@settings(max_examples=25)
@given(either_rows)
def test_clusters_never_tell_more_than_independent_answers(rows: list[Row]) -> None:
    points, _, given_weights = columns(rows)
    for metric in METRICS:
        plain = metric(points, scale=SCALE, weights=given_weights)
        clustered = measured(metric, rows)
        assert clustered.score == pytest.approx(plain.score, nan_ok=True)
        assert clustered._evidence.n <= max(plain._evidence.n * (1 + 1e-9), 1.0)
        assert tuple(clustered.iid_interval) == pytest.approx(tuple(plain.interval), rel=1e-9, nan_ok=True)


def test_one_person_is_one_answer() -> None:
    torn = cx.nps([10] * 5 + [0] * 5, cluster=["ada"] * 10)
    assert (torn.clusters, torn._evidence.n) == (1, 1.0)
    assert tuple(torn.interval) == pytest.approx(intervals.nps(0.5, 0, 0.5))
    same = cx.csat([5] * 10, cluster=["ada"] * 10)
    assert tuple(same.interval) == pytest.approx([100 * limit for limit in intervals.proportion(1, 1)])
    assert tuple(cx.ces([7, 1] * 9, cluster=["ada", "bob"] * 9).interval) == (1.0, 7.0)


def test_answers_that_weigh_nothing_change_nothing() -> None:
    rows: list[Row] = [(7, "ada", 1.5), (2, "ada", 1.0), (6, "bob", 2.0), (1, "cyd", 0.5)]
    for metric in METRICS:
        some, more = measured(metric, rows), measured(metric, [*rows, (1, "dee", 0.0), (7, "ada", 0.0)])
        assert tuple(more.interval) == pytest.approx(tuple(some.interval))
        nothing = metric([1, 2], cluster=["ada", "bob"], weights=[0, 0], scale=SCALE)
        assert (nothing._evidence.n, nothing.effective_n) == (0.0, 0.0)
        assert all(math.isnan(limit) for limit in nothing.interval)


# -- other software ----------------------------------------------------------------------------------


@pytest.mark.skipif(not ORACLES.exists(), reason="the collection of published numbers does not lie beside the checkout")
def test_published_numbers_on_weights() -> None:
    found = [record for record in json.loads(ORACLES.read_text()) if record["topic"] == "weights"]
    assert len(found) == 4
    for record in found:
        inputs, expected, near = record["inputs"], record["expected"], {"abs": record["tolerance"]}
        w = inputs.get("weights", inputs.get("w"))
        result = cx.ces(inputs.get("v", [1, 2, 3, 4][: len(w)]), weights=w, scale=cx.CES_1_5)
        n = len(w)
        if "deff" in expected:
            assert n / result.effective_n == pytest.approx(expected["deff"], **near)
            continue
        variance = result._evidence.spread / result._evidence.n
        if "se" in expected:  # R's survey corrects by n / (n - 1)
            assert math.sqrt(variance * n / (n - 1)) == pytest.approx(expected["se"], **near)
            continue
        assert variance == pytest.approx(expected["var"], **near)
        margin = stats.norm.ppf(0.975) * math.sqrt(variance)
        assert result.score - margin == pytest.approx(expected["lo"], **near)


@settings(max_examples=25)
@given(weighted_rows.filter(lambda rows: len(rows) > 2))
def test_the_linearised_variance_is_that_of_statsmodels(rows: list[Row]) -> None:
    points, labels, w = columns(rows)
    codes = np.array([["ada", "bob", "cyd", "dee"].index(str(x)) if x else i + 4 for i, x in enumerate(labels)])
    tally = cx.ScoreTally.of(points, SCALE, weights=w, cluster=labels)
    assert tally.clusters is not None
    assert tally.sums is not None
    for value in CONTRASTS.values():
        x = np.array([value(point) for point in points])
        fit = WLS(x, np.ones(len(x)), weights=w).fit(
            cov_type="cluster", cov_kwds={"groups": codes, "use_correction": False}
        )
        spread = tally.clusters.spread([value(point) - float(fit.params[0]) for point in SCALE.points])
        assert spread / sum(tally.sums) ** 2 == pytest.approx(float(fit.cov_params()[0, 0]), rel=1e-6, abs=1e-12)


@given(
    st.integers(1, 5).flatmap(
        lambda size: st.lists(st.lists(st.sampled_from([1, 5]), min_size=size, max_size=size), min_size=2, max_size=30)
    )
)
def test_shares_of_contacts_are_worth_what_shares_of_answers_are(table: list[list[int]]) -> None:
    size, count = len(table[0]), len(table)
    hits = np.array([sum(point == 5 for point in row) for row in table])
    expected = clusters.effective_share(
        ClusterSums(
            count, int((hits > 0).sum()), size * count, int(hits.sum()), int((hits**2).sum()), int(hits.sum()) * size,
            size * size * count,
        ),
        0.95,
    )  # fmt: skip
    result = cx.csat(np.ravel(table), cluster=np.repeat(np.arange(count), size))
    assert result._evidence.at(0.95).n == pytest.approx(expected, rel=1e-9)


def test_a_share_of_nothing_is_worth_nothing_known() -> None:
    assert math.isnan(clusters.effective_share(ClusterSums(*[0] * 7), 0.95))
    some = ClusterSums(*(np.array([0, n]) for n in (2, 1, 4, 2, 4, 4, 8)))
    both = clusters.effective_share(some, 0.95)
    assert math.isnan(both[0])
    assert both[1] == clusters.effective_share(ClusterSums(2, 1, 4, 2, 4, 4, 8), 0.95) >= 1.0


def test_a_share_by_hand() -> None:
    # Ada 2 of 2, Bob 1 of 2, Cyd 0 of 2: p = 1/2, the deviations 1, 0 and -1, v = 3/2 · 2 / 6² = 1/12.
    result = cx.csat([5, 5, 4, 1, 2, 2], cluster=["ada", "ada", "bob", "bob", "cyd", "cyd"])
    robust = 1 / 12
    independent = 6 / 5 * (1 / 4) / 6
    quantiles = stats.t.ppf(0.975, 5) / stats.t.ppf(0.975, 2)
    assert result._evidence.n == pytest.approx(6 * independent / robust)
    assert result._evidence.at(0.95).n == pytest.approx(6 * independent / robust * quantiles**2)
    assert result.clusters == 3


# -- doors, names, words -----------------------------------------------------------------------------

ANSWERS = [10, 9, 3, 8, 10, 0, None, 9]
WHO: list[Any] = ["ada", "ada", "bob", "cyd", "cyd", "cyd", "ada", None]


def records() -> list[cx.SurveyResponse]:
    return [
        cx.SurveyResponse(score=score, respondent=who, account=who, extra={"a|b": who})
        for score, who in zip(ANSWERS, WHO, strict=True)
    ]


@pytest.mark.parametrize("argument", ["cluster", "one_vote_per"])
def test_every_door_gives_the_same(argument: str) -> None:
    expected = cx.nps(ANSWERS, **{argument: WHO})
    numbers = [{"ada": 7, "bob": 9, "cyd": 10**12, None: None}[who] for who in WHO]
    for labels in (
        tuple(WHO), iter(WHO), np.array(WHO, dtype=object), pd.Series(WHO), pd.Series(WHO, dtype="category"),
        pl.Series(WHO), pa.array(WHO), pa.array(WHO).dictionary_encode(), numbers, pl.Series(numbers),
        pd.Series(numbers, dtype="Int64"), np.array(numbers, dtype=float),
    ):  # fmt: skip
        assert cx.nps(ANSWERS, **{argument: labels}) == expected
    assert cx.nps(records(), **{argument: WHO}) == expected
    assert cx.nps(cx.Responses(score=ANSWERS, account=WHO), **{argument: WHO}) == expected
    for data in (records(), cx.Responses(score=ANSWERS, account=WHO), cx.Responses.from_records(records())):
        named = cx.nps(data, **{argument: "account"})
        assert tuple(named.interval) == tuple(expected.interval)
        assert named.signature == expected.signature.replace("given", "account")


def test_signatures_name_the_cluster() -> None:
    assert cx.nps(ANSWERS).signature.endswith("|cluster:none")
    assert cx.nps(ANSWERS, cluster=WHO).signature.endswith("|cluster:given")
    assert cx.csat(records(), cluster="respondent", scale=cx.CSAT_0_10).signature.endswith("|cluster:respondent")
    votes = cx.nps(records(), one_vote_per="account")
    assert votes.signature == (
        "cxscore|nps|scale:0-10|poor:0-6|good:9-10|one_vote_per:account|v:1 ; "
        "ci:score|conf:0.95|missing:drop|invalid:raise|cluster:account"
    )
    assert "|superseded:count|v:1 ; " in cx.nps(records(), superseded="count").signature
    # A name that would break the signature in two is not told.
    none = cx.Responses(score=[9, 3], extra={"none": [1, 1]})
    assert cx.nps(none, cluster="none").signature.endswith("|cluster:given")
    odd = cx.nps(records(), cluster="a|b").signature
    assert odd.endswith("|cluster:given")
    assert str(cx.Signature.parse(odd)) == odd


def test_the_interval_of_independent_answers_is_told_where_it_differs() -> None:
    plain, robust = cx.nps(ANSWERS), cx.nps(ANSWERS, cluster=WHO)
    assert plain.iid_interval == plain.interval != robust.interval
    assert robust.iid_interval == plain.interval
    for result, told in ((plain, False), (robust, True), (cx.nps([9, 3], cluster=[None, None]), False)):
        assert ("iid_interval" in result.to_dict()) is told
        assert ("iid_interval=" in repr(result)) is told
        assert ("if independent" in result._repr_html_()) is told
    effort = cx.ces([2, 2, 7, 7] * 3, cluster=["ada", "ada", "bob", "bob"] * 3)
    low, high = effort.iid_interval
    assert f"95% CI {low:.2f} to {high:.2f}" in effort._repr_html_()
    assert repr(plain).startswith("NpsResult(given=8, n=7, left_out=FrozenMap(")


@pytest.mark.parametrize("metric", METRICS)
def test_counts_have_no_clusters(metric: Callable[..., Any]) -> None:
    for data in ({5: 2}, cx.ScoreTally.of([5], cx.CSAT_1_5)):
        for argument in ("cluster", "one_vote_per"):
            with pytest.raises(cx.ArgumentTypeError, match=f"{argument} must be left out beside counts: only single"):
                metric(data, scale=cx.CSAT_1_5, **{argument: ["ada"]})


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(cx.UnknownNameError, match=r"cluster must name a column .*'respondant'.*known columns"):
        cx.nps(records(), cluster="respondant")
    with pytest.raises(cx.UnknownNameError, match="one_vote_per must name a column"):
        cx.nps(cx.Responses(score=[9]), one_vote_per="account")


# -- groups ------------------------------------------------------------------------------------------

grouped_rows = st.lists(
    st.tuples(st.one_of(st.integers(1, 7), st.none()), people, weights, st.sampled_from(["chat", "mail", None])),
    min_size=1,
    max_size=25,
)


def alike(one: Any, other: Any) -> None:
    """Equal to rounding: sums of weights depend on who is summed first."""
    mine, theirs = one.to_dict(), other.to_dict()
    mine.setdefault("iid_interval", mine["interval"])
    theirs.setdefault("iid_interval", theirs["interval"])
    assert mine.keys() == theirs.keys()
    for name, value in mine.items():
        if isinstance(value, dict) and "low" in value:
            for limit in ("low", "high"):
                assert near(value[limit], theirs[name][limit]), name
        else:
            assert near(value, theirs[name]) if isinstance(value, float) else value == theirs[name], name


def near(one: float | None, other: float | None) -> bool:
    return one == other if one is None or other is None else one == pytest.approx(other, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("kind", ["cluster", "weights", "votes"])
@settings(max_examples=12)
@given(st.sampled_from(METRICS), grouped_rows)
def test_groups_are_measured_as_if_alone(
    kind: str, metric: Callable[..., Any], rows: list[tuple[int | None, Any, float, Any]]
) -> None:
    def measure(chosen: list[Any], **more: Any) -> Any:
        options: dict[str, Any] = {"cluster": [row[1] for row in chosen]}
        if kind == "weights":
            options["weights"] = [row[2] for row in chosen]
        if kind == "votes":
            options = {"one_vote_per": [row[1] for row in chosen]}
        return metric([row[0] for row in chosen], scale=SCALE, **options, **more)

    groups = measure(rows, by=[row[3] for row in rows])
    alike(groups.overall, measure(rows))
    for key, result in groups.items():
        alike(result, measure([row for row in rows if row[3] == key]))
        alike(groups.rest(key), measure([row for row in rows if row[3] != key]))
    for column in ("score", "interval.low", "iid_interval.high", "clusters", "effective_n"):
        field, _, part = column.partition(".")
        values = [getattr(result, field) for result in groups.values()]
        values = [getattr(value, part) for value in values] if part else values
        assert groups.column(column).tolist() == pytest.approx(values, rel=1e-7, abs=1e-7, nan_ok=True)
    found = groups._evidence
    assert found.n.tolist() == pytest.approx([result._evidence.n for result in groups.values()], rel=1e-9)


def test_groups_travel() -> None:
    groups = cx.nps(records(), by="respondent", cluster="account")
    for twin in (pickle.loads(pickle.dumps(groups)), copy.deepcopy(groups)):
        assert twin == groups
        assert twin.tally == groups.tally
    assert groups.column("clusters").dtype == np.int64
    assert [row["clusters"] for row in groups.to_dicts()] == [1, 1, 1, 1]


def test_respondents_of_groups() -> None:
    batch = cx.Responses(
        score=[9, 3, 10, None, 8, 7], respondent=["ada", "bob", "ada", "cyd", None, "dee"],
        channel=["chat", "chat", "mail", "mail", "mail", "mail"],
    )  # fmt: skip
    groups = cx.nps(batch, by="channel")
    assert {key: result.respondents for key, result in groups.items()} == {"chat": 2, "mail": 2}
    assert groups.overall.respondents == cx.nps(batch).respondents == 3
    assert (groups.rest("chat").respondents, groups.rest("mail").respondents) == (2, 2)
    assert cx.nps([9, 3], by=["a", "b"])["a"].respondents is None


# -- one vote per account ----------------------------------------------------------------------------


@settings(max_examples=25)
@given(plain_rows.filter(bool))
def test_a_vote_is_the_mean_of_an_accounts_answers(rows: list[Row]) -> None:
    points, accounts, _ = columns(rows)
    groups = by_cluster(rows)
    for metric, value, unit in ((cx.nps, "net", 100), (cx.csat, "good", 100), (cx.ces, "mean", 1)):
        result = metric(points, one_vote_per=accounts, scale=SCALE)
        means = [sum(CONTRASTS[value](point) for point, *_ in group) / len(group) for group in groups]
        assert result.score == pytest.approx(unit * sum(means) / len(means), abs=1e-9)
        assert result.n == len(rows)
        assert result.clusters == len(groups)
        assert result.total_weight == pytest.approx(len(groups))
        votes: list[Row] = [(p, g[0][1] or i, 1 / len(g)) for i, g in enumerate(groups) for p, *_ in g]
        assert result._evidence.at(0.95).n == pytest.approx(worth(votes, CONTRASTS[value]), rel=1e-6)


def test_a_group_of_votes_is_compared_with_the_votes_of_all_others() -> None:
    scores, accounts, teams = [5, 1, 4, 2, 5, 1], list("xyxzyz"), np.array(list("abacbc"))
    compared = cx.compare(cx.csat(scores, by=teams, one_vote_per=accounts))
    for team, found in compared.items():
        # An account that answered elsewhere too has one vote inside the team, and one outside.
        own, others = (
            cx.csat(np.array(scores)[part], one_vote_per=np.array(accounts)[part])
            for part in (teams == team, teams != team)
        )
        assert (found.estimate, *found.interval) == pytest.approx(
            (own.score - others.score, *cx.compare(others, own).interval)
        )


@pytest.mark.parametrize(("answers", "weight"), [([None] * 4, 1.0), ([9, 3, 10, 2], 0.0)])
def test_groups_without_an_answer_that_weighs_cannot_be_told_from_the_rest(answers: list[Any], weight: float) -> None:
    groups = cx.nps(answers, by=["a", "b", "a", "b"], cluster=[1, 1, 1, 1], weights=[weight] * 4)
    compared = cx.compare(groups)
    assert [None, None] == [found.verdict for found in compared.values()]
    assert all(np.isnan(found.estimate) for found in compared.values())


def test_one_loud_account_has_one_vote() -> None:
    answers, account = [0] * 8 + [10, 9], ["loud"] * 8 + ["ada", "bob"]
    assert cx.nps(answers).score == -60.0
    votes = cx.nps(answers, one_vote_per=account)
    assert (votes.n, votes.clusters, votes.total_weight) == (10, 3, 3.0)
    assert votes.score == pytest.approx(100 / 3)
    assert "weights" not in votes.signature


# -- tallies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("votes", [False, True])
@settings(max_examples=25)
@given(plain_rows)
def test_shards_split_by_cluster_merge_to_the_whole(votes: bool, rows: list[Row]) -> None:
    def tally(part: list[Row]) -> cx.ScoreTally:
        points, labels, _ = columns(part)
        return cx.ScoreTally.of(points, SCALE, **{"one_vote_per" if votes else "cluster": labels})

    shards = [[row for row in rows if len(str(row[1])) == 4], [row for row in rows if row[1] in ("ada", "dee")]]
    shards.append([row for row in rows if row[1] in ("bob", "cyd")])
    whole = tally(rows)
    merged = sum(map(tally, shards), start=cx.ScoreTally.empty(SCALE))
    if votes:  # thirds do not add up exactly
        assert whole.sums is not None
        assert whole.clusters is not None
        assert merged.sums == pytest.approx(whole.sums) if rows else merged.sums in (None, whole.sums)
        assert merged.clusters == with_products_of(whole.clusters, merged)
    else:
        assert merged == whole
        assert hash(merged) == hash(whole)
        assert merged + whole.emptied() == merged
    for metric in METRICS:
        assert tuple(metric(merged).interval) == pytest.approx(
            tuple(metric([row[0] for row in rows], **{"one_vote_per" if votes else "cluster": [r[1] for r in rows]},
                         scale=SCALE).interval), rel=1e-9, nan_ok=True,
        )  # fmt: skip
    for twin in (cx.ScoreTally.from_bytes(whole.to_bytes()), pickle.loads(pickle.dumps(whole)), copy.deepcopy(whole)):
        assert twin == whole
        assert twin.clusters is not None
        assert twin.clusters.seen is not None
        assert not twin.clusters.seen.flags.writeable


def with_products_of(found: Any, merged: cx.ScoreTally) -> Any:
    """The same clusters with the other's products, which are equal to rounding."""
    assert merged.clusters is not None
    assert np.array(merged.clusters.products) == pytest.approx(np.array(found.products))
    return attrs.evolve(found, products=merged.clusters.products)


def test_a_tally_with_clusters_can_be_read_under_other_bands() -> None:
    tally = cx.ScoreTally.of(ANSWERS, cx.NPS_0_10, cluster=WHO)
    strict = cx.CSAT_0_10.with_bands(good_from=10)
    assert cx.csat(tally, scale=strict) == cx.csat(ANSWERS, scale=strict, cluster=WHO)
    assert cx.nps(tally) == cx.nps(ANSWERS, cluster=WHO)


def test_tallies_that_share_a_cluster_refuse() -> None:
    def tally(*labels: Any, **more: Any) -> cx.ScoreTally:
        return cx.ScoreTally.of([9] * len(labels), cx.NPS_0_10, **(more or {"cluster": list(labels)}))

    with pytest.raises(
        cx.MergeError,
        match=r"no cluster stands in both \(got 1 that do, of 2 and 3\); split the shards by cluster:given",
    ):
        tally("ada", "bob") + tally("bob", "cyd", None)
    assert (tally("ada", None) + tally("bob", None)).clusters.count == 4  # type: ignore[union-attr]  # it has them
    with pytest.raises(cx.MergeError, match="a tally with clusters and one without do not add up"):
        tally("ada") + cx.ScoreTally.of([9], cx.NPS_0_10)
    with pytest.raises(cx.MergeError, match="a tally with clusters and one without do not add up"):
        cx.ScoreTally.of([9], cx.NPS_0_10) + tally("ada")
    with pytest.raises(cx.MergeError, match=r"unlike clusters .*\(got cluster:given and one_vote_per:given\)"):
        tally("ada") + tally("bob", one_vote_per=["bob"])
    named = cx.ScoreTally.of(cx.Responses(score=[9], team=["x"]), cx.NPS_0_10, cluster="team")
    with pytest.raises(cx.MergeError, match=r"\(got cluster:given and cluster:team\)"):
        tally("ada") + named
    nameless = cx.ScoreTally.from_dict(
        {**named.to_dict(), "clusters": {**named.to_dict()["clusters"], "seen": None}}
    )  # fmt: skip
    with pytest.raises(cx.MergeError, match="does not know its clusters"):
        nameless + named
    nobody = cx.ScoreTally.of([None], cx.NPS_0_10, cluster=["ada"])
    assert (nobody + cx.ScoreTally.of([9], cx.NPS_0_10)).clusters is None
    assert (cx.ScoreTally.of([None], cx.NPS_0_10) + tally("ada")).clusters == tally("ada").clusters
    with pytest.raises(cx.ArgumentTypeError, match="cluster must be texts, numbers, dates"):
        cx.ScoreTally.of([9], cx.NPS_0_10, cluster=[object()])
    with pytest.raises(cx.LengthError, match="clusters must have products for each pair of the 5 points"):
        cx.ScoreTally(scale=cx.CSAT_1_5, counts=[0] * 5, clusters=tally("ada").clusters)


def test_tallies_of_groups_merge_where_no_cluster_stands_in_two() -> None:
    apart = cx.nps(ANSWERS, by=[who == "ada" for who in WHO], cluster=WHO)
    assert cx.Groups.from_tallies(apart.tallies, cx.nps).overall == apart.overall
    both = cx.nps([9, 3], by=["chat", "mail"], cluster=["ada", "ada"])
    with pytest.raises(cx.MergeError, match="no cluster stands in both"):
        cx.Groups.from_tallies(both.tallies, cx.nps)
    assert both.overall.clusters == 1


# -- superseded answers ------------------------------------------------------------------------------

START = datetime(2026, 3, 2, 9)
instants = st.one_of(st.none(), st.integers(0, 3).map(lambda hour: START + timedelta(hours=hour)))
surveys = st.lists(
    st.builds(
        cx.SurveyResponse,
        score=st.one_of(st.integers(1, 5), st.none(), st.just(9)),
        at=instants,
        respondent=st.sampled_from(["ada", "bob", None]),
        conversation=st.sampled_from([1, 2, None]),
        survey=st.sampled_from(["x", "y", None]),
        channel=st.sampled_from(["chat", "mail"]),
    ),
    min_size=1,
    max_size=20,
)


def latest(rows: list[cx.SurveyResponse], *, low_is_good: bool) -> list[cx.SurveyResponse]:
    """The answers that count: of those of one person in one survey about one conversation the last."""
    kept: dict[Any, cx.SurveyResponse] = {}
    for i, row in enumerate(rows):
        if row.score is None or not 1 <= row.score <= 5:
            continue
        name = (row.respondent, row.conversation, row.survey)
        key = (i,) if None in name else name
        score = row.score if low_is_good else -row.score
        rival = kept.get(key)
        if rival is not None:
            theirs = rival.score if low_is_good else -rival.score
            if (row.at is not None, row.at or START, score) < (rival.at is not None, rival.at or START, theirs):
                continue
        kept[key] = row
    return list(kept.values())


@settings(max_examples=25)
@given(surveys, st.sampled_from([cx.CSAT_1_5, cx.CES_EFFORT_1_5]), st.randoms())
def test_the_latest_answer_counts(rows: list[cx.SurveyResponse], scale: cx.Scale, chance: random.Random) -> None:
    kept = latest(rows, low_is_good=scale.low_is_good)
    off = sum(row.score == 9 for row in rows)
    missing = sum(row.score is None for row in rows)
    older = len(rows) - len(kept) - off - missing
    shuffled = chance.sample(rows, len(rows))
    for data in (rows, cx.Responses.from_records(rows), shuffled):
        result = cx.csat(data, scale=scale, invalid="drop")
        assert result.distribution == cx.csat([row.score for row in kept], scale=scale).distribution
        assert result.left_out.get(cx.LeftOut.SUPERSEDED, 0) == older
        assert result.given == len(rows) == result.n + sum(result.left_out.values())
        assert result.asked == len(rows) - older
        everything = cx.csat(data, scale=scale, invalid="drop", superseded="count")
        assert everything.n == len(kept) + older
    groups = cx.csat(rows, scale=scale, by="respondent", invalid="drop", weights="weight")
    assert groups.overall.left_out == result.left_out
    for key, found in groups.items():
        mine = [row.score for row in kept if row.respondent == key]
        assert found.distribution == cx.csat(mine, scale=scale).distribution
        assert found.total_weight == len(mine)
        assert found.asked == found.given - found.left_out.get(cx.LeftOut.SUPERSEDED, 0)
        clustered = cx.csat(
            [row for row in rows if row.respondent == key], scale=scale, cluster="conversation", invalid="drop"
        )
        assert clustered.distribution == found.distribution


def test_only_known_surveys_conversations_and_respondents_supersede() -> None:
    both: dict[str, Any] = {"score": [5, 1], "at": [START, START + timedelta(hours=1)]}
    same: dict[str, Any] = {"respondent": ["ada"] * 2, "conversation": [7, 7], "survey": ["x", "x"]}
    assert cx.csat(cx.Responses(**both, **same)).distribution[1] == 1
    assert cx.csat(cx.Responses(**both, **same)).n == 1
    for name in same:
        fewer = {key: value for key, value in same.items() if key != name}
        assert cx.csat(cx.Responses(**both, **fewer)).n == 2
        assert cx.csat(cx.Responses(**both, **{**same, name: [None, None]})).n == 2
    nobody = cx.Responses(score=[None, 5], **same)
    assert (cx.csat(nobody).n, cx.csat(nobody).response_rate) == (1, 0.5)
    assert cx.csat(cx.Responses(score=[], respondent=[], conversation=[], survey=[])).n == 0


def test_codes_too_many_to_be_packed_are_numbered_first() -> None:
    rng = np.random.default_rng(3)
    columns = [rng.integers(0, 1 << 40, 50).repeat(2) for _ in range(4)]
    code = clusters.joint(columns)
    assert len(set(code.tolist())) == len(set(zip(*(column.tolist() for column in columns), strict=True)))
    assert clusters.superseded(code, np.tile([0, 1], 50), np.zeros(100, dtype=np.int64)).sum() == 50
    wide = clusters.joint([rng.integers(0, 1 << 61, 50).repeat(2)])
    assert (wide.max(), len(np.unique(wide))) == (49, 50)
    assert clusters.joint([np.zeros(0, dtype=np.int64)]).size == 0


# -- coverage ----------------------------------------------------------------------------------------


def test_a_cell_of_the_simulation() -> None:
    found = runpy.run_path(str(Path(__file__).resolve().parents[1] / "benchmarks" / "clusters.py"))
    for metric in ("nps", "csat", "ces"):
        robust, independent = found["coverage"](metric, people=30, samples=4_000, seed=1)
        assert 0.94 <= robust <= 0.96, metric
        assert 0.75 <= independent <= 0.85, metric


def test_cells_of_contacts_and_waits() -> None:
    found = runpy.run_path(str(Path(__file__).resolve().parents[1] / "benchmarks" / "clusters.py"))
    for kind, samples in (("returning", 2_000), ("replies", 1_000)):
        for name, pair in found["coverage_of_logs"](kind, clusters=30, samples=samples, seed=1).items():
            assert 0.935 <= pair[0] <= 0.965, name
            assert 0.75 <= pair[1] <= 0.88, name
