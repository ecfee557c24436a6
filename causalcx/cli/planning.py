"""`causalcx plan`: options to arguments of the service, and its tables."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from causalcx import service, words
from causalcx.cli.say import say
from causalcx.cli.show import NOTHING, Show, table_of
from causalcx.core.errors import UsageError
from causalcx.core.experiment import Experiment

SHOWN_LOOKS = 8
"""Rows of the table of looks."""


def pairs(texts: Iterable[str] | None) -> dict[str, float]:
    """NAME=NUMBER options as numbers by name."""
    return dict(_pair(text) for text in texts or ())


def _pair(text: str) -> tuple[str, float]:
    name, _, number = text.rpartition("=")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not name or not math.isfinite(value):
        raise UsageError("`{text}` is not of the form NAME=NUMBER, for example churn=0.1.", text=text)
    return name.strip(), value


def progress(busy: Callable[[str], None], language: str) -> Callable[[int, int], None]:
    """What says how far a simulation is."""
    return lambda done, whole: busy(say("plan.busy", language, done=done, all=whole))


def named(experiment: str) -> str:
    """The experiment of a command that may go without one."""
    if not experiment:
        raise UsageError("Which experiment? Name its file, folder or key; or ask for advice with --advise.")
    return experiment


def assignment(
    experiment: str, units: Path | None, out: Path | None, salt: str, rerandomise: float | None, *, pairs: bool
) -> dict[str, Any]:
    """Draw the arms."""
    if units is None or out is None:
        raise UsageError(
            "An assignment takes --units FILE (who is there) and --assign OUT.csv (where it is kept); one is missing."
        )
    return service.assign(
        experiment=named(experiment), units=units, out=out, salt=salt, rerandomise=rerandomise, pairs=pairs
    )


def advice(
    decided: str, when: str, sites: int | None, untouched: int | None, shares: str, before: bool | None, language: str
) -> dict[str, Any]:
    """What the options leave open is asked in a terminal; elsewhere only who decides has to be said."""
    answers = {
        "decided": decided,
        "when": when,
        "sites": sites,
        "untouched": untouched,
        "shares": shares,
        "before": before,
    }
    defaults = {"when": "once", "sites": 0, "untouched": 0, "shares": "none", "before": False}
    for name, given in answers.items():
        if given in ("", None):
            answers[name] = _asked(name, defaults.get(name), language)
    found = service.advise(
        decided=str(answers["decided"]), when=str(answers["when"]), sites=int(answers["sites"] or 0),
        untouched=int(answers["untouched"] or 0), shares=[s.strip() for s in str(answers["shares"]).split(",")],
        before=bool(answers["before"]), language=language,
    )  # fmt: skip
    return {"schema": 1} | found.model_dump(mode="json")


def _asked(name: str, default: Any, language: str) -> Any:
    if sys.stdin.isatty():
        return typer.prompt(say(f"advise.{name}", language), default=default, type=type(default), err=True)
    if default is None:
        raise UsageError("`{name}` is needed: give it as an option, or answer the question in a terminal.", name=name)
    return default


def show_plan(show: Show, experiment: Experiment, facts: dict[str, Any], language: str) -> None:
    """The sealed plan, then its sizes, the rule and the replay."""
    show.plan(facts, language)
    sizing, names = facts["sizing"], words.names_of(experiment, language)
    if any(row["spread"] or row["break_even"] is not None for row in sizing["outcomes"]):
        if sizing["size"] is not None:
            show.console.print(_planned(sizing, experiment.design.kind, language))
        show.console.print(_sizes(sizing, names, language))
    if sizing["tried"]:
        show.console.print(_tried(sizing, names, language))
    if sizing["looks"]:
        _show_looks(show.console, sizing["looks"], language)
    if sizing["rule"]:
        show.console.print(_rules(sizing["rule"], names, language))
    if sizing["replay"]:
        _show_replay(show.console, sizing["replay"], names, language)
    for notice in sizing["notices"]:
        show.console.print(f"▲ {notice['sentence']}", highlight=False)


def _planned(sizing: dict[str, Any], kind: str, language: str) -> str:
    if sizing["counts"] == "units":
        months = _duration(sizing)
        return say("plan.size" if months else "plan.size.no-rate", language, size=sizing["size"], months=months)
    counts = "waves" if kind == "staggered" else sizing["counts"]
    return say(f"plan.size.{counts}", language, size=sizing["size"])


def _tried(sizing: dict[str, Any], names: words.Names, language: str) -> Table:
    """What other sizes would show."""
    units = {row["outcome"]: row["unit"] for row in sizing["outcomes"]}
    table = table_of(language, "outcome", "size", "std-error", "seen", "chance")
    for row in sizing["tried"]:
        error, seen = (
            words.change_text(row[k], units[row["outcome"]], names, sign=k != "std_error")
            for k in ("std_error", "detectable")
        )
        off = words.percent(row["std_error_error"] / row["std_error"]) if row["std_error"] else NOTHING
        chance = _share(row, "chance") if row["chance"] is not None else NOTHING
        table.add_row(
            names.outcome(row["outcome"]), words.whole(row["size"], language), f"{error} ± {off}", seen, chance
        )
    return table


def _duration(sizing: dict[str, Any]) -> float | None:
    return sizing["size"] / sizing["per_month"] if sizing["size"] and sizing["per_month"] else None


def _sizes(sizing: dict[str, Any], names: words.Names, language: str) -> Table:
    several = len(sizing["shares"]) > 2
    table = table_of(
        language,
        "outcome",
        *(["comparison"] if several else []),
        "matters",
        {"units": "needed"}.get(sizing["counts"], f"needed-{sizing['counts']}"),
        "months-needed",
        "detectable",
        "pays-from",
    )
    for row in sizing["outcomes"]:
        change = [
            words.change_text(row[k], row["unit"], names, sign=k != "matters")
            for k in ("matters", "detectable", "break_even")
        ]
        arm = [names.comparison(row["comparison"])] if several else []
        needed, months = words.whole(row["needed"], language), words.number(row["months"], language, digits=2)
        table.add_row(names.outcome(row["outcome"]), *arm, change[0], needed, months, change[1], change[2])
    return table


def _show_looks(console: Console, looks: dict[str, Any], language: str) -> None:
    """What looking early costs, and the bound of each look (of many, some)."""
    facts = {k: looks[k] for k in ("false_alarm", "misled")} | {"more": looks["growth"] - 1, "of": len(looks["looks"])}
    console.print(say("plan.looks", language, **facts), highlight=False, soft_wrap=True)
    table = table_of(language, "look", "planned-for", "units", "bound")
    rows = looks["looks"]
    for row in [r for i, r in enumerate(rows[::-1]) if i % math.ceil(len(rows) / SHOWN_LOOKS) == 0][::-1]:
        when = row["on"] or words.percent(row["information"])
        units = words.whole(row["units"], language) if row["units"] else NOTHING
        table.add_row(str(row["number"]), when, units, words.number(row["critical"], digits=3))
    console.print(table)


def _rules(rule: list[dict[str, Any]], names: words.Names, language: str) -> Table:
    several, looks = len({r["comparison"] for r in rule}) > 1, rule[0]["ends_at"] is not None
    arms, ends = ["comparison"] if several else [], ["ends-at"] if looks else []
    table = table_of(language, "truth", *arms, "scale", "stop", "extend", *ends)
    for row in rule:
        arm = [names.comparison(row["comparison"])] if several else []
        end = [words.percent(row["ends_at"], decimals=0)] if looks else []
        said = [_share(row, w) for w in ("scale", "stop", "extend")]
        table.add_row(say(f"plan.truth.{row['truth']}", language), *arm, *said, *end)
    return table


def _share(row: dict[str, Any], word: str) -> str:
    return f"{words.percent(row[word], decimals=1)} ± {words.percent(row[f'{word}_error'], decimals=1)}"


def _show_replay(console: Console, replay: dict[str, Any], names: words.Names, language: str) -> None:
    facts = {"splits": replay["splits"], "units": replay["units"], "alarms": _share(replay, "false_alarms")}
    code = "plan.replay" if replay["independent"] is None else "plan.replay.placebos"
    console.print(say(code, language, **facts), highlight=False)
    table = table_of(language, "outcome", "comparison", "coverage", "spread-ratio")
    for row in replay["outcomes"]:
        ratio = words.number(row["spread_ratio"], digits=3)
        table.add_row(
            names.outcome(row["outcome"]), names.comparison(row["comparison"]), _share(row, "coverage"), ratio
        )
    console.print(table)


def show_assignment(console: Console, drawn: dict[str, Any], language: str) -> None:
    """How many units each arm got, and where it is kept."""
    arms = ", ".join(f"{arm} {n:,}" for arm, n in drawn["arms"].items())
    console.print(
        say("plan.assigned", language, arms=arms, **{k: drawn[k] for k in ("units", "strata", "file", "salt")}),
        highlight=False,
        soft_wrap=True,
    )
    if drawn["balance_p"] is not None:
        console.print(
            say("plan.rerandomised", language, lots=drawn["lots_drawn"], p=drawn["balance_p"]), highlight=False
        )


def show_advice(console: Console, told: dict[str, Any], language: str) -> None:
    """The designs that would work, best first, and what would not."""
    for refused in told["refused"]:
        console.print(f"✕ {refused['because']['sentence']}", highlight=False)
        instead = words.listing(
            [words.sentence(f"design.{kind}", {}, language) for kind in refused["instead"]], language
        )
        console.print("  " + say("advise.instead", language, designs=instead), highlight=False)
    for design in told["designs"]:
        name = words.sentence(f"design.{design['design']}", {}, language)
        console.print(
            say("advise.design", language, name=name, kind=design["design"], level=design["level"]), highlight=False
        )
        for part in ("needs", "assumes"):
            said = [n["sentence"] for n in design[part]]
            console.print(
                "  " + say(f"advise.{part}", language, what=("；" if language == "zh" else "; ").join(said) or NOTHING),
                highlight=False,
            )
