"""What a failed check hides, so that no page and no table tells it."""

from __future__ import annotations

from causalcx.core.case import Case
from causalcx.core.check import HIDES_ALL, HIDES_ONE, Check, Notice
from causalcx.core.readout import Readout

TELLING = {"estimate", "half_width"}
"""Facts that tell an effect, or how sharp it is."""
WITHHELD = "withheld"
"""Fact of a check whose figures are not told."""
NOT_IN_ORDER = ("fail", "warn")


def blocking_check(readout: Readout) -> Check | None:
    """The failed check that hides every effect, if there is one."""
    return next((c for c in readout.checks if c.verdict == "fail" and c.name in HIDES_ALL), None)


def hidden_outcomes(readout: Readout) -> dict[str, Check]:
    """Outcomes whose effect is hidden, with the failed check to show in its place."""
    return {str(c.facts.get("outcome")): c for c in readout.checks if c.verdict == "fail" and c.name == HIDES_ONE}


def hidden_money(readout: Readout, case: Case) -> list[Check]:
    """The failed checks that hide an outcome on which the case's money rests."""
    hidden = hidden_outcomes(readout)
    return [hidden[s.outcome] for s in case.streams if s.cash and s.outcome in hidden]


def rests_on_hidden(case: Case) -> bool:
    """Whether a failed check hides an effect that the money rests on."""
    return any(n.code in ("effect-hidden", "sample-ratio-failed") for n in case.decision.because)


def tells_hidden(said: Check | Notice, readout: Readout) -> bool:
    """Whether a sentence would state an effect that a failed check hides."""
    hidden = blocking_check(readout) is not None or said.facts.get("outcome") in hidden_outcomes(readout)
    return hidden and bool(TELLING & said.facts.keys())


def shown_checks(readout: Readout) -> list[Check]:
    """The checks as they may be told: of one that would tell a hidden effect, only that it failed or warns."""
    found = [(c, tells_hidden(c, readout)) for c in readout.checks]
    return [_without_figures(c) if telling else c for c, telling in found if not telling or c.verdict in NOT_IN_ORDER]


def _without_figures(check: Check) -> Check:
    facts = {key: check.facts[key] for key in ("outcome", "comparison") if key in check.facts}
    return Check(name=check.name, verdict=check.verdict, facts=facts | {WITHHELD: True})
