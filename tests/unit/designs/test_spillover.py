"""Own effect and spill-over of a roll-out: least squares by hand as the naive twin, known truth, and what cannot be told."""

from __future__ import annotations

import numpy as np
import pytest

from causalcx.core.errors import CannotAnswer
from causalcx.core.neighbours import Neighbours
from causalcx.designs.neighbours.imputation import Records, Untreated
from causalcx.designs.neighbours.nearby import Form, Nearby, exposure, forms
from causalcx.designs.neighbours.spillover import OWN, ROLLED, SPILL, TOTAL, UNTREATED, Asked, joint, weights
from causalcx.simulate.staffing import with_neighbours

FIRST = np.array([3, 5, 8])
PERIODS, UNITS = 8, 30


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.mark.parametrize("everyone", [True, False])
def test_imputation_is_least_squares_of_the_untreated_periods(rng, everyone: bool) -> None:
    """With ``everyone`` the regression runs over all untreated periods; else over those of units never treated."""
    wave = np.repeat([0, 1, 2], 10)
    z = np.column_stack([np.ones(UNITS), rng.normal(size=UNITS)])
    felt = rng.uniform(size=(UNITS, PERIODS, 1))
    y = rng.normal(size=(UNITS, PERIODS))
    records = Records(wave, FIRST, z, felt, everyone)
    found, now = Untreated.of(records), records.now
    used = ~now & records.tell[:, None]
    x = np.zeros((UNITS, PERIODS, UNITS + 2 * PERIODS + 1))
    for i in range(UNITS):
        x[i, :, i] = 1
    for t in range(PERIODS):
        x[:, t, UNITS + 2 * t : UNITS + 2 * t + 2] = z
    x[:, :, -1] = felt[:, :, 0]
    solved = np.linalg.lstsq(x[used], y[used], rcond=None)[0]
    assert (found.weights(np.zeros_like(y), 0) * y).sum() == pytest.approx(solved[-1], abs=1e-9)
    rest = y - x[:, :, UNITS:-1] @ solved[UNITS:-1]
    free = np.where(now, np.nan, rest - felt[:, :, 0] * solved[-1])
    rest -= np.nanmean(free, axis=1)[:, None]
    asked = now / now.sum()
    assert (found.weights(asked) * y).sum() == pytest.approx(rest[now].mean(), abs=1e-9)


def town(rng, units: int = 300, periods: int = 12) -> tuple[np.ndarray, np.ndarray, Nearby, Neighbours]:
    """Units on a map, a third never treated."""
    place = rng.uniform(0, 1, (units, 2))
    unit, neighbour = np.nonzero(
        (((place[:, None] - place[None]) ** 2).sum(axis=2) < 0.05**2) & ~np.eye(units, dtype=bool)
    )
    near = Neighbours(unit, neighbour, np.ones(len(unit)), units)
    wave, first = rng.permutation(np.arange(units) % 3), np.array([5, 8, periods])
    now = (np.arange(periods) >= first[wave][:, None]).astype(float)
    return wave, first, Nearby(near.share(now), (near.total > 0).astype(float), near.total, near.groups), near


def test_without_noise_every_part_is_exact(rng) -> None:
    wave, first, nearby, _ = town(rng)
    now = np.arange(12) >= first[wave][:, None]
    own = np.array([5.0, 2.0, 0.0])[wave][:, None] * now
    felt = np.where(now, -0.5, -1.5) * nearby.share - 0.2 * nearby.share * nearby.total[:, None]
    y = rng.normal(size=len(wave))[:, None] + np.sin(np.arange(12)) + own + felt
    found = weights(nearby, wave, first, np.zeros((len(wave), 0)), everyone=False)
    said = {key: (w * y).sum() for key, w in found.of.items()}
    full = np.array([(-0.5 * nearby.has - 0.2 * nearby.total)[wave == g].mean() for g in (0, 1)])
    assert said[OWN, None] == pytest.approx(3.5, abs=1e-8)
    assert said[SPILL, None] == pytest.approx(full.mean(), abs=1e-8)
    assert said[TOTAL, None] == pytest.approx(said[OWN, None] + said[SPILL, None], abs=1e-8)
    assert said[OWN, 0] == pytest.approx(5, abs=1e-8)
    as_it_was = np.mean([(own + felt)[wave == g][:, first[g] :].mean() for g in (0, 1)])
    assert said[ROLLED, None] == pytest.approx(as_it_was, abs=1e-8)
    assert (UNTREATED, None) in said
    assert np.allclose(found.residuals(y), 0, atol=1e-8)
    assert np.allclose(found.without_neighbours(y), y - felt, atol=1e-8)


def test_the_joint_law_is_that_of_influence_by_groups(rng) -> None:
    wave, first, nearby, _ = town(rng)
    found = weights(nearby, wave, first, np.zeros((len(wave), 0)), everyone=True)
    y, units = rng.normal(size=(2, len(wave), 12)), np.arange(len(wave))
    law = joint([Asked(found, units, one, ((TOTAL, None), (OWN, None))) for one in y], nearby.group)
    assert law.covariance.shape == (4, 4)
    mine = [np.bincount(nearby.group, (found.of[OWN, None] * found.residuals(one)).sum(axis=1)) for one in y]
    assert law.covariance[1, 3] == pytest.approx(float(mine[0] @ mine[1]))
    assert (np.diag(law.covariance) > 0).all()
    assert (law.df > 5).all()


def test_a_wave_of_one_unit_varies_as_the_others_do(rng) -> None:
    wave, first, nearby, _ = town(rng)
    wave = np.where((wave == 0) & (np.arange(len(wave)) != np.flatnonzero(wave == 0)[0]), 2, wave)
    found = weights(nearby, wave, first, np.zeros((len(wave), 0)), everyone=False)
    y = rng.normal(size=(len(wave), 12))
    law = joint([Asked(found, np.arange(len(wave)), y, ((OWN, 0),))], np.arange(len(wave)))
    assert 0.2 < law.covariance[0, 0] ** 0.5 < 2


def test_what_the_treated_feel_is_taken_from_the_untreated_where_no_treated_unit_has_treated_neighbours(rng) -> None:
    units, periods = 60, 10
    wave, first = np.arange(units) % 2, np.array([4, periods])
    wave[40:] = 1
    unit, neighbour = np.arange(1, 40, 2), np.arange(0, 40, 2)
    near = Neighbours(unit, neighbour, np.ones(len(unit)), units)
    now = (np.arange(periods) >= first[wave][:, None]).astype(float)
    nearby = Nearby(near.share(now), (near.total > 0).astype(float) + now[:, -1], None, near.groups)
    y = rng.normal(size=units)[:, None] + 3 * now - 1.0 * nearby.share
    found = weights(nearby, wave, first, np.zeros((units, 0)), everyone=False)
    assert found.assumed
    assert (found.of[OWN, None] * y).sum() == pytest.approx(3, abs=1e-8)
    assert (found.of[TOTAL, None] * y).sum() == pytest.approx(2, abs=1e-8)


def test_where_everybody_feels_the_same_nothing_can_be_told(rng) -> None:
    wave, first = np.repeat([0, 1], 20), np.array([4, 10])
    share = np.repeat(((np.arange(10) >= 4) * 1.0)[None], 40, axis=0)
    nearby = Nearby(share, np.ones(40), None, None)
    with pytest.raises(CannotAnswer, match="cannot be told from the change itself"):
        weights(nearby, wave, first, np.zeros((40, 0)), everyone=False)


def test_forms_run_from_the_most_to_the_least() -> None:
    nearby = Nearby(np.zeros((3, 12)), np.ones(3), np.array([1.0, 2, 3]), None)
    assert forms(nearby, np.array([2, 4, 12]), 12) == [
        Form(number=True, lag=2), Form(number=False, lag=2), Form(number=True, lag=0), Form(number=False, lag=0),
    ]  # fmt: skip
    felt = exposure(Nearby(np.array([[0.0, 0.5, 1.0, 1.0]]), np.ones(1), None, None), np.array([1]), Form(False, 2))
    assert felt.felt[0].tolist() == [[0, 0], [0.5, 0], [1, 0], [0.5, 0.5]]
    assert felt.full[0].tolist() == [[0, 0], [1, 0], [1, 0], [0, 1]]


RUNS = 120


def test_intervals_hold_the_truth_of_stores_near_each_other() -> None:
    """At 95 %, fewer than 107 of 120 would happen once in a thousand."""
    world = with_neighbours()
    truth, (unit, neighbour) = world.truth(), np.nonzero(world.near())
    near = Neighbours(unit, neighbour, np.ones(len(unit)), world.stores)
    wave, first = world._wave(), np.array([*world.starts, world.weeks])
    now = (np.arange(world.weeks) >= first[wave][:, None]).astype(float)
    nearby = Nearby(near.share(now), (near.total > 0).astype(float), near.total, near.groups)
    found = weights(nearby, wave, first, np.zeros((world.stores, 0)), everyone=False)
    asked = {TOTAL: truth["effects"]["sales"], OWN: truth["own"], ROLLED: truth["as_rolled_out"]}
    held = np.zeros(len(asked))
    for seed in range(RUNS):
        y = world.draw(seed)["sales"].reshape(world.stores, -1)
        law = joint([Asked(found, np.arange(world.stores), y, tuple((k, None) for k in asked))], near.groups)
        held += np.abs(law.value - list(asked.values())) < 2.0 * np.sqrt(np.diag(law.covariance))
    assert (held >= 107).all()
