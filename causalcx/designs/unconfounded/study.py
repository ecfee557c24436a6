"""From a frame to joint means of every outcome and arm: models chosen, nuisances cross-fitted, splits combined.

Outcomes are grouped by their adjustment set and by who answered; a group shares its propensity. All groups share one fold
split per repetition, so that their influence values, and with them the joint covariance, belong to the same units.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from causalcx.core.check import Notice
from causalcx.core.errors import CannotAnswer
from causalcx.core.moments import Array, Flags, Whole
from causalcx.core.need import Frame, variables_of
from causalcx.core.outcomes import Outcome
from causalcx.designs.features import features
from causalcx.designs.unconfounded.aipw import Effect, Means, combined, influences, kept
from causalcx.designs.unconfounded.crossfit import Folds, Models, Predicted, cross_fitted, folds_of, propensities
from causalcx.designs.unconfounded.identification import Identified
from causalcx.designs.unconfounded.nuisances import Nuisance, chosen, side_by_side

SPLITS = 5
MANY_ROWS, FEW_FOLDS, MORE_FOLDS = 20_000, 2, 5
"""Rows from which two folds leave enough to learn from."""


@dataclass(frozen=True)
class Group:
    """Outcomes with one adjustment set and the same units answering."""

    outcomes: tuple[Outcome, ...]
    adjusts_for: tuple[str, ...]
    rows: Whole
    """Positions of the units in the frame."""
    x: Array
    arm: Whole
    y: Array
    """[n, V]"""

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the columns of ``y``."""
        return tuple(v for o in self.outcomes for v in variables_of(o))


@dataclass(frozen=True)
class Overlap:
    """Who has comparable counterparts."""

    kept: int
    units: int
    """All units (ATE), or the treated (ATT); of the group and arm where the share is smallest."""
    counts: Flags = field(repr=False)
    """[n, A - 1] units that count."""

    @property
    def share(self) -> float:
        """Kept over units."""
        return self.kept / self.units


@dataclass(frozen=True)
class Study:
    """The joint result before it is put into outcome units. P pairs of variable and treated arm, in ``pairs`` order."""

    pairs: tuple[tuple[str, int], ...]
    means: Means
    overlap: Overlap
    """Of the group with the smallest share."""
    folds: int
    models: dict[str, Nuisance]
    """By what they predict: ``propensity`` and the variables, each for its first group and arm."""
    used: dict[str, tuple[int, ...]]
    """Units per arm that count, per outcome."""


def groups_of(frame: Frame, identified: tuple[Identified, ...]) -> tuple[Group, ...]:
    """Outcomes by adjustment set and missing values."""
    found: dict[tuple[tuple[str, ...], bytes], list[Outcome]] = {}
    for one in identified:
        answered = ~np.isnan(frame.outcomes[one.outcome.key])
        found.setdefault((one.adjusts_for, answered.tobytes()), []).append(one.outcome)
    return tuple(
        _group(frame, adjusts_for, np.frombuffer(mask, bool), outcomes)
        for (adjusts_for, mask), outcomes in found.items()
    )


def _group(frame: Frame, adjusts_for: tuple[str, ...], answered: Flags, outcomes: list[Outcome]) -> Group:
    rows = np.flatnonzero(answered)
    y = np.column_stack([part for o in outcomes for part in variables(frame, o, rows)])
    arm = frame.arm[rows]
    least = int(np.bincount(arm, minlength=len(frame.profile.arms)).min())
    if least < 2 * MORE_FOLDS:
        raise CannotAnswer(
            "Outcome {outcome}: an arm has {units} units with a value; at least {least} are needed to compare without randomisation.",
            outcome=outcomes[0].key, units=least, least=2 * MORE_FOLDS,
        )  # fmt: skip
    return Group(tuple(outcomes), adjusts_for, rows, features(frame, adjusts_for).values[rows], arm, y)


def variables(frame: Frame, outcome: Outcome, rows: Whole) -> list[Array]:
    """Promoters and detractors for NPS, pseudo-values of share and time for a duration, the values otherwise."""
    if outcome.kind == "duration":
        return [frame.outcomes[name][rows] for name in (outcome.key, variables_of(outcome)[1])]
    values = frame.outcomes[outcome.key][rows]
    return [(values >= 9).astype(float), (values <= 6).astype(float)] if outcome.kind == "nps" else [values]


def splits_of(frame: Frame, seed: int) -> tuple[list[Folds], int]:
    """The same splits for every group, and the number of folds."""
    folds = FEW_FOLDS if len(frame.arm) >= MANY_ROWS else MORE_FOLDS
    return [folds_of(frame.arm, folds, seed + s) for s in range(SPLITS)], folds


def _within(folds: Folds, rows: Whole, n: int) -> Folds:
    """Folds of the frame as folds of a group."""
    fold = np.empty(n, int)
    for i, (_, test) in enumerate(folds):
        fold[test] = i
    own = fold[rows]
    return [(np.flatnonzero(own != i), np.flatnonzero(own == i)) for i in range(len(folds))]


def models_of(group: Group, effect: Effect, seed: int) -> Models:
    """The nuisances of a group; an ATT needs outcome models of the control alone."""
    arms = range(int(group.arm.max()) + 1)
    kinds = [o.kind for o in group.outcomes for _ in variables_of(o)]
    wanted = [(v, kind, a) for v, kind in enumerate(kinds) for a in arms if effect == "ate" or a == 0]
    choices: list[Callable[[], Nuisance]] = [partial(propensity_of, group, seed)]
    choices += [partial(_outcome_model, group, v, kind, a, seed) for v, kind, a in wanted]
    propensity, *found = side_by_side(choices)
    model = {(v, a): m for (v, _, a), m in zip(wanted, found, strict=True)}
    return Models(propensity, tuple(tuple(model.get((v, a)) for a in arms) for v in range(len(kinds))))


def propensity_of(group: Group, seed: int) -> Nuisance:
    """The chosen propensity model."""
    return chosen(group.x, group.arm, "class", seed)


def _outcome_model(group: Group, v: int, kind: str, arm: int, seed: int) -> Nuisance:
    own = group.arm == arm
    return chosen(group.x[own], group.y[own, v], "class" if kind in ("binary", "nps") else "value", seed)


def overlap_of(group: Group, propensity: Array, effect: Effect) -> Overlap:
    """Who counts, by the mean propensity of the splits. Raises CannotAnswer where an arm keeps nobody."""
    counts = kept(propensity, group.arm, effect)
    arms = range(1, propensity.shape[1])
    own = [group.arm == a if effect == "att" else np.ones(len(group.arm), bool) for a in arms]
    shares = [(int((counts[:, i] & mine).sum()), int(mine.sum())) for i, mine in enumerate(own)]
    for i, a in enumerate(arms):
        if min((counts[:, i] & (group.arm == b)).sum() for b in (0, a)) < 2:
            raise CannotAnswer(
                "Outcome {outcome}: no units of both arms are comparable in {covariates}, so there is nothing to compare with.",
                outcome=group.outcomes[0].key, covariates=", ".join(group.adjusts_for),
            )  # fmt: skip
    return Overlap(*min(shares, key=lambda s: s[0] / s[1]), counts)


def overlap_before(frame: Frame, group: Group, effect: Effect, seed: int) -> Overlap:
    """Overlap from propensities alone, before any outcome model; the same as a fit with this seed finds."""
    splits, _ = splits_of(frame, seed)
    model = propensity_of(group, seed)
    found = [propensities(group.x, group.arm, model, _within(f, group.rows, len(frame.arm))) for f in splits]
    return overlap_of(group, np.mean(found, axis=0), effect)


def study(frame: Frame, groups: tuple[Group, ...], effect: Effect, seed: int) -> Study:
    """Means of every variable under every arm and under control, with their joint covariance over the splits."""
    splits, folds = splits_of(frame, seed)
    models = [models_of(g, effect, seed) for g in groups]
    predicted = [
        [cross_fitted(g.x, g.arm, g.y, m, _within(f, g.rows, len(frame.arm))) for f in splits]
        for g, m in zip(groups, models, strict=True)
    ]
    overlaps = [
        overlap_of(g, np.mean([p.propensity for p in found], axis=0), effect)
        for g, found in zip(groups, predicted, strict=True)
    ]
    parts = [_joint(frame, groups, [found[s] for found in predicted], overlaps, effect) for s in range(SPLITS)]
    means, covariance = combined(np.array([m for m, _ in parts]), np.array([c for _, c in parts]))
    pairs = tuple((v, a) for g in groups for v in g.variables for a in range(1, len(frame.profile.arms)))
    middle = len(pairs)
    spread = np.array([m[:middle] - m[middle:] for m, _ in parts])
    return Study(
        pairs, Means(means[:middle], means[middle:], covariance, spread), min(overlaps, key=lambda o: o.share), folds,
        models={"propensity": models[0].propensity} | {v: row[0] for g, m in zip(groups, models, strict=True) for v, row in zip(g.variables, m.outcomes, strict=True) if row[0]},
        used={name: _used(g, found) for g, found in zip(groups, overlaps, strict=True) for o in g.outcomes for name in (o.key, *variables_of(o))},
    )  # fmt: skip


def _joint(
    frame: Frame, groups: tuple[Group, ...], predicted: list[Predicted], overlaps: list[Overlap], effect: Effect
) -> tuple[Array, Array]:
    """[2P] means (all treated, then all control) and their [2P, 2P] covariance in one split."""
    means, influence = [], []
    for group, found, overlap in zip(groups, predicted, overlaps, strict=True):
        own, values = influences(found, group.arm, group.y, overlap.counts, effect)
        spread = np.zeros((len(frame.arm), values.shape[1]))
        spread[group.rows] = values
        means.append(own.reshape(2, -1))
        influence.append(spread.reshape(len(frame.arm), 2, -1))
    joined = np.concatenate(influence, axis=2).reshape(len(frame.arm), -1)
    return np.concatenate(means, axis=1).ravel(), joined.T @ joined


def _used(group: Group, overlap: Overlap) -> tuple[int, ...]:
    """Units of every arm that count for it; of the control, those of the first comparison."""
    counts = np.column_stack([overlap.counts[:, :1], overlap.counts])
    return tuple(int((counts[:, a] & (group.arm == a)).sum()) for a in range(counts.shape[1]))


def complete_cases(frame: Frame, groups: tuple[Group, ...]) -> tuple[Notice, ...]:
    """Outcomes that only some units have a value of."""
    n = len(frame.arm)
    return tuple(
        Notice(code="complete-cases", facts={"outcome": o.key, "answered": len(g.rows), "rows": n})
        for g in groups if len(g.rows) < n for o in g.outcomes
    )  # fmt: skip
