"""The same data give the same readout, whatever form they come in."""

from __future__ import annotations

import datetime as dt
import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest

from causalcx.sources.engine import Source, open_connection, open_file, open_frame

SAME = 1e-9  # relative; parallel sums differ beyond nine significant digits (DESIGN.md, "Repeatable")
ROWS = 240

CHANGES = {
    "design.covariates": ["tenure", "channel"],
    "design.strata": "site",
    "design.control": "今天",
    "design.ratio": {"今天": 1, "none": 1, "yes": 1},
    "outcomes": [
        {"name": "nps", "kind": "nps", "column": "score", "role": "primary"},
        {
            "name": "churn",
            "kind": "binary",
            "column": "churned",
            "better": "lower",
            "role": "primary",
            "true_when": "Yes",
        },
        {"name": "revenue", "kind": "amount", "column": "revenue", "cap": 120},
        {"name": "calls", "kind": "count", "column": "calls", "role": "guardrail", "better": "lower", "margin": 1},
    ],
}


def customers() -> pd.DataFrame:
    """Customers with answers and covariates missing, text and Chinese labels, negative revenue."""
    rng = np.random.default_rng(11)
    score = rng.integers(0, 11, ROWS).astype(float)
    score[rng.random(ROWS) < 0.4] = np.nan
    tenure = rng.gamma(2, 10, ROWS).round(2)
    tenure[rng.random(ROWS) < 0.1] = np.nan
    channel = np.array(["app", "shop, downtown", 'the "old" one', None], dtype=object)[rng.integers(0, 4, ROWS)]
    return pd.DataFrame(
        {
            "id": [f"u{i}" for i in range(ROWS)],
            "arm": rng.choice(["今天", "none", "yes"], ROWS),
            "site": rng.choice(["north", "south"], ROWS),
            "tenure": tenure,
            "channel": channel,
            "score": score,
            "churned": rng.choice(["Yes", "No"], ROWS),
            "revenue": rng.normal(80, 60, ROWS).round(2),
            "calls": rng.poisson(2, ROWS),
        }
    )


def polars_frame(data: pd.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(pa.Table.from_pandas(data, preserve_index=False))


def file_of(kind: str, data: pd.DataFrame, folder: Path) -> Path:
    path = folder / f"customers{kind}"
    if ".parquet" in kind or ".pq" in kind:
        pa_table = pa.Table.from_pandas(data, preserve_index=False)
        pa.parquet.write_table(pa_table, path)
        return path
    text = data.to_csv(index=False, sep="\t" if ".tsv" in kind else ";" if "semicolon" in kind else ",")
    path.write_bytes(gzip.compress(text.encode()) if kind.endswith(".gz") else text.encode())
    return path


FRAMES = {
    "pandas": lambda d: d,
    "pandas, nullable types": lambda d: d.convert_dtypes(),
    "pandas, categories": lambda d: d.astype({"arm": "category", "site": "category", "channel": "category", "churned": "category"}),
    "pandas, decimals": lambda d: d.assign(revenue=[Decimal(str(v)) for v in d.revenue]),
    "pandas, text for numbers": lambda d: d.assign(score=[None if v != v else str(int(v)) for v in d.score], revenue=d.revenue.map(str)),
    "pandas, text with blanks": lambda d: d.assign(score=[" " if v != v else f" {v} " for v in d.score]),
    "pandas, shuffled index": lambda d: d.set_index(np.arange(ROWS)[::-1]),
    "polars": polars_frame,
    "polars, NaN": lambda d: polars_frame(d).with_columns(pl.col("score", "tenure").fill_null(float("nan"))),
    "polars, lazy": lambda d: polars_frame(d).lazy(),
    "arrow": lambda d: pa.Table.from_pandas(d, preserve_index=False),
    "arrow, one batch": lambda d: pa.RecordBatch.from_pandas(d, preserve_index=False),
    "arrow, float32 scores": lambda d: pa.Table.from_pandas(d.astype({"score": "float32"}), preserve_index=False),
    "ibis, in memory": lambda d: ibis.memtable(pa.Table.from_pandas(d, preserve_index=False)),
    "ibis, expression": lambda d: ibis.memtable(pa.Table.from_pandas(d, preserve_index=False)).filter(lambda t: t.calls >= 0).mutate(calls=lambda t: t.calls + 1 - 1),
    "more rows and columns": lambda d: d.assign(unused=dt.datetime(2026, 1, 1), other="x"),
}  # fmt: skip
FILES = [".csv", ".tsv", ".csv.gz", ".parquet", ".pq", ".CSV", ".semicolon.csv"]


def numbers(readout: Any) -> dict[str, Any]:
    """Everything in a readout that is a number, by its place."""
    found: dict[str, Any] = {}

    def walk(node: Any, place: str) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                walk(value, f"{place}.{key}")
        elif isinstance(node, list | tuple):
            for i, value in enumerate(node):
                walk(value, f"{place}[{i}]")
        elif isinstance(node, int | float):
            found[place] = node

    walk(readout.model_dump(exclude={"provenance"}), "")
    return found


@pytest.fixture(scope="module")
def expected(fit_trial):
    return numbers(fit_trial(CHANGES, customers()))


def same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert found.keys() == wanted.keys()
    assert len(wanted) > 200
    assert found == pytest.approx(wanted, rel=SAME, abs=1e-12)


@pytest.mark.parametrize("form", FRAMES)
def test_frames(form, fit_trial, expected):
    same(numbers(fit_trial(CHANGES, FRAMES[form](customers()))), expected)


@pytest.mark.parametrize("kind", FILES)
def test_files(kind, fit_trial, expected, tmp_path):
    same(numbers(fit_trial(CHANGES, open_file(file_of(kind, customers(), tmp_path)))), expected)


def test_a_table_behind_a_connection(fit_trial, expected, tmp_path):
    made = ibis.duckdb.connect(tmp_path / "shop.ddb")
    made.create_table("customers", pa.Table.from_pandas(customers(), preserve_index=False))
    made.disconnect()
    same(numbers(fit_trial(CHANGES, open_connection(f"duckdb://{tmp_path}/shop.ddb", "customers"))), expected)


def test_order_of_rows_does_not_matter(fit_trial, expected):
    same(numbers(fit_trial(CHANGES, customers().sample(frac=1, random_state=3))), expected)


def test_many_row_groups_of_a_parquet_file(fit_trial, expected, tmp_path):
    pa.parquet.write_table(
        pa.Table.from_pandas(customers(), preserve_index=False), tmp_path / "c.parquet", row_group_size=7
    )
    same(numbers(fit_trial(CHANGES, open_file(tmp_path / "c.parquet"))), expected)


@pytest.mark.parametrize("cap", [None, 120])
def test_nan_in_a_parquet_file_is_missing(cap, fit_trial, tmp_path):
    data = customers()
    data.loc[data.index % 5 == 0, "revenue"] = np.nan
    changes = CHANGES | {
        "outcomes": [{"name": "revenue", "kind": "amount", "column": "revenue", "role": "primary", "cap": cap}]
    }
    pa.parquet.write_table(
        polars_frame(data).with_columns(pl.col("revenue").fill_null(float("nan"))).to_arrow(), tmp_path / "c.parquet"
    )
    found, wanted = (
        fit_trial(changes, open_file(tmp_path / "c.parquet")),
        fit_trial(changes, data.dropna(subset="revenue")),
    )
    assert [e.n_treated for e in found.effects] == [e.n_treated for e in wanted.effects]
    ours, alone = (
        {e.comparison: sum(a.answered["revenue"] for a in r.arms) for e in r.effects} for r in (found, wanted)
    )
    assert ours == alone


# Fingerprints --------------------------------------------------------------------------------------------------------


def fingerprint(source: Source) -> str:
    assert source.fingerprint.startswith("sha256:")
    return source.fingerprint


def test_a_fingerprint_tells_data_apart_and_not_the_type_of_frame(tmp_path):
    data = customers()
    arrow = pa.Table.from_pandas(data, preserve_index=False)
    assert fingerprint(open_frame(arrow)) == fingerprint(open_frame(arrow.replace_schema_metadata({"made": "today"})))
    assert fingerprint(open_frame(data)) == fingerprint(open_frame(data.copy()))
    assert fingerprint(open_frame(data)) != fingerprint(open_frame(data.assign(calls=data.calls + 1)))


@pytest.mark.parametrize("kind", [".csv", ".parquet"])
def test_a_fingerprint_of_a_file_follows_its_content_not_its_name(kind, tmp_path):
    data = customers()
    file = file_of(kind, data, tmp_path)
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / f"other{kind}").write_bytes(file.read_bytes())
    (tmp_path / "three").mkdir()
    changed = file_of(kind, data.assign(calls=data.calls + 1), tmp_path / "three")
    one, two, three = (fingerprint(open_file(f)) for f in (file, tmp_path / "two" / f"other{kind}", changed))
    assert one == two != three


# Reading values ------------------------------------------------------------------------------------------------------


def small(**columns: Any) -> pd.DataFrame:
    made = {"id": range(12), "arm": ["a", "b"] * 6, "y": [0, 1, 1, 0, 0, 1, 0, 0, 1, 1, 0, 1]}
    return pd.DataFrame(made | columns)


BINARY = {"outcomes": [{"name": "y", "kind": "binary", "column": "y", "role": "primary"}]}
ZERO_ONE = small().y


@pytest.mark.parametrize(
    ("values", "true_when"),
    [
        (ZERO_ONE, None), (ZERO_ONE.astype(float), None), (ZERO_ONE.astype(bool), None), (ZERO_ONE.astype("Int8"), None),
        (ZERO_ONE.map(str), None), (ZERO_ONE.map({0: "False", 1: "TRUE"}), None), ([Decimal(int(v)) for v in ZERO_ONE], None),
        (ZERO_ONE.map({0: "No", 1: "Yes"}), "Yes"), (ZERO_ONE.map({0: "否", 1: "是"}), "是"), (ZERO_ONE + 1, 2),
        (ZERO_ONE.astype(bool), True), (ZERO_ONE + 1.5, 2.5), (ZERO_ONE.map({0: "kept", 1: " left "}), "left"),
    ],
)  # fmt: skip
def test_binary_values_of_any_type(values, true_when, fit_trial):
    effect = fit_trial({"outcomes": [BINARY["outcomes"][0] | {"true_when": true_when}]}, small(y=list(values))).effects[
        0
    ]
    # by hand: arm a (even rows) has 2 ones of 6, arm b 4 of 6
    assert (effect.baseline, effect.estimate) == pytest.approx((2 / 6, 4 / 6 - 2 / 6), abs=1e-12)
    assert effect.unit == "share"


@pytest.mark.parametrize(
    ("zero", "one", "control", "shown"),
    [
        (0, 1, "0", "0 1"), (0.0, 1.0, 0, "0 1"), (False, True, False, "0 1"), ("0", "1", 0.0, "0 1"), ("false", "true", "0", "0 1"),
        ("off", "on", "off", "off on"), ("no", "yes", "no", "no yes"), ("none", "some", "none", "none some"), ("f", "t", "f", "f t"),
        ("旧版", "新版", "旧版", "旧版 新版"), (Decimal("0.0"), Decimal("1.0"), 0, "0 1"), (-1, 2.5, "-1", "-1 2.5"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("through", ["frame", "csv"])
def test_arms_compare_by_value(zero, one, control, shown, through, fit_trial, tmp_path):
    data = small(arm=[zero, one] * 6)
    data.to_csv(tmp_path / "d.csv", index=False)
    readout = fit_trial({"design.control": control}, data if through == "frame" else open_file(tmp_path / "d.csv"))
    assert readout.effects[0].n_treated == readout.effects[0].n_control == 6
    assert " ".join(arm.label for arm in readout.arms) == shown


def test_spellings_of_one_arm_are_one_arm(fit_trial):
    mixed = small(arm=[0, "1", "0", 1, 0.0, 1.0, "0.0", "1.0", False, True, "false", "true"])
    readout = fit_trial({"design.control": 0}, mixed)
    assert [(a.label, a.units) for a in readout.arms] == [("0", 6), ("1", 6)]
    assert readout.effects[0].estimate == pytest.approx(fit_trial({}, small()).effects[0].estimate)


def test_negative_amounts_and_integers_pass(fit_trial):
    values = [-3, 5, -1, 2, 0, 4, -2, 8, 1, 1, 2, 3]
    effect = fit_trial({}, small(y=values)).effects[0]
    assert effect.estimate == pytest.approx((5 + 2 + 4 + 8 + 1 + 3) / 6 - (-3 - 1 + 0 - 2 + 1 + 2) / 6)


def test_left_out_rows_are_counted(trial, reduce_trial):
    data = small(kind=["staff", None, *["customer"] * 10])
    experiment = trial({"exclude": {"kind": "staff"}})
    profile = reduce_trial(experiment, data).profile
    assert (profile.rows, profile.excluded) == (11, {"kind": 1})  # a missing value is not `staff`
    assert [(n.code, n.facts) for n in profile.notices] == [("rows-excluded", {"rows": 1, "column": "kind"})]


def test_a_value_to_leave_out_that_is_not_there_is_said(trial, reduce_trial):
    data = small(kind=["staff", None, *["customer"] * 10])
    like, none = (reduce_trial(trial({"exclude": {"kind": [k]}}), data).profile.notices for k in ("staf", "q"))
    facts = {"column": "kind", "found": ["customer", "staff"]}
    assert [(n.code, n.facts) for n in like[:1]] == [("excluded-like", facts | {"values": ["staf"], "near": ["staff"]})]
    assert [(n.code, n.facts) for n in none[:1]] == [("excluded-none", facts | {"values": ["q"], "near": []})]


@pytest.mark.parametrize(
    "dates",
    [
        lambda d: d, lambda d: [str(x) for x in d], lambda d: pd.to_datetime(pd.Series(d)), lambda d: [f"{x} 10:00:00" for x in d],
        lambda d: [f"{x:%Y年%m月%d日}" for x in d], lambda d: [f"{x.year}年{x.month}月{x.day}日 10:00" for x in d], lambda d: [int(f"{x:%Y%m%d}") for x in d],
        lambda d: pd.to_datetime(pd.Series(d)).dt.tz_localize("UTC"),
    ],
)  # fmt: skip
def test_units_whose_window_is_not_over_are_counted_and_left_out(dates, trial, reduce_trial):
    entered = [dt.date(2026, 1, 31)] * 10 + [dt.date(2026, 2, 1), dt.date(2026, 3, 1)]
    outcome = {"name": "y", "kind": "amount", "column": "y", "role": "primary", "window_months": 3}
    experiment = trial({"entered": "entered", "as_of": "2026-05-01", "outcomes": [outcome]})
    profile = reduce_trial(experiment, small(entered=list(dates(entered)))).profile
    # by hand: 31 January + 3 months = 30 April and 1 February + 3 months = 1 May are over on 1 May; 1 March is not
    assert (profile.rows, profile.immature) == (11, 1)
    assert [(n.code, n.facts) for n in profile.notices] == [("immature-left-out", {"rows": 1})]


@pytest.mark.parametrize("form", ["%Y/%m/%d", "{0.year}/{0.month}/{0.day}", "%m/%d/%Y", "%d.%m.%Y"])
def test_dates_of_a_text_file_are_read_where_their_order_is_certain(form, trial, reduce_trial, tmp_path):
    entered = [dt.date(2026, 1, 31)] * 10 + [dt.date(2026, 2, 1), dt.date(2026, 3, 1)]
    written = [form.format(d) if "{" in form else f"{d:{form}}" for d in entered]
    small(entered=written).to_csv(tmp_path / "data.csv", index=False)
    outcome = {"name": "y", "kind": "amount", "column": "y", "role": "primary", "window_months": 3}
    experiment = trial({"entered": "entered", "as_of": "2026-05-01", "outcomes": [outcome]})
    assert reduce_trial(experiment, open_file(tmp_path / "data.csv")).profile.rows == 11


def test_what_covariates_could_not_say_is_said(trial, reduce_trial):
    data = small(
        flat=3, half=[1.0, None] * 6, word="same", words=["p", "q", None, "p"] * 3, nothing=pd.Series([None] * 12, dtype="str"),
        void=[None] * 12,
    )  # fmt: skip
    columns = ["flat", "half", "word", "words", "nothing", "void"]
    notices = reduce_trial(trial({"design.covariates": columns}), data).profile.notices
    assert [(n.code, n.facts["column"], n.facts.get("share")) for n in notices] == [
        ("constant-covariate", "flat", None),
        ("covariate-missing", "half", 0.5),
        ("constant-covariate", "half", None),
        ("constant-covariate", "word", None),
        ("covariate-missing", "words", 0.25),
        ("constant-covariate", "nothing", None),
        ("covariate-missing", "void", 1.0),
    ]


SPELLINGS = [None, float("nan"), "nan", " "]
KINDS = ["nps", "binary", "amount", "count", "score"]
LABELS = [("binary", "nan")]
"""A binary text column holds labels, and `nan` is one."""


@pytest.mark.parametrize(("kind", "missing"), [(k, m) for k in KINDS for m in SPELLINGS if (k, m) not in LABELS])
def test_a_missing_value_of_any_spelling_is_missing(kind, missing, fit_trial):
    ten = 10 if kind == "nps" else 1
    answers: list[Any] = [ten * v for v in [1, 1, 0, 0, 1, 0, 0, 1, 1, 0, 1]]
    column = pl.Series([missing, *map(str, answers)] if isinstance(missing, str) else [missing, *answers], strict=False)
    data = pl.DataFrame({"id": range(12), "arm": ["a", "b"] * 6, "y": column})
    effect = fit_trial({"outcomes": [{"name": "y", "kind": kind, "column": "y", "role": "primary"}]}, data).effects[0]
    assert (effect.n_treated, effect.n_control) == (6, 5)
    # by hand: a answered 1 0 0 1 0 and b 1 0 1 0 1 1; as scores of NPS 1 is a promoter (+100) and 0 a detractor (-100)
    baseline, estimate = (100 * (2 * 2 / 5 - 1), 200 * (4 / 6 - 2 / 5)) if kind == "nps" else (2 / 5, 4 / 6 - 2 / 5)
    assert (effect.baseline, effect.estimate) == pytest.approx((baseline, estimate), abs=1e-9)


@pytest.mark.parametrize("digits", [20, 41])
@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_ids_of_many_digits_in_a_file_of_text_stay_apart(digits, ending, fit_trial, tmp_path):
    lines = [f"{10 ** (digits - 1) + i},{'ab'[i % 2]},{i}.5" for i in range(12)]
    text = "\n".join(["id,arm,y", *lines]).encode()
    file = tmp_path / f"data{ending}"
    file.write_bytes(gzip.compress(text) if ending.endswith("gz") else text)
    assert [arm.units for arm in fit_trial({}, open_file(file)).arms] == [6, 6]


def test_line_breaks_inside_quotes_belong_to_the_value(fit_trial, tmp_path):
    rows = "".join(f'u{i},{"ab"[i % 2]},{i},"one\ntwo, ""three"""\n' for i in range(12))
    (tmp_path / "data.csv").write_text('id,arm,y,"free\ntext"\n' + rows, encoding="utf-8")
    assert [arm.units for arm in fit_trial({}, open_file(tmp_path / "data.csv")).arms] == [6, 6]
