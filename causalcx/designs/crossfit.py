"""Cross-fitted nuisances by EconML's doubly robust learner: one fold split for all outcomes and arms.

EconML's ``DRLearner`` splits, fits and predicts; it keeps neither the nuisances nor the scores of several outcomes. So it
is given nuisance models that answer for all outcomes at once, and a final step that keeps what they predicted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from causalcx.core.moments import Array, Whole
from causalcx.designs.nuisances import Nuisance, Predict


@dataclass(frozen=True)
class Models:
    """The chosen nuisances: the propensity, and one outcome model per variable and arm (None where none is needed)."""

    propensity: Nuisance
    outcomes: tuple[tuple[Nuisance | None, ...], ...]
    """[V][A]"""


@dataclass(frozen=True)
class Predicted:
    """Out-of-fold predictions of one split. Axes: n units, V variables, A arms."""

    outcome: Array
    """[n, V, A] expected outcome under each arm; NaN where no model was asked for."""
    propensity: Array
    """[n, A] probability of each arm."""


Folds = Sequence[tuple[Any, Any]]


def folds_of(arm: Whole, folds: int, seed: int) -> Folds:
    """A split stratified by arm."""
    from sklearn.model_selection import StratifiedKFold

    return list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(np.zeros(len(arm)), arm))


def cross_fitted(x: Array, arm: Whole, y: Array, models: Models, folds: Folds) -> Predicted:
    """Predictions for every unit by models that did not see it. ``x`` [n, k], ``arm`` [n] from 0, ``y`` [n, V]."""
    learner = _learner()(
        model_propensity=models.propensity, model_regression=models.outcomes, cv=folds, categories=list(range(int(arm.max()) + 1)),
    )  # fmt: skip
    learner.fit(y, arm, W=x, inference=None)
    return Predicted(*learner.ortho_learner_model_final_.kept)


def propensities(x: Array, arm: Whole, model: Nuisance, folds: Folds) -> Array:
    """[n, A] out-of-fold probabilities alone: the same as :func:`cross_fitted` predicts with the same model and folds."""
    found = np.empty((len(arm), int(arm.max()) + 1))
    for train, test in folds:
        found[test] = model.fitted(x[train], arm[train])(x[test])
    return found


@dataclass
class _ArmModels:
    """What EconML fits on each fold: duck-typed as its nuisance models are."""

    models: Models
    fitted: tuple[Predict, list[list[Predict | None]]] | None = field(default=None, init=False)

    def train(self, is_selecting: bool, _folds: Any, y: Array, t: Array, **given: Array) -> _ArmModels:
        """Fit the propensity on all, each outcome model on its arm. Nothing is selected here: that was done before."""
        if not is_selecting:
            arm, x = _arm_of(t), given["W"]
            outcomes = [
                [None if m is None else m.fitted(x[arm == a], y[arm == a, v]) for a, m in enumerate(row)]
                for v, row in enumerate(self.models.outcomes)
            ]
            self.fitted = self.models.propensity.fitted(x, arm), outcomes
        return self

    def predict(self, _y: Array, _t: Array, **given: Array) -> tuple[Array, Array]:
        """[n, V, A] outcomes and [n, A] propensities."""
        assert self.fitted is not None
        propensity, outcomes = self.fitted
        x = given["W"]
        return np.stack([np.column_stack([_means(p, x) for p in row]) for row in outcomes], axis=1), propensity(x)


def _arm_of(t: Array) -> Whole:
    """EconML's one-hot treatment, control left out, as positions."""
    return np.where(t.any(axis=1), t.argmax(axis=1) + 1, 0)


def _means(predict: Predict | None, x: Array) -> Array:
    if predict is None:
        return np.full(len(x), np.nan)
    found = predict(x)
    return found[:, 1] if found.ndim == 2 else found


@dataclass
class _Keep:
    """The final step: keeps the nuisances of all units."""

    kept: tuple[Array, ...] = ()

    def fit(self, _y: Array, _t: Array, *, nuisances: tuple[Array, ...], **_: Any) -> _Keep:
        """Nothing is estimated here; the scores of every estimand are made from what is kept."""
        self.kept = nuisances
        return self


@cache
def _learner() -> type:
    from econml.dr import DRLearner

    class KeepingLearner(DRLearner):
        """The doubly robust learner with its two extension points filled: the nuisance model and the final model."""

        def _gen_ortho_learner_model_nuisance(self) -> _ArmModels:
            return _ArmModels(Models(self.model_propensity, self.model_regression))

        def _gen_ortho_learner_model_final(self) -> _Keep:
            return _Keep()

    return KeepingLearner
