"""drivers: contributions that add up, scores and lifts as the metrics and `compare` tell them, every door."""

from __future__ import annotations

import json
import math
import pickle
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cxscore as cx
from cxscore import _inputs
from strategies import points

METRICS = {"nps": (cx.nps, cx.NPS_0_10), "csat": (cx.csat, cx.CSAT_1_5), "ces": (cx.ces, cx.CES_1_7)}
every_metric = pytest.mark.parametrize("metric", METRICS)
TAGS = [("speed",), ("speed", "price"), ("price",), (), ("speed", "speed"), ("speed",)]
SCORES = [10, 9, 2, 9, None, 7]


def value(metric: str, score: int, scale: cx.Scale) -> float:
    """What one answer counts, from the definitions of the metrics."""
    if metric == "ces":
        return float(score)
    return 100.0 * ((score in scale.good) - (metric == "nps" and score in scale.poor))


def slow(metric: str, scale: cx.Scale, rows: list[tuple[int, list[str], float]]) -> dict[Any, tuple[float, ...]]:
    """Mentions, share and contribution a tag, one response after the other."""
    total = sum(weight for *_, weight in rows)
    found: dict[Any, list[float]] = {}
    for score, tags, weight in rows:
        named = set(tags) or {None}
        for tag in named:
            row = found.setdefault(tag, [0, 0.0, 0.0])
            row[0] += 1
            row[1] += weight / total
            row[2] += weight * value(metric, score, scale) / len(named) / total
    return {tag: tuple(row) for tag, row in found.items()}


def tagged(scale: cx.Scale) -> st.SearchStrategy[list[tuple[int, list[str], float]]]:
    tags = st.lists(st.sampled_from(["speed", "price", "staff"]), max_size=4)
    weights = st.sampled_from([1.0, 0.25, 2.5])  # whose sums are exact in any order
    return st.lists(st.tuples(points(scale), tags, weights), min_size=1, max_size=15)


def batch(rows: list[tuple[int, list[str], float]]) -> cx.Responses:
    scores, tags, weights = zip(*rows, strict=True)
    return cx.Responses(score=list(scores), tags=list(tags), weight=list(weights))


@every_metric
@settings(max_examples=40)
@given(data=st.data(), weighted=st.booleans())
def test_contributions_are_the_definition_and_add_up(metric: str, data: st.DataObject, weighted: bool) -> None:
    function, scale = METRICS[metric]
    rows = data.draw(tagged(scale))
    weights = "weight" if weighted else None
    found = cx.drivers(batch(rows), metric=metric, weights=weights)
    assert sum(row.contribution for row in found.rows) == pytest.approx(found.score, abs=1e-9)
    assert found.overall == function(batch(rows), weights=weights)
    wanted = slow(metric, scale, [(score, tags, weight if weighted else 1.0) for score, tags, weight in rows])
    for row in found.rows:
        assert (row.mentions, row.share, row.contribution) == pytest.approx(wanted.get(row.tag, (0, 0, 0)), abs=1e-9)
    assert {row.tag for row in found.rows} == {None, *wanted}


@every_metric
@settings(max_examples=25)
@given(data=st.data(), weighted=st.booleans())
def test_a_tag_is_the_metric_of_its_answers_compared_with_all_others(
    metric: str, data: st.DataObject, weighted: bool
) -> None:
    function, scale = METRICS[metric]
    rows = data.draw(tagged(scale))
    options: dict[str, Any] = {"weights": "weight"} if weighted else {}
    found = cx.drivers(batch(rows), metric=metric, confidence=0.9, **options)
    for row in found.rows:
        named = [(row.tag in tags) if row.tag is not None else not tags for _, tags, _ in rows]
        sides = [[item for item, is_in in zip(rows, named, strict=True) if is_in is side] for side in (True, False)]
        if not all(sides):
            assert math.isnan(row.lift)
            assert all(map(math.isnan, row.lift_interval))
            continue
        naming, others = (function(batch(side), confidence=0.9, **options) for side in sides)
        assert row.score == pytest.approx(naming.score)
        assert row.lift == pytest.approx(naming.score - others.score)
        difference = cx.compare(others, naming, confidence=0.9)
        assert tuple(row.lift_interval) == pytest.approx(tuple(difference.interval), rel=1e-9, abs=1e-7)
        assert row.lift_interval.method == difference.interval.method


def test_one_worked_by_hand() -> None:
    """Answers +100, +100, -100, +100, a passive; one without a score. Two tags share the second answer."""
    found = cx.drivers(cx.Responses(score=SCORES, tags=TAGS))
    price, speed, none = found.rows
    assert (price.tag, price.mentions, price.share) == ("price", 2, 0.4)
    assert price.contribution == pytest.approx((50 - 100) / 5)
    assert (speed.tag, speed.mentions, speed.share) == ("speed", 3, 0.6)
    assert speed.contribution == pytest.approx((100 + 50 + 0) / 5)
    assert speed.lift == pytest.approx(200 / 3 - 0)
    assert (none.tag, none.mentions, none.contribution) == (None, 1, 20.0)
    assert found.score == 40.0
    assert (found.given, found.n, dict(found.left_out)) == (6, 5, {"missing": 1})


def test_every_door_tells_the_same() -> None:
    wanted = cx.drivers(cx.Responses(score=SCORES, tags=TAGS))
    gaps = [tags or None for tags in TAGS]
    lists = [list(tags) for tags in TAGS]
    arrays = np.empty(len(TAGS), dtype=object)
    arrays[:] = [np.array(tags, dtype=str) for tags in TAGS]
    records = [cx.SurveyResponse(score=score, tags=tags) for score, tags in zip(SCORES, TAGS, strict=True)]
    doors: dict[str, Any] = {
        "lists": lists, "gaps": gaps, "sets": [set(tags) for tags in TAGS], "arrays": arrays,
        "pandas": pd.Series(gaps), "polars": pl.Series(lists), "arrow": pa.array(gaps, type=pa.list_(pa.string())),
        "chunks": pa.chunked_array([pa.array(lists[:2]), pa.array(lists[2:], type=pa.list_(pa.string()))]),
        "missing tags": [(*tags, None, float("nan")) for tags in TAGS],
    }  # fmt: skip
    for name, tags in doors.items():
        assert cx.drivers(cx.Responses(score=SCORES, tags=tags)) == wanted, name
    assert cx.drivers(records) == wanted
    assert cx.drivers(iter(records)) == wanted
    assert cx.drivers(cx.Responses.from_frame(pl.DataFrame({"s": SCORES, "t": lists}), score="s", tags="t")) == wanted
    shuffled = [records[i] for i in (3, 1, 5, 0, 4, 2)]
    assert cx.drivers(shuffled) == wanted


def test_tags_without_an_answer_stay_and_add_nothing() -> None:
    found = cx.drivers(cx.Responses(score=[9, None], tags=[["a"], ["b"]]))
    assert [row.tag for row in found.rows] == ["a", "b", None]
    silent = found.rows[1]
    assert (silent.mentions, silent.share, silent.contribution) == (0, 0.0, 0.0)
    assert math.isnan(silent.score)
    assert [row.tag for row in found.largest()] == ["a", "b"]


def test_nobody_answered() -> None:
    for responses in ([], cx.Responses(score=[None], tags=[("a",)])):
        found = cx.drivers(responses)
        assert math.isnan(found.score)
        assert all(math.isnan(row.contribution) and math.isnan(row.share) for row in found.rows)
        assert found.rows[-1].tag is None
    assert str(found) == "NPS undefined (n=0), 1 tag: a undefined; no tag undefined"
    assert str(cx.drivers([])) == "NPS undefined (n=0), 0 tags; no tag undefined"


def test_answers_without_weight_are_nobody() -> None:
    """Sums that are taken away again leave rounding errors, which must not become a score."""
    responses = cx.Responses(score=[10, 9, 0, 3], tags=[("a",), ("a",), ("a",), ()], weight=[0.1, 0.2, 0.3, 0.0])
    found = cx.drivers(responses, weights="weight")
    named = found.rows[0]
    assert named.share == pytest.approx(1.0)
    assert math.isnan(named.lift)
    assert found.rows[1].mentions == 1
    assert found.rows[1].contribution == 0.0


def test_tags_of_unlike_types_stand_as_first_seen() -> None:
    found = cx.drivers(cx.Responses(score=[9, 3], tags=[("b", 1), ("a",)]))
    assert [row.tag for row in found.rows] == ["b", 1, "a", None]


def test_low_is_good_and_words_of_a_scale() -> None:
    effort = cx.drivers(
        cx.Responses(score=[1, 5, 2], tags=[("a",), ("b",), ("a",)]), metric="ces", scale=cx.CES_EFFORT_1_5
    )
    assert effort.rows[0].lift == -3.5
    thumbs = cx.drivers(cx.Responses(score=["👍", "👎"], tags=[("a",), ("b",)]), metric="csat", scale=cx.CSAT_THUMBS)
    assert [row.lift for row in thumbs.rows[:2]] == [100.0, -100.0]


def test_a_result_like_any_other() -> None:
    responses = cx.Responses(score=SCORES, tags=[("<b>", *tags) for tags in TAGS])
    found = cx.drivers(responses, confidence=0.9)
    assert found == pickle.loads(pickle.dumps(found))
    assert hash(found) == hash(cx.drivers(responses, confidence=0.9))
    assert found != cx.drivers(responses)
    assert found.signature == (
        "cxscore|nps|scale:0-10|poor:0-6|good:9-10|v:1 ; ci:mover|conf:0.9|missing:drop|invalid:raise|cluster:none"
    )
    told = json.loads(json.dumps(found.to_dict()))
    assert told["rows"][-1]["tag"] is None
    assert told["rows"][-1]["lift_interval"]["low"] is None
    assert told["overall"]["score"] == 40.0
    text = found._repr_html_()
    assert "&lt;b&gt;" in text
    assert "<th>90% interval</th>" in text
    assert "(no tag)" in text
    assert found.headline == found.score
    assert str(found) == "NPS 40.0 (n=5), 3 tags: <b> +26.7, speed +16.7, price −3.3; no tag 0.0"
    assert found.largest(1)[0].tag == "<b>"
    effort = cx.drivers(cx.Responses(score=[7, 2], tags=[("a",), ("a",)]), metric="ces")
    assert str(effort) == "CES, mean 4.50 (n=2), 1 tag: a +4.50; no tag 0.00"


def test_long_tables_are_cut_in_html_only() -> None:
    found = cx.drivers(cx.Responses(score=[9] * 60, tags=[(f"tag {i:02}",) for i in range(60)]))
    assert len(found.rows) == 61
    assert "... and 11 more" in found._repr_html_()
    assert ", ...; no tag" in str(found)


def test_many_answers_raise_no_warning_and_no_loop_over_rows() -> None:
    rng = np.random.default_rng(1)
    tags = np.empty(50_000, dtype=object)
    names = [f"tag {i}" for i in range(30)]
    tags[:] = [tuple(names[j] for j in pair) for pair in rng.integers(0, 30, (50_000, 2)).tolist()]
    responses = cx.Responses(score=rng.integers(0, 11, 50_000), tags=tags, weight=rng.uniform(0.5, 2.0, 50_000))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = cx.drivers(responses, weights="weight")
    assert len(found.rows) == 31
    assert sum(row.contribution for row in found.rows) == pytest.approx(found.score, abs=1e-9)


# -- what is refused ---------------------------------------------------------------------------------


def test_responses_only() -> None:
    with pytest.raises(cx.ArgumentTypeError, match=r"build cx.Responses\(score=...\)"):
        cx.drivers([9, 10])
    with pytest.raises(cx.ArgumentTypeError, match=r"one positional argument.*tags="):
        cx.drivers(pd.DataFrame({"score": [1]}), "score")  # type: ignore[misc]  # the point of the test
    with pytest.raises(cx.ArgumentTypeError, match="tags are a column of the responses"):
        cx.drivers(cx.Responses(score=[9]), tags=[("a",)])  # type: ignore[call-arg]  # the point of the test


def test_responses_without_tags_are_refused() -> None:
    with pytest.raises(cx.UnknownNameError, match=r"must have a column of tags.*from_frame"):
        cx.drivers(cx.Responses(score=[9]))


@pytest.mark.parametrize(
    "tags", [["price", "speed"], [("price",), 3], [("price",), b"x"]], ids=["texts", "int", "bytes"]
)
def test_single_texts_are_refused(tags: list[Any]) -> None:
    with pytest.raises(cx.ArgumentTypeError, match=r"sequence of texts in every row.*at position [01]") as caught:
        cx.drivers(cx.Responses(score=[9, 3], tags=tags))
    assert caught.value.argument == "tags"


def test_tags_that_are_no_labels_are_refused() -> None:
    with pytest.raises(cx.ArgumentTypeError, match="hashable"):
        cx.drivers(cx.Responses(score=[9], tags=[({"a": 1},)]))


def test_options_are_checked() -> None:
    responses = cx.Responses(score=[9, 3], tags=[("a",), ()])
    with pytest.raises(cx.UnknownNameError, match="metric must be one of"):
        cx.drivers(responses, metric="fcr")  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(cx.ArgumentValueError, match="confidence"):
        cx.drivers(responses, confidence=95)
    with pytest.raises(cx.ScaleError):
        cx.drivers(responses, metric="csat")
    assert cx.drivers(responses, metric="csat", invalid="drop").left_out["invalid"] == 1
    with pytest.raises(cx.MissingValueError):
        cx.drivers(cx.Responses(score=[9, None], tags=[("a",), ()]), missing="raise")


def test_tuples_of_a_column() -> None:
    rows = [("a",), ("b",)]
    assert _inputs.tuples(rows, "tags") == rows
    assert _inputs.tuples(pd.Series([["a"], pd.NA]), "tags") == [("a",), ()]
    assert _inputs.tuples(np.array([["a"], None], dtype=object), "tags") == [("a",), ()]
