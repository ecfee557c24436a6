"""What the units of an experiment are called, in singular and plural, by design."""

from __future__ import annotations

import pytest

from causalcx.core.experiment_file import parse_experiment
from causalcx.words.names import Names, names_of

FILE = """
key: named
title: Named
intervention: other
owner: a@example.com
hypothesis: It moves the outcome.
period: {{start: 2026-01-01, end: 2026-01-31}}
data: {{source: data.csv}}
design: {design}
columns: {columns}
outcomes: [{{name: calls, kind: count, column: calls, role: primary}}]
"""
SWITCHED = "{kind: switchback, unit: centre, time: slot, treatment: on, control: 0}"
EVERYBODY = "{kind: interrupted-time-series, time: day, start: 2026-01-10}"


def named(design: str, columns: str = "{}", language: str = "en") -> Names:
    return names_of(parse_experiment(FILE.format(design=design, columns=columns)), language)


@pytest.mark.parametrize(
    ("label", "one", "many"),
    [
        ("City", "city", "cities"),
        ("branch", "branch", "branches"),
        ("Day", "day", "days"),
        ("Call centre", "call centre", "call centres"),
        ("ID card", "ID card", "ID cards"),
    ],
)
def test_a_label_of_the_file_has_its_plural_and_stands_within_a_sentence(label: str, one: str, many: str) -> None:
    names = named("{kind: staggered, unit: place, time: week, cohort: first}", f"{{place: {{label: {label}}}}}")
    assert (names.one, names.many) == (one, many)


def test_a_switchback_counts_slots() -> None:
    assert (named(SWITCHED).one, named(SWITCHED).many) == ("slot", "slots")
    assert named(SWITCHED, language="zh").one == "时段"


def test_one_of_them_is_counted_with_its_measure_word() -> None:
    races = named(
        "{kind: discontinuity, unit: race, running: margin, cutoff: 0}",
        "{race: {label: {en: race, zh: 选举}}}",
        language="zh",
    )
    assert (races.each, named(SWITCHED).each) == ("场选举", "slot")


def test_a_stretch_of_time_has_no_months_of_its_own() -> None:
    assert named(SWITCHED).passing
    assert not named("{kind: staggered, unit: place, time: week, cohort: first}").passing


def test_what_reached_everything_at_once_has_no_units_to_tell_of() -> None:
    assert named(EVERYBODY).whole
    assert not named(SWITCHED).whole


@pytest.mark.parametrize(("language", "told"), [("en", "whether tenure is missing"), ("zh", "在网时长是否缺失")])
def test_the_indicator_of_a_missing_value_is_told_in_words(language: str, told: str) -> None:
    names = Names(language, columns={"wait": "tenure" if language == "en" else "在网时长"})
    assert names.of("wait is missing") == told
