"""Whether a synthetic control deserves trust: fit before the start, placebos in space and time, donors left out, hull, weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from causalcx.core.check import Check, Verdict
from causalcx.core.effect import Effect
from causalcx.core.inference import two_sided_p
from causalcx.core.moments import Array

CLOSE, FAR = 1.0, 2.0
"""Misfit before the start, in standard deviations over time of the median donor: at 1 a flat line would do as well."""
UNUSUAL, EXTREME = 0.05, 0.01
AGREES = 0.10
"""Share of placebos as large as the effect up to which they do not contradict a clear interval."""
OUTSIDE, AS_OFTEN = 0.5, 3
"""Share of the periods before below which the treated lie outside the donors' range too often; and how many times as often as one of
J + 1 like units would, 2 / (J + 1), they may lie outside without a word."""
DOMINANT = 0.6
"""Weight from which one donor is nearly the whole comparison."""


def pre_fit(outcome: str, unit: str, misfit: float, before: Array) -> Check:
    """How far treated and synthetic lay apart before the start. ``before``: [J, start] values of the donors."""
    movement = float(np.median(before.std(axis=1)))
    ratio = misfit / movement if movement > 0 else float(misfit > 0)
    verdict: Verdict = "pass" if ratio <= CLOSE else "warn" if ratio <= FAR else "fail"
    facts = {"outcome": outcome, "misfit": misfit, "movement": movement, "unit": unit, "periods": before.shape[1]}
    return Check(name="pre-fit", verdict=verdict, value=ratio, facts=facts)


def placebo_space(effect: Effect, misfit: float, effects: Array, misfits: Array) -> Check:
    """The permutation p: the rank of |effect| / misfit among the placebos'. Warns where it contradicts a clear interval."""
    facts: dict[str, Any] = {"outcome": effect.outcome, "placebos": len(effects)}
    if len(effects) < 2:
        return Check(name="placebo-space", verdict="info", facts=facts | {"declared": "none"})
    floor = 1e-9 * float(np.abs(effects).max() + abs(effect.estimate))
    own = abs(effect.estimate) / max(misfit, floor)
    larger = int((np.abs(effects) / np.maximum(misfits, floor) >= own).sum())
    p, smallest = (1 + larger) / (1 + len(effects)), 1 / (1 + len(effects))
    facts |= {"larger": larger, "p": p, "smallest": smallest}
    if smallest > UNUSUAL:
        return Check(name="placebo-space", verdict="info", value=p, facts=facts | {"declared": "few"})
    contradicts = effect.clear and p > AGREES
    return Check(name="placebo-space", verdict="warn" if contradicts else "pass", value=p, facts=facts)


def placebo_time(outcome: str, unit: str, start: str, found: tuple[float, float, float] | None) -> Check:
    """An effect before there was a change. ``found``: that effect, its standard error and degrees of freedom; None where too short."""
    facts: dict[str, Any] = {"outcome": outcome, "start": start, "unit": unit}
    if found is None:
        return Check(name="placebo-time", verdict="info", facts=facts)
    early, error, df = found
    p = two_sided_p(early, error, df)
    verdict: Verdict = "fail" if p < EXTREME else "warn" if p < UNUSUAL else "pass"
    return Check(
        name="placebo-time", verdict=verdict, value=p, facts=facts | {"early": early, "std_error": error, "p": p}
    )


def leave_one_donor_out(effect: Effect, without: Mapping[str, float]) -> Check:
    """The effect without each donor that matters, in turn. Warns where one of them moves it by more than its standard error."""
    if not without:
        return Check(name="leave-one-donor-out", verdict="info", facts={"outcome": effect.outcome})
    donor = max(without, key=lambda name: abs(without[name] - effect.estimate))
    shift = abs(without[donor] - effect.estimate)
    facts = {
        "outcome": effect.outcome, "donor": donor, "estimate": without[donor], "lowest": min(without.values()),
        "highest": max(without.values()), "unit": effect.unit, "donors": len(without),
    }  # fmt: skip
    verdict = "warn" if shift > effect.std_error else "pass"
    return Check(name="leave-one-donor-out", verdict=verdict, value=shift, facts=facts)


def hull(outcome: str, target: Array, before: Array, *, constant: bool) -> Check:
    """Share of the periods before in which the treated lay within the donors' range; up to a constant where the method allows one."""
    if constant:
        target, before = target - target.mean(), before - before.mean(axis=1, keepdims=True)
    inside = (target >= before.min(axis=0)) & (target <= before.max(axis=0))
    share, enough = float(inside.mean()), 1 - AS_OFTEN * 2 / (len(before) + 1)
    verdict: Verdict = "fail" if share < OUTSIDE else "pass" if share >= enough else "warn"
    facts = {"outcome": outcome, "periods": len(target), "outside": int((~inside).sum())}
    return Check(name="hull", verdict=verdict, value=share, facts=facts)


def donor_weights(outcome: str, names: Sequence[str], omega: Array, shown: int = 5) -> Check:
    """Whom the comparison is made of. Warns where one donor is most of it."""
    order = np.argsort(-omega)[:shown]
    weights = {names[i]: float(omega[i]) for i in order if omega[i] > 0.0005}
    facts = {"outcome": outcome, "weights": weights, "donors": len(omega), "used": int((omega > 0.0005).sum())}
    largest = float(omega.max())
    return Check(name="donor-weights", verdict="warn" if largest > DOMINANT else "info", value=largest, facts=facts)
