"""Twenty-eight evenings of nothing, of which three look like something."""

from __future__ import annotations

import numpy as np

from causalcx.core.looks import ONE_LOOK
from causalcx.core.sequential import AlwaysValid
from causalcx.simulate.greeting import Greeting


def evenings(seed: int) -> np.ndarray:
    """z of the plain comparison on each evening."""
    world = Greeting()
    columns = world.draw(seed)
    warm, again = columns["greeting"] == "warm", columns["called_again"]
    ends = np.arange(1, world.days + 1) * world.callers
    z = []
    for end in ends:
        one, other = again[:end][warm[:end]], again[:end][~warm[:end]]
        error = np.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other))
        z.append((one.mean() - other.mean()) / error)
    return np.array(z)


def test_plain_ranges_leave_zero_out_on_days_nine_to_eleven_and_the_sequence_never_does():
    z = np.abs(evenings(1))
    assert np.flatnonzero(z > ONE_LOOK).tolist() == [8, 9, 10]
    bound = [AlwaysValid(1_000 * (day + 1), 28_000).critical() for day in range(28)]
    assert (z < bound).all()


def test_the_world_is_drawn_evenly_day_by_day():
    columns = Greeting().draw(3)
    assert len(set(columns["caller"])) == 28_000
    days, counts = np.unique(columns["called_on"], return_counts=True)
    assert len(days) == 28
    assert set(counts) == {1_000}
    assert (columns["greeting"][:1_000] == "warm").sum() == 500


def test_an_effect_shows_where_there_is_one():
    columns = Greeting(effect=-0.1).draw(1)
    warm = columns["greeting"] == "warm"
    assert columns["called_again"][warm].mean() < columns["called_again"][~warm].mean() - 0.08
    assert Greeting(effect=-0.1).truth()["effects"]["satisfaction"] > 0
