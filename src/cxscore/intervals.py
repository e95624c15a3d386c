"""Confidence intervals: `cxscore.intervals`.

The same formulas that the metrics use, for counts that come from elsewhere. This module checks its
arguments, picks the formula and brings arrays into shape; the formulas are in `_core.intervals`. SciPy is
imported only inside the three methods that need its beta distribution.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from importlib import import_module
from numbers import Real
from typing import Any, Literal, TypeAlias, get_args, overload

import numpy as np
import numpy.typing as npt

from ._checks import check_choice, check_confidence
from ._core import exact
from ._core import intervals as formulas
from ._core.distributions import z_value
from .errors import ArgumentTypeError, ArgumentValueError, InvalidValueError, LengthError, MissingDependencyError

__all__ = [
    "DifferenceMethod",
    "MeanMethod",
    "NpsIntervalMethod",
    "ProportionMethod",
    "difference",
    "mean",
    "nps",
    "proportion",
    "quantile",
]

ProportionMethod: TypeAlias = Literal[
    "wilson", "wilson-cc", "agresti-coull", "wald", "jeffreys", "clopper-pearson", "mid-p"
]
NpsIntervalMethod: TypeAlias = Literal["score", "adjusted-wald", "wald", "exact"]
DifferenceMethod: TypeAlias = Literal["newcombe", "newcombe-cc", "agresti-caffo", "miettinen-nurminen", "wald"]
MeanMethod: TypeAlias = Literal["t", "adjusted-t"]

FloatArray: TypeAlias = npt.NDArray[np.float64]
Number: TypeAlias = float | FloatArray


@overload
def proportion(
    k: float, n: float, *, method: ProportionMethod = "wilson", confidence: float = 0.95
) -> tuple[float, float]: ...
@overload
def proportion(
    k: Any, n: Any, *, method: ProportionMethod = "wilson", confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]: ...
def proportion(k: Any, n: Any, *, method: ProportionMethod = "wilson", confidence: float = 0.95) -> Any:
    """Interval of a share, k of n.

    Args:
        k: how many answers count, 0 to n. A number or an array; effective counts may be fractional.
        n: how many answers there are. A number or an array that broadcasts with `k`.
        method: `"wilson"` (score), `"wilson-cc"` (with continuity correction), `"agresti-coull"`, `"wald"`,
            `"jeffreys"` (equal-tailed, 0 at k = 0 and 1 at k = n), `"clopper-pearson"`, `"mid-p"`. The last
            three need SciPy: `pip install "cxscore[stats]"`.
        confidence: between 0 and 1, exclusive.

    Returns:
        `(low, high)` as fractions: floats for two numbers, else arrays. NaN where n is 0. The formulas of
        `"wald"` and `"agresti-coull"` pass 0 and 1 near the ends and are given as they are, unclipped.

    Raises:
        InvalidValueError: a negative or infinite count, NaN, or k above n.
        UnknownNameError: a method that is not known.
        MissingDependencyError: SciPy is needed and not installed.

    References:
        Wilson (1927), JASA 22:209. Agresti and Coull (1998), Am Stat 52:119. Newcombe (1998), Stat Med 17:857.
        Brown, Cai and DasGupta (2001), Stat Sci 16:101.

    >>> low, high = proportion(18, 20)
    >>> round(low, 4), round(high, 4)
    (0.699, 0.9721)
    >>> low, high = proportion([0, 18, 20], 20)
    >>> low.round(3)
    array([0.   , 0.699, 0.839])
    """
    check_choice("method", method, get_args(ProportionMethod))
    confidence = check_confidence(confidence)
    (k, n), shape = _counts(k=k, n=n)
    _check_part("k", k, "n", n)
    formula = _PROPORTION.get(method)
    if formula is not None:
        return _shaped(formula(k, n, z_value(confidence)), shape)
    return _shaped(_BETA[method](np.atleast_1d(k), np.atleast_1d(n), (1.0 - confidence) / 2.0), shape)


@overload
def nps(
    detractors: float,
    passives: float,
    promoters: float,
    *,
    method: NpsIntervalMethod = "score",
    confidence: float = 0.95,
) -> tuple[float, float]: ...
@overload
def nps(
    detractors: Any,
    passives: Any,
    promoters: Any,
    *,
    method: NpsIntervalMethod = "score",
    confidence: float = 0.95,
) -> tuple[FloatArray, FloatArray]: ...
def nps(
    detractors: Any,
    passives: Any,
    promoters: Any,
    *,
    method: NpsIntervalMethod = "score",
    confidence: float = 0.95,
) -> Any:
    """Interval of a Net Promoter Score, in points.

    Args:
        detractors: their count. A number or an array; effective counts may be fractional.
        passives: their count.
        promoters: their count. The three broadcast together.
        method: `"score"` (Tango's score interval, never outside -100 to 100), `"adjusted-wald"` (3/4, 3/2
            and 3/4 of an answer added, clipped to -100 to 100), `"wald"` (the textbook formula, divisor n,
            given as it is: it may pass 100) or `"exact"` (never covers less than the confidence; whole counts
            of up to 200 answers, a fraction of a second for each).
        confidence: between 0 and 1, exclusive.

    Returns:
        `(low, high)` in points: floats for three numbers, else arrays. NaN where there are no answers.

    Raises:
        InvalidValueError: a negative or infinite count, or NaN; for `"exact"` a fraction of an answer, or more
            than 200 answers.
        UnknownNameError: a method that is not known.

    The exact interval holds every score that the two-sided unconditional test with |Tango's statistic| does
    not reject. Its limits are right to .0001 points, always outwards.

    References:
        Tango (1998), Stat Med 17:891. Rocks (2016), Am Stat 70:365. For the exact test: Tang, Tang and Chan
        (2005), Stat Med 24:3565.

    >>> low, high = nps(16, 30, 61)
    >>> round(low, 2), round(high, 2)
    (27.05, 54.85)
    >>> low, high = nps(0, 1, 6, method="exact")
    >>> round(low, 2), round(high, 2)
    (10.56, 99.27)
    """
    check_choice("method", method, get_args(NpsIntervalMethod))
    confidence = check_confidence(confidence)
    groups, shape = _counts(detractors=detractors, passives=passives, promoters=promoters)
    if method == "exact":
        low, high = _exact(groups, confidence)
    else:
        low, high = _NPS[method](*groups, z_value(confidence))
    return _shaped((100.0 * low, 100.0 * high), shape)


@overload
def difference(
    k1: float,
    n1: float,
    k2: float,
    n2: float,
    *,
    method: DifferenceMethod = "newcombe",
    confidence: float = 0.95,
) -> tuple[float, float]: ...
@overload
def difference(
    k1: Any, n1: Any, k2: Any, n2: Any, *, method: DifferenceMethod = "newcombe", confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]: ...
def difference(
    k1: Any, n1: Any, k2: Any, n2: Any, *, method: DifferenceMethod = "newcombe", confidence: float = 0.95
) -> Any:
    """Interval of the difference of two independent shares, k1/n1 - k2/n2.

    Args:
        k1: how many count in the first sample, 0 to n1. Numbers or arrays that broadcast; fractions allowed.
        n1: how many answers the first sample has.
        k2: how many count in the second sample, 0 to n2.
        n2: how many answers the second sample has.
        method: `"newcombe"` (hybrid of two Wilson intervals), `"newcombe-cc"` (with continuity correction),
            `"agresti-caffo"`, `"miettinen-nurminen"` (score), `"wald"`.
        confidence: between 0 and 1, exclusive.

    Returns:
        `(low, high)` as fractions: floats for four numbers, else arrays. NaN where a sample is empty. The
        formulas of `"wald"` and `"agresti-caffo"` may pass -1 and 1 and are given as they are.

    Raises:
        InvalidValueError: a negative or infinite count, NaN, or k above n.
        UnknownNameError: a method that is not known.

    References:
        Newcombe (1998), Stat Med 17:873. Agresti and Caffo (2000), Am Stat 54:280. Miettinen and Nurminen
        (1985), Stat Med 4:213.

    >>> low, high = difference(56, 70, 48, 80)
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    check_choice("method", method, get_args(DifferenceMethod))
    confidence = check_confidence(confidence)
    (k1, n1, k2, n2), shape = _counts(k1=k1, n1=n1, k2=k2, n2=n2)
    _check_part("k1", k1, "n1", n1)
    _check_part("k2", k2, "n2", n2)
    return _shaped(_DIFFERENCE[method](k1, n1, k2, n2, z_value(confidence)), shape)


def mean(
    values: Any,
    *,
    low: float | None = None,
    high: float | None = None,
    method: MeanMethod = "t",
    confidence: float = 0.95,
) -> tuple[float, float]:
    """Interval of the mean of one sample.

    Args:
        values: the sample, one-dimensional, numbers only.
        low: lower end of the scale. Needed by `"adjusted-t"`; values below it are refused.
        high: upper end of the scale, likewise.
        method: `"t"` (Student) or `"adjusted-t"` (a quarter of an answer added at each end of the scale,
            the limits clipped to the scale): safer for few answers that crowd at one end.
        confidence: between 0 and 1, exclusive.

    Returns:
        `(low, high)` in the unit of the values. NaN for an empty sample, and with `"t"` for a single value.

    Raises:
        InvalidValueError: NaN, an infinite value, or a value off the scale.
        ArgumentValueError: `"adjusted-t"` without a scale, or low not below high.

    >>> low, high = mean([5, 6, 7, 7, 7])
    >>> round(low, 2), round(high, 2)
    (5.29, 7.51)
    >>> low, high = mean([5, 6, 7, 7, 7], low=1, high=7, method="adjusted-t")
    >>> round(low, 2), round(high, 2)
    (4.47, 7.0)
    """
    check_choice("method", method, get_args(MeanMethod))
    confidence = check_confidence(confidence)
    sample = _sample(values)
    ends = [None if end is None else _number(name, end) for name, end in (("low", low), ("high", high))]
    _check_scale(sample, ends[0], ends[1])
    n = float(len(sample))
    middle = float(sample.mean()) if n else math.nan
    variance = float(np.square(sample - middle).mean()) if n else math.nan
    limits: tuple[float, float]
    if method == "t":
        limits = formulas.mean_t(n, middle, variance, confidence)
    elif ends[0] is None or ends[1] is None:
        raise ArgumentValueError(
            'method="adjusted-t" needs the ends of the scale: pass low= and high=, or method="t"',
            argument="low" if ends[0] is None else "high",
        )
    else:
        limits = formulas.mean_adjusted_t(n, middle, variance, ends[0], ends[1], confidence)
    return limits


def quantile(values: Any, q: float, *, type: int = 7, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a quantile of one sample, from its order statistics: no distribution is assumed.

    The two ranks come from the binomial distribution; at most (1 - confidence) / 2 is missed on either
    side, so coverage is at least the confidence.

    Args:
        values: the sample, one-dimensional, numbers only.
        q: which quantile, between 0 and 1, exclusive; 0.5 is the median.
        type: the Hyndman-Fan definition, 1 to 9, of the estimate that the interval belongs to. The ranks do
            not depend on it; where they lie so close that the estimate falls outside (a low confidence), the
            interval is widened to it.
        confidence: between 0 and 1, exclusive.

    Returns:
        `(low, high)` in the unit of the values; -inf or inf where the sample is too small for a finite limit,
        NaN to NaN for an empty sample.

    Raises:
        InvalidValueError: NaN or an infinite value.
        ArgumentValueError: q outside 0 to 1, or an unknown type.

    References:
        Hahn and Meeker (1991), Statistical Intervals, section 5.2. Hyndman and Fan (1996), Am Stat 50:361.

    >>> quantile([25, 29, 35, 36, 36, 40, 41, 43, 44, 54], 0.5)
    (29.0, 44.0)
    >>> quantile([25, 29, 35], 0.5)
    (-inf, inf)
    """
    confidence = check_confidence(confidence)
    level = _number("q", q)
    if not 0.0 < level < 1.0:
        raise ArgumentValueError(f"q must be between 0 and 1, exclusive (got {q!r})", argument="q", found=q)
    if isinstance(type, bool) or type not in _QUANTILE_TYPES:
        raise ArgumentValueError(f"type must be a Hyndman-Fan type, 1 to 9 (got {type!r})", argument="type", found=type)
    sample = np.sort(_sample(values))
    n = len(sample)
    if n == 0:
        return math.nan, math.nan
    first, last = formulas.quantile_ranks(n, level, confidence)
    estimate = float(np.quantile(sample, level, method=_QUANTILE_TYPES[type]))
    low = min(float(sample[first - 1]), estimate) if first > 0 else -math.inf
    high = max(float(sample[last - 1]), estimate) if last <= n else math.inf
    return low, high


# Methods by name.


def _exact(groups: list[Number], confidence: float) -> formulas.Limits:
    """One search for each distinct result."""
    counts = np.stack([np.atleast_1d(group) for group in groups])
    for name, group in zip(("detractors", "passives", "promoters"), counts, strict=True):
        bad = group != np.floor(group)
        if bad.any():
            raise _invalid(name, 'be whole numbers for method="exact"; method="score" takes fractions', group, bad)
    totals = counts.sum(axis=0)
    if (totals > exact.LARGEST).any():
        rule = (
            f"make at most {exact.LARGEST} answers together with passives and promoters "
            'for method="exact"; method="score" takes any number'
        )
        raise _invalid("detractors", rule, totals, totals > exact.LARGEST)
    distinct, where = np.unique(counts, axis=1, return_inverse=True)
    limits = [exact.nps_exact(d, p, r, confidence) for d, p, r in distinct.T.astype(np.int64).tolist()]
    low, high = np.array(limits).reshape(-1, 2).T
    return low[where.ravel()], high[where.ravel()]  # NumPy 2.0 gives it a second axis


def _beta(k: FloatArray, n: FloatArray, tail: float, shift: float) -> tuple[FloatArray, FloatArray]:
    """Tails of Beta(k + shift, n - k + 1 - shift) and Beta(k + 1 - shift, n - k + shift)."""
    inverse = _scipy_special().betaincinv
    return (
        np.where(k > 0.0, inverse(k + shift, n - k + 1.0 - shift, tail), np.where(n > 0.0, 0.0, np.nan)),
        np.where(k < n, inverse(k + 1.0 - shift, n - k + shift, 1.0 - tail), np.where(n > 0.0, 1.0, np.nan)),
    )


def _clopper_pearson(k: FloatArray, n: FloatArray, tail: float) -> tuple[FloatArray, FloatArray]:
    return _beta(k, n, tail, 0.0)


def _jeffreys(k: FloatArray, n: FloatArray, tail: float) -> tuple[FloatArray, FloatArray]:
    return _beta(k, n, tail, 0.5)


def _mid_p(k: FloatArray, n: FloatArray, tail: float) -> tuple[FloatArray, FloatArray]:
    return _mid_p_low(k, n, tail), 1.0 - _mid_p_low(n - k, n, tail)


def _mid_p_low(k: FloatArray, n: FloatArray, tail: float) -> FloatArray:
    """The share at which more than k, and half of exactly k, together have probability `tail`."""
    special = _scipy_special()
    low, high = np.zeros_like(n), np.ones_like(n)
    inside = np.where(k > 0.0, k, 1.0)  # at k = 0 the limit is 0 and the formula has no meaning
    for _ in range(60):
        middle = (low + high) / 2.0
        more = special.betainc(inside, n - inside + 1.0, middle)
        more = (
            more + np.where(k < n, special.betainc(inside + 1.0, np.maximum(n - inside, 1e-300), middle), 0.0)
        ) / 2.0
        low, high = np.where(more < tail, middle, low), np.where(more < tail, high, middle)
    return np.where(n > 0.0, np.where(k > 0.0, low, 0.0), np.nan)


def _scipy_special() -> Any:
    try:
        return import_module("scipy.special")
    except ImportError:
        raise MissingDependencyError(
            'the methods "jeffreys", "clopper-pearson" and "mid-p" need SciPy, which is not installed: '
            'pip install "cxscore[stats]", or use method="wilson"',
            argument="method",
        ) from None


_PROPORTION: dict[str, Callable[..., formulas.Limits]] = {
    "wilson": formulas.wilson,
    "wilson-cc": formulas.wilson_cc,
    "agresti-coull": formulas.agresti_coull,
    "wald": formulas.wald,
}
_BETA: dict[str, Callable[..., formulas.Limits]] = {
    "jeffreys": _jeffreys,
    "clopper-pearson": _clopper_pearson,
    "mid-p": _mid_p,
}
_NPS: dict[str, Callable[..., formulas.Limits]] = {
    "score": formulas.nps_score,
    "adjusted-wald": formulas.nps_adjusted_wald,
    "wald": formulas.nps_wald,
}
_DIFFERENCE: dict[str, Callable[..., formulas.Limits]] = {
    "newcombe": formulas.newcombe,
    "newcombe-cc": formulas.newcombe_cc,
    "agresti-caffo": formulas.agresti_caffo,
    "miettinen-nurminen": formulas.miettinen_nurminen,
    "wald": formulas.wald_difference,
}
_QUANTILE_TYPES: dict[int, Any] = {
    1: "inverted_cdf",
    2: "averaged_inverted_cdf",
    3: "closest_observation",
    4: "interpolated_inverted_cdf",
    5: "hazen",
    6: "weibull",
    7: "linear",
    8: "median_unbiased",
    9: "normal_unbiased",
}


# Arguments: plain numbers stay Python floats, which is what keeps a single interval cheap.


def _counts(**counts: Any) -> tuple[list[Any], tuple[int, ...] | None]:
    """The counts as floats (and None), or as flat arrays of one length and the shape they had."""
    checked = [_count(name, value) for name, value in counts.items()]
    if not any(isinstance(count, np.ndarray) for count in checked):
        return checked, None
    try:
        together = np.broadcast_arrays(*checked)
    except ValueError:
        shapes = ", ".join(f"{name} {np.shape(c)}" for name, c in zip(counts, checked, strict=True))
        raise LengthError(
            f"{', '.join(counts)} must have the same length, or be single numbers (got shapes {shapes})",
            argument=next(iter(counts)),
            found=tuple(np.shape(c) for c in checked),
        ) from None
    return [array.ravel() for array in together], together[0].shape


def _count(name: str, value: Any) -> Number:
    number = _number_or_array(name, value)
    if isinstance(number, np.ndarray):
        bad = ~((number >= 0.0) & (number < math.inf))
        if bad.any():
            raise _invalid(name, "be counts, finite and not negative", number, bad)
    elif not 0.0 <= number < math.inf:
        raise InvalidValueError(
            f"{name} must be a count, finite and not negative (got {value!r})", argument=name, found=value, count=1
        )
    return number


def _check_part(part_name: str, part: Number, whole_name: str, whole: Number) -> None:
    if isinstance(part, np.ndarray):
        bad = part > whole
        if bad.any():
            raise _invalid(part_name, f"not be greater than {whole_name}", part, bad)
    elif part > whole:
        raise InvalidValueError(
            f"{part_name} must not be greater than {whole_name} (got {part:g} of {whole:g}); "
            f"{part_name} is a count, {whole_name} the count it is part of",
            argument=part_name,
            found=part,
            count=1,
        )


def _sample(values: Any) -> FloatArray:
    sample = np.asarray(_number_or_array("values", values))
    if sample.ndim != 1:
        raise ArgumentTypeError(
            f"values must be one-dimensional, such as a list of numbers (got {sample.ndim} dimensions)",
            argument="values",
            found=values,
        )
    bad = ~np.isfinite(sample)
    if bad.any():
        raise _invalid("values", "be finite numbers; leave missing ones out first", sample, bad)
    return sample


def _check_scale(sample: FloatArray, low: float | None, high: float | None) -> None:
    if low is not None and high is not None and not low < high:
        raise ArgumentValueError(f"low must be below high (got {low:g} and {high:g})", argument="low", found=low)
    bottom, top = -math.inf if low is None else low, math.inf if high is None else high
    bad = (sample < bottom) | (sample > top)
    if bad.any():
        raise _invalid("values", f"lie on the scale, {bottom:g} to {top:g}", sample, bad)


def _number(name: str, value: Any) -> float:
    number = _number_or_array(name, value)
    if isinstance(number, np.ndarray) or not math.isfinite(number):
        raise ArgumentTypeError(f"{name} must be one finite number (got {value!r})", argument=name, found=value)
    return number


def _number_or_array(name: str, value: Any) -> Number:
    """A float for a single number, a float64 array for anything that numpy reads as real numbers."""
    kind = type(value)
    if kind is float or kind is int or _is_number(value):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    if isinstance(value, Iterator):
        value = list(value)
    try:
        array = np.asarray(value)
    except ValueError:  # ragged
        array = np.asarray(None)
    if array.dtype.kind == "O" and array.ndim and all(_is_number(x) for x in array.flat):
        array = array.astype(np.float64)  # big integers, fractions, decimals
    if array.dtype.kind not in "iuf" and array.size:
        raise ArgumentTypeError(
            f"{name} must be a number or an array of numbers (got {value!r:.60} of type {kind.__name__})",
            argument=name,
            found=value,
        )
    array = array.astype(np.float64)
    return array if array.ndim else float(array)


def _is_number(value: Any) -> bool:
    # Decimal, in which databases give sums, is no Real; this attribute it shares with the numbers.
    return (isinstance(value, Real) or hasattr(value, "as_integer_ratio")) and not isinstance(value, bool)


def _invalid(name: str, rule: str, values: FloatArray, bad: npt.NDArray[np.bool_]) -> InvalidValueError:
    positions = np.flatnonzero(bad)
    shown = tuple(int(i) for i in positions[:5])
    found = tuple(float(values.flat[i]) for i in shown)
    first = ", ".join(f"{v:g} at {i}" for v, i in zip(found, shown, strict=True))
    return InvalidValueError(
        f"{name} must {rule}: {len(positions)} of {values.size} break this (first: {first})",
        argument=name,
        found=found,
        positions=shown,
        count=len(positions),
    )


def _shaped(limits: formulas.Limits, shape: tuple[int, ...] | None) -> Any:
    low, high = limits
    if shape is not None:
        return low.reshape(shape), high.reshape(shape)
    return (low, high) if isinstance(low, float) else (float(low[0]), float(high[0]))
