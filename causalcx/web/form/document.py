"""What was typed as the document of an experiment file, with the box behind each place of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from causalcx.core.experiment import Experiment
from causalcx.core.text import text_key
from causalcx.web.form.complaints import Complaint
from causalcx.web.form.fields import GROUPS, LANGUAGES, PLACES, SINGLES, Field
from causalcx.web.form.kinds import KINDS, yaml_in
from causalcx.web.form.typed import Row, Typed

ORDER = [info.alias or name for name, info in Experiment.model_fields.items()]
COST_FORMS = ("once", "monthly", "per_unit", "per_unit_month")


@dataclass
class Stated:
    """The document, the box behind each of its places, and what the form itself finds wrong."""

    document: dict[str, Any] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)
    """Place in the file, as problems spell it, to the name of a box, a row (``outcomes.0``) or a group."""
    complaints: list[Complaint] = field(default_factory=list)
    explained: set[str] = field(default_factory=set)
    """Places of which the form has already said what is wrong."""

    def complain(self, box: str, code: str, **facts: Any) -> None:
        """Something that the document cannot even express."""
        self.complaints.append(Complaint(box, code=f"form.wrong.{code}", facts=facts))


def document_of(typed: Typed) -> Stated:
    """The document, in the order of the format."""
    stated = Stated()
    kind = typed.text("design.kind")
    for single in SINGLES:
        if single.kind != "yaml" and single.name not in _SPECIAL:
            _single(single, typed, kind, stated)
    for name, build in _SPECIAL.items():
        build(typed, name, stated)
    for group in ("outcomes", "streams", "costs", "assumptions"):
        _rows(group, typed.rows.get(group, []), stated)
    _arms(typed.rows.get("arms", []), kind, stated)
    _columns(typed.rows.get("columns", []), stated)
    _exclude(typed.rows.get("exclude", []), stated)
    _further(typed.text("extra"), stated)
    stated.document = _ordered(stated.document)
    return stated


def _single(single: Field, typed: Typed, kind: str, stated: Stated) -> None:
    stated.where[single.name] = single.boxes[0]
    value = value_in(single, typed.singles)
    if value is not None and single.belongs_to(kind):
        _put(stated.document, single.name.split("."), value)


def value_in(part: Field, texts: Mapping[str, str]) -> Any:
    """The value of a field, None where nothing was typed."""
    if part.kind.startswith("both"):
        said = {language: texts[box] for language, box in zip(LANGUAGES, part.boxes, strict=True) if texts.get(box)}
        return said if len(said) > 1 else next(iter(said.values()), None)
    text = texts.get(part.name)
    return KINDS[part.kind].read(text) if text else None


def _put(document: dict[str, Any], place: list[str], value: Any) -> None:
    for part in place[:-1]:
        document = document.setdefault(part, {})
    document[place[-1]] = value


def _interference(typed: Typed, name: str, stated: Stated) -> None:
    chosen, shares = typed.text(name), typed.text("interference.shares")
    stated.where |= {name: name, "interference.shares": "interference.shares"}
    if chosen == "none" and shares:
        stated.complain("interference.shares", "shares-but-none")
    elif chosen == "none":
        stated.document[name] = "none"
    elif shares:
        stated.document[name] = {"shares": KINDS["columns"].read(shares)}
    elif chosen:
        stated.document[name] = {} if chosen == "shares" else chosen


def _reach(typed: Typed, name: str, stated: Stated) -> None:
    form, amount, ramp = (typed.text(f"{name}{part}") for part in ("", ".amount", ".ramp_months"))
    stated.where |= {name: name, f"{name}.ramp_months": f"{name}.ramp_months"}
    stated.where |= {
        f"{name}.{option}": f"{name}.amount" if option == form else name for option in ("per_month", "stock")
    }
    if amount and not form:
        _without_form(name, name, stated)
    if form or amount or ramp:
        reach = {form or "amount": KINDS["quantity"].read(amount) if amount else None} if form or amount else {}
        _put(stated.document, name.split("."), reach | ({"ramp_months": KINDS["number"].read(ramp)} if ramp else {}))


def _nothing(_typed: Typed, _name: str, _stated: Stated) -> None:
    """Written by the field that it belongs to."""


_SPECIAL = {
    "interference": _interference, "interference.shares": _nothing, "value.reach": _reach, "value.reach.amount": _nothing,
    "value.reach.ramp_months": _nothing,
}  # fmt: skip


def _rows(group: str, rows: list[Row], stated: Stated) -> None:
    place = PLACES.get(group, group)
    stated.where[place] = group
    written = []
    for i, row in enumerate(rows):
        if row:
            here = f"{place}[{len(written)}]"
            stated.where[here] = f"{group}.{i}"
            written.append(_row(group, row, f"{group}.{i}", here, stated))
    if written:
        _put(stated.document, place.split("."), written)


def _row(group: str, row: Row, box: str, here: str, stated: Stated) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for part in GROUPS[group].fields:
        if part.kind != "yaml":
            stated.where[f"{here}.{part.name}"] = f"{box}.{part.boxes[0]}"
            value = value_in(part, row)
            if value is not None:
                _put(document, part.name.split("."), value)
    if group == "costs":
        _cost(document, box, here, stated)
    if group == "outcomes":
        _expects(document, box, here, stated)
    return _merged(document, row.get("extra"), f"{box}.extra", stated)


def _cost(document: dict[str, Any], box: str, here: str, stated: Stated) -> None:
    """The amount under the name of its form; an amount without a form stays as it is, for the file to complain of."""
    stated.where |= {
        f"{here}.{form}": f"{box}.amount" if form == document.get("form") else f"{box}.form" for form in COST_FORMS
    }
    form = document.pop("form", None)
    if form:
        document[form] = document.pop("amount", None)
    elif "amount" in document:
        _without_form(f"{box}.form", here, stated)


def _without_form(box: str, here: str, stated: Stated) -> None:
    stated.complain(box, "missing")
    stated.explained |= {here, f"{here}.amount"}


def _expects(document: dict[str, Any], box: str, here: str, stated: Stated) -> None:
    """What is believed stands at the top level, under the name of the outcome; without a name it waits in the row."""
    name = document.get("name", document.get("metric"))
    if "expects" not in document:
        return
    if not name:
        stated.explained.add(f"{here}.expects")
        return
    stated.document.setdefault("expects", {})[text_key(name)] = document.pop("expects")
    stated.where[f"expects.{text_key(name)}"] = f"{box}.expects"


def _arms(rows: list[Row], kind: str, stated: Stated) -> None:
    stated.where["design.ratio"] = "arms"
    seen: set[str] = set()
    for i, row in enumerate(rows):
        box = f"arms.{i}"
        label, weight, name = (value_in(part, row) for part in GROUPS["arms"].fields)
        if row and label is None:
            stated.complain(f"{box}.label", "missing")
        elif label in seen:
            stated.complain(f"{box}.label", "twice", name=label)
        elif label is not None:
            seen.add(label)
            stated.where[f"design.ratio.{label}"] = f"{box}.weight"
            if weight is not None and kind in ("", "randomised"):
                _put(stated.document, ["design", "ratio", label], weight)
            _arm_name(label, name, f"{box}.name.en", stated)


def _arm_name(label: str, name: Any, box: str, stated: Stated) -> None:
    treatment = stated.document.get("design", {}).get("treatment")
    if name is not None and treatment:
        stated.where[f"columns.{treatment}.labels.{label}"] = box
        _put(stated.document, ["columns", treatment, "labels", label], name)


def _columns(rows: list[Row], stated: Stated) -> None:
    stated.where["columns"] = "columns"
    seen: set[str] = set()
    for i, row in enumerate(rows):
        box, name = f"columns.{i}", row.get("name")
        if row and not name:
            stated.complain(f"{box}.name", "missing")
        elif name in seen:
            stated.complain(f"{box}.name", "twice", name=name)
        elif name:
            seen.add(name)
            stated.where[f"columns.{name}"] = box
            found = _row("columns", row, box, f"columns.{name}", stated)
            found.pop("name")
            known = stated.document.setdefault("columns", {})
            known[name] = found | known.get(name, {})


def _exclude(rows: list[Row], stated: Stated) -> None:
    stated.where["exclude"] = "exclude"
    for i, row in enumerate(rows):
        column, values = (value_in(part, row) for part in GROUPS["exclude"].fields)
        if row and (column is None or values is None):
            stated.complain(f"exclude.{i}.{'column' if column is None else 'values'}", "missing")
        elif column is not None and column in stated.document.get("exclude", {}):
            stated.complain(f"exclude.{i}.column", "twice", name=column)
        elif column is not None:
            stated.where[f"exclude.{column}"] = f"exclude.{i}.values"
            _put(stated.document, ["exclude", column], values)


def _further(text: str, stated: Stated) -> None:
    before = set(stated.document)
    stated.document = _merged(stated.document, text, "extra", stated)
    stated.where |= {key: "extra" for key in stated.document.keys() - before if key not in stated.where}


def _merged(document: dict[str, Any], text: str | None, box: str, stated: Stated) -> dict[str, Any]:
    """With the further keys of a YAML box; what stands in a field already is not overwritten but complained of."""
    if not text:
        return document
    further = yaml_in(text)
    if not isinstance(further, dict) or not all(isinstance(key, str) for key in further):
        stated.complain(box, "not-yaml")
        return document
    clashes: list[str] = []
    merged = _deep(document, further, (), clashes)
    if clashes:
        stated.complain(box, "stated-twice", fields=clashes)
    return merged


def _deep(one: Any, other: Any, place: tuple[str, ...], clashes: list[str]) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        added = {
            key: _deep(one[key], value, (*place, str(key)), clashes) if key in one else value
            for key, value in other.items()
        }
        return one | added
    clashes.append(".".join(place))
    return one


def _ordered(document: Mapping[str, Any]) -> dict[str, Any]:
    known: Iterable[str] = [key for key in ORDER if key in document]
    return {key: document[key] for key in [*known, *(key for key in document if key not in ORDER)]}
