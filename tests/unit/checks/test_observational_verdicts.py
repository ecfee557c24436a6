"""Verdicts on comparisons that nobody randomised, each once."""

from __future__ import annotations

import numpy as np
import pytest

from causalcx.checks import observational as checks
from causalcx.core.check import Check
from causalcx.core.need import Frame, Profile
from tests.unit.designs.observational_worlds import experiment


@pytest.mark.parametrize(("kept", "verdict"), [(95, "pass"), (94, "warn"), (50, "warn"), (49, "fail")])
def test_overlap(kept: int, verdict: str) -> None:
    found = checks.overlap(kept, 100, 0.05, 0.95, "ATE")
    assert (found.verdict, found.value) == (verdict, kept / 100)


@pytest.mark.parametrize(
    ("refuted", "p", "verdict"),
    [(0.1, 0.001, "pass"), (0.5, 0.001, "warn"), (-1.5, 0.001, "fail"), (1.5, 0.2, "pass")],
)
def test_a_refuter_speaks_when_the_shift_is_sure_and_large(refuted: float, p: float, verdict: str) -> None:
    facts = {"refuted": 3 + refuted, "p": p}
    assert checks.refuter("refuter-random-cause", facts, 3.0, 1.0).verdict == verdict


@pytest.mark.parametrize(("spread", "verdict"), [(0.5, "pass"), (0.51, "warn")])
def test_fold_spread(spread: float, verdict: str) -> None:
    assert checks.fold_spread("nps", "a vs b", spread, 1.0).verdict == verdict


def frame(column: np.ndarray, outcome: np.ndarray, kind: str, levels: tuple[str, ...] = ()) -> Frame:
    profile = Profile("", None, len(column), {"none": 1, "some": 1}, {}, {}, {})
    name = {"binary": "churn", "amount": "revenue"}[kind]
    return Frame(
        profile, np.zeros(len(column), int), {name: outcome}, {"need": column}, {"need": levels} if levels else {}
    )


def leakage_of(
    column: np.ndarray, outcome: np.ndarray, kind: str = "binary", levels: tuple[str, ...] = (), excused: str = ""
) -> Check:
    more = f"columns: {{need: {{excused: {excused}}}}}" if excused else ""
    name = {"binary": "churn", "amount": "revenue"}[kind]
    (found,) = checks.leakage(experiment(name, more=more), frame(column, outcome, kind, levels), {name: ("need",)})
    return found


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def primary_churn(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.unit.designs import observational_worlds as worlds

    monkeypatch.setitem(worlds.OUTCOMES, "churn", worlds.OUTCOMES["churn"].replace("secondary", "primary"))


def test_a_level_that_determines_the_outcome_fails_until_excused_in_words(rng: np.random.Generator) -> None:
    score = rng.integers(0, 5, 2_000).astype(float)
    left = np.where(score < 2, 1.0, np.where(score == 2, rng.integers(0, 2, 2_000), 0.0))
    found = leakage_of(score, left)
    assert (found.verdict, found.facts["column"], found.facts["share"]) == ("fail", "need", 1.0)
    assert found.facts["level"] in {"0", "1", "3", "4"}
    assert found.facts["shape"] == "level"
    assert leakage_of(score, left, excused="asked long before").verdict == "warn"
    assert leakage_of(score, left, levels=tuple("abcde")).facts["level"] in set("abde")


def test_a_level_gives_away_an_outcome_that_is_rare_overall(rng: np.random.Generator) -> None:
    closed = (rng.uniform(size=4_000) < 0.02).astype(float)
    found = leakage_of(closed, np.maximum(closed, rng.uniform(size=4_000) < 0.01), levels=("no", "yes"))
    assert (found.verdict, found.facts["level"]) == ("fail", "yes")
    rare = (rng.uniform(size=4_000) < 0.02).astype(float)
    assert leakage_of(rng.integers(0, 4, 4_000).astype(float), rare, levels=tuple("abcd")).verdict == "pass"


def test_without_a_covariate_nothing_is_known_of_leakage() -> None:
    (found,) = checks.leakage(experiment("churn"), frame(np.arange(9.0), np.arange(9) % 2.0, "binary"), {"churn": ()})
    assert (found.verdict, found.facts["columns"]) == ("info", [])


@pytest.mark.parametrize(
    "share",
    [0.02, 0.2],  # the level holds all of the outcome that is rare overall, or a moderate share of it
)
def test_what_merely_predicts_passes(rng: np.random.Generator, share: float) -> None:
    level = rng.integers(0, 4, 4_000).astype(float)
    left = (rng.uniform(size=4_000) < np.where(level == 0, share, 0.4)).astype(float)
    assert leakage_of(level, left).verdict == "pass"


def test_a_few_units_of_one_kind_prove_nothing(rng: np.random.Generator) -> None:
    level = np.r_[np.zeros(990), np.ones(12)]  # 12 units, of whom 6 % would have left by chance
    left = np.r_[(rng.uniform(size=990) < 0.06).astype(float), np.zeros(12)]
    assert leakage_of(level, left).verdict == "pass"


def test_a_number_that_ranks_the_outcome_without_error_fails(rng: np.random.Generator) -> None:
    number = rng.normal(size=2_000)
    found = leakage_of(number, (number + 0.1 * rng.normal(size=2_000) > 0).astype(float))
    assert (found.verdict, found.facts["shape"]) == ("fail", "threshold")
    assert found.facts["threshold"] == pytest.approx(0.0, abs=0.2)
    assert leakage_of(-number, (number + 0.1 * rng.normal(size=2_000) > 0).astype(float)).facts["share"] > 0.9
    assert leakage_of(number, (number + rng.normal(size=2_000) > 0).astype(float)).verdict == "pass"


def test_an_amount_in_another_coat_fails(rng: np.random.Generator) -> None:
    revenue = rng.normal(100, 20, 2_000)
    found = leakage_of(revenue * 0.8 + rng.normal(size=2_000), revenue, "amount")
    assert (found.verdict, found.facts["shape"]) == ("fail", "explains")
    assert leakage_of(revenue + 20 * rng.normal(size=2_000), revenue, "amount").verdict == "pass"
