"""The tables of exact coverage on the accuracy page: a few of their rows, computed again."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINES = (ROOT / "docs" / "reference" / "accuracy.md").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def tables() -> SimpleNamespace:
    """The script that prints the tables, which is no part of the package."""
    return SimpleNamespace(**runpy.run_path(str(ROOT / "benchmarks" / "coverage.py")))


def test_the_page_has_every_row_once(tables: SimpleNamespace) -> None:
    levels = [f"| {confidence:.0%}, {n} |" for confidence in tables.CONFIDENCES for n in tables.SIZES]
    mixes = [f"| {name}, {n} |" for name in tables.CES_MIXES for n in tables.SIZES]
    assert [sum(line.startswith(start) for line in LINES) for start in levels] == [3] * 16  # NPS twice, shares
    assert [sum(line.startswith(start) for line in LINES) for start in mixes] == [1] * 20


@pytest.mark.parametrize(("n", "confidence"), [(5, 0.8), (5, 0.9), (5, 0.95), (5, 0.99), (10, 0.95)])
def test_nps_rows(tables: SimpleNamespace, n: int, confidence: float) -> None:
    assert [row in LINES for row in tables.nps_rows(n, confidence)] == [True, True]


def test_the_row_next_to_the_limits_of_the_exact_method(tables: SimpleNamespace) -> None:
    assert tables.exact_row(5) in LINES


def test_rows_of_shares(tables: SimpleNamespace) -> None:
    rows = [tables.proportion_row(n, confidence) for n in tables.SIZES for confidence in tables.CONFIDENCES]
    assert [row for row in rows if row not in LINES] == []


def test_rows_of_means(tables: SimpleNamespace) -> None:
    rows = [tables.ces_row(name, n) for n in (5, 10) for name in tables.CES_MIXES]
    assert [row for row in rows if row not in LINES] == []


def test_sums_of_answers_have_all_their_probability(tables: SimpleNamespace) -> None:
    table = tables.sums(3, tables.CES_MIXES["ceiling"])
    assert table.shape == (19, 109)
    assert table.sum() == pytest.approx(1.0, abs=1e-12)
    assert table[0, 0] == pytest.approx(0.01**3)  # three answers of 1
    assert table[18, 108] == pytest.approx(0.6**3)
