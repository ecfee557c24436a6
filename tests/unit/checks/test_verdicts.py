"""Verdicts on answers, design and effects, as tables of cases."""

from __future__ import annotations

from typing import Any

import pytest
from scipy import stats

from causalcx.checks import answers, design, effects, sampling
from causalcx.core.effect import Effect
from causalcx.core.need import Profile


def profile(**fields: Any) -> Profile:
    made = {
        "fingerprint": "sha256:0", "source": "data.csv", "rows": 2_000, "arms": {"a": 1_000, "b": 1_000},
        "answered": {"y": {"a": 1_000, "b": 1_000}}, "range": {"y": (0.0, 1.0)}, "skewness": {},
    }  # fmt: skip
    return Profile(**(made | fields))


# Fails need both: p < .001 and a gap of more than 5 % of the larger share.
@pytest.mark.parametrize(
    ("arms", "answered", "verdict", "gap"),
    [
        ((1_000, 1_000), (300, 310), "pass", 0.01),
        ((1_000, 1_000), (300, 360), "warn", 0.06),
        ((1_000, 1_000), (300, 400), "fail", 0.10),
        ((1_000_000, 1_000_000), (300_000, 305_000), "warn", 0.005),  # certain, but too small to matter
        ((1_000, 1_000), (1_000, 980), "warn", 0.02),
        ((10, 10), (5, 9), "pass", 0.4),
    ],
)
def test_missing_by_arm(arms, answered, verdict, gap):
    made = profile(
        arms=dict(zip("ab", arms, strict=True)),
        answered={"nps": dict(zip("ab", answered, strict=True)), "y": dict(zip("ab", arms, strict=True))},
    )
    (check,) = answers.missing_by_arm(made)  # nothing is missing of y, so nothing is said of it
    p = stats.chi2_contingency([[n, m - n] for n, m in zip(answered, arms, strict=True)], correction=False).pvalue
    assert (check.verdict, check.facts["outcome"], check.value) == (verdict, "nps", pytest.approx(p))
    assert check.facts["gap"] == pytest.approx(gap)
    assert check.facts["answered"] == {arm: n / m for arm, n, m in zip("ab", answered, arms, strict=True)}


# Kohavi, Deng, Longbotham & Xu (2014): 355 x skewness squared units per arm.
@pytest.mark.parametrize(
    ("skewness", "n", "verdict"),
    [(0.0, 2, "pass"), (1.0, 355, "pass"), (1.0, 354, "warn"), (-2.0, 1_420, "pass"), (10.0, 35_499, "warn")],
)
def test_skew(skewness, n, verdict):
    made = profile(answered={"y": {"a": n + 7, "b": n}}, skewness={"y": skewness})
    (check,) = answers.skew(made)
    assert (check.verdict, check.value, check.facts["n"], check.facts["needed"]) == (
        verdict,
        skewness,
        n,
        round(355 * skewness**2),
    )


@pytest.mark.parametrize(
    ("covariates", "columns", "verdict", "silent"),
    [
        ([], {}, "pass", []),
        (["x"], {}, "info", ["x"]),
        (["x"], {"x": {"unit": "months"}}, "info", ["x"]),
        (["x", "z"], {"x": {"known": "before"}}, "info", ["z"]),
        (["x", "z"], {"x": {"known": "before"}, "z": {"known": "before"}}, "pass", []),
    ],
)
def test_timing(covariates, columns, verdict, silent, trial):
    check = design.timing(trial({"design.covariates": covariates, "columns": columns}))
    assert (check.verdict, check.facts["columns"]) == (verdict, silent)


@pytest.mark.parametrize(
    ("declared", "verdict", "facts"),
    [
        ("none", "pass", {"declared": "none", "shares": []}),
        (None, "warn", {"declared": "undeclared", "shares": []}),
        ({"shares": "queue"}, "warn", {"declared": "shared", "shares": ["queue"]}),
        ({"shares": ["queue", "agents"]}, "warn", {"declared": "shared", "shares": ["queue", "agents"]}),
        ({"exposure": "treated_neighbours"}, "warn", {"declared": "shared", "shares": ["treated_neighbours"]}),
    ],
)
def test_interference(declared, verdict, facts, trial):
    check = design.interference(trial({"interference": declared}))
    assert (check.verdict, check.facts) == (verdict, facts)


@pytest.mark.parametrize(("rows", "immature", "verdict", "share"), [(100, 0, "pass", 0.0), (75, 25, "info", 0.25)])
def test_immaturity(rows, immature, verdict, share):
    check = design.immaturity(profile(rows=rows, immature=immature))
    assert (check.verdict, check.value) == (verdict, share)
    assert check.facts == {"left_out": immature, "rows": rows + immature, "share": share}


# The trial's period ends on 1 February 2026; without `as_of` nothing is known of the data's date.
@pytest.mark.parametrize(
    ("as_of", "verdict"), [(None, "pass"), ("2026-01-31", "fail"), ("2026-02-01", "pass"), ("2027-01-01", "pass")]
)
def test_early_look(as_of, verdict, trial):
    check = design.early_look(trial({"as_of": as_of}))
    assert (check.verdict, check.facts) == (verdict, {"as_of": as_of, "end": "2026-02-01"})


def effect(low: float | None, high: float | None, **fields: Any) -> Effect:
    made = {
        "outcome": "y", "comparison": "b vs a", "estimand": "ATE", "applies_to": "assigned", "share": 1.0, "unit": "USD", "estimate": 0.0,
        "std_error": 1.0, "df": None, "low": low, "high": high, "method": "m", "n_treated": 9, "n_control": 9, "role": "primary",
    }  # fmt: skip
    return Effect(**(made | fields))


@pytest.mark.parametrize(
    ("low", "high", "matters", "verdicts"),
    [(-1, 1, 1.0, ["pass"]), (-1, 1.2, 1.0, ["warn"]), (-1, 1, None, []), (None, 1, 1.0, [])],
)
def test_precision(low, high, matters, verdicts, trial):
    outcome = {"name": "y", "kind": "amount", "column": "y", "role": "primary", "matters": matters}
    found = effects.precision(trial({"outcomes": [outcome]}), [effect(low, high)])
    assert [c.verdict for c in found] == verdicts
    assert [c.value for c in found] == [pytest.approx((high - low) / 2) for _ in verdicts]


# Breached when the whole interval lies beyond the margin, a warning when it straddles it (DESIGN.md).
@pytest.mark.parametrize(
    ("better", "margin", "low", "high", "verdict"),
    [
        ("lower", 1.0, -0.5, 0.9, "pass"),
        ("lower", 1.0, -0.5, 1.0, "pass"),
        ("lower", 1.0, 0.5, 1.5, "warn"),
        ("lower", 1.0, 1.0, 2.0, "warn"),
        ("lower", 1.0, 1.1, 2.0, "fail"),
        ("higher", 1.0, -0.9, 0.5, "pass"),
        ("higher", 1.0, -1.5, 0.5, "warn"),
        ("higher", 1.0, -2.0, -1.1, "fail"),
        ("higher", 1.0, 1.1, 2.0, "pass"),
        ("lower", 0, 0.1, 0.2, "fail"),
        ("lower", {"relative": 0.05}, 0.5, 1.5, "warn"),  # 5 % of a control mean of 20 is 1.0
        ("lower", {"relative": 0.05}, 1.1, 2.0, "fail"),
        ("higher", {"relative": 0.05}, -0.9, 0.0, "pass"),
    ],
)
def test_guardrails(better, margin, low, high, verdict, trial):
    primary = {"name": "x", "kind": "amount", "column": "x", "role": "primary"}
    guarded = {"name": "y", "kind": "amount", "column": "y", "role": "guardrail", "better": better, "margin": margin}
    experiment = trial({"outcomes": [primary, guarded]})
    (check,) = effects.guardrails(
        experiment, [effect(low, high, role="guardrail", baseline=20.0), effect(5, 6, outcome="x")]
    )
    assert check.verdict == verdict
    assert check.facts["margin"] == pytest.approx(margin if isinstance(margin, int | float) else 1.0)
    assert (check.facts["low"], check.facts["high"], check.facts["comparison"]) == (low, high, "b vs a")


def test_a_relative_margin_of_a_negative_base_is_of_its_size(trial):
    guarded = {"name": "y", "kind": "amount", "column": "y", "role": "guardrail", "margin": {"relative": 0.1}}
    experiment = trial({"outcomes": [{"name": "x", "kind": "amount", "column": "x", "role": "primary"}, guarded]})
    (check,) = effects.guardrails(experiment, [effect(-3.0, -2.0, role="guardrail", baseline=-10.0)])
    assert (check.facts["margin"], check.verdict) == (1.0, "fail")


@pytest.mark.parametrize(
    ("r_hat", "ess", "divergences", "verdict"),
    [
        (1.001, 2_000, 0, "pass"),
        (1.02, 2_000, 0, "warn"),
        (1.2, 2_000, 0, "fail"),
        (1.001, 50, 0, "warn"),
        (1.001, 2_000, 4, "warn"),
    ],
)
def test_convergence(r_hat, ess, divergences, verdict):
    check = sampling.convergence(r_hat, ess, divergences)
    assert (check.verdict, check.value) == (verdict, r_hat)
    assert check.facts == {"r_hat": r_hat, "ess": ess, "divergences": divergences}
