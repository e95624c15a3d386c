"""sample_size: published figures, the intervals it plans for, the power it promises, what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestIndPower
from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

import cxscore as cx
from cxscore._core import intervals as formulas
from cxscore._core import sample_sizes
from cxscore._core.distributions import z_value

Floats = npt.NDArray[np.float64]

# -- published ---------------------------------------------------------------------------------------


def test_nps_margins_of_measuringu() -> None:
    # MeasuringU, "sample sizes for the NPS": n = s² z² / d² - 3, with s² of 1 at worst and .67 as typical.
    assert cx.sample_size("nps", margin=10) == 382
    assert cx.sample_size("nps", margin=5) == 1534
    assert cx.sample_size("nps", margin=10, sd=100 * math.sqrt(0.67)) == 255


@pytest.mark.parametrize(("margin", "wanted"), [(10, 93), (5, 381), (3, 1064), (1, 9600)])
def test_share_margins_of_the_adjusted_wald(margin: float, wanted: int) -> None:
    # Sauro and Lewis, Quantifying the User Experience: n = z² p (1 - p) / d² - z², p = .5, computed by hand.
    assert cx.sample_size("csat", margin=margin) == wanted
    assert cx.sample_size("share", margin=margin / 100) == wanted
    assert cx.sample_size("repeat_contacts", margin=margin / 100) == wanted


def test_a_difference_of_two_shares_as_r_and_statsmodels_plan_it() -> None:
    # R's documentation of power.prop.test(p1 = .50, p2 = .75, power = .90): n = 76.7; for .5 and .6 it is 387.3.
    assert cx.sample_size("csat", detect=25, share=0.5, power=0.9) == 77
    assert cx.sample_size("csat", detect=10, share=0.5) == 388
    for share, other, power in ((0.2, 0.3, 0.8), (0.4, 0.5, 0.9), (0.05, 0.15, 0.95)):
        exact = samplesize_proportions_2indep_onetail(other - share, share, power, alpha=0.05)
        assert cx.sample_size("share", detect=other - share, share=share, power=power) == math.ceil(exact)


def test_a_difference_of_two_means_as_r_plans_it() -> None:
    # R's documentation of power.t.test(power = .90, delta = 1): n = 22.02110; (delta = 1, power = .80): 16.71477.
    assert cx.sample_size("ces", detect=1, sd=1, power=0.9) == 23
    assert cx.sample_size("ces", detect=1, sd=1) == 17


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("power", [0.6, 0.8, 0.95])
def test_the_t_test_has_its_power_and_needs_no_answer_less(confidence: float, power: float) -> None:
    reference = TTestIndPower()
    for effect in (0.15, 0.4, 0.8, 1.3, 2.0):
        n = cx.sample_size("ces", detect=effect, sd=1, confidence=confidence, power=power)
        assert reference.power(effect, n, 1 - confidence) >= power
        assert (
            n == 2 or reference.power(effect, n - 1, 1 - confidence) < power or n == _normal(effect, confidence, power)
        )


def _normal(effect: float, confidence: float, power: float) -> int:
    """Where the search begins; it counts one tail, the t test two, which tells at a low power."""
    z = stats.norm.isf((1 - confidence) / 2) + stats.norm.isf(1 - power)
    return math.ceil(2 * (z / effect) ** 2)


def test_a_finite_population() -> None:
    # Cochran (1977), 4.2: n / (1 + (n - 1) / N); 381 of 1,000 by hand 276.09.
    assert cx.sample_size("csat", margin=5, population=1_000) == 277
    assert cx.sample_size("csat", margin=5, population=1) == 1
    assert cx.sample_size("csat", margin=5, population=10**12) == 381
    assert cx.sample_size("csat", margin=5, population=np.int64(1_000)) == 277  # type: ignore[arg-type]  # as numpy counts


@given(n=st.integers(1, 10**6), population=st.integers(1, 10**7))
def test_a_finite_population_is_worth_the_endless_one(n: int, population: int) -> None:
    asked = sample_sizes.of_population(n, population)
    assert 1 <= asked <= min(n, population)
    # k of N answers are worth k (N - 1) / (N - k); one less is not worth n.
    assert asked == population or asked * (population - 1) >= n * (population - asked)
    assert (asked - 1) * (population - 1) < n * (population - asked + 1)


# -- the interval is as narrow as asked --------------------------------------------------------------


def half(limits: tuple[float, float]) -> float:
    return (limits[1] - limits[0]) / 2


@given(
    parts=st.tuples(*[st.integers(0, 50)] * 3).filter(any), margin=st.floats(1.0, 60.0),
    confidence=st.sampled_from([0.8, 0.95, 0.99]),
)  # fmt: skip
@example(parts=(0, 0, 1), margin=5.0, confidence=0.95)
@example(parts=(0, 1, 0), margin=5.0, confidence=0.95)
def test_the_score_interval_of_an_nps(parts: tuple[int, int, int], margin: float, confidence: float) -> None:
    down, _, up = (part / sum(parts) for part in parts)
    n = cx.sample_size("nps", margin=margin, promoters=up, detractors=down, confidence=confidence)
    z = z_value(confidence)

    def width(n: int) -> float:
        return 100 * half(formulas.nps_score(down * n, (1 - down - up) * n, up * n, z))

    assert width(n) <= margin + 1e-9
    # One answer less is too wide, or fewer than the published formula asks for.
    closed = z * z * (up + down - (up - down) ** 2) / (margin / 100) ** 2 - 3
    assert n == 1 or width(n - 1) > margin - 1e-9 or n - 1 < closed


@given(share=st.floats(0, 1), margin=st.floats(0.005, 0.49), confidence=st.sampled_from([0.8, 0.95, 0.99]))
def test_the_wilson_interval_of_a_share(share: float, margin: float, confidence: float) -> None:
    n = cx.sample_size("share", margin=margin, share=share, confidence=confidence)
    z = z_value(confidence)
    assert half(formulas.wilson(share * n, n, z)) <= margin + 1e-12
    assert n == 1 or half(formulas.wilson(share * (n - 1), n - 1, z)) > margin - 1e-12


@given(where=st.floats(0, 1), size=st.floats(0, 1), margin=st.floats(0.1, 2.9))
def test_the_adjusted_t_interval_of_a_mean(where: float, size: float, margin: float) -> None:
    """Wherever on the scale the answers of that spread centre."""
    mean = 1 + 6 * where
    sd = size * math.sqrt((7 - mean) * (mean - 1))  # no more than the scale lets them have there
    n = cx.sample_size("ces", margin=margin, sd=sd)
    assert half(formulas.mean_adjusted_t(float(n), mean, sd * sd, 1.0, 7.0, 0.95)) <= margin + 1e-9


def test_the_worst_case_is_the_default() -> None:
    assert cx.sample_size("nps", margin=7) == cx.sample_size("nps", margin=7, promoters=0.5, detractors=0.5)
    assert cx.sample_size("csat", margin=7) == cx.sample_size("csat", margin=7, share=0.5)
    assert cx.sample_size("ces", margin=0.5) == cx.sample_size("ces", margin=0.5, sd=3)
    assert cx.sample_size("ces", margin=0.5, scale=cx.CES_1_5) == cx.sample_size(
        "ces", margin=0.5, sd=2, scale=cx.CES_1_5
    )
    assert cx.sample_size("ces", detect=0.5) == cx.sample_size("ces", detect=0.5, sd=3)


@settings(max_examples=50)
@given(parts=st.tuples(*[st.integers(0, 20)] * 3).filter(any), points=st.floats(2.0, 40.0))
def test_no_expectation_needs_more_than_none(parts: tuple[int, int, int], points: float) -> None:
    down, _, up = (part / sum(parts) for part in parts)
    expected: dict[str, Any] = {"promoters": up, "detractors": down}
    assert cx.sample_size("nps", detect=points, **expected) <= cx.sample_size("nps", detect=points)
    # A perfect score has the widest score interval of all for its variance of 0, never wider than the worst.
    assert cx.sample_size("nps", margin=points, **expected) <= cx.sample_size("nps", margin=points) + 1
    share = up + down
    assert cx.sample_size("csat", detect=points, share=share) <= cx.sample_size("csat", detect=points)
    assert cx.sample_size("csat", margin=points, share=share) <= cx.sample_size("csat", margin=points)


def test_wanting_more_needs_more() -> None:
    for metric, widths in (("nps", (20, 10, 5)), ("csat", (20, 10, 5)), ("ces", (1, 0.5, 0.2))):
        for kind in ("margin", "detect"):
            sizes = [cx.sample_size(metric, **{kind: width}) for width in widths]  # type: ignore[arg-type]  # by name
            assert sizes == sorted(sizes)
    assert cx.sample_size("nps", detect=10, power=0.5) < cx.sample_size("nps", detect=10, power=0.8)
    assert cx.sample_size("nps", detect=10, confidence=0.9) < cx.sample_size("nps", detect=10)
    assert cx.sample_size("share", margin=1e-6) > 9e11  # a trillion answers are planned as quickly as ten


@pytest.mark.parametrize("metric", ["nps", "csat"])
@pytest.mark.parametrize("kind", ["margin", "detect"])
def test_a_fraction_of_a_point_was_meant_as_points(metric: Any, kind: str) -> None:
    words = rf"{kind} must be 0.25 or more, in points of 100 \(got 0.05\).*0.05 as a fraction is 5"
    with pytest.raises(cx.ArgumentValueError, match=words):
        cx.sample_size(metric, **{kind: 0.05})  # type: ignore[arg-type]  # by name
    assert cx.sample_size(metric, **{kind: 0.25}) > 100_000  # type: ignore[arg-type]  # by name


# -- the power is as great as asked ------------------------------------------------------------------


def samples(n: int, mix: tuple[float, float, float]) -> tuple[Floats, Floats]:
    """All samples of n answers as detractors, passives, promoters, and how likely each is."""
    down, up = (grid.ravel() for grid in np.meshgrid(np.arange(n + 1), np.arange(n + 1)))
    counts = np.stack([down, n - down - up, up])[:, down + up <= n]
    chance = stats.multinomial.pmf(counts.T, n, mix)
    likely = chance > 1e-9
    return counts[:, likely].astype(float), chance[likely]


def achieved_power(n: int, lower: Any, higher: Any, confidence: float) -> float:
    """Probability that the MOVER interval of the difference lies above 0: every pair of samples counted."""
    z = z_value(confidence)
    (low, low_chance), (high, high_chance) = samples(n, lower), samples(n, higher)
    score, reach = (low[2] - low[0]) / n, 0.0
    reach = formulas.nps_score(*low, z)[1] - score
    other = (high[2] - high[0]) / n
    below = other - formulas.nps_score(*high, z)[0]
    power = 0.0
    for rows in np.array_split(np.arange(len(score)), 1 + len(score) // 256):
        limits = other - score[rows, None] - np.hypot(below, reach[rows, None])
        power += float(low_chance[rows] @ (limits > 0.0) @ high_chance)
    return power


@pytest.mark.parametrize(
    ("mix", "points", "confidence", "power"),
    [
        ((0.15, 0.30, 0.55), 35, 0.95, 0.8), ((0.25, 0.35, 0.40), 40, 0.9, 0.9), ((0.40, 0.20, 0.40), 50, 0.95, 0.8),
        ((0.10, 0.60, 0.30), 40, 0.95, 0.9), ((0.05, 0.15, 0.80), 50, 0.95, 0.8), ((0.05, 0.90, 0.05), 40, 0.9, 0.8),
        ((0.00, 0.10, 0.90), 60, 0.95, 0.8),
    ],
)  # fmt: skip
def test_nps_detects_what_it_promises(
    mix: tuple[float, float, float], points: float, confidence: float, power: float
) -> None:
    """By enumeration of all pairs of samples, for a second group that is worse and one that is better."""
    down, middle, up = mix
    n = cx.sample_size("nps", detect=points, promoters=up, detractors=down, confidence=confidence, power=power)
    moved = points / 200
    others = []
    if up >= moved:
        others.append(((down + moved, middle, up - moved), mix))
    if down >= moved:
        others.append((mix, (down - moved, middle, up + moved)))
    for lower, higher in others:
        assert achieved_power(n, lower, higher, confidence) >= power
    assert others or middle > moved


@pytest.mark.parametrize("power", [0.8, 0.9])
@pytest.mark.parametrize("points", range(20, 150, 10))
def test_nps_in_the_worst_case_is_at_most_a_hundredth_short(points: int, power: float) -> None:
    """Where answers have two values only, the power rises and falls with the sample size."""
    n = cx.sample_size("nps", detect=points, power=power)
    quarter = points / 400
    lower, higher = (0.5 + quarter, 0.0, 0.5 - quarter), (0.5 - quarter, 0.0, 0.5 + quarter)
    assert achieved_power(n, lower, higher, 0.95) >= power - 0.01


@pytest.mark.parametrize(("share", "points"), [(0.5, 20), (0.8, 15), (0.9, 20), (0.3, 25)])
def test_csat_detects_what_it_promises(share: float, points: float) -> None:
    """Newcombe's interval, every pair of samples; steps of two-valued answers cost at most a hundredth."""
    n = cx.sample_size("csat", detect=points, share=share)
    counts = np.arange(n + 1.0)
    first, second = (grid.ravel() for grid in np.meshgrid(counts, counts))
    size = np.full(first.shape, float(n))
    low, high = formulas.newcombe(first, size, second, size, z_value(0.95))
    found = (low > 0.0) | (high < 0.0)
    for other in (share - points / 100, share + points / 100):
        if 0 <= other <= 1:
            chance = stats.binom.pmf(first, n, share) * stats.binom.pmf(second, n, other)
            assert chance @ found >= 0.79


def test_a_change_of_mix_goes_whichever_way_needs_more() -> None:
    # 100 promoters: the NPS can only fall, 10 points as 5 % promoters who turn detractors.
    up = cx.sample_size("nps", detect=10, promoters=1.0, detractors=0.0)
    variance = 0.95 + 0.05 - 0.9**2
    z, z_power = stats.norm.isf(0.025), stats.norm.isf(0.2)
    null = variance + 0.1**2 / 2
    assert up == math.ceil(((z * math.sqrt(null) + z_power * math.sqrt(variance)) / 0.1) ** 2)
    assert up == cx.sample_size("nps", detect=10, promoters=0.0, detractors=1.0)
    # Nobody at either end: the passives change.
    assert cx.sample_size("nps", detect=10, promoters=0.0, detractors=0.0) < 100
    # Two groups of the same spread.
    assert cx.sample_size("nps", detect=10, sd=100) == pytest.approx(
        2 * ((z + z_power) / 0.1) ** 2, rel=0.005
    )  # fmt: skip


# -- what is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "margin or detect must be given, and not both"),
        ({"margin": 5, "detect": 5}, "margin or detect must be given, and not both"),
        ({"margin": 0}, "margin must be above 0 and below 100"),
        ({"margin": 100}, "margin must be above 0 and below 100"),
        ({"margin": math.nan}, "margin must be above 0"),
        ({"detect": 200}, "detect must be above 0 and below 200"),
        ({"detect": -5}, "detect must be above 0"),
        ({"margin": 5, "power": 0.4}, "power must be from 0.5 to below 1"),
        ({"margin": 5, "power": 80}, "did you mean 0.8"),
        ({"margin": 5, "confidence": 95}, "did you mean 0.95"),
        ({"margin": 5, "share": 0.5}, "share must be left out for 'nps'.*promoters, detractors, sd"),
        ({"margin": 5, "scale": cx.NPS_0_10}, "scale must be left out"),
        ({"margin": 5, "promoters": 0.5}, "promoters and detractors must be given together"),
        ({"margin": 5, "detractors": 0.5}, "promoters and detractors must be given together"),
        ({"margin": 5, "promoters": 0.5, "detractors": 0.1, "sd": 80}, "or sd in place of both"),
        ({"margin": 5, "promoters": 0.7, "detractors": 0.7}, "at most 1 together"),
        ({"margin": 5, "promoters": 60, "detractors": 0.1}, "did you mean 0.6"),
        ({"margin": 5, "promoters": -0.1, "detractors": 0.1}, "promoters must be a share from 0 to 1"),
        ({"margin": 5, "sd": 101}, "sd must be from 0 to 100 points"),
        ({"margin": 5, "population": 0}, "population must be a whole number of 1 or more"),
        ({"margin": 5, "population": 10.5}, "population must be a whole number"),
        ({"margin": 5, "population": True}, "population must be a whole number"),
        ({"detect": 180, "promoters": 0.5, "detractors": 0.5}, "can neither rise nor fall so far"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(cx.ArgumentValueError, match=told) as caught:
        cx.sample_size("nps", **options)
    assert caught.value.argument is not None


def test_other_metrics_refuse_alike() -> None:
    with pytest.raises(cx.ArgumentValueError, match=r"margin must be above 0 and below 0\.5.*did you mean 0\.05"):
        cx.sample_size("share", margin=5)
    with pytest.raises(cx.ArgumentValueError, match=r"margin must be above 0 and below 50, in the unit"):
        cx.sample_size("csat", margin=50)
    with pytest.raises(cx.ArgumentValueError, match="can neither rise nor fall"):
        cx.sample_size("csat", detect=60, share=0.5)
    with pytest.raises(cx.ArgumentValueError, match="sd must be from 0 to 2, half the scale"):
        cx.sample_size("ces", margin=0.5, sd=3, scale=cx.CES_1_5)
    with pytest.raises(cx.ArgumentValueError, match="promoters must be left out for 'csat'"):
        cx.sample_size("csat", margin=5, promoters=0.5)
    with pytest.raises(cx.ArgumentTypeError, match="scale must be a Scale"):
        cx.sample_size("ces", margin=0.5, scale="1-7")  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize("margin", ["5", True, [5]])
def test_numbers_only(margin: Any) -> None:
    with pytest.raises(cx.ArgumentTypeError, match="margin must be a number"):
        cx.sample_size("nps", margin=margin)


def test_what_people_type_first() -> None:
    with pytest.raises(cx.UnknownNameError, match="metric must be one of 'nps', 'csat'"):
        cx.sample_size("fcr", margin=5)  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(cx.ArgumentTypeError, match=r"margin=5"):
        cx.sample_size("nps", 5)  # type: ignore[misc]  # the point of the test
    with pytest.raises(cx.ArgumentTypeError, match=r"confidence=0.95"):
        cx.sample_size("nps", margin=5, alpha=0.05)  # type: ignore[call-arg]  # the point of the test


def test_no_spread_at_all() -> None:
    assert cx.sample_size("ces", detect=1, sd=0) == 2
    assert cx.sample_size("ces", margin=1, sd=0) >= 1
    assert cx.sample_size("nps", margin=10, sd=0) == 1
