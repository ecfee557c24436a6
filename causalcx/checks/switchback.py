"""Whether slots can be compared: what earlier slots still do, the clock, few blocks, and another draw of the same schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from causalcx.core.check import Check, Verdict

LASTS = 0.01
"""p-value from which a slot beyond the washout still does something."""
FOLLOWS, UNEVEN, FAR = 0.001, 0.01, 0.25
"""p-values from which the settings follow the clock, and the distance of a share from the whole that is more than a curiosity."""
FEW, TOO_FEW = 20, 8
"""Clusters of either setting below which their spread is little known."""
CHANCE = 0.05


def carry_over(facts: Mapping[str, Any], beyond: tuple[float, float] | None, df: float) -> Check:
    """Does the slot just beyond the washout still do something? ``facts`` name outcome, unit, washout, estimate and always-on effect.

    ``beyond`` is its effect with standard error; None where the schedule cannot tell.
    """
    facts = dict(facts) | {"shape": "washout" if facts["washout"] else "no-washout"}
    if beyond is None:
        return Check(name="carry-over", verdict="info", facts=facts)
    effect, error = beyond
    p = float(2 * stats.t.sf(abs(effect) / error, df)) if error > 0 else 1.0
    facts |= {"beyond": effect, "std_error": error, "p": p}
    return Check(name="carry-over", verdict="warn" if p < LASTS else "pass", value=p, facts=facts)


def balance_over_time(clock: Mapping[str, Sequence[tuple[str, int, int]]]) -> Check:
    """Do the settings follow the clock? Per part of it (hour, weekday) its levels, with blocks off and on."""
    found = [_follows(part, levels) for part, levels in clock.items() if len(levels) > 1]
    if not found:
        return Check(name="balance-over-time", verdict="info")
    facts = min(found, key=lambda f: f["p"])
    far = abs(facts["share"] - facts["overall"]) > FAR
    verdict: Verdict = "fail" if facts["p"] < FOLLOWS and far else "warn" if facts["p"] < UNEVEN else "pass"
    return Check(name="balance-over-time", verdict=verdict, value=facts["p"], facts=facts)


def _follows(part: str, levels: Sequence[tuple[str, int, int]]) -> dict[str, Any]:
    """Chi-square over the levels, and the level where the share on is farthest from that of all."""
    table = np.array([counts for _, *counts in levels])
    p = float(stats.chi2_contingency(table, correction=False).pvalue)
    share, overall = table[:, 1] / table.sum(axis=1), float(table[:, 1].sum() / table.sum())
    far = int(np.abs(share - overall).argmax())
    return {"shape": part, "where": levels[far][0], "share": float(share[far]), "overall": overall, "p": p}


def few_slots(clusters: tuple[int, int], kind: str, labels: tuple[str, str]) -> Check:
    """Are there blocks enough of either setting? ``kind``: blocks, or runs between two switches."""
    smallest = min(clusters)
    verdict: Verdict = "fail" if smallest < TOO_FEW else "warn" if smallest < FEW else "pass"
    facts = {"counts": dict(zip(labels, clusters, strict=True)), "shape": kind, "n": smallest}
    return Check(name="few-slots", verdict=verdict, value=smallest, facts=facts)


def randomisation_test(facts: Mapping[str, Any], p: float, error: float, draws: int, within: str, clear: bool) -> Check:
    """Without any effect, how often would another draw of the schedule have shown as much? ``clear``: the interval leaves 0 out."""
    facts = dict(facts) | {"p": p, "monte_carlo_error": error, "draws": draws, "within": within, "clear": clear}
    verdict: Verdict = "warn" if clear and p > CHANCE else "pass" if clear else "info"
    return Check(name="randomisation-test", verdict=verdict, value=p, facts=facts)


def no_randomisation_test(facts: Mapping[str, Any]) -> Check:
    """The settings do not look as if blocks had been drawn, so no other draw can be imitated."""
    return Check(name="randomisation-test", verdict="info", facts=dict(facts) | {"seen": "unknown"})
