"""A roll-out whose units feel each other's change: what goes into a readout beside what every roll-out tells.

The headline is the total effect: that of the change itself and of all neighbours' change, as a full roll-out would bring it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from causalcx.checks.effects import guardrails, precision, small_sample
from causalcx.checks.spillover import comparison_far
from causalcx.core.check import Check, Notice
from causalcx.core.design_keys.staggered import Staggered
from causalcx.core.effect import Effect
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Whole
from causalcx.core.readout import Readout
from causalcx.designs.contrasts import Estimates
from causalcx.designs.headline import Headline, headline
from causalcx.designs.neighbours.felt_parts import exposure_form, fallbacks, groups_of, naive, part
from causalcx.designs.neighbours.nearby import Nearby, refuse_nobody_exposed
from causalcx.designs.neighbours.spillover import (
    OWN,
    ROLLED,
    SPILL,
    TOTAL,
    UNTREATED,
    Asked,
    Joint,
    Key,
    Weights,
    joint,
    weights,
)
from causalcx.designs.roll_out.waves import Waves

ESTIMAND = "ATT with every neighbour treated too (total), group aggregation"
BY_WAVE = {OWN: OWN, TOTAL: "group"}
"""Aggregation of the effects by wave."""
OF_THE_HEADLINE = ("small-sample", "precision", "guardrail")
"""Checks of the headline, which is another one here."""
TRENDS = ("pre-trends", "parallel-trends-sensitivity", "anticipation")
"""Checks of the waves' course, less what was felt."""


@dataclass(frozen=True)
class Felt:
    """One roll-out's estimates. V variables, K estimates of each."""

    waves: Waves
    nearby: Nearby
    weights: tuple[Weights, ...]
    """[V]"""
    units: tuple[Whole, ...]
    """[V] positions of the units with every value of the variable."""
    group: Whole
    """[N] what counts as one independent value."""
    grouped_by: str
    """How errors are told in the name of the method."""

    def y(self, v: int) -> Array:
        """[N, T] of the units that have all of the variable."""
        return self.waves.values[self.units[v], :, v]

    def joint(self, asked: list[tuple[int, tuple[Key, ...]]]) -> Joint:
        """The law of estimates of variables."""
        return joint([Asked(self.weights[v], self.units[v], self.y(v), keys) for v, keys in asked], self.group)

    @property
    def method(self) -> str:
        """Name of the estimator."""
        first = self.weights[0]
        whom = "all periods without the change" if first.records.everyone else "the never treated"
        covariates = " and covariates by period" if first.records.z.shape[1] > 1 else ""
        return (
            f"imputation from {whom}{covariates} (Borusyak, Jaravel & Spiess 2024), own effect and spill-over "
            f"{first.exposure.form.told()}, errors by {self.grouped_by}"
        )

    @property
    def cleaned(self) -> Waves:
        """The roll-out less what units felt from their neighbours."""
        values = self.waves.values.copy()
        for v, found in enumerate(self.weights):
            values[self.units[v], :, v] = found.without_neighbours(self.y(v))
        return replace(self.waves, values=values)


def felt(found: Waves, design: Staggered) -> Felt:
    """Raises CannotAnswer where own effect and spill-over cannot be told apart."""
    nearby = found.nearby
    assert nearby is not None
    refuse_nobody_exposed(nearby.share)
    base = max(int(found.first.min()) - 1, 0)
    known: dict[bytes, tuple[Weights, Whole]] = {}
    chosen = []
    for complete in found.complete.T:
        if complete.tobytes() not in known:
            own = found.only(complete)
            assert own.nearby is not None
            made = weights(
                own.nearby, own.cohort, own.first, own.covariates[:, base], everyone=design.compare == "not-yet"
            )
            known[complete.tobytes()] = (made, np.flatnonzero(complete))
        chosen.append(known[complete.tobytes()])
    group, grouped_by = groups_of(nearby.group, found.cluster, design.cluster)
    return Felt(found, nearby, tuple(w for w, _ in chosen), tuple(u for _, u in chosen), group, grouped_by)


def total_effects(found: Felt, plain: Estimates) -> Estimates:
    """The totals in place of the effects of a roll-out that was estimated without its neighbours."""
    result = found.joint([(v, ((TOTAL, None), (ROLLED, None))) for v in range(len(plain.value))])
    total, rolled = slice(0, None, 2), slice(1, None, 2)
    error = np.sqrt(np.diag(result.covariance))
    return replace(
        plain, value=result.value[total], covariance=result.covariance[total, total], df=tuple(result.df[total].tolist()),
        base=plain.base + plain.value - result.value[rolled], base_error=plain.spread / np.sqrt([n for n, _ in plain.answered]) + error[rolled],
        estimand=ESTIMAND, method=found.method,
    )  # fmt: skip


def with_neighbours(
    experiment: Experiment,
    design: Staggered,
    waves: Waves,
    plain: Estimates,
    read: Callable[[Waves], Readout],
    seed: int,
) -> Readout:
    """The readout of a roll-out whose units feel each other's change.

    ``plain`` are its effects without the neighbours, ``read`` reads a roll-out that nobody else's change touches: once as
    it is, for what a careless reading claims, and once less what was felt, for its own effects, trends and pictures.
    """
    found = felt(waves, design)
    result, careless, own = headline(experiment, total_effects(found, plain), seed), read(waves), read(found.cleaned)
    alone = _alone(found, result)
    drawn = [*(p for p in own.pictures if p.code != "waves"), *(p for p in careless.pictures if p.code == "waves")]
    shown = tuple(p.model_copy(update={"code": "event-time-own"}) if p.code == "event-time" else p for p in drawn)
    return own.model_copy(
        update={
            "effects": (*result.effects, *_parts(experiment, found, result)), "covariance": result.covariance, "law": result.law,
            "arms": careless.arms, "flows": (), "pictures": shown,
            "checks": (
                *(c for c in careless.checks if c.name not in OF_THE_HEADLINE + TRENDS), _support(found),
                *(_of_the_own_change(c, alone) for c in own.checks if c.name in TRENDS),
                *small_sample(result.effects), *precision(experiment, result.effects), *guardrails(experiment, result.effects),
            ),
            "warnings": (*_still_true(careless.warnings, result), *_naive(alone, plain, result)),
            "fallbacks": (*own.fallbacks, *fallbacks(assumed=found.weights[0].assumed, linked=found.nearby.group, grouped_by=found.grouped_by)),
            "rests_on": (*_without_waves(own.rests_on), exposure_form(experiment, found.weights[0].exposure.form)),
        }
    )  # fmt: skip


def _parts(experiment: Experiment, found: Felt, result: Headline) -> tuple[Effect, ...]:
    """Of primaries: own effect, spill-over, what the roll-out brought as it was, what the untreated felt; own and total by wave."""
    return tuple(
        part
        for v, effect in enumerate(result.effects)
        if effect.role == "primary"
        for part in _of_primary(experiment, found, v, effect, (result.law.prior_mean[v], result.law.prior_sd[v]))
    )


def _of_primary(
    experiment: Experiment, found: Felt, v: int, effect: Effect, prior: tuple[float, float]
) -> list[Effect]:
    of = found.weights[v].of
    keys = [(name, None) for name in (OWN, SPILL, ROLLED, UNTREATED) if (name, None) in of]
    keys += [key for key in of if key[0] in BY_WAVE and key[1] is not None]
    law = found.joint([(v, tuple(keys))])
    told = zip(law.value.tolist(), np.diag(law.covariance).tolist(), law.df.tolist(), strict=True)
    return [part(experiment, effect, _names(found, v, key), t, prior) for key, t in zip(keys, told, strict=True)]


def _names(found: Felt, v: int, key: Key) -> dict[str, object]:
    name, wave = key
    if wave is None:
        return {"aggregation": name}
    treated = int((found.weights[v].records.wave == wave).sum())
    kept = np.unique(found.waves.cohort[found.units[v]])
    return {"aggregation": BY_WAVE[name], "cohort": found.waves.cohorts[kept[wave]], "n_treated": treated}


def _support(found: Felt) -> Check:
    """How many of the units compared with never felt anything while they were compared."""
    records, share = found.weights[0].records, found.nearby.share[found.units[0]]
    free = ~records.now
    compared = records.tell & free.any(axis=1)
    far = compared & (np.where(free, share, 0.0) == 0).all(axis=1) & ~records.now.any(axis=1)
    return comparison_far(int(far.sum()), int((compared & ~records.now.any(axis=1)).sum()))


def _alone(found: Felt, result: Headline) -> dict[str, float]:
    """The effect of the own change on every outcome."""
    own = found.joint([(v, ((OWN, None),)) for v in range(len(result.effects))]).value.tolist()
    return {e.outcome: o for e, o in zip(result.effects, own, strict=True)}


def _of_the_own_change(check: Check, alone: dict[str, float]) -> Check:
    """A check of the waves' course: the effect it speaks of is that of the own change, not the headline's."""
    facts = {"estimate": alone[check.facts["outcome"]], "shape": "own"}
    return check.model_copy(update={"facts": check.facts | facts})


def _still_true(warnings: tuple[Notice, ...], result: Headline) -> list[Notice]:
    """What was said of the roll-out without neighbours, set against the total."""
    totals = {e.outcome: e.estimate for e in result.effects}
    return [
        n.model_copy(update={"facts": n.facts | {"estimate": totals[n.facts["outcome"]]}}) if "naive" in n.facts else n
        for n in warnings
        if n.code not in ("two-way-misleads", "pairs-left-out")
    ]


def _without_waves(assumed: tuple[Notice, ...]) -> list[Notice]:
    """No anticipation; that waves did not reach each other is not assumed here."""
    return [
        n.model_copy(update={"code": "no-anticipation-felt"}) if n.code == "no-anticipation" else n for n in assumed
    ]


def _naive(alone: dict[str, float], plain: Estimates, result: Headline) -> tuple[Notice, ...]:
    """Per primary, what a comparison that ignores the neighbours would claim."""
    return tuple(
        naive(e, float(claimed), alone[e.outcome])
        for e, claimed in zip(result.effects, plain.value, strict=True)
        if e.role == "primary"
    )
