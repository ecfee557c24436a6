"""Writes the tables of docs/reference/ from the code, so that they cannot drift from it.

A page keeps its own prose; what stands between ``<!-- generated: NAME -->`` and ``<!-- end generated -->`` is made here.

    python tools/make_reference.py            writes the pages
    python tools/make_reference.py --check    exits 1 when a page would change
"""

from __future__ import annotations

import ast
import datetime as dt
import inspect
import json
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML

from causalcx.core import (
    case,
    check,
    effect,
    experiment,
    horizons,
    looks,
    money_terms,
    negative_controls,
    outcomes,
    picture,
    quantities,
    readout,
    sizing,
)
from causalcx.core.check import HIDES_ALL
from causalcx.core.design_keys import KINDS
from causalcx.core.design_keys.interrupted_time_series import Seasons
from causalcx.core.rules import DecisionRule
from causalcx.core.text import Text
from causalcx.grade import BLOCKED, COSTS, SHARED, START, UNASKED

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "reference"
EXAMPLES = Path(__file__).with_name("reference_examples.yaml")
BLOCK = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end generated -->)", re.DOTALL)
SPECIAL = re.compile(r"[:{}\[\],&*#?|<>=!%`]")
"""Characters that make YAML read a text as something else."""
Rows = Iterable[Iterable[str]]

PARTS: dict[str, type[BaseModel]] = {
    "experiment": experiment.Experiment, "period": experiment.Period, "data": experiment.Data, "origin": experiment.Origin,
    "column": experiment.Column, "interference": experiment.Interference, "looks": looks.Looks, "prior": experiment.PriorBelief,
    "outcome": outcomes.Outcome, "survey": outcomes.Survey, "value": money_terms.Value, "reach": money_terms.Reach,
    "stream": money_terms.Stream, "covers": money_terms.Covers, "cost": money_terms.Cost, "transport": money_terms.Transport,
    "decision": money_terms.Decision, "assumption": money_terms.Assumption, "metric": outcomes.Metric, "negative-control": negative_controls.NegativeControl,
} | {f"design-{kind}": model for kind, model in KINDS.items()}  # fmt: skip
"""Parts of the experiment file by the name of their block."""

RECORDS: dict[str, type[BaseModel]] = {
    "readout": readout.Readout, "effect": effect.Effect, "covariance": effect.Covariance, "law": effect.Law, "arm": effect.Arm,
    "best": effect.BestArm, "flow": effect.Flow, "picture": picture.Picture, "series": picture.Series, "check": check.Check, "notice": check.Notice, "grade": check.Grade,
    "look-record": looks.LookRecord, "planned-look": looks.PlannedLook, "seen-look": looks.SeenLook, "seen-effect": looks.SeenEffect,
    "provenance": readout.Provenance, "data-facts": readout.DataFacts, "valuation": case.Valuation, "case": case.Case,
    "quantiles": case.Quantiles, "payback": case.Payback, "irr": case.Irr, "stream-value": case.StreamValue,
    "cost-value": case.CostValue, "month": case.Month, "year": case.Year, "verdict": case.Verdict, "break-even": case.BreakEven,
    "assumption-used": case.AssumptionUsed, "histogram": case.Histogram, "sizing": sizing.Sizing, "outcome-size": sizing.OutcomeSize,
    "size-tried": sizing.SizeTried, "rule-chance": sizing.RuleChance, "looks-plan": sizing.LooksPlan, "look-plan": sizing.LookPlan,
    "replay": sizing.Replay, "replayed-outcome": sizing.ReplayedOutcome,
}  # fmt: skip
"""Records of the JSON documents by the name of their block."""

SENTENCES = ("because", "to_raise")
"""Fields whose notices stand in JSON as sentences."""

NOT_BUILT = {
    ("design-randomised", "graph"), ("outcome", "from", "aggregate"), ("data", "assignment", "facts"),
}  # fmt: skip


def main(arguments: list[str]) -> int:
    """Write, or with ``--check`` compare, every page; the names of those that change go to standard output."""
    stale = {
        page: text for page in sorted(PAGES.glob("*.md")) if (text := made(page)) != page.read_text(encoding="utf-8")
    }
    for page, text in stale.items():
        print(page.relative_to(ROOT))
        if "--check" not in arguments:
            page.write_text(text, encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


def made(page: Path) -> str:
    """The page with its blocks made anew."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{block(found[2])}\n{found[3]}", page.read_text(encoding="utf-8"))


def block(name: str) -> str:
    """One block by name; raises KeyError for a name that nothing makes."""
    if name in PARTS:
        return keys_table(name)
    if name in RECORDS:
        return fields_table(RECORDS[name])
    return {
        "commands": commands,
        "evidence-start": start_table,
        "evidence-costs": costs_table,
        "evidence-caps": caps_table,
    }[name]()


def table(head: Iterable[str], rows: Rows) -> str:
    """A Markdown table."""
    lines = [list(head), *map(list, rows)]
    text = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([text[0], "|" + "---|" * len(lines[0]), *text[1:]]) + "\n"


# --- the experiment file -------------------------------------------------------------------------------------------------


def keys_table(part: str) -> str:
    """Key, type, required or default, meaning and example of every key of a part."""
    model, shown = PARTS[part], examples()
    rows = []
    for name, field in model.model_fields.items():
        key = field.alias or name
        example = shown.get(part, {}).get(key, shown.get(family(part), {}).get(key))
        rows.append([f"`{key}`", type_text(field), needed(field), meaning(part, key, field), f"`{flow(example)}`"])
    return table(("key", "type", "required", "meaning", "example"), rows)


def family(part: str) -> str:
    """Where a part takes examples from that it has none of its own for."""
    return "design" if part.startswith("design-") else "outcome" if part == "metric" else part


def examples() -> dict[str, dict[str, Any]]:
    """Examples by part and key; tests hold each one to its type."""
    return YAML(typ="safe", pure=True).load(EXAMPLES.read_text(encoding="utf-8"))


def flow(value: Any) -> str:
    """A value as one line of YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(v) for v in value) + "]"
    if isinstance(value, str):
        return f'"{value}"' if SPECIAL.search(value) else value
    return value.isoformat() if isinstance(value, dt.date) else json.dumps(value)


def needed(field: FieldInfo) -> str:
    """``yes``, or the default."""
    if field.is_required():
        return "yes"
    default = field.get_default(call_default_factory=True)
    return "no" if default in (None, [], {}) else f"default `{flow(default)}`"


def meaning(part: str, key: str, field: FieldInfo) -> str:
    """The description, and whether this version has built it."""
    text = field.description or ("Kind of the design." if key == "kind" else described(field))
    missing = any(part == known and key in keys for known, *keys in NOT_BUILT) and "not built" not in text
    return text.removesuffix(".") + " (not built yet)." if missing else text


def described(field: FieldInfo) -> str:
    """The description inside the annotation, or what kind of thing it is."""
    inner = next((m.description for m in field.metadata if isinstance(m, FieldInfo) and m.description), None)
    for argument in get_args(field.annotation):
        inner = inner or next(
            (m.description for m in getattr(argument, "__metadata__", ()) if isinstance(m, FieldInfo)), None
        )
    return inner or "–"


def type_text(field: FieldInfo) -> str:
    """The type of a key in words."""
    return words_of(field.rebuild_annotation())


def words_of(annotation: Any) -> str:
    """A type annotation of the file model in words."""
    for known, text in NAMED:
        if annotation == known:
            return text
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is typing.Annotated:
        return words_of(arguments[0])
    if arguments == tuple(KINDS.values()):
        return "[design](#design)"
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(words_of(a) for a in arguments if a is not type(None)))
    if origin is Literal:
        return ", ".join(f"`{a}`" for a in arguments)
    if origin is list:
        return f"list of {words_of(arguments[0])}"
    if origin is dict:
        return f"{{{'label' if words_of(arguments[0]) == 'label' else 'name'}: {words_of(arguments[1])}}}"
    if origin is tuple:
        return "[" + ", ".join(words_of(a) for a in arguments) + "]"
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return LINKS.get(annotation.__name__, annotation.__name__)
    return PLAIN.get(annotation, "any")


NAMED: list[tuple[Any, str]] = [
    (Text, "text, or `{en, zh}`"), (outcomes.Label, "label"), (quantities.Number, "number or [span](#uncertain-numbers)"),
    (quantities.Quantity, "number, name of an assumption, or [span](#uncertain-numbers)"), (experiment.Columns, "column or list of columns"),
    (outcomes.Margin, "number, or `{relative: share}`"), (horizons.Horizon, "number, `{months}`, `{days}`, or a text like `90 days`"), (experiment.Shared, "`none`, or [what is shared](#interference)"),
    (Seasons, "number, `{period, harmonics}`, or list of them"),
]  # fmt: skip
PLAIN = {
    str: "text",
    float: "number",
    int: "whole number",
    bool: "`true`, `false`",
    dt.date: "date",
    DecisionRule: "rule",
}
LINKS = {model.__name__: f"[{part}](#{part})" for part, model in PARTS.items()}


# --- the JSON documents --------------------------------------------------------------------------------------------------


def fields_table(model: type[BaseModel]) -> str:
    """Name, type and meaning of every field of a record, inherited ones first and computed ones last."""
    documented = docstrings(model)
    rows = [
        [f"`{json_name(name)}`", "list of text" if name in SENTENCES else json_type(field.annotation), documented[name]]
        for name, field in model.model_fields.items()
    ]
    rows += [
        [f"`{name}`", json_type(field.return_type), field.description or ""]
        for name, field in model.model_computed_fields.items()
    ]
    return table(("field", "type", "meaning"), rows)


def json_name(name: str) -> str:
    """The field's name in JSON."""
    return name.rstrip("_")


def docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The line under each field of a record, and of the records it extends."""
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if issubclass(owner, BaseModel) and owner is not BaseModel:
            found |= dict(_documented(ast.parse(inspect.getsource(owner)).body[0]))
    return found


def _documented(node: Any) -> Iterator[tuple[str, str]]:
    for field, text in zip(node.body, node.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            yield field.target.id, " ".join(str(text.value.value).replace("``", "`").split())  # ty: ignore[unresolved-attribute]


def json_type(annotation: Any) -> str:
    """A type annotation of a record as JSON has it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(json_type(a) for a in arguments)
    if origin is Literal:
        return ", ".join(f"`{a}`" for a in arguments)
    if origin is tuple:
        return f"list of {json_type(arguments[0])}"
    if origin is dict:
        return "object"
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        name = next(block for block, model in RECORDS.items() if model is annotation)
        return f"[{name}](#{name})"
    names = {str: "text", float: "number", int: "whole number", bool: "boolean", type(None): "null"}
    return names.get(annotation, "date" if "date" in str(annotation) else "any")


# --- commands ------------------------------------------------------------------------------------------------------------


def commands() -> str:
    """Every command with its arguments and options, as the program itself knows them."""
    import typer

    from causalcx.cli import app

    group: Any = typer.main.get_command(app)
    return "\n".join(_command(name, command) for name, command in group.commands.items())


def _command(name: str, command: Any) -> str:
    rows = [[_spelling(p), (p.help or "").strip(), _default(p)] for p in command.params if p.name != "help"]
    head = f"### {name}\n\n{(command.help or '').strip()}\n\n"
    return head + (table(("argument or option", "meaning", "default"), rows) if rows else "No options.\n")


def _spelling(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{(parameter.metavar or parameter.name).strip('[]').upper()}`"
    return ", ".join(f"`{o}`" for o in (*parameter.opts, *parameter.secondary_opts))


def _default(parameter: Any) -> str:
    default = parameter.default() if isinstance(parameter.default, Callable) else parameter.default
    if parameter.required:
        return "required"
    return "–" if default in (None, False, "") else f"`{default}`"


# --- evidence levels -----------------------------------------------------------------------------------------------------


def start_table() -> str:
    """Where each design starts."""
    rows = [[f"`{kind}`", str(level)] for kind, level in START.items()]
    return table(("design", "starts at"), rows)


def costs_table() -> str:
    """What each failed check costs."""
    return table(
        ("check", "verdict", "costs"), [[f"`{name}`", verdict, str(cost)] for (name, verdict), cost in COSTS.items()]
    )


def caps_table() -> str:
    """What caps the level."""
    rows = [[f"`{name}` fails", str(BLOCKED)] for name in HIDES_ALL]
    rows += [
        ["the arms are declared to share something", str(SHARED)],
        ["`interference` is not declared", str(UNASKED)],
    ]
    return table(("when", "highest level"), rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
