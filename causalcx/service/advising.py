"""The design adviser: from a situation to designs that would work."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from causalcx import words
from causalcx.core.advice import Advice, Decided, Situation, When
from causalcx.core.check import Notice
from causalcx.core.errors import UsageError
from causalcx.grade import START


def advise(
    *,
    decided: str,
    when: str = "once",
    sites: int = 0,
    untouched: int = 0,
    shares: Iterable[str] = (),
    before: bool = False,
    language: str = "en",
) -> Advice:
    """The designs that would work, best first, with what each needs and assumes; and what would mislead, with why."""
    from causalcx.designs.planning.adviser import advise as ranked

    for name, found, known in (("decided", decided, get_args(Decided)), ("when", when, get_args(When))):
        if found not in known:
            raise UsageError(
                "`{found}` is no answer to `{name}`; known: {known}.", found=found, name=name, known=", ".join(known)
            )
    shared = tuple(s for s in shares if s != "none")
    situation = Situation.model_validate(
        {"decided": decided, "when": when, "sites": sites, "untouched": untouched, "shares": shared, "before": before}
    )
    return _told(ranked(situation, START), language)


def _told(advice: Advice, language: str) -> Advice:
    designs = tuple(
        d.model_copy(update={"needs": _sentences(d.needs, language), "assumes": _sentences(d.assumes, language)})
        for d in advice.designs
    )
    refused = tuple(r.model_copy(update={"because": _sentences((r.because,), language)[0]}) for r in advice.refused)
    return advice.model_copy(update={"designs": designs, "refused": refused})


def _sentences(notices: tuple[Notice, ...], language: str) -> tuple[Notice, ...]:
    return tuple(n.model_copy(update={"sentence": words.notice_sentence(n, language)}) for n in notices)
