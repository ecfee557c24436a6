"""Whether an instrument can carry a conclusion: how much it moved take-up, what is left without that, whether it was drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from causalcx.checks.answers import missing_by_arm
from causalcx.core.check import Check, Verdict
from causalcx.core.moments import Array, Flags
from causalcx.core.need import Profile

STRONG, WEAK = 10.0, 4.0
"""Effective F below which two-stage least squares leans towards the plain comparison (Staiger & Stock 1997, Econometrica 65:
557-586), and below which only the Anderson-Rubin set is shown."""
LENIENT = 17.1
"""The same as ``STRONG`` for leave-one-out leniency (Mikusheva & Sun 2022: 4.14 squared)."""
UNLIKE = 0.01
"""p-value below which covariates differ with the instrument by more than chance."""


def first_stage(effective: float, facts: Mapping[str, Any], *, leniency: bool) -> Check:
    """How much the instrument moved take-up. ``facts``: f, share (of compliers), levels."""
    verdict: Verdict = (
        "pass" if effective >= (LENIENT if leniency else STRONG) else "warn" if effective >= WEAK else "fail"
    )
    return Check(name="first-stage", verdict=verdict, value=effective, facts={"effective_f": effective, **facts})


def anderson_rubin(
    outcome: str, unit: str, estimate: float, pieces: tuple[tuple[float | None, float | None], ...], p: float
) -> Check:
    """The effects that the data do not rule out however weak the instrument is."""
    shape = "disjoint" if len(pieces) > 1 else "bounded" if None not in pieces[0] else "everything"
    facts = {
        "outcome": outcome, "unit": unit, "estimate": estimate, "shape": shape, "p": p, "pieces": [list(piece) for piece in pieces],
        "low": pieces[0][0], "high": pieces[-1][1], "gap": [pieces[0][1], pieces[-1][0]] if shape == "disjoint" else None,
    }  # fmt: skip
    return Check(name="anderson-rubin", verdict="pass" if shape == "bounded" else "warn", value=p, facts=facts)


def likeness(statistic: float, freedom: int, instrument: str, largest: Mapping[str, Any]) -> Check:
    """Whether what was known before moves with the instrument, by a chi-square of ``freedom`` covariates."""
    from scipy.stats import chi2

    p = float(chi2.sf(statistic, freedom))
    return Check(
        name="instrument-balance", verdict="pass" if p >= UNLIKE else "warn", value=p,
        facts={"instrument": instrument, "p": p, "covariates": freedom, "largest": dict(largest)},
    )  # fmt: skip


def answered_by_level(profile: Profile, level: Mapping[str, Flags], outcomes: Mapping[str, Array]) -> tuple[Check, ...]:
    """Whether units answered equally often at every level of the instrument; takers and others need not."""
    answered = {
        name: {label: int((own & ~np.isnan(y)).sum()) for label, own in level.items()} for name, y in outcomes.items()
    }
    units = {label: int(own.sum()) for label, own in level.items()}
    return missing_by_arm(replace(profile, arms=units, answered=answered))
