"""What would overturn a case: break-even values, and which assumption moves the result most."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from causalcx.core.case import AssumptionUsed, BreakEven
from causalcx.core.effect import Effect
from causalcx.core.experiment import Experiment
from causalcx.core.money_rules import Place
from causalcx.core.money_terms import Assumption, Stream, Value
from causalcx.value.lines import Line
from causalcx.value.numbers import ANYTHING, Array, Domain, Numbers

LARGEST_COSTS = 3
"""Costs that get a break-even value."""


@dataclass(frozen=True)
class Books:
    """The counted lines of one arm and what stands behind them; NPV is linear in every price and every effect."""

    experiment: Experiment
    value: Value
    numbers: Numbers
    discount: Array
    lines: list[Line]
    """Counted lines only; a cost line has sign -1."""
    paying: dict[str, Effect]
    """The effect of each priced outcome."""
    drawn: dict[str, Array]
    """Its draws, in outcome units."""
    npv: float
    """Mean over draws."""

    def drivers(self, name: str) -> set[Place]:
        """The places through which an assumption moves the NPV of this arm; freed capacity and sunk costs do not."""
        counted = {line.place[:3] for line in self.lines}
        return {p for p in self.numbers.users(name) if p[1] not in ("streams", "costs") or p[:3] in counted}

    def stream(self, line: Line) -> Stream:
        """The stream of a line."""
        return self.value.streams[int(line.place[2])]

    def mean_value(self, line: Line) -> float:
        """Mean present value of a line, costs negative."""
        return self._sign(line) * float(np.mean(line.present_value(self.discount)))

    def per_price(self, line: Line) -> float:
        """What one more unit of the line's price adds to the mean NPV."""
        return self._sign(line) * float(np.mean(line.effect * line.units * self._profile_value(line)))

    def per_effect(self, line: Line, sign: int) -> float:
        """What one more unit of the effect adds to the mean NPV; ``sign`` is that of the outcome."""
        return sign * float(np.mean(line.price * line.units * self._profile_value(line)))

    def _profile_value(self, line: Line) -> Array:
        return (line.profile * self.discount).sum(axis=1)

    @staticmethod
    def _sign(line: Line) -> int:
        return 1 if is_stream(line.place) else -1


def is_stream(place: Place) -> bool:
    """Whether a place belongs to a stream, else to a cost."""
    return place[1] == "streams"


def break_evens(books: Books) -> tuple[BreakEven, ...]:
    """Effects by outcome, worths, then the largest costs: the value of each at which the mean NPV is 0, all others as drawn.

    The mean NPV is linear in each of them: with the present value v of the lines that the input drives and what one unit of it
    adds, c, it is NPV - v + c x, so x = (v - NPV) / c.
    """
    return (*_effects(books), *_prices(books))


def _effects(books: Books) -> Iterator[BreakEven]:
    for key, effect in books.paying.items():
        lines = [line for line in books.lines if is_stream(line.place) and books.stream(line).outcome == key]
        if lines:
            outcome = books.experiment.outcome(key)
            slope = sum(books.per_effect(line, outcome.sign) for line in lines)
            at = _crossing(books, lines, slope, (-1.0, 1.0) if outcome.kind in ("binary", "duration") else ANYTHING)
            yield BreakEven(of=key, kind="effect", now=float(np.mean(books.drawn[key])), at=at, unit=effect.unit)


def _prices(books: Books) -> Iterator[BreakEven]:
    for identity, lines in _by_input(books).items():
        if _only_prices(identity, lines, books):
            place, slope = lines[0].place, sum(map(books.per_price, lines))
            at = _crossing(books, lines, slope, books.numbers.domain[place])
            now = float(np.mean(lines[0].price))
            yield BreakEven(
                of=_name(identity, books.value), kind=_kind(lines), now=now, at=at, unit=_unit(books, lines[0])
            )


def _by_input(books: Books) -> dict[Any, list[Line]]:
    """The lines that each price drives, by the assumption's name or the price's own place; of the costs the largest."""
    inputs: dict[Any, list[Line]] = {}
    for line in books.lines:
        inputs.setdefault(books.numbers.name_at.get(line.place, line.place), []).append(line)
    costs = [key for key, lines in inputs.items() if _kind(lines) == "cost"]
    costs.sort(key=lambda key: sum(map(books.mean_value, inputs[key])))
    return {key: lines for key, lines in inputs.items() if key not in costs[LARGEST_COSTS:]}


def _only_prices(identity: Any, lines: list[Line], books: Books) -> bool:
    """Whether an input drives nothing but these prices: NPV would not be linear in a reach or a half-life."""
    return not isinstance(identity, str) or books.drivers(identity) == {line.place for line in lines}


def _crossing(books: Books, lines: list[Line], slope: float, domain: Domain) -> float | None:
    if slope == 0:
        return None
    at = (sum(map(books.mean_value, lines)) - books.npv) / slope
    return at if math.isfinite(at) and domain[0] <= at <= domain[1] else None


def _kind(lines: list[Line]) -> Literal["worth", "assumption", "cost"]:
    streams = {is_stream(line.place) for line in lines}
    return "assumption" if len(streams) == 2 else "worth" if streams == {True} else "cost"


def _name(identity: Any, value: Value) -> str:
    """The assumption's name, else the outcome of the stream or the name of the cost."""
    if isinstance(identity, str):
        return identity
    i = identity[2]
    return value.streams[i].outcome if is_stream(identity) else value.costs[i].key


def _unit(books: Books, line: Line) -> str:
    margin = is_stream(line.place) and books.experiment.outcome(books.stream(line).outcome).kind == "amount"
    return "share" if margin else books.value.currency


def assumptions_used(books: Books, places: set[Place], npv: Array) -> tuple[AssumptionUsed, ...]:
    """Every assumption of the file as it entered the draws; ``places`` are those of this arm's lines, counted or not."""
    return tuple(_assumption(a, books, places, npv) for a in books.experiment.assumptions)


def _assumption(a: Assumption, books: Books, places: set[Place], npv: Array) -> AssumptionUsed:
    drawn = books.numbers.named[a.key]
    p5, p95 = np.quantile(drawn, (0.05, 0.95))
    return AssumptionUsed(
        name=a.name, value=a.value if isinstance(a.value, (int, float)) else a.value.model_dump(),
        mean=float(np.mean(drawn)), p5=float(p5), p95=float(p95),
        owner=a.owner, source=a.source, as_of=a.as_of, agreed=a.agreed, unit=a.unit,
        used=any(place in places for place in books.numbers.users(a.key)),
        swing=swing(drawn, npv) if books.drivers(a.key) else None,
    )  # fmt: skip


def swing(drawn: Array, npv: Array) -> float | None:
    """Mean NPV over the upper third of an assumption's draws minus that over its lower third; None for a certain number."""
    if len(drawn) == 1:
        return None
    order, third = np.argsort(drawn, kind="stable"), max(1, len(drawn) // 3)
    return float(np.mean(npv[order[-third:]]) - np.mean(npv[order[:third]]))
