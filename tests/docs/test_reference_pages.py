"""The reference is what the program says of itself."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from doc_pages import REPOSITORY
from pydantic import TypeAdapter

from causalcx.core.case import Case, Valuation
from causalcx.core.check import Check
from causalcx.core.effect import Effect
from causalcx.core.readout import Readout
from causalcx.core.sizing import OutcomeSize, Sizing

REFERENCE = REPOSITORY / "docs" / "reference"


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", REPOSITORY / "tools" / "make_reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = _tool()
KEYS = [(part, name) for part, model in TOOL.PARTS.items() for name in model.model_fields]


@pytest.mark.parametrize("page", sorted(REFERENCE.glob("*.md")), ids=lambda page: page.stem)
def test_the_page_is_up_to_date(page: Path) -> None:
    assert TOOL.made(page) == page.read_text(encoding="utf-8"), "run: python tools/make_reference.py"


def test_a_page_that_fell_behind_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- generated: evidence-start -->\nold\n<!-- end generated -->", encoding="utf-8")
    assert "old" not in TOOL.made(page)
    assert "| `randomised` | 5 |" in TOOL.made(page)


def test_every_part_of_the_file_and_every_record_has_its_table() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in REFERENCE.glob("*.md"))
    assert set(re.findall(r"<!-- generated: ([\w-]+) -->", text)) == {
        *TOOL.PARTS, *TOOL.RECORDS, "commands", "evidence-start", "evidence-costs", "evidence-caps",
    }  # fmt: skip


@pytest.mark.parametrize(("part", "name"), KEYS, ids=[f"{part}.{name}" for part, name in KEYS])
def test_every_key_has_a_meaning_and_an_example_of_its_type(part: str, name: str) -> None:
    field = TOOL.PARTS[part].model_fields[name]
    key = field.alias or name
    shown = TOOL.examples()
    example = shown.get(part, {}).get(key, shown.get(TOOL.family(part), {}).get(key))
    assert example is not None
    assert len(TOOL.meaning(part, key, field)) > 5
    TypeAdapter(field.rebuild_annotation()).validate_python(example)


def fields_shown(page: str, block: str) -> list[str]:
    text = (REFERENCE / page).read_text(encoding="utf-8")
    table = re.search(rf"<!-- generated: {block} -->(.*?)<!-- end", text, re.DOTALL)
    assert table
    return re.findall(r"^\| `(\w+)` \|", table[1], re.MULTILINE)


@pytest.mark.parametrize(
    ("page", "block", "record"),
    [("fit-json.md", "readout", Readout), ("fit-json.md", "effect", Effect), ("fit-json.md", "check", Check),
     ("value-json.md", "valuation", Valuation), ("value-json.md", "case", Case),
     ("plan-json.md", "sizing", Sizing), ("plan-json.md", "outcome-size", OutcomeSize)],
)  # fmt: skip
def test_the_documented_field_names_are_the_real_ones(page: str, block: str, record: Any) -> None:
    told = [*record.model_fields, *record.model_computed_fields]
    assert fields_shown(page, block) == [name.rstrip("_") for name in told]


def test_the_json_that_is_printed_has_the_documented_names() -> None:
    from causalcx import words

    case: Any = {"labels": (), "mean": (), "matrix": (), "df": (), "prior_mean": (), "prior_sd": ()}
    readout = Readout.model_validate(
        {
            "experiment": "a",
            "design": "randomised",
            "effects": (),
            "covariance": {"labels": (), "matrix": ()},
            "law": case,
        }
    )
    assert set(json.loads(json.dumps(words.contract(readout)))) == set(fields_shown("fit-json.md", "readout"))
    valuation = Valuation(experiment="a", cases=())
    assert set(words.contract(valuation)) == set(fields_shown("value-json.md", "valuation"))


def sections() -> dict[str, str]:
    """Text by heading of the page of checks, each on one line."""
    page = (REFERENCE / "checks.md").read_text(encoding="utf-8")
    found = re.findall(r"^### ([a-z-]+)\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
    return {name: " ".join(text.split()) for name, text in found}


def test_every_check_of_the_program_has_its_section() -> None:
    catalogue = (REPOSITORY / "causalcx" / "words" / "catalogues" / "en.po").read_text(encoding="utf-8")
    assert set(sections()) == set(re.findall(r'^msgid "check-name\.([a-z-]+)"', catalogue, re.MULTILINE))


def test_every_check_in_the_code_has_a_name_in_the_catalogue() -> None:
    code = "".join(f.read_text(encoding="utf-8") for f in (REPOSITORY / "causalcx" / "checks").glob("*.py"))
    assert set(re.findall(r'name="([a-z-]+)"', code)) <= set(sections())


def test_the_thresholds_on_the_page_are_those_of_the_program() -> None:
    from causalcx.checks import answers, negative_controls, observational, randomisation, sampling, selection, staggered
    from causalcx.designs.selection import own_past
    from causalcx.designs.unconfounded import aipw, refuters

    numbers = {
        "sample-ratio": [f"p < {randomisation.FAILS}"],
        "balance": [f"p < {randomisation.FAILS}", f"p < {randomisation.WARNS}"],
        "missing-by-arm": [f"p < {answers.FAILS}", f"p < {answers.WARNS}", f"{100 * answers.GAP:g} %"],
        "negative-controls": [f"Fails below {negative_controls.FAILS}", f"warns below {negative_controls.WARNS}"],
        "skew": [f"{answers.SKEWNESS_RULE} × skewness²"],
        "convergence": [f"above {sampling.R_HAT_FAILS}", f"above {sampling.R_HAT_WARNS}", f"{sampling.LEAST_DRAWS} effective"],
        "overlap": [f"{aipw.OVERLAP[0]} and {aipw.OVERLAP[1]}", f"from {100 * observational.ENOUGH:g} %", f"below {100 * observational.TOO_LITTLE:g} %"],
        "leakage": [
            f"{100 * observational.LEAST_SHARE:g} %", f"{100 * observational.CERTAIN:g} %", f"at least {100 * observational.COMMON:g} % do", f"above {observational.GIVES_AWAY}",
        ],
        "pre-trends": [f"p < {staggered.FAILS}", f"p < {staggered.WARNS}"],
        "few-clusters": [f"below {staggered.FEW}"],
        "selected-on-outcome": [
            f"p < {selection.FAILS}", f"chance < {selection.BY_LOT}", f"chance < {selection.SURELY}", f"{selection.LARGE:g} standard deviations",
            f"fewer than {own_past.OWN_SPREAD} treated", f"{own_past.ENOUGH_FOR_A_TREND} or more periods",
        ],
        "composition": [f"above {100 * staggered.LOST_WARNS:g} %", f"above {100 * staggered.LOST_FAILS:g} %", f"p < {staggered.CERTAIN}"],
        "refuter-placebo": [f"{refuters.SIMULATIONS} times", f"{refuters.ROWS:,} rows", f"p < {observational.REFUTED}"],
    }  # fmt: skip
    shown = sections()
    assert [(name, text) for name, texts in numbers.items() for text in texts if text not in shown[name]] == []


def test_the_exit_codes_on_the_page_are_those_of_the_errors() -> None:
    from causalcx.core.errors import CannotAnswer, CausalcxError, DataError, ExperimentError, UsageError

    page = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    meaning = dict(re.findall(r"^\| (\d) \| (.+) \|$", page, re.MULTILINE))
    words = {
        CausalcxError: "fault",
        UsageError: "command line",
        ExperimentError: "experiment file",
        DataError: "data are wrong",
        CannotAnswer: "cannot",
    }
    assert all(word in meaning[str(error.exit_code)] for error, word in words.items())


def test_every_design_has_its_known_truths() -> None:
    from causalcx.core.design_keys import KINDS

    page = (REFERENCE / "trust.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## (.+)$", page, re.MULTILINE)) == set(KINDS)
    assert page.count("<!-- trust: ") == page.count("| verdict |") == page.count("<!-- end trust -->")
    assert "| BELOW |" not in page
