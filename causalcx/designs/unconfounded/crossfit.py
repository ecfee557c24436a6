"""Cross-fitted nuisances by EconML's doubly robust learner: one fold split for all outcomes and arms.

EconML's ``DRLearner`` splits, fits and predicts; it keeps neither the nuisances nor the scores of several outcomes. So it
is given nuisance models that answer for all outcomes at once, and a final step that keeps what they predicted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import numpy as np

from causalcx.core.moments import Array, Whole
from causalcx.designs.unconfounded.nuisances import Nuisance, Predict, side_by_side


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
    fitted: list[Predict | None] = field(default_factory=list, init=False)
    """The propensity, then the outcomes: variables by arms."""

    def train(self, is_selecting: bool, _folds: Any, y: Array, t: Array, **given: Array) -> _ArmModels:
        """Fit the propensity on all, each outcome model on its arm. Nothing is selected here: that was done before."""
        if not is_selecting:
            arm, x = _arm_of(t), given["W"]
            own = [arm == a for a in range(len(self.models.outcomes[0]))]
            fits: list[Callable[[], Predict | None]] = [partial(self.models.propensity.fitted, x, arm)]
            fits += [
                partial(_fitted, model, x[rows], y[rows, v])
                for v, row in enumerate(self.models.outcomes)
                for model, rows in zip(row, own, strict=True)
            ]
            self.fitted = side_by_side(fits)
        return self

    def predict(self, _y: Array, _t: Array, **given: Array) -> tuple[Array, Array]:
        """[n, V, A] outcomes and [n, A] propensities."""
        x = given["W"]
        propensity, *found = side_by_side(partial(_predicted, predict, x) for predict in self.fitted)
        means = [f[:, 1] if f.ndim == 2 else f for f in found]
        shape = len(self.models.outcomes), len(self.models.outcomes[0])
        return np.stack(means, axis=1).reshape(len(x), *shape), propensity


def _arm_of(t: Array) -> Whole:
    """EconML's one-hot treatment, control left out, as positions."""
    return np.where(t.any(axis=1), t.argmax(axis=1) + 1, 0)


def _predicted(predict: Predict | None, x: Array) -> Array:
    return np.full(len(x), np.nan) if predict is None else predict(x)


def _fitted(model: Nuisance | None, x: Array, y: Array) -> Predict | None:
    return None if model is None else model.fitted(x, y)


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
