"""The charts: static, self-contained, told in words, and true to their numbers."""

from __future__ import annotations

import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from causalcx.core.effect import LEE_LOWER, LEE_UPPER
from causalcx.reports.charts import bars, charts, effect_points
from causalcx.reports.render import render_case
from causalcx.reports.voice import Voice
from tests.unit.reports import case_samples as samples

RED_OR_GREEN = re.compile(
    r"#(?:[c-f][0-9a-f][0-4][0-9a-f][0-4][0-9a-f]|[0-4][0-9a-f][8-f][0-9a-f][0-4][0-9a-f])\b", re.IGNORECASE
)


def drawn(name: str, language: str = "en") -> dict[str, str]:
    s = samples.SAMPLES[name]()
    return charts(s.readout, s.valuation, s.experiment, s.arm, language)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_static_self_contained_and_described(language: str) -> None:
    for svg in drawn("base", language).values():
        root = ElementTree.fromstring(svg)
        assert root.attrib["role"] == "img"
        assert root.attrib["aria-label"]
        assert [child.tag.rsplit("}")[-1] for child in root][:2] == ["title", "desc"]
        references = re.findall(r"""(?:https?:|data:|url\(|href=|src=)[^"'\s>]*""", svg)
        assert [r for r in references if "www.w3.org" not in r] == []
        assert not RED_OR_GREEN.search(svg)
        assert "Noto Sans CJK SC" in svg


def test_which_charts_there_are() -> None:
    assert set(drawn("base")) == {"npv", "effects"}
    assert set(drawn("unpriced")) == {"effects"}
    assert set(drawn("hidden-money")) == {"effects"}
    assert drawn("failed-ratio") == {}


def test_a_bar_across_zero_is_cut_there_and_keeps_its_area() -> None:
    case = samples.case().model_copy(update={"histogram": samples.Histogram(edges=(-1.0, 3.0, 7.0), counts=(8, 4))})
    cut = bars(case, 1.0)
    assert [(b["low"], b["high"], b["gain"]) for b in cut] == [(-1.0, 0.0, False), (0.0, 3.0, True), (3.0, 7.0, True)]
    assert [b["height"] for b in cut] == [1.0, 1.0, 0.5]


def test_better_is_to_the_right_whichever_way_the_outcome_runs() -> None:
    s = samples.base()
    points = {
        p["name"]: p for p in effect_points(s.experiment, s.readout, "merged vs today", Voice.of(s.experiment, "en"))
    }
    assert points["Churn"]["at"] > 0
    assert points["Churn"]["low"] < points["Churn"]["at"] < points["Churn"]["high"] <= 1
    assert points["Churn"]["text"].startswith("−")
    assert (points["NPS"]["clear"], points["Calls"]["clear"]) == (True, False)


@pytest.mark.parametrize(("language", "told"), [("en", "Each row has a scale of its own"), ("zh", "各行刻度不同")])
def test_rows_say_that_their_scales_differ_on_the_page_and_in_the_text_alternative(language: str, told: str) -> None:
    s = samples.base()
    svg = drawn("base", language)["effects"]
    assert told in svg[svg.index("<desc>") : svg.index("</desc>")]
    html = render_case(
        s.experiment, s.readout, None, arm=s.arm, sealed=None, language=language, charts={"effects": "<svg></svg>"}
    )
    assert told in html[html.index("<figcaption>") :]


def test_a_hidden_outcome_carries_no_numbers() -> None:
    s = samples.missing_answers()
    hidden = effect_points(s.experiment, s.readout, "merged vs today", Voice.of(s.experiment, "en"))[0]
    assert hidden["hidden"]
    assert not {"at", "low", "high"} & set(hidden)
    assert "+4.1" not in drawn("missing-answers")["effects"]


def test_a_hidden_outcome_with_limits_is_not_said_to_be_kept_back() -> None:
    s = samples.missing_answers()
    limits = [s.readout.effects[0].model_copy(update={"aggregation": a, "share": 0.8}) for a in (LEE_LOWER, LEE_UPPER)]
    bounded = s.readout.model_copy(update={"effects": (*s.readout.effects, *limits)})
    told = effect_points(s.experiment, bounded, "merged vs today", Voice.of(s.experiment, "en"))[0]
    assert told["text"] == "only limits are known, see below"


def test_pages_with_stored_charts_load_no_plotting_library() -> None:
    code = (
        "import sys; import causalcx.reports, causalcx.words; "
        "print([m for m in ('altair', 'vl_convert', 'numpy', 'pandas', 'scipy', 'matplotlib') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
