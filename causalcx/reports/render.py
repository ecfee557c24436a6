"""The page as HTML: one body in two shells, from templates that a workspace may override."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from causalcx.core.case import Valuation
from causalcx.core.experiment import Experiment
from causalcx.core.packaged import packaged
from causalcx.core.readout import Readout
from causalcx.core.seal import SealedPlan
from causalcx.reports.charts import charts as draw_charts
from causalcx.reports.pictures import titles
from causalcx.reports.view import comparison_of, effects_caption, page
from causalcx.reports.voice import Voice
from causalcx.words import known
from causalcx.words.formats import unbroken

STYLE = "case.css"
TRUST_PAGE = "/trust"
"""Where the portal has the whole table of known truths; a page that stands alone has the rows that concern it."""


def render_case(
    experiment: Experiment, readout: Readout, valuation: Valuation | None, *, arm: str, sealed: SealedPlan | None, language: str,
    shell: Literal["standalone", "portal"] = "standalone", charts: Mapping[str, str] | None = None, folders: Sequence[Path] = (),
) -> str:  # fmt: skip
    """The business case of one arm as HTML.

    ``standalone`` is a whole page with its style inside: no network, no script. ``portal`` is the ``<article>`` alone, for a
    page that links :func:`case_css`. ``charts`` are SVG texts by name (drawn here when None). ``folders`` are the workspace's
    ``reports`` folders, looked up before the packaged one.
    """
    voice = Voice.of(experiment, language)
    drawn = draw_charts(readout, valuation, experiment, arm, language) if charts is None else charts
    content = page(experiment, readout, valuation, arm=arm, sealed=sealed, language=language)
    effects_told = effects_caption(experiment, comparison_of(readout, arm, voice), voice)
    template = _environment(folders).get_template("case.html" if shell == "standalone" else "case_body.html")
    return template.render(
        page=content, charts={name: Markup(svg) for name, svg in drawn.items()}, captions=content["captions"] | {"effects": effects_told},
        trust=TRUST_PAGE if shell == "portal" else "", pictures=titles(experiment, readout, language), say=voice.say, explain=_explainer(voice), css=Markup(case_css(folders)) if shell == "standalone" else "",
    )  # fmt: skip


def case_css(folders: Sequence[Path] = ()) -> str:
    """The style of the case page; a workspace's copy replaces the packaged one."""
    found = next(f for f in _places(folders, "static") if (f / STYLE).is_file())
    return (found / STYLE).read_text(encoding="utf-8")


def _places(folders: Sequence[Path], part: str) -> list[Path]:
    return [*(folder / part for folder in folders), packaged("reports") / part]


def _environment(folders: Sequence[Path]) -> Environment:
    loader = FileSystemLoader([str(place) for place in _places(folders, "templates")])
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_together,
    )


def _together(value: Any) -> Any:
    """Figures stay on a line with their units; ready-made HTML stays as it is."""
    return unbroken(value) if type(value) is str else value


def _explainer(voice: Voice) -> Any:
    def explain(key: str) -> str:
        code = f"term.{key}.explain"
        return voice.say(code) if known(code, voice.language) else ""

    return explain
