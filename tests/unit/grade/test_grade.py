"""Evidence levels: the public rules as a table, one row per start, cost and cap."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from causalcx.core.check import Check, Notice
from causalcx.grade import grade

PASSED = Check(name="sample-ratio", verdict="pass")
OBSERVATIONAL = {
    "design": {"kind": "observational", "unit": "id", "treatment": "arm", "control": "a", "covariates": ["x"]},
}
CARRIED = {
    "outcomes": [{"name": "y", "kind": "amount", "column": "y", "role": "primary", "window_months": 3}],
    "value": {
        "currency": "USD", "horizon_months": 12, "discount_rate": 0.1, "reach": {"per_month": 10},
        "streams": [{"outcome": "y", "worth": 0.3}], "transport": {"reason": "another country"},
    },
}  # fmt: skip


def check(name: str, verdict: str, **facts: Any) -> Check:
    return Check(name=name, verdict=verdict, facts=facts)


SHARED = check("interference", "warn", declared="shared", shares=["queue"])
UNASKED = check("interference", "warn", declared="undeclared", shares=[])


@pytest.mark.parametrize(
    ("changes", "checks", "days", "level", "because"),
    [
        # starts: randomised 5, observational 2
        ({}, [], 10, 5, ["design-start"]),
        ({}, [], 0, 5, ["design-start"]),
        (OBSERVATIONAL, [], 10, 2, ["design-start"]),
        # costs: a level without a seal before the data, a level for carrying an effect to other people
        ({}, [], None, 4, ["design-start", "not-registered"]),
        ({}, [], -1, 4, ["design-start", "sealed-after-data"]),
        (CARRIED, [], 10, 4, ["design-start", "transported"]),
        (OBSERVATIONAL, [], None, 1, ["design-start", "not-registered"]),
        # costs of failed checks, each once whatever the number of outcomes
        ({}, [check("missing-by-arm", "fail"), check("missing-by-arm", "fail")], 10, 3, ["design-start", "check-cost"]),
        ({}, [check("balance", "fail")], 10, 4, ["design-start", "check-cost"]),
        ({}, [check("negative-controls", "fail")], 10, 3, ["design-start", "check-cost"]),
        ({}, [check("early-look", "fail")], 10, 4, ["design-start", "check-cost"]),
        ({}, [check("small-sample", "warn")], 10, 4, ["design-start", "check-cost"]),
        ({}, [check("small-sample", "fail")], 10, 3, ["design-start", "check-cost"]),
        (OBSERVATIONAL, [check("refuter-placebo", "fail")], 10, 1, ["design-start", "check-cost"]),
        (OBSERVATIONAL, [check("refuter-placebo", "fail"), check("refuter-random-cause", "fail")], None, 0, ["design-start", "not-registered", "check-cost", "check-cost"]),
        # no cost: warnings, and verdicts on precision, skew and guardrails, which say something else
        ({}, [check("balance", "warn"), check("missing-by-arm", "warn"), check("skew", "warn"), check("precision", "warn"), check("guardrail", "fail")], 10, 5, ["design-start"]),
        # passed refuters never raise
        (OBSERVATIONAL, [check("refuter-placebo", "pass"), check("refuter-random-cause", "pass")], 10, 2, ["design-start"]),
        # caps: 1 after a failed blocking check, 3 where arms share something, 4 where nobody asked
        ({}, [check("sample-ratio", "fail")], 10, 1, ["design-start", "blocked-by"]),
        (OBSERVATIONAL, [check("leakage", "fail")], 10, 1, ["design-start", "blocked-by"]),
        (OBSERVATIONAL, [check("overlap", "fail")], 10, 1, ["design-start", "blocked-by"]),
        ({}, [SHARED], 10, 3, ["design-start", "interference-cap"]),
        ({}, [UNASKED], 10, 4, ["design-start", "interference-cap"]),
        (OBSERVATIONAL, [UNASKED], 10, 2, ["design-start"]),  # a cap above the level says nothing
        ({}, [UNASKED], None, 4, ["design-start", "not-registered"]),
        # everything at once never falls below 0
        (OBSERVATIONAL, [check("leakage", "fail"), check("missing-by-arm", "fail"), SHARED], None, 0, ["design-start", "not-registered", "check-cost"]),
    ],
)  # fmt: skip
def test_levels(changes, checks, days, level, because, trial):
    found = grade(trial(changes), [PASSED, *checks], days)
    assert (found.level, found.of, found.sealed_days_before_data) == (level, 5, days)
    assert [n.code for n in found.because] == because


@pytest.mark.parametrize(
    ("changes", "checks", "days", "raises"),
    [
        ({}, [PASSED], 10, []),
        ({}, [PASSED], None, ["register-before-data"]),
        ({}, [PASSED], -3, ["register-before-data"]),
        ({}, [check("sample-ratio", "info")], 10, []),  # costs nothing, so a planned split raises nothing
        ({}, [check("sample-ratio", "fail")], 10, ["fix-check"]),
        ({}, [PASSED, UNASKED], 10, ["declare-interference"]),
        ({}, [PASSED, SHARED], 10, ["separate-arms"]),
        # only what holds the level: a seal clears no failed check, and both are needed where both hold it
        ({}, [check("sample-ratio", "fail")], None, ["fix-check"]),
        ({}, [PASSED, SHARED], None, ["separate-arms"]),
        ({}, [PASSED, UNASKED], None, ["declare-interference", "register-before-data"]),
        ({}, [PASSED, UNASKED, check("missing-by-arm", "fail")], None, ["register-before-data", "fix-check"]),
        ({}, [PASSED, check("missing-by-arm", "fail"), check("missing-by-arm", "fail")], 10, ["fix-check"]),
        (OBSERVATIONAL, [check("leakage", "fail")], None, ["fix-check", "register-before-data", "randomise"]),
    ],
)
def test_what_would_raise_it(changes, checks, days, raises, trial):
    assert [n.code for n in grade(trial(changes), checks, days).to_raise] == raises


PRICED = {
    "outcomes": [
        {"name": "y", "kind": "amount", "column": "y", "role": "primary"},
        {"name": "calls", "kind": "amount", "column": "calls", "window_months": 1},
    ],
    "value": {"currency": "USD", "horizon_months": 12, "discount_rate": 0.1, "reach": {"stock": 10, "ramp_months": 0}, "streams": [{"outcome": "calls", "worth": 0.5}]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "outcome", "level", "raises"),
    [
        ({"outcomes": PRICED["outcomes"]}, "calls", 5, []),  # nothing rests on it: it is hidden, and that is all
        ({"outcomes": PRICED["outcomes"]}, "y", 3, ["fix-check"]),
        (PRICED, "calls", 3, ["fix-check"]),
    ],
)
def test_who_answered_costs_where_something_rests_on_it(changes, outcome, level, raises, trial):
    found = grade(trial(changes), [PASSED, check("missing-by-arm", "fail", outcome=outcome)], 10)
    assert (found.level, [n.code for n in found.to_raise]) == (level, raises)


def test_effects_seen_before_the_seal_cost_a_level_though_the_period_lies_ahead(trial):
    found = grade(trial({}), [PASSED], 0, seen_on=dt.date(2025, 12, 1))
    assert (found.level, [n.code for n in found.to_raise]) == (4, ["register-before-data"])
    assert found.because[1] == Notice(code="sealed-after-fit", facts={"on": "2025-12-01"})


def test_reasons_carry_their_facts(trial):
    found = grade(trial(CARRIED), [check("balance", "fail"), check("sample-ratio", "fail"), SHARED], -4)
    facts = {n.code: n.facts for n in found.because}
    assert facts["design-start"] == {"design": "randomised", "level": 5}
    assert facts["sealed-after-data"] == {"days": 4}
    assert facts["transported"] == {"reason": "another country"}
    assert facts["check-cost"] == {"check": "balance", "levels": 1, "verdict": "fail"}
    assert facts["blocked-by"] == {"check": "sample-ratio"}
    assert found.level == 1


def test_a_plan_that_was_changed_is_not_called_unregistered(trial):
    found = grade(trial({}), [PASSED], None, ["decision.min_grade"])
    assert found.level == 4
    assert [(n.code, n.facts) for n in found.because[1:]] == [("plan-changed", {"fields": ["decision.min_grade"]})]
    assert [n.code for n in found.to_raise] == ["register-before-data"]
