"""A design's own pictures: drawn from codes, told in words, hidden with what they would tell."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from causalcx.core.check import Check
from causalcx.core.experiment import Column
from causalcx.core.picture import Picture, Series
from causalcx.reports.pictures import chart, pictures, titles
from causalcx.reports.render import render_case
from causalcx.reports.voice import Voice
from tests.unit.reports import case_samples as samples

EFFECT = Series(
    name="effect", x=(-2, -1, 0, 1), y=(0.1, None, 2.0, 3.0), low=(-1, None, 1, 2), high=(1, None, 3, 4), mark="points"
)
OBSERVED = Series(name="observed", x=(0, 1, 2), y=(0.1, 0.2, 0.4))
EXPECTED = Series(name="expected", x=(0, 1, 2), y=(0.1, 0.2, 0.2), low=(0.0, 0.1, 0.1), high=(0.2, 0.3, 0.3))
CODES = (
    "event-time",
    "event-time-own",
    "waves",
    "before-after",
    "gap",
    "threshold",
    "bandwidth",
    "schedule",
    "since-switch",
    "first-stage",
    "reduced-form",
    "selected-on-outcome",
)


def sample(*drawn: Picture, checks: tuple[Check, ...] = ()):
    s = samples.SAMPLES["base"]()
    return s, s.readout.model_copy(update={"pictures": drawn, "checks": (*s.readout.checks, *checks)})


def picture(code: str, *series: Series, outcome: str | None = None, **more: object) -> Picture:
    return Picture.model_validate({"code": code, "outcome": outcome, "series": series} | more)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("code", CODES)
def test_every_code_is_drawn_and_told(code: str, language: str) -> None:
    s, readout = sample(
        picture(code, OBSERVED, EXPECTED, outcome="churn", unit="share", rule=1.5, ticks=("a", "b", "c"))
    )
    drawn = pictures(s.experiment, readout, language)
    root = ElementTree.fromstring(drawn["picture-0"])
    told = titles(s.experiment, readout, language)[0]
    assert root.attrib["aria-label"] == told["title"]
    assert told["caption"]
    assert "picture." not in told["title"] + told["caption"]


def test_shares_are_drawn_in_per_cent_and_periods_by_their_labels() -> None:
    s, _ = sample()
    shown = picture("before-after", OBSERVED, EXPECTED, unit="share", ticks=("May", "June", "July"), rule=1)
    spec = chart(shown, Voice.of(s.experiment, "en")).to_dict()
    text = str(spec)
    assert "40.0" in text
    assert "June" in text
    assert "'%'" in text


def test_the_axis_speaks_as_the_file_does() -> None:
    s, readout = sample(picture("first-stage", OBSERVED, x="variant", ticks=("today", "merged", "other")))
    column = Column.model_validate({"label": {"en": "The page", "zh": "页面"}, "labels": {"today": "three steps"}})
    experiment = s.experiment.model_copy(update={"columns": {"variant": column}})
    drawn = pictures(experiment, readout, "en")["picture-0"]
    assert "The page" in drawn
    assert "three steps" in drawn
    assert "merged" in drawn


@pytest.mark.parametrize(
    ("ticks", "told", "not_told"),
    [
        (("2026-01-01", "2026-02-01", "2026-03-01"), "2026-02<", "2026-02-01"),
        (("2026-01-01", "2026-01-01 02:00:00", "2026-01-01 04:00:00"), "01-01 02:00<", "02:00:00"),
        (("2026-01-01", "2026-01-02", "2026-01-03"), "2026-01-02<", "01-02 "),
    ],
)
def test_periods_are_named_no_longer_than_needed(ticks: tuple[str, ...], told: str, not_told: str) -> None:
    s, readout = sample(picture("schedule", OBSERVED, ticks=ticks))
    drawn = pictures(s.experiment, readout, "en")["picture-0"]
    assert told in drawn
    assert not_told not in drawn


def test_of_many_periods_the_last_are_drawn() -> None:
    days = tuple(range(400))
    long = Series(name="observed", x=days, y=tuple(100.0 * (d < 200) for d in days))
    s, readout = sample(picture("gap", long, ticks=tuple(f"day {d}" for d in days), rule=360))
    drawn = pictures(s.experiment, readout, "en")["picture-0"]
    assert "day 280<" in drawn
    assert "day 0<" not in drawn
    assert ">100<" not in drawn


def test_the_caption_tells_of_placebos_where_there_are_some() -> None:
    s, readout = sample(picture("gap", OBSERVED), picture("gap", OBSERVED.model_copy(update={"name": "placebo"})))
    plain, with_placebos = (t["caption"] for t in titles(s.experiment, readout, "en"))
    assert "Thin lines" not in plain
    assert "Thin lines" in with_placebos


def test_jumps_elsewhere_are_no_units() -> None:
    s, readout = sample(picture("placebo-cutoffs", OBSERVED.model_copy(update={"name": "placebo"}), EFFECT))
    drawn = pictures(s.experiment, readout, "en")["picture-0"]
    assert "where nothing was decided" in drawn
    assert "unchanged units" not in drawn


def test_differences_of_shares_are_percentage_points() -> None:
    s, _ = sample()
    for language, told in (("en", "percentage points"), ("zh", "百分点")):
        voice = Voice.of(s.experiment, language)
        assert f"'title': '{told}'" in str(chart(picture("gap", OBSERVED, unit="share"), voice).to_dict())
        assert "'title': '%'" in str(chart(picture("waves", OBSERVED, unit="share"), voice).to_dict())


def test_captions_say_what_a_picture_does_not_show() -> None:
    above = OBSERVED.model_copy(update={"name": "above"})
    counts = {"units": 6, "of_units": 6, "periods": 100, "of_periods": 672}
    drawn = (picture("threshold", above), picture("since-switch", OBSERVED, rule=0.5), picture("first-stage", OBSERVED))
    s, readout = sample(*drawn)
    threshold, since, first = (t["caption"] for t in titles(s.experiment, readout, "en"))
    assert "whether they got the change or not" in threshold
    assert "the result leaves them out" in since
    assert "the result also takes 1 recorded column into account" in first
    assert "slots since the last switch" in pictures(s.experiment, readout, "en")["picture-1"]
    _, scheduled = sample(picture("schedule", OBSERVED, facts=counts))
    assert titles(s.experiment, scheduled, "en")[0]["caption"].endswith("the first 100 of 672 slots.")


def test_a_missing_value_is_left_out() -> None:
    s, _ = sample()
    spec = chart(picture("event-time", EFFECT), Voice.of(s.experiment, "en")).to_dict()
    points = [row for layer in spec["layer"] for row in layer.get("data", {}).get("values", [])]
    assert {row["x"] for row in points} <= {-2, 0, 1}


def test_a_page_carries_them_and_hides_them_with_the_effect() -> None:
    shown = picture("gap", OBSERVED, outcome="churn")
    s, readout = sample(shown)
    page = render_case(s.experiment, readout, s.valuation, arm=s.arm, sealed=None, language="en")
    assert titles(s.experiment, readout, "en")[0]["title"] in page
    _, hidden = sample(shown, checks=(Check(name="overlap", verdict="fail", facts={}),))
    assert pictures(s.experiment, hidden, "en") == {}
    _, without = sample(shown, checks=(Check(name="missing-by-arm", verdict="fail", facts={"outcome": "churn"}),))
    assert pictures(s.experiment, without, "en") == {}


def test_where_a_check_hides_every_effect_its_own_picture_stays() -> None:
    failed = Check(name="selected-on-outcome", verdict="fail", facts={"declared": "low-new", "outcome": "churn"})
    own, other = (picture(code, OBSERVED, EXPECTED, outcome="churn") for code in ("selected-on-outcome", "waves"))
    s, readout = sample(other, own, checks=(failed,))
    assert len(titles(s.experiment, readout, "en")) == 1
    assert list(pictures(s.experiment, readout, "en")) == ["picture-0"]
    html = render_case(s.experiment, readout, None, arm=s.arm, sealed=None, language="en")
    assert "left alone" in html
    assert html.count("<figure") == 1


@pytest.mark.parametrize(("language", "told"), [("en", "CNY"), ("zh", "元")])
def test_money_on_an_axis_is_in_the_readers_word(language: str, told: str) -> None:
    s = samples.SAMPLES["base"]()
    spec = chart(picture("event-time", EFFECT, unit="CNY"), Voice.of(s.experiment, language)).to_dict()
    assert f"'title': '{told}'" in str(spec)
