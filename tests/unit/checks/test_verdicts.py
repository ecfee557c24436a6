"""Verdicts on answers, design and effects, as tables of cases."""

from __future__ import annotations

from typing import Any

import pytest
from scipy import stats

from causalcx.checks import answers, design, effects, sampling
from causalcx.core.effect import Arm, Effect
from causalcx.core.need import Profile
from causalcx.words import check_sentence


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
    [
        (0.0, 2, "info"),
        (0.0, 29, "info"),
        (0.0, 30, "pass"),
        (1.0, 29, "warn"),
        (1.0, 355, "pass"),
        (1.0, 354, "warn"),
        (-2.0, 1_420, "pass"),
        (10.0, 35_499, "warn"),
    ],
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
        ([], {}, "info", []),
        (["x"], {}, "info", ["x"]),
        (["x"], {"x": {"unit": "months"}}, "info", ["x"]),
        (["x", "z"], {"x": {"known": "before"}}, "info", ["z"]),
        (["x", "z"], {"x": {"known": "before"}, "z": {"known": "before"}}, "pass", []),
    ],
)
def test_timing(covariates, columns, verdict, silent, trial):
    check = design.timing(trial({"design.covariates": covariates, "columns": columns}), covariates)
    assert (check.verdict, check.facts["columns"]) == (verdict, silent)


@pytest.mark.parametrize(
    ("declared", "verdict", "facts"),
    [
        ("none", "pass", {"declared": "none", "shares": []}),
        (None, "warn", {"declared": "undeclared", "shares": []}),
        ({"shares": "queue"}, "warn", {"declared": "shared", "shares": ["queue"]}),
        ({"shares": ["queue", "agents"]}, "warn", {"declared": "shared", "shares": ["queue", "agents"]}),
        ({"exposure": "near"}, "pass", {"declared": "felt", "shares": [], "told_by": "near"}),
        (
            {"neighbours": "n.csv", "shares": "visitors"},
            "pass",
            {"declared": "felt", "shares": ["visitors"], "told_by": "n.csv"},
        ),
    ],
)
def test_interference(declared, verdict, facts, trial):
    check = design.interference(trial({"interference": declared}))
    assert (check.verdict, check.facts) == (verdict, facts)


@pytest.mark.parametrize(
    ("changes", "verdict", "declared"),
    [
        ({"design.cluster": "queue"}, "pass", "kept-apart"),
        ({"design.cluster": "team"}, "warn", "shared"),
        (
            {"design": {"kind": "switchback", "unit": "centre", "time": "slot", "treatment": "arm", "control": "a"}},
            "pass",
            "kept-apart",
        ),
    ],
)
def test_what_is_shared_may_be_drawn_or_switched_as_a_whole(changes, verdict, declared, trial):
    check = design.interference(trial({"interference": {"shares": ["queue"]}} | changes))
    assert (check.verdict, check.facts["declared"]) == (verdict, declared)


@pytest.mark.parametrize(
    ("changes", "asks"),
    [
        ({}, None),
        ({"design.unit": "store_id"}, "places"),
        ({"columns": {"x_km": {}}}, "places"),
        ({"design.cluster": "branch"}, "places"),
        ({"intervention": "routing"}, "queue"),
        ({"touchpoint": "hotline"}, "queue"),
        ({"journey": "appointments"}, "stock"),
        ({"intervention": "staffing", "design.cluster": "team"}, None),
    ],
)
def test_silence_is_asked_about_where_the_plan_invites_interference(changes, asks, trial):
    check = design.interference(trial({"interference": None} | changes))
    assert (check.verdict, check.facts.get("seen")) == ("warn", asks)


WINDOW = {"outcomes": [{"name": "y", "kind": "amount", "column": "y", "role": "primary", "window_months": 3}]}


# Fails where more than half of the units were set aside: the rest are a minority.
@pytest.mark.parametrize(
    ("rows", "immature", "verdict", "share"),
    [(100, 0, "pass", 0.0), (75, 25, "info", 0.25), (50, 50, "info", 0.5), (49, 51, "fail", 0.51)],
)
def test_immaturity(rows, immature, verdict, share, trial):
    check = design.immaturity(trial(WINDOW | {"entered": "day"}), profile(rows=rows, immature=immature))
    assert (check.verdict, check.value) == (verdict, share)
    assert check.facts == {"left_out": immature, "rows": rows + immature, "share": share}


@pytest.mark.parametrize(
    ("changes", "missing", "said"),
    [
        ({}, ["entered", "window_months"], [("the day on which each one entered", "进入日期"), ("how many months", "观察月数")]),
        (WINDOW, ["entered"], [("the day on which each one entered", "进入日期")]),
        ({"entered": "day"}, ["window_months"], [("how many months", "观察月数")]),
    ],
)  # fmt: skip
def test_immaturity_is_not_known_where_the_file_does_not_say(changes, missing, said, trial):
    check = design.immaturity(trial(changes), profile())
    assert (check.verdict, check.value, check.facts["missing"]) == ("info", None, missing)
    for english, chinese in said:
        assert english in check_sentence(check)
        assert chinese in check_sentence(check, "zh")


# The trial's period ends on 1 February 2026.
@pytest.mark.parametrize(("as_of", "verdict"), [("2026-01-31", "fail"), ("2026-02-01", "pass"), ("2027-01-01", "pass")])
def test_early_look(as_of, verdict, trial):
    check = design.early_look(trial({"as_of": as_of}))
    assert (check.verdict, check.facts) == (verdict, {"as_of": as_of, "end": "2026-02-01"})


def test_an_early_look_is_not_known_without_the_date_of_the_data(trial):
    check = design.early_look(trial())
    assert (check.verdict, check.facts) == ("info", {"as_of": None, "end": "2026-02-01", "missing": ["as_of"]})
    assert "the date of the data" in check_sentence(check)


# Fewer than 10 of the rarer answer, over all arms.
@pytest.mark.parametrize(
    ("yes", "events", "verdict"),
    [
        ((4, 5), 9, "warn"),
        ((0, 10), 10, "pass"),
        ((1_000, 991), 9, "warn"),
        ((0, 0), 0, "warn"),
        ((500, 400), 900, "pass"),
    ],
)
def test_rare_events(yes, events, verdict, trial):
    arms = [
        Arm(label=a, units=1_000, answered={"v": 1_000}, means={"v": n / 1_000}) for a, n in zip("ab", yes, strict=True)
    ]
    outcome = {"name": "v", "kind": "binary", "column": "v", "role": "primary"}
    (check,) = answers.rare_events(trial({"outcomes": [outcome]}), arms)
    assert (check.verdict, check.value, check.facts["n"]) == (verdict, events, 2_000)


# Warns below 10 degrees of freedom, fails below 4 (Tipton 2015); the effect with the fewest speaks.
@pytest.mark.parametrize(
    ("freedom", "verdicts"),
    [
        ([1.5], ["fail"]),
        ([4.0], ["warn"]),
        ([9.9, 5_000.0], ["warn"]),
        ([10.0], ["pass"]),
        ([None], []),
        ([None, 3.0], ["fail"]),
    ],
)
def test_small_sample(freedom, verdicts):
    found = effects.small_sample([effect(-1, 1, df=df) for df in freedom])
    assert [c.verdict for c in found] == verdicts
    assert [c.value for c in found] == [min(f for f in freedom if f is not None) for _ in verdicts]


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


@pytest.mark.parametrize(
    ("low", "high", "seen"), [(0.5, 4, "clear"), (-4, -0.5, "clear"), (-1, 4, "unclear"), (0, 4, "unclear")]
)
def test_precision_says_whether_the_direction_is_clear(low, high, seen, trial):
    outcome = {"name": "y", "kind": "amount", "column": "y", "role": "primary", "matters": 1.0}
    other = effect(low, high).model_copy(update={"comparison": "c vs a"})
    found = effects.precision(trial({"outcomes": [outcome]}), [effect(low, high), other])
    assert [(c.facts["seen"], c.facts["comparisons"]) for c in found] == [(seen, 2)] * 2


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
        ("lower", 1.0, 0.5, None, "warn"),  # an open bound rules nothing out
        ("higher", 1.0, None, 0.5, "warn"),
        ("higher", 1.0, -0.5, None, "pass"),
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
