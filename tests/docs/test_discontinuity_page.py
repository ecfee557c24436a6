"""The recipe for a threshold, followed; its file, its figures and the thresholds of its checks are those of the program."""

from __future__ import annotations

import re

from doc_pages import REPOSITORY

from causalcx.checks import discontinuity as verdicts
from causalcx.designs.cutoff import density
from causalcx.designs.cutoff import probes as cutoff_probes
from causalcx.simulate.outage import Outage

PAGE = REPOSITORY / "docs" / "how-to" / "discontinuity.md"


def test_the_recipe_runs(follow, tmp_path) -> None:
    ran = follow(PAGE, tmp_path)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert (tmp_path / "outage" / "truth.json").exists()


def test_the_file_shown_is_the_world_s() -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown in (REPOSITORY / "causalcx" / "simulate" / "outage.yaml").read_text(encoding="utf-8")


def test_the_figures_on_the_page_are_the_truth() -> None:
    truth, page = Outage().truth(), PAGE.read_text(encoding="utf-8")
    assert f"by {100 * truth['careless']['churn']:.1f} in a hundred" in page
    assert f"keeps {-100 * truth['effects']['churn']:.1f} in a hundred" in page


def test_the_thresholds_on_the_page_are_those_of_the_program() -> None:
    page = (REPOSITORY / "docs" / "reference" / "checks.md").read_text(encoding="utf-8")
    section = page.split("## Threshold\n")[1]
    multiples = [f"{m:g}" for m in cutoff_probes.MULTIPLES]
    said = [
        f"warns at p < {verdicts.WARNS} and fails at p < {verdicts.FAILS}", f"more than {density.LEAST_VALUES} different values", f"up to {density.NEIGHBOURS} steps", f"only with {density.TIED} rows",
        f"Warns below {verdicts.WEAK:g}", f"Warns below {verdicts.FEW}; fails below {verdicts.TOO_FEW}", f"The {100 * cutoff_probes.HOLE:g} % of the units",
        f"at {', '.join(multiples[:-1])} and {multiples[-1]} times",
    ]  # fmt: skip
    assert [text for text in said if text not in section] == []
