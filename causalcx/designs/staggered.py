"""`kind: staggered`: waves of a roll-out, each compared with units that were never treated or are still waiting."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np

from causalcx.checks.answers import missing_by_arm, skew
from causalcx.checks.design import early_look, immaturity, interference, timing
from causalcx.checks.effects import guardrails, precision, small_sample
from causalcx.checks.observational import no_ratio
from causalcx.core.check import Check, Notice
from causalcx.core.design_keys.staggered import Staggered
from causalcx.core.effect import Arm, Flow
from causalcx.core.errors import NotBuilt
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Flags
from causalcx.core.need import TREATED, UNTREATED, Frame, Need, Profile
from causalcx.core.readout import Readout
from causalcx.designs import aggregation
from causalcx.designs.cohort_moments import cells_of_moments, cells_of_records, reduced
from causalcx.designs.contrasts import Estimates
from causalcx.designs.doubly_robust import by_unit
from causalcx.designs.group_time import GroupTime, compared_with, group_time, pairs
from causalcx.designs.headline import headline
from causalcx.designs.roll_out_parts import parts, pictures, too_many_pairs
from causalcx.designs.roll_out_trust import before_the_effects, careless, with_the_effects
from causalcx.designs.selection import of_waves
from causalcx.designs.unbuilt import refuse_unbuilt
from causalcx.designs.values import deviation
from causalcx.designs.waves import Waves, waves

DATA = "frame"


def needs(experiment: Experiment, today: dt.date) -> Need:
    """One row per unit and period with its cohort; or rows of units that occur once."""
    design = _keys(experiment)
    labels = (design.cohort, design.cluster) if design.cluster else (design.cohort,)
    return Need.of(experiment, today, time=design.time, labels=labels, covariates=tuple(design.covariates))


def _keys(experiment: Experiment) -> Staggered:
    design = experiment.design
    assert isinstance(design, Staggered)
    refuse_unbuilt(experiment)
    return design


def check(experiment: Experiment, frame: Frame, *, seed: int) -> tuple[Check, ...]:  # noqa: ARG001 - nothing is random here
    """Everything that can be said before an effect is seen."""
    design = _keys(experiment)
    found = waves(experiment, design, frame)
    pairs(found.first, found.periods, design.compare)
    return (*_plain_checks(experiment, design, frame, found), of_waves(experiment, found).check)


def fit(experiment: Experiment, frame: Frame, *, seed: int) -> Readout:
    """Effects on all outcomes: the group aggregation as the headline, then the parts."""
    design = _keys(experiment)
    found = waves(experiment, design, frame)
    effects, told = group_time_effects(found, design)
    estimates = _estimates(experiment, design, found, effects)
    result = headline(experiment, estimates, seed)
    selected = of_waves(experiment, found)
    claimed, shown = selected.told(experiment)
    return Readout(
        experiment=experiment.key, design="staggered",
        effects=(*result.effects, *parts(experiment, found, effects, result.effects, result.law)),
        covariance=result.covariance, law=result.law, arms=_arms(experiment, design, found), best=result.best,
        flows=_flows(experiment, effects), pictures=(*pictures(found, effects, result.effects, seed), *shown),
        checks=(
            *_plain_checks(experiment, design, frame, found),
            selected.check,
            *with_the_effects(effects, result.effects),
            *small_sample(result.effects),
            *precision(experiment, result.effects),
            *guardrails(experiment, result.effects),
        ),
        warnings=(*claimed, *found.notices, *careless(found, effects, result.effects), *too_many_pairs(effects)),
        fallbacks=(Notice(code="cohorts-by-regression", facts={"cohorts": list(told)}),) if told else (),
        rests_on=_assumed(design),
    )  # fmt: skip


def estimated(experiment: Experiment, frame: Frame, *, seed: int) -> Estimates:  # noqa: ARG001 - nothing is random here
    """The effects alone, as a plan simulates them."""
    design = _keys(experiment)
    found = waves(experiment, design, frame)
    return _estimates(experiment, design, found, group_time_effects(found, design)[0])


def _assumed(design: Staggered) -> tuple[Notice, ...]:
    """What parallel trends say of this comparison, and that nothing moves before the start or between units."""
    code = {"never": "parallel-trends-never", "not-yet": "parallel-trends-not-yet"}[design.compare]
    return Notice(code=code, facts={"covariates": list(design.covariates)}), Notice(code="no-anticipation")


def group_time_effects(found: Waves, design: Staggered) -> tuple[GroupTime, tuple[str, ...]]:
    """The effects of every cohort in every period; and the cohorts whose covariates told too much for a logit."""
    if found.time is not None and design.covariates:
        raise NotBuilt("`design.covariates` with units that occur once (repeated cross-sections)")
    if found.time is None and (design.covariates or not found.complete.all()):
        return by_unit(found, design.compare)
    plain = found.time is None and design.cluster is None
    cells = cells_of_moments(found.first, reduced(found)) if plain else cells_of_records(found)
    return group_time(cells, design.compare), ()


def _plain_checks(experiment: Experiment, design: Staggered, frame: Frame, found: Waves) -> tuple[Check, ...]:
    profile = _profile(experiment, design, frame, found)
    return (
        no_ratio(profile),
        *missing_by_arm(profile),
        timing(experiment, design.covariates),
        interference(experiment),
        immaturity(experiment, frame.profile),
        early_look(experiment),
        *skew(profile),
        *before_the_effects(design, found),
    )


def _sides(design: Staggered, found: Waves) -> tuple[Flags, Flags]:
    """[N] records that were never treated or waited while others were, and records that were treated."""
    treated = found.treated[found.cohort]
    starts = [(g, t) for g in np.flatnonzero(found.treated).tolist() for t in range(int(found.first[g]), found.periods)]
    compared = np.any([compared_with(found.first, g, t, design.compare) for g, t in starts], axis=0)
    return compared[found.cohort], treated


def _profile(experiment: Experiment, design: Staggered, frame: Frame, found: Waves) -> Profile:
    sides = dict(zip((UNTREATED, TREATED), _sides(design, found), strict=True))
    answered = {
        o.key: {name: int(found.complete[side, v].sum()) for name, side in sides.items()}
        for v, o in enumerate(experiment.outcomes)
    }
    return replace(frame.profile, arms={name: int(side.sum()) for name, side in sides.items()}, answered=answered)


def _treated_now(found: Waves) -> Flags:
    """[N, P] whether the record was under treatment."""
    time = np.arange(found.periods)[None, :] if found.time is None else found.time[:, None]
    return time >= found.first[found.cohort][:, None]


def _arms(experiment: Experiment, design: Staggered, found: Waves) -> tuple[Arm, ...]:
    now, sides = _treated_now(found), _sides(design, found)
    seen = {UNTREATED: sides[0][:, None] & ~now, TREATED: now}
    return tuple(
        Arm(
            label=label, units=int(side.sum()),
            answered={o.key: int(found.complete[side, v].sum()) for v, o in enumerate(experiment.outcomes)},
            means={o.key: float(np.nanmean(found.values[:, :, v][seen[label]])) for v, o in enumerate(experiment.outcomes)},
        )
        for label, side in zip(seen, sides, strict=True)
    )  # fmt: skip


def _estimates(experiment: Experiment, design: Staggered, found: Waves, effects: GroupTime) -> Estimates:
    outcomes, now = tuple(experiment.outcomes), _treated_now(found)
    groups = [aggregation.group(effects, v) for v in range(len(outcomes))]
    covariance, freedom = aggregation.law(effects, list(enumerate(groups)))
    spread = np.array([_spread(found.values[:, :, v], now) for v in range(len(outcomes))])
    value = np.array([g.value for g in groups])
    untreated, treated = (found.complete[side].sum(axis=0) for side in _sides(design, found))
    return Estimates(
        outcomes=outcomes,
        treated=(TREATED,) * len(outcomes),
        control=UNTREATED,
        value=value,
        covariance=covariance,
        df=tuple(float(f) for f in freedom),
        base=np.array([g.weights @ effects.level[:, v] for v, g in enumerate(groups)]) - value,
        base_error=spread / np.sqrt(treated[: len(outcomes)]) + np.sqrt(np.diag(covariance)),
        spread=spread,
        answered=tuple((int(treated[v]), int(untreated[v])) for v in range(len(outcomes))),
        estimand="ATT, group aggregation",
        applies_to="treated",
        share=1.0,
        method=_method(design),
    )


def _spread(values: Array, now: Flags) -> float:
    """Standard deviation among records not under treatment; among all where that is 0."""
    own, everyone = values[~now & ~np.isnan(values)], values[~np.isnan(values)]
    return deviation(own) or deviation(everyone)


def _method(design: Staggered) -> str:
    whom = "never treated" if design.compare == "never" else "not yet treated"
    how = "doubly robust (Sant'Anna & Zhao 2020)" if design.covariates else "differences in means"
    errors = f"errors clustered by {design.cluster}" if design.cluster else "errors by unit"
    return f"group-time effects (Callaway & Sant'Anna 2021) against the {whom}, {how}, {errors}"


def _flows(experiment: Experiment, effects: GroupTime) -> tuple[Flow, ...]:
    """Promoters and detractors follow the outcomes among the variables, two per NPS outcome."""
    asked = [o.key for o in experiment.outcomes if o.kind == "nps"]
    first = len(experiment.outcomes)
    shares = [(first + i, aggregation.group(effects, first + i)) for i in range(2 * len(asked))]
    if not shares:
        return ()
    error = np.sqrt(np.diag(aggregation.law(effects, shares)[0]))
    return tuple(
        Flow(
            outcome=name, comparison=f"{TREATED} vs {UNTREATED}", promoters=shares[2 * i][1].value,
            promoters_std_error=float(error[2 * i]), detractors=shares[2 * i + 1][1].value, detractors_std_error=float(error[2 * i + 1]),
        )
        for i, name in enumerate(asked)
    )  # fmt: skip
