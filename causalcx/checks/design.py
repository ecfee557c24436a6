"""What the plan itself says: timing of covariates, interference, windows that are not over, early looks.

Nothing passes on silence: where the file does not say, the verdict is ``info`` and the facts name what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from causalcx.core.check import Check
from causalcx.core.experiment import Experiment, Interference
from causalcx.core.need import Profile

MOST_YOUNG = 0.5
"""Share of units whose window is not over above which the result speaks of a minority, and nothing is to be decided."""
PLACES = {
    "store",
    "stores",
    "shop",
    "branch",
    "site",
    "outlet",
    "city",
    "region",
    "km",
    "lat",
    "lon",
    "latitude",
    "longitude",
    "门店",
    "网点",
    "城市",
}
QUEUES = {"queue", "wait", "waiting", "hotline", "排队", "热线"}
STOCKS = {"stock", "inventory", "slots", "appointments", "budget", "库存", "号源", "预算"}
"""Words of the plan that name what units may take from each other."""


def timing(experiment: Experiment, covariates: Sequence[str]) -> Check:
    """Covariates without a `columns` entry are taken as known before the treatment, and that is said."""
    silent = [c for c in covariates if not (declared := experiment.columns.get(c)) or declared.known is None]
    facts = {"columns": silent, "covariates": list(covariates)}
    if not covariates:
        return Check(name="timing", verdict="info", facts=facts | {"declared": "unused"})
    return Check(name="timing", verdict="info" if silent else "pass", facts=facts)


def interference(experiment: Experiment) -> Check:
    """Whether the arms share anything that could carry the change from one to the other."""
    declared = experiment.interference
    if declared is None:
        invites = invited_by(experiment)
        facts = {"declared": "undeclared", "shares": []} | ({"seen": invites} if invites else {})
        return Check(name="interference", verdict="warn", facts=facts)
    if not isinstance(declared, Interference):
        return Check(name="interference", verdict="pass", facts={"declared": "none", "shares": []})
    if declared.felt:
        told_by = declared.neighbours or declared.exposure
        facts = {"declared": "felt", "shares": declared.shares or [], "told_by": told_by}
        return Check(name="interference", verdict="pass", facts=facts)
    apart = kept_apart(experiment, declared.shares or [])
    return Check(
        name="interference", verdict="pass" if apart else "warn",
        facts={"declared": "kept-apart" if apart else "shared", "shares": declared.shares or []},
    )  # fmt: skip


def kept_apart(experiment: Experiment, shares: Sequence[str]) -> bool:
    """Whether what is shared has one arm at a time: switched as a whole, or drawn as a whole."""
    design: Any = experiment.design
    return design.kind == "switchback" or (design.kind == "randomised" and design.cluster in shares)


def invited_by(experiment: Experiment) -> Literal["places", "queue", "stock"] | None:
    """What in the plan lets units stand in each other's way, by its words: places near each other, one queue, one stock.

    Units that were switched as a whole, or drawn in groups, are not asked for queue and stock again.
    """
    design: Any = experiment.design
    named = _words(getattr(design, "cluster", None) or design.unit or "") | _words(*experiment.columns)
    said = named | _words(
        experiment.journey or "", experiment.touchpoint or "", *(str(o.column) for o in experiment.outcomes)
    )
    if named & PLACES:
        return "places"
    if design.kind == "switchback" or getattr(design, "cluster", None):
        return None
    if experiment.intervention in ("staffing", "routing") or said & QUEUES:
        return "queue"
    return "stock" if said & STOCKS else None


def _words(*names: str) -> set[str]:
    return {word for name in names for word in re.split(r"[^a-z\u4e00-\u9fff]+", name.lower()) if word}


def immaturity(experiment: Experiment, profile: Profile) -> Check:
    """Units whose window is not over were counted and left out; not known without `entered` and a window.

    At looks planned before the end most units are still to come, and that is no failure.
    """
    if all(o.kind == "duration" for o in experiment.outcomes) and not profile.immature:
        return Check(name="immaturity", verdict="pass", value=0.0, facts={"declared": "followed"})
    windows = any(o.window_months for o in experiment.outcomes)
    missing = [key for key, given in (("entered", experiment.entered), ("window_months", windows)) if not given]
    if missing and not profile.immature:
        return Check(name="immaturity", verdict="info", facts={"declared": "undeclared", "missing": missing})
    rows = profile.rows + profile.immature
    share = profile.immature / rows
    planned = experiment.looks is not None and experiment.as_of is not None and experiment.as_of < experiment.period.end
    verdict = "fail" if share > MOST_YOUNG and not planned else "info" if profile.immature else "pass"
    facts = {"left_out": profile.immature, "rows": rows, "share": share}
    return Check(name="immaturity", verdict=verdict, value=share, facts=facts)


def early_look(experiment: Experiment) -> Check:
    """Data dated before the planned end are a look that nobody planned; not known without `as_of`."""
    end = experiment.period.end
    if experiment.as_of is None:
        return Check(
            name="early-look", verdict="info", facts={"as_of": None, "end": end.isoformat(), "missing": ["as_of"]}
        )
    facts = {"as_of": experiment.as_of.isoformat(), "end": end.isoformat()}
    return Check(name="early-look", verdict="fail" if experiment.as_of < end else "pass", facts=facts)
