"""Ten files that nobody had in mind, in a folder outside any workspace, go through fit and value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

UNITS = 600


def frame(seed: int, arms: list[object], arm: str = "variant", unit: str = "customer_id") -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    which = rng.integers(0, len(arms), UNITS)
    return pd.DataFrame(
        {
            unit: np.arange(UNITS) + 1000,
            arm: [arms[i] for i in which],
            "bought": (rng.random(UNITS) < 0.2 + 0.1 * (which > 0)).astype(int),
            "spend": rng.gamma(2, 20, UNITS) + 5 * which,
            "left": rng.choice(["Yes", "No"], UNITS, p=[0.2, 0.8]),
            "visits": rng.poisson(2, UNITS),
            "score": np.where(rng.random(UNITS) < 0.4, rng.integers(0, 11, UNITS), np.nan),
            "age": rng.normal(40, 10, UNITS).round(1),
            "city": rng.choice(["北京", "上海", "Köln"], UNITS),
            "margin": rng.normal(-3, 30, UNITS).round(2),
        }
    )


def plan(control: object, *outcomes: dict, **changes: object) -> dict:
    design = {"kind": "randomised", "unit": "customer_id", "treatment": "variant", "control": control} | changes.pop(
        "design", {}
    )
    document = {
        "key": "try-1", "title": "Something new", "intervention": "other", "owner": "me@example.com", "hypothesis": "It helps.",
        "period": {"start": "2026-01-01", "end": "2026-02-01"}, "data": {"source": "d.csv"}, "design": design, "outcomes": list(outcomes),
    }  # fmt: skip
    return document | changes


def money(outcome: str, worth: object, **stream: object) -> dict:
    return {
        "currency": "CNY", "horizon_months": 12, "discount_rate": 0.08, "reach": {"stock": 10_000, "ramp_months": 0},
        "streams": [{"outcome": outcome, "worth": worth, "recurs": False} | stream], "costs": [{"name": "all", "once": 5000}],
    }  # fmt: skip


BUY = {"name": "bought", "kind": "binary", "column": "bought", "role": "primary", "window_months": 1}
SPEND = {"name": "spend", "kind": "amount", "column": "spend", "role": "primary", "window_months": 1}
LEFT = {
    "name": "left", "kind": "binary", "column": "left", "true_when": "Yes", "better": "lower", "role": "primary", "window_months": 3,
}  # fmt: skip
NPS = {"name": "nps", "kind": "nps", "column": "score", "role": "primary", "window_months": 3}
VISITS = {"name": "visits", "kind": "count", "column": "visits", "role": "primary", "window_months": 1}
MARGIN = {"name": "margin", "kind": "amount", "column": "margin", "role": "primary", "window_months": 2}

FILES = {
    "numbers as arms, no ratio": (frame(1, [0, 1]), plan(0, BUY, value=money("bought", 30)), "csv"),
    "Chinese arms": (frame(2, ["现行", "新版"]), plan("现行", SPEND, value=money("spend", 0.3)), "csv"),
    "an arm named none": (frame(3, ["none", "call", "letter"]), plan("none", BUY, value=money("bought", 30)), "csv"),
    "negative amounts": (frame(4, ["a", "b"]), plan("a", MARGIN, value=money("margin", 1)), "parquet"),
    "yes and no as text": (
        frame(5, ["off", "on"]), plan("off", LEFT, value=money("left", 100, covers={"from": 4, "to": 12})), "parquet",
    ),
    "a survey that few answer": (frame(6, [False, True]), plan(False, NPS, value=money("nps", 2)), "csv"),
    "other column names": (
        frame(7, ["A", "B"], "gruppe", "Kunde Nr."),
        plan("A", VISITS, design={"unit": "Kunde Nr.", "treatment": "gruppe"}, value=money("visits", 4)), "tsv",
    ),
    "text covariate and strata": (
        frame(8, ["a", "b"]), plan("a", SPEND, design={"covariates": ["age"], "strata": ["city"]}, value=money("spend", 0.2)), "csv.gz",
    ),
    "four arms, two outcomes, a city as covariate": (
        frame(9, ["0", "1", "2", "3"]), plan(0, SPEND, BUY, design={"covariates": ["city", "age"]}, value=money("spend", 0.2)), "csv",
    ),
    "recurring savings with fade and attrition": (
        frame(10, ["old", "new"]),
        plan("old", VISITS, value=money("visits", 1, recurs=True) | {"half_life_months": 6, "monthly_attrition": 0.02}), "parquet",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_fit_and_value(causalcx, tmp_path, name):
    data, document, kind = FILES[name]
    file = tmp_path / f"data.{kind}"
    if kind == "parquet":
        data.to_parquet(file)
    else:
        data.to_csv(file, index=False, sep="\t" if kind == "tsv" else ",")
    document = document | {"data": {"source": file.name}}
    with (tmp_path / "plan.yaml").open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(document, stream)
    fitted = causalcx("fit", tmp_path / "plan.yaml", "--json")
    assert fitted.code == 0, fitted.err
    assert next(c for c in fitted.json["checks"] if c["name"] == "sample-ratio")["verdict"] == "info"
    assert {w["code"] for w in fitted.json["warnings"]} >= {"not-registered"}
    for effect in fitted.json["effects"]:
        naive = _naive(data, document, effect)
        assert abs(effect["estimate"] - naive) < 2 * effect["std_error"], "far from the plain difference of means"
    valued = causalcx("value", tmp_path / "plan.yaml", "--json")
    assert valued.code == 0, valued.err
    arms = data[document["design"]["treatment"]].nunique() - 1
    assert len(valued.json["cases"]) == arms
    assert all(0 <= c["probability_pays"] <= 1 for c in valued.json["cases"])


def _naive(data: pd.DataFrame, document: dict, effect: dict) -> float:
    outcome = next(o for o in document["outcomes"] if o["name"] == effect["outcome"])
    values = data[outcome["column"]]
    if outcome["kind"] == "nps":
        values = (100.0 * (values >= 9) - 100.0 * (values <= 6)).where(values.notna())
    if "true_when" in outcome:
        values = (values == outcome["true_when"]).astype(float)
    arms = data[document["design"]["treatment"]].map(lambda a: str(int(a)) if isinstance(a, bool) else str(a))
    treated, control = effect["comparison"].split(" vs ")
    return values[arms == treated].mean() - values[arms == control].mean()
