"""`kind: discontinuity`: a threshold decided who got it; those just above against those just below, sharp or fuzzy."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np

from causalcx.checks import discontinuity as verdicts
from causalcx.checks.answers import rare_events, skew
from causalcx.checks.design import early_look, immaturity, interference, timing
from causalcx.checks.effects import guardrails, precision
from causalcx.checks.observational import no_ratio
from causalcx.core.check import Check, Notice
from causalcx.core.design_keys.discontinuity import Discontinuity
from causalcx.core.effect import Effect
from causalcx.core.experiment import Experiment
from causalcx.core.need import SIDE, UNTREATED, Frame, Need
from causalcx.core.picture import Picture
from causalcx.core.readout import Readout
from causalcx.designs.contrasts import Estimates
from causalcx.designs.cutoff import pictures, probes
from causalcx.designs.cutoff.density import piling_up
from causalcx.designs.cutoff.effects import conventional, estimates_of, of_passing, segments_of
from causalcx.designs.cutoff.jumps import ROUNDING, Measured, Ordered, flows, measured, ordered
from causalcx.designs.headline import headline, pooled_priors, unit_of
from causalcx.designs.unbuilt import refuse_unbuilt
from causalcx.designs.values import arms_of, flat_in_control

DATA = "frame"
FEW_VALUES = 20
"""Different values of the running variable within the bandwidth, on the thinner side, below which the page says so."""


def needs(experiment: Experiment, today: dt.date) -> Need:
    """Rows with outcomes, covariates, the running variable and the treatment received."""
    design = _keys(experiment)
    return Need.of(
        experiment,
        today,
        treatment=SIDE,
        control=UNTREATED,
        threshold=(design.running, design.cutoff),
        numbers=(design.running, *([design.fuzzy] if design.fuzzy else [])),
        covariates=tuple(design.covariates),
        labels=tuple(experiment.segments),
    )


def _keys(experiment: Experiment) -> Discontinuity:
    design = experiment.design
    assert isinstance(design, Discontinuity)
    refuse_unbuilt(experiment, segments=True)
    return design


def check(experiment: Experiment, frame: Frame, *, seed: int) -> tuple[Check, ...]:  # noqa: ARG001 - nothing is random here
    """Everything that can be said before an effect is seen. Refuses what a fit refuses."""
    data, _ = _measured(experiment, frame)
    return _plain_checks(experiment, _keys(experiment), frame, data)


def fit(experiment: Experiment, frame: Frame, *, seed: int) -> Readout:
    """The jump of every outcome at the cutoff, and what could speak against it."""
    design = _keys(experiment)
    data, found = _measured(experiment, frame)
    whole = estimates_of(design, frame, found, len(data.x))
    result = headline(experiment, whole, seed)
    effects = tuple(conventional(e, one) for e, one in zip(result.effects, found, strict=True))
    probed = [_probed(experiment, design, e, one) for e, one in zip(effects, found, strict=True) if e.role == "primary"]
    parts = segments_of(experiment, design, frame, data, whole, effects, found[0].jump.widths.jump, seed=seed)
    arms = arms_of(experiment, frame)
    return Readout(
        experiment=experiment.key, design="discontinuity", effects=(*effects, *of_passing(found, effects), *parts.effects),
        covariance=result.covariance, law=result.law, arms=arms, flows=flows(data, found, frame),
        pictures=tuple(p for _, drawn in probed for p in drawn),
        checks=(
            *_plain_checks(experiment, design, frame, data),
            *(c for checks, _ in probed for c in checks),
            verdicts.small_sample(effects),
            *rare_events(experiment, arms),
            *precision(experiment, effects),
            *guardrails(experiment, effects),
            *parts.checks,
        ),
        warnings=(*_careless(design, found, effects), *_near(design, found, effects), *parts.notices),
        fallbacks=pooled_priors(experiment, flat_in_control(experiment, frame)),
        rests_on=_rests_on(design),
    )  # fmt: skip


def estimated(experiment: Experiment, frame: Frame, *, seed: int) -> Estimates:  # noqa: ARG001 - nothing is random here
    """The corrected jumps alone, as a plan simulates them."""
    data, found = _measured(experiment, frame)
    return replace(estimates_of(_keys(experiment), frame, found, len(data.x)), share=min(one.share for one in found))


def _measured(experiment: Experiment, frame: Frame) -> tuple[Ordered, list[Measured]]:
    data = ordered(experiment, _keys(experiment), frame)
    return data, [measured(data, o) for o in experiment.outcomes]


def _plain_checks(experiment: Experiment, design: Discontinuity, frame: Frame, data: Ordered) -> tuple[Check, ...]:
    return (
        no_ratio(frame.profile),
        verdicts.density(design.running, design.cutoff, _densities(experiment, frame, data)),
        verdicts.covariate_continuity(list(probes.covariate_jumps(data))),
        *_first_stage(design, data),
        *_answers(experiment, data),
        timing(experiment, design.covariates),
        interference(experiment),
        immaturity(experiment, frame.profile),
        early_look(experiment),
        *skew(frame.profile),
    )


def _densities(experiment: Experiment, frame: Frame, data: Ordered) -> list[dict[str, object]]:
    """Of everybody, then of every level of the segment column that has enough rows."""
    parts = [(None, data.x)]
    for column in experiment.segments:
        labels = frame.labels[column]
        position = labels.position[data.order]
        parts += [(f"{column}={name}", data.x[position == i]) for i, name in enumerate(labels.names)]
    found = [(segment, piling_up(x)) for segment, x in parts]
    return [{"segment": segment} | test for segment, test in found if test is not None]


def _first_stage(design: Discontinuity, data: Ordered) -> tuple[Check, ...]:
    if data.taken is None or design.fuzzy is None:
        return ()
    rows, _ = data.rows(design.fuzzy, data.taken, taken=False)
    found = probes.jump_if_any(rows)
    if found is None:  # nobody departs from the rule near the cutoff, or nobody got it
        below, above = (float(data.taken[side].mean()) for side in (data.x < 0, data.x >= 0))
        return (verdicts.first_stage(design.fuzzy, below, above, 0.0 if below == above else None),)
    f = (found.corrected / found.error) ** 2 if abs(found.corrected) > ROUNDING else 0.0
    return (verdicts.first_stage(design.fuzzy, found.base, found.base + found.value, f),)


def _answers(experiment: Experiment, data: Ordered) -> tuple[Check, ...]:
    """Per outcome with missing values, the jump in who answered."""
    checks = []
    for outcome in experiment.outcomes:
        answered = (~np.isnan(data.outcomes[outcome.key])).astype(float)
        if answered.min() == 1:
            continue
        rows, _ = data.rows(outcome.key, answered, taken=False, adjusted=False)
        found = probes.jump_if_any(rows)
        if found is not None:
            checks.append(verdicts.answers(outcome.key, found.base, found.base + found.value, probes.p_of(found)))
    return tuple(checks)


def _probed(
    experiment: Experiment, design: Discontinuity, effect: Effect, one: Measured
) -> tuple[tuple[Check, ...], tuple[Picture, ...]]:
    """What speaks against a primary effect: checks, and the pictures behind them."""
    curve, placebos = probes.bandwidth_curve(one), probes.placebo_cutoffs(one, design.cutoff)
    without = probes.donut(one)
    checks = (
        *([verdicts.donut(effect, without["without"], without["left_out"], without["p"])] if without else []),
        verdicts.bandwidth(effect, curve),
        verdicts.placebo_cutoffs(effect.outcome, placebos, effect.unit),
    )
    drawn = (
        *pictures.of_primary(one, design.running, design.cutoff, unit_of(experiment, one.outcome)),
        pictures.by_bandwidth(effect, curve, design.running),
        pictures.at_placebos(effect, placebos, design.running, design.cutoff),
    )
    return checks, drawn


def _careless(design: Discontinuity, found: list[Measured], effects: tuple[Effect, ...]) -> tuple[Notice, ...]:
    """What a plain comparison would claim: of the two sides, or of those who mostly got it with those who mostly did not."""
    return tuple(n for one, effect in zip(found, effects, strict=True) if (n := _naive(design, one, effect)))


def _naive(design: Discontinuity, one: Measured, effect: Effect) -> Notice | None:
    had = one.rows.x >= 0 if one.rows.taken is None else one.rows.taken >= 0.5
    if had.all() or not had.any():
        return None
    naive = float(one.rows.y[had].mean() - one.rows.y[~had].mean())
    facts = {
        "outcome": effect.outcome, "comparison": effect.comparison, "naive": naive, "estimate": effect.estimate, "unit": effect.unit,
    }  # fmt: skip
    return Notice(code="naive-received" if design.fuzzy else "naive-difference", facts=facts)


def _near(design: Discontinuity, found: list[Measured], effects: tuple[Effect, ...]) -> tuple[Notice, ...]:
    """How few units and values the result speaks of (said once, for the first outcome), and what else a reader would take wrongly."""
    one = found[0]
    facts = {
        "column": design.running, "cutoff": design.cutoff, "bandwidth": one.jump.widths.jump, "within": sum(one.jump.counts),
        "rows": len(one.seen),
    }  # fmt: skip
    values = _fewest_values(one)
    return (
        Notice(code="at-the-cutoff", facts=facts),
        *([Notice(code="few-values", facts=facts | {"values": values})] if values < FEW_VALUES else []),
        *([_received_below(design, one)] if one.received is not None and one.received.value < 0 else []),
        *(_outside(e) for e in effects if not (e.low or 0.0) <= e.estimate <= (e.high or 0.0)),
    )


def _fewest_values(one: Measured) -> int:
    """Different values of the running variable within the bandwidth, on the thinner side."""
    width = one.jump.widths.jump
    return min(len(np.unique(side)) for side in (one.rows.x[one.rows.window(i, width)] for i in (0, 1)))


def _received_below(design: Discontinuity, one: Measured) -> Notice:
    """The treatment lies below the cutoff; the ratio of jumps holds all the same, on those whom passing it keeps from the treatment."""
    assert one.received is not None
    shares = {"below": one.received.base, "above": one.received.base + one.received.value}
    return Notice(
        code="received-below",
        facts={"column": design.fuzzy, "running": design.running, "cutoff": design.cutoff} | shares,
    )


def _outside(effect: Effect) -> Notice:
    facts = {
        "outcome": effect.outcome,
        "estimate": effect.estimate,
        "low": effect.low,
        "high": effect.high,
        "unit": effect.unit,
    }
    return Notice(code="outside-its-interval", facts=facts)


def _rests_on(design: Discontinuity) -> tuple[Notice, ...]:
    facts = {"column": design.running, "cutoff": design.cutoff}
    alike = Notice(code="continuity", facts=facts)
    return (alike, Notice(code="one-way-cutoff", facts=facts)) if design.fuzzy else (alike,)
