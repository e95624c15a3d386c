"""The interval formulas and quantiles against slow plain references, SciPy, statsmodels and laws."""

from __future__ import annotations

import math
import statistics
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from cxscore._core import distributions
from cxscore._core import intervals as formulas
from cxscore._core.distributions import t_value, z_value

Z = z_value(0.95)

counts = st.integers(0, 10**6).map(float) | st.floats(0.0, 1e12) | st.just(0.0)
groups = st.tuples(counts, counts, counts).filter(lambda g: sum(g) >= 1.0)
parts = st.tuples(st.integers(0, 5000), st.integers(1, 5000)).map(lambda kn: (float(min(kn)), float(max(kn))))
z_values = st.sampled_from([z_value(c) for c in (0.5, 0.8, 0.9, 0.95, 0.99, 0.9999)])


# Quantiles


@pytest.mark.parametrize("confidence", [0.001, 0.5, 0.8, 0.9, 0.95, 0.99, 0.9999, 1 - 1e-9, 1 - 2**-53])
def test_z_value_is_the_normal_quantile(confidence: float) -> None:
    expected = -statistics.NormalDist().inv_cdf((1.0 - confidence) / 2.0)
    assert z_value(confidence) == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.9, 0.95, 0.99, 0.9999])
def test_t_value_is_the_quantile_of_scipy(confidence: float) -> None:
    df = np.concatenate([np.geomspace(0.5, 1e9, 400), [0.5, 0.75, 1.0, 1.5, 2.5, 9.5, 1e12]])
    expected = stats.t.isf((1.0 - confidence) / 2.0, df)
    assert t_value(confidence, df) == pytest.approx(expected, rel=1e-11)


def test_t_value_of_a_float_and_of_an_array_has_the_same_bits() -> None:
    df = np.array([0.5, 0.7, 1.0, 1.3, 9.5, 1e3, 1e9])
    assert [t_value(0.95, float(x)) for x in df] == t_value(0.95, df).tolist()


def test_t_value_with_no_degree_of_freedom_is_nan() -> None:
    assert math.isnan(t_value(0.95, 0.0))
    assert math.isnan(t_value(0.95, math.nan))
    assert np.isnan(t_value(0.95, np.array([-0.5, 0.0, np.nan]))).all()


def test_t_value_of_hardly_any_freedom_is_huge_but_finite() -> None:
    assert t_value(0.95, 0.02) == pytest.approx(stats.t.isf(0.025, 0.02), rel=1e-9)
    assert t_value(0.95, 1e-9) == t_value(0.9999, 0.002) == math.exp(300.0)


@settings(max_examples=60)
@given(st.integers(1, 3000), st.floats(0.001, 0.999))
def test_binomial_cdf_is_that_of_scipy(n: int, p: float) -> None:
    first, cumulative = distributions.binomial_cdf(n, p)
    k = first + np.arange(len(cumulative))
    assert cumulative == pytest.approx(stats.binom.cdf(k, n, p), abs=1e-12)


@given(st.integers(1, 2000), st.floats(0.001, 0.999), st.sampled_from([0.005, 0.025, 0.05, 0.95, 0.975, 0.995]))
def test_binomial_quantile_is_that_of_scipy(n: int, p: float, level: float) -> None:
    assert distributions.binomial_quantile(level, n, p) == stats.binom.ppf(level, n, p)


def test_binomial_quantile_of_a_billion_trials() -> None:
    assert distributions.binomial_quantile(0.025, 10**9, 0.3) == stats.binom.ppf(0.025, 10**9, 0.3)


# One proportion


@given(parts, z_values)
def test_wilson_is_that_of_statsmodels(part: tuple[float, float], z: float) -> None:
    expected = proportion_confint(*part, alpha=math.erfc(z / math.sqrt(2.0)), method="wilson")
    assert formulas.wilson(*part, z) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n", [1.0, 7.0, 1e6, 1e12])
def test_wilson_reaches_0_and_1_exactly(n: float) -> None:
    assert formulas.wilson(0.0, n, Z)[0] == 0.0
    assert formulas.wilson(n, n, Z)[1] == 1.0
    assert formulas.wilson_cc(0.0, n, Z)[0] == 0.0
    assert formulas.wilson_cc(n, n, Z)[1] == 1.0


def test_wilson_keeps_its_digits_for_a_few_in_a_trillion() -> None:
    # Limits solve (p - k/n)² = z² p (1 - p) / n; here in 50 digits.
    with localcontext() as context:
        context.prec = 50
        k, n, z2 = Decimal(3), Decimal(10**12), Decimal(Z) ** 2
        root = (z2 * (k * (n - k) / n + z2 / 4)).sqrt()
        expected = [float((k + z2 / 2 + sign * root) / (n + z2)) for sign in (-1, 1)]
    assert formulas.wilson(3.0, 1e12, Z) == pytest.approx(tuple(expected), rel=1e-14)


@given(parts, z_values)
def test_wilson_cc_is_the_formula_as_printed(part: tuple[float, float], z: float) -> None:
    # Newcombe (1998), Stat Med 17:857, method 4.
    k, n = part
    p, q = k / n, 1.0 - k / n
    low = high = 0.0
    if k > 0:
        root = math.sqrt(z * z - 2.0 - 1.0 / n + 4.0 * p * (n * q + 1.0))
        low = (2.0 * n * p + z * z - 1.0 - z * root) / (2.0 * (n + z * z))
    if k < n:
        root = math.sqrt(z * z + 2.0 - 1.0 / n + 4.0 * p * (n * q - 1.0))
        high = (2.0 * n * p + z * z + 1.0 + z * root) / (2.0 * (n + z * z))
    else:
        high = 1.0
    assert formulas.wilson_cc(k, n, z) == pytest.approx((low, high), abs=1e-12)


def test_agresti_coull_and_wald_are_not_clipped() -> None:
    # R package binom 1.1, as stored in the tests of statsmodels.
    assert formulas.agresti_coull(1.0, 30.0, Z) == pytest.approx((-0.008305484, 0.18091798), abs=1e-8)
    assert formulas.wald(18.0, 20.0, Z) == pytest.approx((0.768521618913513, 1.031478381086487), abs=1e-12)


# Difference of two proportions


@pytest.mark.parametrize(
    ("ours", "method"),
    [
        (formulas.newcombe, "newcomb"),
        (formulas.agresti_caffo, "agresti-caffo"),
        (formulas.wald_difference, "wald"),
    ],
)
@pytest.mark.parametrize("table", [(56, 70, 48, 80), (9, 10, 3, 10), (5, 56, 1, 29), (300, 4000, 250, 4100)])
def test_difference_is_that_of_statsmodels(ours: object, method: str, table: tuple[int, ...]) -> None:
    expected = confint_proportions_2indep(*table, method=method, compare="diff", alpha=0.05)
    assert callable(ours)
    assert ours(*map(float, table), Z) == pytest.approx(expected, abs=1e-12)


def likeliest_variance(k1: float, n1: float, k2: float, n2: float, difference: float) -> float:
    """By a search over the second share, straight from the likelihood."""

    def log_likelihood(share2: float) -> float:
        terms = [(k1, share2 + difference), (n1 - k1, 1.0 - share2 - difference), (k2, share2), (n2 - k2, 1.0 - share2)]
        return sum(k * math.log(max(p, 1e-300)) for k, p in terms if k)

    low, high = max(0.0, -difference), min(1.0, 1.0 - difference)
    for _ in range(200):
        left, right = low + (high - low) / 3.0, high - (high - low) / 3.0
        if log_likelihood(left) < log_likelihood(right):
            low = left
        else:
            high = right
    share1, share2 = low + difference, low
    variance = share1 * (1.0 - share1) / n1 + share2 * (1.0 - share2) / n2
    return variance * (n1 + n2) / (n1 + n2 - 1.0)


@pytest.mark.parametrize(
    "table",
    [(9.0, 10.0, 3.0, 10.0), (0.0, 10.0, 4.0, 20.0), (7.0, 7.0, 2.0, 9.0), (1.5, 4.25, 3.0, 8.0), (0.0, 5.0, 5.0, 5.0)],
)
def test_miettinen_nurminen_against_the_likelihood(table: tuple[float, ...]) -> None:
    low, high = formulas.miettinen_nurminen(*table, Z)
    estimate = table[0] / table[1] - table[2] / table[3]
    for limit in (low, high):
        if abs(limit) < 1.0:  # at -1 or 1 the interval just ends
            standard_error = math.sqrt(likeliest_variance(*table, limit))
            assert abs(estimate - limit) == pytest.approx(Z * standard_error, abs=1e-6)


def score_difference_low(k1: float, n1: float, k2: float, n2: float, z: float) -> float:
    """The lower limit by halving; the statistic falls as the supposed difference rises."""
    estimate = k1 / n1 - k2 / n2
    low, high = -1.0, estimate
    for _ in range(40):
        middle = (low + high) / 2.0
        if estimate - middle > z * math.sqrt(likeliest_variance(k1, n1, k2, n2, middle)):
            low = middle
        else:
            high = middle
    return low


few = st.tuples(st.integers(0, 12), st.integers(1, 12)).map(lambda kn: (float(min(kn)), float(max(kn))))


@settings(max_examples=12, deadline=None)
@given(few, few, z_values)
def test_miettinen_nurminen_by_halving(first: tuple[float, float], second: tuple[float, float], z: float) -> None:
    expected = score_difference_low(*first, *second, z), -score_difference_low(*second, *first, z)
    assert formulas.miettinen_nurminen(*first, *second, z) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("table", "confidence"),
    [
        ((972.0, 1000.0, 2.0, 5.0), 0.99),  # the start lies beyond 1, where the statistic has no spread
        ((7.0, 10.0, 0.0, 100.0), 0.99),
        ((0.0, 2.0, 0.0, 30.0), 0.5),  # the start lies on the wrong side of the estimate
        ((1.0, 1.0, 100.0, 100.0), 0.5),
    ],
)
def test_miettinen_nurminen_leaves_a_bad_start(table: tuple[float, ...], confidence: float) -> None:
    z = z_value(confidence)
    expected = score_difference_low(*table, z), -score_difference_low(*table[2:], *table[:2], z)
    assert formulas.miettinen_nurminen(*table, z) == pytest.approx(expected, abs=1e-6)
    of_arrays = formulas.miettinen_nurminen(*np.array(table)[:, None], z)
    assert [limit.item() for limit in of_arrays] == pytest.approx(expected, abs=1e-6)


@settings(max_examples=60)
@given(parts, parts, z_values)
def test_miettinen_nurminen_holds_the_estimate_and_mirrors(
    first: tuple[float, float], second: tuple[float, float], z: float
) -> None:
    low, high = formulas.miettinen_nurminen(*first, *second, z)
    assert -1.0 <= low <= first[0] / first[1] - second[0] / second[1] <= high <= 1.0
    assert formulas.miettinen_nurminen(*second, *first, z) == (-high, -low)


# Net promoter score


def score_low_by_bisection(detractors: float, passives: float, promoters: float, z: float) -> float:
    """The lower limit in 60 digits, by halving [-1, score] on the formulas as Rocks prints them."""
    with localcontext() as context:
        context.prec = 60
        d, p, r = Decimal(detractors), Decimal(passives), Decimal(promoters)
        n = d + p + r
        score = (r - d) / n
        reach = Decimal(z) / n.sqrt()
        low, high = Decimal(-1), score - Decimal("1e-40")  # with passives alone the score itself is a root too
        for _ in range(70):
            x = (low + high) / 2
            a, b = 2 * n, -d - r + (2 * n - r + d) * x
            c = -d * x * (1 - x)
            q = (-b + max(b * b - 4 * a * c, Decimal(0)).sqrt()) / (2 * a)
            variance = max(2 * q + x * (1 - x), Decimal(0))
            if score - x > reach * variance.sqrt():
                low = x
            else:
                high = x
        return float(high)


NPS_CASES = [
    (16, 30, 61), (0, 0, 10), (10, 0, 0), (0, 10, 0), (1, 0, 0), (0, 1, 0), (0, 5, 5), (5, 0, 5), (1e-9, 5, 5),
    (0.3, 0.2, 0.4), (0, 1e12, 0), (0, 1e12, 1), (3e11, 3e11, 4e11), (4, 0, 347118921294), (0, 1, 1e12),
    (119404489, 50, 0), (1e12, 0, 1), (2, 0, 866806), (0, 11, 874054), (0.0, 1.1e-5, 0.3143),
]  # fmt: skip


@pytest.mark.parametrize("case", NPS_CASES)
def test_nps_score_equals_bisection(case: tuple[float, float, float]) -> None:
    low, high = formulas.nps_score(*map(float, case), Z)
    assert low == pytest.approx(score_low_by_bisection(*case, Z), abs=2e-15, rel=1e-12)
    assert high == pytest.approx(-score_low_by_bisection(*case[::-1], Z), abs=2e-15, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(groups, z_values)
def test_nps_score_laws(case: tuple[float, float, float], z: float) -> None:
    low, high = formulas.nps_score(*case, z)
    score = (case[2] - case[0]) / sum(case)
    assert -1.0 <= low <= score <= high <= 1.0
    mirrored = formulas.nps_score(*case[::-1], z)
    assert mirrored == pytest.approx((-high, -low), abs=1e-14)
    assert low == pytest.approx(score_low_by_bisection(*case, z), abs=1e-12)


def test_nps_score_without_passives_is_wilson() -> None:
    # With two outcomes left the score is 2 p - 1.
    low, high = formulas.wilson(61.0, 77.0, Z)
    assert formulas.nps_score(16.0, 0.0, 61.0, Z) == pytest.approx((2 * low - 1, 2 * high - 1), abs=1e-15)


def test_a_search_that_is_cut_short_stays_in_its_bracket(monkeypatch: pytest.MonkeyPatch) -> None:
    exact_low, exact_high = formulas.nps_score(0.0, 1000.0, 0.0, Z)
    monkeypatch.setattr(formulas, "_MOST_STEPS", 2)
    low, high = formulas.nps_score(0.0, 1000.0, 0.0, Z)
    assert -1.0 < low < exact_low < exact_high < high < 1.0
    of_array = formulas.nps_score(*np.array([[0.0], [1000.0], [0.0]]), Z)
    assert [limit.tolist() for limit in of_array] == [[low], [high]]


def test_nps_difference_by_mover_from_its_parts() -> None:
    first, second = (20.0, 30.0, 50.0), (30.0, 40.0, 30.0)
    (low1, high1), (low2, high2) = formulas.nps_score(*first, Z), formulas.nps_score(*second, Z)
    expected = (0.3 - math.hypot(0.3 - low1, high2 - 0.0), 0.3 + math.hypot(high1 - 0.3, 0.0 - low2))
    assert formulas.nps_difference_mover(first, second, Z) == pytest.approx(expected, abs=1e-15)


def test_nps_difference_by_adjusted_wald() -> None:
    # Rocks' code, run in R: difference .291262135922.
    limits = formulas.nps_difference_adjusted_wald((20.0, 30.0, 50.0), (30.0, 40.0, 30.0), Z)
    assert limits == pytest.approx((0.079142792828, 0.503381479016), abs=1e-11)
    z = z_value(0.9999)
    assert formulas.nps_difference_adjusted_wald((0.0, 0.0, 10.0), (10.0, 0.0, 0.0), z)[1] == 2.0


# Means


def test_mean_t_is_that_of_scipy() -> None:
    sample = [5.0, 6.0, 7.0, 7.0, 7.0]
    expected = stats.ttest_1samp(sample, 0.0).confidence_interval(0.95)
    ours = formulas.mean_t(5.0, statistics.fmean(sample), statistics.pvariance(sample), 0.95)
    assert ours == pytest.approx(tuple(expected), rel=1e-12)


def test_mean_adjusted_t_is_t_on_the_sample_with_two_quarter_answers() -> None:
    sample = [5.0, 6.0, 6.0, 3.0, 5.0]
    # Four copies of everything turn the quarters into whole answers; the freedom is that of 5.5 answers.
    augmented = sample * 4 + [1.0, 7.0]
    mean = statistics.fmean(augmented)
    variance = sum((x - mean) ** 2 for x in augmented) / 4.0 / 4.5
    margin = float(stats.t.isf(0.025, 4.5)) * math.sqrt(variance / 5.5)
    ours = formulas.mean_adjusted_t(5.0, statistics.fmean(sample), statistics.pvariance(sample), 1.0, 7.0, 0.95)
    assert ours == pytest.approx((mean - margin, mean + margin), rel=1e-12)


def test_mean_adjusted_t_stays_on_the_scale() -> None:
    low, high = formulas.mean_adjusted_t(5.0, 7.0, 0.0, 1.0, 7.0, 0.95)
    assert 1.0 < low < high == 7.0
    assert formulas.mean_adjusted_t(1.0, 7.0, 0.0, 1.0, 7.0, 0.95) == (1.0, 7.0)


# Ranks of a quantile


def test_quantile_ranks_of_published_examples() -> None:
    # statpsych 1.8, ci.median1: ten values, limits at ranks 2 and 9.
    assert formulas.quantile_ranks(10, 0.5, 0.95) == (2, 9)
    # [1, 3] misses the median of three values with a probability of 1/8 on either side, which is all of the tail.
    assert formulas.quantile_ranks(3, 0.5, 0.75) == (1, 3)
    assert [formulas.quantile_ranks(n, 0.5, 1 - 2 * 0.5**n) for n in range(1, 40)] == [(1, n) for n in range(1, 40)]
    # EnvStats, help of eqnpar: coverage of ranks 12 and 19 among 20 at p = .75.
    assert formulas.rank_coverage(20, 0.75, 12, 19) == pytest.approx(0.9347622, abs=5e-8)


@settings(max_examples=60)
@given(st.integers(1, 3000), st.floats(0.01, 0.99), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_quantile_ranks_cover_and_no_closer_ones_do(n: int, q: float, confidence: float) -> None:
    low, high = formulas.quantile_ranks(n, q, confidence)
    tail = (1.0 - confidence) / 2.0
    assert 0 <= low <= n * q + 1.0
    assert n * q <= high <= n + 1
    assert formulas.rank_coverage(n, q, low, high) >= confidence - 1e-12
    # One rank further in, that side alone would miss more than its half.
    assert stats.binom.cdf(low, n, q) > tail
    assert stats.binom.sf(high - 2, n, q) >= tail - 1e-12


# Arrays, empty groups, laws of all


ONE_SAMPLE = [formulas.wilson, formulas.wilson_cc, formulas.agresti_coull, formulas.wald]
TWO_SAMPLES = [
    formulas.newcombe, formulas.newcombe_cc, formulas.agresti_caffo, formulas.wald_difference,
    formulas.miettinen_nurminen,
]  # fmt: skip
NPS = [formulas.nps_score, formulas.nps_adjusted_wald, formulas.nps_wald]
NPS_DIFFERENCE = [
    formulas.nps_difference_mover, formulas.nps_difference_adjusted_wald, formulas.nps_difference_wald,
]  # fmt: skip

RANDOM = np.random.default_rng(20260101)
COLUMNS = [np.append(RANDOM.integers(0, 40, 300), [0, 0, 5, 0]).astype(np.float64) for _ in range(6)]


def arguments_of(formula: object) -> tuple[list[np.ndarray], float]:
    a, b, c, d = COLUMNS[:4]
    if formula in ONE_SAMPLE:
        return [a, a + b], Z
    if formula in TWO_SAMPLES:
        return [a, a + b, c, c + d], Z
    return [a, b, c], Z


@pytest.mark.parametrize("formula", ONE_SAMPLE + TWO_SAMPLES + NPS)
def test_an_array_gives_what_its_elements_give(formula: object) -> None:
    columns, z = arguments_of(formula)
    for column in columns:
        column.flags.writeable = False
    assert callable(formula)
    low, high = formula(*columns, z)
    one_by_one = np.array([formula(*map(float, row), z) for row in zip(*columns, strict=True)])
    # arccos of numpy and of the C library differ in the last bit.
    tolerance = 1e-12 if formula is formulas.miettinen_nurminen else 0.0
    np.testing.assert_allclose(np.column_stack((low, high)), one_by_one, rtol=0.0, atol=tolerance)
    assert np.isnan(low[-1])
    assert np.isnan(high[-1])


@pytest.mark.parametrize("formula", NPS_DIFFERENCE)
def test_an_array_of_nps_differences_gives_what_its_elements_give(formula: object) -> None:
    assert callable(formula)
    low, high = formula(tuple(COLUMNS[:3]), tuple(COLUMNS[3:]), Z)
    rows = zip(*COLUMNS, strict=True)
    one_by_one = np.array([formula(tuple(map(float, r[:3])), tuple(map(float, r[3:])), Z) for r in rows])
    np.testing.assert_array_equal(np.column_stack((low, high)), one_by_one)


def test_means_of_an_array_are_those_of_its_elements() -> None:
    n, mean, variance = COLUMNS[0], 1.0 + COLUMNS[1] / 10.0, COLUMNS[2] / 10.0
    low, high = formulas.mean_adjusted_t(n, mean, variance, 1.0, 7.0, 0.9)
    rows = list(zip(n.tolist(), mean.tolist(), variance.tolist(), strict=True))
    np.testing.assert_array_equal(
        np.column_stack((low, high)), [formulas.mean_adjusted_t(*row, 1.0, 7.0, 0.9) for row in rows]
    )
    low, high = formulas.mean_t(n, mean, variance, 0.9)
    np.testing.assert_array_equal(np.column_stack((low, high)), [formulas.mean_t(*row, 0.9) for row in rows])
    assert np.isnan(low[n <= 1]).all()
    assert np.isfinite(low[n > 1]).all()


def test_an_empty_sample_gives_nan() -> None:
    undefined = [
        *(formula(0.0, 0.0, Z) for formula in ONE_SAMPLE),
        *(formula(0.0, 0.0, 3.0, 5.0, Z) for formula in TWO_SAMPLES),
        *(formula(3.0, 5.0, 0.0, 0.0, Z) for formula in TWO_SAMPLES),
        *(formula(0.0, 0.0, 0.0, Z) for formula in NPS),
        *(formula((0.0, 0.0, 0.0), (1.0, 2.0, 3.0), Z) for formula in NPS_DIFFERENCE),
        formulas.mean_t(0.0, math.nan, math.nan, 0.95),
        formulas.mean_t(1.0, 7.0, 0.0, 0.95),
        formulas.mean_adjusted_t(0.0, math.nan, math.nan, 1.0, 7.0, 0.95),
    ]
    assert np.isnan(undefined).all()


def test_no_groups_give_no_limits() -> None:
    none = np.empty(0)
    assert [limit.shape for limit in formulas.nps_score(none, none, none, Z)] == [(0,), (0,)]


def test_more_groups_than_one_block() -> None:
    many = np.arange(40_000.0)
    low, high = formulas.nps_score(many, many + 1.0, 2.0 * many, Z)
    at = [0, 16_383, 16_384, 39_999]
    expected = [formulas.nps_score(float(i), i + 1.0, 2.0 * i, Z) for i in at]
    np.testing.assert_array_equal(np.column_stack((low, high))[at], expected)
