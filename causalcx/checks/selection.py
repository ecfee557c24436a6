"""Whether units were chosen by their own outcome, so that they would have recovered by themselves."""

from __future__ import annotations

from typing import Any

from causalcx.core.check import Check, Verdict

NAME = "selected-on-outcome"
FAILS, WARNS = 0.01, 0.05
"""p-values, adjusted for everything that was tried (Holm), below which a dip before the start speaks."""
BY_LOT = 0.05
"""Probability below which as many of the treated among the lowest are no chance."""
SURELY = 0.01
"""The same, for treated of whom the dip itself says little."""
NEARLY_ALL = 0.9
"""Share of the treated among the lowest of a column from which the column decided."""
LARGE = 0.25
"""Dip, in standard deviations among the others, below which it is too small to hide a result."""


def verdict_of(p: float, chance: float, size: float, *, comes_back: bool) -> Verdict:
    """``p`` of the dip (adjusted), the ``chance`` of as many among the lowest by lot, the dip's ``size`` in standard deviations.

    ``comes_back``: the lowest of earlier periods did, and the dip is nearer to what they made up for than to nothing.
    """
    concentrated = chance < BY_LOT
    if p < FAILS and concentrated and size >= LARGE:
        return "fail"
    doubtful = p < (WARNS if concentrated else FAILS) or (chance < SURELY and comes_back)
    return "warn" if doubtful else "pass"


def nothing_seen(reason: str) -> Check:
    """Where the data do not show units before the start."""
    return Check(name=NAME, verdict="info", facts={"declared": reason})


def selected(verdict: Verdict, facts: dict[str, Any], p: float, chance: float) -> Check:
    """``facts`` names the outcome, the treated, how many of them were among the lowest, their dip, and what such units do if left alone."""
    told = "dip" if verdict == "warn" and chance >= BY_LOT else facts["side"]
    return Check(name=NAME, verdict=verdict, value=p, facts=facts | {"p": p, "chance": chance, "declared": told})


def of_series(facts: dict[str, Any], p: float) -> Check:
    """One series against its own forecast; it warns at most, since a bad spell and a lasting fall look alike in it."""
    return Check(
        name=NAME, verdict="warn" if p < FAILS else "pass", value=p, facts=facts | {"p": p, "declared": "series"}
    )


def of_rows(facts: dict[str, Any], extreme: int, treated: int, chance: float) -> Check:
    """Units that occur once, of which a column tells the outcome's own past.

    Fails where nearly all of the treated are the lowest (or highest) of it, so that nobody is left to compare them with; where they
    only tend to be, they are compared with others of the same past, and the check says so.
    """
    found = facts | {"extreme": extreme, "treated": treated, "chance": chance}
    if chance < BY_LOT and extreme >= NEARLY_ALL * treated:
        return Check(name=NAME, verdict="fail", value=chance, facts=found | {"declared": f"column-{facts['side']}"})
    verdict: Verdict = "info" if chance < SURELY else "pass"
    return Check(name=NAME, verdict=verdict, value=chance, facts=found | {"declared": "column"})
