"""Uncertain numbers as draws: a named assumption is one random variable, an unnamed span another for each place."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from causalcx.core.experiment import Experiment
from causalcx.core.money_rules import Place, log_normal_parameters, pert_shapes, quantities
from causalcx.core.money_terms import Value
from causalcx.core.quantities import LogNormal, Normal, Pert

Array = NDArray[np.float64]
Number = float | Pert | Normal | LogNormal
Domain = tuple[float, float]

ANYTHING: Domain = (-math.inf, math.inf)


@dataclass(frozen=True)
class Numbers:
    """Draws of every number that the money half of a file states; shape [1] where certain, [draws] where uncertain."""

    at: dict[Place, Array]
    """By place, for example ``("value", "streams", 0, "worth")``."""
    named: dict[str, Array]
    """By name of the assumption, used or not."""
    name_at: dict[Place, str]
    """The assumption that a place refers to; places with a number or a span of their own are absent."""
    domain: dict[Place, Domain]
    """What each place allows."""

    def users(self, name: str) -> list[Place]:
        """The places that refer to an assumption."""
        return [place for place, known in self.name_at.items() if known == name]


def draw_numbers(experiment: Experiment, value: Value, *, seed: int, draws: int) -> Numbers:
    """Draw every stated number. Values outside the domain (refused in the file from 0.1 % on) are moved to its edge."""
    stated = [stated for stated in quantities(experiment, value) if stated[1] is not None]
    name_at = {place: quantity for place, quantity, *_ in stated if isinstance(quantity, str)}
    domain = {place: limits for place, _, limits, _ in stated}
    named: dict[str, Array] = {}
    for a in experiment.assumptions:
        limits = _narrowest(domain[place] for place in name_at if name_at[place] == a.key)
        named[a.key] = draw(a.value, limits, ("assumption", a.key), seed, draws)
    at = {
        place: named[quantity] if isinstance(quantity, str) else draw(quantity, limits, place, seed, draws)
        for place, quantity, limits, _ in stated
    }
    return Numbers(at, named, name_at, domain)


def draw(number: Number, domain: Domain, identity: Place, seed: int, draws: int) -> Array:
    """Draws by the inverse distribution function of uniforms that depend on (seed, identity) only."""
    if isinstance(number, (int, float)):
        return np.array([float(number)])
    return np.clip(inverse(number, uniforms(identity, seed, draws)), *domain)


def uniforms(identity: Place, seed: int, draws: int) -> Array:
    """[draws] uniforms in (0, 1), the same for the same (seed, identity) on every machine."""
    digest = hashlib.sha256(json.dumps([seed, *identity]).encode()).digest()
    stream = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16])))
    return np.maximum(stream.random(draws), 2.0**-54)


def inverse(span: Pert | Normal | LogNormal, u: Array) -> Array:
    """Quantiles of a span: PERT (λ = 4) as a scaled beta, normal, log-normal."""
    if isinstance(span, Pert):
        return span.low + (span.high - span.low) * special.betaincinv(*pert_shapes(span), u)
    if isinstance(span, Normal):
        return span.mean + span.sd * special.ndtri(u)
    mu, sigma = log_normal_parameters(span)
    return np.exp(mu + sigma * special.ndtri(u))


def _narrowest(domains: Iterable[Domain]) -> Domain:
    """What all users of an assumption allow, so that it stays one variable."""
    lows, highs = zip(ANYTHING, *domains, strict=True)
    return max(lows), min(highs)
