"""Sample ratio and balance: uniform where chance did its work, loud where it did not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from causalcx.checks.randomisation import balance, sample_ratio
from causalcx.core.moments import Moments, moments_of_columns
from causalcx.core.need import COVARIATE

RUNS = 300
UNIFORM = (
    1e-3  # p-value of the Kolmogorov-Smirnov test of 300 p-values; a right test falls below it once in 1,000 seeds
)


def counted(units: list[list[float]]) -> Moments:
    """Moments with these units, [arms][strata], and no variable."""
    array, (a, s) = np.array(units, float), np.shape(units)
    empty = np.zeros((a, s, 0, 0))
    return Moments(tuple("abcd"[:a]), tuple(map(str, range(s))), (), array, empty, empty, empty)


EVEN = {"a": 1.0, "b": 1.0}


@pytest.mark.parametrize(
    ("units", "ratio", "verdict"),
    [
        ([[500], [500]], EVEN, "pass"),
        ([[500], [450]], EVEN, "pass"),
        ([[5_000], [4_600]], EVEN, "fail"),
        ([[9_000], [1_000]], {"a": 9.0, "b": 1.0}, "pass"),
        ([[900], [90], [90]], {"a": 10.0, "b": 1.0, "c": 1.0}, "pass"),
        ([[900], [90], [150]], {"a": 10.0, "b": 1.0, "c": 1.0}, "fail"),
        ([[5_000, 5_000], [4_700, 5_300]], EVEN, "fail"),  # even in total, off within strata
        ([[510] * 200, [490] * 200], EVEN, "fail"),  # off by one in fifty everywhere, invisible within any stratum
        ([[505, 0], [495, 0]], EVEN, "pass"),  # a stratum that holds nobody
        ([[500], [100]], None, "info"),
    ],
)
def test_verdicts_of_the_sample_ratio(units, ratio, verdict):
    check = sample_ratio(counted(units), ratio)
    assert (check.name, check.verdict) == ("sample-ratio", verdict)
    assert check.facts["observed"] == {arm: int(sum(n)) for arm, n in zip("abcd", units, strict=False)}
    assert check.value == check.facts["p"]
    assert (check.facts["planned"] is None) == (ratio is None)


def test_sample_ratio_against_scipy():
    units = np.array([[520.0, 210.0, 33.0], [480.0, 190.0, 41.0], [250.0, 120.0, 10.0]])
    ratio = {"a": 2.0, "b": 2.0, "c": 1.0}
    share = np.array([0.4, 0.4, 0.2])
    alone = sample_ratio(counted(units.sum(axis=1, keepdims=True).tolist()), ratio)
    total = stats.chisquare(units.sum(axis=1), share * units.sum())
    assert alone.value == pytest.approx(total.pvalue, rel=1e-12)
    statistic = sum(stats.chisquare(units[:, s], share * units[:, s].sum()).statistic for s in range(3))
    within = stats.chi2.sf(statistic, 2 * 3)
    check = sample_ratio(counted(units.tolist()), ratio)
    assert check.facts["p_within"] == pytest.approx(within, rel=1e-12)
    assert check.value == pytest.approx(min(1, 2 * min(total.pvalue, within)), rel=1e-12)


def drawn(rng: np.random.Generator, share: dict[str, list[float]], scale: float = 1.0, n: int = 300) -> Moments:
    """Covariates of very unlike units and shapes; arms drawn with ``share`` per site."""
    site = rng.choice(list(share), n)
    arms = list("abc"[: len(next(iter(share.values())))])
    arm = np.array([rng.choice(arms, p=share[s]) for s in site])
    income, member = scale * rng.lognormal(1, 0.5, n), (rng.random(n) < 0.3).astype(float)
    columns = {"income": income, "member": member, "twice": 2 * income + 1, "flat": np.full(n, 3.0)}
    return moments_of_columns(arm, {COVARIATE + k: v for k, v in columns.items()}, site, control="a")


@pytest.mark.parametrize(
    "share",
    [{"n": [0.5, 0.5]}, {"n": [0.6, 0.2, 0.2]}, {"n": [0.5, 0.5], "s": [0.9, 0.1], "w": [0.2, 0.8]}],
    ids=["two arms", "three arms", "other shares in every stratum"],
)
def test_balance_p_is_uniform_when_chance_decides(share):
    rng = np.random.default_rng(20)
    p = [balance(drawn(rng, share)).value for _ in range(RUNS)]
    assert stats.kstest(p, "uniform").pvalue > UNIFORM


def test_balance_without_strata_is_the_textbook_test():
    """One covariate, two arms: the square of the pooled z of a difference in means."""
    rng = np.random.default_rng(1)
    x, arm = rng.normal(size=200), np.repeat(["a", "b"], [150, 50])
    one, zero = x[arm == "b"], x[arm == "a"]
    pooled = (149 * zero.var(ddof=1) + 49 * one.var(ddof=1)) / 198
    z = (one.mean() - zero.mean()) / np.sqrt(pooled * (1 / 150 + 1 / 50))
    check = balance(moments_of_columns(arm, {COVARIATE + "x": x}, control="a"))
    assert check.value == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-9)
    assert check.facts["largest"]["smd"] == pytest.approx((one.mean() - zero.mean()) / np.sqrt(pooled), rel=1e-9)


@pytest.mark.parametrize(("shift", "verdict"), [(0.2, "pass"), (0.33, "warn"), (0.5, "fail")])
def test_verdicts_of_balance(shift, verdict):
    """A share that differs by arm is seen beside an income a million times larger.

    By hand: z = shift / sqrt(2 / 200), and chi-square(2) of z squared = 4, 10.9 and 25 has p = .14, .004 and 4e-6.
    """
    n = 200
    wave = np.cos(np.arange(n) * 1.7)
    member, income = np.sin(np.arange(n) * 2.3), 1e6 * np.r_[wave, wave]
    columns = {COVARIATE + "income": income, COVARIATE + "member": np.r_[member, member + shift * member.std()]}
    check = balance(moments_of_columns(np.repeat(["a", "b"], n), columns, control="a"))
    assert check.verdict == verdict
    assert check.value == pytest.approx(stats.chi2.sf(shift**2 * n / 2, 2), rel=0.1)
    assert check.facts["largest"] == {"name": "member", "smd": pytest.approx(shift, rel=0.01)}


def test_no_covariates_no_balance():
    assert balance(counted([[5], [5]])) is None


def test_a_covariate_that_stands_still_says_nothing_of_balance():
    check = balance(moments_of_columns(["a", "b"] * 5, {COVARIATE + "flat": np.full(10, 2.0)}, control="a"))
    assert (check.verdict, check.value) == ("info", None)


def test_units_alone_in_their_arm_and_stratum_say_nothing_of_balance():
    columns = {COVARIATE + "x": np.array([1.0, 2.0, 5.0, 3.0])}
    check = balance(moments_of_columns(["a", "b"] * 2, columns, strata=["p", "p", "q", "q"], control="a"))
    assert (check.verdict, check.value) == ("info", None)
