"""`kind: switchback`: a policy switched on and off by slot, at one site or at many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np

from causalcx.checks import switchback as verdicts
from causalcx.checks.answers import missing_by_arm, rare_events, skew
from causalcx.checks.design import early_look, immaturity, interference, timing
from causalcx.checks.effects import guardrails, precision, small_sample
from causalcx.checks.observational import no_ratio
from causalcx.core.check import Check, Notice
from causalcx.core.design_keys.switchback import Switchback
from causalcx.core.effect import Effect
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Whole
from causalcx.core.need import Frame, Need
from causalcx.core.picture import Picture
from causalcx.core.readout import Readout
from causalcx.designs.contrasts import Estimates
from causalcx.designs.headline import headline, pooled_priors
from causalcx.designs.slots import pictures as slot_pictures
from causalcx.designs.slots.carry_over import CarryOver, carry_over, parts
from causalcx.designs.slots.means import SlotEffect, covariates_of, slot_effect, too_rarely
from causalcx.designs.slots.order import Slots, never_switched, slots_of
from causalcx.designs.slots.redraws import redrawn
from causalcx.designs.unbuilt import refuse_unbuilt
from causalcx.designs.values import arms_of, flat_in_control, in_units, naive_differences, spread

DATA = "frame"


def needs(experiment: Experiment, today: dt.date) -> Need:
    """One row per unit and slot with its setting, all outcomes and covariates."""
    design = _keys(experiment)
    return Need.of(experiment, today, time=design.time, covariates=tuple(design.covariates))


def _keys(experiment: Experiment) -> Switchback:
    design = experiment.design
    assert isinstance(design, Switchback)
    refuse_unbuilt(experiment)
    return design


def check(experiment: Experiment, frame: Frame, *, seed: int) -> tuple[Check, ...]:  # noqa: ARG001 - nothing is random here
    """Everything that can be said before an effect is seen."""
    design = _keys(experiment)
    slots = slots_of(design, frame)
    x = covariates_of(slots, frame, design.covariates)
    first = slot_effect(slots, _values(experiment, frame, slots)[0], x, experiment.outcomes[0].key)
    return _plain_checks(experiment, frame, slots, first)


def fit(experiment: Experiment, frame: Frame, *, seed: int) -> Readout:
    """Always on against always off, on every outcome; then what this slot and earlier ones do."""
    design = _keys(experiment)
    slots = slots_of(design, frame)
    x, values = covariates_of(slots, frame, design.covariates), _values(experiment, frame, slots)
    found = [slot_effect(slots, y, x, o.key) for o, y in zip(experiment.outcomes, values, strict=True)]
    estimates = _estimates(experiment, frame, slots, found)
    result = headline(experiment, estimates, seed)
    carried = [carry_over(slots, y, x) for y in values]
    arms = arms_of(experiment, frame)
    return Readout(
        experiment=experiment.key, design="switchback",
        effects=(*result.effects, *(p for c, e in zip(carried, result.effects, strict=True) if c for p in parts(c, e))),
        covariance=result.covariance, law=result.law, arms=arms, pictures=_pictures(slots, values, result.effects),
        checks=(
            *_plain_checks(experiment, frame, slots, found[0]),
            *_carry_overs(slots, carried, result.effects),
            *_randomisation_tests(slots, values, x, result.effects, seed),
            *rare_events(experiment, arms),
            *small_sample(result.effects),
            *precision(experiment, result.effects),
            *guardrails(experiment, result.effects),
        ),
        warnings=(
            *never_switched(slots),
            *too_rarely([(o.key, one) for o, one in zip(experiment.outcomes, found, strict=True)]),
            *_careless(experiment, frame, estimates),
        ),
        fallbacks=pooled_priors(experiment, flat_in_control(experiment, frame)),
        rests_on=_rests_on(design),
    )  # fmt: skip


def estimated(experiment: Experiment, frame: Frame, *, seed: int) -> Estimates:  # noqa: ARG001 - nothing is random here
    """The effects alone, as a plan simulates them."""
    design = _keys(experiment)
    slots = slots_of(design, frame)
    x, values = covariates_of(slots, frame, design.covariates), _values(experiment, frame, slots)
    found = [slot_effect(slots, y, x, o.key) for o, y in zip(experiment.outcomes, values, strict=True)]
    return _estimates(experiment, frame, slots, found)


def _careless(experiment: Experiment, frame: Frame, estimates: Estimates) -> Iterator[Notice]:
    """Per primary: what all slots on against all slots off would claim."""
    primaries = {o.key for o in experiment.primaries}
    for notice in naive_differences(experiment, frame, estimates):
        if notice.facts["outcome"] in primaries:
            yield notice.model_copy(update={"code": "naive-slots"})


def _rests_on(design: Switchback) -> tuple[Notice, ...]:
    """Settings without regard to what was to happen, and nothing that lasts beyond the washout."""
    drawn = Notice(code="switched-by-lot", facts={"unit": design.unit})
    if not design.washout:
        return drawn, Notice(code="slots-on-their-own")
    return drawn, Notice(code="gone-after-washout", facts={"washout": design.washout})


def _values(experiment: Experiment, frame: Frame, slots: Slots) -> list[Array]:
    """[n] per outcome, in effect units."""
    return [in_units(o, frame.outcomes[o.key])[slots.rows] for o in experiment.outcomes]


def _estimates(experiment: Experiment, frame: Frame, slots: Slots, found: list[SlotEffect]) -> Estimates:
    control, treated = list(frame.profile.arms)
    scores = np.stack([one.scores for one in found])
    answered = tuple(
        (int((one.used & (slots.on == 1)).sum()), int((one.used & (slots.on == 0)).sum())) for one in found
    )
    units = [int(np.isin(slots.unit, slots.unit[one.used]).sum()) for one in found]
    return Estimates(
        outcomes=tuple(experiment.outcomes), treated=(treated,) * len(found), control=control,
        value=np.array([one.value for one in found]), covariance=scores @ scores.T, df=tuple(one.df for one in found),
        base=np.array([one.base for one in found]), base_error=np.array([one.base_error for one in found]),
        spread=np.array([spread(frame, o) for o in experiment.outcomes]), answered=answered,
        estimand="ATE of always on, per slot" if slots.washout else "ATE per slot", applies_to="assigned",
        share=min(units) / len(frame.arm), method=_method(experiment, slots),
    )  # fmt: skip


def _method(experiment: Experiment, slots: Slots) -> str:
    design = _keys(experiment)
    cluster = f"blocks of {slots.block_length}" if slots.by_blocks else "runs between switches"
    held = f", {', '.join(design.covariates)} held equal" if design.covariates else ""
    return f"differences of slot means within {design.unit}{held}, washout {slots.washout}, errors clustered by {cluster} (CR2)"


def _plain_checks(experiment: Experiment, frame: Frame, slots: Slots, first: SlotEffect) -> tuple[Check, ...]:
    control, treated = list(frame.profile.arms)
    return (
        no_ratio(frame.profile),
        verdicts.balance_over_time(_by_clock(slots)),
        verdicts.few_slots(first.clusters, "blocks" if slots.by_blocks else "runs", (control, treated)),
        *missing_by_arm(frame.profile),
        timing(experiment, _keys(experiment).covariates),
        interference(experiment),
        *((immaturity(experiment, frame.profile),) if experiment.entered else ()),
        early_look(experiment),
        *skew(frame.profile),
    )


def _by_clock(slots: Slots) -> dict[str, list[tuple[str, int, int]]]:
    """Blocks off and on by hour and weekday (1 = Monday) of their beginning."""
    when = slots.hour_and_weekday(slots.blocks.start)
    if when is None:
        return {}
    names = (("hour", _clock_time), ("weekday", lambda day: str(int(day) + 1)))
    return {
        part: [(name(level), *_off_on(slots.blocks.on[place == level])) for level in np.unique(place)]
        for (part, name), place in zip(names, when, strict=True)
    }


def _off_on(settings: Whole) -> tuple[int, int]:
    return len(settings) - int(settings.sum()), int(settings.sum())


def _clock_time(share: float) -> str:
    minutes = round(share * 24 * 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _carry_overs(slots: Slots, carried: list[CarryOver | None], effects: tuple[Effect, ...]) -> tuple[Check, ...]:
    checks = []
    for found, effect in zip(carried, effects, strict=True):
        facts = {
            "outcome": effect.outcome, "unit": effect.unit, "washout": slots.washout, "estimate": effect.estimate,
            "always_on": found.always[0] if found else None,
        }  # fmt: skip
        checks.append(verdicts.carry_over(facts, found.beyond if found else None, effect.df or np.inf))
    return tuple(checks)


def _randomisation_tests(
    slots: Slots, values: list[Array], x: Array, effects: tuple[Effect, ...], seed: int
) -> tuple[Check, ...]:
    """Per primary."""
    tested = [(y, e) for y, e in zip(values, effects, strict=True) if e.role == "primary"]
    facts = [{"outcome": e.outcome, "block": slots.block_length} for _, e in tested]
    found = redrawn(slots, [y for y, _ in tested], x, seed)
    if found is None:
        return tuple(verdicts.no_randomisation_test(f) for f in facts)
    return tuple(
        verdicts.randomisation_test(f, r.p, r.error, r.draws, r.within, clear=e.clear)
        for f, r, (_, e) in zip(facts, found, tested, strict=True)
    )


def _pictures(slots: Slots, values: list[Array], effects: tuple[Effect, ...]) -> tuple[Picture, ...]:
    shown = (
        slot_pictures.since_switch(slots, y, e) for y, e in zip(values, effects, strict=True) if e.role == "primary"
    )
    return slot_pictures.schedule(slots), *shown
