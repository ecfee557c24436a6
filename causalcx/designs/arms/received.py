"""Offered against taken: the effect on those who took it because it was offered, from the moments of a randomised trial.

Take-up is one more variable of the moments. With the offer's effect r on an outcome and f on take-up, both from the same joint
law, the effect on compliers is r / f (Imbens & Angrist 1994, Econometrica 62: 467-475), its influence (that of r - r / f that of f) / f.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from causalcx.checks.instrument import WEAK
from causalcx.core.check import Notice
from causalcx.core.effect import COMPLIER, Effect, Law
from causalcx.core.errors import DataError
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Moments
from causalcx.core.need import Need, variables_of
from causalcx.core.outcomes import Outcome
from causalcx.designs.arms.clustermeans import means
from causalcx.designs.contrasts import Estimates, contrasts
from causalcx.designs.headline import headline

TAKEN = "(received)"
"""Name of take-up among the variables."""


@dataclass(frozen=True)
class Complied:
    """Effects on compliers, arm by arm, and why there is none for an arm."""

    effects: tuple[Effect, ...] = ()
    law: Law | None = None
    notices: tuple[Notice, ...] = ()
    assumes: tuple[Notice, ...] = ()


def with_take_up(need: Need, column: str | None) -> Need:
    """The need with take-up as one more yes-or-no outcome."""
    return need if column is None else replace(need, outcomes=(*need.outcomes, _taken(column)))


def _taken(column: str) -> Outcome:
    return Outcome(name=TAKEN, kind="binary", column=column)


def complied(experiment: Experiment, moments: Moments, adjustment: str, method: str, seed: int) -> Complied:
    """Complier effects of every arm whose offer changed take-up; nothing without `received`."""
    column, control = getattr(experiment.design, "received", None), str(getattr(experiment.design, "control", ""))
    if column is None:
        return Complied()
    empty = sum(moments.missing(arm, TAKEN) for arm in moments.arms)
    if empty:
        raise DataError(
            "Column `{column}` (received) is empty in {rows} rows; say for every unit whether it was taken.",
            column=column, rows=empty,
        )  # fmt: skip
    offered = _offered(experiment, moments, adjustment, control, method, _taken(column))
    arms = len(set(offered.treated))
    variance = np.diag(offered.covariance)[-arms:]
    strength = offered.value[-arms:] ** 2 / np.where(variance > 0, variance, np.finfo(float).tiny)
    moved = [a for a in range(arms) if strength[a] >= WEAK]
    unmoved = tuple(
        Notice(
            code="complier-unknown", facts={"comparison": f"{offered.treated[a]} vs {control}", "f": float(strength[a])}
        )
        for a in range(arms)
        if a not in moved
    )
    if not moved:
        return Complied(notices=unmoved)
    effects, law = _effects(experiment, _ratios(offered, arms, moved), np.abs(offered.value[-arms:])[moved], seed)
    facts = {"instrument": str(getattr(experiment.design, "treatment", "")), "treatment": column}
    assumes = tuple(Notice(code=c, facts=facts) for c in ("instrument-exclusion", "instrument-monotonicity"))
    return Complied(effects, law, unmoved, assumes)


def _offered(
    experiment: Experiment, moments: Moments, adjustment: str, control: str, method: str, taken: Outcome
) -> Estimates:
    """Effects of the offer on every outcome and, last, on take-up. Take-up that follows the offer exactly has no error."""
    names = tuple(v for o in experiment.outcomes for v in variables_of(o))
    i = moments.index(TAKEN)
    if moments.product[:, :, i, i].any():
        return contrasts(means(moments, (*names, TAKEN), adjustment), [*experiment.outcomes, taken], control, method)
    found = contrasts(means(moments, names, adjustment), experiment.outcomes, control, method)
    pooled = moments.pooled()
    share = dict(zip(pooled.arms, pooled.mean[:, 0, i, i], strict=True))
    arms = list(dict.fromkeys(found.treated))
    return replace(
        found,
        treated=(*found.treated, *arms),
        value=np.append(found.value, [share[a] - share[control] for a in arms]),
        covariance=np.pad(found.covariance, (0, len(arms))),
    )


def _ratios(offered: Estimates, arms: int, moved: list[int]) -> Estimates:
    """Effects of the offer over its effect on take-up, for the arms that moved it; outcomes, then arms."""
    many = len(offered.value) - arms
    kept = [c for c in range(many) if c % arms in moved]
    jacobian = np.zeros((len(kept), len(offered.value)))
    for row, c in zip(jacobian, kept, strict=True):
        first = offered.value[many + c % arms]
        row[c], row[many + c % arms] = 1 / first, -offered.value[c] / first**2
    unknown = np.full(len(kept), np.nan)
    return Estimates(
        outcomes=tuple(offered.outcomes[c] for c in kept), treated=tuple(offered.treated[c] for c in kept), control=offered.control,
        value=np.array([offered.value[c] / offered.value[many + c % arms] for c in kept]),
        covariance=jacobian @ offered.covariance @ jacobian.T, df=tuple(offered.df[c] for c in kept), base=unknown, base_error=unknown,
        spread=offered.spread[kept], answered=tuple(offered.answered[c] for c in kept), estimand="LATE", applies_to="compliers",
        share=1.0, method=f"effect of the offer over its effect on take-up ({offered.method})",
    )  # fmt: skip


def _effects(experiment: Experiment, ratios: Estimates, share: Array, seed: int) -> tuple[tuple[Effect, ...], Law]:
    found = headline(experiment, ratios, seed)
    change = {"aggregation": COMPLIER, "p_adjusted": None, "adjustment": None, "baseline": None, "relative": None}
    effects = tuple(
        e.model_copy(update=change | {"share": float(share[c % len(share)])}) for c, e in enumerate(found.effects)
    )
    return effects, found.law.model_copy(update={"labels": tuple(e.label for e in effects)})


def joined(law: Law, other: Law | None) -> Law:
    """Both laws side by side; a case is made of the one or of the other, so nothing ties them."""
    if other is None:
        return law
    first, second = len(law.mean), len(other.mean)
    matrix = np.zeros((first + second, first + second))
    matrix[:first, :first], matrix[first:, first:] = law.matrix, other.matrix
    return Law(
        labels=law.labels + other.labels, mean=law.mean + other.mean, matrix=tuple(map(tuple, matrix.tolist())),
        df=law.df + other.df, prior_mean=law.prior_mean + other.prior_mean, prior_sd=law.prior_sd + other.prior_sd,
    )  # fmt: skip
