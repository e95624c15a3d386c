"""Sweep over a folder of published numbers beside the checkout; skipped where it is absent.

One table says which functions answer the records of a topic; each record that one of them answers is a
test. The last test counts those records, so a sweep that found nothing fails.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxscore import intervals
from cxscore._core import intervals as formulas
from cxscore._core.distributions import z_value

ORACLES = Path(__file__).resolve().parents[2] / "shared" / "oracles" / "oracles.json"
RECORDS: list[dict[str, Any]] = json.loads(ORACLES.read_text()) if ORACLES.exists() else []

Figures = tuple[float, ...]
Answer = tuple[Figures, Figures]
"""Our figures and the expected ones, in the order and the unit of the record."""


def groups_of(inputs: dict[str, Any]) -> tuple[float, float, float]:
    return float(inputs["detractors"]), float(inputs["passives"]), float(inputs["promoters"])


def confidence_of(record: dict[str, Any]) -> float:
    return record["inputs"].get("conf", 0.95)


# Names that the records use for our methods.
PROPORTION = {
    "wilson": "wilson",
    "wilsoncc": "wilson-cc",
    "agresti_coull": "agresti-coull",
    "wald": "wald",
    "jeffreys": "jeffreys",
    "clopper_pearson": "clopper-pearson",
    "midp": "mid-p",
}
DIFFERENCE = {
    "wald": "wald",
    "newcombe_hybrid": "newcombe",
    "newcombe_hybrid_cc": "newcombe-cc",
    "wilson-cc": "newcombe-cc",
    "miettinen-nurminen": "miettinen-nurminen",
}


def proportion(record: dict[str, Any]) -> Answer | None:
    inputs = record["inputs"]
    if not {"x", "n", "method"} <= inputs.keys() or inputs["method"] not in PROPORTION:
        return None
    method = PROPORTION[inputs["method"]]
    low, high = intervals.proportion(inputs["x"], inputs["n"], method=method, confidence=confidence_of(record))
    expected = tuple(record["expected"])
    if method in ("wald", "agresti-coull") and min(expected) >= 0.0 and max(expected) <= 1.0:
        # Sources differ in whether they clip; ours does not, so the source decides how to compare.
        low, high = max(low, 0.0), min(high, 1.0)
    return (low, high), expected


def difference(record: dict[str, Any]) -> Answer | None:
    inputs = record["inputs"]
    if "agresticaffo" in record["id"]:
        method = "agresti-caffo"
    elif record["id"].startswith("prop2-") and inputs.get("method") in DIFFERENCE:
        method = DIFFERENCE[inputs["method"]]
    else:
        return None
    low, high = intervals.difference(
        *(inputs[name] for name in ("x1", "n1", "x2", "n2")), method=method, confidence=confidence_of(record)
    )
    expected = record["expected"]
    if isinstance(expected, dict):
        return (low, high), (expected["lo"], expected["hi"])
    return (low, high), tuple(expected)


def difference_widths(record: dict[str, Any]) -> Answer | None:
    if record["id"] != "prop2-pass-widths":
        return None
    inputs = record["inputs"]
    names = {"mn": "miettinen-nurminen", "newcombe": "newcombe", "newcombe_cc": "newcombe-cc"}
    limits = {
        name: intervals.difference(*(inputs[k] for k in ("x1", "n1", "x2", "n2")), method=method)
        for name, method in names.items()
    }
    return (
        tuple(high - low for low, high in limits.values()),
        tuple(record["expected"][name] for name in limits),
    )


def nps_interval(record: dict[str, Any]) -> Answer | None:
    inputs, expected, kind = record["inputs"], record["expected"], record["id"]
    if kind.startswith("nps-adjwald-"):
        method = "adjusted-wald"
        expected = max(expected[0], -1.0), min(expected[1], 1.0)  # the record is not clipped, ours is
    elif kind.startswith(("nps-score-", "nps-propcis-scoreci")):
        method = "score"
    elif kind.startswith(("nps-wald-", "nps-propcis-wald")):
        method = "wald"
    else:
        return None
    low, high = intervals.nps(*groups_of(inputs), method=method, confidence=confidence_of(record))
    return (low / 100.0, high / 100.0), tuple(expected)


def nps_other_weights(record: dict[str, Any]) -> Answer | None:
    """Other pseudo-counts are Wald on the counts with them added."""
    inputs, expected = record["inputs"], record["expected"]
    if inputs.get("weights") in (None, [0.75, 1.5, 0.75]):
        return None
    groups = [g + w for g, w in zip(groups_of(inputs), inputs["weights"], strict=True)]
    low, high = intervals.nps(*groups, method="wald", confidence=confidence_of(record))
    wanted = (expected["lo"], expected["hi"]) if isinstance(expected, dict) else tuple(expected)
    return (low / 100.0, high / 100.0), wanted


def nps_wrong_intervals(record: dict[str, Any]) -> Answer | None:
    """A printed interval that no method of ours may give."""
    inputs = record["inputs"]
    if not record["id"].startswith("nps-COUNTEREXAMPLE"):
        return None
    groups = inputs["detractors"], inputs["n"] - inputs["detractors"] - inputs["promoters"], inputs["promoters"]
    low, high = intervals.nps(*groups)
    return (low / 100.0, high / 100.0), tuple(record["expected"])


def nps_difference(record: dict[str, Any]) -> Answer | None:
    if not record["id"].startswith("nps-diff-"):
        return None
    # The R code gives the absolute difference (its sign is lost), so the higher score goes first.
    second, first = sorted(
        (tuple(map(float, record["inputs"][name])) for name in ("x", "y")),
        key=lambda groups: (groups[2] - groups[0]) / sum(groups),
    )
    adjusted = record["id"].startswith("nps-diff-adjwald")
    formula = formulas.nps_difference_adjusted_wald if adjusted else formulas.nps_difference_wald
    return formula(first, second, z_value(confidence_of(record))), tuple(record["expected"][1:3])


def quantile_limits(record: dict[str, Any]) -> Answer | None:
    inputs = record["inputs"]
    if not record["id"].startswith("quantile-ci-confintr"):
        return None
    values = [math.exp(i / 100.0) for i in range(101)]
    return intervals.quantile(values, inputs["p"], confidence=inputs["conf"]), tuple(record["expected"])


def quantile_coverage(record: dict[str, Any]) -> Answer | None:
    inputs = record["inputs"]
    if record["id"] != "quantile-ci-envstats-coverage":
        return None
    ours = tuple(formulas.rank_coverage(inputs["n"], inputs["p"], *ranks) for ranks in inputs["ranks"])
    return ours, tuple(record["expected"])


# topic -> the functions that answer its records (they give None for a record that is not theirs), and the
# least number of records that must have been answered.
SWEEP: dict[str, tuple[list[Callable[[dict[str, Any]], Answer | None]], int]] = {
    "proportion": ([proportion, difference, difference_widths], 100),
    "nps": ([nps_interval, nps_other_weights, nps_wrong_intervals, nps_difference], 42),
    "quantile-ci": ([quantile_limits, quantile_coverage], 3),
}

ANSWERED = [
    (record, answer)
    for record in RECORDS
    for function in SWEEP.get(record["topic"], ([], 0))[0]
    if (answer := function(record)) is not None
]

needs_folder = pytest.mark.skipif(not RECORDS, reason="the folder of published numbers is not beside the checkout")


@needs_folder
@pytest.mark.parametrize(("record", "answer"), [pytest.param(r, a, id=r["id"]) for r, a in ANSWERED])
def test_record(record: dict[str, Any], answer: Answer) -> None:
    ours, expected = answer
    reproduced = expected == pytest.approx(ours, abs=record["tolerance"], rel=0)
    # A counter-example is a printed number that is wrong, or belongs to another method.
    assert reproduced is not record.get("counterexample", False), f"{record['source']}: {expected}, ours {ours}"


@needs_folder
@pytest.mark.parametrize("topic", SWEEP)
def test_enough_records_were_answered(topic: str) -> None:
    count = Counter(record["topic"] for record, _ in ANSWERED)[topic]
    assert count >= SWEEP[topic][1]


@needs_folder
def test_no_record_is_answered_twice() -> None:
    assert [key for key, times in Counter(r["id"] for r, _ in ANSWERED).items() if times > 1] == []
