"""Effects on the parts of one segment column, partially pooled and, where what they count for is known, centred on the headline."""

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

METHOD = "partial pooling over segments (normal-normal)"


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
    whole: Estimates,
    headlines: tuple[Effect, ...],
    seed: int,
) -> Segments:
    """Primaries by segment.

    All segments are shifted by headline - sum_g share_g theta_g, share_g the share of what the headline counts that lies in
    segment g, so that the parts add up to the whole; not so where they do not make it up, as when one was left out.
    """
    found, notices = _estimates(parts, estimate)
    if len(found) < 2:
        return Segments(notices=notices)
    primaries = [e for e in headlines if e.role == "primary"]
    levels = list(found)
    value = np.array([[_of(found[g], e)[0] for g in levels] for e in primaries])
    error = np.array([[_of(found[g], e)[1] for g in levels] for e in primaries])
    shares = [_shares(found, whole, e) for e in primaries]
    return _pooled(experiment, primaries, levels, value, error, shares, found, notices, seed)


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
    """Value and standard error, to ten digits: what the order of the rows does to the last ones would send the sampler elsewhere."""
    c = estimates.labels.index(effect.label)
    return float(f"{estimates.value[c]:.10g}"), float(f"{np.sqrt(estimates.covariance[c, c]):.10g}")


def _shares(found: Mapping[str, Estimates], whole: Estimates, effect: Effect) -> Array | None:
    """[G] what each part counts for in the headline; None where the parts do not make it up, or that is not known."""
    counted, *own = (e.counted[e.labels.index(effect.label)] for e in (whole, *found.values()))
    return np.array(own) / counted if sum(own) == counted else None


def _pooled(
    experiment: Experiment, primaries: list[Effect], levels: list[str], value: Array, error: Array, shares: list[Array | None],
    found: Mapping[str, Estimates], notices: tuple[Notice, ...], seed: int,
) -> Segments:  # fmt: skip
    from causalcx.models.pooling import pool

    pooled = pool(value, error, seed=seed)
    centres = [
        0.0 if share is None else effect.estimate - float(mean @ share)
        for effect, share, mean in zip(primaries, shares, pooled.mean, strict=True)
    ]
    methods = [METHOD + ("" if share is None else ", centred on the headline") for share in shares]
    effects = tuple(
        _effect(experiment, effect, level, pooled.draws[:, k, g] + centres[k], found[level], methods[k])
        for k, effect in enumerate(primaries)
        for g, level in enumerate(levels)
    )
    return Segments(effects, (convergence(pooled.r_hat, pooled.ess, pooled.divergences),), notices)


def _effect(
    experiment: Experiment, headline: Effect, level: str, draws: Array, estimates: Estimates, method: str
) -> Effect:
    outcome, c = experiment.outcome(headline.outcome), estimates.labels.index(headline.label)
    low, high = np.quantile(draws, [0.025, 0.975])
    matters = None if outcome.matters is None else float((outcome.sign * draws > outcome.matters).mean())
    treated, control = estimates.answered[c]
    change = {
        "estimand": f"{headline.estimand} in segment", "estimate": float(draws.mean()), "std_error": float(draws.std()), "df": None,
        "low": float(low), "high": float(high), "p_value": None, "p_adjusted": None, "adjustment": None,
        "probability_better": float((outcome.sign * draws > 0).mean()), "probability_matters": matters,
        "baseline": float(estimates.base[c]), "relative": None, "method": method, "n_treated": treated, "n_control": control,
        "segment": f"{experiment.segments[0]}={level}",
    }  # fmt: skip
    return headline.model_copy(update=change)
