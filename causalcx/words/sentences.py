"""Codes and facts to sentences: ``sentence("check.sample-ratio.fail", facts, "zh")``.

A gap in a catalogue may say how its fact is written: ``{share:share}``, ``{days:count day days}``, ``{estimate:effect}``.
The forms are the keys of ``FORMS``; each is given the fact and the :class:`Reader`. A fact that is null or absent is
written as a dash, never as a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any

from causalcx.core.check import Check, Notice
from causalcx.core.errors import CausalcxError, Message
from causalcx.core.text import text_in
from causalcx.words import formats
from causalcx.words.catalogue import messages
from causalcx.words.effects import amount_text, change_text, per_base, span_text
from causalcx.words.hiding import WITHHELD
from causalcx.words.names import Names
from causalcx.words.saying import say

_RULE = re.compile(r"\s*P\(\s*(\w+)\s*(>=|<=|>|<)\s*([^)\s]+)\s*\)\s*(>=|<=|>|<)\s*(\S+)\s*")

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Reader:
    """Who reads: the language, what things are called, and the facts of the sentence at hand."""

    language: str = "en"
    names: Names = field(default_factory=Names)
    facts: Mapping[str, Any] = field(default_factory=dict)
    folders: tuple[Path, ...] = ()
    base: int | None = None
    """Of how many the sentence tells shares."""

    def say(self, code: str, **facts: Any) -> str:
        """Another sentence for the same reader."""
        return sentence(code, facts, self.language, names=self.names, folders=self.folders)


def sentence(
    code: str,
    facts: Mapping[str, Any] | None = None,
    language: str = "en",
    *,
    names: Names | None = None,
    folders: Sequence[Path] = (),
) -> str:
    """The catalogue's sentence for a code, its gaps filled from the facts; an unknown code is a fault of ours."""
    template = messages(language, *folders).get(code)
    if template is None:
        raise CausalcxError(
            "The {language} catalogue has no sentence for the code `{code}`.", language=language, code=code
        )
    facts = facts or {}
    reader = Reader(language, names or Names(language), facts, tuple(folders), _base(template, facts))
    text = _Writer(reader).vformat(template, (), reader.facts)
    return formats.spaced(text) if language == "zh" else text


def _base(template: str, facts: Mapping[str, Any]) -> int:
    """Of how many all changes of one sentence are told: what is right for the largest of them."""
    gaps = [(name, form) for _, name, form, _ in Formatter().parse(template) if name and form in ("effect", "size")]
    return per_base(*(Formatter().get_field(name, (), facts)[0] for name, _ in gaps if facts.get(name.split("[")[0])))


def known(code: str, language: str = "en", *folders: Path) -> bool:
    """Whether the catalogue has a sentence for the code."""
    return code in messages(language, *folders)


def check_sentence(check: Check, language: str = "en", *, names: Names | None = None) -> str:
    """The sentence of a check; of a third party's check, its own or a plain one that names it."""
    if check.facts.get(WITHHELD):
        told = sentence(f"check.withheld.{check.verdict}", {"name": check.name, **check.facts}, language, names=names)
        return _capital(told)
    code = f"check.{check.name}.{check.verdict}"
    seen = [str(check.facts[v]) for v in _VARIANTS if check.facts.get(v) is not None]
    code = next((c for v in (".".join(seen), *seen) if known(c := f"{code}.{v}", language)), code)
    if known(code, language):
        return _capital(sentence(code, {"value": check.value, **check.facts}, language, names=names))
    return check.sentence or sentence(
        f"check.other.{check.verdict}", {"name": check.name, "value": check.value}, language
    )


def check_in_brief(check: Check, language: str = "en", *, names: Names | None = None) -> str:
    """A failed check for a headline: without its statistics, where the catalogue has such a sentence."""
    code = f"brief.{check.name}.{check.facts.get('declared')}"
    if known(code, language):
        return _capital(sentence(code, check.facts, language, names=names))
    return check_sentence(check, language, names=names)


def notice_sentence(notice: Notice, language: str = "en", *, names: Names | None = None) -> str:
    """The sentence of a warning, a fallback or a reason; of a third party's, its own or a plain one that names it."""
    code = f"notice.{notice.code}"
    if known(code, language):
        return _capital(sentence(code, notice.facts, language, names=names))
    listed = ", ".join(f"{k} = {v}" for k, v in notice.facts.items())
    return notice.sentence or sentence(
        "notice.other", {"code": notice.code, "facts": listed or formats.NOTHING}, language
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_VARIANTS = ("declared", "shape", "seen")
"""Facts whose value, or whose values together, may have a sentence of their own."""


class _Writer(Formatter):
    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, str]:
        first = field_name.split("[")[0].split(".")[0]
        if kwargs.get(first) is None:
            return None, first
        return super().get_field(field_name, args, kwargs)

    def format_field(self, value: Any, format_spec: str) -> str:
        if value is None:
            return formats.NOTHING
        form, _, words = format_spec.partition(" ")
        return FORMS[form or "plain"](value, self.reader, *words.split())


def _plain(value: Any, reader: Reader) -> str:
    if isinstance(value, dict) and set(value) & set(formats.LANGUAGES):
        return text_in(value, reader.language)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return formats.number(value, reader.language)
    if isinstance(value, (list, tuple)):
        return formats.listing([_plain(v, reader) for v in value], reader.language)
    return reader.names.of(value)


def _count(value: Any, _reader: Reader, one: str = "unit", many: str = "units") -> str:
    return formats.counted(value, one.replace("_", " "), many.replace("_", " "))


def _units(value: Any, reader: Reader) -> str:
    if reader.language == "zh":
        return f"{formats.whole(value, 'zh')} {reader.names.measure}{reader.names.one}"
    return formats.counted(value, reader.names.one, reader.names.many)


def _compared(outcome: Any, reader: Reader) -> str:
    """An outcome, with the groups compared where there are several comparisons of it."""
    name, comparison = reader.names.of(outcome), reader.facts.get("comparison")
    if comparison is None or reader.facts.get("comparisons", 1) < 2:
        return name
    between = reader.names.comparison(str(comparison))
    return f"{name}（{between}）" if reader.language == "zh" else f"{name} ({between})"


def _by_arm(value: Mapping[str, Any], reader: Reader, figure: Callable[[Any], str]) -> str:
    written = "{arm} {figure}" if reader.language == "zh" else "{figure} ({arm})"
    parts = [written.format(arm=reader.names.arm(str(arm)), figure=figure(x)) for arm, x in value.items()]
    return formats.listing(parts, reader.language)


def _date_or_name(value: Any, reader: Reader) -> str:
    return formats.date(str(value), reader.language) if _DAY.fullmatch(str(value)) else reader.names.of(value)


def _rates(value: Mapping[str, float], reader: Reader) -> str:
    return _by_arm(value, reader, formats.percent)


def _shares(value: Mapping[str, float], reader: Reader) -> str:
    total = sum(value.values()) or 1.0
    order = [arm for arm in reader.facts.get("observed") or value if arm in value]
    return " / ".join(formats.percent(value[arm] / total) for arm in order)


def _fields(value: Sequence[Any], reader: Reader) -> str:
    shown = [str(v.get("field", v)) if isinstance(v, dict) else reader.names.of(v) for v in value]
    rest = len(shown) - 4
    return formats.listing(shown[:4] + ([reader.say("words.more", count=rest)] if rest > 0 else []), reader.language)


def _check_name(value: Any, reader: Reader) -> str:
    code = f"check-name.{value}"
    return reader.say(code) if known(code, reader.language) else str(value)


def _named(prefix: str) -> Callable[[Any, Reader], str]:
    def form(value: Any, reader: Reader) -> str:
        code = f"{prefix}.{value}"
        return reader.say(code) if known(code, reader.language) else str(value)

    return form


def rule_text(rule: str, reader: Reader) -> str:
    """A decision rule in words: *the net present value is above 0 in at least 9 of 10 cases*."""
    match = _RULE.fullmatch(rule)
    if not match:
        return rule
    quantity, inner, level, outer, share = match.groups()
    test = reader.say(f"rule.{quantity}", level=float(level), than=reader.say(f"rule.{inner}"))
    return reader.say(f"rule.in.{outer}", test=test, share=float(share))


FORMS: dict[str, Callable[..., str]] = {
    "plain": _plain,
    "clause": lambda v, r: _plain(v, r).rstrip(".。 "),
    "number": lambda v, r: formats.number(v, r.language),
    "magnitude": lambda v, r: formats.number(abs(v), r.language, digits=2),
    "whole": lambda v, r: formats.whole(v, r.language),
    "share": lambda v, r: formats.percent(v, r.language),
    "chance": lambda v, r: formats.chance(v, r.language),
    "of": lambda v, r: formats.share_of(v, r.language),
    "level": lambda v, r: formats.level_of(v, r.language),
    "probability": lambda v, r: formats.number(v, r.language, digits=2) if v >= 0.001 else "< 0.001",
    "p_value": lambda v, r: f"p = {formats.number(v, r.language, digits=2)}" if v >= 0.001 else "p < 0.001",
    "count": _count,
    "units": _units,
    "days": lambda v, r: formats.days(v, r.language),
    "compared": lambda v, r: _compared(v, r),
    "months": lambda v, r: formats.months(v, r.language),
    "horizon": lambda v, r: formats.horizon(v, r.language),
    "date": lambda v, r: formats.date(v, r.language),
    "dates": lambda v, r: formats.listing([_date_or_name(x, r) for x in v], r.language),
    "list": lambda v, r: formats.listing(
        [r.names.of(x) for x in v] if isinstance(v, (list, tuple)) else [r.names.of(v)], r.language
    ),
    "shares": _shares,
    "rates": _rates,
    "counts": lambda v, r: _by_arm(v, r, lambda x: formats.number(x, decimals=0)),
    "effect": lambda v, r: change_text(v, r.facts.get("unit", ""), r.names, sign=True, base=r.base),
    "size": lambda v, r: change_text(abs(v), r.facts.get("unit", ""), r.names, base=r.base),
    "amount": lambda v, r: amount_text(v, r.facts.get("unit", ""), r.names),
    "fields": _fields,
    "check": _check_name,
    "design": _named("design"),
    "keys": lambda v, r: formats.listing([_named("file-key")(x, r) for x in v], r.language),
    "reason": _named("reason"),
    "verdict": _named("decision-name"),
    "quantity": _named("quantity"),
    "rule": lambda v, r: rule_text(str(v), r),
    "code": lambda v, _: str(v),
    "error": lambda v, r: say(Message(str(v), dict(r.facts)), r.language),
    "span": lambda v, r: span_text(v[0], v[1], r.facts.get("unit", ""), r.names),
}
"""Every way to write a fact."""
