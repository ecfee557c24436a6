"""What the plan itself says: timing of covariates, interference, windows that are not over, early looks.

Nothing passes on silence: where the file does not say, the verdict is ``info`` and the facts name what is missing.
"""

from __future__ import annotations

from collections.abc import Sequence

from causalcx.core.check import Check
from causalcx.core.experiment import Experiment, Interference
from causalcx.core.need import Profile

MOST_YOUNG = 0.5
"""Share of units whose window is not over above which the result speaks of a minority, and nothing is to be decided."""


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
        return Check(name="interference", verdict="warn", facts={"declared": "undeclared", "shares": []})
    if isinstance(declared, Interference):
        shares = declared.shares or [x for x in (declared.neighbours, declared.exposure) if x]
        return Check(name="interference", verdict="warn", facts={"declared": "shared", "shares": shares})
    return Check(name="interference", verdict="pass", facts={"declared": "none", "shares": []})


def immaturity(experiment: Experiment, profile: Profile) -> Check:
    """Units whose window is not over were counted and left out; not known without `entered` and a window."""
    windows = any(o.window_months for o in experiment.outcomes)
    missing = [key for key, given in (("entered", experiment.entered), ("window_months", windows)) if not given]
    if missing and not profile.immature:
        return Check(name="immaturity", verdict="info", facts={"declared": "undeclared", "missing": missing})
    rows = profile.rows + profile.immature
    share = profile.immature / rows
    verdict = "fail" if share > MOST_YOUNG else "info" if profile.immature else "pass"
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
