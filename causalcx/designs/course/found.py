"""What a structural model finds on every outcome of a course: the mean effect, its law, and how the outcomes' laws hang together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import optimize, special

from causalcx.core.errors import CannotAnswer
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Flags
from causalcx.designs.course.rows import Course
from causalcx.models.structural import Mixture, Series, Structural, structural

NEARLY_NORMAL = 1e4
"""Degrees of freedom from which a t law is written as a normal."""
EXACTLY = 1e-10
"""Variance left over, as a share of the outcome's own, below which a column is the outcome by another name."""
LEAST_TOGETHER = 10
"""Periods with a residual of two outcomes from which their correlation is estimated."""


@dataclass(frozen=True)
class Mean:
    """The mean effect on one course over the periods from the start on that are known."""

    model: Structural
    known: Flags
    """[H]"""
    observed: float
    expected: Mixture

    @property
    def value(self) -> float:
        """Observed less expected."""
        return self.observed - float(self.expected.mean[0])

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The middle 95 % of the posterior."""
        return self.observed - float(self.expected.quantile(0.975)[0]), self.observed - float(
            self.expected.quantile(0.025)[0]
        )

    @property
    def p_value(self) -> float:
        """Twice the posterior probability of the less likely sign."""
        below = float(self.expected.below(np.array([self.observed]))[0])
        return min(1.0, 2 * min(below, 1 - below))

    @cached_property
    def student(self) -> tuple[float, float | None]:
        """Standard error and degrees of freedom of the t law with the same middle half and the same middle 95 %."""
        q = [float(self.expected.quantile(p)[0]) for p in (0.025, 0.25, 0.75, 0.975)]
        wide = (q[3] - q[0]) / (q[2] - q[1])
        df = 1.0 if wide >= _widths(1.0) else NEARLY_NORMAL
        if _widths(NEARLY_NORMAL) < wide < _widths(1.0):
            df = float(optimize.brentq(lambda v: _widths(v) - wide, 1.0, NEARLY_NORMAL))
        error = (q[3] - q[0]) / 2 / float(special.stdtrit(df, 0.975))
        return error, None if df >= NEARLY_NORMAL else df


def _widths(df: float) -> float:
    """Middle 95 % over middle half of a t law."""
    return float(special.stdtrit(df, 0.975) / special.stdtrit(df, 0.75))


def mean_of(series: Series) -> Mean:
    """Fit the time before, forecast the mean of the time after."""
    model, known = structural(series), series.known[series.start :]
    expected = model.forecast((known / known.sum())[None])
    return Mean(model, known, float(series.y[series.start :][known].mean()), expected)


@dataclass(frozen=True)
class Found:
    """Everything that is estimated, per outcome in file order."""

    experiment: Experiment
    course: Course
    means: tuple[Mean, ...]

    @property
    def covariance(self) -> Array:
        """[K, K]: the outcomes' own errors, correlated as their one-step residuals are."""
        error = np.array([m.student[0] for m in self.means])
        return np.outer(error, error) * self.correlation

    @cached_property
    def correlation(self) -> Array:
        """[K, K]. Exact where the outcomes' levels move by steps of the same relative size (Harvey 1989, section 8.3)."""
        residual = self._residuals()
        together = residual[:, ~np.isnan(residual).any(axis=0)]
        if len(residual) == 1 or together.shape[1] < LEAST_TOGETHER:
            return np.eye(len(residual))
        return np.corrcoef(together)

    @property
    def together(self) -> int:
        """Periods before the start with a residual of every outcome."""
        return int((~np.isnan(self._residuals()).any(axis=0)).sum())

    def _residuals(self) -> Array:
        return np.array([m.model.one_step[1] for m in self.means])


def found_of(experiment: Experiment, course: Course) -> Found:
    """Every outcome's mean effect. Raises CannotAnswer where nothing is left to chance before the start."""
    for k, outcome in enumerate(experiment.outcomes):
        series = course.series(k)
        before = series.y[: series.start][series.known[: series.start]]
        if before.min() == before.max():
            raise CannotAnswer(
                "Outcome {outcome} is the same in every period before the start, so nothing says how far it moves by itself.",
                outcome=outcome.key,
            )  # fmt: skip
    found = Found(experiment, course, tuple(mean_of(course.series(k)) for k in range(len(experiment.outcomes))))
    for outcome, mean in zip(experiment.outcomes, found.means, strict=True):
        if float(mean.model.weight @ mean.model.variance) < EXACTLY:
            raise CannotAnswer(
                "The columns give {outcome} exactly in every period before the start; a covariate is the outcome by another name.",
                outcome=outcome.key,
            )  # fmt: skip
    return found
