"""The gallery's files: they load, speak both languages, and hold the numbers their READMEs promise."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from causalcx.core.experiment_file import load_experiment, read_metrics
from causalcx.simulate import simulate
from causalcx.simulate.company import table

EXPERIMENTS = Path(__file__).parents[3] / "experiments"
FILES = sorted(EXPERIMENTS.glob("*/experiment.yaml"))
MERGE, EMAIL = EXPERIMENTS / "merge-confirmation-steps", EXPERIMENTS / "email-campaign"
MEGABYTE = 2**20


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.parent.name)
def test_every_file_loads_and_names_its_data(file):
    experiment = load_experiment(file)
    assert file.parent.name in (experiment.key, "_template")
    if file.parent.name != "_template":
        data = file.parent / experiment.data.source
        assert data.stat().st_size <= MEGABYTE
        assert set(experiment.columns) <= set(pq.read_schema(data).names)
        assert experiment.data.origin.licence
        assert (file.parent / "README.md").is_file()


@pytest.mark.parametrize("folder", [MERGE, EMAIL], ids=lambda f: f.name)
def test_what_readers_see_stands_in_both_languages(folder):
    e = load_experiment(folder / "experiment.yaml")
    texts = [e.title, e.hypothesis, e.data.origin.note]
    texts += [t for o in e.outcomes for t in (o.name, o.description)]
    texts += [line.name for line in (*e.value.streams, *e.value.costs)]
    texts += [t for a in e.assumptions for t in (a.name, a.source, a.unit)]
    texts += [c.label for c in e.columns.values()]
    texts += [t for c in e.columns.values() for t in (c.labels or {}).values()]
    assert [t for t in texts if not (isinstance(t, dict) and t.get("en") and t.get("zh"))] == []


def test_metrics_are_complete():
    metrics = read_metrics(EXPERIMENTS / "metrics.yaml")
    assert {"nps", "csat", "churn_90d", "revenue_90d", "calls_90d", "conversion"} <= set(metrics)
    for metric in metrics.values():
        assert metric["owner"]
        assert set(metric["label"]) == set(metric["description"]) == {"en", "zh"}


def test_merge_confirmation_steps_is_what_its_script_makes():
    script = runpy.run_path(str(MERGE / "make_data.py"))
    made, kept = table(simulate(script["CUSTOMERS"], script["SEED"])[0]), pq.read_table(MERGE / "data.parquet")
    assert made.schema.names == kept.schema.names
    for name in made.schema.names:
        one, other = made[name].to_numpy(zero_copy_only=False), kept[name].to_numpy(zero_copy_only=False)
        if one.dtype.kind == "f":  # a cent, since the last bit of exp differs between processors; nulls are NaN
            np.testing.assert_allclose(one, other, atol=0.011, err_msg=name)
        else:
            assert np.array_equal(one, other), name


def test_merge_confirmation_steps_differences_lie_near_the_truth():
    data = pq.read_table(MERGE / "data.parquet").to_pandas()
    truth = json.loads((MERGE / "truth.json").read_text("utf-8"))["effects"]["merged vs today"]
    data["nps"] = 100.0 * (data["score"] > 8) - 100.0 * (data["score"] < 7)
    data.loc[data["score"].isna(), "nps"] = np.nan
    data["capped"] = data["revenue_90d"].clip(upper=1000)
    named = {"nps": "nps_everyone", "churned_90d": "churn", "capped": "revenue_capped", "calls_90d": "calls"}
    for column, name in named.items():
        one, other = (data.loc[data["variant"] == arm, column].dropna().astype(float) for arm in ("merged", "today"))
        error = np.sqrt(one.var() / len(one) + other.var() / len(other))
        assert abs(one.mean() - other.mean() - truth[name]) < 2 * error, name


def test_merge_confirmation_steps_has_no_best_region_but_a_luckiest():
    data, readme = pq.read_table(MERGE / "data.parquet").to_pandas(), (MERGE / "README.md").read_text("utf-8")
    data["nps"] = (100.0 * (data["score"] > 8) - 100.0 * (data["score"] < 7)).where(data["score"].notna())
    means = data.groupby(["region", "variant"])["nps"].mean().unstack()
    moved = (means["merged"] - means["today"]).round(1)
    assert moved.idxmax() == "west"
    assert f"| +4.0 | +{moved['west']} |" in readme
    assert f"fell by {-moved['south']}:" in " ".join(readme.split())


def test_email_campaign_holds_the_published_groups_and_rates():
    # group sizes as published; means to six decimals from the published file (its README)
    data = pq.read_table(EMAIL / "data.parquet").to_pandas().groupby("segment")
    assert dict(data.size()) == {"Mens E-Mail": 21307, "Womens E-Mail": 21387, "No E-Mail": 21306}
    means = data[["visit", "conversion", "spend"]].mean()
    assert means.loc["Mens E-Mail"].tolist() == pytest.approx([0.182757, 0.012531, 1.422617], abs=5e-7)
    assert means.loc["Womens E-Mail"].tolist() == pytest.approx([0.151400, 0.008837, 1.077202], abs=5e-7)
    assert means.loc["No E-Mail"].tolist() == pytest.approx([0.106167, 0.005726, 0.652789], abs=5e-7)
