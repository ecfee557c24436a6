"""What a page calls the outcomes, arms, columns and units of one experiment, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from causalcx.core.design_keys.switchback import Switchback
from causalcx.core.experiment import Experiment
from causalcx.core.need import IS_MISSING, TREATED, UNTREATED
from causalcx.core.text import text_in, text_key
from causalcx.words.formats import spaced

_NOUNS = {
    "customer": ("customer", "customers", "客户", "名"),
    "client": ("client", "clients", "客户", "名"),
    "subscriber": ("subscriber", "subscribers", "用户", "名"),
    "member": ("member", "members", "会员", "名"),
    "user": ("user", "users", "用户", "名"),
    "visitor": ("visitor", "visitors", "访客", "名"),
    "person": ("person", "people", "人", ""),
    "household": ("household", "households", "住户", "家"),
    "account": ("account", "accounts", "账户", "个"),
    "store": ("store", "stores", "门店", "家"),
    "city": ("city", "cities", "城市", "个"),
    "region": ("region", "regions", "地区", "个"),
    "agent": ("agent", "agents", "坐席", "名"),
    "team": ("team", "teams", "团队", "个"),
    "order": ("order", "orders", "订单", "个"),
    "call": ("call", "calls", "来电", "通"),
    "slot": ("slot", "slots", "时段", "个"),
    "election": ("election", "elections", "选举", "场"),
}
"""A word in the name of the unit's column: one, many, in Chinese, and the Chinese measure word."""
_NOUN_OF_NOTHING = ("unit", "units", "对象", "个")
_CHINESE_UNITS = {
    "NPS points": "点", "share": "比例", "points": "分", "calls": "次", "months": "个月", "days": "天",
    "visits": "次", "orders": "单", "contacts": "次", "minutes": "分钟", "seconds": "秒", "count": "次",
}  # fmt: skip
_CHINESE_SIDES = {
    TREATED: "有举措", UNTREATED: "无举措", "observed": "实际", "expected": "预期", "never": "从未有举措的对象",
}  # fmt: skip
"""Arms of designs without a treatment column, and the wave of those that never had the change."""
_NO_UNIT = "units"
"""What results say where the file names no unit."""


@dataclass(frozen=True)
class Names:
    """Readers' names by the key that results use; a key without one is its own name."""

    language: str = "en"
    outcomes: dict[str, str] = field(default_factory=dict)
    arms: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    control: str | None = None
    one: str = "unit"
    many: str = "units"
    measure: str = ""
    """The Chinese measure word that counts them."""
    whole: bool = False
    """Whether the change reached everything at once, so that there are no units to tell of."""

    passing: bool = False
    """Whether a unit is a stretch of time, which has no months of its own."""

    @property
    def each(self) -> str:
        """One of them, counted: ``customer``; ``名客户``, ``场选举``."""
        return self.measure + self.one

    def of(self, key: Any) -> str:
        """The name of an outcome, arm, comparison, column or assumption."""
        text = str(key)
        for names in (self.outcomes, self.arms, self.columns):
            if text in names:
                return names[text]
        if text.endswith(IS_MISSING):
            column = self.of(text.removesuffix(IS_MISSING))
            return f"{column}是否缺失" if self.language == "zh" else f"whether {column} is missing"
        return self.comparison(text) if " vs " in text else text

    def outcome(self, key: str) -> str:
        """The name of an outcome."""
        return self.outcomes.get(key, key)

    def arm(self, label: str) -> str:
        """The name of an arm."""
        return self.arms.get(label, label)

    def unit(self, unit: str) -> str:
        """The name of a unit; a count without one is told per unit of the experiment."""
        if unit in self.units or unit == _NO_UNIT:
            return self.units.get(unit, "")
        if self.language == "zh":
            return _CHINESE_UNITS.get(unit, unit)
        return f"per {self.one}" if unit == "count" else unit

    def sides(self, comparison: str) -> tuple[str, str]:
        """The labels of the treated arm and of the arm it is compared with."""
        if self.control is not None and comparison.endswith(f" vs {self.control}"):
            return comparison[: -len(f" vs {self.control}")], self.control
        treated, _, control = comparison.partition(" vs ")
        return treated, control

    def comparison(self, comparison: str) -> str:
        """``merged against today``; ``合并对比现状``."""
        treated, control = self.sides(comparison)
        if self.language == "zh":
            return spaced(f"{self.arm(treated)}对比{self.arm(control)}")
        return f"{self.arm(treated)} against {self.arm(control)}"


def names_of(experiment: Experiment | None, language: str) -> Names:
    """The names that an experiment file gives; without a file, everything is called by its key."""
    if experiment is None:
        one, many, measure = _in_language(_NOUN_OF_NOTHING, language)
        return Names(language, one=one, many=many, measure=measure)
    one, many, measure = _noun(experiment, language)
    columns = {name: text_in(c.label, language) for name, c in experiment.columns.items() if c.label is not None}
    units = {text_key(o.unit): text_in(o.unit, language) for o in experiment.outcomes if isinstance(o.unit, dict)}
    control = getattr(experiment.design, "control", None)
    measured = (*experiment.outcomes, *(experiment.negative_controls or ()))
    outcomes = {o.key: _capitals(text_in(o.name, language)) for o in measured}
    whole, passing = getattr(experiment.design, "unit", None) is None, isinstance(experiment.design, Switchback)
    return Names(
        language, outcomes, _arms(experiment, language), columns, units, control, one, many, measure, whole, passing
    )


def _capitals(name: str) -> str:
    """Abbreviations that everybody writes in capitals, whatever the file does."""
    return name.upper() if name.lower() in ("nps", "csat", "ces") else name


def _arms(experiment: Experiment, language: str) -> dict[str, str]:
    treatment = getattr(experiment.design, "treatment", None)
    if treatment is None and language == "zh":
        return _CHINESE_SIDES
    column = experiment.columns.get(treatment or "")
    return {label: text_in(text, language) for label, text in ((column.labels if column else None) or {}).items()}


def _noun(experiment: Experiment, language: str) -> tuple[str, str, str]:
    design = experiment.design
    unit = (design.time if isinstance(design, Switchback) else getattr(design, "unit", None)) or ""
    column = experiment.columns.get(unit)
    if column and column.label is not None:
        label = text_in(column.label, language)
        return (label, label, _measure(label)) if language == "zh" else (_small(label), _plural(_small(label)), "")
    return _in_language(next((n for word, n in _NOUNS.items() if word in unit.lower()), _NOUN_OF_NOTHING), language)


def _measure(noun: str) -> str:
    """The Chinese measure word of a noun that a file gives."""
    return next((measure for _, _, known, measure in _NOUNS.values() if known == noun), "个")


def _small(noun: str) -> str:
    """Within a sentence: no capital at the head, unless it is an abbreviation."""
    return noun if noun[1:2].isupper() else noun[:1].lower() + noun[1:]


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


def _in_language(nouns: tuple[str, str, str, str], language: str) -> tuple[str, str, str]:
    one, many, chinese, measure = nouns
    return (chinese, chinese, measure) if language == "zh" else (one, many, "")
