"""`kind: staggered`: waves of a roll-out, each compared with units that were never treated or are still waiting."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np

from causalcx.checks.answers import missing_by_arm, skew
from causalcx.checks.censoring import censoring
from causalcx.checks.design import early_look, immaturity, interference, timing
from causalcx.checks.effects import guardrails, precision, small_sample
from causalcx.checks.observational import no_ratio
from causalcx.checks.selection import nothing_seen
from causalcx.core.check import Check, Notice
from causalcx.core.cohorts import CohortSums
from causalcx.core.design_keys.staggered import Staggered
from causalcx.core.effect import Arm, Flow
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Flags
from causalcx.core.need import TREATED, UNTREATED, Frame, Need, Profile
from causalcx.core.outcomes import Outcome
from causalcx.core.readout import Readout
from causalcx.designs.contrasts import Estimates
from causalcx.designs.headline import headline
from causalcx.designs.neighbours.felt_waves import felt, total_effects, with_neighbours
from causalcx.designs.roll_out import aggregation
from causalcx.designs.roll_out.cohort_moments import CohortMoments, cells_of_moments, cells_of_records, reduced
from causalcx.designs.roll_out.cross_sections import by_row
from causalcx.designs.roll_out.doubly_robust import by_unit
from causalcx.designs.roll_out.group_time import (
    GroupTime,
    compared_with,
    group_time,
    pairs,
    require_effect,
    require_spread,
)
from causalcx.designs.roll_out.parts import parts, pictures, too_many_pairs
from causalcx.designs.roll_out.tally import Tally, tally, tally_of_sums
from causalcx.designs.roll_out.trust import before_the_effects, careless, waves_left_out, with_the_effects
from causalcx.designs.roll_out.waves import Waves, waves
from causalcx.designs.selection.check import Selected, of_waves
from causalcx.designs.survival.durations import restricted_means
from causalcx.designs.unbuilt import refuse_unbuilt

DATA = "frame"
SUMMED = ("nps", "binary", "amount", "count", "score")
"""Outcome kinds of which means by period say all that the effects need."""


def needs(experiment: Experiment, today: dt.date) -> Need:
    """One row per unit and period with its cohort; or rows of units that occur once."""
    design = _keys(experiment)
    labels = (design.cohort, design.cluster) if design.cluster else (design.cohort,)
    own = {"time": design.time, "labels": labels, "covariates": tuple(design.covariates)}
    numbers = (experiment.exposure,) if experiment.exposure else ()
    return Need.of(
        experiment, today, **own, numbers=numbers, cohort=design.cohort if _by_sums(experiment, design) else None
    )


def _by_sums(experiment: Experiment, design: Staggered) -> bool:
    """Whether the effects need no more of a complete panel than sums by cohort."""
    plain = not design.covariates and design.cluster is None and not experiment.felt
    return plain and all(o.kind in SUMMED for o in experiment.outcomes)


def _keys(experiment: Experiment) -> Staggered:
    design = experiment.design
    assert isinstance(design, Staggered)
    refuse_unbuilt(experiment)
    return design


def _opened(experiment: Experiment, design: Staggered, data: Frame | CohortSums) -> tuple[Tally, Waves | CohortMoments]:
    """What was seen, and what the effects come from."""
    if isinstance(data, CohortSums):
        return tally_of_sums(experiment, design, data)
    found = waves(experiment, design, data)
    return tally(found), found


def check(experiment: Experiment, data: Frame | CohortSums, *, seed: int) -> tuple[Check, ...]:  # noqa: ARG001 - nothing is random here
    """Everything that can be said before an effect is seen."""
    design = _keys(experiment)
    seen, found = _opened(experiment, design, data)
    pairs(seen.first, seen.periods, design.compare)
    if isinstance(found, Waves) and found.nearby is not None:
        felt(found, design)
    return (*_plain_checks(experiment, design, data.profile, seen), _selected(experiment, found).check)


def fit(experiment: Experiment, data: Frame | CohortSums, *, seed: int) -> Readout:
    """Effects on all outcomes: the group aggregation as the headline, then the parts."""
    design = _keys(experiment)
    seen, found = _opened(experiment, design, data)
    if isinstance(found, Waves) and found.nearby is not None:
        plain = _estimates(design, seen, _effects(design, seen, found)[0], list(enumerate(experiment.outcomes)))
        return with_neighbours(
            experiment,
            design,
            found,
            plain,
            lambda w: _readout(experiment, design, data.profile, tally(w), w, seed),
            seed,
        )
    return _readout(experiment, design, data.profile, seen, found, seed)


def _readout(
    experiment: Experiment, design: Staggered, looked: Profile, seen: Tally, found: Waves | CohortMoments, seed: int
) -> Readout:
    effects, told = _effects(design, seen, found)
    result = headline(experiment, _estimates(design, seen, effects, list(enumerate(experiment.outcomes))), seed)
    times = restricted_means(
        experiment, lambda outcomes: _estimates(design, seen, effects, _last(outcomes, seen.complete.shape[1])), seed
    )
    selected = _selected(experiment, found)
    claimed, shown = selected.told(experiment)
    return Readout(
        experiment=experiment.key, design="staggered",
        effects=(*result.effects, *times, *parts(experiment, seen, effects, result.effects, result.law)),
        covariance=result.covariance, law=result.law, arms=_arms(experiment, design, seen), best=result.best,
        flows=_flows(experiment, effects), pictures=(*pictures(seen, effects, result.effects, seed), *shown),
        checks=(
            *_plain_checks(experiment, design, looked, seen),
            selected.check,
            *with_the_effects(effects, result.effects),
            *small_sample(result.effects),
            *precision(experiment, result.effects),
            *guardrails(experiment, result.effects),
        ),
        warnings=(
            *claimed, *seen.notices, *waves_left_out(seen, effects, result.effects, design.compare),
            *careless(seen, effects, result.effects), *too_many_pairs(effects),
        ),
        fallbacks=(Notice(code="cohorts-by-regression", facts={"cohorts": list(told)}),) if told else (),
        rests_on=_assumed(design),
    )  # fmt: skip


def estimated(experiment: Experiment, data: Frame | CohortSums, *, seed: int) -> Estimates:  # noqa: ARG001 - nothing is random here
    """The effects alone, as a plan simulates them."""
    design = _keys(experiment)
    seen, found = _opened(experiment, design, data)
    plain = _estimates(design, seen, _effects(design, seen, found)[0], list(enumerate(experiment.outcomes)))
    if isinstance(found, Waves) and found.nearby is not None:
        return total_effects(felt(found, design), plain)
    return plain


def _selected(experiment: Experiment, found: Waves | CohortMoments) -> Selected:
    """Units chosen by their own outcome; sums do not show single units."""
    return of_waves(experiment, found) if isinstance(found, Waves) else Selected(nothing_seen("summed"))


def _effects(design: Staggered, seen: Tally, found: Waves | CohortMoments) -> tuple[GroupTime, tuple[str, ...]]:
    if isinstance(found, Waves):
        return group_time_effects(found, design)
    return group_time(cells_of_moments(seen.first, found), design.compare), ()


def _assumed(design: Staggered) -> tuple[Notice, ...]:
    """What parallel trends say of this comparison, and that nothing moves before the start or between units."""
    code = {"never": "parallel-trends-never", "not-yet": "parallel-trends-not-yet"}[design.compare]
    return Notice(code=code, facts={"covariates": list(design.covariates)}), Notice(code="no-anticipation")


def group_time_effects(found: Waves, design: Staggered) -> tuple[GroupTime, tuple[str, ...]]:
    """The effects of every cohort in every period; and the cohorts whose covariates told too much for a logit."""
    if found.time is not None and design.covariates:
        return by_row(found, design.compare)
    if found.time is None and (design.covariates or not found.complete.all()):
        return by_unit(found, design.compare)
    plain = found.time is None and design.cluster is None
    cells = cells_of_moments(found.first, reduced(found)) if plain else cells_of_records(found)
    return group_time(cells, design.compare), ()


def _plain_checks(experiment: Experiment, design: Staggered, looked: Profile, seen: Tally) -> tuple[Check, ...]:
    profile = _profile(experiment, design, looked, seen)
    return (
        no_ratio(profile),
        *missing_by_arm(profile),
        timing(experiment, design.covariates),
        interference(experiment),
        *((immaturity(experiment, looked),) if experiment.entered else ()),
        early_look(experiment),
        *skew(profile),
        *censoring(profile),
        *before_the_effects(design, seen),
    )


def _sides(design: Staggered, seen: Tally) -> dict[str, Flags]:
    """[G] cohorts that were never treated or waited while others were, and cohorts that were treated."""
    starts = [(g, t) for g in np.flatnonzero(seen.treated).tolist() for t in range(int(seen.first[g]), seen.periods)]
    compared = np.any([compared_with(seen.first, g, t, design.compare) for g, t in starts], axis=0)
    return {UNTREATED: compared, TREATED: seen.treated}


def _profile(experiment: Experiment, design: Staggered, looked: Profile, seen: Tally) -> Profile:
    sides = _sides(design, seen)
    answered = {
        o.key: {name: int(seen.complete[side, v].sum()) for name, side in sides.items()}
        for v, o in enumerate(experiment.outcomes)
    }
    arms = {name: int(seen.records[side].sum()) for name, side in sides.items()}
    return replace(looked, arms=arms, answered=answered, survival=seen.survival)


def _arms(experiment: Experiment, design: Staggered, seen: Tally) -> tuple[Arm, ...]:
    sides = _sides(design, seen)
    cells = {UNTREATED: sides[UNTREATED][:, None] & ~seen.treated_now, TREATED: seen.treated_now}
    return tuple(
        Arm(
            label=label, units=int(seen.records[side].sum()),
            answered={o.key: int(seen.complete[side, v].sum()) for v, o in enumerate(experiment.outcomes)},
            means={o.key: seen.mean_over(cells[label], v) for v, o in enumerate(experiment.outcomes)},
        )
        for label, side in sides.items()
    )  # fmt: skip


def _last(outcomes: list[Outcome], variables: int) -> list[tuple[int, Outcome]]:
    """Restricted times stand last among the variables."""
    return list(enumerate(outcomes, variables - len(outcomes)))


def _estimates(design: Staggered, seen: Tally, effects: GroupTime, wanted: list[tuple[int, Outcome]]) -> Estimates:
    """Of the outcomes ``wanted``, each with its place among the variables."""
    places = [v for v, _ in wanted]
    for v, outcome in wanted:
        require_effect(effects, v, outcome.key)
    groups = [aggregation.group(effects, v) for v in places]
    covariance, freedom = aggregation.law(effects, list(zip(places, groups, strict=True)))
    for (_, outcome), f in zip(wanted, freedom, strict=True):
        require_spread(float(f), outcome.key, adjusted=seen.crossed and bool(design.covariates))
    spread = np.array([_spread(seen, v) for v in places])
    value = np.array([g.value for g in groups])
    untreated, treated = (seen.complete[side].sum(axis=0)[places] for side in _sides(design, seen).values())
    return Estimates(
        outcomes=tuple(o for _, o in wanted),
        treated=(TREATED,) * len(wanted),
        control=UNTREATED,
        value=value,
        covariance=covariance,
        df=tuple(float(f) for f in freedom),
        base=np.array([g.weights @ effects.level[:, v] for v, g in zip(places, groups, strict=True)]) - value,
        base_error=spread / np.sqrt(treated) + np.sqrt(np.diag(covariance)),
        spread=spread,
        answered=tuple((int(t), int(u)) for t, u in zip(treated, untreated, strict=True)),
        estimand="ATT, group aggregation",
        applies_to="treated",
        share=1.0,
        method=_method(design),
    )


def _spread(seen: Tally, v: int) -> float:
    """Standard deviation among records not under treatment; among all where that is 0."""
    return seen.deviation_over(~seen.treated_now, v) or seen.deviation_over(np.ones_like(seen.treated_now), v)


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
