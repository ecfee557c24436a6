"""`kind: randomised`: two and more arms, strata, covariates; the joint law of all outcomes and arms from moments."""

from __future__ import annotations

import datetime as dt

from causalcx.checks.answers import missing_by_arm, rare_events, skew
from causalcx.checks.censoring import censoring
from causalcx.checks.clusters import few_clusters, missing_by_cluster
from causalcx.checks.design import immaturity, interference, timing
from causalcx.checks.effects import guardrails, precision, small_sample
from causalcx.checks.randomisation import assignment, balance, sample_ratio
from causalcx.core.check import Check, Notice
from causalcx.core.design_keys.randomised import Randomised
from causalcx.core.effect import Arm
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Moments
from causalcx.core.need import CELL, Need, Profile, Reduced, variables_of
from causalcx.core.outcomes import Outcome
from causalcx.core.readout import Readout
from causalcx.designs.arms.armmeans import ArmMeans
from causalcx.designs.arms.bounds import bounds, told
from causalcx.designs.arms.clustermeans import means
from causalcx.designs.arms.factors import entangled, interactions, main_effects
from causalcx.designs.arms.looks import at_look, look_check
from causalcx.designs.arms.quantiles import quantile_effects
from causalcx.designs.arms.received import complied, joined, with_take_up
from causalcx.designs.arms.segments import Segments, segments
from causalcx.designs.contrasts import Estimates, contrasts, flows, level_of
from causalcx.designs.headline import Headline, headline, pooled_priors
from causalcx.designs.survival.durations import restricted_means, survival_pictures
from causalcx.designs.unbuilt import refuse_unbuilt

DATA = "moments"
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
    need = Need.of(
        experiment,
        today,
        planned=tuple(design.ratio) if design.ratio else None,
        covariates=tuple(design.covariates) if design.adjustment != "none" else (),
        strata=tuple(design.strata),
        segment=experiment.segments[0] if experiment.segments else None,
        cluster=design.cluster,
        **({"treatment": CELL, "factors": tuple(design.factors.values())} if design.factors else {}),
        equal_clusters=design.weight == "cluster",
        bounds=not design.factors,
    )
    return with_take_up(need, design.received)


def _keys(experiment: Experiment) -> Randomised:
    design = experiment.design
    assert isinstance(design, Randomised)
    refuse_unbuilt(experiment, segments=True)
    return design


def fit(experiment: Experiment, reduced: Reduced, *, seed: int) -> Readout:
    """Effects of every arm against the control on every outcome."""
    design = _keys(experiment)
    found = means_of(experiment, reduced.moments)
    method, plain = _methods(design, reduced.moments)
    control = found.arms[0]
    whole = _estimates(design, found, experiment.outcomes, method, plain)
    result = headline(experiment, whole, seed)
    together = interactions(experiment, found, tuple(design.factors), method, plain, seed) if design.factors else ()
    times = restricted_means(experiment, lambda outcomes: _estimates(design, found, outcomes, method, plain), seed)
    parts = _segments(experiment, reduced, whole, result, method, seed)
    taken = complied(experiment, reduced.moments, design.adjustment, method, seed)
    checks, at_quantiles = check(experiment, reduced, seed=seed), quantile_effects(reduced.tails, result.effects)
    bounded = bounds(reduced.tails, checks, result.effects)
    dropped = tuple(n for n in found.notices if n.code == "adjustment-dropped")
    arms = arms_of(experiment, reduced.profile, means_of(experiment, reduced.moments.pooled(), "none"))
    flat = {o.key for o in experiment.outcomes if _constant_in(found, variables_of(o), control)}
    readout = Readout(
        experiment=experiment.key,
        design="randomised",
        effects=(
            *result.effects,
            *times,
            *taken.effects,
            *together,
            *at_quantiles.effects,
            *bounded.effects,
            *parts.effects,
        ),
        covariance=result.covariance,
        law=joined(result.law, taken.law),
        arms=arms,
        best=result.best,
        flows=() if design.factors else flows(found, experiment.outcomes, control),
        pictures=survival_pictures(experiment, reduced.profile),
        checks=(
            *told(checks, bounded.effects),
            *small_sample(result.effects),
            *rare_events(experiment, arms),
            *precision(experiment, result.effects),
            *guardrails(experiment, result.effects),
            *parts.checks,
        ),
        warnings=(
            *_small_arms(reduced.profile),
            *(n for n in found.notices if n not in dropped),
            *taken.notices,
            *entangled(together),
            *at_quantiles.notices,
            *parts.notices,
        ),
        fallbacks=(*dropped, *pooled_priors(experiment, flat)),
        rests_on=(
            Notice(code="randomisation", facts={"unit": design.cluster or design.unit, "strata": list(design.strata)}),
            *taken.assumes,
            *bounded.assumes,
        ),
    )
    return at_look(experiment, readout, reduced.profile)


def _estimates(design: Randomised, found: ArmMeans, outcomes: list[Outcome], method: str, plain: str) -> Estimates:
    """Every arm against the control; of factors, every level against its base."""
    if design.factors:
        return main_effects(found, outcomes, tuple(design.factors), method, plain)
    return contrasts(found, outcomes, found.arms[0], method, plain)


def _methods(design: Randomised, moments: Moments) -> tuple[str, str]:
    """Names of the estimator with covariates and of that without."""
    within = ", within strata" if len(moments.strata) > 1 else ""
    by = ", clustered (CR2, Bell-McCaffrey)" if design.cluster else ""
    return METHODS[design.adjustment] + within + by, METHODS["none"] + within + by


def _segments(
    experiment: Experiment, reduced: Reduced, whole: Estimates, result: Headline, method: str, seed: int
) -> Segments:
    if not reduced.segments:
        return Segments()
    design = _keys(experiment)

    def estimate(moments: Moments) -> Estimates:
        return _estimates(design, means_of(experiment, moments), experiment.primaries, method, METHODS["none"])

    return segments(experiment, reduced.segments, estimate, whole, result.effects, seed)


def check(experiment: Experiment, reduced: Reduced, *, seed: int) -> tuple[Check, ...]:  # noqa: ARG001 - nothing is random here
    """Everything that can be said before an effect is seen."""
    design = _keys(experiment)
    balanced = balance(reduced.moments)
    return (
        sample_ratio(reduced.moments, design.ratio),
        *assignment(reduced.profile.assigned),
        *_answers_and_clusters(experiment, reduced),
        *((balanced,) if balanced else ()),
        timing(experiment, design.covariates if design.adjustment != "none" else ()),
        interference(experiment),
        immaturity(experiment, reduced.profile),
        look_check(experiment, reduced.profile),
        *skew(reduced.profile),
        *censoring(reduced.profile),
    )


def _answers_and_clusters(experiment: Experiment, reduced: Reduced) -> tuple[Check, ...]:
    """Who answered, by what was randomised; and whether that is enough of them."""
    moments, design = reduced.moments, _keys(experiment)
    if moments.clusters is None:
        return missing_by_arm(reduced.profile)
    first = {o.key: variables_of(o)[0] for o in experiment.outcomes}
    few = few_clusters(moments, moments.clusters, str(design.cluster))
    return (*missing_by_cluster(moments, moments.clusters, first), few)


def _small_arms(profile: Profile) -> tuple[Notice, ...]:
    return tuple(
        Notice(code="small-arm", facts={"arm": a, "units": n}) for a, n in profile.arms.items() if n < SMALL_ARM
    )


def means_of(experiment: Experiment, moments: Moments, adjustment: str | None = None) -> ArmMeans:
    """Arm means of all outcome variables under the plan's adjustment."""
    names = tuple(v for o in experiment.outcomes for v in variables_of(o))
    return means(moments, names, adjustment or _keys(experiment).adjustment)


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
            answered={o.key: profile.answered[o.key][arm] for o in experiment.outcomes},
            means={o.key: _plain_mean(plain, arm, o) for o in experiment.outcomes},
        )
        for arm, units in profile.arms.items()
    )


def _plain_mean(plain: ArmMeans, arm: str, outcome: Outcome) -> float:
    columns = [plain.variables.index(v) for v in variables_of(outcome)]
    return level_of(outcome, plain.mean[plain.arms.index(arm), columns])
