"""From the file to the page: bounds in place of a hidden effect, outcomes that cannot move, and outcomes that fail alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.conftest import changed

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
N = 2_000


def world() -> dict[str, Any]:
    rng = np.random.default_rng(1)
    arm = rng.permutation(np.arange(N) % 2)
    return {
        "id": range(N), "arm": np.where(arm, "b", "a"), "y": rng.normal(size=N) + 0.2 * arm, "calm": rng.normal(size=N),
        "moved": rng.normal(size=N) + 0.5 * arm, "flat": 7.0, "never": np.where(arm, np.nan, 1.0), "x": rng.normal(size=N),
    }  # fmt: skip


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(changes: dict[str, Any], data: dict[str, Any] | None = None) -> Path:
        pd.DataFrame(data or world()).to_csv(tmp_path / "data.csv", index=False)
        file = tmp_path / "experiment.yaml"
        file.write_text(yaml.safe_dump(changed(changes), allow_unicode=True), encoding="utf-8")
        return file

    return write


def named(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(c for c in document["checks"] if c["name"] == name)


Y = {"name": "y", "kind": "amount", "column": "y", "role": "primary"}
FLAT = {"name": "flat", "kind": "amount", "column": "flat"}
NEVER = {"name": "never", "kind": "amount", "column": "never"}


def test_what_cannot_move_stood_still(causalcx, written) -> None:
    document = causalcx("fit", written({"negative_controls": ["calm"]}), "--json").json
    check = named(document, "negative-controls")
    assert (check["verdict"], check["facts"]["names"]) == ("pass", ["calm"])
    assert [e["outcome"] for e in document["effects"]] == ["y"]
    assert document["grade"]["level"] == 4


def test_what_cannot_move_and_moved_costs_two_levels(causalcx, written) -> None:
    control = {"name": {"en": "birthday", "zh": "生日"}, "kind": "amount", "column": "moved"}
    file = written({"negative_controls": ["calm", control]})
    document = causalcx("fit", file, "--json").json
    check = named(document, "negative-controls")
    assert (check["verdict"], check["facts"]["moved"]) == ("fail", ["birthday"])
    assert check["value"] < 0.01
    assert document["grade"]["level"] == 2
    assert "生日" in named(causalcx("check", file, "--json", "-l", "zh").json, "negative-controls")["sentence"]


def test_a_constant_that_cannot_move_tells_nothing(causalcx, written) -> None:
    check = named(causalcx("fit", written({"negative_controls": ["flat"]}), "--json").json, "negative-controls")
    assert (check["verdict"], check["facts"]["untested"]) == ("info", ["flat"])


def test_a_covariate_may_be_one_where_the_lot_decided(causalcx, written) -> None:
    file = written({"negative_controls": "x", "design.covariates": ["x"]})
    assert named(causalcx("fit", file, "--json").json, "negative-controls")["verdict"] == "pass"


def test_any_design_takes_them(causalcx, written) -> None:
    design = {"kind": "observational", "unit": "id", "treatment": "arm", "control": "a", "covariates": ["x"]}
    document = causalcx("fit", written({"negative_controls": ["calm", "moved"], "design": design}), "--json").json
    assert named(document, "negative-controls")["facts"]["moved"] == ["moved"]


@pytest.mark.parametrize(
    ("controls", "design", "says"),
    [
        (["y"], {}, "also an outcome"),
        (["arm"], {}, "the unit or the treatment"),
        (["x"], {"kind": "observational", "unit": "id", "treatment": "arm", "control": "a", "covariates": ["x"]}, "also a covariate"),
        (["x", "x"], {}, "taken by"),
        ([], {}, "negative_controls"),
        ([{"colum": "x"}], {}, "column"),
    ],
)  # fmt: skip
def test_what_is_none_is_refused_in_the_file(causalcx, written, controls, design, says) -> None:
    ran = causalcx("fit", written({"negative_controls": controls} | ({"design": design} if design else {})), "--json")
    assert ran.code == 3
    assert says in ran.err


def test_a_column_that_is_not_there_is_the_datas_fault(causalcx, written) -> None:
    ran = causalcx("fit", written({"negative_controls": ["birthday"]}), "--json")
    assert (ran.code, "birthday" in ran.err) == (4, True)


def test_a_secondary_outcome_fails_alone(causalcx, written) -> None:
    file = written({"outcomes": [Y, FLAT, NEVER]})
    ran = causalcx("fit", file, "--json")
    assert ran.code == 0
    assert [e["outcome"] for e in ran.json["effects"]] == ["y"]
    assert {f["facts"]["outcome"]: f["code"] for f in ran.json["failures"]} == {"never": "outcome-failed", "flat": "outcome-failed"}  # fmt: skip
    assert all(f["facts"]["outcome"] in f["sentence"] for f in ran.json["failures"])
    assert named(causalcx("check", file, "--json").json, "not-estimated")["facts"]["outcome"] == "never"


def test_a_primary_or_a_guardrail_still_refuses(causalcx, written) -> None:
    for outcome, code in ((FLAT, 5), (NEVER, 4)):
        assert causalcx("fit", written({"outcomes": [outcome | {"role": "primary"}]})).code == code
        guardrail = outcome | {"role": "guardrail", "margin": 1.0}
        assert causalcx("fit", written({"outcomes": [Y, guardrail]})).code == code


def test_money_on_an_outcome_that_failed_is_refused(causalcx, written) -> None:
    value = {
        "currency": "USD", "horizon_months": 12, "discount_rate": 0.1, "reach": {"stock": 1000, "ramp_months": 0},
        "streams": [{"outcome": "flat", "worth": 0.5}],
    }  # fmt: skip
    ran = causalcx("value", written({"outcomes": [Y, FLAT | {"window_months": 1}], "value": value}))
    assert (ran.code, "flat" in ran.err) == (5, True)


def test_both_pages_stand_without_what_failed(causalcx, written, tmp_path) -> None:
    ran = causalcx("report", written({"outcomes": [Y, FLAT]}), "--out", tmp_path / "out")
    assert ran.code == 0
    pages = [file.read_text("utf-8") for file in sorted((tmp_path / "out").glob("*.html"))]
    assert len(pages) == 2
    assert "does not vary within any arm" in pages[0]


def test_a_refit_keeps_failures_and_the_check(written) -> None:
    from causalcx.service.analysis import fit, refit

    file = written({"outcomes": [Y, FLAT, NEVER], "negative_controls": ["moved"]})
    first, again = fit(experiment=file), refit(experiment=file)
    assert again is not None
    assert again.effects == first.effects
    assert again.failures == first.failures
    assert again.checks == first.checks
    assert again.grade == first.grade


def test_agents_who_left_leave_limits(causalcx, tmp_path) -> None:
    """Calls of those who stayed: the check fails, and what is shown is the span in which the effect lies."""
    folder = tmp_path / "home"
    shutil.copytree(EXPERIMENTS / "agents-at-home", folder)
    ran = causalcx("fit", folder, "--json")
    parts = {e["aggregation"]: e for e in ran.json["effects"] if e["outcome"] == "calls of those who stayed"}
    assert parts["lee-lower"]["estimate"] == pytest.approx(-251.05, abs=0.05)
    assert parts["lee-upper"]["estimate"] == pytest.approx(343.54, abs=0.05)
    assert parts["lee-lower"]["low"] < 0 < parts["lee-lower"]["high"]
    assert parts["lee-lower"]["share"] == pytest.approx(72 / 118)
    assert "−251 to +344" in " ".join(causalcx("fit", folder).err.split())
    assert causalcx("report", folder, "--out", tmp_path / "out").code == 0
    english, chinese = (file.read_text("utf-8") for file in sorted((tmp_path / "out").glob("*.html")))
    assert "−251 to +344 calls a month among the 61% of agents" in english
    assert "−251 至 +344" in chinese


def test_values_as_published_are_pointed_out(causalcx, tmp_path) -> None:
    """One month stands as -999,999 calls."""
    folder = tmp_path / "home"
    shutil.copytree(EXPERIMENTS / "agents-at-home", folder)
    file = folder / "experiment.yaml"
    file.write_text(
        file.read_text("utf-8").replace("column: calls\n", "column: calls_as_published\n"), encoding="utf-8"
    )
    checks = causalcx("check", file, "--json").json["checks"]
    skew = next(c for c in checks if c["name"] == "skew" and c["facts"]["outcome"] == "calls")
    assert skew["verdict"] == "warn"
    assert abs(skew["value"]) > 5


def test_the_terminal_lists_quantiles_after_the_mean(causalcx, written) -> None:
    file = written({"outcomes": [Y | {"quantiles": [0.5, 0.9]}]})
    said = " ".join(causalcx("fit", file).err.split())
    assert said.index("y · 0.5") < said.index("y · 0.9")
    assert "分位数" in causalcx("fit", file, "-l", "zh").err
    aggregations = [e["aggregation"] for e in causalcx("fit", file, "--json").json["effects"]]
    assert aggregations == [None, "quantile 0.5", "quantile 0.9"]
