"""The chatbot world: its closed forms against its draws, and its traps."""

from __future__ import annotations

import numpy as np

from causalcx.core.survival import pseudo_values
from causalcx.simulate.chatbot import Chatbot

WITHIN = 4.5
"""Standard errors."""


def test_the_truth_is_that_of_the_draws() -> None:
    columns = Chatbot(customers=200_000).draw(3)
    bot = columns["variant"] == "chatbot"
    for months, part in ((12.0, "effects"), (3.0, "careless")):
        one, other = (pseudo_values(columns["months"][s], columns["left"][s] == 1, months)[:, 0] for s in (bot, ~bot))
        error = np.sqrt(one.var() / len(one) + other.var() / len(other))
        assert abs(one.mean() - other.mean() - Chatbot().truth()[part]["leaving"]) < WITHIN * error


def test_half_have_not_been_seen_for_a_year_and_agents_lose_more() -> None:
    columns = Chatbot(customers=40_000).draw(1)
    lost = (columns["left"] == 0) & (columns["months"] < 12)
    bot = columns["variant"] == "chatbot"
    assert 0.4 < lost.mean() < 0.6
    assert lost[~bot].mean() > lost[bot].mean() + 0.03


def test_the_same_seed_gives_the_same_customers() -> None:
    one, other = Chatbot(customers=500).draw(7), Chatbot(customers=500).draw(7)
    assert all(np.array_equal(one[c], other[c]) for c in one)
