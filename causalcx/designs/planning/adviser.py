"""Rules from a situation to designs: what is feasible, what it needs and assumes, and what would mislead."""

from __future__ import annotations

from collections.abc import Callable

from causalcx.core.advice import Advice, Recommended, Refused, Situation
from causalcx.core.check import Notice

FEW_SITES = 5
"""Treated sites up to which their own mix of others is better than a common trend."""
LEAST_DONORS = 2
"""Untouched sites that a synthetic control needs."""
SITES_PER_ARM = 8
"""Sites per arm below which a randomisation of sites tells little."""
LEAST_PER_ARM = 2
"""Sites per arm below which nothing can be randomised."""
FACTS = {"sites-per-arm": {"sites": SITES_PER_ARM}, "donors": {"donors": LEAST_DONORS}}
"""What the sentences of needs say in numbers."""


def advise(situation: Situation, levels: dict[str, int]) -> Advice:
    """Feasible designs by the evidence level at which they start (``levels``); between equals, in the order of the rules."""
    found = [r for rule in RULES if (r := rule(situation, levels))]
    return Advice(
        situation=situation,
        designs=tuple(sorted(found, key=lambda r: -r.level)),
        refused=tuple(r for refuse in REFUSALS if (r := refuse(situation, not found))),
    )


def _recommended(
    design: str, levels: dict[str, int], needs: tuple[str, ...], assumes: tuple[str, ...], s: Situation
) -> Recommended:
    spills = s.shares and design not in ("switchback", "interrupted-time-series")
    own = tuple(_notice(code) for code in assumes)
    return Recommended(
        design=design, level=levels[design], needs=tuple(_notice(code, **FACTS.get(code, {})) for code in needs),
        assumes=(*own, *((_notice("no-spill-over", shares=list(s.shares)),) if spills else ())),
    )  # fmt: skip


def _notice(code: str, **facts: object) -> Notice:
    return Notice(code=f"advice-{code}", facts=facts)


def _shared_by_customers(s: Situation) -> bool:
    """Whether arms of single customers would stand in each other's way."""
    return bool(s.shares) and s.sites == 0


def _one_beside_one(s: Situation) -> bool:
    """Whether one site stands against one other: nothing then tells how much sites vary by themselves."""
    return s.sites > 0 and s.sites + s.untouched <= 2


def _randomised(s: Situation, levels: dict[str, int]) -> Recommended | None:
    too_few = s.sites > 0 and min(s.sites, s.untouched) < LEAST_PER_ARM
    if s.decided not in ("open", "chance", "nudge") or s.when == "switching" or _shared_by_customers(s) or too_few:
        return None
    needs = ("lot", "split") if s.sites == 0 else ("lot", "sites-per-arm")
    return _recommended(
        "randomised", levels, (*needs, *(("took-up",) if s.decided == "nudge" else ())), ("lot-kept",), s
    )


def _switchback(s: Situation, levels: dict[str, int]) -> Recommended | None:
    drawn = s.decided in ("open", "chance") and (s.when == "switching" or _shared_by_customers(s))
    return _recommended("switchback", levels, ("schedule", "slots"), ("washout",), s) if drawn else None


def _discontinuity(s: Situation, levels: dict[str, int]) -> Recommended | None:
    if s.decided != "threshold":
        return None
    return _recommended(
        "discontinuity", levels, ("running", "near-cutoff"), ("not-placed", "nothing-else-at-cutoff"), s
    )


def _instrument(s: Situation, levels: dict[str, int]) -> Recommended | None:
    if s.decided != "nudge" or _shared_by_customers(s):
        return None
    return _recommended("instrument", levels, ("took-up", "nudge-moves"), ("exclusion", "no-defiers"), s)


def _synthetic(s: Situation, levels: dict[str, int]) -> Recommended | None:
    sites = 1 <= s.sites <= FEW_SITES and s.untouched >= LEAST_DONORS
    if not (sites and s.before and s.decided in CHOSEN and s.when == "once"):
        return None
    return _recommended("synthetic-control", levels, ("donors", "periods-before"), ("mix-goes-on", "nothing-else"), s)


def _staggered(s: Situation, levels: dict[str, int]) -> Recommended | None:
    others = s.when == "waves" or (s.when == "once" and s.untouched > 0 and s.sites > 0)
    if not (others and s.before and s.decided in CHOSEN) or _one_beside_one(s):
        return None
    return _recommended("staggered", levels, ("panel", "periods-before"), ("parallel-trends", "no-anticipation"), s)


def _interrupted(s: Situation, levels: dict[str, int]) -> Recommended | None:
    alone = s.decided == "everyone" or s.untouched == 0 or _one_beside_one(s)
    if not (s.before and s.when == "once" and s.decided != "results" and alone):
        return None
    if s.decided in ("open", "chance", "nudge", "threshold"):
        return None
    return _recommended("interrupted-time-series", levels, ("long-series", "regressor"), ("nothing-else",), s)


def _observational(s: Situation, levels: dict[str, int]) -> Recommended | None:
    if not (s.decided in ("company", "customers") and s.sites == 0 and s.untouched > 0 and s.when != "switching"):
        return None
    return _recommended("observational", levels, ("drivers", "overlap"), ("no-hidden-cause",), s)


CHOSEN = ("open", "chance", "company", "everyone")
"""Who may have decided so that groups can be compared over time: neither their own results nor their own wish."""
RULES: tuple[Callable[[Situation, dict[str, int]], Recommended | None], ...] = (
    _randomised, _switchback, _discontinuity, _instrument, _synthetic, _staggered, _interrupted, _observational,
)  # fmt: skip


def _selected_on_outcome(s: Situation, nothing: bool) -> Refused | None:  # noqa: ARG001
    if s.decided != "results":
        return None
    return Refused(because=_notice("selected-on-outcome"), instead=("randomised", "discontinuity"))


def _shared(s: Situation, nothing: bool) -> Refused | None:  # noqa: ARG001
    if not (_shared_by_customers(s) and s.decided in ("open", "chance", "nudge") and s.when != "switching"):
        return None
    return Refused(because=_notice("shared-by-arms", shares=list(s.shares)), instead=("switchback", "randomised"))


def _self_chosen(s: Situation, nothing: bool) -> Refused | None:  # noqa: ARG001
    """Takers against themselves beforehand."""
    return (
        Refused(because=_notice("self-chosen"), instead=("instrument", "randomised"))
        if s.decided == "customers"
        else None
    )


def _switched_at_will(s: Situation, nothing: bool) -> Refused | None:  # noqa: ARG001
    if s.when != "switching" or s.decided in ("open", "chance"):
        return None
    return Refused(because=_notice("switched-at-will"), instead=("switchback",))


def _nothing_fits(s: Situation, nothing: bool) -> Refused | None:
    if not nothing or s.decided == "results" or s.when == "switching":
        return None
    code = "nothing-to-compare" if s.untouched == 0 and not s.before else "too-little" if s.before else "no-before"
    return Refused(because=_notice(code), instead=("randomised", "staggered"))


REFUSALS = (_selected_on_outcome, _shared, _self_chosen, _switched_at_will, _nothing_fits)
