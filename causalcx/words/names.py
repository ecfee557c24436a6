"""What a page calls the outcomes, arms, columns and units of one experiment, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from causalcx.core.experiment import Experiment
from causalcx.core.text import text_in, text_key

_NOUNS = {
    "customer": ("customer", "customers", "客户"),
    "user": ("user", "users", "用户"),
    "store": ("store", "stores", "门店"),
    "agent": ("agent", "agents", "坐席"),
    "call": ("call", "calls", "来电"),
    "team": ("team", "teams", "团队"),
}
_NOUN_OF_NOTHING = ("unit", "units", "单位")
_CHINESE_UNITS = {
    "NPS points": "点", "share": "比例", "points": "分", "calls": "次", "months": "个月", "days": "天",
    "visits": "次", "orders": "单", "contacts": "次", "minutes": "分钟", "seconds": "秒",
}  # fmt: skip


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

    def of(self, key: Any) -> str:
        """The name of an outcome, arm, comparison, column or assumption."""
        text = str(key)
        for names in (self.outcomes, self.arms, self.columns):
            if text in names:
                return names[text]
        return self.comparison(text) if " vs " in text else text

    def outcome(self, key: str) -> str:
        """The name of an outcome."""
        return self.outcomes.get(key, key)

    def arm(self, label: str) -> str:
        """The name of an arm."""
        return self.arms.get(label, label)

    def unit(self, unit: str) -> str:
        """The name of a unit."""
        return self.units.get(unit) or (_CHINESE_UNITS.get(unit, unit) if self.language == "zh" else unit)

    def sides(self, comparison: str) -> tuple[str, str]:
        """The labels of the treated arm and of the arm it is compared with."""
        if self.control is not None and comparison.endswith(f" vs {self.control}"):
            return comparison[: -len(f" vs {self.control}")], self.control
        treated, _, control = comparison.partition(" vs ")
        return treated, control

    def comparison(self, comparison: str) -> str:
        """``merged against today``; ``合并对比现状``."""
        treated, control = self.sides(comparison)
        between = "对比" if self.language == "zh" else " against "
        return f"{self.arm(treated)}{between}{self.arm(control)}"


def names_of(experiment: Experiment | None, language: str) -> Names:
    """The names that an experiment file gives; without a file, everything is called by its key."""
    if experiment is None:
        return Names(language, one="单位" if language == "zh" else "unit", many="单位" if language == "zh" else "units")
    one, many = _noun(experiment, language)
    columns = {name: text_in(c.label, language) for name, c in experiment.columns.items() if c.label is not None}
    units = {text_key(o.unit): text_in(o.unit, language) for o in experiment.outcomes if isinstance(o.unit, dict)}
    control = getattr(experiment.design, "control", None)
    outcomes = {o.key: _capitals(text_in(o.name, language)) for o in experiment.outcomes}
    return Names(language, outcomes, _arms(experiment, language), columns, units, control, one, many)


def _capitals(name: str) -> str:
    """Abbreviations that everybody writes in capitals, whatever the file does."""
    return name.upper() if name.lower() in ("nps", "csat", "ces") else name


def _arms(experiment: Experiment, language: str) -> dict[str, str]:
    column = experiment.columns.get(getattr(experiment.design, "treatment", None) or "")
    return {label: text_in(text, language) for label, text in ((column.labels if column else None) or {}).items()}


def _noun(experiment: Experiment, language: str) -> tuple[str, str]:
    unit = getattr(experiment.design, "unit", None) or ""
    column = experiment.columns.get(unit)
    if column and column.label is not None:
        label = text_in(column.label, language)
        return label, label if language == "zh" else f"{label}s"
    one, many, chinese = next((nouns for word, nouns in _NOUNS.items() if word in unit.lower()), _NOUN_OF_NOTHING)
    return (chinese, chinese) if language == "zh" else (one, many)
