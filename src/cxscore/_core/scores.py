"""Shares, means and nets of a count matrix, and the effective numbers of answers behind them.

A row of counts comes as a sequence with one entry a point: plain numbers for one group, arrays with an
entry a group for many. The formulas are the same text for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["effective", "kish", "mean_and_variance", "of_points", "or_nan"]

Number = Any  # a float, or a float array with one entry a group
Row = Sequence[Number]


def of_points(row: Row, points: range) -> Number:
    """Sum of a row over some of its points, given as positions in the row."""
    return sum(row[i] for i in points)


def or_nan(n: Number) -> Number:
    """`n`, or NaN where it is 0, so that a division by it is undefined without a warning."""
    if isinstance(n, np.ndarray):
        return np.where(n > 0, n, np.nan)
    return n if n > 0 else float("nan")


def mean_and_variance(row: Row, values: Row) -> tuple[Number, Number]:
    """Mean and variance (divisor n) of values that stand `row` times."""
    n = or_nan(sum(row))
    mean = sum(count * value for count, value in zip(row, values, strict=True)) / n
    spread = sum(count * (value - mean) ** 2 for count, value in zip(row, values, strict=True))
    return mean, spread / n


def kish(sums: Row, squares: Row) -> Number:
    """Kish's effective sample size (Σw)² / Σw²; 0 where nothing weighs."""
    total, square = sum(sums), sum(squares)
    worth = total * total / or_nan(square)
    if isinstance(worth, np.ndarray):
        return np.where(square > 0, worth, 0.0)
    return worth if square > 0 else 0.0


def effective(sums: Row, squares: Row, values: Row) -> Number:
    """Effective number of answers for the weighted mean of `values`: variance of one answer over the
    linearised variance Σw²(x - mean)² / (Σw)² of the mean; Kish's number where nothing varies."""
    mean, _ = mean_and_variance(sums, values)
    # One quotient of two like sums, so that weights of 1 give exactly the number of answers.
    spread = sum(one * (value - mean) ** 2 for one, value in zip(sums, values, strict=True))
    linearised = sum(square * (value - mean) ** 2 for square, value in zip(squares, values, strict=True))
    fallback = kish(sums, squares)
    if isinstance(linearised, np.ndarray):
        varies = linearised > 0
        return np.where(varies, spread / np.where(varies, linearised, 1.0) * sum(sums), fallback)
    return spread / linearised * sum(sums) if linearised > 0 else fallback
