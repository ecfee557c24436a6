"""Tables on standard error; every label comes from the catalogues."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from causalcx import words
from causalcx.cli.say import say
from causalcx.core.case import Case, Valuation
from causalcx.core.effect import OWN, QUANTILE, SPILLOVER, Effect
from causalcx.core.experiment import Experiment
from causalcx.core.readout import Readout
from causalcx.core.seal import SealedPlan

NOTHING = "–"
MARKS = {"pass": "●", "info": "○", "warn": "▲", "fail": "✕"}


class Show:
    """Renders the result of one command."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def sealed(self, sealed: SealedPlan, language: str) -> None:
        """A sealed plan in one line."""
        facts = {"key": sealed.key, "date": sealed.sealed_on, "hash": sealed.hash}
        self.console.print(say("cli.sealed", language, **facts), highlight=False, soft_wrap=True)

    def experiments(self, rows: list[dict[str, Any]], language: str) -> None:
        """The registered experiments."""
        if not rows:
            self.console.print(say("cli.no-experiments", language))
            return
        table = table_of(language, "key", "title", "owner", "sealed", "run")
        for row in rows:
            title, state = words.text_in(row["title"], language), row.get("last_run")
            run = say(f"cli.state.{state}", language) if state else ""
            table.add_row(row["key"], title, row["owner"] or "", str(row.get("sealed_on") or ""), run)
        self.console.print(table)

    def facts(self, experiment: Experiment, facts: dict[str, Any], language: str) -> None:
        """What is known of one experiment."""
        table = Table(show_header=False, box=None)
        for name in ("experiment", "title", "owner", "design", "sealed_on", "hash", "last_run"):
            label = say(f"cli.column.{name.replace('_', '-')}", language)
            value = facts.get(name)
            if name == "last_run" and value:
                value = value | {"state": say(f"cli.state.{value['state']}", language)}
                value = " · ".join(
                    str(value[k]) for k in ("run", "state", "finished_at", "failure") if value[k] is not None
                )
            table.add_row(
                label,
                words.text_in(value, language) if isinstance(value, dict) else str(value if value is not None else "–"),
            )
        self.console.print(table)
        self._changes(facts.get("changes") or [], language)
        if facts["looks"]:
            self.console.print(_looks(facts["looks"], words.names_of(experiment, language), language))

    def plan(self, facts: dict[str, Any], language: str) -> None:
        """The canonical plan, its hash, and what changed since the seal."""
        self.console.print_json(data=facts["plan"])
        self.console.print(facts["hash"], highlight=False)
        if facts["sealed_on"] is None:
            self.console.print(words.sentence("notice.not-registered", {}, language))
        self._changes(facts["changes"], language)

    def _changes(self, changes: list[dict[str, Any]], language: str) -> None:
        if not changes:
            return
        self.console.print(say("cli.changed", language, count=len(changes)))
        table = table_of(language, "field", "sealed-value", "now")
        for change in changes:
            table.add_row(change["field"], _short(change["sealed"]), _short(change["now"]))
        self.console.print(table)

    def checks(self, checks: list[dict[str, Any]], language: str) -> None:
        """Every check with its sentence."""
        table = table_of(language, "", "check", "finding")
        for check in checks:
            code = f"check-name.{check['name']}"
            name = words.sentence(code, {}, language) if words.known(code, language) else check["name"]
            table.add_row(MARKS[check["verdict"]], name, check["sentence"])
        self.console.print(table)

    def readout(self, experiment: Experiment, readout: Readout, document: dict[str, Any], language: str) -> None:
        """Effects, or the failed check that hides them; checks; evidence level."""
        names = words.names_of(experiment, language)
        blocked, hidden = words.blocking_check(readout), words.hidden_outcomes(readout)
        table = table_of(language, "outcome", "comparison", "effect", "better", "adjusted")
        for effect in (e for e in readout.effects if e.listed):
            reason = blocked or hidden.get(effect.outcome)
            outcome = experiment.outcome(effect.outcome)
            shown = words.effect_text(effect, outcome, language, names=names)
            if reason:
                whole = effect.headline and not blocked
                bounds = words.bounds_text(readout, effect, outcome, language, names) if whole else None
                shown = bounds or words.check_sentence(reason, language, names=names)
            name = _part_name(effect, language)
            part = f" · {name}" if name else ""
            better = "" if reason else words.percent(effect.probability_better, language)
            adjusted = "" if reason or effect.p_adjusted is None else f"{effect.p_adjusted:.3g}"
            table.add_row(
                names.outcome(effect.outcome) + part, names.comparison(effect.comparison), shown, better, adjusted
            )
        self.console.print(table)
        self.checks(_checks(readout, names, language), language)
        self._grade(document["grade"], language)
        notices = (*readout.warnings, *readout.fallbacks, *readout.failures)
        documents = (*document["warnings"], *document["fallbacks"], *document["failures"])
        told = _tellable(notices, [*documents], readout)
        said = {n.code for n in readout.grade.because} if readout.grade else set()
        self._notices([n for n in told if n["code"] not in said])

    def _grade(self, grade: dict[str, Any], language: str) -> None:
        self.console.print(say("cli.evidence", language, level=grade["level"], of=grade["of"]))
        for reason in grade["because"]:
            self.console.print(f"  {reason}", highlight=False)
        if grade["to_raise"]:
            self.console.print(words.sentence("know.raise", {}, language))
        for step in grade["to_raise"]:
            self.console.print(f"  {step}", highlight=False)

    def _notices(self, notices: list[dict[str, Any]]) -> None:
        for notice in notices:
            self.console.print(f"▲ {notice['sentence']}", highlight=False)

    def valuation(self, experiment: Experiment, valuation: Valuation, document: dict[str, Any], language: str) -> None:
        """One row per case, and what the rule says."""
        names = words.names_of(experiment, language)
        table = table_of(language, "comparison", "npv", "pays", "payback", "decision")
        for case, said in zip(valuation.cases, document["cases"], strict=True):
            figures = [NOTHING] * 3 if words.rests_on_hidden(case) else _money_cells(case, language)
            table.add_row(names.comparison(case.comparison), *figures, said["decision"]["sentence"])
        self.console.print(table)
        for said in document["cases"]:
            for reason in said["decision"]["because"]:
                self.console.print(f"  {reason}", highlight=False)
        self._notices(document["warnings"])

    def doctor(self, facts: dict[str, Any]) -> None:
        """What this machine has."""
        table = Table(show_header=False, box=None)
        for check in facts["checks"]:
            table.add_row("●" if check["ok"] else "✕", check["name"], check["found"])
        self.console.print(table)


def _checks(readout: Readout, names: words.Names, language: str) -> list[dict[str, Any]]:
    """The checks as they may be told."""
    return [
        {"name": c.name, "verdict": c.verdict, "sentence": words.check_sentence(c, language, names=names)}
        for c in words.shown_checks(readout)
    ]


def _tellable(records: Any, said: list[dict[str, Any]], readout: Readout) -> list[dict[str, Any]]:
    """Notices without those that would tell an effect that a failed check hides."""
    return [s for record, s in zip(records, said, strict=True) if not words.tells_hidden(record, readout)]


def _money_cells(case: Case, language: str) -> list[str]:
    scale = words.money_scale([case.npv.mean, case.npv.p5, case.npv.p95], language)
    span = words.money_span(case.npv.p5, case.npv.p95, case.currency, language, scale=scale)
    middle = case.payback_months.p50
    return [
        f"{words.money(case.npv.mean, case.currency, language, scale=scale)} ({span})",
        words.share_of(case.probability_pays, language),
        NOTHING if middle is None else words.months(middle, language),
    ]


def _part_name(effect: Effect, language: str) -> str | None:
    """What a listed part is called; None for an effect itself."""
    if effect.aggregation in (OWN, SPILLOVER):
        return words.sentence(f"part.{effect.aggregation}", {}, language)
    if effect.aggregation and effect.aggregation.startswith(QUANTILE):
        return words.sentence("part.quantile", {"share": effect.aggregation.removeprefix(QUANTILE).strip()}, language)
    return effect.segment or effect.cohort


def _looks(looks: list[dict[str, Any]], names: words.Names, language: str) -> Table:
    """Every look so far: what it saw, and the range that pays for several looks."""
    table = table_of(language, "look", "as-of", "units", "outcome", "effect", "range")
    for look in looks:
        head = [
            words.whole(look["number"], language) if look["number"] else say("cli.look.unplanned", language),
            look["as_of"] or NOTHING,
            words.whole(look["rows"], language),
        ]
        for effect in look["effects"]:
            size = words.change_text(effect["estimate"], effect["unit"], names, sign=True)
            ends = words.span_with_unit(effect["low"], effect["high"], effect["unit"], names)
            table.add_row(*head, names.outcome(effect["outcome"]), size, ends)
    return table


def table_of(language: str, *columns: str) -> Table:
    """An empty table with these columns, by their codes."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(say(f"cli.column.{column}", language) if column else "", overflow="fold")
    return table


def _short(value: Any) -> str:
    text = "–" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def gallery(console: Console, result: Any, language: str) -> None:
    """The gallery at the end of the demo: effect, NPV with its span, chance that it pays, what the rule says, evidence level; then the files."""
    table = table_of(language, "experiment", "effect", "npv", "pays", "decision", "evidence")
    for row in result.rows:
        table.add_row(
            row["title"][language],
            row["effect"][language],
            row["npv"][language],
            row["pays"][language],
            row["decision"][language],
            row["evidence"],
        )
    console.print(table)
    for file in result.files:
        console.print(str(file), highlight=False, soft_wrap=True)


def how_to_see(console: Console, result: Any, language: str) -> None:
    """Where to look next."""
    console.print(say("cli.how-to-see", language, folder=str(result.workspace)), highlight=False, soft_wrap=True)
