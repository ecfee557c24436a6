"""`kind: synthetic-control`: a few sites, regions or brands changed; a weighted mean of the others shows what would have been."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np

from causalcx.checks import synthetic_control as verdicts
from causalcx.checks.design import early_look, immaturity, interference, timing
from causalcx.checks.effects import guardrails, precision, small_sample
from causalcx.checks.observational import no_ratio
from causalcx.core.check import Check, Notice
from causalcx.core.design_keys.synthetic_control import SyntheticControl
from causalcx.core.effect import Arm, Effect
from causalcx.core.errors import CannotAnswer
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array
from causalcx.core.need import TREATED, UNTREATED, Frame, Need
from causalcx.core.readout import Readout
from causalcx.designs.contrasts import Estimates
from causalcx.designs.donors.panel import Comparison, comparison_of
from causalcx.designs.donors.parts import Found, early_effects, periods, pictures, without_donors
from causalcx.designs.donors.spread import placebos_of, spread_of
from causalcx.designs.headline import headline, unit_of
from causalcx.designs.selection.check import of_sites
from causalcx.designs.unbuilt import refuse_unbuilt
from causalcx.designs.values import deviation

DATA = "frame"
METHODS = {
    "synthetic-did": "synthetic difference-in-differences (Arkhangelsky et al. 2021)",
    "demeaned": "demeaned synthetic control (Ferman & Pinto 2021)",
    "classic": "synthetic control (Abadie et al. 2010)",
}
ONE_ANSWER = ("nps", "binary")
"""Kinds of which a row holds one person's answer: no course of a site can be followed in it."""


def needs(experiment: Experiment, today: dt.date) -> Need:
    """One row per unit and period with all outcomes and covariates."""
    design = _keys(experiment)
    return Need.of(experiment, today, time=design.time, covariates=tuple(design.covariates))


def _keys(experiment: Experiment) -> SyntheticControl:
    design = experiment.design
    assert isinstance(design, SyntheticControl)
    refuse_unbuilt(experiment)
    for outcome in experiment.outcomes:
        if outcome.kind in ONE_ANSWER:
            raise CannotAnswer(
                "Outcome {outcome} is `{kind}`, one answer of one person, and a synthetic control follows one figure per `{unit}` and period. "
                "Give the mean or share of each as `kind: score`, or keep persons in the rows and use `kind: staggered`.",
                outcome=outcome.key, kind=outcome.kind, unit=design.unit,
            )  # fmt: skip
    return design


def check(experiment: Experiment, frame: Frame, *, seed: int) -> tuple[Check, ...]:
    """Everything that can be said before an effect is seen: what the treated did from the start on is not looked at."""
    design = _keys(experiment)
    comparison = comparison_of(experiment, design, frame)
    found = _found(experiment, comparison, seed)
    return (*_plain_checks(experiment, frame, comparison), of_sites(experiment, comparison).check, *_before(found))


def fit(experiment: Experiment, frame: Frame, *, seed: int) -> Readout:
    """Effects on the treated units over the treated periods, on every outcome, and period by period for primaries."""
    comparison = comparison_of(experiment, _keys(experiment), frame)
    found = _found(experiment, comparison, seed)
    result = headline(experiment, _estimates(found), seed)
    done = replace(found, effects=result.effects)
    selected = of_sites(experiment, comparison)
    claimed, shown = selected.told(experiment)
    return Readout(
        experiment=experiment.key, design="synthetic-control", effects=(*result.effects, *periods(done)),
        covariance=result.covariance, law=result.law, arms=_arms(found), pictures=(*pictures(done), *shown),
        checks=(
            *_plain_checks(experiment, frame, comparison),
            selected.check,
            *_before(found),
            *_after(done),
            *small_sample(_luck_from(found, result.effects)),
            *precision(experiment, result.effects),
            *guardrails(experiment, result.effects),
        ),
        warnings=(*claimed, *comparison.notices, *_exchangeable(found), *_naive(done)),
        rests_on=(Notice(code="synthetic-control", facts={"unit": experiment.design.unit, "treated": _names(comparison)}),),
    )  # fmt: skip


def estimated(experiment: Experiment, frame: Frame, *, seed: int) -> Estimates:
    """The effects alone, as a plan simulates them."""
    return _estimates(_found(experiment, comparison_of(experiment, _keys(experiment), frame), seed))


def _found(experiment: Experiment, comparison: Comparison, seed: int) -> Found:
    setting = comparison.setting
    fits = tuple(setting.fit(k) for k in range(len(experiment.outcomes)))
    placebos = placebos_of(setting, seed)
    return Found(experiment, comparison, fits, placebos, spread_of(setting, fits, placebos), seed)


def _plain_checks(experiment: Experiment, frame: Frame, comparison: Comparison) -> tuple[Check, ...]:
    setting = comparison.setting
    arms = {UNTREATED: len(setting.donors), TREATED: len(setting.treated)}
    covariates = _keys(experiment).covariates
    return (
        no_ratio(replace(frame.profile, arms=arms)),
        *((timing(experiment, covariates),) if covariates else ()),
        interference(experiment),
        *((immaturity(experiment, frame.profile),) if experiment.entered else ()),
        early_look(experiment),
    )


def _before(found: Found) -> tuple[Check, ...]:
    """What the periods before the start say, per outcome."""
    setting = found.comparison.setting
    checks: list[Check] = []
    early = early_effects(found)
    for k, outcome in enumerate(found.experiment.outcomes):
        values, fit, unit = setting.values[k][:, : setting.start], found.fits[k], unit_of(found.experiment, outcome)
        names = [found.comparison.units[j] for j in setting.donors]
        checks += [
            verdicts.pre_fit(outcome.key, unit, fit.misfit, values[setting.donors]),
            verdicts.placebo_time(outcome.key, unit, early.label, early.found[k]),
            verdicts.hull(
                outcome.key, values[setting.treated].mean(axis=0), values[setting.donors], constant=setting.method != "classic"
            ),
            verdicts.donor_weights(outcome.key, names, fit.omega),
        ]  # fmt: skip
    return tuple(checks)


def _after(found: Found) -> tuple[Check, ...]:
    """What the effects say of themselves, per outcome."""
    start = found.comparison.setting.start
    checks: list[Check] = []
    for k, effect in enumerate(found.effects):
        placebo = found.placebos.path[:, k, start:].mean(axis=1)
        checks.append(verdicts.placebo_space(effect, found.fits[k].misfit, placebo, found.placebos.misfit[:, k]))
        checks.append(verdicts.leave_one_donor_out(effect, without_donors(found, k)))
    return tuple(checks)


def _luck_from(found: Found, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """Effects with the units from which luck is estimated: with placebos, the donors alone."""
    if found.spread.kind == "jackknife":
        return effects
    return tuple(e.model_copy(update={"n_treated": e.n_control}) for e in effects)


def _estimates(found: Found) -> Estimates:
    setting, outcomes = found.comparison.setting, found.experiment.outcomes
    observed = np.array([y[setting.treated, setting.start :].mean() for y in found.comparison.raw])
    value = np.array([fit.effect for fit in found.fits])
    how = f"{METHODS[setting.method]}, {found.spread.kind} standard errors"
    return Estimates(
        outcomes=tuple(outcomes), treated=(TREATED,) * len(outcomes), control=UNTREATED, value=value,
        covariance=found.spread.covariance, df=tuple(found.spread.df.tolist()), base=observed - value, base_error=found.error,
        spread=np.array([deviation(y[setting.donors]) for y in found.comparison.raw]),
        answered=((len(setting.treated), len(setting.donors)),) * len(outcomes),
        estimand="ATT", applies_to="treated", share=1.0, method=how,
    )  # fmt: skip


def _arms(found: Found) -> tuple[Arm, ...]:
    """Plain means over the treated periods."""
    setting = found.comparison.setting
    outcomes = [o.key for o in found.experiment.outcomes]
    return tuple(
        Arm(
            label=label, units=len(rows), answered=dict.fromkeys(outcomes, len(rows)),
            means={k: float(y[rows, setting.start :].mean()) for k, y in zip(outcomes, found.comparison.raw, strict=True)},
        )
        for label, rows in ((UNTREATED, setting.donors), (TREATED, setting.treated))
    )  # fmt: skip


def _names(comparison: Comparison) -> list[str]:
    return [comparison.units[u] for u in comparison.setting.treated]


def _exchangeable(found: Found) -> tuple[Notice, ...]:
    """Placebos speak for the treated only where it might as well have been one of the donors."""
    if found.spread.kind != "placebo":
        return ()
    setting = found.comparison.setting
    facts = {"treated": _names(found.comparison), "donors": len(setting.donors), "placebos": len(found.placebos.path)}
    return (Notice(code="placebo-exchangeable", facts=facts),)


def _naive(found: Found) -> tuple[Notice, ...]:
    """What careless readings would claim of primaries: before against after, and the plain mean of all donors as the comparison."""
    pairs = zip(found.effects, found.comparison.raw, strict=True)
    return tuple(_careless(found, effect, raw) for effect, raw in pairs if effect.role == "primary")


def _careless(found: Found, effect: Effect, raw: Array) -> Notice:
    setting = found.comparison.setting
    own, others = (
        float(raw[rows, setting.start :].mean() - raw[rows, : setting.start].mean())
        for rows in (setting.treated, setting.donors)
    )
    facts = {
        "outcome": effect.outcome, "before_after": own, "naive": own - others, "estimate": effect.estimate, "unit": effect.unit,
    }  # fmt: skip
    return Notice(code="naive-before-after", facts=facts)
