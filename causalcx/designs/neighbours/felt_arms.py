"""`kind: randomised` whose units feel each other's change: own effect, spill-over and total effect by regression.

With D the arm and E the share of neighbours with the change, y = a + own D + c E (1 - D) + d E D + controls. Chance decides which
neighbours got the change, but a unit's place decides how large E can be at all: without neighbours, at the edge of a drawn
group, in a stratum with another split. So what the lot makes E on average, given D, is held constant, centred, in either arm
(Borusyak & Hull 2023, Econometrica 91: 2155-2185), and so is the number of neighbours. The headline is the total: own, and d for units that have neighbours.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np

from causalcx.checks.effects import guardrails, precision, small_sample
from causalcx.checks.randomisation import balance
from causalcx.core.check import Check, Notice
from causalcx.core.clusters import clusters_of_columns
from causalcx.core.design_keys.randomised import Randomised
from causalcx.core.effect import Effect
from causalcx.core.errors import CannotAnswer
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Flags, Moments, Whole, moments_of_columns
from causalcx.core.need import COVARIATE, Frame, Need, Reduced, variables_of
from causalcx.core.neighbours import Neighbours
from causalcx.core.outcomes import Outcome
from causalcx.core.readout import Readout
from causalcx.designs import randomised
from causalcx.designs.contrasts import Estimates
from causalcx.designs.features import features
from causalcx.designs.headline import Headline, headline
from causalcx.designs.neighbours.felt_parts import exposure_form, fallbacks, groups_of, naive, part
from causalcx.designs.neighbours.nearby import Form, refuse_nobody_exposed, shares_of
from causalcx.designs.neighbours.spillover import OWN, ROLLED, SPILL, TOTAL, UNTREATED
from causalcx.designs.regression import Regression
from causalcx.designs.values import clusters_of, in_units, spread

DATA = "frame"
ESTIMAND = "ATE with every neighbour treated too (total)"
SAME = Form(number=False, lag=0)
OF_THE_HEADLINE = ("small-sample", "precision", "guardrail")
"""Checks of the headline, which is another one here."""


@dataclass(frozen=True)
class Place:
    """Where the units stand. N units."""

    treated: Array
    """[N] 1 for the treated."""
    share: Array
    """[N] share of neighbours with the change."""
    has: Array
    """[N] 1 for units with neighbours."""
    held: Array
    """[N, j] held constant: strata, covariates, what the share is expected to be, and the number of neighbours."""
    linked: Whole | None
    """[N] groups of linked units."""
    group: Whole
    """[N] what counts as one independent value."""
    grouped_by: str


def needs(experiment: Experiment, today: dt.date) -> Need:
    """Rows with arm, strata, cluster and covariates; and the neighbours, or the column that tells the share."""
    design = _keys(experiment)
    return replace(
        Need.of(experiment, today, planned=tuple(design.ratio) if design.ratio else None),
        covariates=tuple(design.covariates) if design.adjustment != "none" else (),
        labels=(*design.strata, *((design.cluster,) if design.cluster else ())),
        numbers=(experiment.exposure,) if experiment.exposure else (),
    )


def _keys(experiment: Experiment) -> Randomised:
    assert isinstance(experiment.design, Randomised)
    return experiment.design


def check(experiment: Experiment, frame: Frame, *, seed: int) -> tuple[Check, ...]:
    """Everything that can be said before an effect is seen."""
    place = _place(experiment, frame)
    for outcome in experiment.outcomes:
        _fitted(place, ~np.isnan(frame.outcomes[outcome.key]))
    plain = randomised.check(_plain(experiment), _reduced(experiment, frame), seed=seed)
    return (*plain, *_balance(experiment, frame))


def fit(experiment: Experiment, frame: Frame, *, seed: int) -> Readout:
    """The total effect on all outcomes, then own effect and spill-over."""
    careless = randomised.fit(_plain(experiment), _reduced(experiment, frame), seed=seed)
    place = _place(experiment, frame)
    found = [_outcome(place, in_units(o, frame.outcomes[o.key])) for o in experiment.outcomes]
    result = headline(experiment, _estimates(experiment, frame, place, found, careless), seed)
    return careless.model_copy(
        update={
            "effects": (*result.effects, *_parts(experiment, found, result)), "covariance": result.covariance, "law": result.law,
            "best": (), "flows": (),
            "checks": (
                *(c for c in careless.checks if c.name not in OF_THE_HEADLINE), *_balance(experiment, frame),
                *small_sample(result.effects), *precision(experiment, result.effects), *guardrails(experiment, result.effects),
            ),
            "warnings": (*careless.warnings, *_naive(found, careless, result)),
            "fallbacks": (*careless.fallbacks, *fallbacks(assumed=any(f.assumed for f in found), linked=place.linked, grouped_by=place.grouped_by)),
            "rests_on": (*careless.rests_on, exposure_form(experiment, SAME)),
        }
    )  # fmt: skip


def _plain(experiment: Experiment) -> Experiment:
    """The plan as if nobody felt anybody else's change; covariates are held constant later."""
    design = _keys(experiment).model_copy(update={"covariates": [], "adjustment": "none"})
    return experiment.model_copy(update={"design": design})


def _reduced(experiment: Experiment, frame: Frame, *, covariates: bool = False) -> Reduced:
    """The frame as sums, for what is said of every randomised design."""
    design, labels = _keys(experiment), list(frame.profile.arms)
    columns = {name: values for o in experiment.outcomes for name, values in _variables(o, frame).items()}
    known = {COVARIATE + c: v for c, v in _covariates(frame).items()} if covariates else {}
    strata = _labels(design.strata, frame)
    moments = moments_of_columns([labels[a] for a in frame.arm], columns | known, strata or None, labels[0])
    return Reduced(frame.profile, _with_clusters(moments, design, frame, columns, known, strata))


def _with_clusters(
    moments: Moments, design: Randomised, frame: Frame, columns: dict[str, Array], known: dict[str, Array], strata: list[str]
) -> Moments:  # fmt: skip
    if design.cluster is None:
        return moments
    stratum = np.array([moments.strata.index(s) for s in strata]) if strata else None
    clusters = clusters_of_columns(
        frame.arm,
        np.unique(clusters_of(frame, design.cluster), return_inverse=True)[1].astype(np.int64),
        columns,
        known,
        stratum,
    )
    return replace(moments, clusters=clusters)


def _variables(outcome: Outcome, frame: Frame) -> dict[str, Array]:
    """Promoters and detractors for NPS, the values otherwise; NaN where missing."""
    values = frame.outcomes[outcome.key]
    if outcome.kind != "nps":
        return {outcome.key: values}
    hits = [np.where(np.isnan(values), np.nan, hit) for hit in (values >= 9, values <= 6)]
    return dict(zip(variables_of(outcome), hits, strict=True))


def _covariates(frame: Frame) -> dict[str, Array]:
    found = features(frame, tuple(frame.covariates)) if frame.covariates else None
    return dict(zip(found.names, found.values.T, strict=True)) if found and found.names else {}


def _labels(columns: list[str], frame: Frame) -> list[str]:
    """Every row's stratum by its labels."""
    named = [(frame.labels[c].position, (*frame.labels[c].names, "")) for c in columns]
    return [" | ".join(names[p[i]] for p, names in named) for i in range(len(frame.arm))] if columns else []


def _balance(experiment: Experiment, frame: Frame) -> tuple[Check, ...]:
    found = balance(_reduced(experiment, frame, covariates=True).moments) if frame.covariates else None
    return (found,) if found else ()


def _place(experiment: Experiment, frame: Frame) -> Place:
    """Raises CannotAnswer where there are not two arms, or nobody had a treated neighbour."""
    if len(frame.profile.arms) != 2:
        raise CannotAnswer(
            "Own effect and spill-over are told apart of two arms; the data have {arms}. Leave out rows of other arms with `exclude`.",
            arms=", ".join(frame.profile.arms),
        )  # fmt: skip
    design, treated = _keys(experiment), (frame.arm == 1).astype(float)
    cluster, strata = (
        np.unique(clusters_of(frame, design.cluster), return_inverse=True)[1].astype(np.int64),
        _labels(design.strata, frame),
    )
    stratum = np.unique(strata, return_inverse=True)[1] if strata else np.zeros(len(treated), np.int64)
    known = list(_covariates(frame).values())
    dummies = [(stratum == s).astype(float) for s in range(1, int(stratum.max()) + 1)]
    near = frame.neighbours
    if near is None:
        share, has, expected, linked = shares_of(str(experiment.exposure), frame), np.ones(len(treated)), [], None
    else:
        share, has, linked = near.share(treated), (near.total > 0).astype(float), near.groups
        expected = [*_expected(near, treated, cluster, stratum), near.total]
    refuse_nobody_exposed(share)
    held = np.column_stack([np.zeros((len(treated), 0)), *known, *dummies, *expected])
    group, grouped_by = groups_of(linked, cluster, design.cluster)
    return Place(treated, share, has, held, linked, group, grouped_by)


def _expected(near: Neighbours, treated: Array, cluster: Whole, stratum: Whole) -> list[Array]:
    """What the share of treated neighbours is made of on average: neighbours drawn together with the unit, and the others by their strata."""
    chance = np.bincount(stratum, treated) / np.bincount(stratum)
    together = cluster[near.unit] == cluster[near.neighbour]
    total = np.maximum(np.bincount(near.unit, near.weight, near.units), 1e-300)
    inside = np.bincount(near.unit, near.weight * together, near.units) / total
    outside = np.bincount(near.unit, near.weight * ~together * chance[stratum[near.neighbour]], near.units) / total
    return [inside, outside]


@dataclass(frozen=True)
class Found:
    """One outcome. C coefficients, the combinations of them, and what each group adds to their error."""

    answered: Whole
    """Units with a value, of either arm."""
    value: dict[str, float]
    influence: dict[str, Array]
    """[groups]"""
    df: dict[str, float]
    base: float
    assumed: bool

    def triple(self, name: str) -> tuple[float, float, float]:
        """Value, variance and degrees of freedom."""
        return self.value[name], float((self.influence[name] ** 2).sum()), self.df[name]


def _outcome(place: Place, y: Array) -> Found:
    rows = ~np.isnan(y)
    fitted, asked, assumed = _fitted(place, rows)
    own, arms = y[rows], place.treated[rows] == 1
    solved, added = fitted.coefficients(own), fitted.influence(own)
    influence = {}
    for name, combination in asked.items():
        influence[name] = np.zeros(int(place.group.max()) + 1)
        influence[name][np.unique(place.group[rows])] = added @ combination
    return Found(
        answered=np.array([(~arms).sum(), arms.sum()]),
        value={name: float(solved @ combination) for name, combination in asked.items()},
        influence=influence,
        df={name: fitted.freedom(combination, own) for name, combination in asked.items()},
        base=float(solved[0]), assumed=assumed,
    )  # fmt: skip


def _fitted(place: Place, rows: Flags) -> tuple[Regression, dict[str, Array], bool]:
    """The regression, the combinations of its coefficients that are asked, and whether both arms had to be taken to feel the same.

    Raises CannotAnswer where what units feel cannot be told from their own arm.
    """
    d, e, has = place.treated[rows], place.share[rows], place.has[rows].mean()
    held = place.held[rows] - place.held[rows].mean(axis=0)
    held = held[:, held.std(axis=0) > 0]
    held = held / held.std(axis=0)
    group = np.unique(place.group[rows], return_inverse=True)[1]
    felt = e[d == 1].mean()
    for apart in (True, False):
        columns = [e * (1 - d), e * d] if apart else [e]
        fitted = Regression.of(np.column_stack([np.ones(len(d)), d, *columns, held, held * d[:, None]]), group)
        unit = np.eye(fitted.x.shape[1])
        own, of_control, of_treated = unit[1], unit[2], unit[3] if apart else unit[2]
        asked = {
            TOTAL: own + has * of_treated, OWN: own, SPILL: has * of_treated, ROLLED: own + felt * of_treated, UNTREATED: has * of_control,
        }  # fmt: skip
        if all(fitted.knows(combination) for combination in asked.values()):
            return fitted, asked, not apart
    linked = place.has[rows] > 0
    raise _untold(np.allclose(e[linked], d[linked]))


def _untold(alike: bool) -> CannotAnswer:
    if alike:
        return CannotAnswer(
            "What units feel from their neighbours cannot be told from their own arm: everybody's neighbours got what the unit got. The plain "
            "comparison is then the total effect already; write `interference: none`."
        )
    return CannotAnswer(
        "What units feel from their neighbours cannot be told: within an arm the share of treated neighbours hardly differs between units. "
        "Draw the change so that it does, or draw whole groups that share nothing with others (`cluster`)."
    )


def _estimates(experiment: Experiment, frame: Frame, place: Place, found: list[Found], careless: Readout) -> Estimates:
    control, treated = frame.profile.arms
    influence = np.array([f.influence[TOTAL] for f in found])
    spreads = np.array([spread(frame, o) for o in experiment.outcomes])
    return Estimates(
        outcomes=tuple(experiment.outcomes), treated=(treated,) * len(found), control=control,
        value=np.array([f.value[TOTAL] for f in found]), covariance=influence @ influence.T,
        df=tuple(f.df[TOTAL] for f in found), base=np.array([f.base for f in found]),
        base_error=spreads / np.sqrt([f.answered[0] for f in found]) + np.sqrt((influence**2).sum(axis=1)), spread=spreads,
        answered=tuple((int(f.answered[1]), int(f.answered[0])) for f in found),
        estimand=ESTIMAND, applies_to=careless.headlines[0].applies_to, share=1.0,
        method=f"regression on arm and exposure, {SAME.told()}, expected exposure held constant (Borusyak & Hull 2023), errors by {place.grouped_by}",
    )  # fmt: skip


def _parts(experiment: Experiment, found: list[Found], result: Headline) -> tuple[Effect, ...]:
    """Of primaries: own effect, spill-over, what the change brought as it was given, what the untreated felt."""
    priors = zip(result.law.prior_mean, result.law.prior_sd, strict=True)
    return tuple(
        part(experiment, effect, {"aggregation": name}, f.triple(name), prior)
        for effect, f, prior in zip(result.effects, found, priors, strict=True)
        if effect.role == "primary"
        for name in (OWN, SPILL, ROLLED, UNTREATED)
    )


def _naive(found: list[Found], careless: Readout, result: Headline) -> tuple[Notice, ...]:
    """Per primary, what a comparison that ignores the neighbours would claim."""
    return tuple(
        naive(total, plain.estimate, f.value[OWN])
        for total, plain, f in zip(result.effects, careless.headlines, found, strict=True)
        if total.role == "primary"
    )
