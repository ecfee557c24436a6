"""Cases: what the portal lists is what was published, whatever happened since."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from kept_records import NOW, experiment_of, keep_run, readout_of, sealed_of, valuation_of

from causalcx.core.seal import canonical_plan
from causalcx.registry import Registry

PAGES = {"merged": {"en": "<article>merged</article>", "zh": "<article>合并</article>"}}


def put(registry: Registry, key: str = "merge", *, at: dt.datetime = NOW, **published: object) -> int:
    experiment = experiment_of(key)
    number = keep_run(registry, experiment, fingerprint=str(at))
    registry.save_valuation(number, valuation_of(experiment))
    registry.publish(number, experiment, canonical_plan(experiment), published.pop("pages", PAGES), at, **published)
    return number


def test_a_published_case_comes_back_without_loss(file: Path) -> None:
    number = put(Registry.open(file))
    case = Registry.open(file).case("merge")
    assert case.readout == readout_of(experiment_of(), run=str(number))
    assert case.valuation == valuation_of(experiment_of())
    assert case.pages == PAGES
    assert case.experiment == canonical_plan(experiment_of())
    assert case.title == {"en": "Merge the steps", "zh": "合并确认步骤"}
    assert case.published_at == NOW


def test_publishing_again_replaces_what_was_shown(registry: Registry) -> None:
    put(registry)
    newer = put(registry, at=NOW + dt.timedelta(days=1), pages={"merged": {"en": "new"}})
    assert [case.pages for case in registry.published()] == [{"merged": {"en": "new"}}]
    assert registry.case("merge").readout.provenance.run == str(newer)


def test_a_case_knows_the_file_it_came_from(registry: Registry) -> None:
    assert registry.published_from("merge") is None
    put(registry, file="experiments/merge/experiment.yaml")
    assert registry.published_from("merge") == "experiments/merge/experiment.yaml"


def test_cases_are_listed_newest_first(registry: Registry) -> None:
    for days, key in enumerate(("old", "middle", "new")):
        put(registry, key, at=NOW + dt.timedelta(days=days))
    assert [case.key for case in registry.published()] == ["new", "middle", "old"]
    assert registry.case("middle").key == "middle"
    assert registry.case("unknown") is None


def test_a_case_shows_the_plan_it_was_made_from_not_a_later_one(registry: Registry) -> None:
    put(registry)
    renamed = experiment_of(title="Another title")
    registry.register(sealed_of(renamed), renamed)
    assert registry.case("merge").title["en"] == "Merge the steps"


def test_list_and_page_agree_when_the_grade_changed_after_the_fit(registry: Registry) -> None:
    put(registry, readout=readout_of(experiment_of(), level=3))
    assert registry.case("merge").readout.grade.level == 3


def test_an_unpublished_run_and_an_unpriced_one(registry: Registry) -> None:
    experiment = experiment_of()
    number = keep_run(registry, experiment)
    assert registry.published() == []
    registry.publish(number, experiment, canonical_plan(experiment), PAGES, NOW)
    assert registry.case("merge").valuation is None


def test_a_newer_valuation_of_a_run_replaces_the_older(registry: Registry) -> None:
    number = put(registry)
    registry.save_valuation(str(number), valuation_of(experiment_of(), npv=-2.5))
    assert registry.case("merge").valuation.cases[0].npv.mean == -2.5
