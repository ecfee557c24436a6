"""What designs with neighbours share: how parts are told beside a total, and what counts as one independent value."""

from __future__ import annotations

import numpy as np

from causalcx.core import inference
from causalcx.core.check import Notice
from causalcx.core.effect import Effect
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Whole
from causalcx.designs.headline import LEVEL, PLAIN
from causalcx.designs.neighbours.nearby import Form
from causalcx.designs.neighbours.spillover import UNTREATED

LEAST_GROUPS, MOST_OF_ALL = 20, 0.2
"""Groups of neighbours, and the share of all units in the largest, within which groups tell the error."""


def groups_of(linked: Whole | None, cluster: Whole, named: str | None) -> tuple[Whole, str]:
    """The plan's clusters; else groups of ``linked`` units, where there are many; else units. With how errors are told."""
    if named:
        return cluster, f"cluster ({named})"
    size = np.bincount(linked) if linked is not None else np.zeros(1)
    many = len(size) >= LEAST_GROUPS and size.max() <= MOST_OF_ALL * size.sum()
    return (linked, "group of neighbours") if linked is not None and many else (cluster, "unit")


def part(
    experiment: Experiment, effect: Effect, names: dict[str, object], found: tuple[float, float, float],
    prior: tuple[float, float],
) -> Effect:  # fmt: skip
    """A part of a headline effect: (value, variance, degrees of freedom), with a posterior of its own under the headline's prior."""
    outcome, (value, variance, df) = experiment.outcome(effect.outcome), found
    low, high = inference.t_interval(value, variance**0.5, df, LEVEL)
    mean, sd = (np.array([x]) for x in prior)
    law = inference.posterior(("",), np.array([value]), np.array([[variance]]), (df,), mean, sd)
    change = PLAIN | {
        "estimand": f"{effect.estimand.split()[0]}, {names['aggregation']}", "estimate": value, "std_error": variance**0.5, "df": df,
        "low": low, "high": high, "p_value": inference.two_sided_p(value, variance**0.5, df), "baseline": None,
        "probability_better": inference.probability_above(law, 0, 0.0, outcome.sign),
        "probability_matters": None if outcome.matters is None else inference.probability_above(law, 0, outcome.matters, outcome.sign),
        "applies_to": "untreated" if names["aggregation"] == UNTREATED else effect.applies_to,
    }  # fmt: skip
    return effect.model_copy(update=change | names)


def naive(effect: Effect, claimed: float, own: float) -> Notice:
    """What a comparison that ignores the neighbours would claim."""
    facts = {"outcome": effect.outcome, "naive": claimed, "own": own, "estimate": effect.estimate, "unit": effect.unit}
    return Notice(code="naive-neighbours", facts=facts)


def fallbacks(*, assumed: bool, linked: Whole | None, grouped_by: str) -> tuple[Notice, ...]:
    """What the data could not tell, and what was taken instead."""
    made = [Notice(code="spillover-assumed")] if assumed else []
    if linked is not None and grouped_by == "unit":
        made.append(Notice(code="neighbourhoods-too-large", facts={"groups": int(linked.max()) + 1}))
    return tuple(made)


def exposure_form(experiment: Experiment, form: Form) -> Notice:
    """The exposure mapping, as something that cannot be seen."""
    facts = {"column": experiment.exposure, "number": form.number, "lag": form.lag}
    return Notice(code="exposure-form-number" if form.number else "exposure-form", facts=facts)
