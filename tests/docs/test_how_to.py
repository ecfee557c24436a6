"""Each recipe's change, merged into the simulated company's experiment, is valid and is fitted."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from doc_pages import REPOSITORY, blocks
from plan_worlds import document, history
from ruamel.yaml import YAML

import causalcx as cx
from causalcx import service
from causalcx.core.errors import CannotAnswer, ExperimentError
from causalcx.core.experiment_file import load_experiment

HOW_TO = REPOSITORY / "docs" / "how-to"
CHANGE = re.compile(r"<!-- change -->\n```yaml\n(.*?)```", re.DOTALL)
CUSTOMERS = 4_000


def changes(name: str) -> list[dict[str, Any]]:
    """The changes that a recipe shows, in order."""
    text = (HOW_TO / f"{name}.md").read_text(encoding="utf-8")
    return [YAML(typ="safe", pure=True).load(found) for found in CHANGE.findall(text)]


@pytest.fixture(scope="module")
def company(tmp_path_factory) -> Path:
    from causalcx import service

    folder = tmp_path_factory.mktemp("how-to") / "company"
    service.simulate(out=folder, customers=CUSTOMERS)
    return folder


def changed(company: Path, *parts: dict[str, Any]) -> Any:
    """The company's experiment with top-level keys replaced."""
    yaml = YAML(typ="safe", pure=True)
    document = yaml.load((company / "experiment.yaml").read_text(encoding="utf-8"))
    for part in parts:
        document |= part
    text = StringIO()
    yaml.dump(document, text)
    file = company / "changed.yaml"
    file.write_text(text.getvalue(), encoding="utf-8")
    return load_experiment(file)


@pytest.fixture(scope="module")
def frame(company: Path) -> pd.DataFrame:
    return pd.read_parquet(company / "data.parquet")


def test_several_arms(company, frame) -> None:
    customer = frame["customer_id"]
    arms = frame["variant"].where(frame["variant"] == "today", customer.map(lambda i: ("letter", "call")[i % 2]))
    experiment = changed(company, *changes("several-arms"))
    readout = cx.fit(experiment, data=frame.assign(variant=arms))
    assert {e.comparison for e in readout.effects} == {"letter vs today", "call vs today"}
    assert {b.outcome for b in readout.best} == {"nps", "churn"}
    assert readout.effects[0].adjustment == "Holm, 2 primaries x 2 arms"
    check = readout.check("sample-ratio")
    assert check
    assert check.facts["planned"] == {"today": 0.5, "letter": 0.25, "call": 0.25}
    assert len(cx.value(experiment, readout).cases) == 2


def test_strata_and_covariates(company, frame) -> None:
    readout = cx.fit(changed(company, changes("strata-and-covariates")[0]), data=frame)
    assert readout.effects[0].method == "regression with interacted covariates (Lin 2013), within strata"
    balance = readout.check("balance")
    assert balance
    assert {"segment=family", "segment=personal"} <= {c["name"] for c in balance.facts["covariates"]}


def test_clusters(company, frame) -> None:
    store = frame["customer_id"] % 40 * 2 + (frame["variant"] != "today")
    readout = cx.fit(changed(company, *changes("clusters")), data=frame.assign(store=store))
    effect, check = readout.effect("churn"), readout.check("few-clusters")
    assert "clustered" in effect.method
    assert effect.df
    assert effect.df < 80
    assert check
    assert check.facts["clusters"] == {"today": 40, "merged": 40}


def test_two_changes_at_once(company, frame) -> None:
    lot = frame["customer_id"] % 2
    both = frame.assign(merged=frame["variant"] != "today", bar=lot.map({0: "no", 1: "yes"}))
    readout = cx.fit(changed(company, *changes("two-changes-at-once")), data=both)
    assert {e.comparison for e in readout.headlines} == {"merge: 1 vs 0", "bar: yes vs no"}
    parts = [e for e in readout.effects if e.aggregation == "interaction"]
    assert {e.outcome for e in parts} == {e.outcome for e in readout.headlines}


def test_ratios(company, frame) -> None:
    change = changes("ratios")[0]
    readout = cx.fit(changed(company, change, {"value": None, "decision": None}), data=frame)
    sums = frame.groupby("variant")[["revenue_90d", "calls_90d"]].sum()
    level = sums["revenue_90d"] / sums["calls_90d"]
    assert readout.arms[0].means["revenue per call"] == pytest.approx(level["today"])


def test_segments_add_up_to_the_headline(company, frame) -> None:
    readout = cx.fit(changed(company, *changes("strata-and-covariates")[1:]), data=frame)
    parts = [e for e in readout.effects if e.segment and e.outcome == "churn"]
    share = frame["segment"].value_counts(normalize=True)
    total = sum(share[str(e.segment).split("=")[1]] * e.estimate for e in parts)
    # Equal but for rounding: the parts are shifted by what is missing.
    assert total == pytest.approx(readout.effect("churn").estimate, abs=1e-9)
    assert readout.check("convergence")


def test_limits_where_the_groups_answered_unequally(follow, tmp_path) -> None:
    shutil.copytree(REPOSITORY / "experiments" / "agents-at-home", tmp_path / "experiments" / "agents-at-home")
    ran = follow(HOW_TO / "bounds.md", tmp_path)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "−251 to +344" in " ".join(ran.stderr.split())


def test_quantiles(company, frame) -> None:
    readout = cx.fit(changed(company, *changes("quantiles"), {"value": None, "decision": None}), data=frame)
    at = frame.groupby("variant")["revenue_90d"].quantile(0.5)
    part = next(e for e in readout.effects if e.aggregation == "quantile 0.5")
    assert part.estimate == pytest.approx(at["merged"] - at["today"], abs=part.std_error / 10)
    assert [e.aggregation for e in readout.effects] == [None, "quantile 0.5", "quantile 0.9"]


def test_negative_controls(company, frame) -> None:
    check = cx.fit(changed(company, *changes("negative-controls")), data=frame).check("negative-controls")
    assert check
    assert check.verdict == "pass"
    assert {c["name"] for c in check.facts["controls"]} == {"prior_spend", "months as a customer before"}


def test_cuped(company, frame) -> None:
    assert cx.fit(changed(company, *changes("cuped")), data=frame).effects[0].method == "CUPED (Deng et al. 2013)"


def test_cuped_takes_one_covariate(company) -> None:
    (change,) = changes("cuped")
    two = {"design": change["design"] | {"covariates": ["prior_spend", "tenure_months"]}}
    with pytest.raises(ExperimentError, match="exactly one covariate"):
        changed(company, two)


def test_a_database_table(company, monkeypatch) -> None:
    (make,) = blocks(HOW_TO / "database-table.md")
    subprocess.run([sys.executable, "-c", make.text], cwd=company.parent, check=True)
    monkeypatch.chdir(company.parent)
    (change,) = changes("database-table")
    experiment = changed(company, {"data": change["data"]})
    from_table, from_file = cx.fit(experiment), cx.fit(load_experiment(company / "experiment.yaml"))
    # The same rows in another order of summing: nine significant digits.
    assert from_table.effect("revenue").estimate == pytest.approx(from_file.effect("revenue").estimate, rel=1e-9)


def test_windows_that_are_not_over(company, frame) -> None:
    experiment = changed(company, *changes("windows-not-over"))
    readout = cx.fit(experiment, data=frame)
    entered = pd.to_datetime(frame["entered_on"])
    over = entered + pd.DateOffset(months=3) <= pd.Timestamp(str(experiment.as_of))
    assert readout.provenance
    assert readout.provenance.data.immature == int((~over).sum()) > 0
    check = readout.check("immaturity")
    assert check
    assert check.verdict == "info"


def test_churn_and_revenue(company) -> None:
    (change,) = changes("churn-and-revenue")
    experiment = changed(company, change)
    assert [s.outcome for s in experiment.value.streams] == ["revenue", "churn"]
    streams = [
        s | ({"covers": {"from": 1, "to": 36}} if s["outcome"] == "churn" else {}) for s in change["value"]["streams"]
    ]
    with pytest.raises(ExperimentError, match="counted twice"):
        changed(company, change, {"value": change["value"] | {"streams": streams}})


def test_excluded_rows(company, frame) -> None:
    readout = cx.fit(changed(company, *changes("exclude-rows")), data=frame)
    out = frame["region"].isin(["north", "east"]) | (frame["segment"] == "business")
    assert readout.provenance
    assert readout.provenance.data.excluded == int(out.sum())
    assert readout.provenance.data.rows == int((~out).sum())


def test_a_restyled_page(company, tmp_path) -> None:
    """The files that the recipe names exist, and a workspace's copy wins."""
    text = (HOW_TO / "restyle-the-page.md").read_text(encoding="utf-8")
    named = re.findall(r"programme/(reports/\S+)", text)
    assert named
    assert all((REPOSITORY / name).is_file() for name in named)
    style = tmp_path / "reports" / "static" / "case.css"
    style.parent.mkdir(parents=True)
    style.write_text("body { color: rebeccapurple }", encoding="utf-8")
    from causalcx.reports.render import case_css

    assert case_css([tmp_path / "reports"]) == style.read_text(encoding="utf-8")


OWN = """
from causalcx.core.effect import Covariance, Effect, Law
from causalcx.core.need import Need
from causalcx.core.readout import Readout

DATA = "moments"

def needs(experiment, today):
    design = experiment.design
    return Need(unit=design.unit, treatment=design.treatment, control=design.control, outcomes=tuple(experiment.outcomes))

def check(experiment, data):
    return ()

def fit(experiment, data, *, seed):
    pooled = data.moments.pooled()
    i, (control, treated) = pooled.index("calls"), pooled.arms
    estimate = float(pooled.mean[1, 0, i, i] - pooled.mean[0, 0, i, i])
    effect = Effect(
        outcome="calls", comparison=f"{treated} vs {control}", estimand="ATE", applies_to="assigned", share=1.0, unit="calls",
        estimate=estimate, std_error=0.1, df=None, low=estimate - 0.2, high=estimate + 0.2, method="slots", n_treated=1, n_control=1,
        role="primary",
    )
    law = Law(labels=(effect.label,), mean=(estimate,), matrix=((0.01,),), df=(None,), prior_mean=(0.0,), prior_sd=(1.0,))
    return Readout(
        experiment=experiment.key, design="switchback", effects=(effect,),
        covariance=Covariance(labels=law.labels, matrix=law.matrix), law=law,
    )
"""


def test_a_roll_out_in_waves(follow, tmp_path) -> None:
    ran = follow(HOW_TO / "staggered.md", tmp_path)
    assert ran.returncode == 0, ran.stderr[-2000:]
    said = " ".join(ran.stderr.split())
    assert "Evidence level 2 of 5." in said  # starts at 3, and was never registered


def brought(tmp_path, monkeypatch, source: str) -> None:
    """The package of the recipe, installed."""
    text = (HOW_TO / "own-design.md").read_text(encoding="utf-8")
    (entry,) = re.findall(r'^    switchback = "(.+)"$', text, re.MULTILINE)
    package = tmp_path / entry.split(".")[0]
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / f"{entry.split('.')[1]}.py").write_text(source, encoding="utf-8")
    metadata = tmp_path / "my_package-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(f"[causalcx.designs]\nswitchback = {entry}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for name in (entry.split(".")[0], entry):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_a_design_of_ones_own(company, frame, tmp_path, monkeypatch) -> None:
    brought(tmp_path, monkeypatch, OWN)
    design = {
        "kind": "switchback",
        "unit": "customer_id",
        "time": "entered_on",
        "treatment": "variant",
        "control": "today",
    }
    outcomes = [{"name": "calls", "kind": "count", "column": "calls_90d", "better": "lower", "role": "primary"}]
    document = {
        "design": design,
        "outcomes": outcomes,
        "value": None,
        "assumptions": [],
        "entered": None,
        "as_of": None,
    }
    readout = cx.fit(changed(company, document), data=frame)
    means = frame.groupby("variant")["calls_90d"].mean()
    assert readout.effects[0].estimate == pytest.approx(means["merged"] - means["today"], rel=1e-9)
    assert readout.grade
    assert readout.grade.level == 3  # starts at 4 like the kind it replaces, and was never registered


WIDER = """
from dataclasses import replace
from causalcx.designs import switchback as ours
from causalcx.designs.switchback import DATA, check, fit, needs

def estimated(experiment, frame, *, seed):
    found = ours.estimated(experiment, frame, seed=seed)
    return replace(found, value=3 * found.value, covariance=9 * found.covariance)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_plan_tries_the_design_of_ones_own(workers, tmp_path, monkeypatch) -> None:
    file, options = tmp_path / "experiment.yaml", {"splits": 24, "runs": 20, "workers": workers}
    file.write_text(yaml.safe_dump(document("switchback")), encoding="utf-8")
    history("switchback").to_parquet(tmp_path / "before.parquet")
    (ours,) = service.plan(experiment=file, history=tmp_path / "before.parquet", **options)["sizing"]["outcomes"]
    brought(tmp_path, monkeypatch, WIDER)
    (theirs,) = service.plan(experiment=file, history=tmp_path / "before.parquet", **options)["sizing"]["outcomes"]
    assert theirs["detectable"] == pytest.approx(3 * ours["detectable"])


def test_a_plan_refuses_a_design_that_cannot_be_tried(tmp_path, monkeypatch) -> None:
    brought(tmp_path, monkeypatch, OWN)
    file = tmp_path / "experiment.yaml"
    file.write_text(yaml.safe_dump(document("switchback")), encoding="utf-8")
    with pytest.raises(CannotAnswer, match="has no function `estimated`"):
        service.plan(experiment=file, spread={"sales": 10.0}, sites=4, periods=64)
