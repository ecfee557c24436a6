"""One case per treated arm, from one matrix of joint draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from causalcx.core.case import Case, CostValue, StreamValue, Valuation
from causalcx.core.check import Notice
from causalcx.core.effect import Effect
from causalcx.core.errors import CannotAnswer
from causalcx.core.experiment import Experiment
from causalcx.core.inference import draws as joint_draws
from causalcx.core.money_rules import Place, months_covered
from causalcx.core.money_terms import Decision, Value
from causalcx.core.readout import Readout
from causalcx.value import effects as pays
from causalcx.value.costs import cost_line, costs_of_arm, refuse_unknown_arms
from causalcx.value.decide import decide
from causalcx.value.in_place import kept_in_place
from causalcx.value.irr import internal_rate_per_year
from causalcx.value.lines import Line, summed
from causalcx.value.numbers import Array, Numbers, draw_numbers
from causalcx.value.reach import arriving
from causalcx.value.returns import deepest_point, discount_factors, payback_months, return_on_investment
from causalcx.value.sensitivity import Books, assumptions_used, break_evens
from causalcx.value.streams import stream_line, units_reached
from causalcx.value.summary import (
    chances,
    histogram,
    irr_summary,
    monthly_means,
    payback_summary,
    quantiles,
    undefined,
    yearly_means,
)  # fmt: skip
from causalcx.value.waves import with_waves


@dataclass(frozen=True)
class Setting:
    """What all arms share: the file, the readout, and one set of draws."""

    experiment: Experiment
    value: Value
    readout: Readout
    numbers: Numbers
    effects: Array
    """[draws, effects] joint draws, in the order of the law."""
    discount: Array
    """[1 or draws, 1 + months]."""
    seed: int

    @property
    def draws(self) -> int:
        """Number of draws."""
        return len(self.effects)


@dataclass(frozen=True)
class Lines:
    """The lines of one arm, in file order."""

    streams: list[Line]
    costs: list[Line]

    def cash_streams(self) -> list[Line]:
        """Benefits without freed capacity."""
        return [line for line in self.streams if line.counted]

    def counted(self) -> list[Line]:
        """Those that enter NPV."""
        return [line for line in (*self.streams, *self.costs) if line.counted]


def valuation(experiment: Experiment, readout: Readout, *, seed: int, draws: int) -> Valuation:
    """See :func:`causalcx.value.value_case`."""
    setting = setting_of(experiment, readout, seed=seed, draws=draws)
    arms = {c: pays.treated_arm(c, experiment.design) for c in pays.comparisons(readout)}
    found = (with_waves(_case(setting, comparison, arm), readout) for comparison, arm in arms.items())
    cases = tuple(kept_in_place(case, experiment, readout) for case in found)
    return Valuation(
        experiment=experiment.key, cases=cases, warnings=_warnings(setting, cases), provenance=_provenance(setting)
    )


def setting_of(experiment: Experiment, readout: Readout, *, seed: int, draws: int) -> Setting:
    """Every number drawn once. Raises CannotAnswer without a `value` part, DataError where a cost names an unknown arm."""
    value = experiment.value
    if value is None:
        raise CannotAnswer(
            "The experiment file has no `value` part, so there is nothing to price; "
            "add `value:` with currency, horizon_months, discount_rate, reach and streams."
        )
    numbers = draw_numbers(experiment, value, seed=seed, draws=draws)
    discount = discount_factors(numbers.at["value", "discount_rate"], value.horizon_months)
    refuse_unknown_arms(value, [pays.treated_arm(c, experiment.design) for c in pays.comparisons(readout)])
    return Setting(experiment, value, readout, numbers, joint_draws(readout.law, draws, seed), discount, seed)


def _case(setting: Setting, comparison: str, arm: str) -> Case:
    value = setting.value
    paying, lines = lines_of_arm(setting, comparison, arm)
    drawn = _drawn(setting, paying)
    benefit = summed([line.flow() for line in lines.cash_streams()], setting.draws, value.horizon_months)
    cost = summed([line.flow() for line in lines.costs if line.counted], setting.draws, value.horizon_months)
    net = benefit - cost
    npv = (net * setting.discount).sum(axis=1)
    figures = {"npv": npv, "roi": _roi(setting, lines), "payback_months": payback_months(net)}
    priced = list(dict.fromkeys(s.outcome for s in value.streams if s.cash))
    return Case(
        comparison=comparison,
        arm=arm,
        currency=value.currency,
        npv=quantiles(npv),
        **_roi_figures(setting, lines, figures["roi"]),
        payback_months=payback_summary(figures["payback_months"]),
        irr=irr_summary(internal_rate_per_year(net)),
        probability_pays=float(np.mean(npv > 0)),
        **_line_figures(setting, arm, lines, net),
        cash_flow=monthly_means(benefit.mean(axis=0), cost.mean(axis=0)),
        decision=decide(setting.experiment.decision or Decision(), setting.readout, comparison, priced, figures),
        deepest=quantiles(deepest_point(net)),
        chance_by_threshold=chances(npv),
        **_what_if(setting, arm, lines, npv, paying, drawn),
        histogram=histogram(npv),
        **_frame(setting),
    )


def lines_of_arm(setting: Setting, comparison: str, arm: str) -> tuple[dict[str, Effect], Lines]:
    """The effect that pays for each priced outcome, and the lines of money."""
    value, numbers = setting.value, setting.numbers
    paying = {s.outcome: pays.effect_that_pays(setting.readout, value, s.outcome, comparison) for s in value.streams}
    drawn = _drawn(setting, paying)
    streams = [
        stream_line(
            setting.experiment, value, i, numbers, drawn[s.outcome], pays.share_reached(paying[s.outcome], value)
        )
        for i, s in enumerate(value.streams)
    ]
    return paying, Lines(streams, [cost_line(value, i, numbers) for i in costs_of_arm(value, arm)])


def _drawn(setting: Setting, paying: dict[str, Effect]) -> dict[str, Array]:
    """[draws] of the effect of each priced outcome."""
    return {key: setting.effects[:, pays.position_in_law(setting.readout, e)] for key, e in paying.items()}


def _present(setting: Setting, lines: list[Line]) -> Array:
    """[draws] present value of some lines."""
    return sum((line.present_value(setting.discount) for line in lines), np.zeros(setting.draws))


def _roi(setting: Setting, lines: Lines) -> Array | None:
    """Sunk costs count here; freed capacity does not."""
    return return_on_investment(_present(setting, lines.cash_streams()), _present(setting, lines.costs))


def _roi_figures(setting: Setting, lines: Lines, roi: Array | None) -> dict[str, Any]:
    benefits = float(np.mean(_present(setting, lines.cash_streams())))
    costs = float(np.mean(_present(setting, lines.costs)))
    return {
        "roi": undefined() if roi is None else quantiles(roi),
        "roi_of_means": (benefits - costs) / costs if costs > 0 else None,
    }


def _line_figures(setting: Setting, arm: str, lines: Lines, net: Array) -> dict[str, Any]:
    """Present values per line, and the years of the plan; years list every line, their net only what is counted."""
    streams, costs = ([line.flow().mean(axis=0) for line in some] for some in (lines.streams, lines.costs))
    return {
        "streams": tuple(_stream_value(setting, i, line) for i, line in enumerate(lines.streams)),
        "costs": tuple(
            _cost_value(setting, i, line) for i, line in zip(costs_of_arm(setting.value, arm), lines.costs, strict=True)
        ),
        "years": yearly_means(streams, costs, net.mean(axis=0)),
    }


def _stream_value(setting: Setting, i: int, line: Line) -> StreamValue:
    stream, horizon = setting.value.streams[i], setting.value.horizon_months
    first, last = months_covered(stream, setting.experiment.outcome(stream.outcome).window or 1, horizon)
    return StreamValue(
        outcome=stream.outcome,
        name=stream.name,
        months=(first, min(last, horizon)),
        recurs=stream.recurs,
        cash=stream.cash,
        share=line.share,
        present_value=quantiles(line.present_value(setting.discount)),
        undiscounted=quantiles(line.total()),
    )


def _cost_value(setting: Setting, i: int, line: Line) -> CostValue:
    cost = setting.value.costs[i]
    return CostValue(name=cost.name, sunk=cost.sunk, present_value=quantiles(line.present_value(setting.discount)))


def _what_if(
    setting: Setting, arm: str, lines: Lines, npv: Array, paying: dict[str, Effect], drawn: dict[str, Array]
) -> dict[str, Any]:
    shared = (setting.experiment, setting.value, setting.numbers, setting.discount)
    books = Books(*shared, lines.counted(), paying, drawn, float(np.mean(npv)))
    elsewhere = set(range(len(setting.value.costs))) - set(costs_of_arm(setting.value, arm))
    places: set[Place] = {p for p in setting.numbers.at if not (p[1] == "costs" and p[2] in elsewhere)}
    return {
        "break_even": break_evens(books),
        "assumptions": assumptions_used(books, places, npv),
    }


def _frame(setting: Setting) -> dict[str, Any]:
    value = setting.value
    size = float(np.mean(units_reached(value, setting.numbers)))
    kind = "per_month" if value.reach.stock is None else "stock"
    units = size * float(arriving(value.reach, value.horizon_months).sum())
    return {
        "horizon_months": value.horizon_months,
        "discount_rate": float(np.mean(setting.numbers.at["value", "discount_rate"])),
        "reach": {kind: size, "ramp_months": value.reach.ramp_months, "units": units},
        "seed": setting.seed,
        "draws": setting.draws,
    }


def _warnings(setting: Setting, cases: tuple[Case, ...]) -> tuple[Notice, ...]:
    idle = [a.key for a in setting.experiment.assumptions if not setting.numbers.users(a.key)]
    warnings = [Notice(code="unused-assumption", facts={"name": name}) for name in idle]
    if any(case.roi.mean is None for case in cases):
        warnings.append(Notice(code="roi-undefined"))
    return tuple(warnings)


def _provenance(setting: Setting) -> dict[str, Any]:
    origin = setting.readout.provenance
    run = {"run": origin.run, "plan": origin.plan, "data": origin.data.fingerprint} if origin else {}
    return {"seed": setting.seed, "draws": setting.draws, **run}
