"""Decision rules such as ``P(npv > 0) >= 0.9``."""

from __future__ import annotations

import operator
import re
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from causalcx.core.percent import hint

OPERATORS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
QUANTITIES = ("npv", "roi", "payback_months")
UPWARDS = (">", ">=")
_NUMBER = r"[-+]?\d+(?:_?\d)*(?:\.\d+)?(?:[eE][-+]?\d+)?"
_RULE = re.compile(
    rf"\s*P\(\s*({'|'.join(QUANTITIES)})\s*(>=|<=|>|<)\s*({_NUMBER})\s*\)\s*(>=|<=|>|<)\s*({_NUMBER})\s*(%?)\s*"
)


class DecisionRule(str):
    """A rule ``P(QUANTITY OP NUMBER) OP SHARE``: compares the share of draws in which the inner test holds."""

    quantity: str
    share: float

    def __new__(cls, text: str) -> DecisionRule:
        """Read a rule; raises ValueError where it is none."""
        match = _RULE.fullmatch(text)
        if not match:
            raise ValueError("expected a rule like `P(npv > 0) >= 0.9`, with npv, roi or payback_months inside")
        if match[6] or not 0 <= float(match[5]) <= 1:
            number = float(match[5])
            raise ValueError(f"a rule compares with a share between 0 and 1; found {number:g}{match[6]}{hint(number)}")
        rule = super().__new__(cls, text.strip())
        rule.quantity, rule.share = match[1], float(match[5])
        rule._inner, rule._level, rule._outer = OPERATORS[match[2]], float(match[3]), OPERATORS[match[4]]
        rule._asks_for_good = (match[1] != "payback_months") == (match[2] in UPWARDS)
        rule.met_when_good = rule._asks_for_good == (match[4] in UPWARDS)
        return rule

    met_when_good: bool
    """Whether a better case is the one that meets the rule: so for P(npv > 0) >= 0.9 and P(npv < 0) <= 0.1."""
    _inner: Any
    _level: float
    _outer: Any
    _asks_for_good: bool

    def holds_in(self, draws: Any) -> Any:
        """For each draw of the rule's quantity, whether the inner test holds (boolean array)."""
        return self._inner(draws, self._level)

    def met(self, probability: float) -> bool:
        """Whether the rule is met when the inner test holds with this probability."""
        return bool(self._outer(probability, self.share))

    def both_met(self, stop: DecisionRule) -> bool:
        """Whether one case can meet this rule to scale and that rule to stop, beyond a single borderline share.

        Both are read as bounds on P(good beyond a level): at least s beyond a here, at most t beyond b there. With
        a >= b the first probability is the smaller one, so both hold where s < t; with a < b they can hold for any s, t.
        Rules on different quantities are not compared.
        """
        (a, s), (b, t) = self._bound(), stop._bound()
        return self.quantity == stop.quantity and (a < b or s < t)

    def _bound(self) -> tuple[float, float]:
        level = -self._level if self.quantity == "payback_months" else self._level
        return level, round(self.share if self._asks_for_good else 1 - self.share, 9)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())
