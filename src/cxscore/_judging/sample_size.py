"""How many answers a survey needs, before it is sent.

Reads what is expected and speaks the units of the metrics; the formulas are in `_core.sample_sizes`. Sees no
answer and no result.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from numbers import Real
from typing import Any, Literal

from .._calls import guided
from .._checks import check_choice, check_confidence
from .._core import sample_sizes
from .._core.distributions import z_value
from ..errors import ArgumentTypeError, ArgumentValueError
from ..scales import CES_1_7, Scale

__all__ = ["sample_size"]

# A margin of a quarter of a point takes more than 150,000 answers: who asks for less means a fraction.
_FINEST = 0.25

_EXPECTED = {
    "nps": ("promoters", "detractors", "sd"),
    "csat": ("share",),
    "ces": ("sd", "scale"),
    "repeat_contacts": ("share",),
    "share": ("share",),
}


@guided(
    second="say what the number is: sample_size(metric, margin=5) or sample_size(metric, detect=5)",
    keywords={
        "error": "write margin=...", "moe": "write margin=...", "margin_of_error": "write margin=...",
        "effect": "write detect=...", "difference": "write detect=...", "mde": "write detect=...",
        "p": "write share=...", "proportion": "write share=...", "std": "write sd=...", "N": "write population=...",
        "response_rate": "the result counts answers: divide it by the response rate",
    },
)  # fmt: skip
def sample_size(
    metric: Literal["nps", "csat", "ces", "repeat_contacts", "share"], *,
    margin: float | None = None, detect: float | None = None, confidence: float = 0.95, power: float = 0.8,
    population: int | None = None, promoters: float | None = None, detractors: float | None = None,
    share: float | None = None, sd: float | None = None, scale: Scale | None = None,
) -> int:  # fmt: skip
    """Answers needed for a margin of error, or in each of two groups to detect a difference.

    What is not expected is taken at its worst, so leaving the expectations out is safe and costs answers. They
    are answers, not invitations: divide by the response rate to know how many to ask.

    Args:
        metric: "nps", "csat", "ces", "repeat_contacts", or "share" for any other rate.
        margin: half the width of the interval, in the unit of the metric: NPS points, CSAT percent points (five are
            5, at least 0.25), CES scale points, a fraction for repeat rates and shares. Exactly one of `margin` and
            `detect`.
        detect: difference between two groups that a two-sided test should find, in the same unit.
        confidence: level of the interval, or of the test.
        power: probability of finding a true difference of `detect`, from 0.5 to below 1; a margin has none.
        population: how many there are to ask, in each group; None: so many that it does not matter.
        promoters: expected share of promoters, 0 to 1, with `detractors`. Worst case: half and half.
        detractors: expected share of detractors.
        share: expected share of satisfied answers, of repeats, of whatever is counted, 0 to 1. Worst case: half.
        sd: expected standard deviation of one answer, in the unit of the metric; for "ces", and for "nps" in
            place of the two shares. Worst case of CES: half the scale.
        scale: the scale of CES; `CES_1_7` by default.

    Returns:
        Answers needed, in each group for `detect`; rounded up.

        With that many answers of the mix that is expected, the interval that the metric reports by default is
        no wider than ± `margin`. For an NPS the result is never below MeasuringU's z² s² / margin² - 3, and just
        that where `sd` is all that is known. With `detect` the second group is taken to be better or worse,
        whichever needs more, by promoters in place of detractors or the other way round. The power is that of
        the normal approximation (of the t test for CES). Counted out over all pairs of samples, it is there for
        an NPS of three kinds of answers, and up to a hundredth short where all answers have one of two values.

    Raises:
        ArgumentValueError: not exactly one of `margin` and `detect`, a number out of range, an expectation that
            the metric does not have, a difference that cannot be.
        ArgumentTypeError: something else than numbers.
        UnknownNameError: a metric that is not known.

    References:
        Rocks (2016), arXiv:1601.07235; MeasuringU, sample sizes for the NPS. Fleiss, Levin and Paik (2003),
        Statistical Methods for Rates and Proportions, ch. 4. Cochran (1977), Sampling Techniques, ch. 4.

    >>> import cxscore as cx
    >>> cx.sample_size("nps", margin=10), cx.sample_size("nps", margin=5)
    (382, 1534)
    >>> cx.sample_size("nps", margin=10, promoters=0.55, detractors=0.15)
    207
    >>> cx.sample_size("csat", detect=10, share=0.5)
    388
    """
    check_choice("metric", metric, _EXPECTED)
    confidence = check_confidence(confidence)
    given = {"promoters": promoters, "detractors": detractors, "share": share, "sd": sd, "scale": scale}
    for name, value in given.items():
        if value is not None and name not in _EXPECTED[metric]:
            msg = (
                f"{name} must be left out for {metric!r} (got {value!r}); what may be expected of it: "
                f"{', '.join(_EXPECTED[metric])}"
            )
            raise ArgumentValueError(msg, argument=name, found=value)
    if (margin is None) == (detect is None):
        msg = (
            f"margin or detect must be given, and not both (got margin={margin!r}, detect={detect!r}); margin=5 asks "
            f"for an interval of ±5, detect=5 for a difference of 5 between two groups"
        )
        raise ArgumentValueError(msg, argument="margin", found=(margin, detect))
    power = _number("power", power, "be from 0.5 to below 1", lambda level: 0.5 <= level < 1.0, is_share=True)
    if metric == "ces":
        n = _of_ces(margin, detect, confidence, power, sd, scale)
    elif metric == "nps":
        n = _of_nps(margin, detect, confidence, power, promoters, detractors, sd)
    else:
        n = _of_share(margin, detect, confidence, power, share, 100.0 if metric == "csat" else 1.0)
    return n if population is None else sample_sizes.of_population(n, _population(population))


def _of_nps(
    margin: Any, detect: Any, confidence: float, power: float, promoters: Any, detractors: Any, sd: Any
) -> int:  # fmt: skip
    z = z_value(confidence)
    mix = _expected_mix(promoters, detractors, sd)
    variance = None
    if sd is not None:
        variance = (_number("sd", sd, "be from 0 to 100 points", lambda points: 0.0 <= points <= 100.0) / 100.0) ** 2
    if detect is None:
        share = _distance("margin", margin, 100.0) / 100.0
        if variance is not None:
            return sample_sizes.net_margin_of_variance(variance, share, z)
        return sample_sizes.net_margin(mix or (0.5, 0.0, 0.5), share, z)
    change = _distance("detect", detect, 200.0) / 100.0
    if variance is not None:
        return sample_sizes.difference(2.0 * variance, change, z, sample_sizes.normal_quantile(power))
    return _difference(mix, change, z, power, detect)


def _expected_mix(promoters: Any, detractors: Any, sd: Any) -> sample_sizes.Mix | None:
    """Shares of detractors, passives and promoters, None where nothing is expected of them."""
    if promoters is None and detractors is None:
        return None
    if promoters is None or detractors is None or sd is not None:
        msg = (
            f"promoters and detractors must be given together, or sd in place of both (got promoters={promoters!r}, "
            f"detractors={detractors!r}, sd={sd!r}); passives are the rest"
        )
        raise ArgumentValueError(msg, argument="promoters", found=(promoters, detractors, sd))
    up, down = _share("promoters", promoters), _share("detractors", detractors)
    if up + down > 1.0 + 1e-9:  # rounding of shares that add up to 1
        msg = f"promoters and detractors must be at most 1 together (got {up!r} and {down!r}); passives are the rest"
        raise ArgumentValueError(msg, argument="promoters", found=(up, down))
    return down, max(1.0 - up - down, 0.0), up


def _of_share(margin: Any, detect: Any, confidence: float, power: float, share: Any, unit: float) -> int:
    z = z_value(confidence)
    expected = None if share is None else _share("share", share)
    if detect is None:
        return sample_sizes.share_margin(
            0.5 if expected is None else expected, _distance("margin", margin, unit / 2.0) / unit, z
        )
    # As a net of two points, -1 and +1, which is twice as wide.
    mix = None if expected is None else (1.0 - expected, 0.0, expected)
    return _difference(mix, 2.0 * _distance("detect", detect, unit) / unit, z, power, detect)


def _difference(mix: sample_sizes.Mix | None, change: float, z: float, power: float, detect: Any) -> int:
    if mix is None:  # nobody in the middle, as far above an even split as below it
        mix = (0.5 + change / 4.0, 0.0, 0.5 - change / 4.0)
    n = sample_sizes.net_difference(mix, change, z, sample_sizes.normal_quantile(power))
    if n is None:
        msg = (
            f"detect must be a difference that can be (got {detect!r}): with the shares that are expected, the figure "
            f"can neither rise nor fall so far; ask for a smaller one, or leave the expected shares out"
        )
        raise ArgumentValueError(msg, argument="detect", found=detect)
    return n


def _of_ces(margin: Any, detect: Any, confidence: float, power: float, sd: Any, scale: Any) -> int:
    found = CES_1_7 if scale is None else scale
    if not isinstance(found, Scale):
        msg = f"scale must be a Scale, e.g. cx.CES_1_5 (got {scale!r})"
        raise ArgumentTypeError(msg, argument="scale", found=scale)
    low, high = float(found.low), float(found.high)
    most = (high - low) / 2.0
    spread = most
    if sd is not None:
        spread = _number("sd", sd, f"be from 0 to {most:g}, half the scale", lambda points: 0.0 <= points <= most)
    if detect is None:
        return sample_sizes.mean_margin(spread, low, high, _distance("margin", margin, most), confidence)
    return sample_sizes.mean_difference(spread, _distance("detect", detect, high - low), confidence, power)


# -- what may be asked for ---------------------------------------------------------------------------


def _number(
    argument: str, value: Any, rule: str, keeps: Callable[[float], bool], *, is_share: bool = False
) -> float:  # fmt: skip
    if isinstance(value, bool) or not isinstance(value, Real):
        msg = f"{argument} must be a number (got {value!r})"
        raise ArgumentTypeError(msg, argument=argument, found=value)
    number = float(value)
    if not keeps(number):
        hint = f"; did you mean {number / 100.0:g}?" if is_share and keeps(number / 100.0) else ""
        msg = f"{argument} must {rule} (got {value!r}){hint}"
        raise ArgumentValueError(msg, argument=argument, found=value)
    return number


def _distance(argument: str, value: Any, size: float) -> float:
    """A margin or difference in the unit of the metric."""
    rule = f"be above 0 and below {size:g}, in the unit of the metric"
    found = _number(argument, value, rule, lambda distance: 0.0 < distance < size, is_share=size <= 1.0)
    if size >= 50.0 and found < _FINEST:
        msg = (
            f"{argument} must be {_FINEST:g} or more, in points of 100 (got {value!r}); five percent points are 5, "
            f"and {value!r} as a fraction is {100.0 * found:g}"
        )
        raise ArgumentValueError(msg, argument=argument, found=value)
    return found


def _share(argument: str, value: Any) -> float:
    return _number(argument, value, "be a share from 0 to 1", lambda share: 0.0 <= share <= 1.0, is_share=True)


def _population(value: Any) -> int:
    try:
        whole = 0 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        whole = 0
    if whole < 1:
        msg = f"population must be a whole number of 1 or more, or None for no limit (got {value!r})"
        raise ArgumentValueError(msg, argument="population", found=value)
    return whole
