"""Data that must be refused: one row per mistake, with the exit code and the facts that the sentence must hold."""

from __future__ import annotations

import ast
import datetime as dt
import gzip
import io
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pandas as pd
import pytest

import causalcx.sources.engine
from causalcx.core.errors import CannotAnswer, CausalcxError, DataError, UsageError
from causalcx.sources.engine import open_connection, open_file

DATA = Path(__file__).parents[2] / "bad_files" / "data"
SOURCES = Path(causalcx.sources.engine.__file__).parent
OTHERS = ("pull.py", "assigned.py", "neighbours.py")
"""Modules of the room whose refusals are proved with the design that uses them, or by themselves."""

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


def seen(**columns: Any) -> pd.DataFrame:
    """Twelve units, of which half leave within five months."""
    return frame(**({"months": [5, 13] * 6, "left": [1, 0] * 6} | columns))


NPS, CHURN, CALLS = outcomes("nps", "score"), outcomes("binary", "churned"), outcomes("count", "calls")
REVENUE = outcomes("amount", "revenue")
LEAVING = outcomes("duration", "months", event="left", horizon=12)
LATE = outcomes("amount", "revenue", window_months=3) | {"entered": "entered", "as_of": "2026-05-01"}
NUMBERS = "text where numbers are expected"

FILES = [
    Bad("column is missing", "good.csv", outcomes("amount", "revenu"), ("good.csv has no column revenu; did you mean revenue?", "Present: id, arm, score")),
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
    Bad("unit twice", "unit-twice.csv", REVENUE, ("`id` (unit) is not unique: 8 rows, 7 units (first: u2 × 2)",)),
    Bad("unit empty", "unit-empty.csv", REVENUE, ("`id` (unit) is empty in 1 rows",)),
    Bad("arm empty", "arm-empty.csv", REVENUE, ("`arm` (treatment) is empty in 2 rows",)),
    Bad("no control", "good.csv", REVENUE | {"design.control": "today"}, ("control `today` does not occur in column `arm`; it holds a, b",)),
    Bad("unplanned arm", "arm-c.csv", REVENUE | {"design.ratio": {"a": 1, "b": 1}}, ("`arm` holds c, which `ratio` does not plan",)),
    Bad("planned arm absent", "good.csv", REVENUE | {"design.ratio": {"a": 1, "b": 1, "c": 1}}, ("planned arm c does not occur in column `arm`; it holds a, b",)),
    Bad("one arm", "one-arm.csv", REVENUE, ("`arm` holds only the control `a`",)),
    Bad("one arm left", "good.csv", REVENUE | {"exclude": {"arm": ["b"]}}, ("`arm` holds only the control `a`",)),
    Bad("no answer in an arm", "no-answer-in-b.csv", NPS, ("Outcome score has no value in arm b",)),
    Bad("no rows", "no-rows.csv", REVENUE, ("no-rows.csv has no rows that count",)),
    Bad("no rows left", "good.csv", REVENUE | {"exclude": {"id": [f"u{i}" for i in range(1, 9)]}}, ("good.csv has no rows that count",)),
    Bad("received in words", "churn-yes.csv", NPS | {"design.received": "churned"}, ("`churned` (received) holds No, Yes; write 1 where the offer was taken",)),
    Bad("received beyond 1", "churn-2.csv", NPS | {"design.received": "churned"}, ("`churned` (received) holds values other than 0 and 1 (id u6: 2)",)),
    Bad("no dates", "entered-soon.csv", LATE, ("`entered` (entered) holds values that are no dates (id u2: 'soon', id u3: '2026-02-30'); write them like 2026-03-24",)),
    Bad("dates are numbers", "good.csv", LATE | {"entered": "calls"}, ("`calls` (entered) holds values that are no dates (id u1: ",)),
    Bad("dates are amounts", "good.csv", LATE | {"entered": "revenue"}, ("`revenue` (entered) holds no dates; write them like 2026-03-24",)),
    Bad("dates are empty", "entered-empty.csv", LATE, ("`entered` (entered) is empty in 1 rows",)),
    Bad("nobody's window is over", "good.csv", LATE | {"as_of": "2026-02-15"}, ("On 2026-02-15 the outcome windows of 3 months are over for none of the 8 units",), 5),
    Bad("empty file", "empty.csv", REVENUE, ("empty.csv is empty",)),
    Bad("unknown kind of file", "notes.xlsx", REVENUE, ("notes.xlsx is of no known kind; known: .parquet, .pq, .csv, .tsv, .txt, .csv.gz",)),
    Bad("missing file", "nothing.csv", REVENUE, ("nothing.csv does not exist",)),
    Bad("a folder", ".", REVENUE, (" is a folder; name the file in it",)),
    Bad("no parquet", "not-parquet.parquet", REVENUE, ("not-parquet.parquet is damaged, cut off, or no .parquet file; write or copy it again",)),
    Bad("no gzip", "not-gzip.csv.gz", REVENUE, ("not-gzip.csv.gz ends in .gz but is no whole gzip file; compress it again",)),
    Bad("rows of unequal length", "ragged.csv", REVENUE, ("Line 4 of ", "ragged.csv has 2 values where the header names 3 columns; leave a missing value empty",)),
    Bad("not UTF-8", "not-utf-8.csv", REVENUE, ("not-utf-8.csv is not encoded in UTF-8 (line ", "perhaps GBK / Latin-1); save it as `CSV UTF-8`",)),
]  # fmt: skip
GENERATED = [
    Bad("GBK", ("gbk.csv", lambda text: text.replace("u3", "客户").encode("gbk")), {}, ("gbk.csv is not encoded in UTF-8 (line 5; perhaps GBK / Latin-1)",)),
    Bad("GBK far below", ("late.csv", lambda text: text.encode() + b"z,a,1\n" * 30_000 + "客户,a,1\n".encode("gbk")), {}, ("late.csv is not encoded in UTF-8 (line 30014; ",)),
    Bad("Latin-1", ("latin.csv", lambda text: text.replace("u3", "é").encode("latin-1")), {}, ("latin.csv is not encoded in UTF-8 (line 5; ",)),
    Bad("UTF-16", ("wide.csv", lambda text: text.encode("utf-16")), {}, ("wide.csv is not encoded in UTF-8 (line 1; perhaps UTF-16); save it as `CSV UTF-8`",)),
    Bad("bytes", ("bytes.csv", lambda _: bytes(range(256)) * 40), {}, ("bytes.csv is not text; save it as CSV in UTF-8",)),
    Bad("only blank lines", ("blank.csv", lambda _: b"\n\n"), {}, ("blank.csv is empty",)),
    Bad("Parquet under another name", ("other.csv", lambda text: parquet_of(text)), {}, ("other.csv is in the format Parquet, not text in columns; save it as CSV",)),
    Bad("Excel under another name", ("sheet.csv", lambda _: b"PK\x03\x04" + bytes(99)), {}, ("sheet.csv is in the format Excel / zip",)),
    Bad("gzip under another name", ("small.csv", lambda text: gzip.compress(text.encode())), {}, ("small.csv is in the format gzip",)),
    Bad("gzip that was cut off", ("cut.csv.gz", lambda text: gzip.compress(text.encode())[:-9]), {}, ("cut.csv.gz ends in .gz but is no whole gzip file",)),
    Bad("two columns of one name in a file", ("twice.csv", lambda text: text.replace("arm", "y", 1).encode()), {}, ("twice.csv has more than one column named `y`",)),
    Bad("a row too long", ("long.csv", lambda text: text.replace("u3,b", "u3,b,1").encode()), {}, ("Line 5 of ", "long.csv has 4 values where the header names 3 columns", "put one that holds `,` into double quotes")),
    Bad("a value too long", ("huge.csv", lambda text: text.encode() + b"v,a," + b"1" * 3_000_000), {}, ("huge.csv cannot be read: ",)),
    Bad("decimal commas", ("comma.csv", lambda text: text.replace(",", ";").replace(".", ",").encode()), {}, ("Column `y` writes numbers with a decimal comma (id u0: '0,0', id u1: '1,5', id u2: '3,0'); write a point instead",)),
    Bad("dates month first", ("us.csv", lambda text: dated(text, "0{}/11/2026")), {"entered": "y", "outcomes": [{"name": "z", "kind": "amount", "column": "z", "role": "primary", "window_months": 1}]}, ("Column `y` holds dates like 01/11/2026, which can be read in more than one way; write them year first",)),
    Bad("Parquet that was cut off", ("cut.parquet", lambda text: parquet_of(text)[:200]), {}, ("cut.parquet is damaged, cut off, or no .parquet file",)),
    Bad("Parquet with damaged pages", ("pages.parquet", lambda text: b"PAR1" + b"\xff" * 60 + parquet_of(text)[64:]), {}, ("pages.parquet is damaged, cut off, or no .parquet file",)),
    Bad("records as arms", ("nested.parquet", lambda text: parquet_of(text)), {"design.treatment": "list"}, ("Column `list` is of type array<int64>; one number, word or date per row is expected",)),
    Bad("records as strata", ("nested.parquet", lambda text: parquet_of(text)), {"design.strata": ["list"]}, ("Column `list` is of type array<int64>",)),
]  # fmt: skip
FRAMES = [
    Bad("times below zero", lambda: seen(months=[-1, *[13] * 11]), LEAVING, ("`months` (outcome months) holds times below 0 (id 0: -1",)),
    Bad("an event of two", lambda: seen(left=[2, *[1, 0] * 5, 0]), LEAVING, ("`left` (event of months) holds values other than 0 and 1 (id 0: 2)",)),
    Bad("an event missing", lambda: seen(left=[None, *[1.0, 0.0] * 5, 0.0]), LEAVING, ("`left` (event of months) is empty where `months` has a time (id 0: ",)),
    Bad("a time missing", lambda: seen(months=[None, *[13.0] * 11]), LEAVING, ("`months` (outcome months) is empty where `left` says whether the unit left",)),
    Bad("nobody followed to the horizon", lambda: seen(left=[1, 1, *[0] * 10], months=11), LEAVING, ("nobody in arm a was seen until the horizon of 12; the last was seen at 11.",), 5),
    Bad("nobody left", lambda: seen(left=0, months=13), LEAVING, ("nobody left before the horizon of 12 (column `left` is never 1 by then)",), 5),
    Bad("infinite", lambda: frame(y=[np.inf, *range(11)]), {}, ("`y` holds infinite values, or some too large to be squared (id 0: inf)",)),
    Bad("infinite under a cap", lambda: frame(y=[np.inf, *range(11)]), outcomes("amount", "y", cap=5), ("`y` holds infinite values, or some too large to be squared (id 0: inf)",)),
    Bad("minus infinity", lambda: frame(y=[-np.inf, *range(11)]), {}, ("`y` holds infinite values, or some too large to be squared (id 0: -inf)",)),
    Bad("infinite covariate", lambda: frame(x=[*range(11), np.inf]), {"design.covariates": ["x"]}, ("`x` holds infinite values, or some too large to be squared (id 11: inf)",)),
    Bad("infinite text", lambda: frame(y=["inf", *map(str, range(11))]), {}, ("`y` holds infinite values, or some too large to be squared (id 0: 'inf')",)),
    Bad("too large to be squared", lambda: frame(y=[*range(11), 1e200]), {}, ("too large to be squared (id 11: 1e+200)",)),
    Bad("an outcome among the covariates", lambda: frame(60, x=lambda d: 3 * d.y + 7), {"design.covariates": ["x"]}, ("Outcome y follows from the covariates to the last digit",), 5),
    Bad("a cluster with two arms", lambda: frame(team=[1] * 12), {"design.cluster": "team"}, ("Clusters of column `team` have units in two arms of `arm` (first: 1)",)),
    Bad("a cluster in two strata", lambda: frame(team=lambda d: d.arm, x=[*"ppqq"] * 3), {"design.cluster": "team", "design.strata": ["x"]}, ("Clusters of column `team` lie in two strata",)),
    Bad("units without a cluster", lambda: frame(team=[None, *map(str, range(11))]), {"design.cluster": "team"}, ("Column `team` (cluster) is empty in 1 rows",)),
    Bad("one cluster in an arm", lambda: frame(team=lambda d: d.arm), {"design.cluster": "team"}, ("arm a has one cluster only", "`kind: synthetic-control`"), 5),
    Bad("denominators below zero", lambda: frame(calls=-1.0), {"outcomes": [{"name": "rate", "kind": "ratio", "numerator": "y", "denominator": "calls", "role": "primary"}]}, ("`calls` (denominator of rate) holds values below 0 (id 0: -1.0",)),
    Bad("a factor's level that reads as two", lambda: frame(x=["no", "2 × 2"] * 6), {"design.treatment": None, "design.control": None, "design.factors": {"one": "arm", "two": "x"}}, ("Column `x` (factor) holds `2 × 2`", "write that level without it")),
    Bad("a factor of one level", lambda: frame(x="no"), {"design.treatment": None, "design.control": None, "design.factors": {"one": "arm", "two": "x"}}, ("Column `x` (factor) holds only no",)),
    Bad("a factor missing", lambda: frame(x=["no", None, *["no", "yes"] * 5]), {"design.treatment": None, "design.control": None, "design.factors": {"one": "arm", "two": "x"}}, ("Column `x` (factor) is empty in 1 rows",)),
    Bad("a factor of nothing", lambda: frame(x=[" "] * 12), {"design.treatment": None, "design.control": None, "design.factors": {"one": "arm", "two": "x"}}, ("Column `x` (factor) holds only nothing",)),
    Bad("take-up unknown in an arm", lambda: frame(x=[None, "1"] * 6), {"design.received": "x"}, ("Column `x` (received) has no value in arm a; say for every unit",)),
    Bad("dates as amounts", lambda: frame(y=dt.datetime(2026, 1, 1)), {}, ("`y` is of type timestamp", "expected numbers")),
    Bad("lists as amounts", lambda: frame(y=[[1]] * 12), {}, ("`y` is of type array",)),
    Bad("before and after as arms", lambda: frame(id=[i // 2 for i in range(12)]), {}, ("`id` (unit) is not unique: 12 rows, 6 units", "more than one arm")),
    Bad("blank unit", lambda: frame(id=[" ", *map(str, range(11))]), {}, ("`id` (unit) is empty in 1 rows",)),
    Bad("blank arm", lambda: frame(arm=["a", " "] * 6), {}, ("`arm` (treatment) is empty in 6 rows",)),
    Bad("arm is not a number", lambda: frame(arm=[0.0, np.nan] * 6), {"design.control": 0}, ("`arm` (treatment) is empty in 6 rows",)),
    Bad("too many arms", lambda: frame(102, arm=range(102)), {"design.control": 0}, ("`arm` (treatment) has 102 different values; arms can be 50 at most",)),
    Bad("too many levels", lambda: frame(62, x=[f"v{i}" for i in range(62)]), {"design.covariates": ["x"]}, ("`x` has more than 30 different values; as a covariate",)),
    Bad("too many answers", lambda: frame(102, y=[f"v{i}" for i in range(102)]), outcomes("binary", "y", true_when="v1"), ("`y` has more than 100 different values; as a binary outcome",)),
    Bad("too many strata", lambda: frame(2002, s=range(2002)), {"design.strata": ["s"]}, ("s make 2002 stratum groups; 2000 at most",)),
    Bad("too many segments", lambda: frame(402, s=range(402)), {"segments": "s"}, ("s make 402 segment groups; 200 at most",)),
    Bad("too many exclusions", lambda: frame(MANY, s=range(MANY)), {"exclude": {"s": [1]}}, ("`s` has more than 10000 different values; as an exclusion",)),
    Bad("numbers and words for missing", lambda: frame(x=["1", "NA", "2.5", "n/a"] * 3), {"design.covariates": ["x"]}, ("`x` (covariate) holds numbers and `NA`, `n/a`; leave these cells empty",)),
    Bad("a word among many numbers", lambda: frame(60, x=[*map(str, range(59)), "-"]), {"design.covariates": ["x"]}, ("`x` (covariate) holds numbers and `-`; leave these cells empty",)),
    Bad("two columns of one name", lambda: pd.concat([frame(), frame()[["y"]]], axis=1), {}, ("more than one column named `y`",)),
    Bad("no rows at all", lambda: frame()[:0], {}, ("`data` is empty: 0 rows, 3 columns",)),
    Bad("no table", lambda: {"id": [1]}, {}, ("`data` is a dict; expected a pandas, Polars or Arrow table",)),
    Bad("one unit in an arm", lambda: frame(12, arm=["a"] * 11 + ["b"]), {}, ("Outcome y: no stratum has 2 answers in every arm",), 5),
    Bad("no stratum with both", lambda: frame(s=["p", "q"] * 6), {"design.strata": "s"}, ("Outcome y: no stratum has 2 answers in every arm",), 5),
    Bad("constant", lambda: frame(y=0.1), {}, ("Outcome y does not vary within any arm",), 5),
    Bad("constant within arms", lambda: frame(y=[0.1, 0.7] * 6), {}, ("Outcome y does not vary within any arm",), 5),
    Bad("constant where sums round", lambda: frame(20_000, y=[1 / 3, 1e6 + 0.1] * 10_000), {}, ("Outcome y does not vary within any arm",), 5),
    Bad("constant within arms and strata", lambda: frame(24, s=["p"] * 14 + ["q"] * 10, y=lambda d: 0.1 + (d.s == "p") * 0.6), {"design.strata": "s"}, ("Outcome y does not vary within any arm and stratum",), 5),
    Bad("all passives", lambda: frame(y=7), outcomes("nps", "y"), ("Outcome y does not vary within any arm",), 5),
]  # fmt: skip


ROWS = "id,arm,y\n" + "".join(f"u{i},{'ab'[i % 2]},{i * 1.5}\n" for i in range(12))


def dated(text: str, form: str) -> bytes:
    """The rows with their numbers in a column z, and dates of this form in y."""
    rows = [line.split(",") for line in text.splitlines()[1:]]
    return "\n".join(
        ["id,arm,y,z", *(f"{u},{a},{form.format(i % 9 + 1)},{y}" for i, (u, a, y) in enumerate(rows))]
    ).encode()


def parquet_of(text: str) -> bytes:
    """The rows as a Parquet file, with a column of lists."""
    buffer = io.BytesIO()
    pd.read_csv(io.StringIO(text)).assign(list=[[1, 2]] * 12).to_parquet(buffer)
    return buffer.getvalue()


def refused(bad: Bad, fit_trial: Any, folder: Path) -> CausalcxError:
    """The error that a mistake ends in."""
    with pytest.raises(CausalcxError) as caught:
        fit_trial(bad.changes, data_of(bad, folder))
    return caught.value


def data_of(bad: Bad, folder: Path) -> Any:
    """The file, opened, or the frame."""
    if isinstance(bad.data, str):
        return open_file(DATA / bad.data)
    if isinstance(bad.data, tuple):
        name, content = bad.data
        (folder / name).write_bytes(content(ROWS))
        return open_file(folder / name)
    return bad.data()


@pytest.mark.parametrize("bad", [*FILES, *GENERATED, *FRAMES], ids=lambda b: b.name)
def test_bad_data_are_refused_in_one_clear_sentence(bad, fit_trial, tmp_path):
    error = refused(bad, fit_trial, tmp_path)
    assert error.exit_code == bad.exit_code
    assert isinstance(error, DataError if bad.exit_code == 4 else CannotAnswer)
    assert len(error.messages) == 1
    for words in bad.says:
        assert words in str(error)
    assert "\n" not in str(error)


def test_the_good_file_is_not_refused(fit_trial):
    for changes in (NPS, CHURN, CALLS, REVENUE, LATE):
        assert fit_trial(changes, open_file(DATA / "good.csv")).effects


def test_a_memory_limit_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("CAUSALCX_ENGINE_MEMORY", "plenty")
    with pytest.raises(
        UsageError, match="CAUSALCX_ENGINE_MEMORY is `plenty`, which is no amount of memory; write for example 2GB"
    ) as caught:
        open_file(DATA / "good.csv")
    assert caught.value.exit_code == 2


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


ROWS_IN_TIME = {
    "Column `{column}` (time) is empty in {rows} rows; give them a period, or leave them out.",
    "Column `{column}` holds no value on one side of the cutoff {cutoff}; there is nothing to compare.",
    "Outcome {outcome} has no value at all.",
    "{rows} rows for {places} unit-periods (`{unit}` × `{time}`; first: {first}). One row per unit and period is expected.",
}
"""Sentences that test_panel_rows.py provokes."""


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


def test_every_sentence_of_the_room_is_provoked(fit_trial, tmp_path, monkeypatch):
    said = {refused(bad, fit_trial, tmp_path).message.template for bad in (*FILES, *GENERATED, *FRAMES)}
    duckdb.connect(tmp_path / "other.ddb").close()
    for name in ("other", "none"):
        with pytest.raises(DataError) as caught:
            open_connection(f"duckdb://{name}.ddb", "customers", tmp_path)
        said.add(caught.value.message.template)
    monkeypatch.setenv("CAUSALCX_ENGINE_MEMORY", "plenty")
    with pytest.raises(UsageError) as wrong:
        open_file(DATA / "good.csv")
    said.add(wrong.value.message.template)
    assert templates() - said - ROWS_IN_TIME == set()
