"""Whatever stands at whatever place of a file, the sentence about it is ours, in both languages."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from causalcx.core import yaml_text
from causalcx.core.errors import ExperimentError
from causalcx.core.experiment import Experiment
from causalcx.core.experiment_file import load_experiment, parse_experiment
from causalcx.core.file_problems import EXPECTED, PATTERNS, problems_of
from causalcx.core.outcomes import Metric
from causalcx.core.yaml_text import plain, read_yaml
from causalcx.words import say

EXPERIMENTS = Path(__file__).parents[3] / "experiments"
EXAMPLES = [EXPERIMENTS / name / "experiment.yaml" for name in ("_template", "tech-support-and-churn")]
OWN_CASES = {
    "missing", "extra_forbidden", "union_tag_invalid", "union_tag_not_found", "literal_error", "value_error", "string_pattern_mismatch",
}  # fmt: skip
NUMBERS = {"gt": {"greater_than"}, "ge": {"greater_than_equal"}, "le": {"less_than_equal"}, "lt": {"less_than"}}
LENGTHS = {"min_length": {"too_short"}, "max_length": {"too_long"}}
RAISES: dict[str, tuple[set[str], dict[str, set[str]]]] = {
    "str": ({"string_type"}, {"pattern": {"string_pattern_mismatch"}, "max_length": {"string_too_long"}}),
    "float": ({"float_type", "float_parsing", "finite_number"}, NUMBERS),
    "int": ({"int_type", "int_parsing", "int_from_float", "int_parsing_size"}, NUMBERS),
    "bool": ({"bool_type", "bool_parsing"}, {}),
    "date": ({"date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"}, {}),
    "literal": ({"literal_error"}, {}),
    "list": ({"list_type"}, LENGTHS),
    "tuple": ({"tuple_type", "too_long", "missing"}, {}),
    "dict": ({"dict_type"}, LENGTHS),
    "model": ({"model_type"}, {}),
    "model-fields": ({"model_attributes_type", "missing", "extra_forbidden", "invalid_key"}, {}),
    "tagged-union": ({"shape", "union_tag_invalid", "union_tag_not_found", "model_attributes_type"}, {}),
    "function-after": ({"value_error"}, {}),
    "function-before": ({"value_error"}, {}),
    **dict.fromkeys(
        ("definitions", "definition-ref", "model-field", "no-info", "default", "nullable", "any"), (set(), {})
    ),
}
"""Types of error that pydantic documents for each kind of schema, and for its constraints."""


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict) and isinstance(schema.get("type"), str):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list | tuple) else ():
        yield from nodes(part)


SCHEMA = [n for model in (Experiment, Metric) for n in nodes(model.__pydantic_core_schema__)]


def test_every_type_of_error_has_words_of_ours() -> None:
    possible: set[str] = set()
    for node in SCHEMA:
        always, by_constraint = RAISES[node["type"]]
        possible |= always.union(*(found for key, found in by_constraint.items() if node.get(key) is not None))
    assert possible - OWN_CASES <= set(EXPECTED)
    assert {n["pattern"] for n in SCHEMA if n.get("pattern")} == set(PATTERNS)


WRONG: list[Any] = [
    None, "", "zzz", "8%", "9" * 5000, -1, 0, 1.5, 1e400, 10**30, float("nan"), True, [], [1], [1, 2, 3], {}, {"zzz": 1}, {1: 2},
    {"mean": 1, "sd": -1}, {"p5": 3, "p95": 2}, {"relative": -1},
]  # fmt: skip


def places(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    for key, part in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from places(part, (*at, key))


def spoilt(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(document)
    node = changed
    for part in place[:-1]:
        node = node[part]
    node[place[-1]] = value
    return changed


def sentences(document: Any) -> list[Any]:
    try:
        Experiment.model_validate(document)
    except ValidationError as error:
        return list(dict.fromkeys(p.message for p in problems_of(error)))
    return []


PYDANTICS = re.compile(r"[Ii]nput|should|valid |unable|pattern|\.\.$")
FACTS = re.compile(r"`[^`]*`|'[^']*'|\"[^\"]*\"|\[.*\]|\{.*\}|found .*|(下列之一|已有|属于).*|实际为.*")
"""What a sentence quotes from the file, or lists of its keys."""
CHINESE = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda f: f.parent.name)
def test_every_sentence_is_ours_in_both_languages(file: Path) -> None:
    document = plain(read_yaml(file.read_text(encoding="utf-8"), file))
    said = {
        m for place in places(document) if place for value in WRONG for m in sentences(spoilt(document, place, value))
    }
    assert len(said) > 100
    for message in said:
        english, chinese = str(message), say(message, "zh")
        assert english.endswith((".", "?"))
        assert not PYDANTICS.search(FACTS.sub("", english)), english
        assert not ENGLISH.search(FACTS.sub("", chinese)), chinese
        assert "。。" not in chinese


@pytest.mark.parametrize(
    "text", [reason for _, reason in yaml_text.REASONS] + [yaml_text.OTHERWISE, yaml_text.TOO_MANY]
)
def test_what_is_wrong_with_yaml_is_said_in_chinese(text: str) -> None:
    assert CHINESE.search(say(text, "zh"))
    assert not ENGLISH.search(FACTS.sub("", say(text, "zh")))


# Every line is a document that cannot be read, with the beginning of the sentence about it.
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: " + "[" * 10_000, "brackets or keys stand too deep"),
        ("a: " + "{a: " * 3_000 + "}" * 3_000, "brackets or keys stand too deep"),
        ("\n".join(" " * i + "a:" for i in range(300)), "line 50: .* too deep"),
        ("a:\n\tb: 1\n", "line 2: .* a tab stands where spaces are expected"),
        ("a: [1, 2\nb: 3\n", "line 2: .* a bracket is not closed"),
        ("a:\n  b: 2\n c: 3\n", "line 3: .* the indentation does not agree"),
        ("a:\n- 1\nb\n", "a line is neither"),
        ('a: "\\q"\n', "a backslash in double quotes"),
        ("%YAML 3.1\n---\na: 1\n", "its signs or its indentation"),
        ("a: {x: 1,\n x: 2}\n", "line 2: `file`: `x` stands in line 1 already"),
    ],
)
def test_what_is_no_yaml(text: str, words: str) -> None:
    with pytest.raises(ExperimentError, match=words) as caught:
        read_yaml(text, None)
    assert caught.value.exit_code == 3
    assert CHINESE.search(say(caught.value, "zh").split("：", 1)[1])


def test_what_is_far_too_large_is_not_even_read(tmp_path: Path) -> None:
    file = tmp_path / "experiment.yaml"
    file.write_bytes(b"#" * (yaml_text.LARGEST + 1))
    with pytest.raises(ExperimentError, match="is larger than 200 kB; is it the data file"):
        load_experiment(file)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="cannot be read: Is a directory"):
        load_experiment(tmp_path)


def test_aliases_and_merged_keys_may_be_used() -> None:
    document = plain(read_yaml("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  b: 3\ne: *x\n", None))
    assert document == {"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}, "e": {"b": 1, "c": 2}}


OBSERVED = """\
key: a
title: b
intervention: other
owner: c
hypothesis: d
period: {start: 2026-01-01, end: 2026-02-01}
data: {source: data.csv}
design: {kind: observational, unit: id, treatment: arm, control: 0, graph: GRAPH}
outcomes: [{name: y, kind: amount, column: y, role: primary}]
"""


@pytest.mark.parametrize("graph", ["causes.dot", '"digraph {arm -> y}"'])
def test_a_graph_beside_the_file_or_in_it(graph: str, tmp_path: Path) -> None:
    (tmp_path / "causes.dot").write_text("digraph {arm -> y}")
    assert parse_experiment(OBSERVED.replace("GRAPH", graph), file=tmp_path / "experiment.yaml").key == "a"


def test_a_text_without_a_folder_may_name_any_graph() -> None:
    assert parse_experiment(OBSERVED.replace("GRAPH", "causes.dot")).design.graph == "causes.dot"
