"""*Register a change*: what is typed becomes a file that the command line accepts, and nothing typed is lost."""

from __future__ import annotations

import datetime as dt
import html
import os
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from causalcx.core.experiment_file import load_experiment, parse_experiment, plain, read_metrics, read_yaml
from causalcx.core.packaged import packaged
from causalcx.core.seal import plan_hash, seal
from causalcx.registry import Registry
from causalcx.service import portal
from causalcx.web import create_app, form
from causalcx.web.form.fields import GROUPS, SECTIONS, Field
from causalcx.web.form.kinds import KINDS, number_in, quantity_in

EXPERIMENTS = packaged("experiments")
FILES = sorted(f for f in EXPERIMENTS.glob("*/experiment*.yaml") if f.parent.name != "_init")
METRICS = read_metrics(EXPERIMENTS / "metrics.yaml")

WHOLE = {
    "key": "shorter-wait", "title.en": "Answer within a minute", "title.zh": "一分钟内接通", "intervention": "staffing", "owner": "ana@example.com",
    "hypothesis.en": "Less waiting, less leaving.", "period.start": "2026-03-01", "period.end": "2026-04-15", "data.source": "data.csv",
    "design.kind": "randomised", "design.unit": "customer_id", "design.treatment": "arm", "design.control": "0", "interference": "shares",
    "interference.shares": "队列、坐席",
    "rows.arms": "2", "arms.0.label": "0", "arms.0.weight": "1", "arms.0.name.zh": "现状", "arms.1.label": "1", "arms.1.weight": "1",
    "rows.outcomes": "3", "outcomes.0.name.en": "churn", "outcomes.0.kind": "binary", "outcomes.0.column": "left", "outcomes.0.better": "lower",
    "outcomes.0.role": "primary", "outcomes.0.window_months": "3", "outcomes.0.matters": "0.5%", "outcomes.0.expects": "-0.02 … 0",
    "outcomes.2.name.en": "calls", "outcomes.2.kind": "count", "outcomes.2.column": "calls", "outcomes.2.role": "guardrail", "outcomes.2.margin": "5%",
    "outcomes.2.window_months": "3",
    "value.currency": "CNY", "value.horizon_months": "36", "value.discount_rate": "10%", "value.reach": "per_month", "value.reach.amount": "4,000",
    "rows.streams": "1", "streams.0.outcome": "churn", "streams.0.worth": "kept", "streams.0.recurs": "false", "streams.0.covers.from": "4",
    "streams.0.covers.to": "36",
    "rows.costs": "2", "costs.0.name.en": "build", "costs.0.form": "once", "costs.0.amount": "90,000", "costs.1.name.en": "run", "costs.1.form": "monthly",
    "costs.1.amount": "4000 ± 500",
    "rows.assumptions": "1", "assumptions.0.name.en": "kept", "assumptions.0.value": "150 / 240 / 300", "assumptions.0.owner": "finance@example.com",
    "decision.scale_if": "P(npv > 0) >= 0.9", "decision.min_grade": "3",
}  # fmt: skip
"""What a programme owner types; the second of three outcome rows stays empty."""


def boxes_of(typed: form.Typed) -> dict[str, str]:
    """A filled form as a browser sends it."""
    sent = dict(typed.singles)
    for group, rows in typed.rows.items():
        sent[f"rows.{group}"] = str(len(rows))
        sent |= {f"{group}.{i}.{box}": text for i, row in enumerate(rows) for box, text in row.items()}
    return sent


def shown_values(page: str) -> set[str]:
    """Every text that the boxes of a page hold."""
    found = re.findall(r'<input[^>]* value="([^"]+)"', page) + re.findall(r"<textarea[^>]*>\n([^<]*)</textarea>", page)
    found += re.findall(r'<option value="([^"]+)" selected>', page)
    return {html.unescape(text) for text in found}


def beside(page: str, box: str) -> str:
    """What stands beside a box as wrong."""
    found = re.findall(rf'<p class="wrong" id="{box}-wrong">([^<]*)</p>', page)
    return html.unescape(" ".join(found))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.parent.name + "/" + f.name)
def test_every_file_of_the_gallery_goes_through_the_form(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    stated = form.document_of(form.Typed.posted(boxes_of(form.typed_of(plain(read_yaml(text, None))))))
    again = parse_experiment(form.write_yaml(stated.document), metrics=METRICS)
    assert stated.complaints == []
    assert plan_hash(again) == plan_hash(parse_experiment(text, metrics=METRICS))


def test_what_the_owner_typed_as_a_file() -> None:
    document = form.document_of(form.Typed.posted(WHOLE)).document
    assert document["title"] == {"en": "Answer within a minute", "zh": "一分钟内接通"}
    assert document["hypothesis"] == "Less waiting, less leaving."
    assert document["period"] == {"start": dt.date(2026, 3, 1), "end": dt.date(2026, 4, 15)}
    assert document["design"]["ratio"] == {"0": 1, "1": 1}
    assert document["columns"] == {"arm": {"labels": {"0": "现状"}}}
    assert document["interference"] == {"shares": ["队列", "坐席"]}
    assert document["expects"] == {"churn": [-0.02, 0]}
    assert [o["name"] for o in document["outcomes"]] == ["churn", "calls"]
    assert document["outcomes"][0]["matters"] == 0.005
    assert document["outcomes"][1]["margin"] == {"relative": 0.05}
    assert document["value"]["reach"] == {"per_month": 4000}
    assert document["value"]["costs"] == [
        {"name": "build", "once": 90000},
        {"name": "run", "monthly": {"mean": 4000, "sd": 500}},
    ]
    assert document["assumptions"][0]["value"] == {"low": 150, "mode": 240, "high": 300}


DESIGNS = {
    "staggered": ({"time": "week", "cohort": "first_week", "compare": "not-yet", "cluster": "city"}, {}),
    "switchback": ({"time": "slot", "treatment": "routing", "control": "off", "washout": "1"}, {"washout": 1}),
    "synthetic-control": ({"time": "month", "treated": "北京, 7", "start": "2025-07", "method": "classic"}, {"treated": ["北京", "7"]}),
    "interrupted-time-series": ({"time": "day", "start": "2026-03-02", "season": "7, 30.4", "trend": "local"}, {"season": [7, 30.4]}),
    "discontinuity": ({"running": "hours", "cutoff": "8", "fuzzy": "credited"}, {"cutoff": 8}),
    "instrument": ({"instrument": "message", "treatment": "app", "control": "0"}, {}),
    "randomised": ({"treatment": "arm", "control": "0", "cluster": "team", "weight": "cluster", "received": "opened"}, {}),
}  # fmt: skip


@pytest.mark.parametrize("kind", DESIGNS)
def test_every_design_can_be_typed_and_comes_back(kind: str) -> None:
    typed, read = DESIGNS[kind]
    kept = {box: text for box, text in WHOLE.items() if not box.startswith(("design.", "arms."))}
    boxes = kept | {"design.kind": kind, "design.unit": "site"} | {f"design.{k}": text for k, text in typed.items()}
    document = form.document_of(form.Typed.posted(boxes)).document
    assert document["design"] == {"kind": kind, "unit": "site"} | typed | read
    parse_experiment(form.write_yaml(document), metrics=METRICS)
    assert (
        form.typed_of(document).singles.items() >= {k: v for k, v in boxes.items() if k.startswith("design.")}.items()
    )


def test_a_key_of_another_design_is_not_lost() -> None:
    typed = form.typed_of({"design": {"kind": "staggered", "unit": "store", "washout": 2}})
    assert "washout: 2" in typed.singles["extra"]


@pytest.mark.parametrize(
    ("text", "value"), [("12 months", {"months": 12}), ("90天", {"days": 90}), ("12", 12), ("soon", "soon")]
)
def test_a_horizon_as_people_write_it(text: str, value: Any) -> None:
    assert KINDS["horizon"].read(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12,000", 12000), ("1,5", "1,5"), ("35%", 0.35), ("０．３５", 0.35), ("１２％", 0.12), ("−3", -3), ("-0.5", -0.5), ("1e5", 1e5), ("margin", "margin"),
        ("0.31 / 0.35 / 0.38", {"low": 0.31, "mode": 0.35, "high": 0.38}), ("4000±500", {"mean": 4000, "sd": 500}), ("4000 +- 500", {"mean": 4000, "sd": 500}),
        ("3 … 9", {"p5": 3, "p95": 9}), ("3..9", {"p5": 3, "p95": 9}), ("{low: 1, mode: 2, high: 3}", {"low": 1, "mode": 2, "high": 3}),
        ("a / b / c", "a / b / c"), ("nan", "nan"), ("inf", "inf"), ("{", "{"),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(text: str, value: Any) -> None:
    assert quantity_in(text) == value


@given(st.one_of(st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False)))
def test_a_number_is_read_as_it_is_written(value: float) -> None:
    written = KINDS["number"].write(value)
    assert written is not None
    assert number_in(written) == value or abs(value) > 1e300


def all_boxes() -> list[str]:
    singles = [box for s in SECTIONS for part in s.parts if isinstance(part, Field) for box in part.boxes]
    return singles + [
        f"{g.name}.{i}.{box}" for g in GROUPS.values() for i in range(2) for part in g.fields for box in part.boxes
    ]


TYPED = st.dictionaries(
    st.sampled_from(all_boxes()),
    st.text(max_size=30) | st.sampled_from(["0.3 / 0.4 / 0.5", "2026-03-01", "a, b", "none", "{a: 1}", "x: 1"]),
    max_size=25,
)


def sent(texts: dict[str, str]) -> form.Typed:
    """As a browser sends it: a choice is one of its options, and every group has two rows."""
    choices = {box: (*choices_of(box), "") for box in texts if choices_of(box)}
    chosen = texts | {box: options[len(texts[box]) % len(options)] for box, options in choices.items()}
    return form.Typed.posted(chosen | {f"rows.{name}": "2" for name in GROUPS})


def choices_of(box: str) -> tuple[str, ...]:
    group, _, rest = box.partition(".")
    parts = GROUPS[group].fields if group in GROUPS else [p for s in SECTIONS for p in s.parts if isinstance(p, Field)]
    name = rest.partition(".")[2] if group in GROUPS else box
    return next((part.options for part in parts if part.name == name), ())


@settings(max_examples=50, deadline=None)
@given(TYPED)
def test_whatever_is_typed_the_file_says_exactly_that(texts: dict[str, str]) -> None:
    stated = form.document_of(sent(texts))
    text = form.write_yaml(stated.document)
    assert (plain(read_yaml(text, None)) if text else {}) == stated.document
    error = portal.check_draft(workspace=Path("/nonexistent"), text=text or "{}").error
    for complaint in form.complaints_of(error, stated.where):
        assert complaint.box is None or complaint.box.split(".")[0] in GROUPS or complaint.box in all_boxes()


def without_empty(node: Any) -> Any:
    if isinstance(node, list):
        return [without_empty(v) for v in node]
    kept = {k: without_empty(v) for k, v in node.items()} if isinstance(node, dict) else node
    return {k: v for k, v in kept.items() if v not in ({}, [], None)} if isinstance(kept, dict) else kept


@settings(max_examples=40, deadline=None)
@given(TYPED)
def test_a_file_fills_the_form_that_writes_it(texts: dict[str, str]) -> None:
    document = form.document_of(sent(texts)).document
    if "extra" not in texts and not any(box.endswith(".extra") for box in texts):
        again = form.document_of(form.Typed.posted(boxes_of(form.typed_of(document))))
        assert without_empty(again.document) == without_empty(document)  # an empty mapping says nothing


class TestAnswers:
    def test_a_whole_form_is_saved_and_loads(self, workspace: Path, empty: FlaskClient) -> None:
        answer = empty.post("/register", data=WHOLE | {"do": "save"})
        assert answer.status_code == 303
        assert answer.location == "/drafts/shorter-wait"
        experiment = load_experiment(workspace / "experiments" / "shorter-wait" / "experiment.yaml")
        assert experiment.design.control == "0"
        assert "causalcx plan shorter-wait" in empty.get(answer.location + "?lang=en").text
        assert "causalcx register shorter-wait" in empty.get(answer.location + "?lang=en").text
        assert [f.name for f in (workspace / "experiments" / "shorter-wait").iterdir()] == ["experiment.yaml"]

    @pytest.mark.parametrize(
        "button", ["check", "save", "add:outcomes", "remove:outcomes.1", "language:zh", "unfinished"]
    )
    def test_nothing_typed_is_lost(self, empty: FlaskClient, button: str) -> None:
        wrong = WHOLE | {
            "key": "../away",
            "period.end": "soon",
            "value.horizon_months": "many",
            "notes.en": 'a <b> & "c"\nsecond line',
            "decision.stop_if": "never",
        }
        page = empty.post("/register", data=wrong | {"do": button}).text
        typed = {text for box, text in wrong.items() if not box.startswith("rows.")}
        assert typed - shown_values(page) - {"randomised"} == set()
        assert re.search(r'value="randomised" checked', page)

    @pytest.mark.parametrize(("language", "said"), [("en", "is required and missing"), ("zh", "必填")])
    def test_problems_stand_beside_their_boxes_and_at_the_top(
        self, empty: FlaskClient, language: str, said: str
    ) -> None:
        page = empty.post(
            f"/register?lang={language}", data=WHOLE | {"owner": "", "outcomes.2.kind": "", "do": "check"}
        ).text
        assert said in beside(page, "owner")
        assert said in beside(page, "outcomes-2-kind")
        assert 'href="#owner"' in page
        assert 'href="#outcomes-2-kind"' in page

    @pytest.mark.parametrize(
        ("change", "box"),
        [
            ({"key": "a b"}, "key"), ({"intervention": "magic"}, "intervention"), ({"period.end": "2026-02-01"}, "period-start"), ({"period.start": "March"}, "period-start"),
            ({"design.treatment": ""}, "design-treatment"), ({"arms.0.weight": "none"}, "arms-0-weight"), ({"arms.1.label": ""}, "arms-1-label"),
            ({"arms.1.label": "0.0"}, "arms-1-label"), ({"outcomes.0.expects": "1 … -1"}, "outcomes-0-expects"), ({"outcomes.2.margin": ""}, "outcomes-2-margin"),
            ({"outcomes.0.column": ""}, "outcomes-0-column"), ({"value.currency": "yuan"}, "value-currency"), ({"value.reach.amount": "-4"}, "value-reach-amount"),
            ({"value.reach": ""}, "value-reach"), ({"streams.0.worth": "keeping"}, "streams-0-worth"), ({"streams.0.outcome": "chrun"}, "streams-0-outcome"),
            ({"streams.0.covers.from": "40"}, "streams-0-covers-from"), ({"costs.0.form": ""}, "costs-0-form"), ({"costs.1.amount": "-1"}, "costs-1-amount"),
            ({"assumptions.0.value": "3 / 2 / 1"}, "assumptions-0-value"), ({"decision.scale_if": "npv > 0"}, "decision-scale_if"),
            ({"decision.min_grade": "9"}, "decision-min_grade"), ({"interference": "none"}, "interference-shares"), ({"extra": "just words"}, "extra"),
            ({"extra": "owner: eva@example.com"}, "extra"), ({"extra": "sponsr: x"}, "extra"), ({"design.covariates": "left"}, "design-covariates"),
        ],
    )  # fmt: skip
    def test_each_problem_finds_its_box(self, empty: FlaskClient, change: dict[str, str], box: str) -> None:
        assert beside(empty.post("/register", data=WHOLE | {"do": "check"}).text, box) == ""
        page = empty.post("/register", data=WHOLE | change | {"do": "check"}).text
        assert beside(page, box) != ""
        assert f'id="{box}"' in page

    @pytest.mark.parametrize(
        ("change", "box", "named"),
        [
            ({"outcomes.0.extra": "windw: 3"}, "outcomes-0", "`windw`"),
            ({"streams.0.extra": "covers: {till: 3}"}, "streams-0", "`covers.till`"),
            ({"rows.columns": "1", "columns.0.name": "x", "columns.0.extra": "knwn: before"}, "columns-0", "`knwn`"),
            ({"extra": "sponsr: x"}, "extra", "`sponsr`"),
        ],
    )
    def test_a_further_key_that_is_wrong_is_named(
        self, empty: FlaskClient, change: dict[str, str], box: str, named: str
    ) -> None:
        assert beside(empty.post("/register", data=WHOLE | change | {"do": "check"}).text, box).startswith(named)

    def test_a_file_too_large_to_be_opened_is_not_saved(self, empty: FlaskClient, workspace: Path) -> None:
        refused = empty.post("/register?lang=en", data=WHOLE | {"do": "save", "extra": "notes: " + "x" * 200_000})
        assert (refused.status_code, "is larger than 200 kB" in refused.text) == (422, True)
        file = workspace / "experiments" / "shorter-wait" / "experiment.yaml"
        assert not file.exists()
        file.parent.mkdir(parents=True)
        file.write_text("# " + "x" * 200_000, encoding="utf-8")
        for page in ("/register/shorter-wait", "/drafts/shorter-wait"):
            opened = empty.get(page)
            assert (opened.status_code, "is larger than 200 kB" in opened.text) == (422, True)

    def test_a_count_of_rows_that_no_page_sends_is_none(self, empty: FlaskClient) -> None:
        assert empty.post("/register", data=WHOLE | {"rows.costs": "1" * 5000, "do": "check"}).status_code == 200

    def test_a_date_that_is_none_stays_in_its_box(self, empty: FlaskClient) -> None:
        page = empty.post("/register", data={"period.start": "1 March", "period.end": "2026-03-01", "do": "check"}).text
        assert re.search(r'name="period.start"[^>]*value="1 March"[^>]*type="text"', page)
        assert re.search(r'name="period.end"[^>]*value="2026-03-01"[^>]*type="date"', page)

    def test_rows_come_and_go_without_script(self, empty: FlaskClient) -> None:
        more = empty.post("/register", data=WHOLE | {"do": "add:costs"}).text
        assert 'name="rows.costs" value="3"' in more
        fewer = empty.post("/register", data=WHOLE | {"do": "remove:costs.0"}).text
        assert 'name="rows.costs" value="1"' in fewer
        assert 'name="costs.0.name.en"' in fewer
        assert 'value="run"' in fewer
        assert 'value="build"' not in fewer

    @pytest.mark.parametrize("button", ["add:nothing", "remove:costs.x", "remove:costs", "remove:costs." + "1" * 5000])
    def test_a_button_that_is_not_on_the_page(self, empty: FlaskClient, button: str) -> None:
        assert empty.post("/register", data={"do": button}).status_code == 400

    def test_keys_of_the_other_design_are_kept_but_not_written(self, empty: FlaskClient) -> None:
        page = empty.post(
            "/register",
            data=WHOLE
            | {"design.kind": "observational", "design.covariates": "age", "design.strata": "shop", "do": "check"},
        ).text
        assert "shop" in shown_values(page)
        assert "strata" not in re.findall(r'<pre id="preview"[^>]*>([^<]*)</pre>', page)[0]

    def test_the_preview_follows(self, empty: FlaskClient) -> None:
        answer = empty.post("/register/preview?lang=en", data=WHOLE).json
        assert answer is not None
        assert parse_experiment(answer["text"]).key == "shorter-wait"
        assert answer["state"] == "Complete"

    def test_the_language_changes_and_stays(self, empty: FlaskClient) -> None:
        assert '<html lang="zh-Hans">' in empty.post("/register", data=WHOLE | {"do": "language:zh"}).text
        assert '<html lang="zh-Hans">' in empty.get("/register").text


class TestSaving:
    def file(self, workspace: Path) -> Path:
        return workspace / "experiments" / "shorter-wait" / "experiment.yaml"

    def test_an_existing_file_is_not_touched_until_told(self, workspace: Path, empty: FlaskClient) -> None:
        self.file(workspace).parent.mkdir()
        self.file(workspace).write_text("key: mine\n")
        answer = empty.post("/register", data=WHOLE | {"do": "save"})
        assert answer.status_code == 409
        assert self.file(workspace).read_text() == "key: mine\n"
        assert 'value="replace:whole"' in answer.text
        assert empty.post("/register", data=WHOLE | {"do": "replace:whole"}).status_code == 303
        assert load_experiment(self.file(workspace)).key == "shorter-wait"

    def test_replacing_still_wants_a_whole_file(self, workspace: Path, empty: FlaskClient) -> None:
        assert empty.post("/register", data=WHOLE | {"owner": "", "do": "replace:whole"}).status_code == 422
        assert not self.file(workspace).exists()

    def test_a_sealed_plan_is_mentioned(self, workspace: Path, empty: FlaskClient) -> None:
        empty.post("/register", data=WHOLE | {"do": "save"})
        experiment = load_experiment(self.file(workspace))
        registry = Registry.open(workspace / ".causalcx" / "registry.sqlite")
        registry.register(seal(experiment, dt.date(2026, 2, 15)), experiment)
        registry.close()
        assert (
            "sealed on 15 Feb 2026" in empty.post("/register?lang=en", data=WHOLE | {"owner": "eva", "do": "save"}).text
        )
        assert "15 Feb 2026" in empty.get("/?lang=en").text

    def test_an_unfinished_draft_can_wait(self, workspace: Path, empty: FlaskClient) -> None:
        assert empty.post("/register", data={"key": "later", "title.en": "Later", "do": "save"}).status_code == 422
        assert (
            empty.post("/register?lang=en", data={"key": "later", "title.en": "Later", "do": "unfinished"}).status_code
            == 303
        )
        assert "Later" in shown_values(empty.get("/register/later").text)
        assert "points still open" in empty.get("/?lang=en").text
        for key in ("intervention", "owner", "hypothesis", "period", "data", "design", "outcomes"):
            assert f"<b>{key}</b>: is required and missing" in empty.get("/drafts/later?lang=en").text

    @pytest.mark.parametrize(
        "key", ["../away", "/tmp/away", "..", "a/b", "a\\b", ".hidden", "", "x" * 81, "a\n", "尝试"]
    )
    def test_a_key_is_no_path(self, workspace: Path, empty: FlaskClient, key: str) -> None:
        before = sorted(workspace.parent.rglob("*.yaml"))
        for verb in ("save", "unfinished", "replace:whole", "replace:unfinished"):
            answer = empty.post("/register", data=WHOLE | {"key": key, "do": verb})
            assert answer.status_code == (
                303 if key == "a\n" and verb == "save" else 422 if key != "a\n" else answer.status_code
            )
        assert [f for f in sorted(workspace.parent.rglob("*.yaml")) if f not in before and f.parent.name != "a"] == []

    @pytest.mark.skipif(not hasattr(os, "symlink"), reason="no symbolic links here")
    def test_a_folder_that_points_elsewhere_is_refused(
        self, workspace: Path, empty: FlaskClient, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        (workspace / "experiments" / "shorter-wait").symlink_to(elsewhere)
        assert empty.post("/register", data=WHOLE | {"do": "replace:whole"}).status_code == 422
        assert list(elsewhere.iterdir()) == []
        assert empty.get("/drafts/shorter-wait").status_code == 404

    def test_a_folder_that_cannot_be_written_is_said(self, workspace: Path, empty: FlaskClient) -> None:
        (workspace / "experiments" / "shorter-wait").write_text("a file where the folder should be")
        answer = empty.post("/register?lang=en", data=WHOLE | {"do": "save"})
        assert answer.status_code in (409, 422)
        assert "Answer within a minute" in answer.text

    def test_a_save_that_breaks_off_leaves_no_half(self, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        portal.save_draft(workspace=workspace, key="one", text="key: one\n")

        def full_disk(_handle: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full_disk)
        with pytest.raises(portal.UsageError, match="No space left"):
            portal.save_draft(workspace=workspace, key="one", text="key: one\nmore: 1\n", replace=True)
        folder = workspace / "experiments" / "one"
        assert [(f.name, f.read_text()) for f in folder.iterdir()] == [("experiment.yaml", "key: one\n")]

    @pytest.mark.parametrize(
        ("box", "typed", "said"),
        [
            ("data.source", "/etc/passwd", "leads out of the workspace"),
            ("data.source", "../../../secret.csv", "leads out of the workspace"),
            ("data.connection", "postgres://host/base", "names a database"),
            ("design.graph", "../../../secret.dot", "leads out of the workspace"),
        ],
    )
    def test_nothing_outside_the_workspace_can_be_named(
        self, workspace: Path, empty: FlaskClient, box: str, typed: str, said: str
    ) -> None:
        sent = WHOLE | {box: typed, "data.table": "t"} if box == "data.connection" else WHOLE | {box: typed}
        if box == "design.graph":
            sent["design.kind"] = "observational"
        page = empty.post("/register?lang=en", data=sent | {"do": "save"})
        assert page.status_code == 422
        assert said in beside(page.text, box)
        assert "工作区" in beside(empty.post("/register?lang=zh", data=sent | {"do": "save"}).text, box)
        refused = empty.post("/register?lang=en", data=sent | {"do": "unfinished"})
        assert refused.status_code == 422
        assert said in refused.text
        assert not self.file(workspace).exists()

    def test_a_link_out_of_the_workspace_leads_out_of_it(
        self, workspace: Path, empty: FlaskClient, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        (workspace / "experiments" / "elsewhere").symlink_to(tmp_path_factory.mktemp("elsewhere"))
        for source, status in (("../elsewhere/data.csv", 422), ("../../shared.csv", 303)):
            assert empty.post("/register", data=WHOLE | {"data.source": source, "do": "save"}).status_code == status

    def test_what_was_written_by_hand_may_stay(self, workspace: Path, empty: FlaskClient) -> None:
        empty.post("/register", data=WHOLE | {"do": "save"})
        by_hand = self.file(workspace).read_text(encoding="utf-8").replace("data.csv", "/data/large.parquet")
        self.file(workspace).write_text(by_hand, encoding="utf-8")
        for source, status in (("/data/large.parquet", 303), ("/data/other.parquet", 422)):
            sent = WHOLE | {"owner": "eva@example.com", "data.source": source, "do": "replace:whole"}
            assert empty.post("/register", data=sent).status_code == status

    def test_a_key_is_saved_where_it_stands(self, workspace: Path, empty: FlaskClient) -> None:
        empty.post("/register", data=WHOLE | {"do": "save"})
        (workspace / "experiments" / "shorter-wait").rename(workspace / "experiments" / "renamed")
        answer = empty.post("/register?lang=en", data=WHOLE | {"do": "save"})
        assert answer.status_code == 409
        assert "experiments/renamed/experiment.yaml was not touched" in answer.text
        assert empty.post("/register", data=WHOLE | {"owner": "eva", "do": "replace:whole"}).status_code == 303
        assert [f.name for f in (workspace / "experiments").iterdir()] == ["renamed"]
        assert load_experiment(workspace / "experiments" / "renamed" / "experiment.yaml").owner == "eva"

    def test_a_file_that_is_no_yaml_is_shown_not_edited(self, workspace: Path, empty: FlaskClient) -> None:
        portal.save_draft(workspace=workspace, key="odd", text="a: [1\n")
        assert empty.get("/register/odd").location == "/drafts/odd"
        assert "a: [1" in empty.get("/drafts/odd").text
        assert empty.get("/").status_code == 200


class TestForgery:
    def test_a_post_without_the_page_does_nothing_but_loses_nothing(self, workspace: Path) -> None:
        client = create_app(workspace).test_client()
        answer = client.post("/register?lang=en", data=WHOLE | {"do": "save"})
        assert answer.status_code == 400
        assert not (workspace / "experiments" / "shorter-wait").exists()
        assert "Answer within a minute" in shown_values(answer.text)
        assert "press the button again" in answer.text

    def test_the_page_carries_what_its_post_needs(self, workspace: Path) -> None:
        client = create_app(workspace).test_client()
        token = re.findall(r'name="csrf_token" value="([^"]+)"', client.get("/register").text)[0]
        assert client.post("/register", data=WHOLE | {"do": "save", "csrf_token": token}).status_code == 303

    def test_the_preview_needs_it_too(self, workspace: Path) -> None:
        assert create_app(workspace).test_client().post("/register/preview", data=WHOLE).status_code == 400

    def test_a_secret_of_ones_own_outlives_the_process(self, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CAUSALCX_SECRET", "kept for the test")
        first, second = create_app(workspace), create_app(workspace)
        assert first.secret_key == second.secret_key
        monkeypatch.delenv("CAUSALCX_SECRET")
        assert create_app(workspace).secret_key != create_app(workspace).secret_key
