"""The published intervals that need a step of their own, and those that are out of scope.

Every record on intervals is reproduced here or by `test_oracles.py`, or is named on the accuracy page with
the reason why it is not. Skipped where the folder of published numbers is absent.
"""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cxscore as cx
from cxscore import intervals
from cxscore._core import intervals as formulas
from cxscore._core import quantiles
from cxscore._core.distributions import z_value
from test_oracles import ANSWERED, RECORDS, needs_folder

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "accuracy.md"
TOPICS = ("quantile-ci", "sketch", "lognormal", "weights", "proportion")


def close(record: dict[str, Any], ours: Any, expected: Any) -> bool:
    return bool(np.allclose(expected, ours, rtol=0.0, atol=record["tolerance"]))


def plus_four(record: dict[str, Any]) -> bool:
    """Two answers more on either side, then Wald."""
    inputs, expected = record["inputs"], record["expected"]
    low, high = intervals.proportion(inputs["x"] + 2, inputs["n"] + 4, method="wald", confidence=inputs["conf"])
    return close(record, (low, high), expected)


def statpsych(record: dict[str, Any]) -> bool:
    inputs, expected = record["inputs"], record["expected"]
    x, n = inputs["x"], inputs["n"]
    ours = {
        "plus4": intervals.proportion(x + 2, n + 4, method="wald"),
        "wilsoncc": intervals.proportion(x, n, method="wilson-cc"),
        "exact": intervals.proportion(x, n, method="clopper-pearson"),
    }
    pairs = [
        (limits, (expected[f"{name}_lo"], expected[f"{name}_hi"]))
        for name, limits in ours.items()
        if f"{name}_lo" in expected
    ]
    assert len(pairs) >= 2
    return all(close(record, *pair) for pair in pairs)


def mee(record: dict[str, Any]) -> bool:
    """Miettinen and Nurminen without their factor N / (N - 1)."""
    table = [float(record["inputs"][name]) for name in ("x1", "n1", "x2", "n2")]
    total = table[1] + table[3]
    limits = formulas.miettinen_nurminen(*table, z_value(0.95) * math.sqrt((total - 1.0) / total))
    return close(record, limits, record["expected"])


def goodman(record: dict[str, Any]) -> bool:
    """Simultaneous intervals of several shares: Wilson, the level divided among them."""
    counts = record["inputs"]["counts"]
    confidence = 1.0 - (1.0 - record["inputs"]["conf"]) / len(counts)
    return close(
        record, np.transpose(intervals.proportion(counts, sum(counts), confidence=confidence)), record["expected"]
    )


def scheffe(record: dict[str, Any]) -> bool:
    """All contrasts of three shares at once: Wald, with the root of a chi-squared quantile of two freedoms."""
    groups = [float(record["inputs"][name]) for name in ("detractors", "passives", "promoters")]
    limits = formulas.nps_wald(*groups, math.sqrt(-2.0 * math.log(1.0 - record["inputs"]["conf"])))
    return close(record, limits, (record["expected"]["lo"], record["expected"]["hi"]))


def geometric_mean(record: dict[str, Any]) -> bool:
    expected = record["expected"]
    return close(record, np.exp(intervals.mean(np.log(record["inputs"]["x"]))), (expected["lo"], expected["hi"]))


def design_effect(record: dict[str, Any]) -> bool:
    weights = record["inputs"]["weights"]
    result = cx.nps([10] * len(weights), weights=weights)
    return close(record, len(weights) / result.effective_n, record["expected"]["deff"])


def weighted_mean(record: dict[str, Any]) -> bool:
    """Its linearised variance is behind ours; its limits are normal ones, ours Student's on as many answers."""
    inputs, expected = record["inputs"], record["expected"]
    spread = np.average(np.square(np.array(inputs["v"]) - 3.0), weights=inputs["w"])
    low, high = formulas.mean_t(spread / expected["var"], 3.0, spread, 0.95)
    result = cx.ces(inputs["v"], weights=inputs["w"], method="t")
    return close(record, (result.score, result.interval.low, result.interval.high), (3.0, low, high))


def relative_error(record: dict[str, Any]) -> bool:
    """The bins of waits keep the promise that DDSketch makes of the lower quantile."""
    values = np.arange(1, 1001)
    exact = values[[int(q * (len(values) - 1)) for q in record["inputs"]["q"]]]
    binned = quantiles.value_of(quantiles.bin_of(exact))
    return bool((np.abs(binned - exact) / exact).max() <= record["expected"]["max_relative_error_le"])


ANSWERS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "prop-plus4-*": plus_four,
    "prop-statpsych-*": statpsych,
    "prop2-mee-*": mee,
    "nps-goodman-diff-scheffe90": scheffe,
    "nps-goodman-*": goodman,
    "geomean-uxr-time": geometric_mean,
    "kish-*": design_effect,
    "wmean-var-*": weighted_mean,
    "ddsketch-1to1000-*": relative_error,
}
ELSEWHERE = {record["id"] for record, _ in ANSWERED}
SWEPT = [
    record
    for record in RECORDS
    if (record["topic"] in TOPICS or record["id"].startswith("nps-goodman")) and record["id"] not in ELSEWHERE
]


def named_out_of_scope() -> set[str]:
    return set(re.findall(r"`([\w*]+-[\w*-]+)`", PAGE.read_text(encoding="utf-8").partition("## Out of scope")[2]))


@needs_folder
@pytest.mark.parametrize("record", [pytest.param(record, id=record["id"]) for record in SWEPT])
def test_record(record: dict[str, Any]) -> None:
    answer = next((answer for name, answer in ANSWERS.items() if fnmatch.fnmatch(record["id"], name)), None)
    out_of_scope = any(fnmatch.fnmatch(record["id"], name) for name in named_out_of_scope())
    assert (answer is None) is out_of_scope
    assert answer is None or answer(record) is not record.get("counterexample", False), record["source"]


@needs_folder
def test_enough_records_were_answered() -> None:
    answered = [record for record in SWEPT if any(fnmatch.fnmatch(record["id"], name) for name in ANSWERS)]
    assert len(answered) >= 18
    assert all(any(fnmatch.fnmatch(record["id"], name) for record in SWEPT) for name in ANSWERS)
