"""`kind: instrument`: a nudge, or agents whom chance assigned, moved take-up; the effect on those whom it moved."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from causalcx.checks import instrument as verdicts
from causalcx.checks.answers import rare_events, skew
from causalcx.checks.design import early_look, immaturity, interference, timing
from causalcx.checks.effects import guardrails, precision, small_sample
from causalcx.checks.observational import no_ratio
from causalcx.core.check import Check, Notice
from causalcx.core.design_keys.instrument import Instrument
from causalcx.core.effect import Effect, Flow, Law
from causalcx.core.experiment import Experiment
from causalcx.core.inference import probability_above, quantile, two_sided_p
from causalcx.core.moments import Array
from causalcx.core.need import Frame, Need
from causalcx.core.outcomes import Outcome
from causalcx.core.readout import Readout
from causalcx.designs.contrasts import Estimates
from causalcx.designs.headline import LEVEL, headline, pooled_priors, unit_of
from causalcx.designs.nudge.complier_law import joint_law
from causalcx.designs.nudge.facts import assumptions, before_effects, compliers, left_out
from causalcx.designs.nudge.pictures import pictures
from causalcx.designs.nudge.setting import Setting, setting_of
from causalcx.designs.nudge.wald import Moved, Pieces, anderson_rubin, freedom
from causalcx.designs.unbuilt import refuse_unbuilt
from causalcx.designs.values import arms_of, flat_in_control, naive_differences, spread

DATA = "frame"
UNTAKEN = "0"
"""Label of those who did not take it, where the plan names none."""
METHOD = "two-stage least squares"


def needs(experiment: Experiment, today: dt.date) -> Need:
    """Rows with outcomes, take-up, the instrument as labels, and covariates."""
    design = _keys(experiment)
    return Need.of(
        experiment,
        today,
        control=UNTAKEN if design.control is None else str(design.control),
        covariates=tuple(design.covariates),
        labels=(design.instrument,),
    )


def _keys(experiment: Experiment) -> Instrument:
    design = experiment.design
    assert isinstance(design, Instrument)
    refuse_unbuilt(experiment)
    return design


def check(experiment: Experiment, frame: Frame, *, seed: int) -> tuple[Check, ...]:  # noqa: ARG001 - nothing is random here
    """Everything that can be said before an effect is seen; the first stage is one of it."""
    return _checks(experiment, setting_of(_keys(experiment), frame))


def fit(experiment: Experiment, frame: Frame, *, seed: int) -> Readout:
    """The effect on compliers on every outcome, and that of the nudge itself as a part."""
    design = _keys(experiment)
    setting, arms = setting_of(design, frame), arms_of(experiment, frame)
    found = _found(experiment, setting)
    estimates = _estimates(experiment, setting, found)
    result = headline(experiment, estimates, seed)
    law = _law(setting, found, result.law, seed)
    effects = tuple(_told(experiment, setting, found, law, v, e) for v, e in enumerate(result.effects))
    return Readout(
        experiment=experiment.key, design="instrument", effects=(*effects, *_offered(experiment, setting, found, seed)),
        covariance=result.covariance, law=law, arms=arms, best=result.best,
        flows=_flows(experiment, setting), pictures=pictures(experiment, setting),
        checks=(
            *_checks(experiment, setting),
            *(_set_check(experiment, found, v) for v in range(len(experiment.outcomes))),
            *small_sample(_luck_of(experiment, setting, effects)),
            *rare_events(experiment, arms),
            *precision(experiment, effects),
            *guardrails(experiment, effects),
        ),
        warnings=(*_careless(experiment, frame, estimates), *left_out(design, setting)),
        fallbacks=pooled_priors(experiment, flat_in_control(experiment, frame)),
        rests_on=(*assumptions(design), compliers(design, setting)),
    )  # fmt: skip


def _luck_of(experiment: Experiment, setting: Setting, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """The effects with the degrees of freedom of their errors, also where these count as normal."""
    known = [~np.isnan(setting.outcome(o)) for o in experiment.outcomes]
    return tuple(
        e if e.df is not None else e.model_copy(update={"df": freedom(setting.z[k], setting.x.values[k])})
        for e, k in zip(effects, known, strict=True)
    )


def estimated(experiment: Experiment, frame: Frame, *, seed: int) -> Estimates:  # noqa: ARG001 - nothing is random here
    """The effects on compliers alone, as a plan simulates them."""
    setting = setting_of(_keys(experiment), frame)
    return _estimates(experiment, setting, _found(experiment, setting))


def _found(experiment: Experiment, setting: Setting) -> Moved:
    """Of every outcome: its values, then its values among the untaken (for the compliers' mean without it)."""
    values = [setting.outcome(o) for o in experiment.outcomes]
    return setting.moved(*values, *(y * (1 - setting.taken) for y in values))


def _estimates(experiment: Experiment, setting: Setting, found: Moved) -> Estimates:
    many = len(experiment.outcomes)
    ratio, joint = found.ratio, found.ratio_covariance
    control, treated = setting.frame.profile.arms
    answered = setting.frame.profile.answered
    return Estimates(
        outcomes=tuple(experiment.outcomes), treated=(treated,) * many, control=control,
        value=ratio[:many], covariance=joint[:many, :many], df=found.df[:many],
        base=-ratio[many:], base_error=np.sqrt(np.diag(joint)[many:]),
        spread=np.array([spread(setting.frame, o) for o in experiment.outcomes]),
        answered=tuple((answered[o.key][treated], answered[o.key][control]) for o in experiment.outcomes),
        estimand="LATE", applies_to="compliers", share=setting.share, method=_method(setting),
    )  # fmt: skip


def _method(setting: Setting) -> str:
    by = "" if setting.sides else ", leave-one-out leniency (unbiased jackknife)"
    return f"{METHOD}{by}, errors {_errors(setting)}"


def _errors(setting: Setting) -> str:
    return "robust" if setting.cluster is None else "clustered by level of the instrument"


def _pieces(found: Moved, v: int) -> Pieces:
    critical = quantile((1 + LEVEL) / 2, found.df[v])
    return anderson_rubin(float(found.reduced[v]), float(found.first[v]), found.pair(v), critical)


def _null_p(found: Moved, v: int) -> float:
    """No effect on compliers is no reduced form."""
    return two_sided_p(float(found.reduced[v]), float(np.sqrt(found.pair(v)[0, 0])), found.df[v])


def _law(setting: Setting, found: Moved, plain: Law, seed: int) -> Law:
    """By joint draws where the first stage of a nudge is not clear, since the ratio is then far from normal."""
    outcomes = list(range(len(plain.mean)))
    clear = all(found.strength(v) >= verdicts.STRONG for v in outcomes)
    return plain if clear or not setting.sides else joint_law(plain, found.picked(outcomes), seed)


def _told(experiment: Experiment, setting: Setting, found: Moved, law: Law, v: int, effect: Effect) -> Effect:
    """With the probabilities of the law and, where the first stage is weak, the Anderson-Rubin set for an interval."""
    outcome = experiment.outcomes[v]
    matters = None if outcome.matters is None else probability_above(law, v, outcome.matters, outcome.sign)
    told = {"probability_better": probability_above(law, v, 0.0, outcome.sign), "probability_matters": matters}
    return effect.model_copy(
        update=told | (_set(found, v, effect) if setting.strength(found, v) < verdicts.WEAK else {})
    )


def _set(found: Moved, v: int, effect: Effect) -> dict[str, Any]:
    pieces = _pieces(found, v)
    low, high = pieces[0] if len(pieces) == 1 else (None, None)
    return {
        "low": low, "high": high, "set": pieces if len(pieces) > 1 else None, "p_value": _null_p(found, v),
        "method": effect.method + "; Anderson-Rubin set",
    }  # fmt: skip


def _careless(experiment: Experiment, frame: Frame, estimates: Estimates) -> tuple[Notice, ...]:
    """Takers against the others."""
    found = naive_differences(experiment, frame, estimates)
    return tuple(Notice(code="naive-takers", facts=n.facts) for n in found)


def _offered(experiment: Experiment, setting: Setting, found: Moved, seed: int) -> tuple[Effect, ...]:
    """The reduced form: what the nudge did to everyone; of leniency, from its lower to its upper end."""
    many, outcomes = len(experiment.outcomes), tuple(experiment.outcomes)
    one, other = setting.sides or tuple(reversed(list(setting.frame.profile.arms)))
    ends = ((setting.z == 0), (setting.z == 1)) if setting.sides else ((setting.z <= 0), (setting.z > 0))
    base, treated = ([_known(setting.outcome(o)[end]) for o in outcomes] for end in ends)
    estimates = Estimates(
        outcomes=outcomes, treated=(one,) * many, control=other, value=found.reduced[:many] * setting.reach,
        covariance=found.covariance[:many, :many] * setting.reach**2, df=found.df[:many], base=np.array([y.mean() for y in base]),
        base_error=np.array([y.std() / np.sqrt(len(y)) for y in base]), spread=np.array([spread(setting.frame, o) for o in outcomes]),
        answered=tuple((len(t), len(b)) for t, b in zip(treated, base, strict=True)), applies_to="assigned", share=1.0,
        estimand="ITT" if setting.sides else "ITT, from the 1 % to the 99 % quantile of leniency",
        method=f"reduced form, errors {_errors(setting)}",
    )  # fmt: skip
    change = {"aggregation": "intention-to-treat", "p_adjusted": None, "adjustment": None}
    return tuple(e.model_copy(update=change) for e in headline(experiment, estimates, seed).effects)


def _known(y: Array) -> Array:
    return y[~np.isnan(y)]


def _flows(experiment: Experiment, setting: Setting) -> tuple[Flow, ...]:
    control, treated = setting.frame.profile.arms
    return tuple(_flow(setting, o, f"{treated} vs {control}") for o in experiment.outcomes if o.kind == "nps")


def _flow(setting: Setting, outcome: Outcome, comparison: str) -> Flow:
    y = setting.outcome(outcome)
    shares = [np.where(np.isnan(y), np.nan, y == side) for side in (100.0, -100.0)]
    found = setting.moved(*shares)
    promoters, detractors = found.ratio.tolist()
    error = np.sqrt(np.diag(found.ratio_covariance)).tolist()
    return Flow(
        outcome=outcome.key, comparison=comparison, promoters=promoters, promoters_std_error=error[0],
        detractors=detractors, detractors_std_error=error[1],
    )  # fmt: skip


def _checks(experiment: Experiment, setting: Setting) -> tuple[Check, ...]:
    design, profile = _keys(experiment), setting.frame.profile
    return (
        no_ratio(profile),
        *before_effects(experiment, design, setting),
        timing(experiment, design.covariates),
        interference(experiment),
        immaturity(experiment, profile),
        early_look(experiment),
        *skew(profile),
    )


def _set_check(experiment: Experiment, found: Moved, v: int) -> Check:
    outcome, estimate = experiment.outcomes[v], float(found.ratio[v])
    unit, p = unit_of(experiment, outcome), _null_p(found, v)
    return verdicts.anderson_rubin(outcome.key, unit, estimate, _pieces(found, v), p)
