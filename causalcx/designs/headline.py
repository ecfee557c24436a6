"""Estimates become headline effects: intervals, Holm, posterior under the plan's prior, probabilities, best arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from causalcx.core import inference
from causalcx.core.check import Notice
from causalcx.core.effect import BestArm, Covariance, Effect, Law
from causalcx.core.errors import CannotAnswer
from causalcx.core.experiment import Experiment
from causalcx.core.outcomes import Outcome
from causalcx.core.sizes import DRAWS
from causalcx.core.text import text_key
from causalcx.designs.contrasts import Estimates

LEVEL = 0.95
CLEAR_OF_ZERO = 1.959964
"""Standard errors by which a baseline must exceed zero before a relative effect is stated."""


@dataclass(frozen=True)
class Headline:
    """The joint result of a design, ready for a readout."""

    effects: tuple[Effect, ...]
    covariance: Covariance
    law: Law
    best: tuple[BestArm, ...]


def headline(experiment: Experiment, estimates: Estimates, seed: int) -> Headline:
    """Effects with everything that the contract promises."""
    _refuse_constant(estimates)
    error = np.sqrt(np.maximum(np.diag(estimates.covariance), 0))
    law = _law(experiment, estimates)
    p_values = [
        inference.two_sided_p(float(t), float(s), df)
        for t, s, df in zip(estimates.value, error, estimates.df, strict=True)
    ]
    adjusted, how = _holm(estimates, p_values)
    effects = tuple(
        _effect(experiment, estimates, law, c, float(error[c]), p_values[c], adjusted.get(c), how)
        for c in range(len(estimates.value))
    )
    covariance = Covariance(labels=estimates.labels, matrix=tuple(tuple(row) for row in estimates.covariance.tolist()))
    return Headline(effects, covariance, law, _best_arms(experiment, estimates, law, seed))


def _refuse_constant(estimates: Estimates) -> None:
    for outcome, spread in zip(estimates.outcomes, estimates.spread, strict=True):
        if spread == 0:
            raise CannotAnswer(
                "Outcome {outcome} does not vary within any arm, so its effect has no standard error.",
                outcome=outcome.key,
            )


def _law(experiment: Experiment, estimates: Estimates) -> Law:
    beliefs = [experiment.prior.get(o.key) for o in estimates.outcomes]
    mean = np.array([b.mean if b else 0.0 for b in beliefs])
    sd = np.array([b.sd if b else s for b, s in zip(beliefs, estimates.spread, strict=True)])
    return inference.posterior(estimates.labels, estimates.value, estimates.covariance, estimates.df, mean, sd)


def _holm(estimates: Estimates, p_values: list[float]) -> tuple[dict[int, float], str]:
    primaries = [c for c, o in enumerate(estimates.outcomes) if o.role == "primary"]
    outcomes, arms = len({estimates.outcomes[c].key for c in primaries}), len(set(estimates.comparisons))
    how = f"Holm, {outcomes} primar{'y' if outcomes == 1 else 'ies'}" + (f" x {arms} arms" if arms > 1 else "")
    return dict(zip(primaries, inference.holm([p_values[c] for c in primaries]), strict=True)), how


def _effect(
    experiment: Experiment,
    estimates: Estimates,
    law: Law,
    c: int,
    error: float,
    p: float,
    adjusted: float | None,
    how: str,
) -> Effect:
    outcome, estimate, base = estimates.outcomes[c], float(estimates.value[c]), float(estimates.base[c])
    low, high = inference.t_interval(estimate, error, estimates.df[c], LEVEL)
    clear = base > 0 and base > CLEAR_OF_ZERO * float(estimates.base_error[c])
    matters = outcome.matters
    return Effect(
        outcome=outcome.key, comparison=estimates.comparisons[c],
        estimand=estimates.estimand + refined(experiment, outcome),
        applies_to=estimates.applies_to, share=estimates.share, unit=unit_of(experiment, outcome),
        estimate=estimate, std_error=error, df=estimates.df[c], low=low, high=high, level=LEVEL, p_value=p,
        p_adjusted=adjusted, adjustment=how if adjusted is not None else None,
        probability_better=inference.probability_above(law, c, 0.0, outcome.sign),
        probability_matters=None if matters is None else inference.probability_above(law, c, matters, outcome.sign),
        baseline=base, relative=estimate / base if clear else None, method=_method(experiment, estimates, outcome),
        n_treated=estimates.answered[c][0], n_control=estimates.answered[c][1], role=outcome.role,
    )  # fmt: skip


def refined(experiment: Experiment, outcome: Outcome) -> str:
    """What the estimand is of, where that is not the plain mean: capped, or who has left by a horizon."""
    if outcome.kind == "duration":
        whose = "left within" if outcome.tells_leaving else "still there after"
        return f", share {whose} {horizon_of(experiment, outcome)}"
    return "" if outcome.cap is None else f", capped at {outcome.cap:g}"


def horizon_of(experiment: Experiment, outcome: Outcome) -> str:
    """The horizon of a duration in words: ``12 months``."""
    return f"{outcome.length:g} {experiment.time_unit(outcome) or 'units'}"


def _method(experiment: Experiment, estimates: Estimates, outcome: Outcome) -> str:
    method = estimates.own_method.get(outcome.key, estimates.method)
    return method + made_of(experiment) if outcome.kind == "duration" else method


def made_of(experiment: Experiment) -> str:
    """What the estimator works on, for a duration."""
    weighed = experiment.design.kind == "observational"
    return f", on pseudo-values {'with censoring weights by arm' if weighed else 'of Kaplan-Meier curves by arm'}"


def unit_of(experiment: Experiment, outcome: Outcome) -> str:
    """Unit of the effect: NPS points, share, or that of the column."""
    if outcome.kind == "duration":
        return "share"
    if outcome.kind in ("nps", "binary"):
        return "NPS points" if outcome.kind == "nps" else "share"
    declared = experiment.columns.get(str(outcome.column))
    unit = outcome.unit or (declared.unit if declared else None)
    if unit:
        return text_key(unit)
    if outcome.kind == "amount" and experiment.value:
        return experiment.value.currency
    return {"count": "count", "score": "points"}.get(outcome.kind, "units")


def _best_arms(experiment: Experiment, estimates: Estimates, law: Law, seed: int) -> tuple[BestArm, ...]:
    """Per primary, the arm with the lowest expected loss among all arms, from joint draws; only with three or more arms."""
    if len(set(estimates.treated)) < 2 or estimates.controls:
        return ()
    draws = inference.draws(law, DRAWS, seed)
    told = {o.key for o in estimates.outcomes}
    return tuple(_best_arm(estimates, draws, o) for o in experiment.primaries if o.key in told)


def _best_arm(estimates: Estimates, draws: np.ndarray, outcome: Outcome) -> BestArm:
    columns = [c for c, o in enumerate(estimates.outcomes) if o.key == outcome.key]
    gain = np.column_stack([np.zeros(len(draws)), outcome.sign * draws[:, columns]])
    loss = (gain.max(axis=1, keepdims=True) - gain).mean(axis=0)
    best = int(loss.argmin())
    arm = estimates.control if best == 0 else estimates.treated[columns[best - 1]]
    return BestArm(
        outcome=outcome.key,
        arm=arm,
        probability=float((gain.argmax(axis=1) == best).mean()),
        expected_loss=float(loss[best]),
    )


PLAIN = {
    "p_adjusted": None,
    "adjustment": None,
    "probability_better": None,
    "probability_matters": None,
    "relative": None,
}
"""What a part has not: it is no part of the family that was planned, and has no posterior."""


def t_part(headline: Effect, estimate: float, error: float, **own: Any) -> Effect:
    """A part of a headline with an interval and a p-value of its own, without a posterior; ``own`` are its fields."""
    df = own.get("df", headline.df)
    low, high = inference.t_interval(estimate, error, df, headline.level)
    found = {
        "estimate": estimate, "std_error": error, "low": low, "high": high,
        "p_value": inference.two_sided_p(estimate, error, df),
    }  # fmt: skip
    return headline.model_copy(update=PLAIN | found | own)


def pooled_priors(experiment: Experiment, constant_in_control: set[str]) -> tuple[Notice, ...]:
    """Outcomes whose default prior took its width from all arms, since the control's values do not vary."""
    return tuple(
        Notice(code="prior-sd-pooled", facts={"outcome": name})
        for name in sorted(constant_in_control)
        if name not in experiment.prior
    )
