"""DoWhy's refuters on the doubly robust estimate: a treatment dealt out at random, and a column of noise among the causes.

They refit on at most ``ROWS`` rows with penalised linear nuisances, so that their time is bounded whatever the data and
the chosen models; the number of rows and simulations is said in the facts. Each simulation fits its own propensities.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from causalcx.core.moments import Array, Whole
from causalcx.designs.unconfounded.aipw import Effect, influences
from causalcx.designs.unconfounded.crossfit import Predicted, folds_of
from causalcx.designs.unconfounded.nuisances import Nuisance

ROWS, SIMULATIONS, FOLDS = 2_000, 20, 2
OUTCOME, TREATMENT, PLACEBO_SEED, NOISE_SEED = "outcome", "treatment", 1, 2


@dataclass(frozen=True)
class Refuted:
    """What came of one refuter."""

    estimate: float
    """On the rows that were used, before anything was changed."""
    refuted: float
    """Mean over the simulations."""
    p: float
    """DoWhy's test that 0 (placebo), or the estimate (random cause), is one of the simulations, taken as normal."""
    simulations: int
    rows: int

    @property
    def facts(self) -> dict[str, Any]:
        """For the check."""
        return {
            "estimate": self.estimate,
            "refuted": self.refuted,
            "p": self.p,
            "simulations": self.simulations,
            "rows": self.rows,
        }


def refute(x: Array, treated: Whole, y: Array, effect: Effect, seed: int) -> tuple[Refuted, Refuted]:
    """Placebo treatment and random common cause. ``x`` [n, k], ``treated`` [n] 0 or 1, ``y`` [n] in effect units."""
    import pandas as pd
    from dowhy.causal_refuters import refute_placebo_treatment, refute_random_common_cause
    from dowhy.causal_refuters.placebo_treatment_refuter import PlaceboType

    rows = _sample(treated, seed)
    names = [f"x{i}" for i in range(x.shape[1])]
    data = pd.DataFrame(x[rows], columns=names).assign(**{TREATMENT: treated[rows], OUTCOME: y[rows]})
    estimand = _estimand(names)
    estimate = _estimator()(estimand, effect, seed).fit(data).estimate_effect(data)
    common: dict[str, Any] = {"num_simulations": SIMULATIONS, "n_jobs": 1}
    with _quiet("dowhy"):  # each call would log that its p-value is a normal one, as said above
        placebo = refute_placebo_treatment(
            data, estimand, estimate, [TREATMENT], placebo_type=PlaceboType.PERMUTE,
            random_state=np.random.RandomState(seed + PLACEBO_SEED), **common,
        )  # fmt: skip
        noise = refute_random_common_cause(
            data, estimand, estimate, random_state=np.random.RandomState(seed + NOISE_SEED), **common
        )  # fmt: skip
    placebo_result, noise_result = (_refuted(float(estimate.value), found, len(rows)) for found in (placebo, noise))
    return placebo_result, noise_result


@contextmanager
def _quiet(name: str) -> Generator[None]:
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _sample(treated: Whole, seed: int) -> Whole:
    """About ``ROWS`` rows in the arms' proportion, but at least a quarter of them from the smaller arm where it has as many."""
    if len(treated) <= ROWS:
        return np.arange(len(treated))
    rng = np.random.default_rng(seed)
    parts = [np.flatnonzero(treated == a) for a in (0, 1)]
    few = min(len(p) for p in parts)
    least = min(few, ROWS // 4)
    taken = [max(least, round(ROWS * len(p) / len(treated))) for p in parts]
    return np.sort(
        np.concatenate([rng.choice(p, min(n, len(p)), replace=False) for p, n in zip(parts, taken, strict=True)])
    )


def _refuted(estimate: float, found: Any, rows: int) -> Refuted:
    return Refuted(
        estimate, float(found.new_effect), float(np.clip(found.refutation_result["p_value"], 0, 1)), SIMULATIONS, rows
    )


def _estimand(names: list[str]) -> Any:
    from dowhy.causal_identifier import IdentifiedEstimand

    return IdentifiedEstimand(
        None, treatment_variable=[TREATMENT], outcome_variable=[OUTCOME], backdoor_variables={"backdoor": names},
        default_backdoor_id="backdoor", identifier_method="backdoor",
    )  # fmt: skip


def doubly_robust(x: Array, treated: Whole, y: Array, effect: Effect, seed: int) -> float:
    """Cross-fitted AIPW with penalised linear nuisances, one split."""
    outcome, propensity = np.full((len(y), 1, 2), np.nan), np.empty((len(y), 2))
    for train, test in folds_of(treated, FOLDS, seed):
        propensity[test] = Nuisance("class", seed=seed).fitted(x[train], treated[train])(x[test])
        for a in (0, 1):
            own = train[treated[train] == a]
            outcome[test, 0, a] = Nuisance("value", seed=seed).fitted(x[own], y[own])(x[test])
    means, _ = influences(Predicted(outcome, propensity), treated, y[:, None], np.ones((len(y), 1), bool), effect)
    return float(means[0] - means[1])


@cache
def _estimator() -> type:
    from dowhy.causal_estimator import CausalEstimate, CausalEstimator

    class DoublyRobust(CausalEstimator):
        """The estimator as DoWhy's refuters call it: they change estimand and data, and fit anew."""

        def __init__(self, estimand: Any, effect: Effect, seed: int) -> None:
            super().__init__(estimand)
            self._effect, self._seed = effect, seed
            self._effect_modifier_names: list[str] = []
            self._target_units = effect

        def fit(self, data: Any, effect_modifier_names: Any = None) -> Any:  # noqa: ARG002
            return self

        def estimate_effect(self, data: Any, treatment_value: Any = 1, control_value: Any = 0, **_: Any) -> Any:
            treatment, outcome = self._target_estimand.treatment_variable[0], self._target_estimand.outcome_variable[0]
            x = data[self._target_estimand.get_adjustment_set()].to_numpy(float)
            value = doubly_robust(
                x, data[treatment].to_numpy(), data[outcome].to_numpy(float), self._effect, self._seed
            )
            found = CausalEstimate(
                data=None, treatment_name=[treatment], outcome_name=[outcome], estimate=value, target_estimand=self._target_estimand,
                realized_estimand_expr=None, control_value=control_value, treatment_value=treatment_value,
            )  # fmt: skip
            found.add_estimator(self)
            return found

    return DoublyRobust
