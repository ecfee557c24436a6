"""A seal counts only when nobody had seen an effect before it, whatever the file says of its period."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from causalcx import service
from causalcx.service.places import registry_file
from tests.conftest import changed

AHEAD = {"period.start": "2099-01-01", "period.end": "2099-02-01"}
"""A period that lies ahead, so that it would honour any seal of today."""
ROWS = "id,arm,y\n" + "".join(f"{i},{'ab'[i % 2]},{i % 7}\n" for i in range(60))


def write(folder: Path, changes: dict | None = None, rows: str = ROWS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data.csv").write_text(rows)
    (folder / "experiment.yaml").write_text(json.dumps(changed(AHEAD | (changes or {}))))
    return folder / "experiment.yaml"


def level(file: Path) -> tuple[int, int | None, list[str]]:
    readout = service.fit(experiment=file)
    said = {n.code for n in (*readout.grade.because, *readout.warnings)}
    unregistered = {"not-registered", "plan-changed", "sealed-after-data", "sealed-after-fit"}
    return readout.grade.level, readout.grade.sealed_days_before_data, sorted(said & unregistered)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "trial")


@pytest.fixture
def sealed(file: Path) -> tuple[int, int | None, list[str]]:
    """What a plan gets that was sealed before anybody looked."""
    service.register(experiment=file)
    best = level(file)
    registry_file(file.parent).unlink()
    return best


def test_sealed_then_fitted_counts_and_goes_on_counting(file, sealed):
    assert sealed[1] > 0
    assert sealed[2] == []
    service.register(experiment=file)
    assert level(file) == level(file) == sealed


def test_fitted_then_sealed_costs_a_level_and_says_why(file, sealed):
    level(file)
    service.register(experiment=file)
    assert level(file) == (sealed[0] - 1, 0, ["sealed-after-fit"])
    assert level(file) == (sealed[0] - 1, 0, ["sealed-after-fit"])  # the run that replaces the first one hides nothing
    stored = service.stored_fit(experiment=service.load(file))
    assert stored.grade.level == sealed[0] - 1
    assert [n.code for n in stored.warnings].count("sealed-after-fit") == 1


def test_a_plan_changed_after_a_fit_is_sealed_after_the_data(file, sealed):
    service.register(experiment=file)
    level(file)
    write(file.parent, {"hypothesis": "It helps after all."})
    assert level(file)[2] == ["plan-changed"]
    service.register(experiment=file, allow_change=True)
    assert level(file) == (sealed[0] - 1, 0, ["sealed-after-fit"])


def test_a_plan_changed_before_any_fit_is_sealed_before_the_data(file, sealed):
    service.register(experiment=file)
    write(file.parent, {"hypothesis": "It helps after all."})
    service.register(experiment=file, allow_change=True)
    assert level(file) == sealed


def test_the_same_data_under_another_key_were_seen_too(tmp_path, sealed):
    for folder in ("experiments", "reports"):
        (tmp_path / "w" / folder).mkdir(parents=True)
    level(write(tmp_path / "w" / "experiments" / "first"))
    second = write(tmp_path / "w" / "experiments" / "second", {"key": "second"})
    other_data = write(tmp_path / "w" / "experiments" / "third", {"key": "third"}, ROWS + "60,a,3\n61,b,4\n")
    for each in (second, other_data):
        service.register(experiment=each)
    assert level(second) == (sealed[0] - 1, 0, ["sealed-after-fit"])
    assert level(other_data) == sealed


def test_a_run_that_failed_showed_no_effect(file, sealed):
    write(file.parent, rows="id,arm,z\n1,a,2\n2,b,3\n")
    with pytest.raises(Exception, match="no column y"):
        level(file)
    service.register(experiment=file)
    write(file.parent)
    assert level(file) == sealed


def test_the_day_of_a_story_belongs_to_the_story(file, sealed):
    level(file)
    service.register(experiment=file, today=dt.date(2098, 12, 18), clock="story")
    assert level(file) == (sealed[0], 14, [])


def test_the_page_and_the_command_line_say_it(file, causalcx):
    level(file)
    service.register(experiment=file)
    today = dt.date.today()
    said = causalcx("fit", file, "--json").json["grade"]["because"]
    assert f"Effects had been estimated on {today.day} {today:%b %Y}" in " ".join(said)
    assert "就本举措或同一批数据估计过效果" in " ".join(
        causalcx("fit", file, "--json", "-l", "zh").json["grade"]["because"]
    )
    english, chinese = (page.read_text(encoding="utf-8") for page in service.report(experiment=file))
    assert "when effects had been estimated already" in english
    assert "此前已估计过效果" in chinese


@pytest.mark.parametrize("as_of", [None, "2099-03-01"])
def test_no_data_are_of_a_later_day_than_today(tmp_path, as_of):
    file = write(tmp_path / "ahead", {"as_of": as_of} if as_of else {})
    early = {c.name: c for c in service.fit(experiment=file, today=dt.date(2098, 6, 1)).checks}["early-look"]
    assert (early.verdict, early.facts["as_of"]) == ("fail", "2098-06-01")
    assert early in service.check(experiment=file, today=dt.date(2098, 6, 1))
    after = {c.name: c for c in service.check(experiment=file, today=dt.date(2099, 3, 2))}["early-look"]
    assert after.verdict == ("pass" if as_of else "info")


def test_a_simulated_story_keeps_its_dates(tmp_path):
    file = write(tmp_path / "story", {"data.origin": {"kind": "simulated"}, "as_of": "2099-03-01"})
    early = {c.name: c for c in service.check(experiment=file, today=dt.date(2098, 6, 1))}["early-look"]
    assert early.verdict == "pass"
