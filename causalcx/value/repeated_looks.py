"""What the decision rule would say, were the experiment repeated and looked at as planned: at every look until it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from causalcx.core.experiment import Experiment
from causalcx.core.inference import posterior
from causalcx.core.money_terms import Decision
from causalcx.core.readout import Readout
from causalcx.core.sizes import DRAWS
from causalcx.value import effects as pays
from causalcx.value.decide import by_rules
from causalcx.value.numbers import Array
from causalcx.value.repeats import Ledger, ledger, root_of
from causalcx.value.valuation import Setting, setting_of


@dataclass
class Ended:
    """How the repeats of one comparison ended."""

    said: Counter = field(default_factory=Counter)
    shares: list[float] = field(default_factory=list)
    """Share of the planned units at which each ended."""

    @property
    def share(self) -> float:
        """Mean of them."""
        return float(np.mean(self.shares))


def ended_at_looks(
    experiment: Experiment,
    planned: Callable[[float], Readout],
    times: Sequence[float],
    critical: Sequence[float],
    *,
    runs: int,
    seed: int,
    draws: int = DRAWS,
) -> dict[str, Ended]:
    """Per comparison, what the rule says in the end and after how much of the data.

    ``planned`` gives the readout that is expected at a share of the planned units. Estimates at the looks are those of a
    Brownian motion: at share t the mean of what came until then. Before the last look the rule may end an experiment only
    where the range of that look allows it (docs/decisions/0018-looks-and-money.md); at the last one it has the word.
    """
    paths = _paths(planned(1.0), times, runs, seed)
    ended: dict[str, Ended] = {c: Ended() for c in pays.comparisons(planned(1.0))}
    open_runs = {c: np.ones(runs, bool) for c in ended}
    for k, time in enumerate(times):
        readout, last = planned(time), k == len(times) - 1
        setting = setting_of(experiment, readout, seed=seed, draws=draws)
        for comparison, still in open_runs.items():
            scale, stop = _allowed(experiment, readout, comparison, paths[k], np.inf if last else critical[k])
            book = ledger(setting, comparison)
            for i in np.flatnonzero(still & (scale | stop | last)):
                word = _word(setting, book, paths[k][i])
                if last or (word == "scale" and scale[i]) or (word == "stop" and stop[i]):
                    ended[comparison].said[word] += 1
                    ended[comparison].shares.append(time)
                    still[i] = False
    return ended


def _paths(whole: Readout, times: Sequence[float], runs: int, seed: int) -> list[Array]:
    """[looks][runs, effects] estimates at every look, from independent parts of the data."""
    truth, root = np.array([e.estimate for e in whole.headlines]), root_of(np.array(whole.covariance.matrix))
    rng, motion, now, paths = np.random.default_rng([seed, runs]), np.zeros((runs, len(truth))), 0.0, []
    for time in times:
        motion = motion + np.sqrt(time - now) * rng.standard_normal((runs, len(truth))) @ root.T
        paths.append(truth + motion / time)
        now = time
    return paths


def _allowed(
    experiment: Experiment, readout: Readout, comparison: str, estimates: Array, critical: float
) -> tuple[np.ndarray, np.ndarray]:
    """[runs] whether the ranges of this look allow to scale, and to stop."""
    scale, stop = np.zeros(len(estimates), bool), np.ones(len(estimates), bool)
    for i, effect in enumerate(readout.headlines):
        if (effect.comparison, effect.role) != (comparison, "primary"):
            continue
        outcome = experiment.outcome(effect.outcome)
        gain = outcome.sign * estimates[:, i]
        scale |= gain - critical * effect.std_error > 0
        stop &= gain + critical * effect.std_error < (outcome.matters or 0.0)
    return scale, stop


def _word(setting: Setting, book: Ledger, estimate: Array) -> str:
    """What the rules say of one estimate."""
    law = setting.readout.law
    prior = np.array(law.prior_mean), np.array(law.prior_sd)
    mean = np.array(posterior(law.labels, estimate, np.array(setting.readout.covariance.matrix), law.df, *prior).mean)
    figures = book.figures(setting, setting.effects - np.array(law.mean) + mean)
    return by_rules(setting.experiment.decision or Decision(), figures).verdict
