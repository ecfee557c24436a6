"""The adviser: every answer leads somewhere, and the two commonest false successes are refused."""

from __future__ import annotations

from itertools import product

import pytest

from causalcx import service
from causalcx.core.advice import DECIDED, WHEN
from causalcx.core.design_keys import KINDS
from causalcx.core.errors import UsageError

SITUATIONS = [
    {"decided": d, "when": w, "sites": s, "untouched": u, "shares": shares, "before": b}
    for d, w, s, u, shares, b in product(DECIDED, WHEN, (0, 1, 30), (0, 1, 30), ((), ("queue",)), (False, True))
]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_situation_gets_designs_or_a_reason_in_both_languages(language):
    for situation in SITUATIONS:
        advice = service.advise(**situation, language=language)
        assert advice.designs or advice.refused, situation
        said = [n for d in advice.designs for n in (*d.needs, *d.assumes)] + [r.because for r in advice.refused]
        assert all(n.sentence and n.code not in n.sentence for n in said), situation
        assert {d.design for d in advice.designs} | {k for r in advice.refused for k in r.instead} <= set(KINDS)
        assert [d.level for d in advice.designs] == sorted((d.level for d in advice.designs), reverse=True)


def best(**situation) -> list[str]:
    return [d.design for d in service.advise(**situation).designs]


def test_each_design_is_found_where_it_belongs():
    assert best(decided="open") == ["randomised"]
    assert best(decided="chance", when="switching") == ["switchback"]
    assert best(decided="threshold") == ["discontinuity"]
    assert best(decided="nudge") == ["randomised", "instrument"]
    assert best(decided="company", sites=2, untouched=40, before=True) == ["synthetic-control", "staggered"]
    assert best(decided="company", when="waves", sites=40, before=True)[0] == "staggered"
    assert best(decided="everyone", before=True) == ["interrupted-time-series"]
    assert best(decided="company", untouched=5_000) == ["observational"]


def test_one_site_beside_one_other_is_a_series_and_no_roll_out():
    """What `fit` refuses (one treated and one untreated unit) is not advised."""
    assert best(decided="company", sites=1, untouched=1, before=True) == ["interrupted-time-series"]
    assert best(decided="company", when="waves", sites=2, before=True) == []
    assert "staggered" in best(decided="company", sites=2, untouched=1, before=True)


def test_the_worst_twenty_coached_and_compared_with_before_is_refused_for_regression_to_the_mean():
    for when, before in product(WHEN, (False, True)):
        advice = service.advise(decided="results", when=when, sites=20, untouched=80, before=before)
        assert not advice.designs
        refused = advice.refused[0]
        assert refused.because.code == "advice-selected-on-outcome"
        assert "regression to the mean" in refused.because.sentence
        assert refused.instead == ("randomised", "discontinuity")


def test_a_lot_over_customers_who_share_a_queue_is_refused_with_what_would_work():
    advice = service.advise(decided="open", shares=["queue", "agents"])
    assert [r.because.code for r in advice.refused] == ["advice-shared-by-arms"]
    assert "queue and agents" in advice.refused[0].because.sentence
    assert [d.design for d in advice.designs] == ["switchback"]
    assert "randomised" in best(decided="open", shares=["queue"], sites=20, untouched=20)


def test_unknown_answers_are_named():
    with pytest.raises(UsageError, match="luck"):
        service.advise(decided="luck")
