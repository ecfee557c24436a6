"""The worlds of compliers: their closed-form truth is what a large draw shows."""

from __future__ import annotations

import numpy as np

from causalcx.simulate.nudge import Agents, Nudge
from causalcx.simulate.worlds import write_world

MANY = 400_000
FAR = 4.5
"""Standard errors of a difference of means; a draw is farther off less than once in 100,000."""


def close(one: np.ndarray, other: np.ndarray, expected: float) -> bool:
    error = np.sqrt(one.var() / len(one) + other.var() / len(other))
    return abs(one.mean() - other.mean() - expected) < FAR * error


def columns_of(world: Nudge) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    drawn = world.draw(MANY, 1)
    score = drawn["score"]
    return drawn, {
        "calls": drawn["calls_90d"], "churn": drawn["churned_90d"],
        "nps": 100.0 * ((score >= 9).astype(float) - (score <= 6)),
    }  # fmt: skip


def test_takers_against_others_and_the_message_itself_are_as_told() -> None:
    truth, (drawn, outcomes) = Nudge().truth(), columns_of(Nudge())
    for name, y in outcomes.items():
        taken, told = drawn["used_app"] == 1, drawn["message"] == 1
        assert close(y[taken], y[~taken], truth["careless"][name])
        assert close(y[told], y[~told], truth["intention_to_treat"][name])
    assert close(drawn["used_app"][told], drawn["used_app"][~told], truth["share"])


def test_waived_against_others_is_as_told_and_agents_differ_by_their_leniency() -> None:
    world = Agents(agents=7)
    drawn = world.draw(MANY, 1)
    waived = drawn["waived"] == 1
    assert close(drawn["churned_90d"][waived], drawn["churned_90d"][~waived], world.truth()["careless"]["churn"])
    shares = [drawn["waived"][drawn["agent_id"] == f"agent {i + 1}"].mean() for i in range(7)]
    assert np.allclose(shares, world.leniency, atol=0.01)


def test_the_same_seed_writes_the_same_bytes(tmp_path) -> None:
    for name in ("nudge", "agents"):
        one, again = (write_world(name, tmp_path / name / run, 3) for run in "ab")
        assert one["data"].read_bytes() == again["data"].read_bytes()
        assert one["truth"].read_text() == again["truth"].read_text()
        assert "kind: instrument" in one["experiment"].read_text(encoding="utf-8")
