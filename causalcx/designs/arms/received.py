"""Offered against taken: the effect on those who took it because it was offered, from the moments of a randomised trial.

Take-up is one more variable of the moments, and one more among those who answered each outcome that not everybody did. With the offer's
effect r on an outcome and f on take-up of the same units, both from the same joint law, the effect on compliers is r / f (Imbens & Angrist 1994, Econometrica 62: 467-475), its influence (that of r - r / f that of f) / f.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from causalcx.checks.instrument import WEAK
from causalcx.core.check import Notice
from causalcx.core.effect import COMPLIER, Effect, Law
from causalcx.core.errors import DataError
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Moments
from causalcx.core.need import ANSWERED_BY, TAKEN, Need, variables_of
from causalcx.core.outcomes import Outcome
from causalcx.designs.arms.clustermeans import means
from causalcx.designs.contrasts import Estimates, contrasts
from causalcx.designs.headline import headline

NO_VARIANCE = 1e-18
"""Variance of a change of take-up below which it is rounding: one unit in a billion has more."""


@dataclass(frozen=True)
class Complied:
    """Effects on compliers, arm by arm, and why there is none for an arm."""

    effects: tuple[Effect, ...] = ()
    law: Law | None = None
    notices: tuple[Notice, ...] = ()
    assumes: tuple[Notice, ...] = ()


def with_take_up(need: Need, column: str | None) -> Need:
    """The need with take-up as one more yes-or-no outcome."""
    return need if column is None else replace(need, outcomes=(*need.outcomes, _taken(column, TAKEN)))


def _taken(column: str, name: str) -> Outcome:
    return Outcome(name=name, kind="binary", column=column)


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
    offered = _offered(experiment, moments, adjustment, control, method, column)
    arms = list(dict.fromkeys(offered.treated))
    first = [_place(offered, _among(moments, o), arm) for o in experiment.outcomes for arm in arms]
    moved = [c for c, f in enumerate(first) if _strength(offered, f) >= WEAK]
    unknown = tuple(n for arm in arms for n in _unknown(offered, first, moved, arm))
    if not moved:
        return Complied(notices=unknown)
    effects, law = _effects(experiment, offered, _ratios(offered, first, moved), seed)
    facts = {"instrument": str(getattr(experiment.design, "treatment", "")), "treatment": column}
    assumes = tuple(Notice(code=c, facts=facts) for c in ("instrument-exclusion", "instrument-monotonicity"))
    return Complied(effects, law, unknown, assumes)


def _offered(
    experiment: Experiment, moments: Moments, adjustment: str, control: str, method: str, column: str
) -> Estimates:
    """Effects of the offer on every outcome and then on take-up, of all and of those who answered each outcome. Take-up that stands
    still within every arm has no error."""
    names = tuple(v for o in experiment.outcomes for v in variables_of(o))
    at = {v: moments.index(v) for v in (TAKEN, *(_among(moments, o) for o in experiment.outcomes))}
    varied = [v for v, i in at.items() if moments.product[:, :, i, i].any()]
    outcomes = [*experiment.outcomes, *(_taken(column, v) for v in varied)]
    found = contrasts(means(moments, (*names, *varied), adjustment), outcomes, control, method)
    pooled, arms = moments.pooled(), list(dict.fromkeys(found.treated))
    still = [(v, arm) for v in at if v not in varied for arm in arms]
    share = {v: dict(zip(pooled.arms, pooled.mean[:, 0, i, i], strict=True)) for v, i in at.items()}
    return replace(
        found,
        outcomes=(*found.outcomes, *(_taken(column, v) for v, _ in still)),
        treated=(*found.treated, *(arm for _, arm in still)),
        value=np.append(found.value, [share[v][arm] - share[v][control] for v, arm in still]),
        covariance=np.pad(found.covariance, (0, len(still))),
    )


def _place(offered: Estimates, name: str, arm: str) -> int:
    return offered.labels.index(f"{name}: {arm} vs {offered.control}")


def _among(moments: Moments, outcome: Outcome) -> str:
    """Take-up of those who answered an outcome."""
    own = TAKEN + ANSWERED_BY + outcome.key
    return own if own in moments.variables else TAKEN


def _strength(offered: Estimates, at: int) -> float:
    """Squared t of an effect on take-up."""
    return float(offered.value[at] ** 2 / max(offered.covariance[at, at], NO_VARIANCE))


def _unknown(offered: Estimates, first: list[int], moved: list[int], arm: str) -> list[Notice]:
    """Why an arm has no complier effect: once where nothing is known, otherwise by outcome."""
    own = [c for c in range(len(first)) if offered.treated[c] == arm]
    comparison = f"{arm} vs {offered.control}"
    if not set(own) & set(moved):
        f = _strength(offered, _place(offered, TAKEN, arm))
        return [Notice(code="complier-unknown", facts={"comparison": comparison, "f": f})]
    return [
        Notice(
            code="complier-unknown-among",
            facts={"outcome": offered.outcomes[c].key, "comparison": comparison, "f": _strength(offered, first[c])},
        )
        for c in own
        if c not in moved
    ]


def _ratios(offered: Estimates, first: list[int], kept: list[int]) -> Estimates:
    """Effects of the offer over its effects on take-up, which stand at ``first``, of those ``kept``; outcomes, then arms."""
    jacobian = np.zeros((len(kept), len(offered.value)))
    for row, c in zip(jacobian, kept, strict=True):
        moved = offered.value[first[c]]
        row[c], row[first[c]] = 1 / moved, -offered.value[c] / moved**2
    unknown = np.full(len(kept), np.nan)
    return Estimates(
        outcomes=tuple(offered.outcomes[c] for c in kept), treated=tuple(offered.treated[c] for c in kept), control=offered.control,
        value=np.array([offered.value[c] / offered.value[first[c]] for c in kept]),
        covariance=jacobian @ offered.covariance @ jacobian.T, df=tuple(offered.df[c] for c in kept), base=unknown, base_error=unknown,
        spread=offered.spread[kept], answered=tuple(offered.answered[c] for c in kept), estimand="LATE", applies_to="compliers",
        share=1.0, method=f"effect of the offer over its effect on take-up ({offered.method})",
    )  # fmt: skip


def _effects(
    experiment: Experiment, offered: Estimates, ratios: Estimates, seed: int
) -> tuple[tuple[Effect, ...], Law]:
    """With the share of compliers among all, who answered or not."""
    found = headline(experiment, ratios, seed)
    change = {"aggregation": COMPLIER, "p_adjusted": None, "adjustment": None, "baseline": None, "relative": None}
    share = [abs(float(offered.value[_place(offered, TAKEN, arm)])) for arm in ratios.treated]
    effects = tuple(e.model_copy(update=change | {"share": own}) for e, own in zip(found.effects, share, strict=True))
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
