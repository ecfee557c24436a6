"""What the decision rule would say, were the experiment repeated: estimate, posterior, money and rule, again and again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from causalcx.core.experiment import Experiment
from causalcx.core.inference import posterior
from causalcx.core.money_terms import Decision
from causalcx.core.readout import Readout
from causalcx.core.sizes import DRAWS
from causalcx.value import effects as pays
from causalcx.value.decide import by_rules
from causalcx.value.lines import ONE, Line, summed
from causalcx.value.numbers import Array
from causalcx.value.returns import payback_months, return_on_investment
from causalcx.value.valuation import Setting, lines_of_arm, setting_of


@dataclass(frozen=True)
class Ledger:
    """The money of one arm per unit of every effect, so that a repeat is a few products."""

    streams: list[tuple[int, Line]]
    """Cash streams with the position of their effect in the law; each line's effect is +1 or -1, its good direction."""
    worth: list[Array]
    """[1 or draws] present value of each per unit of effect."""
    costs: list[Line]
    counted_cost: Array
    """[1 or draws] present value of the costs that enter NPV."""
    every_cost: Array
    """[1 or draws] the same with sunk ones."""

    def figures(self, setting: Setting, effects: Array) -> dict[str, Array | None]:
        """Draws of the quantities that rules compare; ``effects`` is [draws, effects]."""
        benefit = sum(
            (w * effects[:, i] for (i, _), w in zip(self.streams, self.worth, strict=True)), np.zeros(len(effects))
        )
        wanted = {rule.quantity for rule in _rules(setting.experiment)}
        return {
            "npv": benefit - self.counted_cost,
            "roi": return_on_investment(benefit, self.every_cost) if "roi" in wanted else None,
            "payback_months": self._payback(setting, effects) if "payback_months" in wanted else None,
        }

    def _payback(self, setting: Setting, effects: Array) -> Array:
        months = setting.value.horizon_months
        gained = [replace(line, effect=line.effect * effects[:, i]).flow() for i, line in self.streams]
        paid = [line.flow() for line in self.costs if line.counted]
        return payback_months(summed(gained, len(effects), months) - summed(paid, len(effects), months))


def _rules(experiment: Experiment) -> tuple:
    decision = experiment.decision or Decision()
    return decision.scale_if, decision.stop_if


def words_said(
    experiment: Experiment, readout: Readout, *, runs: int, seed: int, draws: int = DRAWS
) -> dict[str, Counter]:
    """How often the rule says what of each comparison when the estimates are drawn ``runs`` times around those of ``readout``.

    Each repeat draws all estimates jointly from their covariance, takes the posterior under the plan's prior and the draws of
    money from it, with the seed that `value` uses. Checks are taken to hold. Raises CannotAnswer as ``value_case`` does.
    """
    setting = setting_of(experiment, readout, seed=seed, draws=draws)
    ledgers = {c: ledger(setting, c) for c in pays.comparisons(readout)}
    law, covariance = readout.law, np.array(readout.covariance.matrix)
    noise = setting.effects - np.array(law.mean)
    prior = np.array(law.prior_mean), np.array(law.prior_sd)
    said: dict[str, Counter] = {c: Counter() for c in ledgers}
    for estimate in _repeats(np.array([e.estimate for e in readout.headlines]), covariance, runs, seed):
        mean = posterior(law.labels, estimate, covariance, law.df, *prior).mean
        for comparison, book in ledgers.items():
            figures = book.figures(setting, noise + np.array(mean))
            said[comparison][by_rules(experiment.decision or Decision(), figures).verdict] += 1
    return said


def _repeats(truth: Array, covariance: Array, runs: int, seed: int) -> Array:
    """[runs, effects] estimates; their stream is another than that of the money."""
    return truth + np.random.default_rng([seed, runs]).standard_normal((runs, len(truth))) @ root_of(covariance).T


def root_of(covariance: Array) -> Array:
    """A matrix whose product with its transpose is the covariance, which may be singular."""
    error = np.sqrt(np.diag(covariance))
    scale = np.where(error > 0, error, 1.0)
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    return scale[:, None] * vectors * np.sqrt(np.clip(values, 0, None))


def ledger(setting: Setting, comparison: str) -> Ledger:
    """The money of a comparison per unit of its effects."""
    arm = pays.treated_arm(comparison, setting.experiment.design)
    paying, lines = lines_of_arm(setting, comparison, arm)
    streams = [(_position(setting, paying, line), line) for line in lines.cash_streams()]
    unit = [(i, replace(line, effect=_sign(setting, line) * ONE)) for i, line in streams]
    return Ledger(
        streams=unit,
        worth=[line.present_value(setting.discount) for _, line in unit],
        costs=lines.costs,
        counted_cost=_present(setting, [line for line in lines.costs if line.counted]),
        every_cost=_present(setting, lines.costs),
    )


def _position(setting: Setting, paying: Mapping, line: Line) -> int:
    return pays.position_in_law(setting.readout, paying[_outcome(setting, line)])


def _sign(setting: Setting, line: Line) -> int:
    return setting.experiment.outcome(_outcome(setting, line)).sign


def _outcome(setting: Setting, line: Line) -> str:
    return setting.value.streams[int(line.place[2])].outcome


def _present(setting: Setting, lines: list[Line]) -> Array:
    return sum((line.present_value(setting.discount) for line in lines), np.zeros(setting.draws))
