"""`kind: interrupted-time-series`: everyone changed at once; the course before shows how it would have gone on."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np

from causalcx.checks.design import early_look, immaturity, timing
from causalcx.checks.effects import guardrails, precision, small_sample
from causalcx.checks.observational import no_ratio
from causalcx.core.check import Check, Notice
from causalcx.core.design_keys.interrupted_time_series import InterruptedTimeSeries
from causalcx.core.effect import Arm, Effect
from causalcx.core.experiment import Experiment
from causalcx.core.need import Frame, Need
from causalcx.core.readout import Readout
from causalcx.designs.contrasts import Estimates
from causalcx.designs.course.found import Found, found_of
from causalcx.designs.course.parts import careless, parts, path_of, pictures
from causalcx.designs.course.rows import Course, course_of
from causalcx.designs.course.selected import selected
from causalcx.designs.course.trust import before, regressors
from causalcx.designs.headline import Headline, headline
from causalcx.designs.unbuilt import refuse_unbuilt
from causalcx.models.structural import LASTS, LONGEST, SLOPE_STEPS, STEPS

DATA = "frame"
OBSERVED, EXPECTED = "observed", "expected"
"""What happened from the start on, and what would have without the change."""


def needs(experiment: Experiment, today: dt.date) -> Need:
    """One row per period, or per unit and period."""
    design = _keys(experiment)
    return Need.of(experiment, today, time=design.time, covariates=tuple(design.covariates), bridged=True)


def _keys(experiment: Experiment) -> InterruptedTimeSeries:
    design = experiment.design
    assert isinstance(design, InterruptedTimeSeries)
    refuse_unbuilt(experiment)
    return design


def check(experiment: Experiment, frame: Frame, *, seed: int) -> tuple[Check, ...]:  # noqa: ARG001 - nothing is random here
    """Everything that can be said before an effect is seen: outcomes after the start are not looked at."""
    course = course_of(experiment, _keys(experiment), frame)
    return _checks(experiment, frame, found_of(experiment, course))


def fit(experiment: Experiment, frame: Frame, *, seed: int) -> Readout:
    """Mean effects over the periods from the start on, on every outcome; by period and summed up beside them."""
    course = course_of(experiment, _keys(experiment), frame)
    found = found_of(experiment, course)
    result = _with_quantiles(headline(experiment, _estimates(found), seed), found)
    paths = {o.key: path_of(found, k) for k, o in enumerate(experiment.outcomes) if o.role == "primary"}
    return Readout(
        experiment=experiment.key, design="interrupted-time-series", effects=(*result.effects, *parts(found, result.effects, paths)),
        covariance=result.covariance, law=result.law, arms=_arms(found, result.effects),
        pictures=pictures(found, result.effects, paths),
        checks=(
            *_checks(experiment, frame, found),
            *small_sample(e.model_copy(update={"df": m.model.df}) for e, m in zip(result.effects, found.means, strict=True)),
            *precision(experiment, result.effects),
            *guardrails(experiment, result.effects),
        ),
        warnings=(*course.notices, *_left_out(found), *careless(found, result.effects)),
        fallbacks=_independent(found),
        rests_on=(Notice(code="interrupted-time-series", facts={"start": course.labels[course.start]}),),
    )  # fmt: skip


def estimated(experiment: Experiment, frame: Frame, *, seed: int) -> Estimates:  # noqa: ARG001 - nothing is random here
    """The effects alone, as a plan simulates them."""
    return _estimates(found_of(experiment, course_of(experiment, _keys(experiment), frame)))


def _checks(experiment: Experiment, frame: Frame, found: Found) -> tuple[Check, ...]:
    design, course = _keys(experiment), found.course
    periods = {EXPECTED: course.start, OBSERVED: len(course.labels) - course.start}
    return (
        no_ratio(replace(frame.profile, arms=periods)),
        *((timing(experiment, design.covariates),) if design.covariates else ()),
        *((immaturity(experiment, frame.profile),) if experiment.entered else ()),
        early_look(experiment),
        *before(found, design.season),
        *selected(found),
        *regressors(course, design.covariates),
    )


def _estimates(found: Found) -> Estimates:
    outcomes, means = found.experiment.outcomes, found.means
    student = [m.student for m in means]
    return Estimates(
        outcomes=tuple(outcomes), treated=(OBSERVED,) * len(outcomes), control=EXPECTED,
        value=np.array([m.value for m in means]), covariance=found.covariance, df=tuple(df for _, df in student),
        base=np.array([float(m.expected.mean[0]) for m in means]), base_error=np.array([error for error, _ in student]),
        spread=np.array([_spread(found.course, k) for k in range(len(outcomes))]),
        answered=tuple((int(m.known.sum()), int(m.model.series.known[: found.course.start].sum())) for m in means),
        estimand="ATT", applies_to="treated", share=1.0, method=_method(found.course),
    )  # fmt: skip


def _spread(course: Course, k: int) -> float:
    return float(np.nanstd(course.outcomes[k][: course.start], ddof=1))


def _method(course: Course) -> str:
    """The model and its prior in a line."""
    model, own = (
        ("local linear trend", f"those of the slope log-uniform({SLOPE_STEPS[0]:g}, {SLOPE_STEPS[1]:g})")
        if course.drifts
        else ("local level, disturbances that may last", f"what lasts {LONGEST:g} x beta({LASTS[0]:g}, {LASTS[1]:g})")
    )
    columns = course.columns.shape[1]
    steps = " and ".join(f"{share:.0%} log-normal({median:g}, {spread:g})" for share, median, spread in STEPS)
    return (
        f"Bayesian structural time series: {model}, {columns} regression column{'' if columns == 1 else 's'}; exact by Kalman filter and "
        f"quadrature; prior: level steps {steps} in deviations of the disturbances, {own}, coefficients flat"
    )


def _with_quantiles(result: Headline, found: Found) -> Headline:
    """Intervals and p-values of the posterior itself; the joint law is the nearest t."""
    effects = tuple(
        e.model_copy(update={"low": m.interval[0], "high": m.interval[1]})
        for e, m in zip(result.effects, found.means, strict=True)
    )
    return replace(result, effects=effects)


def _arms(found: Found, effects: tuple[Effect, ...]) -> tuple[Arm, ...]:
    """Periods before and after; what would have been expected beside what was observed."""
    sides = (
        (EXPECTED, found.course.start, {e.outcome: e.baseline or 0.0 for e in effects}, [e.n_control for e in effects]),
        (OBSERVED, len(found.course.labels) - found.course.start,
         {e.outcome: m.observed for e, m in zip(effects, found.means, strict=True)}, [e.n_treated for e in effects]),
    )  # fmt: skip
    return tuple(
        Arm(
            label=label,
            units=periods,
            answered={e.outcome: n for e, n in zip(effects, counts, strict=True)},
            means=means,
        )
        for label, periods, means, counts in sides
    )


def _left_out(found: Found) -> tuple[Notice, ...]:
    """Periods without a value, and covariates that the time before cannot tell apart."""
    names, notices = list(getattr(found.experiment.design, "covariates", [])), []
    for outcome, mean in zip(found.experiment.outcomes, found.means, strict=True):
        known, start = mean.model.series.known, found.course.start
        early, late = int((~known[:start]).sum()), int((~known[start:]).sum())
        if early + late:
            facts = {"outcome": outcome.key, "before": early, "after": late, "periods": len(known)}
            notices.append(Notice(code="periods-missing", facts=facts))
        lost = [n for j, n in enumerate(names) if j not in mean.model.kept]
        if lost:
            notices.append(Notice(code="covariates-left-out", facts={"outcome": outcome.key, "columns": lost}))
    return tuple(notices)


def _independent(found: Found) -> tuple[Notice, ...]:
    """Outcomes that share too few periods to tell how their errors hang together."""
    if len(found.means) == 1 or not np.array_equal(found.correlation, np.eye(len(found.means))):
        return ()
    return (Notice(code="outcomes-independent", facts={"periods": found.together}),)
