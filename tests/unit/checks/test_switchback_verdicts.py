"""Verdicts on switchbacks, from hand-made numbers."""

from __future__ import annotations

import pytest

from causalcx.checks import switchback as verdicts

FACTS = {"outcome": "handle", "unit": "s", "estimate": -8.0, "always_on": -14.0}


@pytest.mark.parametrize(("washout", "shape"), [(0, "no-washout"), (2, "washout")])
@pytest.mark.parametrize(("effect", "verdict"), [(-1.0, "pass"), (-6.0, "warn")])
def test_what_lasts_beyond_the_washout(washout: int, shape: str, effect: float, verdict: str) -> None:
    check = verdicts.carry_over(FACTS | {"washout": washout}, (effect, 1.0), 100)
    assert (check.verdict, check.facts["shape"], check.facts["beyond"]) == (verdict, shape, effect)


def test_a_schedule_that_cannot_tell() -> None:
    assert verdicts.carry_over(FACTS | {"washout": 0}, None, 100).verdict == "info"


@pytest.mark.parametrize(
    ("morning", "evening", "verdict"),
    [
        ((14, 14), (14, 14), "pass"),
        ((4, 16), (15, 5), "fail"),
        ((5, 12), (12, 5), "pass"),
        ((400, 500), (500, 400), "warn"),
    ],
)
def test_settings_that_follow_the_clock(morning: tuple[int, int], evening: tuple[int, int], verdict: str) -> None:
    """It fails where the gap is both sure and large."""
    clock = {"hour": [("08:00", *morning), ("18:00", *evening)], "weekday": [("1", 5, 5)]}
    check = verdicts.balance_over_time(clock)
    assert (check.verdict, check.facts["shape"]) == (verdict, "hour")


def test_without_a_clock_there_is_nothing_to_follow() -> None:
    assert verdicts.balance_over_time({}).verdict == "info"


@pytest.mark.parametrize(("clusters", "verdict"), [((7, 90), "fail"), ((19, 20), "warn"), ((20, 20), "pass")])
def test_few_blocks(clusters: tuple[int, int], verdict: str) -> None:
    check = verdicts.few_slots(clusters, "blocks", ("off", "on"))
    assert (check.verdict, check.value, check.facts["counts"]["on"]) == (verdict, min(clusters), clusters[1])


@pytest.mark.parametrize(
    ("p", "clear", "verdict"), [(0.001, True, "pass"), (0.2, True, "warn"), (0.2, False, "info"), (0.04, False, "info")]
)
def test_another_draw(p: float, clear: bool, verdict: str) -> None:
    check = verdicts.randomisation_test({"outcome": "handle"}, p, 0.01, 999, "hour", clear)
    assert (check.verdict, check.value, check.facts["draws"]) == (verdict, p, 999)
