"""An experiment file as a filled form. What the form has no box for goes into the boxes for further keys, so nothing is lost."""

from __future__ import annotations

import copy
from typing import Any

from causalcx.core.text import text_key
from causalcx.web.form.document import COST_FORMS, value_in
from causalcx.web.form.fields import GROUPS, LANGUAGES, PLACES, SINGLES, Field
from causalcx.web.form.kinds import KINDS
from causalcx.web.form.typed import Row, Typed
from causalcx.web.form.writing import dump


def typed_of(document: dict[str, Any]) -> Typed:
    """The texts of the form for a document; reading them again gives the document."""
    rest = copy.deepcopy(document)
    typed = Typed()
    believed = rest.pop("expects", {})
    _interference(rest, typed)
    _reach(rest, typed)
    typed.rows["arms"] = _arms(rest)
    kind = _mapping(rest, "design").get("kind", "")
    for single in SINGLES:
        if (
            single.belongs_to(kind)
            and single.kind != "yaml"
            and "reach" not in single.name
            and not single.name.startswith("interference")
        ):
            _take(single, rest, typed.singles)
    for group in ("outcomes", "streams", "costs", "assumptions"):
        typed.rows[group] = _rows(group, rest, believed)
    typed.rows["columns"] = _columns(rest)
    typed.rows["exclude"] = _exclude(rest)
    remainder = _without_empty(rest | ({"expects": believed} if believed else {}))
    if remainder:
        typed.singles["extra"] = dump(remainder)
    return typed


def _take(part: Field, rest: Any, texts: Row) -> None:
    """Move a value from the document into its boxes, if the boxes give it back unchanged."""
    *parents, last = part.name.split(".")
    for name in parents:
        rest = rest.get(name) if isinstance(rest, dict) else None
    if not isinstance(rest, dict) or rest.get(last) is None:
        return
    shown = _shown(part, rest[last])
    if shown and _same(part, value_in(part, shown), rest[last]):
        texts.update(shown)
        del rest[last]


def _shown(part: Field, value: Any) -> Row | None:
    if part.kind.startswith("both"):
        if isinstance(value, str):
            return {part.boxes[1 if _is_chinese(value) else 0]: value}
        said = (
            isinstance(value, dict)
            and set(value) == set(LANGUAGES)
            and all(isinstance(text, str) and text for text in value.values())
        )
        return dict(zip(part.boxes, (value[language] for language in LANGUAGES), strict=True)) if said else None
    text = KINDS[part.kind].write(value) or (value if isinstance(value, str) else None)
    return {part.name: text} if text and (part.kind != "choice" or text in part.options) else None


def _same(part: Field, again: Any, value: Any) -> bool:
    if part.kind == "columns":
        return again == ([value] if isinstance(value, str) else value)
    return part.kind in ("label", "labels") or (again == value and isinstance(again, str) == isinstance(value, str))


def _is_chinese(text: str) -> bool:
    return any("\u3400" <= character <= "\u9fff" for character in text)


def _interference(rest: dict[str, Any], typed: Typed) -> None:
    value = rest.get("interference")
    if value == "none":
        typed.singles["interference"] = rest.pop("interference")
    elif value == {}:
        typed.singles["interference"] = "shares"
    elif isinstance(value, dict) and set(value) == {"shares"} and KINDS["columns"].write(value["shares"]):
        typed.singles.update(
            {"interference": "shares", "interference.shares": KINDS["columns"].write(value["shares"]) or ""}
        )
        del rest["interference"]


def _reach(rest: dict[str, Any], typed: Typed) -> None:
    money = rest.get("value")
    reach = money.get("reach") if isinstance(money, dict) else None
    if not isinstance(reach, dict):
        return
    texts: Row = {}
    _form_and_amount(reach, ("per_month", "stock"), texts)
    _take(Field("amount", "quantity"), reach, texts)
    _take(Field("ramp_months", "number"), reach, texts)
    named = {"form": "value.reach", "amount": "value.reach.amount", "ramp_months": "value.reach.ramp_months"}
    typed.singles.update({named[box]: text for box, text in texts.items()})


def _form_and_amount(holder: dict[str, Any], forms: tuple[str, ...], texts: Row) -> None:
    """Which of several forms was chosen, and its amount, which may not have been typed yet."""
    chosen = [form for form in forms if form in holder]
    if len(chosen) != 1:
        return
    amount: Row = {}
    _take(Field(chosen[0], "quantity"), holder, amount)
    if amount or holder[chosen[0]] is None:
        holder.pop(chosen[0], None)
        texts.update({"form": chosen[0]} | ({"amount": amount[chosen[0]]} if amount else {}))


def _arms(rest: dict[str, Any]) -> list[Row]:
    """Arms from the planned split and from the readers' names of the treatment's values."""
    design = _mapping(rest, "design")
    treatment = design.get("treatment")
    column = _mapping(_mapping(rest, "columns"), treatment) if isinstance(treatment, str) else {}
    known = [_mapping(design, "ratio"), _mapping(column, "labels")]
    rows: dict[str, Row] = {}
    for part, values in zip(GROUPS["arms"].fields[1:], known, strict=True):
        for label in list(values):
            text = KINDS["label"].write(label) or ""
            holder, texts = {part.name: values[label]}, rows.setdefault(text, {"label": text})
            _take(part, holder, texts)
            if not holder:
                del values[label]
    return list(rows.values())


def _mapping(holder: dict[str, Any], key: str) -> dict[str, Any]:
    """The mapping under a key; an empty one where there is none."""
    found = holder.get(key)
    return found if isinstance(found, dict) else {}


def _rows(group: str, rest: dict[str, Any], believed: dict[str, Any]) -> list[Row]:
    *parents, last = PLACES.get(group, group).split(".")
    holder = rest
    for name in parents:
        holder = _mapping(holder, name)
    listed = holder.get(last)
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        return []
    del holder[last]
    return [_row(group, entry, believed) for entry in listed]


def _row(group: str, entry: dict[str, Any], believed: dict[str, Any]) -> Row:
    texts: Row = {}
    if group == "costs":
        _form_and_amount(entry, COST_FORMS, texts)
    if group == "outcomes":
        _expects(entry, believed)
    for part in GROUPS[group].fields:
        if part.kind != "yaml":
            _take(part, entry, texts)
    remainder = _without_empty(entry)
    return texts | ({"extra": dump(remainder)} if remainder else {})


def _expects(entry: dict[str, Any], believed: dict[str, Any]) -> None:
    name = entry.get("name", entry.get("metric"))
    key = text_key(name) if isinstance(name, (str, dict)) else None
    if key in believed and KINDS["pair"].write(believed[key]):
        entry["expects"] = believed.pop(key)


def _columns(rest: dict[str, Any]) -> list[Row]:
    columns = rest.get("columns")
    if not isinstance(columns, dict) or not all(isinstance(entry, dict) for entry in columns.values()):
        return []
    found = {name: _without_empty(entry) for name, entry in rest.pop("columns").items()}
    return [{"name": name, **_row("columns", entry, {})} for name, entry in found.items() if entry]


def _exclude(rest: dict[str, Any]) -> list[Row]:
    excluded = rest.get("exclude")
    if not isinstance(excluded, dict) or not all(KINDS["labels"].write(values) for values in excluded.values()):
        return []
    return [
        {"column": column, "values": KINDS["labels"].write(values) or ""}
        for column, values in rest.pop("exclude").items()
    ]


def _without_empty(node: Any) -> Any:
    """Without the mappings and values that taking things out has emptied."""
    if not isinstance(node, dict):
        return node
    kept = {key: _without_empty(value) for key, value in node.items()}
    return {key: value for key, value in kept.items() if value is not None and value != {} and value != []}
