"""Known truths: the page of all tables, and the rows that a case links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from causalcx.core.design_keys import KINDS
from causalcx.core.experiment_file import load_experiment
from causalcx.reports import render_case, trust_page
from causalcx.reports.trust import nearest, rows
from tests.unit.reports import case_samples as samples

ROOT = Path(__file__).parents[3]
PAGE = trust_page()
IDS = re.findall(r' id="([^"]+)"', PAGE)


def test_every_design_and_every_row_has_its_place() -> None:
    written = (ROOT / "docs" / "reference" / "trust.md").read_text(encoding="utf-8")
    known = rows()
    assert set(KINDS) <= set(IDS)
    assert {row.anchor for row in known} <= set(IDS)
    assert len(IDS) == len(set(IDS))
    assert sum(f"| {row.case} | {row.runs} |" in written for row in known) == written.count(
        "| holds |"
    ) + written.count("| too wide |") + written.count("| shown as wrong |")
    assert not [row for row in known if not re.fullmatch(r"[\d,]+", row.runs) or not 0 <= float(row.coverage) <= 1]


def test_no_note_for_the_maker_and_no_style_reaches_the_page() -> None:
    assert not [told for told in ("<!--", " style=", "<a ", "](") if told in PAGE]


@pytest.mark.parametrize(
    ("key", "table", "kinds"),
    [
        ("merge-confirmation-steps", "coverage", {"nps", "binary", "amount", "count"}),
        ("star-staffing", "clusters", {"score"}),
        ("peak-staffing", "interference", {"amount"}),
        ("worst-twenty", "staggered", {"score"}),
        ("senate-threshold", "discontinuity", {"amount"}),
        ("volkswagen-shock", "interrupted_time_series", {"amount"}),
    ],
)
def test_a_case_has_the_rows_of_its_design_and_its_outcomes(key: str, table: str, kinds: set[str]) -> None:
    found = nearest(load_experiment(ROOT / "experiments" / key / "experiment.yaml"))
    assert {row.table for row in found} == {table}
    assert {row.kind for row in found} <= kinds
    assert found
    assert "shown as wrong" not in {row.verdict for row in found}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_case_links_its_rows_in_the_portal_and_on_a_page_of_its_own(language: str) -> None:
    s = samples.base()
    shown = {
        shell: render_case(
            s.experiment, s.readout, s.valuation, arm=s.arm, sealed=None, language=language, shell=shell, charts={}
        )
        for shell in ("portal", "standalone")
    }
    for row in nearest(s.experiment):
        assert f'href="/trust#{row.anchor}"' in shown["portal"]
        assert f'href="#{row.anchor}"' in shown["standalone"]
        assert f'<td class="n">{row.runs}</td><td class="n">{row.coverage}</td>' in shown["standalone"]
    assert "/trust#" not in shown["standalone"]
