"""Every page of the portal: what it answers, in which language, behind which headers, and without heavy libraries."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from causalcx.core.check import Notice
from causalcx.core.errors import DataError
from causalcx.registry import Registry
from causalcx.web import create_app
from tests.web.conftest import publish_sample

DRAFT = "key: half-done\ntitle: {en: Half done, zh: 未完成}\n"
ANSWERS: dict[tuple[str, str], tuple[str, int]] = {
    ("GET", "/"): ("/", 200),
    ("GET", "/cases"): ("/cases", 302),
    ("GET", "/cases/<key>"): ("/cases/merge-steps", 200),
    ("GET", "/glossary"): ("/glossary", 200),
    ("GET", "/trust"): ("/trust", 200),
    ("GET", "/health"): ("/health", 200),
    ("GET", "/static/<path:name>"): ("/static/portal.css", 200),
    ("GET", "/register"): ("/register", 200),
    ("POST", "/register"): ("/register", 200),
    ("GET", "/register/<key>"): ("/register/half-done", 200),
    ("POST", "/register/preview"): ("/register/preview", 200),
    ("GET", "/drafts/<key>"): ("/drafts/half-done", 200),
}
"""What every route answers; a route without a line here fails the test below."""
HEAVY = (
    "numpy",
    "pandas",
    "scipy",
    "sklearn",
    "matplotlib",
    "altair",
    "vl_convert",
    "duckdb",
    "ibis",
    "dowhy",
    "econml",
    "pymc",
    "arviz",
    "statsmodels",
)


@pytest.fixture
def with_draft(full: Path) -> Path:
    (full / "experiments" / "half-done").mkdir()
    (full / "experiments" / "half-done" / "experiment.yaml").write_text(DRAFT, encoding="utf-8")
    return full


def routes(app: Flask) -> set[tuple[str, str]]:
    return {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_is_listed(full: Path) -> None:
    assert routes(create_app(full)) == set(ANSWERS)


@pytest.mark.parametrize(("method", "rule"), ANSWERS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_a_route_answers(with_draft: Path, client: FlaskClient, method: str, rule: str, language: str) -> None:
    address, status = ANSWERS[method, rule]
    answer = client.open(f"{address}?lang={language}", method=method)
    assert answer.status_code == status
    if answer.mimetype == "text/html" and status == 200:
        assert f'<html lang="{ {"en": "en", "zh": "zh-Hans"}[language] }">' in answer.text


@pytest.mark.parametrize("address", ["/", "/register", "/health", "/static/portal.js", "/nowhere"])
def test_headers_of_every_answer(client: FlaskClient, address: str) -> None:
    headers = client.get(address).headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_no_page_needs_what_the_policy_forbids(client: FlaskClient) -> None:
    for address in ("/", "/register", "/glossary", "/trust", "/cases/merge-steps", "/nowhere"):
        html = client.get(address).text
        assert "<script>" not in html
        assert " style=" not in html
        assert " onclick=" not in html
        assert "http://" not in html.replace("http://localhost", "")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "address",
    [
        "/nowhere",
        "/cases/nothing",
        "/cases/merge-steps?arm=nobody",
        "/drafts/nothing",
        "/static/../wsgi.py",
        "/static/nothing.css",
    ],
)
def test_what_is_not_there(client: FlaskClient, address: str, language: str) -> None:
    answer = client.get(address, headers={"Accept-Language": language})
    assert answer.status_code == 404
    assert {"en": "There is no such page", "zh": "没有这个页面"}[language] in answer.text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_form_that_is_too_large(client: FlaskClient, language: str) -> None:
    answer = client.post(f"/register?lang={language}", data={"notes.en": "x" * 1_100_000})
    assert answer.status_code == 413
    assert {"en": "one megabyte", "zh": "1 MB"}[language] in answer.text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_fault_of_ours_is_a_page(full: Path, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    app = create_app(full)
    app.logger.disabled = True

    def fault(**_facts: Any) -> None:
        raise RuntimeError("the details stay in the log")

    monkeypatch.setattr("causalcx.service.portal.published_cases", fault)
    answer = app.test_client().get(f"/?lang={language}")
    assert answer.status_code == 500
    assert {"en": "Something went wrong on our side", "zh": "系统出错"}[language] in answer.text
    assert "details" not in answer.text


def test_a_registry_that_cannot_be_read_is_said(workspace: Path) -> None:
    (workspace / ".causalcx" / "registry.sqlite").write_text(
        "this is no database, it only looks like one to a file manager"
    )
    app = create_app(workspace)
    app.logger.disabled = True
    client = app.test_client()
    assert client.get("/").status_code == 500
    assert "registry.sqlite" in client.get("/").text
    health = client.get("/health")
    assert health.status_code == 503
    assert health.json is not None
    assert health.json["cases"] is None


def test_another_name_for_this_machine_is_refused(client: FlaskClient) -> None:
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/", headers={"Host": "localhost:8000"}).status_code == 200
    assert client.get("/", headers={"Host": "[::1]:8000"}).status_code == 200


def test_health_counts_cases(client: FlaskClient) -> None:
    facts = client.get("/health").json
    assert facts is not None
    assert facts["registry"] == "ok"
    assert facts["cases"] == 4
    assert facts["version"]


def test_an_empty_portal_says_what_to_do_and_makes_nothing(workspace: Path, empty: FlaskClient) -> None:
    html = empty.get("/").text
    assert "No case is published yet" in html
    assert "causalcx demo" in html
    assert list((workspace / ".causalcx").iterdir()) == []


def test_the_list_tells_the_stored_figures(client: FlaskClient) -> None:
    html = client.get("/?lang=en").text
    assert "$1.05M" in html
    assert "24 of 25" in html
    assert "+4.1 points" in html
    assert "Simulated data" in html


def test_a_failed_check_stands_in_place_of_the_effect(full: Path) -> None:
    from causalcx.service.portal import published_case
    from causalcx.web.cards import cards_of

    found = published_case(workspace=full, key="uneven-groups")
    assert found is not None
    (card,) = cards_of(found, "zh")
    assert card.failed is not None
    assert (card.effects, card.money, card.chance) == ((), None, None)


def test_the_list_names_a_breached_guardrail_beside_the_money(workspace: Path, samples: Any) -> None:
    from causalcx.service.portal import published_case
    from causalcx.web.cards import cards_of

    registry = Registry.open(workspace / ".causalcx" / "registry.sqlite")
    publish_sample(
        registry, "good-money", samples.SAMPLES["base"](), {"merged": dict.fromkeys(("en", "zh"), "<h1></h1>")}
    )
    registry.close()
    found = published_case(workspace=workspace, key="good-money")
    assert found is not None
    assert found.valuation is not None
    breach = Notice(code="guardrail-breached", facts={"outcome": "calls", "comparison": "merged vs today"})
    cases = [
        c.model_copy(update={"decision": c.decision.model_copy(update={"because": (breach,)})})
        for c in found.valuation.cases
    ]
    (before,) = cards_of(found, "en")
    (card,) = cards_of(replace(found, valuation=found.valuation.model_copy(update={"cases": tuple(cases)})), "en")
    assert (before.breached, card.breached) == (None, "calls")
    assert card.money is not None


def test_each_arm_has_its_line_and_its_page(client: FlaskClient) -> None:
    html = client.get("/").text
    assert html.count("/cases/merge-two-arms") == 2
    assert "merge-two-arms two en" in client.get("/cases/merge-two-arms?arm=two&lang=en").text
    assert "merge-two-arms merged zh" in client.get("/cases/merge-two-arms?lang=zh").text


def test_a_design_without_a_control_has_its_line(workspace: Path, samples: Any) -> None:
    registry = Registry.open(workspace / ".causalcx" / "registry.sqlite")
    page = dict.fromkeys(("en", "zh"), "<article><h1>In waves</h1></article>")
    publish_sample(registry, "in-waves", samples.SAMPLES["base"](), {"merged vs today": page})
    registry.close()
    client = create_app(workspace).test_client()
    html = client.get("/?lang=en").text
    assert "1 case" in html
    assert 'href="/cases/in-waves"' in html
    assert "In waves" in client.get("/cases/in-waves").text


def test_the_list_tells_what_is_recommended(workspace: Path, samples: Any) -> None:
    registry = Registry.open(workspace / ".causalcx" / "registry.sqlite")
    publish_sample(registry, "in-part", samples.SAMPLES["in-part"]())
    registry.close()
    html = create_app(workspace).test_client().get("/?lang=en").text
    assert 'verdict-part">Roll out in part' in html


def test_a_figure_has_the_decimals_of_its_span(workspace: Path, samples: Any) -> None:
    sample = samples.SAMPLES["base"]()
    first, *rest = sample.readout.headlines
    vote = {"kind": "score", "unit": "votes", "matters": None}
    plain = sample.experiment.outcome(first.outcome).model_copy(update=vote)
    others = [o for o in sample.experiment.outcomes if o.key != first.outcome]
    experiment = sample.experiment.model_copy(update={"outcomes": [plain, *others]})
    wide = first.model_copy(update={"unit": "votes", "estimate": 7.41, "low": 4.1, "high": 10.8})
    readout = sample.readout.model_copy(update={"effects": (wide, *rest)})
    registry = Registry.open(workspace / ".causalcx" / "registry.sqlite")
    publish_sample(registry, "votes", replace(sample, experiment=experiment, readout=readout))
    registry.close()
    html = create_app(workspace).test_client().get("/?lang=en").text
    assert "<b>+7 votes</b>" in html
    assert "+4 to +11" in html


def test_a_newer_run_that_failed_is_said_on_the_case(full: Path, client: FlaskClient, samples: Any) -> None:
    assert "A newer run failed" not in client.get("/cases/merge-steps").text
    registry = Registry.open(full / ".causalcx" / "registry.sqlite")
    identity = {"key": "merge-steps", "plan_hash": "sha256:other", "fingerprint": "f", "seed": 1, "versions": {}}
    with pytest.raises(ValueError, match="no rows"), registry.run(**identity, now=dt.datetime.now(dt.UTC)):
        raise ValueError("no rows")
    registry.close()
    html = client.get("/cases/merge-steps").text
    assert "A newer run failed" in html
    assert "no rows" in html


def test_a_failure_is_told_in_the_readers_language(full: Path, client: FlaskClient) -> None:
    registry = Registry.open(full / ".causalcx" / "registry.sqlite")
    identity = {"key": "merge-steps", "plan_hash": "sha256:other", "fingerprint": "f", "seed": 1, "versions": {}}
    with pytest.raises(DataError), registry.run(**identity, now=dt.datetime.now(dt.UTC)):
        raise DataError("The data file {path} does not exist.", path="data.csv")
    registry.close()
    assert "The data file data.csv does not exist." in client.get("/cases/merge-steps?lang=en").text
    assert "数据文件 data.csv 不存在。" in client.get("/cases/merge-steps?lang=zh").text


def test_the_heading_counts_the_lines_below_it(client: FlaskClient) -> None:
    html = client.get("/?lang=en").text
    assert html.count('<th scope="row">') == 5
    assert "<small>5 cases</small>" in html


def test_what_is_under_way_goes_by_its_key_whatever_its_folder(full: Path, client: FlaskClient) -> None:
    for folder, text in {
        "renamed": DRAFT.replace("half-done", "merge-steps"),  # published under this key
        "merge-two-arms": DRAFT,  # a folder named like a published key
        "no-key": "title: {en: No key, zh: 无}\n",
    }.items():
        (full / "experiments" / folder).mkdir()
        (full / "experiments" / folder / "experiment.yaml").write_text(text, encoding="utf-8")
    html = client.get("/?lang=en").text
    assert re.findall(r'href="/drafts/([^"]+)"', html) == ["half-done", "no-key"]
    page = client.get("/drafts/half-done?lang=en").text
    assert "Half done" in page
    assert "<code>experiments/merge-two-arms/experiment.yaml</code>" in page
    assert client.get("/drafts/no-key").status_code == 200


class TestLanguage:
    def test_the_address_comes_first_and_is_remembered(self, client: FlaskClient) -> None:
        assert "没有这个页面" in client.get("/nowhere?lang=zh", headers={"Accept-Language": "en"}).text
        assert "没有这个页面" in client.get("/nowhere", headers={"Accept-Language": "en"}).text
        assert "no such page" in client.get("/nowhere?lang=en").text

    def test_then_the_browser(self, client: FlaskClient) -> None:
        assert "没有这个页面" in client.get("/nowhere", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}).text
        assert "no such page" in client.get("/nowhere", headers={"Accept-Language": "fr"}).text

    def test_then_the_portal(self, full: Path) -> None:
        client = create_app(full, language="zh").test_client()
        assert "没有这个页面" in client.get("/nowhere").text

    def test_the_switch_keeps_the_page(self, client: FlaskClient) -> None:
        assert "/cases/merge-two-arms?arm=two&amp;lang=zh" in client.get("/cases/merge-two-arms?arm=two&lang=en").text

    def test_an_unknown_language_is_passed_over(self, client: FlaskClient) -> None:
        answer = client.get("/nowhere?lang=xx")
        assert "no such page" in answer.text
        assert "Set-Cookie" not in answer.headers


class TestLook:
    def test_a_workspace_overrides_template_style_and_sentence(self, full: Path) -> None:
        for folder in ("templates", "static", "translations"):
            (full / "web" / folder).mkdir(parents=True)
        (full / "web" / "templates" / "glossary.html").write_text("ours: {{ say('glossary.title') }}")
        (full / "web" / "static" / "portal.css").write_text("body { color: teal }")
        (full / "web" / "translations" / "en.po").write_text(
            'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "glossary.title"\nmsgstr "Our words"\n'
        )
        client = create_app(full).test_client()
        assert client.get("/glossary?lang=en").text == "ours: Our words"
        assert client.get("/static/portal.css").text == "body { color: teal }"
        assert client.get("/static/portal.js").status_code == 200

    def test_the_style_of_a_case_is_the_reports_own(self, client: FlaskClient) -> None:
        assert ".case-headline" in client.get("/static/case.css").text

    def test_a_style_that_did_not_change_is_not_sent_again(self, client: FlaskClient) -> None:
        tag = client.get("/static/case.css").headers["ETag"]
        assert client.get("/static/case.css", headers={"If-None-Match": tag}).status_code == 304


def test_no_page_loads_a_heavy_library(with_draft: Path) -> None:
    addresses = [(method, address) for (method, _), (address, _) in ANSWERS.items()]
    program = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "from causalcx.web import create_app\n"
        "app = create_app(Path(sys.argv[1]))\n"
        "app.config['WTF_CSRF_ENABLED'] = False\n"
        "client = app.test_client()\n"
        "answers = [client.open(a, method=m).status_code for m, a in json.loads(sys.argv[2])]\n"
        "print(json.dumps([answers, [m for m in json.loads(sys.argv[3]) if m in sys.modules]]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(with_draft), json.dumps(addresses), json.dumps(HEAVY)], capture_output=True, text=True, check=True
    )  # fmt: skip
    answers, loaded = json.loads(done.stdout)
    assert answers == [status for _, status in ANSWERS.values()]
    assert loaded == []
