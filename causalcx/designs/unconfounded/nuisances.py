"""Nuisance models regularised to the sample: penalised linear or boosted trees, whichever predicts better.

Library defaults overfit below ten thousand rows, and an overfitted propensity is worse than none. So each nuisance is
chosen by its cross-validated loss among linear models of several penalties on standardised covariates, and boosted trees
whose number is where the mean loss over the folds stops falling. The choice is made once, on at most ``LARGEST`` rows, and
then kept for every split of the data.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np

from causalcx.core.moments import Array, Whole

LARGEST = 20_000
"""Rows on which a model is chosen."""
FOLDS = 3
PENALTIES = (0.01, 0.1, 1.0, 10.0)
"""Inverse penalties C of the logistic, and of the ridge as alpha = 1 / C."""
MOST_TREES, PATIENCE, RATE = 300, 20, 0.1
LEAST_FOR_TREES = 200
"""Rows below which trees are not tried."""
THREADS = 1
"""More threads give the same numbers; on a shared machine they wait for each other far longer than they save."""
CLIP = 1e-6
Engine = Literal["LightGBM", "HistGradientBoosting"]
Predict = Callable[[Array], Array]


@cache
def engine() -> Engine:
    """LightGBM, or scikit-learn's trees where LightGBM's library does not load (its wheel needs the system's libgomp)."""
    try:
        import lightgbm  # noqa: F401
    except (ImportError, OSError):
        return "HistGradientBoosting"
    return "LightGBM"


@contextmanager
def one_thread() -> Generator[None]:
    """Linear algebra and trees on one thread: sums then come in one order, and small fits do not wait for each other."""
    import sklearn.ensemble  # noqa: F401  (limits reach only libraries that are loaded)
    from threadpoolctl import threadpool_limits

    engine()
    with threadpool_limits(limits=1):
        yield


def side_by_side[T](fits: Iterable[Callable[[], T]]) -> list[T]:
    """Independent fits on all cores, each on one thread: the numbers do not depend on how many cores there are."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [begun.result() for begun in [pool.submit(fit) for fit in fits]]


@dataclass(frozen=True)
class Nuisance:
    """A model that was chosen, not yet fitted."""

    target: Literal["class", "value"]
    """Classes 0, 1, ... (probabilities are predicted), or a number (its mean is)."""
    trees: int | None = None
    """Number of boosted trees; None for the linear model."""
    penalty: float = 1.0
    seed: int = 0
    loss: float = float("nan")
    """Cross-validated log loss per row, or squared error."""
    size: int = 0
    """Rows for which the shape of the trees was chosen; 0: those that they are fitted on."""

    @property
    def name(self) -> str:
        """For the method's line in the appendix."""
        if self.trees is None:
            return "penalised logistic" if self.target == "class" else "ridge"
        return f"{engine()}, {self.trees} trees"

    def estimator(self, rows: int) -> Any:
        """A scikit-learn estimator for a sample of this size."""
        if self.trees is not None:
            return boosted(self.target, self.trees, self.size or rows, self.seed)
        return linear(self.target, self.penalty, self.seed)

    def fitted(self, x: Array, y: Array | Whole) -> Predict:
        """Fit, and return what predicts: [n, classes] probabilities, or [n] means. A constant target predicts itself."""
        if self.target == "value" or y.min() == y.max():
            return _constant(y) if y.min() == y.max() else self.estimator(len(y)).fit(x, y).predict
        return self.estimator(len(y)).fit(x, y.astype(int)).predict_proba


def _constant(y: Array | Whole) -> Predict:
    value = float(y[0])
    return lambda x: np.full(len(x), value)


def linear(target: str, penalty: float, seed: int) -> Any:
    """Logistic or ridge regression on standardised covariates."""
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = (
        LogisticRegression(C=penalty, max_iter=1000, random_state=seed)
        if target == "class"
        else Ridge(alpha=1 / penalty)
    )
    return make_pipeline(StandardScaler(), model)


def boosted(target: str, trees: int, rows: int, seed: int) -> Any:
    """Boosted trees, small ones on small samples; the same numbers whatever the number of threads."""
    leaves, least = _shape(rows)
    if engine() == "LightGBM":
        import lightgbm

        kind = lightgbm.LGBMClassifier if target == "class" else lightgbm.LGBMRegressor
        return kind(n_estimators=trees, **_lightgbm(rows, seed))
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    other = HistGradientBoostingClassifier if target == "class" else HistGradientBoostingRegressor
    return other(
        max_iter=trees, learning_rate=RATE, max_leaf_nodes=leaves, min_samples_leaf=least, l2_regularization=1.0,
        early_stopping=False, random_state=seed,
    )  # fmt: skip


def _lightgbm(rows: int, seed: int) -> dict[str, Any]:
    leaves, least = _shape(rows)
    return {
        "learning_rate": RATE, "num_leaves": leaves, "min_child_samples": least, "reg_lambda": 1.0, "random_state": seed,
        "n_jobs": THREADS, "deterministic": True, "force_row_wise": True, "verbose": -1,
    }  # fmt: skip


def _shape(rows: int) -> tuple[int, int]:
    """Leaves of a tree, and the least rows of a leaf."""
    return (4, 20) if rows < 1_000 else (8, 20) if rows < 10_000 else (31, 50)


def chosen(x: Array, y: Array | Whole, target: Literal["class", "value"], seed: int, *, trees: bool = True) -> Nuisance:
    """The model with the smallest cross-validated loss; [n, k] covariates and [n] target.

    Too few rows for folds, or a class too rare for them, leave the linear model of the strongest penalty.
    """
    rows = _sample(len(y), seed)
    x, y = x[rows], y[rows]
    if min(_counts(y, target)) < 2 * FOLDS:
        return Nuisance(target, penalty=PENALTIES[0], seed=seed)
    folds = list(_folds(y, target, seed))
    candidates = [_linear_loss(x, y, target, c, folds, seed) for c in PENALTIES]
    if trees and len(y) >= LEAST_FOR_TREES:
        candidates.append(_tree_loss(x, y, target, folds, seed))
    return min(candidates, key=lambda n: n.loss)


def _sample(n: int, seed: int) -> Any:
    return slice(None) if n <= LARGEST else np.sort(np.random.default_rng(seed).choice(n, LARGEST, replace=False))


def _counts(y: Array | Whole, target: str) -> list[int]:
    return np.unique(y, return_counts=True)[1].tolist() if target == "class" and y.min() < y.max() else [len(y)]


def _folds(y: Array | Whole, target: str, seed: int) -> Iterable[tuple[Any, Any]]:
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = StratifiedKFold if target == "class" else KFold
    return kind(FOLDS, shuffle=True, random_state=seed).split(np.zeros(len(y)), y)


def _linear_loss(x: Array, y: Array | Whole, target: Any, penalty: float, folds: list, seed: int) -> Nuisance:
    model = Nuisance(target, penalty=penalty, seed=seed)
    losses = [_loss(y[test], model.fitted(x[train], y[train])(x[test]), target) for train, test in folds]
    return Nuisance(target, penalty=penalty, seed=seed, loss=float(np.mean(losses)))


def _loss(y: Array | Whole, predicted: Array, target: str) -> float:
    if target == "value" or predicted.ndim == 1:
        return float(np.mean((y - predicted) ** 2))
    return float(-np.mean(np.log(np.clip(predicted[np.arange(len(y)), y.astype(int)], CLIP, 1))))


def _tree_loss(x: Array, y: Array | Whole, target: Any, folds: list, seed: int) -> Nuisance:
    """The number of trees at which the loss, averaged over the folds, is smallest."""
    curve = (_lightgbm_curve if engine() == "LightGBM" else _sklearn_curve)(x, y, target, folds, seed)
    best = int(np.argmin(curve))
    return Nuisance(target, trees=best + 1, seed=seed, loss=float(curve[best]), size=len(y))


def _lightgbm_curve(x: Array, y: Array | Whole, target: str, folds: list, seed: int) -> Array:
    import lightgbm

    classes = len(np.unique(y)) if target == "class" else 0
    objective = (
        {"objective": "l2", "metric": "l2"} if not classes else {"objective": "binary", "metric": "binary_logloss"}
    )
    if classes > 2:
        objective = {"objective": "multiclass", "metric": "multi_logloss", "num_class": classes}
    found = lightgbm.cv(
        objective | _lightgbm(len(y), seed), lightgbm.Dataset(x, y, params={"verbose": -1}), MOST_TREES, folds=folds,
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )  # fmt: skip
    return np.asarray(next(values for name, values in found.items() if name.endswith("-mean")))


def _sklearn_curve(x: Array, y: Array | Whole, target: str, folds: list, seed: int) -> Array:
    curves = []
    for train, test in folds:
        model = boosted(target, MOST_TREES // 2, len(y), seed).fit(
            x[train], y[train].astype(int) if target == "class" else y[train]
        )
        steps = model.staged_predict_proba(x[test]) if target == "class" else model.staged_predict(x[test])
        curves.append([_loss(y[test], step, target) for step in steps])
    return np.mean(curves, axis=0)
