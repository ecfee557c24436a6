"""Data that must be refused: one row per mistake, with the exit code and the facts that the sentence must hold."""

from __future__ import annotations

import ast
import datetime as dt
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pandas as pd
import pytest

import causalcx.sources.engine
from causalcx.core.errors import CannotAnswer, CausalcxError, DataError
from causalcx.sources.engine import open_connection, open_file

DATA = Path(__file__).parents[2] / "bad_files" / "data"
SOURCES = Path(causalcx.sources.engine.__file__).parent
OTHERS = ("pull.py",)
"""Modules of the room whose refusals are proved with the design that uses them."""

MANY = 10_050


class Bad(NamedTuple):
    """A mistake in the data."""

    name: str
    data: Any
    """A file of tests/bad_files/data, or a function that makes a frame."""
    changes: dict[str, Any]
    says: tuple[str, ...]
    """Parts of the sentence."""
    exit_code: int = 4


def outcomes(kind: str, column: str, **keys: Any) -> dict[str, Any]:
    return {"outcomes": [{"name": column, "kind": kind, "column": column, "role": "primary"} | keys]}


def frame(n: int = 12, **columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    made = pd.DataFrame({"id": range(n), "arm": ["a", "b"] * (n // 2), "y": rng.normal(5, 1, n)})
    return made.assign(**columns)


NPS, CHURN, CALLS = outcomes("nps", "score"), outcomes("binary", "churned"), outcomes("count", "calls")
REVENUE = outcomes("amount", "revenue")
LATE = outcomes("amount", "revenue", window_months=3) | {"entered": "entered", "as_of": "2026-05-01"}
NUMBERS = "text where numbers are expected"

FILES = [
    Bad("column is missing", "good.csv", outcomes("amount", "revenu"), ("good.csv has no column revenu (did you mean revenue?)", "present: id, arm, score")),
    Bad("columns are missing", "good.csv", REVENUE | {"design.strata": ["site"], "design.unit": "customer"}, ("customer", "site")),
    Bad("covariate is missing", "good.csv", REVENUE | {"design.covariates": ["tenure"]}, ("no column tenure",)),
    Bad("score of 11", "score-11.csv", NPS, ("`score` (outcome score)", "whole numbers from 0 to 10 (id u3: 11)")),
    Bad("score below 0", "score-below-0.csv", NPS, ("whole numbers from 0 to 10 (id u4: -1)",)),
    Bad("score of 7.5", "score-7.5.csv", NPS, ("whole numbers from 0 to 10 (id u2: 7.5)",)),
    Bad("score is text", "score-is-text.csv", NPS, (f"`score` holds {NUMBERS} (id u5: 'ten', id u7: 'NA')",)),
    Bad("churn of 2", "churn-2.csv", CHURN, ("`churned` (outcome churned) holds values other than 0 and 1 (id u6: 2)",)),
    Bad("churn is yes", "churn-yes.csv", CHURN, ("`churned` holds No, Yes; say which value counts as yes with `true_when`",)),
    Bad("never true", "churn-yes.csv", outcomes("binary", "churned", true_when="Y"), ("never holds `Y` (true_when); it holds No, Yes",)),
    Bad("calls below 0", "calls-negative.csv", CALLS, ("whole numbers from 0 up (id u1: -1)",)),
    Bad("half a call", "calls-half.csv", CALLS, ("whole numbers from 0 up (id u8: 1.5)",)),
    Bad("outside the scale", "csat-9.csv", outcomes("score", "csat", scale=[1, 5]), ("scores outside 1.0 to 5.0 (id u2: 9)",)),
    Bad("amount is text", "score-is-text.csv", outcomes("amount", "score"), (f"`score` holds {NUMBERS} (id u5: 'ten'",)),
    Bad("unit twice", "unit-twice.csv", REVENUE, ("`id` (unit) is not unique: 8 rows, 7 units (first: u2 2 times)",)),
    Bad("unit empty", "unit-empty.csv", REVENUE, ("`id` (unit) is empty in 1 rows",)),
    Bad("arm empty", "arm-empty.csv", REVENUE, ("`arm` (treatment) is empty in 2 rows",)),
    Bad("no control", "good.csv", REVENUE | {"design.control": "today"}, ("control `today` does not occur in column `arm`; it holds a, b",)),
    Bad("unplanned arm", "arm-c.csv", REVENUE | {"design.ratio": {"a": 1, "b": 1}}, ("`arm` holds c, which `ratio` does not plan",)),
    Bad("planned arm absent", "good.csv", REVENUE | {"design.ratio": {"a": 1, "b": 1, "c": 1}}, ("planned arm c does not occur in column `arm`; it holds a, b",)),
    Bad("one arm", "one-arm.csv", REVENUE, ("`arm` holds only the control `a`",)),
    Bad("one arm left", "good.csv", REVENUE | {"exclude": {"arm": ["b"]}}, ("`arm` holds only the control `a`",)),
    Bad("no answer in an arm", "no-answer-in-b.csv", NPS, ("Outcome score has no value in arm b",)),
    Bad("no rows", "no-rows.csv", REVENUE, ("no-rows.csv has no rows that count",)),
    Bad("no rows left", "good.csv", REVENUE | {"exclude": {"arm": ["a", "b"]}}, ("good.csv has no rows that count",)),
    Bad("no dates", "entered-soon.csv", LATE, ("`entered` (entered) holds values that are no dates (id u2: 'soon', id u3: '2026-02-30')",)),
    Bad("dates are numbers", "good.csv", LATE | {"entered": "calls"}, ("`calls` (entered) holds no dates",)),
    Bad("dates are empty", "entered-empty.csv", LATE, ("`entered` (entered) is empty in 1 rows",)),
    Bad("nobody's window is over", "good.csv", LATE | {"as_of": "2026-02-15"}, ("On 2026-02-15 the outcome windows of 3 months are over for none of the 8 units",), 5),
    Bad("empty file", "empty.csv", REVENUE, ("empty.csv",)),
    Bad("unknown kind of file", "notes.xlsx", REVENUE, ("notes.xlsx is of no known kind; known: .csv, .tsv, .txt, .parquet, .pq, also with .gz",)),
    Bad("missing file", "nothing.csv", REVENUE, ("nothing.csv does not exist",)),
    Bad("no parquet", "not-parquet.parquet", REVENUE, ("not-parquet.parquet cannot be read: ",)),
    Bad("no gzip", "not-gzip.csv.gz", REVENUE, ("not-gzip.csv.gz cannot be read: ",)),
    Bad("rows of unequal length", "ragged.csv", REVENUE, ("ragged.csv cannot be read: ",)),
    Bad("not UTF-8", "not-utf-8.csv", REVENUE, ("not-utf-8.csv cannot be read: ",)),
]  # fmt: skip
FRAMES = [
    Bad("infinite", lambda: frame(y=[np.inf, *range(11)]), {}, ("`y` holds infinite values, or some too large to be squared (id 0: inf)",)),
    Bad("infinite under a cap", lambda: frame(y=[np.inf, *range(11)]), outcomes("amount", "y", cap=5), ("`y` holds infinite values, or some too large to be squared (id 0: inf)",)),
    Bad("minus infinity", lambda: frame(y=[-np.inf, *range(11)]), {}, ("`y` holds infinite values, or some too large to be squared (id 0: -inf)",)),
    Bad("infinite covariate", lambda: frame(x=[*range(11), np.inf]), {"design.covariates": ["x"]}, ("`x` holds infinite values, or some too large to be squared (id 11: inf)",)),
    Bad("infinite text", lambda: frame(y=["inf", *map(str, range(11))]), {}, ("`y` holds infinite values, or some too large to be squared (id 0: 'inf')",)),
    Bad("too large to be squared", lambda: frame(y=[*range(11), 1e200]), {}, ("too large to be squared (id 11: 1e+200)",)),
    Bad("an outcome among the covariates", lambda: frame(60, x=lambda d: 3 * d.y + 7), {"design.covariates": ["x"]}, ("Outcome y follows from the covariates to the last digit",), 5),
    Bad("dates as amounts", lambda: frame(y=dt.datetime(2026, 1, 1)), {}, ("`y` is of type timestamp", "expected numbers")),
    Bad("lists as amounts", lambda: frame(y=[[1]] * 12), {}, ("`y` is of type array",)),
    Bad("blank unit", lambda: frame(id=[" ", *map(str, range(11))]), {}, ("`id` (unit) is empty in 1 rows",)),
    Bad("blank arm", lambda: frame(arm=["a", " "] * 6), {}, ("`arm` (treatment) is empty in 6 rows",)),
    Bad("arm is not a number", lambda: frame(arm=[0.0, np.nan] * 6), {"design.control": 0}, ("`arm` (treatment) is empty in 6 rows",)),
    Bad("too many arms", lambda: frame(102, arm=range(102)), {"design.control": 0}, ("`arm` (treatment) has 102 different values; arms can be 50 at most",)),
    Bad("too many levels", lambda: frame(62, x=[f"v{i}" for i in range(62)]), {"design.covariates": ["x"]}, ("`x` has more than 30 different values; as a covariate",)),
    Bad("too many answers", lambda: frame(102, y=[f"v{i}" for i in range(102)]), outcomes("binary", "y", true_when="v1"), ("`y` has more than 100 different values; as a binary outcome",)),
    Bad("too many strata", lambda: frame(2002, s=range(2002)), {"design.strata": ["s"]}, ("s make 2002 stratum groups; 2000 at most",)),
    Bad("too many segments", lambda: frame(402, s=range(402)), {"segments": "s"}, ("s make 402 segment groups; 200 at most",)),
    Bad("too many exclusions", lambda: frame(MANY, s=range(MANY)), {"exclude": {"s": [1]}}, ("`s` has more than 10000 different values; as an exclusion",)),
    Bad("two columns of one name", lambda: pd.concat([frame(), frame()[["y"]]], axis=1), {}, ("more than one column named `y`",)),
    Bad("no table", lambda: {"id": [1]}, {}, ("`data` is a dict; expected a pandas, Polars or Arrow table",)),
    Bad("one unit in an arm", lambda: frame(12, arm=["a"] * 11 + ["b"]), {}, ("Outcome y: no stratum has 2 answers in every arm",), 5),
    Bad("no stratum with both", lambda: frame(s=["p", "q"] * 6), {"design.strata": "s"}, ("Outcome y: no stratum has 2 answers in every arm",), 5),
    Bad("constant", lambda: frame(y=0.1), {}, ("Outcome y does not vary within any arm",), 5),
    Bad("constant within arms", lambda: frame(y=[0.1, 0.7] * 6), {}, ("Outcome y does not vary within any arm",), 5),
    Bad("all passives", lambda: frame(y=7), outcomes("nps", "y"), ("Outcome y does not vary within any arm",), 5),
]  # fmt: skip


def refused(bad: Bad, fit_trial: Any) -> CausalcxError:
    """The error that a mistake ends in."""
    with pytest.raises(CausalcxError) as caught:
        fit_trial(bad.changes, open_file(DATA / bad.data) if isinstance(bad.data, str) else bad.data())
    return caught.value


@pytest.mark.parametrize("bad", [*FILES, *FRAMES], ids=lambda b: b.name)
def test_bad_data_are_refused_in_one_clear_sentence(bad, fit_trial):
    error = refused(bad, fit_trial)
    assert error.exit_code == bad.exit_code
    assert type(error) is (DataError if bad.exit_code == 4 else CannotAnswer)
    assert len(error.messages) == 1
    for words in bad.says:
        assert words in str(error)
    assert "\n" not in str(error)


def test_the_good_file_is_not_refused(fit_trial):
    for changes in (NPS, CHURN, CALLS, REVENUE, LATE):
        assert fit_trial(changes, open_file(DATA / "good.csv")).effects


@pytest.mark.parametrize("url", ["duckdb://other.ddb", "nosuchengine://host/db"])
def test_a_table_that_cannot_be_read(tmp_path, url):
    duckdb.connect(tmp_path / "other.ddb").close()
    with pytest.raises(DataError, match=r"The table customers at .* cannot be read: ") as caught:
        open_connection(url, "customers", tmp_path)
    assert caught.value.exit_code == 4


def test_a_database_that_does_not_exist_is_not_made(tmp_path):
    with pytest.raises(DataError, match="does not exist") as caught:
        open_connection("duckdb://none.ddb", "customers", tmp_path)
    assert caught.value.exit_code == 4
    assert not list(tmp_path.iterdir())


def test_a_password_is_never_in_the_sentence():
    with pytest.raises(DataError) as caught:
        open_connection("postgres://ana:secret@127.0.0.1:1/db", "customers")
    assert "secret" not in str(caught.value)


def templates() -> set[str]:
    """Every sentence of the room that names a gap and is no docstring."""
    found = set()
    for file in SOURCES.glob("*.py"):
        if file.name in OTHERS:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
        docs = {
            id(n.body[0].value) for n in ast.walk(tree) if isinstance(n, documented) and isinstance(n.body[0], ast.Expr)
        }
        texts = (
            n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in docs
        )
        found |= {n.value for n in texts if "{" in n.value and n.value.endswith((".", "}"))}
    return found


def test_every_sentence_of_the_room_is_provoked(fit_trial, tmp_path):
    said = {refused(bad, fit_trial).message.template for bad in (*FILES, *FRAMES)}
    duckdb.connect(tmp_path / "other.ddb").close()
    for name in ("other", "none"):
        with pytest.raises(DataError) as caught:
            open_connection(f"duckdb://{name}.ddb", "customers", tmp_path)
        said.add(caught.value.message.template)
    assert templates() - said == set()
