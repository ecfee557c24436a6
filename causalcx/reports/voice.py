"""One reader's voice for a page: sentences, names and money in one language, so that the parts of a page need not repeat it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from causalcx.core.experiment import Experiment
from causalcx.core.money_rules import log_normal_parameters
from causalcx.core.quantities import LogNormal, Normal, Pert
from causalcx.core.text import text_in
from causalcx.words import Names, names_of, sentence
from causalcx.words.effects import SHARE, amount_text
from causalcx.words.formats import Scale, is_currency, money, money_span, number, spaced, whole


@dataclass(frozen=True)
class Voice:
    """Language and names."""

    language: str
    names: Names

    @classmethod
    def of(cls, experiment: Experiment, language: str) -> Voice:
        """The voice for a page about this experiment."""
        return cls(language, names_of(experiment, language))

    def say(self, code: str, **facts: Any) -> str:
        """The catalogue's sentence."""
        return sentence(code, facts, self.language, names=self.names)

    def text(self, text: Any) -> str:
        """A text of the experiment file."""
        return text_in(text, self.language) if text is not None else ""

    def head(self, outcome: str) -> str:
        """The name of an outcome at the head of a row."""
        return capital(self.names.outcome(outcome))

    def money(self, x: float | None, currency: str, *, scale: Scale | None = None, sign: bool = False) -> str:
        """Money."""
        return money(x, currency, self.language, scale=scale, sign=sign)

    def span(self, low: float | None, high: float | None, currency: str, *, scale: Scale | None = None) -> str:
        """Two ends of money."""
        return money_span(low, high, currency, self.language, scale=scale)

    def figure(self, x: float | None, unit: Any = None) -> str:
        """A level with its unit: money, a share, or a number."""
        name = self.text(unit)
        if name == SHARE or is_currency(name):
            return amount_text(x, name, self.names)
        told = whole(x, self.language) if x is not None and x >= 1e4 else number(x, self.language)
        told = f"{told} {self.names.unit(name)}".rstrip() if name else told
        return spaced(told) if self.language == "zh" else told


def capital(text: str) -> str:
    """With a capital, at the head of a row."""
    return text[:1].upper() + text[1:]


def mean_of(quantity: Any, named: dict[str, Any]) -> float:
    """Mean of an uncertain number: itself, a PERT's (low + 4 mode + high) / 6, a normal's, a log-normal's exp(μ + σ²/2).

    ``named`` holds the assumptions by name.
    """
    if isinstance(quantity, str):
        quantity = named[quantity]
    if isinstance(quantity, Pert):
        return (quantity.low + 4 * quantity.mode + quantity.high) / 6
    if isinstance(quantity, Normal):
        return quantity.mean
    if isinstance(quantity, LogNormal):
        mu, sigma = log_normal_parameters(quantity)
        return math.exp(mu + sigma**2 / 2)
    return float(quantity)


def span_words(value: Any, voice: Voice, unit: Any = None) -> str:
    """An uncertain number as its owner stated it."""
    fields = (
        value
        if isinstance(value, dict)
        else value.model_dump()
        if isinstance(value, (Pert, Normal, LogNormal))
        else None
    )
    if fields is None:
        return voice.figure(value, unit)
    kind = "pert" if "mode" in fields else "normal" if "mean" in fields else "log-normal"
    name = voice.text(unit)
    if name and name != SHARE and not is_currency(name):
        return voice.say("assume.with-unit", value=span_words(value, voice), unit=voice.names.unit(name))
    told = {("low" if k == "p5" else "high" if k == "p95" else k): voice.figure(x, unit) for k, x in fields.items()}
    return voice.say(f"assume.{kind}", **told)
