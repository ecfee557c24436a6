"""What pydantic finds wrong with a file, in words that a person understands, each with its place and the nearest known key."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from causalcx.core.choice import MARK
from causalcx.core.consistency import Inconsistent
from causalcx.core.design_keys import KINDS
from causalcx.core.errors import Message, Problem
from causalcx.core.experiment import Experiment
from causalcx.core.money_rules import Place
from causalcx.core.percent import as_share, percentage

UNKNOWN = "is not a known key here."
_DATE, _NUMBER, _WHOLE, _YES = "a date like 2026-03-01", "a number", "a whole number", "true or false"
_KEYS = "keys and values"
EXPECTED = {
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), _DATE),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), _KEYS),
    **dict.fromkeys(("list_type", "tuple_type"), "a list"),
    **dict.fromkeys(("float_type", "float_parsing"), _NUMBER),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), _WHOLE),
    **dict.fromkeys(("bool_type", "bool_parsing"), _YES),
    "finite_number": "a finite number",
    "string_type": "a text",
    "string_too_long": "{max_length} characters or fewer",
    "invalid_key": "a text as key",
    "too_short": "{min_length} or more entries",
    "too_long": "{max_length} or fewer entries",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than": "less than {lt:g}",
    "less_than_equal": "{le:g} or less",
    "shape": "{expected}",
}
"""What was expected, by the type of pydantic's error; its gaps are filled from the error's own facts."""
PATTERNS = {
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "letters, digits, `.`, `_` or `-`, a letter or digit first",
    r"^[A-Z]{3}$": "a currency in three capital letters, such as USD or CNY",
    r"\S": "a text that is not empty",
}
"""The same for the patterns of the format."""


def problems_of(error: ValidationError, prefix: Place = ()) -> Iterator[Problem]:
    """Every problem that pydantic found."""
    for e in error.errors():
        place = prefix + tuple(p for i, p in enumerate(e["loc"]) if not _is_tag(e["loc"], i))
        if e["type"].startswith("union_tag"):
            place = (*place, "kind")
        cause = (e.get("ctx") or {}).get("error")
        if isinstance(cause, Inconsistent):
            yield from disagreements(cause.problems)
        else:
            yield Problem(dotted(place), _message(e, place), nearest=_nearest(e, place))


def disagreements(found: Iterable[tuple[Place, str]]) -> list[Problem]:
    """Problems between parts of the file as sentences."""
    return [Problem(dotted(place), _sentence(text)) for place, text in found]


def _sentence(text: str) -> Message:
    return Message("{text}.", {"text": Message(text)})


def _is_tag(loc: tuple[str | int, ...], i: int) -> bool:
    part = loc[i]
    if not isinstance(part, str):
        return False
    return part.startswith(MARK) or part == "[key]" or (i == 1 and loc[0] == "design" and part in KINDS)


def _message(e: Any, place: Place) -> Message:
    ctx, given = e.get("ctx") or {}, _shown(e.get("input"))
    match e["type"]:
        case "missing" | "union_tag_not_found":
            return Message("is required and missing.")
        case "extra_forbidden":
            return _foreign(place)
        case "union_tag_invalid":
            return _expected(f"one of {', '.join(KINDS)}", _shown(ctx.get("tag")))
        case "literal_error":
            return _expected(_one_of(_options(e)), given)
        case "value_error":
            return _sentence(str(ctx["error"]))
        case "string_pattern_mismatch":
            return _expected(PATTERNS[ctx["pattern"]], given)
        case "float_parsing" | "float_type" | "shape":
            return _expected(EXPECTED[e["type"]].format(**ctx), given, percentage(e.get("input")))
        case kind:
            return _expected(EXPECTED[kind].format(**ctx), given)


def _one_of(options: list[str]) -> str:
    return options[0] if len(options) == 1 else f"one of {', '.join(options)}"


def _expected(expected: str, given: str, percent: float | None = None) -> Message:
    facts = {"expected": Message(expected), "given": given}
    if percent is None:
        return Message("expected {expected}; found {given}.", facts)
    return Message("expected {expected}; found {given}; for {percent} % write {share}.", facts | as_share(percent))


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def _foreign(place: Place) -> Message:
    key = str(place[-1])
    kinds = [kind for kind, model in KINDS.items() if key in model.model_fields] if place[0] == "design" else []
    if kinds:
        return Message("does not belong to this design kind, but to {kinds}.", {"kinds": ", ".join(kinds)})
    if place[0] == "design" and key in Experiment.model_fields:
        return Message("belongs to the top level of the file, not under `design`.")
    if len(place) == 1 and any(key in model.model_fields for model in KINDS.values()):
        return Message("belongs under `design`, not at the top level of the file.")
    return Message(UNKNOWN)


def _nearest(e: Any, place: Place) -> str | None:
    if e["type"] == "extra_forbidden":
        return nearest(str(place[-1]), known_keys(place[:-1])) if _foreign(place).template == UNKNOWN else None
    if e["type"] in ("literal_error", "union_tag_invalid"):
        options = list(KINDS) if e["type"] == "union_tag_invalid" else _options(e)
        return nearest(str(e["ctx"].get("tag", e.get("input"))), options)
    return None


def _options(e: Any) -> list[str]:
    return re.findall(r"'([^']+)'", e["ctx"]["expected"])


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The most similar of the known words, if any is similar; of equally similar ones that with the same first letter."""
    close = difflib.get_close_matches(word, list(options), 3, 0.6)
    alike = [(difflib.SequenceMatcher(None, m, word).ratio(), m[:1] == word[:1], m) for m in close if m != word]
    return max(alike)[2] if alike else None


def known_keys(place: Place) -> list[str]:
    """The keys that the file format knows at this place."""
    models: list[Any] = [Experiment]
    for part in place:
        if isinstance(part, str):
            models = [m for model in models for m in _models_in(model, part)]
    return sorted({field.alias or name for model in models for name, field in model.model_fields.items()})


def _models_in(model: Any, key: str) -> list[Any]:
    if key not in model.model_fields:
        return [model]
    found: list[Any] = []
    stack = [model.model_fields[key].annotation]
    while stack:
        item = stack.pop()
        if isinstance(item, type) and issubclass(item, BaseModel):
            found.append(item)
        stack.extend(get_args(item))
    return found


def dotted(place: Place) -> str:
    """``("outcomes", 0, "kind")`` as ``outcomes[0].kind``."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
