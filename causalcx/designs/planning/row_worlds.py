"""Histories of single units: rows are drawn one by one, and who is treated anew, so that nothing but chance tells the treated apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast, override

import numpy as np

from causalcx.core.design_keys.discontinuity import Discontinuity
from causalcx.core.design_keys.instrument import Instrument
from causalcx.core.design_keys.observational import Observational
from causalcx.core.errors import CannotAnswer
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Flags, Whole
from causalcx.core.need import TREATED, UNTREATED, Frame
from causalcx.designs import discontinuity, instrument
from causalcx.designs.features import features
from causalcx.designs.planning.worlds import Near, World, parted, rows_of, with_arms, with_labels

MOST_ROWS, MOST_STUDIED = 20_000, 2_500
"""Rows of a drawn world; fewer of a study without randomisation, whose models take far longer."""
LEAST_ROWS = 200
REACH, POWERS = 25, 3
"""Ranks from which a row takes its deviation, and powers of the running variable that its course is made of."""
OFFERED = ("0", "1")
"""Labels of a nudge that history does not know."""


RATES = {"discontinuity": 0.4}
"""Local linear regression narrows its bandwidth as rows are added, so its errors fall more slowly than with the root."""


@dataclass(frozen=True)
class Threshold(World):
    """`discontinuity`: the recorded running variable, a smooth course without a jump, and deviations of near neighbours, with their covariates.

    What covariates leave of a deviation gets either sign by lot. So the noise that this one history happens to have at the cutoff is no
    jump of all its worlds.
    """

    parts: dict[str, tuple[Array, Array, Array]]
    """[N] per outcome: course, what covariates say of the deviation from it, and what they leave."""
    near: Near
    """By the running variable."""
    taken: Array | None
    """[N] treatment received, where the cutoff decided only in part."""

    @override
    def drawn(self, size: int, run: int, rng: np.random.Generator) -> tuple[Experiment, Frame]:
        design, rows = cast(Discontinuity, self.experiment.design), _rows(self, size, rng)
        donors = self.near.drawn(rows, REACH, rng)
        sign = rng.choice((-1.0, 1.0), size)
        outcomes = {
            k: course[rows] + said[donors] + sign * left[donors] for k, (course, said, left) in self.parts.items()
        }
        numbers = {design.running: self.frame.numbers[design.running][rows]}
        above = (numbers[design.running] >= design.cutoff).astype(np.int64)
        numbers |= {str(design.fuzzy): self.taken[rows]} if self.taken is not None else {}
        frame = replace(rows_of(self.frame, donors), outcomes=outcomes, numbers=numbers)
        return self.experiment, with_arms(frame, above, (UNTREATED, TREATED))


def _rows(world: World, size: int, rng: np.random.Generator) -> Whole:
    return rng.integers(len(world.frame.arm), size=size)


def _known(experiment: Experiment, frame: Frame, most: int = MOST_ROWS) -> dict[str, Any]:
    """What worlds of single units share."""
    rate = RATES.get(experiment.design.kind, 0.5)
    return {
        "experiment": experiment, "frame": frame, "counts": "units", "sizes": (LEAST_ROWS, most), "usual": frame.profile.rows, "rate": rate,
    }  # fmt: skip


def threshold(experiment: Experiment, frame: Frame, moved: float | None, seed: int) -> Threshold:
    """What lies on both sides of the cutoff."""
    design = cast(Discontinuity, experiment.design)
    x = frame.numbers[design.running] - design.cutoff
    _refuse_few(min(int((x < 0).sum()), int((x >= 0).sum())))
    jump, got = _jumps(experiment, design, frame, x >= 0, seed)
    known = features(frame, tuple(frame.covariates)).values
    parts = {k: _parted(x, known - known.mean(axis=0), y - jump[k] * got) for k, y in frame.outcomes.items()}
    taken = _taken_above(design.fuzzy, frame, x >= 0, moved, seed) if design.fuzzy else None
    return Threshold(**_known(experiment, frame), parts=parts, near=Near.by(x), taken=taken)


def _jumps(
    experiment: Experiment, design: Discontinuity, frame: Frame, above: Flags, seed: int
) -> tuple[dict[str, float], Array]:
    """What the estimator finds in the history, to be taken out of it: then the worlds that are drawn have no jump. And [N] who got it."""
    taken = frame.numbers.get(design.fuzzy) if design.fuzzy else None
    sharp = experiment.model_copy(update={"design": design.model_copy(update={"fuzzy": None})})
    found = discontinuity.estimated(
        sharp if taken is None else experiment,
        with_arms(frame, above.astype(np.int64), (UNTREATED, TREATED)),
        seed=seed,
    )
    return dict(zip([o.key for o in found.outcomes], found.value.tolist(), strict=True)), above.astype(
        float
    ) if taken is None else taken


def _parted(x: Array, covariates: Array, y: Array) -> tuple[Array, Array, Array]:
    """[N] a polynomial over both sides, what covariates say of what lies off it, and the rest."""
    scaled = x / max(float(np.abs(x).max()), 1e-300)
    powers, known = scaled[:, None] ** np.arange(POWERS + 1), ~np.isnan(y)
    course = powers @ np.linalg.lstsq(powers[known], y[known], rcond=None)[0]
    said = covariates @ np.linalg.lstsq(covariates[known], (y - course)[known], rcond=None)[0]
    return course, said, y - course - said


def _taken_above(column: str, frame: Frame, above: Flags, moved: float | None, seed: int) -> Array:
    if column in frame.numbers:
        return frame.numbers[column]
    return (above & (np.random.default_rng(seed).random(len(above)) < _told(moved, column))).astype(float)


def _told(moved: float | None, column: str) -> float:
    if moved is None:
        raise CannotAnswer(
            "The history has no column `{column}`, so nothing tells how many take it up; give --moved, the share whom it moves.", column=column
        )  # fmt: skip
    return moved


def _refuse_few(rows: int) -> None:
    if rows < LEAST_ROWS // 4:
        raise CannotAnswer(
            "The history has {rows} rows to draw from (at a cutoff: on its thinner side), and {least} at least are needed; give a longer one with "
            "--history.",
            rows=rows, least=LEAST_ROWS // 4,
        )  # fmt: skip


@dataclass(frozen=True)
class Nudged(World):
    """`instrument`: a nudge, or an agent, by lot; who takes it up as often as before, whatever the outcome."""

    names: tuple[str, ...]
    """Levels of the instrument."""
    shares: tuple[float, ...]
    taking: tuple[float, ...]
    """Share that takes it, by level."""
    arms: tuple[str, str]

    @override
    def drawn(self, size: int, run: int, rng: np.random.Generator) -> tuple[Experiment, Frame]:
        design = cast(Instrument, self.experiment.design)
        frame = rows_of(self.frame, _rows(self, size, rng))
        level = parted(size, self.shares, rng)
        taken = (rng.random(size) < np.array(self.taking)[level]).astype(np.int64)
        return self.experiment, with_arms(with_labels(frame, design.instrument, level, self.names), taken, self.arms)


def nudged(experiment: Experiment, frame: Frame, moved: float | None, seed: int) -> Nudged:
    """Levels and take-up as they were, less what taking it did; else two equal halves, of which one is moved."""
    design = cast(Instrument, experiment.design)
    control = "0" if design.control is None else str(design.control)
    arms = frame.labels.get(design.treatment)
    others = [n for n in arms.names if n != control] if arms else []
    names = (control, others[0] if others else TREATED)
    levels = frame.labels.get(design.instrument)
    if levels is None or arms is None:
        taking = 0.0, _told(moved, design.instrument)
        return Nudged(**_known(experiment, frame), names=OFFERED, shares=(0.5, 0.5), taking=taking, arms=names)
    taken = np.array([n != control for n in arms.names], np.int64)[arms.position]
    known = np.flatnonzero((levels.position >= 0) & (arms.position >= 0))
    frame, level, taken = rows_of(frame, known), levels.position[known], taken[known]
    count = np.bincount(level, minlength=len(levels.names))
    taking = np.bincount(level, taken, len(levels.names)) / np.maximum(count, 1)
    effect = instrument.estimated(experiment, with_arms(frame, taken, names), seed=seed).value
    outcomes = {o.key: frame.outcomes[o.key] - d * taken for o, d in zip(experiment.outcomes, effect, strict=True)}
    return Nudged(
        **_known(experiment, replace(frame, outcomes=outcomes)),
        names=levels.names,
        shares=tuple((count / count.sum()).tolist()),
        taking=tuple(taking.tolist()),
        arms=names,
    )


@dataclass(frozen=True)
class Unassigned(World):
    """`observational`: treated as often as units alike were, with what units alike had for an outcome."""

    chance: Array
    """[N, A] probability of every arm."""
    course: dict[str, Array]
    """[N] per outcome: what covariates say."""
    near: dict[str, Near]
    """By what they say."""
    names: tuple[str, ...]

    @override
    def drawn(self, size: int, run: int, rng: np.random.Generator) -> tuple[Experiment, Frame]:
        rows = _rows(self, size, rng)
        frame = rows_of(self.frame, rows)
        arm = (rng.random(size)[:, None] > np.cumsum(self.chance[rows], axis=1)[:, :-1]).sum(axis=1)
        outcomes = {}
        for name, said in self.course.items():
            donors = self.near[name].drawn(rows, REACH, rng)
            outcomes[name] = said[rows] + (self.frame.outcomes[name] - said)[donors]
        return self.experiment, with_arms(replace(frame, outcomes=outcomes), arm, self.names)


def unassigned(experiment: Experiment, frame: Frame, seed: int) -> Unassigned:
    """Propensity and course by penalised linear models, less what the arms did; two equal arms where history does not tell who had it."""
    from causalcx.designs.unconfounded.nuisances import linear, one_thread

    design, n = cast(Observational, experiment.design), len(frame.arm)
    _refuse_few(n)
    x, labels = features(frame, tuple(frame.covariates)).values, frame.labels.get(design.treatment)
    control = str(design.control)
    names = (control, *(m for m in labels.names if m != control)) if labels else (control, TREATED)
    arm = np.array([names.index(m) for m in labels.names])[labels.position] if labels else None
    if arm is not None:
        frame = replace(frame, outcomes={k: y - _done(y, arm, x) for k, y in frame.outcomes.items()})
    with one_thread():
        course = {k: _fitted(linear("value", 1.0, seed), x, y) for k, y in frame.outcomes.items()}
        chance = np.full((n, 2), 0.5) if arm is None else linear("class", 1.0, seed).fit(x, arm).predict_proba(x)
    near = {k: Near.by(y) for k, y in course.items()}
    return Unassigned(**_known(experiment, frame, MOST_STUDIED), chance=chance, course=course, near=near, names=names)


def _done(y: Array, arm: Whole, x: Array) -> Array:
    """[n] what each row's arm did, by least squares beside the covariates."""
    own, known = (arm[:, None] == np.arange(1, arm.max() + 1)).astype(float), ~np.isnan(y)
    columns = np.column_stack([own, np.ones(len(y)), x])
    return own @ np.linalg.lstsq(columns[known], y[known], rcond=None)[0][: own.shape[1]]


def _fitted(model: Any, x: Array, y: Array) -> Array:
    known = ~np.isnan(y)
    return model.fit(x[known], y[known]).predict(x)
