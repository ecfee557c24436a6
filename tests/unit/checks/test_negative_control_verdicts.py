"""Verdicts on outcomes that cannot move, as a table of p-values."""

from __future__ import annotations

import pytest

from causalcx.checks.negative_controls import negative_controls
from causalcx.core.effect import Effect
from causalcx.words import check_sentence


def effect(name: str, p: float | None) -> Effect:
    return Effect(
        outcome=name, comparison="b vs a", estimand="ATE", applies_to="assigned", share=1.0, unit="units", estimate=1.0, std_error=1.0,
        df=None, low=-1.0, high=3.0, p_value=p, method="", n_treated=1, n_control=1, role="primary",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("p_values", "verdict", "value", "moved"),
    [
        ((0.05,), "pass", 0.05, []),
        ((0.049,), "warn", 0.049, ["n0"]),
        ((0.01,), "warn", 0.01, ["n0"]),
        ((0.0099,), "fail", 0.0099, ["n0"]),
        ((0.0099, 0.5), "warn", 0.0198, ["n0"]),  # Holm: twice the smaller
        ((0.02, 0.024), "warn", 0.04, ["n0", "n1"]),
        ((0.03, 0.04), "pass", 0.06, []),
        ((None, 0.5), "pass", 0.5, []),
        ((None,), "info", None, None),
    ],
)
def test_verdicts(p_values, verdict, value, moved) -> None:
    names = [f"n{i}" for i in range(len(p_values))]
    check = negative_controls([effect(n, p) for n, p in zip(names, p_values, strict=True)], names)
    assert check.verdict == verdict
    assert check.value == pytest.approx(value)
    assert check.facts.get("moved") == moved
    assert check.facts["untested"] == [n for n, p in zip(names, p_values, strict=True) if p is None]
    assert names[0] in check_sentence(check, "zh")
