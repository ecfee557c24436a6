"""What the plan itself says: timing of covariates, interference, windows that are not over, early looks."""

from __future__ import annotations

from causalcx.core.check import Check
from causalcx.core.experiment import Experiment, Interference
from causalcx.core.need import Profile


def timing(experiment: Experiment) -> Check:
    """Covariates without a `columns` entry are taken as known before the treatment, and that is said."""
    covariates = list(getattr(experiment.design, "covariates", []))
    silent = [c for c in covariates if not (declared := experiment.columns.get(c)) or declared.known is None]
    return Check(
        name="timing", verdict="info" if silent else "pass", facts={"columns": silent, "covariates": covariates}
    )


def interference(experiment: Experiment) -> Check:
    """Whether the arms share anything that could carry the change from one to the other."""
    declared = experiment.interference
    if declared is None:
        return Check(name="interference", verdict="warn", facts={"declared": "undeclared", "shares": []})
    if isinstance(declared, Interference):
        shares = declared.shares or [x for x in (declared.neighbours, declared.exposure) if x]
        return Check(name="interference", verdict="warn", facts={"declared": "shared", "shares": shares})
    return Check(name="interference", verdict="pass", facts={"declared": "none", "shares": []})


def immaturity(profile: Profile) -> Check:
    """Units whose window is not over were counted and left out."""
    rows = profile.rows + profile.immature
    share = profile.immature / rows if rows else 0.0
    facts = {"left_out": profile.immature, "rows": rows, "share": share}
    return Check(name="immaturity", verdict="info" if profile.immature else "pass", value=share, facts=facts)


def early_look(experiment: Experiment) -> Check:
    """Data dated before the planned end are a look that nobody planned."""
    facts = {"as_of": experiment.as_of and experiment.as_of.isoformat(), "end": experiment.period.end.isoformat()}
    early = experiment.as_of is not None and experiment.as_of < experiment.period.end
    return Check(name="early-look", verdict="fail" if early else "pass", facts=facts)
