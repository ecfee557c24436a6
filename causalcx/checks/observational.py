"""Whether a comparison that nobody randomised can be trusted: overlap, leakage, refuters, steadiness over the splits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from causalcx.core.check import Check, Verdict
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Whole
from causalcx.core.need import Frame, Profile
from causalcx.core.outcomes import Outcome

ENOUGH, TOO_LITTLE = 0.95, 0.5
"""Shares with overlap from which the check passes, and below which it fails."""
MOST_LEVELS, LEAST_SHARE = 50, 0.01
"""Levels of a column that is read level by level, and the share of rows that a level needs."""
CERTAIN, COMMON = 0.005, 0.05
"""A level is certain when fewer than this share have another result than the rest of it, though over all rows at least ``COMMON`` do."""
LEAST_EXPECTED = 10
"""Units with the other result that a level would hold by chance before their absence says anything."""
GIVES_AWAY = 0.95
"""Area under the curve, or R squared, from which a single column nearly determines an outcome."""
REFUTED, SHIFT_FAILS, SHIFT_WARNS = 0.05, 1.0, 0.25
"""p-value and, in standard errors of the effect, the shift from which a refuter speaks."""
SPREAD = 0.5
"""Spread of the splits, in standard errors, above which an estimate is unsteady."""


def no_ratio(profile: Profile) -> Check:
    """Nobody planned a split, so there is none to test."""
    return Check(
        name="sample-ratio", verdict="info", facts={"planned": None, "observed": dict(profile.arms), "p": None}
    )


def overlap(kept: int, units: int, low: float, high: float, estimand: str) -> Check:
    """Share of the units (for an ATT: of the treated) whose propensity lies between the bounds."""
    share = kept / units
    verdict: Verdict = "pass" if share >= ENOUGH else "fail" if share < TOO_LITTLE else "warn"
    facts = {"kept": kept, "units": units, "low": low, "high": high, "estimand": estimand}
    return Check(name="overlap", verdict=verdict, value=share, facts=facts)


def refuter(
    name: Literal["refuter-placebo", "refuter-random-cause"], facts: dict[str, Any], expected: float, std_error: float
) -> Check:
    """``facts`` with ``refuted`` and ``p``; it fails when what should be ``expected`` is not, by more than a standard error."""
    shift = abs(facts["refuted"] - expected)
    sure = facts["p"] < REFUTED
    verdict: Verdict = (
        "fail"
        if sure and shift > SHIFT_FAILS * std_error
        else "warn"
        if sure and shift > SHIFT_WARNS * std_error
        else "pass"
    )
    return Check(name=name, verdict=verdict, value=facts["p"], facts=facts | {"std_error": std_error})


def fold_spread(outcome: str, comparison: str, spread: float, std_error: float) -> Check:
    """Whether other splits of the data would have given another estimate."""
    facts = {"outcome": outcome, "comparison": comparison, "spread": spread, "std_error": std_error}
    return Check(
        name="fold-spread", verdict="pass" if spread <= SPREAD * std_error else "warn", value=spread, facts=facts
    )


def leakage(experiment: Experiment, frame: Frame, used: Mapping[str, tuple[str, ...]]) -> tuple[Check, ...]:
    """Per outcome and covariate that nearly determines it: fails, or warns where the file excuses the column in words.

    ``used`` names the covariates of each outcome.
    """
    found = [
        _given_away(experiment, outcome, column, facts)
        for outcome in experiment.outcomes
        for column in used[outcome.key]
        if (facts := _tells(outcome, column, frame))
    ]
    columns = list(dict.fromkeys(column for own in used.values() for column in own))
    nothing = Check(name="leakage", verdict="info", facts={"columns": [], "declared": "unused"})
    return tuple(found) or (Check(name="leakage", verdict="pass", facts={"columns": columns}) if columns else nothing,)


def _given_away(experiment: Experiment, outcome: Outcome, column: str, facts: dict[str, Any]) -> Check:
    declared = experiment.columns.get(column)
    excused = declared.excused if declared else None
    known = {"outcome": outcome.key, "column": column, "excused": excused} | facts
    return Check(name="leakage", verdict="warn" if excused else "fail", value=facts["share"], facts=known)


def _tells(outcome: Outcome, column: str, frame: Frame) -> dict[str, Any] | None:
    """How the column gives the outcome away: level and share, and whether by a level, a threshold or as a whole; or None."""
    x, y = frame.covariates[column], frame.outcomes[outcome.key]
    seen = ~np.isnan(x) & ~np.isnan(y)
    x, y = x[seen], y[seen]
    values, position = np.unique(x, return_inverse=True)
    if len(values) < 2 or y.min() == y.max():
        return None
    names = frame.levels.get(column)
    if outcome.kind == "binary":
        certain = _certain_level(position, y) if len(values) <= MOST_LEVELS else None
        if certain is not None:
            at, share = certain
            level = names[int(values[at])] if names else f"{values[at]:g}"
            return {"level": level, "share": share, "shape": "level"}
        return None if names else _separated(x, y)
    explained = _explained(position, y) if len(values) <= MOST_LEVELS else float(np.corrcoef(x, y)[0, 1] ** 2)
    return {"level": "known", "share": explained, "shape": "explains"} if explained > GIVES_AWAY else None


def _certain_level(position: Whole, y: Array) -> tuple[int, float] | None:
    """The largest level at which the outcome is certain though it is not overall, and the share that agrees there."""
    overall = float(y.mean())
    rows = np.bincount(position)
    share = np.bincount(position, weights=y) / rows
    never = (share < CERTAIN) & (overall >= COMMON) & (rows * overall >= LEAST_EXPECTED)
    always = (share > 1 - CERTAIN) & (1 - overall >= COMMON) & (rows * (1 - overall) >= LEAST_EXPECTED)
    certain = (never | always) & (rows >= LEAST_SHARE * len(y))
    if not certain.any():
        return None
    at = int(np.where(certain, rows, 0).argmax())
    return at, float(max(share[at], 1 - share[at]))


def _separated(x: Array, y: Array) -> dict[str, Any] | None:
    """A threshold, where the column alone ranks the outcome nearly without error."""
    from scipy.stats import rankdata

    positive = int(y.sum())
    area = (rankdata(x)[y == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(y) - positive))
    if max(area, 1 - area) <= GIVES_AWAY:
        return None
    threshold = (np.median(x[y == 1]) + np.median(x[y == 0])) / 2
    above = y[x >= threshold].mean() if (x >= threshold).any() else 0.0
    share = float(max(above, 1 - above))
    return {"level": f">= {threshold:g}", "share": share, "shape": "threshold", "threshold": float(threshold)}


def _explained(position: Whole, y: Array) -> float:
    """Share of the outcome's variance that lies between the column's values."""
    rows = np.bincount(position)
    mean = np.bincount(position, weights=y) / rows
    return float((rows * (mean - y.mean()) ** 2).sum() / ((y - y.mean()) ** 2).sum()) if len(rows) < len(y) / 2 else 0.0
