"""Decision rules such as ``P(npv > 0) >= 0.9``."""

from __future__ import annotations

import operator
import re
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

OPERATORS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
QUANTITIES = ("npv", "roi", "payback_months")
_NUMBER = r"[-+]?\d+(?:_?\d)*(?:\.\d+)?(?:[eE][-+]?\d+)?"
_RULE = re.compile(
    rf"\s*P\(\s*({'|'.join(QUANTITIES)})\s*(>=|<=|>|<)\s*({_NUMBER})\s*\)\s*(>=|<=|>|<)\s*({_NUMBER})\s*"
)


class DecisionRule(str):
    """A rule ``P(QUANTITY OP NUMBER) OP SHARE``: compares the share of draws in which the inner test holds."""

    quantity: str
    share: float

    def __new__(cls, text: str) -> DecisionRule:
        """Read a rule; raises ValueError where it is none."""
        match = _RULE.fullmatch(text)
        if not match or not 0 <= float(match[5]) <= 1:
            raise ValueError("expected a rule like `P(npv > 0) >= 0.9`, with npv, roi or payback_months inside")
        rule = super().__new__(cls, text.strip())
        rule.quantity, rule.share = match[1], float(match[5])
        rule._inner, rule._level, rule._outer = OPERATORS[match[2]], float(match[3]), OPERATORS[match[4]]
        return rule

    _inner: Any
    _level: float
    _outer: Any

    def holds_in(self, draws: Any) -> Any:
        """For each draw of the rule's quantity, whether the inner test holds (boolean array)."""
        return self._inner(draws, self._level)

    def met(self, probability: float) -> bool:
        """Whether the rule is met when the inner test holds with this probability."""
        return bool(self._outer(probability, self.share))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())
