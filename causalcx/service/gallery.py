"""The gallery through the whole chain, and simulated companies to try things on."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from causalcx import words
from causalcx.core.case import Case, Valuation
from causalcx.core.effect import Effect
from causalcx.core.errors import UsageError
from causalcx.core.experiment import Experiment
from causalcx.core.packaged import packaged
from causalcx.core.readout import Readout
from causalcx.core.text import text_in
from causalcx.service.experiments import load, register
from causalcx.service.files import writing_to
from causalcx.service.places import EXPERIMENT_FILE, workspace_of
from causalcx.service.publishing import publish, report, results
from causalcx.service.starting import init_workspace

GALLERY = (
    "merge-confirmation-steps",
    "email-campaign",
    "tech-support-and-churn",
    "peak-staffing",
    "city-desk",
    "outage-credit",
    "app-nudge",
    "new-bill",
    "vip-routing",
    "worst-twenty",
)
STORY_LEAD_DAYS = 14
"""A simulated story seals its plan this many days before its period."""


@dataclass(frozen=True)
class DemoResult:
    """What the demo did."""

    workspace: Path
    rows: list[dict[str, Any]]
    files: list[Path]


def demo(*, workspace: Path | None = None, progress: Callable[[str], None] = lambda _text: None) -> DemoResult:
    """Register, fit, value, report and publish every gallery experiment of the workspace."""
    home = workspace or workspace_of(Path.cwd()) or Path.cwd() / "causalcx-demo"
    init_workspace(folder=home)
    rows: list[dict[str, Any]] = []
    files: list[Path] = []
    for key in GALLERY:
        if not (packaged("experiments") / key).is_dir():
            continue
        experiment = load(_copied(key, home))
        progress(text_in(experiment.title, "en"))
        _seal(experiment)
        readout, valuation = results(experiment, seed=1)
        rows += rows_of(experiment, readout, valuation)
        files += report(experiment=experiment)
        publish(experiment=experiment)
    return DemoResult(home, rows, files)


def _copied(key: str, workspace: Path) -> Path:
    """The experiment's folder in the workspace, from the shipped copy where it is not there yet."""
    target = workspace / "experiments" / key
    if not (target / EXPERIMENT_FILE).exists():
        with writing_to(target):
            shutil.copytree(packaged("experiments") / key, target, dirs_exist_ok=True)
    return target / EXPERIMENT_FILE


def _seal(experiment: Experiment) -> None:
    """Real data are sealed today, after the fact; in a simulated company the seal's date belongs to the story."""
    origin = experiment.data.origin
    if origin and origin.kind == "simulated":
        register(
            experiment=experiment,
            today=experiment.period.start - dt.timedelta(days=STORY_LEAD_DAYS),
            clock="story",
            allow_change=True,
        )
    else:
        register(experiment=experiment, allow_change=True)


def rows_of(experiment: Experiment, readout: Readout, valuation: Valuation | None) -> list[dict[str, Any]]:
    """One row per case: what happened to the first primary, the money, the evidence."""
    first = experiment.primaries[0]
    effects = [e for e in readout.headlines if e.outcome == first.key]
    cases = {c.comparison: c for c in valuation.cases} if valuation else {}
    grade = readout.grade
    rows = []
    for effect in effects:
        case = cases.get(effect.comparison)
        row: dict[str, Any] = {"key": experiment.key, "evidence": f"{grade.level}/{grade.of}" if grade else "–"}
        for column in ("title", "effect", "npv", "pays", "decision"):
            row[column] = {
                language: _cell(column, experiment, effect, readout, case, language) for language in words.LANGUAGES
            }
        rows.append(row)
    return rows


def _cell(
    column: str, experiment: Experiment, effect: Effect, readout: Readout, money: Case | None, language: str
) -> str:
    names = words.names_of(experiment, language)
    if column == "title":
        return f"{text_in(experiment.title, language)}: {names.comparison(effect.comparison)}"
    failed = words.blocking_check(readout) or words.hidden_outcomes(readout).get(effect.outcome)
    if column == "effect" and failed:
        return f"✕ {words.sentence(f'check-name.{failed.name}', {}, language)}"
    if column == "effect":
        text = words.effect_text(effect, experiment.outcome(effect.outcome), language, names=names)
        return f"{names.outcome(effect.outcome)} {text}"
    if money is None:
        return "–"
    if column == "decision":
        return words.sentence(f"decision-name.{money.decision.advice}", {}, language)
    if words.rests_on_hidden(money):
        return "–"
    if column == "pays":
        return words.share_of(money.probability_pays, language)
    scale = words.money_scale([money.npv.mean, money.npv.p5, money.npv.p95], language)
    span = words.money_span(money.npv.p5, money.npv.p95, money.currency, language, scale=scale)
    return f"{words.money(money.npv.mean, money.currency, language, scale=scale)} ({span})"


def simulate(
    *, out: Path, customers: int = 40_000, answering: str = "independent", seed: int = 1, world: str = "company"
) -> list[Path]:
    """Write data, truth and an experiment file of a simulated company, or of a design's small world; returns the files."""
    from causalcx.simulate.worlds import WORLDS, write_world

    if world in WORLDS:
        with writing_to(out):
            return list(write_world(world, out, seed).values())
    if world != "company":
        raise UsageError(
            "There is no world `{world}`; known: {known}.", world=world, known=", ".join(["company", *WORLDS])
        )
    modes: dict[str, Literal["random", "mood"]] = {"independent": "random", "mood": "mood"}
    if answering not in modes:
        raise UsageError("There is no answering `{answering}`; known: independent, mood.", answering=answering)
    from causalcx.simulate import write_company

    with writing_to(out):
        return list(write_company(out, customers=customers, seed=seed, answering=modes[answering]).values())
