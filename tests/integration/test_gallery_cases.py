"""The simulated cases of the gallery: what their READMEs promise is what comes out, and the page says what would have misled."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from causalcx.service.experiments import load, register
from causalcx.service.gallery import GALLERY, rows_of
from causalcx.service.publishing import results

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@dataclass(frozen=True)
class Promise:
    """What a case promises: outcomes by their name in truth.json; where the careless figure stands; what the rule says."""

    key: str
    held: dict[str, str]
    """Outcomes whose interval holds the truth."""
    notice: str
    careless: dict[str, float]
    """Careless figures by outcome, as the README states them; each lies outside the interval."""
    verdict: str
    page: str
    """What the English page says in the case's own words."""
    fact: str = "naive"


CASES = (
    Promise("peak-staffing", {"sales": "sales", "queue": "queue"}, "naive-waves", {"sales": 10_363}, "scale", "We recommend rolling it out where it pays."),
    Promise("city-desk", {"churn": "churn", "leavers": "leavers", "calls": "calls"}, "naive-before-after", {"churn": -0.0041}, "scale", "1 city", "before_after"),
    Promise("outage-credit", {"churn": "churn", "nps": "nps"}, "naive-received", {"churn": 0.0493, "nps": -3.52}, "extend", "close to the threshold"),
    Promise("app-nudge", {"calls": "calls", "churn": "churn", "nps": "nps"}, "naive-takers", {"nps": 59.4}, "scale", "among those who took it because of the nudge"),
    Promise("new-bill", {"calls": "calls"}, "careless-last-year", {"calls": 68.6}, "scale", "everybody at once", "last_year"),
    Promise("vip-routing", {"VIP handling": "vip_handle", "VIP calls": "vip_calls"}, "naive-slots", {"VIP handling": -36.2}, "cannot decide", "2,190 two-hour slots"),
)  # fmt: skip


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.key)
def case(request, tmp_path_factory) -> tuple[Promise, Path]:
    folder = tmp_path_factory.mktemp("gallery") / request.param.key
    shutil.copytree(EXPERIMENTS / request.param.key, folder)
    experiment = load(folder)
    register(experiment=experiment, today=experiment.period.start - dt.timedelta(days=14), clock="story")
    return request.param, folder


def test_the_truth_is_held_and_the_careless_figure_is_not(causalcx, case) -> None:
    promise, folder = case
    truth = json.loads((folder / "truth.json").read_text("utf-8"))["effects"]
    document = causalcx("fit", folder, "--json").json
    found = {e["outcome"]: e for e in document["effects"] if e["aggregation"] is None and e["period"] is None}
    for outcome, name in promise.held.items():
        assert found[outcome]["low"] < truth[name] < found[outcome]["high"], outcome
    said = {
        w["facts"]["outcome"]: w["facts"][promise.fact] for w in document["warnings"] if w["code"] == promise.notice
    }
    for outcome, careless in promise.careless.items():
        assert said[outcome] == pytest.approx(careless, rel=0.01)
        assert not found[outcome]["low"] < said[outcome] < found[outcome]["high"]


STATED = (
    ("merge-confirmation-steps", "nps", "+.1f"), ("merge-confirmation-steps", "churn", "+.1%"),
    ("merge-confirmation-steps", "revenue", "+.2f"), ("merge-confirmation-steps", "calls", "+.3f"),
    ("peak-staffing", "sales", "+.0f"), ("peak-staffing", "queue", "+.2f"),
    ("city-desk", "churn", "+.2%"), ("city-desk", "leavers", "+.0f"), ("city-desk", "calls", "+.1f"),
    ("outage-credit", "churn", "+.1%"), ("outage-credit", "nps", "+.1f"),
    ("app-nudge", "calls", "+.2f"), ("app-nudge", "churn", "+.1%"), ("app-nudge", "nps", "+.0f"),
    ("new-bill", "calls", "+.0f"),
    ("vip-routing", "VIP handling", "+.0f"), ("vip-routing", "others waiting", "+.2f"), ("vip-routing", "VIP calls", "+.1f"),
)  # fmt: skip
"""Outcomes whose estimate and interval the README's table states, and how."""


def _plain(text: str) -> str:
    return text.replace("+", "").replace(",", "").replace("%", "").replace("−", "-")


@pytest.mark.parametrize("key", dict.fromkeys(key for key, *_ in STATED))
def test_a_readme_states_what_comes_out(causalcx, tmp_path, key: str) -> None:
    shutil.copytree(EXPERIMENTS / key, tmp_path / key)
    readme = _plain((EXPERIMENTS / key / "README.md").read_text("utf-8"))
    effects = causalcx("fit", tmp_path / key, "--json").json["effects"]
    heads = {e["outcome"]: e for e in effects if e["aggregation"] is None and e["period"] is None}
    for outcome, written in ((outcome, written) for k, outcome, written in STATED if k == key):
        estimate, low, high = (format(heads[outcome][x], written) for x in ("estimate", "low", "high"))
        assert f"| {_plain(f'{estimate} ({low} to {high})')} |" in readme, outcome


def test_the_leaky_readme_states_the_number_that_is_none(causalcx, tmp_path) -> None:
    shutil.copytree(EXPERIMENTS / "tech-support-leaky", tmp_path / "leaky")
    (effect,) = causalcx("fit", tmp_path / "leaky", "--json").json["effects"]
    readme = (EXPERIMENTS / "tech-support-leaky" / "README.md").read_text("utf-8")
    assert f"about {-100 * effect['estimate']:.1f} percentage points" in readme


def test_the_money_ends_in_the_verdict_of_the_readme(causalcx, case) -> None:
    promise, folder = case
    (money,) = causalcx("value", folder, "--json").json["cases"]
    assert money["decision"]["verdict"] == promise.verdict


def test_both_pages_say_what_would_have_misled(causalcx, case, tmp_path) -> None:
    promise, folder = case
    assert causalcx("report", folder, "--out", tmp_path).code == 0
    pages = [file.read_text("utf-8") for file in sorted(tmp_path.glob("*.html"))]
    assert len(pages) == 2
    assert promise.page in pages[0]
    assert "claim" in pages[0] or "differ" in pages[0]
    assert all(page.count("<figure") >= 4 for page in pages)


@pytest.mark.parametrize(
    ("key", "comparison", "estimate", "p_value"),
    [
        (
            "geolift-campaign",
            "treated vs untreated",
            155.556,
            (0.3, 0.7),
        ),  # the published effect; not the published p of .01
        ("volkswagen-shock", "observed vs expected", -39.85, (0.0, 0.1)),
        ("senate-threshold", "treated vs untreated", 7.414, (0.0, 0.001)),
        ("card-nudge", "1 vs 0", 0.661, (0.01, 0.05)),
        ("star-staffing", "small vs regular", 17.10, (0.0, 0.001)),
        ("agents-at-home", "1 vs 0", -0.1885, (0.0, 0.01)),
    ],
)
def test_teaching_cases_give_the_numbers_of_their_readmes(
    causalcx, tmp_path, key: str, comparison: str, estimate: float, p_value: tuple[float, float]
) -> None:
    shutil.copytree(EXPERIMENTS / key, tmp_path / key)
    document = causalcx("fit", tmp_path / key, "--json").json
    effect = next(e for e in document["effects"] if e["comparison"] == comparison)
    assert effect["estimate"] == pytest.approx(estimate, rel=2e-3)
    assert p_value[0] <= effect["p_value"] <= p_value[1]


def test_agents_who_left_make_two_outcomes_incomparable(causalcx, tmp_path) -> None:
    shutil.copytree(EXPERIMENTS / "agents-at-home", tmp_path / "home")
    checks = causalcx("check", tmp_path / "home", "--json").json["checks"]
    failed = [c["facts"]["outcome"] for c in checks if (c["name"], c["verdict"]) == ("missing-by-arm", "fail")]
    assert failed == ["calls of those who stayed", "satisfaction"]


def test_the_worst_twenty_are_refused_and_those_left_alone_rise_as_much(causalcx, tmp_path) -> None:
    shutil.copytree(EXPERIMENTS / "worst-twenty", tmp_path / "worst")
    truth = json.loads((tmp_path / "worst" / "truth.json").read_text("utf-8"))["careless"]
    document = causalcx("fit", tmp_path / "worst", "--json").json
    (check,) = (c for c in document["checks"] if c["name"] == "selected-on-outcome")
    assert check["verdict"] == "fail"
    assert check["facts"]["extreme"] == check["facts"]["treated"] == 20
    assert check["facts"]["expected"] == pytest.approx(15.6, abs=0.1)
    assert check["facts"]["expected"] == pytest.approx(
        truth["before_after"], abs=2 * check["facts"]["expected_std_error"]
    )
    (claim,) = (w["facts"] for w in document["warnings"] if w["code"] == "naive-selected")
    assert claim["naive"] == pytest.approx(truth["before_after"], abs=4)
    assert document["grade"]["level"] <= 1
    (money,) = causalcx("value", tmp_path / "worst", "--json").json["cases"]
    assert money["decision"]["verdict"] == "cannot decide"
    assert causalcx("report", tmp_path / "worst", "--out", tmp_path).code == 0
    pages = [file.read_text("utf-8") for file in sorted(tmp_path.glob("*.html"))]
    assert "left alone" in pages[0]
    assert all("<figure" in page for page in pages)


def test_every_simulated_design_is_in_the_demo() -> None:
    assert {"worst-twenty", *(promise.key for promise in CASES)} < set(GALLERY)


def test_hours_written_by_hand_fail_the_check(causalcx, tmp_path) -> None:
    shutil.copytree(EXPERIMENTS / "outage-credit", tmp_path / "credit")
    file = tmp_path / "credit" / "experiment.yaml"
    text = file.read_text("utf-8")
    start, end = text.index("exclude:"), text.index("interference:")
    file.write_text(text[:start] + text[end:], encoding="utf-8")
    checks = causalcx("check", file, "--json").json["checks"]
    assert next(c["verdict"] for c in checks if c["name"] == "density") == "fail"


def test_the_guardrail_of_vip_routing_is_breached(causalcx, tmp_path) -> None:
    shutil.copytree(EXPERIMENTS / "vip-routing", tmp_path / "vip")
    checks = causalcx("fit", tmp_path / "vip", "--json").json["checks"]
    assert next(c["verdict"] for c in checks if c["name"] == "guardrail") == "fail"


def test_the_demo_tells_no_effect_that_a_failed_check_hides() -> None:
    experiment = load(EXPERIMENTS / "worst-twenty")
    readout, valuation = results(experiment, seed=1)
    (row,) = rows_of(experiment, readout, valuation)
    assert row["effect"] == {"en": "✕ picked by their own result", "zh": "✕ 按自身结果挑选"}
    assert row["npv"]["en"] == row["pays"]["en"] == "–"
