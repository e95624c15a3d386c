"""Fences: the limits beyond which a value is read one by one.

Works on finite float64 values in coded groups, without NaN, and knows nothing of durations, records or sides:
a caller that wants one side ignores the other limit.

Every rule gives a centre and limits at some multiple of a spread, all per group. On the log scale the rules
work on logarithms and the centre and limits are exponentiated back; a zero is then minus infinity, below
everything, so medians and quartiles count it while means leave it out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["CUTOFFS", "RULES", "Fences", "distance", "fences", "outside"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CUTOFFS = {"mad": 3.5, "double-mad": 3.5, "tukey": 1.5, "sd": 3.0}

# Iglewicz and Hoaglin (1993): the MAD of a normal distribution is 0.6745 SD, its mean absolute deviation
# 1 / 1.253314 SD.
_MAD_PER_SD = 0.6745
_SD_PER_MEAN_DEVIATION = 1.253314


class Fences(NamedTuple):
    """Limits per group; a value strictly below `low` or strictly above `high` is outside.

    Attributes:
        low, high: limits; infinite where undecidable.
        centre: median, or mean for the rule "sd"; NaN in an empty group.
        spread_low, spread_high: what the cutoff multiplies below and above: the MAD over 0.6745 (or 1.253314
            mean absolute deviations where the MAD is 0), the interquartile range, or the SD. On the log scale
            in units of the natural logarithm. They differ for "double-mad" only.
        undecidable: nothing can be judged, for want of values, of any spread, or of a finite centre.
    """

    low: Floats
    high: Floats
    centre: Floats
    spread_low: Floats
    spread_high: Floats
    undecidable: Bools


class _Grouped(NamedTuple):
    """Values that lie group by group, with the group of each (None for one group).

    With `repeats`, which needs one group, each value stands for so many equal ones; `counts` counts those.
    """

    values: Floats
    code: Ints | None
    counts: Ints
    offsets: Ints
    repeats: Ints | None = None

    def total(self, figures: Floats | Bools) -> Floats:
        """Sum of one number a value, per group."""
        if self.code is not None:
            return np.bincount(self.code, weights=figures, minlength=self.counts.size).astype(np.float64)
        total = figures.sum() if self.repeats is None else (figures * self.repeats).sum()
        return np.array([total], dtype=np.float64)

    def per_value(self, figures: Floats) -> Floats:
        """One figure a group, for every value; a length-one array, which broadcasts, for one group."""
        return figures if self.code is None else np.repeat(figures, self.counts)


class _Repeated:
    """An ascending array in which each value comes so many times, without writing it out."""

    def __init__(self, values: Floats, repeats: Ints) -> None:
        self._values = values
        self._ends = np.cumsum(repeats)
        self.size = int(self._ends[-1]) if len(values) else 0

    def __getitem__(self, position: Ints) -> Floats:
        found: Floats = self._values[np.searchsorted(self._ends, position, side="right")]
        return found


def fences(
    values: Floats,
    group: Ints | None,
    groups: int,
    *,
    rule: str,
    cutoff: float,
    log: bool = False,
    repeats: Ints | None = None,
) -> Fences:
    """Limits of each group.

    Args:
        values: finite, not NaN; none below 0 for `log`.
        group: codes 0 .. groups-1; None puts all in one group.
        groups: how many groups there are.
        rule: a key of `RULES`.
        cutoff: multiple of the spread; `CUTOFFS` has the customary ones. Perfolizer states its k in units of
            1.4826 MAD: k = 3 there is a cutoff of 3 * 1.4826 * 0.6745 here.
        log: judge logarithms. A group of which over half is zero is undecidable, and so is one whose median
            or, for "tukey", first quartile is minus infinity.
        repeats: how many equal values each value stands for, at least 1; with one group only.
    """
    zeros: Floats | float = 0.0
    # Only zeros under the logarithm make infinities; what they spoil is undecidable in the end.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if log:
            values = np.log(values)
        grouped = _gather(values, group, groups, repeats)
        if log:
            zeros = grouped.total(grouped.values == -np.inf)
        found = RULES[rule](grouped, cutoff)
        low, high, centre = found.low, found.high, found.centre
        if log:
            # A value on the limit must not pass it by the rounding of a logarithm and its inverse.
            low = np.exp(low - _rounding(low))
            high = np.exp(high + _rounding(high))
            centre = np.exp(centre)
    undecidable = found.undecidable | (2 * zeros > grouped.counts) | ~np.isfinite(found.centre)
    return found._replace(
        low=np.where(undecidable, -np.inf, low),
        high=np.where(undecidable, np.inf, high),
        centre=centre,
        undecidable=undecidable,
    )


def outside(values: Floats, low: Floats | float, high: Floats | float) -> Bools:
    """Which values are strictly outside limits that broadcast against them."""
    beyond = values > high
    if not np.all(np.isneginf(low)):
        beyond |= values < low
    return beyond


def distance(values: Floats, low: Floats | float, high: Floats | float) -> Floats:
    """How far each value is beyond the limit it passed; 0 for one that is not outside."""
    return np.maximum(np.maximum(values - high, low - values), 0.0)


def _rounding(limit: Floats) -> Floats:
    return 4 * np.finfo(np.float64).eps * np.maximum(1.0, np.where(np.isfinite(limit), np.abs(limit), 0.0))


def _mad(grouped: _Grouped, cutoff: float) -> Fences:
    """Modified z: median absolute deviation from the median, the mean one where that is 0."""
    centre = _median(grouped)
    deviations = grouped.values - grouped.per_value(centre)
    np.abs(deviations, out=deviations)
    spread = _median(grouped._replace(values=deviations), in_place=True) / _MAD_PER_SD
    if (spread == 0).any():
        spread = np.where(spread == 0, _SD_PER_MEAN_DEVIATION * _mean(grouped, deviations), spread)
    return Fences(
        low=centre - cutoff * spread,
        high=centre + cutoff * spread,
        centre=centre,
        spread_low=spread,
        spread_high=spread,
        undecidable=spread == 0,
    )


def _double_mad(grouped: _Grouped, cutoff: float) -> Fences:
    """A MAD for the values up to the median and one for those from it on, both with the median."""
    ordered = _sorted(grouped)
    counts, offsets = grouped.counts, grouped.offsets
    centre = _middle(ordered, offsets, counts)
    centres = grouped.per_value(centre)

    def spread_of(side: Bools, begin: Ints, size: Ints) -> Floats:
        # Sorted, a side is one stretch, and the median of its distances is the distance of its median.
        spread = np.abs(_middle(ordered, begin, size) - centre) / _MAD_PER_SD
        if (spread == 0).any():
            deviations = np.where(side, np.abs(grouped.values - centres), np.nan)
            spread = np.where(spread == 0, _SD_PER_MEAN_DEVIATION * _mean(grouped, deviations), spread)
        return spread

    lower, upper = grouped.values <= centres, grouped.values >= centres
    lower_size, upper_size = (grouped.total(side).astype(np.int64) for side in (lower, upper))
    below = spread_of(lower, offsets, lower_size)
    above = spread_of(upper, offsets + counts - upper_size, upper_size)
    return Fences(
        # A side without spread has no value beyond the median, and no limit.
        low=np.where(below == 0, -np.inf, centre - cutoff * below),
        high=np.where(above == 0, np.inf, centre + cutoff * above),
        centre=centre,
        spread_low=below,
        spread_high=above,
        undecidable=(below == 0) & (above == 0),
    )


def _tukey(grouped: _Grouped, cutoff: float) -> Fences:
    """Quartiles of type 7 and a multiple of the range between them; centred on the median."""
    ordered = _sorted(grouped)
    counts, offsets = grouped.counts, grouped.offsets
    lower, upper = (_quantile(ordered, offsets, counts, share) for share in (0.25, 0.75))
    spread = upper - lower
    same = _at(ordered, offsets, counts) == _at(ordered, offsets + counts - 1, counts)
    return Fences(
        low=lower - cutoff * spread,
        high=upper + cutoff * spread,
        centre=_middle(ordered, offsets, counts),
        spread_low=spread,
        spread_high=spread,
        undecidable=same | ~np.isfinite(spread),
    )


def _sd(grouped: _Grouped, cutoff: float) -> Fences:
    """Mean and sample SD (divisor n - 1)."""
    # Measured from one member of the group, so that equal values have a spread of exactly 0.
    origin = np.full(grouped.counts.size, np.nan)
    finite = np.isfinite(grouped.values)
    if grouped.code is None:
        origin[:] = grouped.values[finite][:1] if finite.any() else np.nan
    else:
        origin[grouped.code[finite]] = grouped.values[finite]
    shifted = grouped.values - grouped.per_value(origin)
    mean = _mean(grouped, shifted)
    squares = np.where(finite, (shifted - grouped.per_value(mean)) ** 2, 0.0)
    spread = np.sqrt(grouped.total(squares) / (grouped.total(finite) - 1))
    centre = origin + mean
    return Fences(
        low=centre - cutoff * spread,
        high=centre + cutoff * spread,
        centre=centre,
        spread_low=spread,
        spread_high=spread,
        undecidable=~(spread > 0),
    )


RULES: dict[str, Callable[[_Grouped, float], Fences]] = {
    "mad": _mad,
    "double-mad": _double_mad,
    "tukey": _tukey,
    "sd": _sd,
}


def _gather(values: Floats, group: Ints | None, groups: int, repeats: Ints | None) -> _Grouped:
    """Bring the values of each group together."""
    if group is None:
        size = values.size if repeats is None else int(repeats.sum())
        return _Grouped(values, None, np.array([size]), np.array([0]), repeats)
    counts = np.bincount(group, minlength=groups)
    # Sorting group and row packed into one integer is ten times as fast as a stable argsort.
    bits = values.size.bit_length()
    key = (group << bits) | np.arange(values.size)
    key.sort()
    key &= (1 << bits) - 1
    return _Grouped(values[key], np.repeat(np.arange(groups), counts), counts, np.cumsum(counts) - counts)


def _mean(grouped: _Grouped, values: Floats) -> Floats:
    """Mean of the finite values of each group."""
    finite = np.isfinite(values)
    return grouped.total(np.where(finite, values, 0.0)) / grouped.total(finite)


def _sorted(grouped: _Grouped) -> Floats | _Repeated:
    """Values group by group, ascending within each."""
    if grouped.repeats is not None:
        order = np.argsort(grouped.values)
        return _Repeated(grouped.values[order], grouped.repeats[order])
    ordered = grouped.values.copy()
    if grouped.code is None:
        ordered.sort()
    else:
        # A call a group is ten times as fast as one `lexsort` of all.
        for begin, count in zip(grouped.offsets.tolist(), grouped.counts.tolist(), strict=True):
            ordered[begin : begin + count].sort()
    return ordered


def _at(ordered: Floats | _Repeated, position: Ints, counts: Ints) -> Floats:
    """The values at these positions; NaN for groups without any."""
    if ordered.size == 0:
        return np.full(counts.size, np.nan)
    return np.where(counts > 0, ordered[np.clip(position, 0, ordered.size - 1)], np.nan)


def _middle(ordered: Floats | _Repeated, begin: Ints, counts: Ints) -> Floats:
    """Median of the stretches of these lengths."""
    return 0.5 * (_at(ordered, begin + (counts - 1) // 2, counts) + _at(ordered, begin + counts // 2, counts))


def _median(grouped: _Grouped, *, in_place: bool = False) -> Floats:
    """Median of each group; `in_place` lets it reorder the values."""
    if grouped.code is not None or grouped.repeats is not None:
        return _middle(_sorted(grouped), grouped.offsets, grouped.counts)
    values = grouped.values if in_place else grouped.values.copy()
    half = values.size // 2
    if half:
        # One place and the maximum below it take a third of the time of two places.
        values.partition(half)
        below = int(values[:half].argmax())
        values[[below, half - 1]] = values[[half - 1, below]]
    return _middle(values, grouped.offsets, grouped.counts)


def _quantile(ordered: Floats | _Repeated, begin: Ints, counts: Ints, share: float) -> Floats:
    """Quantile of type 7: linear between the values around position (n - 1) * share."""
    place = np.maximum(counts - 1, 0) * share
    whole = np.floor(place).astype(np.int64)
    low, high = (_at(ordered, begin + whole + step, counts) for step in (0, 1))
    part = place - whole
    # At a whole place the next value may be another group's, or infinitely far.
    return np.where((part == 0) | (low == high), low, low + (high - low) * part)
