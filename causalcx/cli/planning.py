"""`causalcx plan`: options to arguments of the service, and its tables."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
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


def named(experiment: str) -> str:
    """The experiment of a command that may go without one."""
    if not experiment:
        raise UsageError("Which experiment? Name its file, folder or key; or ask for advice with --advise.")
    return experiment


def assignment(
    experiment: str, units: Path | None, out: Path | None, salt: str, rerandomise: float | None
) -> dict[str, Any]:
    """Draw the arms."""
    if units is None or out is None:
        raise UsageError(
            "An assignment takes --units FILE (who is there) and --assign OUT.csv (where it is kept); one is missing."
        )
    return service.assign(experiment=named(experiment), units=units, out=out, salt=salt, rerandomise=rerandomise)


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
        show.console.print(say("plan.size", language, size=sizing["size"], months=_duration(sizing)))
        show.console.print(_sizes(sizing, names, language))
    if sizing["rule"]:
        show.console.print(_rules(sizing["rule"], names, language))
    if sizing["replay"]:
        _show_replay(show.console, sizing["replay"], names, language)
    for notice in sizing["notices"]:
        show.console.print(f"▲ {notice['sentence']}", highlight=False)


def _duration(sizing: dict[str, Any]) -> float | None:
    return sizing["size"] / sizing["per_month"] if sizing["size"] and sizing["per_month"] else None


def _sizes(sizing: dict[str, Any], names: words.Names, language: str) -> Table:
    several = len(sizing["shares"]) > 2
    table = table_of(
        language,
        "outcome",
        *(["comparison"] if several else []),
        "matters",
        "needed",
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


def _rules(rule: list[dict[str, Any]], names: words.Names, language: str) -> Table:
    table = table_of(
        language,
        "truth",
        *(["comparison"] if len({r["comparison"] for r in rule}) > 1 else []),
        "scale",
        "stop",
        "extend",
    )
    for row in rule:
        arm = [names.comparison(row["comparison"])] if len(table.columns) > 4 else []
        table.add_row(
            say(f"plan.truth.{row['truth']}", language), *arm, *(_share(row, w) for w in ("scale", "stop", "extend"))
        )
    return table


def _share(row: dict[str, Any], word: str) -> str:
    return f"{words.percent(row[word], decimals=1)} ± {words.percent(row[f'{word}_error'], decimals=1)}"


def _show_replay(console: Console, replay: dict[str, Any], names: words.Names, language: str) -> None:
    facts = {"splits": replay["splits"], "units": replay["units"], "alarms": _share(replay, "false_alarms")}
    console.print(say("plan.replay", language, **facts), highlight=False)
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
