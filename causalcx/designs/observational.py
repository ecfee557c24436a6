"""`kind: observational`: nobody designed it; cross-fitted AIPW among comparable units, and what speaks against it."""

from __future__ import annotations

import datetime as dt

import numpy as np

from causalcx.checks import observational as verdicts
from causalcx.checks.answers import missing_by_arm, rare_events, skew
from causalcx.checks.censoring import censoring
from causalcx.checks.design import early_look, immaturity, interference, timing
from causalcx.checks.effects import guardrails, precision
from causalcx.core.check import Check, Notice
from causalcx.core.design_keys.observational import Observational
from causalcx.core.effect import Flow
from causalcx.core.errors import Message, NotBuilt
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array
from causalcx.core.need import Frame, Need, variables_of
from causalcx.core.outcomes import Outcome
from causalcx.core.readout import Readout
from causalcx.designs.contrasts import Estimates, weights_of
from causalcx.designs.headline import Headline, headline, pooled_priors
from causalcx.designs.selection.by_column import by_column
from causalcx.designs.survival.censored import weighed
from causalcx.designs.survival.durations import restricted_means, survival_pictures
from causalcx.designs.unconfounded.aipw import OVERLAP, Effect
from causalcx.designs.unconfounded.identification import Identified, candidates, identify
from causalcx.designs.unconfounded.nuisances import engine, one_thread
from causalcx.designs.unconfounded.refuters import refute
from causalcx.designs.unconfounded.study import (
    SPLITS,
    Group,
    Overlap,
    Study,
    complete_cases,
    groups_of,
    overlap_before,
    study,
)
from causalcx.designs.values import arms_of, flat_in_control, in_units, naive_differences, spread

DATA = "frame"
PACKAGES = ("econml", "dowhy", "scikit-learn", "lightgbm")


def needs(experiment: Experiment, today: dt.date) -> Need:
    """Rows with all outcomes and covariates; of a graph's nodes, those that the data have."""
    design = _keys(experiment)
    return Need.of(
        experiment,
        today,
        covariates=tuple(design.covariates) if design.graph is None else (),
        candidates=candidates(experiment, design),
    )


def _keys(experiment: Experiment) -> Observational:
    design = experiment.design
    assert isinstance(design, Observational)
    if experiment.segments:
        raise NotBuilt(Message("`segments` with `kind: {kind}`", {"kind": design.kind}))
    return design


def check(experiment: Experiment, frame: Frame, *, seed: int) -> tuple[Check, ...]:
    """Everything that can be said before an effect is seen; overlap from propensities alone, as a fit with this seed finds it."""
    effect = _keys(experiment).effect
    identified, frame = prepared(experiment, frame, seed)
    with one_thread():
        found = [overlap_before(frame, g, effect, seed) for g in groups_of(frame, identified)]
    return (*_plain_checks(experiment, frame, identified), _overlap_check(min(found, key=lambda o: o.share), effect))


def fit(experiment: Experiment, frame: Frame, *, seed: int) -> Readout:
    """Effects of every arm against the control on every outcome, among comparable units."""
    effect = _keys(experiment).effect
    identified, frame = prepared(experiment, frame, seed)
    groups = groups_of(frame, identified)
    with one_thread():
        done = study(frame, groups, effect, seed)
    estimates = estimates_of(experiment.outcomes, frame, done, effect)
    times = restricted_means(experiment, lambda outcomes: estimates_of(outcomes, frame, done, effect), seed)
    result, arms = headline(experiment, estimates, seed), arms_of(experiment, frame)
    return Readout(
        experiment=experiment.key, design="observational", effects=(*result.effects, *times),
        covariance=result.covariance, law=result.law, arms=arms, best=result.best, flows=_flows(experiment, frame, done),
        pictures=survival_pictures(experiment, frame.profile),
        checks=(
            *_plain_checks(experiment, frame, identified),
            _overlap_check(done.overlap, effect),
            *_steadiness(experiment, frame, done, result),
            *_refuters(experiment, frame, groups, result, seed),
            *rare_events(experiment, arms),
            *precision(experiment, result.effects),
            *guardrails(experiment, result.effects),
        ),
        warnings=(*naive_differences(experiment, frame, estimates), *complete_cases(frame, groups)),
        fallbacks=(*_fallbacks(), *pooled_priors(experiment, flat_in_control(experiment, frame))),
        rests_on=tuple(one.notice for one in identified),
    )  # fmt: skip


def estimated(experiment: Experiment, frame: Frame, *, seed: int) -> Estimates:
    """The effects alone, as a plan simulates them."""
    effect = _keys(experiment).effect
    identified, frame = prepared(experiment, frame, seed)
    with one_thread():
        done = study(frame, groups_of(frame, identified), effect, seed)
    return estimates_of(experiment.outcomes, frame, done, effect)


def prepared(experiment: Experiment, frame: Frame, seed: int) -> tuple[tuple[Identified, ...], Frame]:
    """What each outcome is adjusted for, and the frame with durations weighed by it."""
    found = identify(experiment, _keys(experiment), tuple(frame.covariates))
    return found, weighed(frame, found, seed)


def _plain_checks(experiment: Experiment, frame: Frame, identified: tuple[Identified, ...]) -> tuple[Check, ...]:
    used = {one.outcome.key: one.adjusts_for for one in identified}
    return (
        verdicts.no_ratio(frame.profile),
        *missing_by_arm(frame.profile),
        timing(experiment, list(dict.fromkeys(c for columns in used.values() for c in columns))),
        interference(experiment),
        immaturity(experiment, frame.profile),
        early_look(experiment),
        *skew(frame.profile),
        *censoring(frame.profile),
        *verdicts.leakage(experiment, frame, used),
        *by_column(experiment, frame, list(frame.covariates)),
    )


def _estimand(overlap: Overlap, effect: Effect) -> tuple[str, str]:
    """Name of the estimand, and whom it is about."""
    whom = "treated" if effect == "att" else "everyone"
    if overlap.kept == overlap.units:
        return effect.upper(), whom
    share = min(100 * overlap.share, 99.9)
    shown = f"{share:.1f}" if share > 99 else f"{share:.0f}"
    if effect == "att":
        return f"ATT among the {shown} % of the treated with overlap", whom
    return f"ATE among the {shown} % with overlap", "overlap"


def _overlap_check(overlap: Overlap, effect: Effect) -> Check:
    low = OVERLAP[0] if effect == "ate" else 0.0
    return verdicts.overlap(overlap.kept, overlap.units, low, OVERLAP[1], _estimand(overlap, effect)[0])


def estimates_of(outcomes: list[Outcome], frame: Frame, done: Study, effect: Effect) -> Estimates:
    """Effects on these outcomes, every arm against the control."""
    labels = list(frame.profile.arms)
    wanted = [(o, a) for o in outcomes for a in range(1, len(labels))]
    difference = np.array([_row(done, o, a, 1) + _row(done, o, a, -1) for o, a in wanted])
    base = np.array([-_row(done, o, a, -1) for o, a in wanted])
    means, joint = np.concatenate([done.means.treated, done.means.control]), done.means.covariance
    estimand, applies_to = _estimand(done.overlap, effect)
    return Estimates(
        outcomes=tuple(o for o, _ in wanted),
        treated=tuple(labels[a] for _, a in wanted),
        control=labels[0],
        value=difference @ means,
        covariance=difference @ joint @ difference.T,
        df=(None,) * len(wanted),
        base=base @ means,
        base_error=np.sqrt(np.einsum("ck,kl,cl->c", base, joint, base)),
        spread=np.array([spread(frame, o) for o, _ in wanted]),
        answered=tuple((done.used[o.key][a], done.used[o.key][0]) for o, a in wanted),
        estimand=estimand,
        applies_to=applies_to,
        share=done.overlap.share,
        method=_method(done),
    )


def _row(done: Study, outcome: Outcome, arm: int, side: int) -> Array:
    """How a mean in outcome units is made of the joint means: +1 the treated's, -1 the control's with its sign turned."""
    row = np.zeros(2 * len(done.pairs))
    for variable, weight in zip(variables_of(outcome), weights_of(outcome), strict=True):
        row[done.pairs.index((variable, arm)) + (0 if side > 0 else len(done.pairs))] = side * weight
    return row


def _method(done: Study) -> str:
    outcomes = "; ".join(f"{name} by {model.name}" for name, model in done.models.items())
    return f"AIPW, {done.folds} folds, median of {SPLITS} splits ({outcomes})"


def _flows(experiment: Experiment, frame: Frame, done: Study) -> tuple[Flow, ...]:
    labels = list(frame.profile.arms)
    return tuple(
        _flow(done, o, a, f"{labels[a]} vs {labels[0]}")
        for o in experiment.outcomes
        if o.kind == "nps"
        for a in range(1, len(labels))
    )


def _flow(done: Study, outcome: Outcome, arm: int, comparison: str) -> Flow:
    pairs = [done.pairs.index((v, arm)) for v in variables_of(outcome)]
    rows = np.zeros((2, 2 * len(done.pairs)))
    for row, pair in zip(rows, pairs, strict=True):
        row[pair], row[len(done.pairs) + pair] = 1, -1
    shift = rows @ np.concatenate([done.means.treated, done.means.control])
    error = np.sqrt(np.einsum("ck,kl,cl->c", rows, done.means.covariance, rows))
    return Flow(
        outcome=outcome.key, comparison=comparison, promoters=float(shift[0]), promoters_std_error=float(error[0]),
        detractors=float(shift[1]), detractors_std_error=float(error[1]),
    )  # fmt: skip


def _steadiness(experiment: Experiment, frame: Frame, done: Study, result: Headline) -> tuple[Check, ...]:
    """Standard deviation of the splits' estimates, per headline effect."""
    labels = list(frame.profile.arms)
    checks = []
    for effect in result.effects:
        outcome = experiment.outcome(effect.outcome)
        arm = labels.index(effect.comparison.removesuffix(f" vs {labels[0]}"))
        columns = [done.pairs.index((v, arm)) for v in variables_of(outcome)]
        spread = float((done.means.spread[:, columns] @ weights_of(outcome)).std(ddof=1))
        checks.append(verdicts.fold_spread(effect.outcome, effect.comparison, spread, effect.std_error))
    return tuple(checks)


def _refuters(
    experiment: Experiment, frame: Frame, groups: tuple[Group, ...], result: Headline, seed: int
) -> tuple[Check, ...]:
    """Per primary, on its first comparison. What they find speaks against a result; nothing they find speaks for it."""
    checks: list[Check] = []
    effect = _keys(experiment).effect
    for outcome in experiment.primaries:
        group = next(g for g in groups if outcome in g.outcomes)
        rows = np.flatnonzero(group.arm <= 1)
        y = in_units(outcome, frame.outcomes[outcome.key][group.rows[rows]])
        with one_thread():
            placebo, noise = refute(group.x[rows], group.arm[rows], y, effect, seed)
        shown = next(e for e in result.effects if e.outcome == outcome.key)
        facts = {"outcome": outcome.key, "comparison": shown.comparison}
        checks.append(verdicts.refuter("refuter-placebo", facts | placebo.facts, 0.0, shown.std_error))
        checks.append(verdicts.refuter("refuter-random-cause", facts | noise.facts, noise.estimate, shown.std_error))
    return tuple(checks)


def _fallbacks() -> tuple[Notice, ...]:
    used = engine()
    return () if used == "LightGBM" else (Notice(code="nuisance-fallback", facts={"from": "LightGBM", "to": used}),)
