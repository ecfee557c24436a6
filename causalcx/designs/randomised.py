"""`kind: randomised`: two and more arms, strata, covariates; the joint law of all outcomes and arms from moments."""

from __future__ import annotations

import datetime as dt

import numpy as np

from causalcx.checks.answers import missing_by_arm, skew
from causalcx.checks.design import early_look, immaturity, interference, timing
from causalcx.checks.effects import guardrails, precision
from causalcx.checks.randomisation import balance, sample_ratio
from causalcx.core.check import Check, Notice
from causalcx.core.design_keys.randomised import Randomised
from causalcx.core.effect import Arm
from causalcx.core.errors import NotBuilt
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Moments
from causalcx.core.need import Need, Profile, Reduced, variables_of
from causalcx.core.readout import Readout
from causalcx.designs.armmeans import ArmMeans, arm_means
from causalcx.designs.contrasts import Estimates, contrasts, flows, weights_of
from causalcx.designs.headline import Headline, headline, pooled_priors
from causalcx.designs.segments import Segments, segments

DATA = "moments"
NOT_BUILT = ("factors", "cluster", "received", "graph")
SMALL_ARM = 30
"""Units below which an interval leans on single values being roughly normal, and that is said."""
METHODS = {
    "interacted": "regression with interacted covariates (Lin 2013)",
    "cuped": "CUPED (Deng et al. 2013)",
    "none": "difference in means",
}


def needs(experiment: Experiment, today: dt.date) -> Need:
    """Moments of all outcomes and covariates per arm and stratum."""
    design = _keys(experiment)
    return Need.of(
        experiment,
        today,
        planned=tuple(design.ratio) if design.ratio else None,
        covariates=tuple(design.covariates) if design.adjustment != "none" else (),
        strata=tuple(design.strata),
        segment=experiment.segments[0] if experiment.segments else None,
    )


def _keys(experiment: Experiment) -> Randomised:
    design = experiment.design
    assert isinstance(design, Randomised)
    for key in NOT_BUILT:
        if getattr(design, key) is not None:
            raise NotBuilt(f"design.{key}")
    if design.weight == "cluster":
        raise NotBuilt("design.weight: cluster")
    return design


def fit(experiment: Experiment, reduced: Reduced, *, seed: int) -> Readout:
    """Effects of every arm against the control on every outcome."""
    design = _keys(experiment)
    means = means_of(experiment, reduced.moments)
    within = ", within strata" if len(reduced.moments.strata) > 1 else ""
    method, plain = METHODS[design.adjustment] + within, METHODS["none"] + within
    control = str(design.control)
    estimates = contrasts(means, experiment.outcomes, control, method, plain)
    result = headline(experiment, estimates, seed)
    parts = _segments(experiment, reduced, result, method, seed)
    dropped = tuple(n for n in means.notices if n.code == "adjustment-dropped")
    flat = {o.key for o in experiment.outcomes if _constant_in(means, variables_of(o), control)}
    return Readout(
        experiment=experiment.key,
        design="randomised",
        effects=(*result.effects, *parts.effects),
        covariance=result.covariance,
        law=result.law,
        arms=arms_of(experiment, reduced.profile, means_of(experiment, reduced.moments.pooled(), "none")),
        best=result.best,
        flows=flows(means, experiment.outcomes, control),
        checks=(
            *check(experiment, reduced),
            *precision(experiment, result.effects),
            *guardrails(experiment, result.effects),
            *parts.checks,
        ),
        warnings=(*_small_arms(reduced.profile), *(n for n in means.notices if n not in dropped), *parts.notices),
        fallbacks=(*dropped, *pooled_priors(experiment, flat)),
        rests_on=(Notice(code="randomisation", facts={"unit": design.unit, "strata": list(design.strata)}),),
    )


def _segments(experiment: Experiment, reduced: Reduced, result: Headline, method: str, seed: int) -> Segments:
    if not reduced.segments:
        return Segments()
    control = str(_keys(experiment).control)

    def estimate(moments: Moments) -> Estimates:
        return contrasts(means_of(experiment, moments), experiment.primaries, control, method)

    return segments(experiment, reduced.segments, estimate, result.effects, seed)


def check(experiment: Experiment, reduced: Reduced) -> tuple[Check, ...]:
    """Everything that can be said before an effect is seen."""
    ratio = _keys(experiment).ratio
    balanced = balance(reduced.moments)
    return (
        sample_ratio(reduced.moments, ratio),
        *missing_by_arm(reduced.profile),
        *((balanced,) if balanced else ()),
        timing(experiment),
        interference(experiment),
        immaturity(reduced.profile),
        early_look(experiment),
        *skew(reduced.profile),
    )


def _small_arms(profile: Profile) -> tuple[Notice, ...]:
    return tuple(
        Notice(code="small-arm", facts={"arm": a, "units": n}) for a, n in profile.arms.items() if n < SMALL_ARM
    )


def means_of(experiment: Experiment, moments: Moments, adjustment: str | None = None) -> ArmMeans:
    """Arm means of all outcome variables under the plan's adjustment."""
    names = tuple(v for o in experiment.outcomes for v in variables_of(o))
    return arm_means(moments, names, adjustment or _keys(experiment).adjustment)


def _constant_in(means: ArmMeans, variables: tuple[str, ...], arm: str) -> bool:
    columns = [means.variables.index(v) for v in variables]
    return bool((means.scatter[means.arms.index(arm)][columns, columns] == 0).all())


def arms_of(experiment: Experiment, profile: Profile, plain: ArmMeans) -> tuple[Arm, ...]:
    """The arms as they are in the data, with plain means."""
    ratio = getattr(experiment.design, "ratio", None) or {}
    total = sum(ratio.values())
    return tuple(
        Arm(
            label=arm,
            units=units,
            planned_share=ratio[arm] / total if arm in ratio else None,
            answered={name: counts[arm] for name, counts in profile.answered.items()},
            means={o.key: _plain_mean(plain, arm, variables_of(o), weights_of(o)) for o in experiment.outcomes},
        )
        for arm, units in profile.arms.items()
    )


def _plain_mean(plain: ArmMeans, arm: str, variables: tuple[str, ...], weights: np.ndarray) -> float:
    return float(plain.mean[plain.arms.index(arm), [plain.variables.index(v) for v in variables]] @ weights)
