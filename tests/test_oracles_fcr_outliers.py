"""Sweep over published numbers of first-contact resolution and outliers; skipped where they are absent.

Each record is reproduced, or named on the accuracy page with the reason why it is not.
"""

from __future__ import annotations

import fnmatch
import json
import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cxscore as cx
from cxscore._core import repeats

ROOT = Path(__file__).resolve().parents[1]
ORACLES = ROOT.parent / "shared" / "oracles" / "oracles.json"
RECORDS: list[dict[str, Any]] = json.loads(ORACLES.read_text()) if ORACLES.exists() else []
TOPICS = ("fcr", "outlier", "robust-location")

DAY = timedelta(days=1)
START = datetime(2026, 3, 1)
PERFOLIZER = 3 * 1.4826 * 0.6745  # its three MADs are scaled by 1.4826


def flagged(values: list[float], **options: Any) -> list[float]:
    return sorted(values[i] for i in cx.outliers(values, side="both", log=False, **options).indices)


def call(customer: int, day: float) -> cx.Contact:
    return cx.Contact(customer=customer, at=START + day * DAY)


def perfolizer(record: dict[str, Any]) -> bool:
    kind = record["id"].split("-")[2]
    rule, cutoff = {"Tukey": ("tukey", 1.5), "Mad": ("mad", PERFOLIZER), "DoubleMad": ("double-mad", PERFOLIZER)}[kind]
    return sorted(record["expected"]) == flagged(record["inputs"]["x"], rule=rule, cutoff=cutoff)


def tukey(record: dict[str, Any]) -> bool:
    return record["expected"] == flagged(record["inputs"]["x"], rule="tukey")


def three_sd(record: dict[str, Any]) -> bool:
    return record["expected"] == flagged(record["inputs"]["x"], rule="sd")


def median_absolute_deviation(record: dict[str, Any]) -> bool:
    expected, values = record["expected"], record["inputs"]["x"]
    fence = cx.outliers(values, cutoff=0.6745, side="both").fence
    raw = fence.high - fence.centre
    return [expected["median"], expected["mad_raw"], expected["mad_scaled"]] == pytest.approx(
        [fence.centre, raw, raw * 1.4826], abs=record["tolerance"]
    )


def modified_z(record: dict[str, Any]) -> bool:
    # 5 is the median of these and 2 their MAD.
    values, z = [1, 3, 4, 5, 6, 7, 10], record["expected"]["modified_z"]
    return [flagged(values, cutoff=z), flagged(values, cutoff=z - 0.01)] == [[], [record["inputs"]["x"]]]


def spreads(values: list[float]) -> tuple[float, float, float]:
    fence = cx.outliers(values, rule="double-mad", cutoff=0.6745, side="both").fence
    return fence.centre, fence.centre - fence.low, fence.high - fence.centre


def two_spreads(record: dict[str, Any]) -> bool:
    return record["expected"] == pytest.approx(spreads(record["inputs"]["x"])[1:], abs=record["tolerance"])


def distances(record: dict[str, Any]) -> bool:
    values = np.array(record["inputs"]["x"])
    centre, below, above = spreads(values.tolist())
    ours = np.abs(values - centre) / np.where(values < centre, below, above)
    return record["expected"] == pytest.approx(ours, abs=record["tolerance"])


def resolved_of_customers(record: dict[str, Any]) -> bool:
    callers, once = record["inputs"]["customers"], record["inputs"]["resolved_first_call"]
    rows = [call(one, 0) for one in range(callers)] + [call(one, 2) for one in range(once, callers)]
    result = cx.repeat_contacts(rows, as_of=START + 60 * DAY, history_from=START - 7 * DAY)
    return record["expected"]["fcr"] == pytest.approx(result.first_contact_resolution, abs=record["tolerance"])


def calls_per_problem(record: dict[str, Any]) -> bool:
    """Their figure is one over the contacts per issue."""
    rows = [call(one, day) for one in range(10) for day in range(1 if one == 0 else 2)]
    result = cx.repeat_contacts(rows, as_of=START + 60 * DAY, history_from=START - 7 * DAY)
    assert record["inputs"]["calls_per_problem"] == result.contacts_per_issue
    return record["expected"]["fcr_percent"] == pytest.approx(100 / result.contacts_per_issue, abs=record["tolerance"])


def kaplan_meier(record: dict[str, Any]) -> bool:
    patients = record["inputs"]["time_event"]
    # A remission that ended is a contact followed by one at as_of itself, which is at risk of nothing.
    rows = [call(one, -weeks) for one, (weeks, _) in enumerate(patients)]
    rows += [call(one, 0) for one, (_, ended) in enumerate(patients) if ended]
    for weeks, _, _, survival, error in record["expected"]:
        result = cx.repeat_contacts(rows, as_of=START, window=weeks * DAY)
        events = np.sort([time for time, ended in patients if ended and time <= weeks])
        censored = np.sort([time for time, ended in patients if not ended and time < weeks])
        share, greenwood = repeats.survival_in_window(events, censored, len(patients) - len(events) - len(censored))
        ours = (1 - result.kaplan_meier_rate, share * math.sqrt(greenwood))
        if (survival, error) != pytest.approx(ours, abs=record["tolerance"]):
            return False
    return True


ANSWERS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "outlier-perfolizer-*": perfolizer,
    "outlier-posthocs-iqr": tukey,
    "zscore-plausi": three_sd,
    "mad-chem": median_absolute_deviation,
    "modz-bit1024": modified_z,
    "doublemad-plausi": two_spreads,
    "doublemad-dist-plausi": distances,
    "fcr-sqm": resolved_of_customers,
    "fcr-callcentrehelper": calls_per_problem,
    "km-gehan-6mp": kaplan_meier,
}
SWEPT = [record for record in RECORDS if record["topic"] in TOPICS]
needs_folder = pytest.mark.skipif(not RECORDS, reason="the folder of published numbers is not beside the checkout")


def named_out_of_scope() -> set[str]:
    """Names of records in the last section of the accuracy page; a name has a dash."""
    page = (ROOT / "docs" / "reference" / "accuracy.md").read_text(encoding="utf-8")
    return set(re.findall(r"`([\w*]+-[\w*-]+)`", page.partition("## Out of scope")[2]))


@needs_folder
@pytest.mark.parametrize("record", [pytest.param(record, id=record["id"]) for record in SWEPT])
def test_record(record: dict[str, Any]) -> None:
    answer = next((answer for name, answer in ANSWERS.items() if fnmatch.fnmatch(record["id"], name)), None)
    out_of_scope = any(fnmatch.fnmatch(record["id"], name) for name in named_out_of_scope())
    assert (answer is None) is out_of_scope
    assert answer is None or answer(record) is not record.get("counterexample", False), record["source"]


@needs_folder
def test_every_answer_and_every_name_belongs_to_a_record() -> None:
    names = [record["id"] for record in RECORDS]
    assert 70 <= sum(any(fnmatch.fnmatch(name, pattern) for pattern in ANSWERS) for name in names)
    assert [name for name in (*ANSWERS, *named_out_of_scope()) if not fnmatch.filter(names, name)] == []
