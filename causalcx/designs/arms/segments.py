"""Effects on the parts of one segment column, partially pooled and centred on the headline, so that the parts add up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from causalcx.checks.sampling import convergence
from causalcx.core.check import Check, Notice
from causalcx.core.effect import Effect
from causalcx.core.errors import CannotAnswer
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array
from causalcx.designs.contrasts import Estimates

METHOD = "partial pooling over segments (normal-normal), centred on the headline"


class Part(Protocol):
    """The data of a segment: moments, or rows."""

    @property
    def units(self) -> Array:
        """Units that count, in any number of cells."""


@dataclass(frozen=True)
class Segments:
    """Effects per segment, what the sampler says, and which parts were left out."""

    effects: tuple[Effect, ...] = ()
    checks: tuple[Check, ...] = ()
    notices: tuple[Notice, ...] = ()


def segments[P: Part](
    experiment: Experiment,
    parts: Mapping[str, P],
    estimate: Callable[[P], Estimates],
    headlines: tuple[Effect, ...],
    seed: int,
) -> Segments:
    """Primaries by segment.

    The posterior mean of segment g is shifted by headline - sum_g share_g theta_g, share_g its share of the units, so that
    the parts add up to the whole.
    """
    found, notices = _estimates(parts, estimate)
    if len(found) < 2:
        return Segments(notices=notices)
    primaries = [e for e in headlines if e.role == "primary"]
    levels = list(found)
    value = np.array([[_of(found[g], e)[0] for g in levels] for e in primaries])
    error = np.array([[_of(found[g], e)[1] for g in levels] for e in primaries])
    share = np.array([parts[g].units.sum() for g in levels])
    return _pooled(experiment, primaries, levels, value, error, share / share.sum(), found, notices, seed)


def _estimates[P: Part](
    parts: Mapping[str, P], estimate: Callable[[P], Estimates]
) -> tuple[dict[str, Estimates], tuple[Notice, ...]]:
    found: dict[str, Estimates] = {}
    notices = []
    for level, part in parts.items():
        estimates = _estimated(part, estimate)
        if estimates is None:
            notices.append(Notice(code="segment-left-out", facts={"segment": level, "units": int(part.units.sum())}))
        else:
            found[level] = estimates
    return found, tuple(notices)


def _estimated[P](part: P, estimate: Callable[[P], Estimates]) -> Estimates | None:
    """A segment's estimates; None where it has too few answers, or no spread to tell an effect's error from."""
    try:
        estimates = estimate(part)
    except CannotAnswer:
        return None
    return estimates if (np.diag(estimates.covariance) > 0).all() else None


def _of(estimates: Estimates, effect: Effect) -> tuple[float, float]:
    c = estimates.labels.index(effect.label)
    return float(estimates.value[c]), float(np.sqrt(estimates.covariance[c, c]))


def _pooled(
    experiment: Experiment, primaries: list[Effect], levels: list[str], value: Array, error: Array, share: Array,
    found: Mapping[str, Estimates], notices: tuple[Notice, ...], seed: int,
) -> Segments:  # fmt: skip
    from causalcx.models.pooling import pool

    pooled = pool(value, error, seed=seed)
    centre = np.array([e.estimate for e in primaries]) - pooled.mean @ share
    draws = pooled.draws + centre[None, :, None]
    effects = tuple(
        _effect(experiment, effect, level, draws[:, k, g], found[level])
        for k, effect in enumerate(primaries)
        for g, level in enumerate(levels)
    )
    return Segments(effects, (convergence(pooled.r_hat, pooled.ess, pooled.divergences),), notices)


def _effect(experiment: Experiment, headline: Effect, level: str, draws: Array, estimates: Estimates) -> Effect:
    outcome, c = experiment.outcome(headline.outcome), estimates.labels.index(headline.label)
    low, high = np.quantile(draws, [0.025, 0.975])
    matters = None if outcome.matters is None else float((outcome.sign * draws > outcome.matters).mean())
    treated, control = estimates.answered[c]
    change = {
        "estimand": f"{headline.estimand} in segment", "estimate": float(draws.mean()), "std_error": float(draws.std()), "df": None,
        "low": float(low), "high": float(high), "p_value": None, "p_adjusted": None, "adjustment": None,
        "probability_better": float((outcome.sign * draws > 0).mean()), "probability_matters": matters,
        "baseline": float(estimates.base[c]), "relative": None, "method": METHOD, "n_treated": treated, "n_control": control,
        "segment": f"{experiment.segments[0]}={level}",
    }  # fmt: skip
    return headline.model_copy(update=change)
