"""What the terminal shows: nothing that a failed check hides, and readers' names."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from causalcx.cli.app import _busy, _console
from causalcx.cli.show import Show
from causalcx.core.check import Notice
from causalcx.service.gallery import rows_of
from causalcx.words import contract, names_of
from tests.unit.reports import case_samples as samples
from tests.unit.reports.case_samples import Sample

NAIVE = Notice(
    code="naive-difference",
    facts={"outcome": "NPS", "comparison": "merged vs today", "naive": 6.3, "estimate": 4.1, "unit": "NPS points"},
)


def fitted(sample: Sample, language: str = "en") -> str:
    console = Console(file=io.StringIO(), width=400)
    document = contract(sample.readout, language, names=names_of(sample.experiment, language))
    Show(console).readout(sample.experiment, sample.readout, document, language)
    return console.file.getvalue()


def test_names_in_brackets_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    title = "[vip] against [/x] :smile:"
    with _busy("demo", "en") as busy:
        busy(title)
        Show(_console()).experiments([{"key": "[red]", "title": title, "owner": "[/]"}], "en")
    shown = capsys.readouterr().err
    assert title in shown
    assert "[red]" in shown


def test_what_became_of_the_latest_run_is_told_in_the_readers_language() -> None:
    console = Console(file=io.StringIO(), width=400)
    run = {"run": 2, "state": "failed", "finished_at": "2026-03-02", "failure": "缺少数据。"}
    sample = samples.failed_ratio()
    Show(console).facts(sample.experiment, {"experiment": "x", "last_run": run, "looks": []}, "zh")
    assert "2 · 未能完成 · 2026-03-02 · 缺少数据。" in console.file.getvalue()


def valued(sample: Sample, language: str = "en") -> str:
    assert sample.valuation is not None
    console = Console(file=io.StringIO(), width=400)
    document = contract(sample.valuation, language, names=names_of(sample.experiment, language))
    Show(console).valuation(sample.experiment, sample.valuation, document, language)
    return console.file.getvalue()


@pytest.mark.parametrize("sample", [samples.failed_ratio(), samples.missing_answers()])
def test_a_hidden_effect_is_told_by_no_check_and_no_warning(sample: Sample) -> None:
    shown = fitted(replace(sample, readout=sample.readout.model_copy(update={"warnings": (NAIVE,)})))
    assert not [told for told in ("+4.1", "6.3", "2.3 points", "2.4 points") if told in shown]
    assert "How sharp the result is (NPS): a warning. Its figures would tell" in shown


def test_what_no_check_hides_is_told() -> None:
    shown = fitted(replace(samples.base(), readout=samples.readout(warnings=(NAIVE,))))
    assert "known only to within" in shown
    assert "differ by +6.3 points" in shown


def test_what_would_raise_the_level_has_a_heading() -> None:
    shown = fitted(samples.failed_ratio())
    assert shown.index("What would raise it") < shown.index("Find out why this failed")


@pytest.mark.parametrize(
    ("language", "named"),
    [("en", "one merged step against three steps as today"), ("zh", "合并为一步对比现行三步")],
)
def test_money_is_told_by_the_names_of_the_arms(language: str, named: str) -> None:
    shown = valued(samples.base(), language)
    assert named in shown
    assert "merged vs today" not in shown


def test_a_case_for_some_waves_is_not_told_as_one_for_all() -> None:
    sample = samples.in_part()
    assert "Roll it out in part" in valued(sample)
    assert "建议部分推广" in valued(sample, "zh")
    (row,) = rows_of(sample.experiment, sample.readout, sample.valuation)[:1]
    assert row["decision"] == {"en": "Roll out in part", "zh": "部分推广"}
    assert contract(sample.valuation)["cases"][0]["decision"]["advice"] == "part"


def test_what_the_level_says_already_is_not_said_twice() -> None:
    late = Notice(code="sealed-after-data", facts={"days": 3})
    level = samples.grade(4, -3).model_copy(update={"because": (late,)})
    shown = fitted(replace(samples.base(), readout=samples.readout(warnings=(late,), grade=level)))
    assert shown.count("The plan was sealed 3 days after the data began") == 1


def test_a_small_value_stands_on_the_scale_of_its_span() -> None:
    small = samples.case(2_489.0, 8_200.0, verdict="extend")
    assert "$2k (−$11k to $16k)" in valued(replace(samples.base(), valuation=samples.valuation(small)))
