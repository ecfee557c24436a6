"""Whether a threshold decided and nothing else: piling up at it, jumps of what was known before, and how far the answer hangs on a choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from causalcx.core.check import Check, Verdict
from causalcx.core.effect import Effect
from causalcx.core.inference import holm

FAILS, WARNS = 0.01, 0.05
"""Adjusted p-values below which a check fails, or warns."""
ANSWERS_FAIL, ANSWERS_WARN, GAP = 0.001, 0.01, 0.05
"""The same for answers missing on one side, with the relative gap from which it is more than a curiosity."""
FEW, TOO_FEW = 50, 30
"""Units within the bandwidth on the thinner side: with fewer than 30, a 95 % interval held the truth 82 times in 100 in 245 simulated worlds
(benchmarks/trust/discontinuity.py with 300 units), from there on 94 times."""
WEAK = 10.0
"""F of the first stage below which a ratio leans on it too much (Feir, Lemieux & Marmer 2016, Journal of Business and Economic
Statistics 34: 185-196)."""
HALF = 0.5
"""Multiple of the bandwidth from which on a curve is said to have looked nearer as well."""

Found = Mapping[str, Any]
"""Facts of one test, among them its ``p``."""


def verdict_of(p: float) -> Verdict:
    """By the p-value."""
    return "fail" if p < FAILS else "warn" if p < WARNS else "pass"


def density(column: str, cutoff: float, tests: Sequence[Found]) -> Check:
    """Do units pile up on one side of the cutoff? ``tests``: of everybody, then of every level of the segment column."""
    if not tests:
        facts = {"column": column, "cutoff": cutoff, "declared": "few"}
        return Check(name="density", verdict="info", facts=facts)
    adjusted = holm([t["p"] for t in tests])
    where = [t["segment"] for t, p in zip(tests, adjusted, strict=True) if p < WARNS and t["segment"] is not None]
    facts = {
        "column": column, "cutoff": cutoff, "ratio": tests[0]["ratio"], "p": min(adjusted), "where": where,
        "tests": [dict(t) for t in tests], "at_cutoff": tests[0].get("at_cutoff"), "expected": tests[0].get("expected"),
        "declared": "somewhere" if where else "heap" if _a_heap(tests[0]) else "everywhere",
    }  # fmt: skip
    return Check(name="density", verdict=verdict_of(min(adjusted)), value=min(adjusted), facts=facts)


def _a_heap(test: Found) -> bool:
    """Whether rows on the cutoff itself say more than the density on its two sides."""
    heap, density = test.get("p_heap"), test.get("p_density")
    return heap is not None and (density is None or heap < density)


def covariate_continuity(tests: Sequence[Found]) -> Check:
    """Does anything known before jump at the cutoff? Holm over the columns."""
    if not tests:
        return Check(name="covariate-continuity", verdict="info", facts={"columns": [], "jumps": []})
    adjusted = holm([t["p"] for t in tests])
    jumps = [t["name"] for t, p in zip(tests, adjusted, strict=True) if p < WARNS]
    facts = {
        "columns": [t["name"] for t in tests],
        "jumps": jumps,
        "p": min(adjusted),
        "tests": [dict(t) for t in tests],
    }
    return Check(name="covariate-continuity", verdict=verdict_of(min(adjusted)), value=min(adjusted), facts=facts)


def answers(outcome: str, below: float, above: float, p: float) -> Check:
    """Does the share of those who answered jump at the cutoff?"""
    gap = abs(above - below)
    large = gap > GAP * max(above, below)
    verdict: Verdict = "fail" if p < ANSWERS_FAIL and large else "warn" if p < ANSWERS_WARN else "pass"
    facts = {"outcome": outcome, "p": p, "answered": {"untreated": below, "treated": above}, "gap": gap}
    return Check(name="missing-by-arm", verdict=verdict, value=p, facts=facts)


def first_stage(column: str, below: float, above: float, f: float | None) -> Check:
    """How far the cutoff moves who gets the treatment; warns where the ratio leans on a weak jump. No ``f`` where all obey the rule."""
    facts = {"column": column, "below": below, "above": above, "jump": above - below, "f": f}
    return Check(name="fuzzy-first-stage", verdict="pass" if f is None or f >= WEAK else "warn", value=f, facts=facts)


def donut(effect: Effect, without: float, left_out: int, p: float) -> Check:
    """Does the answer hang on the rows nearest to the cutoff, which are the ones that could have been moved across it?"""
    facts = {
        "outcome": effect.outcome, "estimate": effect.estimate, "without": without, "left_out": left_out, "p": p, "unit": effect.unit,
    }  # fmt: skip
    return Check(name="donut", verdict=verdict_of(p), value=p, facts=facts)


def bandwidth(effect: Effect, curve: Sequence[Found]) -> Check:
    """Does the answer hang on the bandwidth? Warns where an estimate at another one leaves the interval."""
    low, high = effect.low or 0.0, effect.high or 0.0
    estimates = [c["estimate"] for c in curve]
    steady = all(low <= e <= high for e in estimates)
    facts = {
        "outcome": effect.outcome, "estimate": effect.estimate, "least": min(estimates), "most": max(estimates),
        "curve": [dict(c) for c in curve], "unit": effect.unit,
    } | ({"shape": "few-values"} if curve[0]["multiple"] > HALF else {})  # fmt: skip
    spread = max(estimates) - min(estimates)
    return Check(name="bandwidth", verdict="pass" if steady else "warn", value=spread, facts=facts)


def placebo_cutoffs(outcome: str, tests: Sequence[Found], unit: str) -> Check:
    """Does the outcome jump where nothing was decided? Holm over the cutoffs tried."""
    facts: dict[str, Any] = {"outcome": outcome, "cutoffs": len(tests), "unit": unit}
    if not tests:
        return Check(name="placebo-cutoffs", verdict="info", facts=facts)
    adjusted = holm([t["p"] for t in tests])
    jumps = [t["cutoff"] for t, p in zip(tests, adjusted, strict=True) if p < WARNS]
    facts |= {"jumps": jumps, "p": min(adjusted), "tests": [dict(t) for t in tests]}
    return Check(name="placebo-cutoffs", verdict=verdict_of(min(adjusted)), value=min(adjusted), facts=facts)


def small_sample(effects: Sequence[Effect]) -> Check:
    """Are there units enough near the cutoff for the interval to be trusted? For the outcome with the fewest."""
    effect = min(effects, key=lambda e: min(e.n_treated, e.n_control))
    n = min(effect.n_treated, effect.n_control)
    verdict: Verdict = "fail" if n < TOO_FEW else "warn" if n < FEW else "pass"
    facts = {"outcome": effect.outcome, "comparison": effect.comparison, "df": None, "n": n}
    return Check(name="small-sample", verdict=verdict, value=n, facts=facts)
