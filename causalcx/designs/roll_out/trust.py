"""What speaks for and against a roll-out's comparison, from its own effects before the start."""

from __future__ import annotations

from typing import Any

import numpy as np

from causalcx.checks import staggered as verdicts
from causalcx.core import inference
from causalcx.core.check import Check, Notice
from causalcx.core.design_keys.staggered import Staggered
from causalcx.core.effect import Effect
from causalcx.designs.roll_out import aggregation
from causalcx.designs.roll_out.aggregation import Aggregate
from causalcx.designs.roll_out.group_time import Compare, GroupTime, unseen_waves
from causalcx.designs.roll_out.robust_trends import Steps, breakdown, robust_interval
from causalcx.designs.roll_out.tally import Tally
from causalcx.designs.roll_out.two_way import two_way

MISLEADS = 3.0
"""Standard errors of the gap between the two-way regression and the headline from which both are shown."""
PER_EFFECT = 4
"""Degrees of freedom that a joint test takes for each effect it tests."""


def before_the_effects(design: Staggered, found: Tally) -> tuple[Check, ...]:
    """How many units there are on either side, and who was lost."""
    objects = found.objects.astype(int).tolist()
    treated = sum(n for n, t in zip(objects, found.treated, strict=True) if t)
    waiting = sum(objects) - treated or treated - min(objects)
    lone = tuple(name for name, n in zip(found.cohorts, objects, strict=True) if n == 1)
    return (verdicts.few_clusters(treated, waiting, lone, design.cluster), _composition(found))


def _composition(found: Tally) -> Check:
    if found.crossed:
        return verdicts.mix(found.count[:, :, 0], found.cohorts)
    kept = found.records.astype(int).tolist()
    left_out = dict(zip(found.cohorts, found.dropped.astype(int).tolist(), strict=True))
    return verdicts.composition(left_out, {n: k + left_out[n] for n, k in zip(found.cohorts, kept, strict=True)})


def with_the_effects(effects: GroupTime, headlines: tuple[Effect, ...]) -> tuple[Check, ...]:
    """Per outcome: trends before the start, how much drift the result survives, whether the treated reacted early."""
    return tuple(c for v, e in enumerate(headlines) for c in _of_outcome(effects, v, e))


def _of_outcome(effects: GroupTime, v: int, headline: Effect) -> tuple[Check, ...]:
    facts = {"outcome": headline.outcome, "estimate": headline.estimate, "unit": headline.unit}
    exposure = float(aggregation.group(effects, v).weights @ (effects.event + 1))
    leads = {e: part for e, part in aggregation.by_event(effects, v).items() if e < 0}
    return (
        _pre_trends(effects, v, leads, facts, exposure),
        _sensitivity(effects, v, list(leads.values()), facts, exposure),
        *([_anticipation(effects, v, leads[-2], facts)] if -2 in leads else []),
    )


def _sensitivity(effects: GroupTime, v: int, leads: list[Aggregate], facts: dict[str, Any], exposure: float) -> Check:
    """From the joint law of the headline and the steps from each period before the start to the next."""
    if not leads:
        return verdicts.sensitivity(facts, None, None)
    group = aggregation.group(effects, v)
    covariance, freedom = aggregation.law(effects, [(v, part) for part in (group, *leads)])
    to_steps = np.eye(1 + len(leads), k=1) - np.diag([0.0] + [1.0] * len(leads))
    to_steps[0] = np.eye(1 + len(leads))[0]
    values = to_steps @ np.array([group.value, *(part.value for part in leads)])
    steps = Steps.of(group.value, values[1:], to_steps @ covariance @ to_steps.T, exposure, float(freedom[0]))
    return verdicts.sensitivity(
        facts | {"largest": steps.largest}, breakdown(steps), robust_interval(steps, verdicts.AS_LARGE)
    )


def _pre_trends(
    effects: GroupTime, v: int, leads: dict[int, Aggregate], facts: dict[str, Any], exposure: float
) -> Check:
    """On every cohort's effects before its start where there are degrees of freedom for all, else on the nearest of their means."""
    if not leads:
        return verdicts.pre_trends(facts, np.empty(0), np.empty((0, 0)), 0.0, np.empty(0), exposure)
    early = ~effects.post & effects.seen[:, v]
    own = [part for part, before in zip(aggregation.each(effects, v), early, strict=True) if before]
    distance = np.asarray(effects.event[early] + 1, float)
    freedom = float(aggregation.law(effects, [(v, part) for part in own])[1].min())
    if len(own) * PER_EFFECT > freedom:
        nearest = sorted(leads, reverse=True)[: max(int(freedom // PER_EFFECT), 1)]
        own, distance = [leads[e] for e in nearest], np.array(nearest) + 1.0
    covariance, freedoms = aggregation.law(effects, [(v, part) for part in own])
    return verdicts.pre_trends(
        facts, np.array([p.value for p in own]), covariance, float(freedoms.min()), distance, exposure
    )


def _anticipation(effects: GroupTime, v: int, lead: Aggregate, facts: dict[str, Any]) -> Check:
    covariance, freedom = aggregation.law(effects, [(v, lead)])
    p = inference.two_sided_p(lead.value, float(np.sqrt(max(covariance[0, 0], 0.0))), float(freedom[0]))
    return verdicts.anticipation(facts, -lead.value, p)


def careless(found: Tally, effects: GroupTime, headlines: tuple[Effect, ...]) -> tuple[Notice, ...]:
    """Per primary, what careless readings would claim: the treated after against before; a two-way regression where it misleads."""
    primaries = [(v, e) for v, e in enumerate(headlines) if e.role == "primary"]
    return tuple(n for v, e in primaries for n in (_before_after(found, effects, v, e), *_misled(found, effects, v, e)))


def waves_left_out(
    found: Tally, effects: GroupTime, headlines: tuple[Effect, ...], compare: Compare
) -> tuple[Notice, ...]:
    """Per outcome, the waves that others were there for, but not with answers of the outcome in the periods that compare them."""
    lost = {e.outcome: unseen_waves(effects, v, found.periods, compare) for v, e in enumerate(headlines)}
    return tuple(
        Notice(code="waves-left-out", facts={"outcome": name, "cohorts": [found.cohorts[g] for g in waves]})
        for name, waves in lost.items()
        if waves
    )


def _before_after(found: Tally, effects: GroupTime, v: int, headline: Effect) -> Notice:
    mean, count = found.mean[:, :, v], found.count[:, :, v]
    waves = [(g, int(found.first[g])) for g in aggregation.by_cohort(effects, v)]
    rises = [float(np.nanmean(mean[g, s:]) - np.nanmean(mean[g, :s])) for g, s in waves]
    naive = float(np.average(rises, weights=[count[g].sum() for g, _ in waves]))
    facts = {"outcome": headline.outcome, "naive": naive, "estimate": headline.estimate, "unit": headline.unit}
    return Notice(code="naive-waves", facts=facts)


def _misled(found: Tally, effects: GroupTime, v: int, headline: Effect) -> tuple[Notice, ...]:
    """Where the difference is clear of chance: the regression is a sum of the same effects, with weights of its own.

    One wave alone has no later one to be compared with, so there the regression misleads nobody in that way.
    """
    if np.count_nonzero(found.treated) < 2:
        return ()
    other = two_way(found.mean[:, :, v], found.count[:, :, v], found.first)
    group = aggregation.group(effects, v)
    cells = other.weights[effects.cohort, effects.first[effects.cohort] + effects.event]
    weights = np.where(effects.seen[:, v], cells, 0.0) - group.weights
    gap = Aggregate(other.estimate - headline.estimate, weights, -group.presence)
    if abs(gap.value) < MISLEADS * float(np.sqrt(aggregation.law(effects, [(v, gap)])[0][0, 0])):
        return ()
    facts = {
        "outcome": headline.outcome, "two_way": other.estimate, "negative": other.negative, "estimate": headline.estimate, "unit": headline.unit,
    }  # fmt: skip
    return (Notice(code="two-way-misleads", facts=facts),)
