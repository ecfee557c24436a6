"""Commands of ``causalcx``. Results go to standard output as JSON with ``--json``, tables and progress to standard error."""

from __future__ import annotations

import os
import sys
import warnings
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="causalcx", no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    help="Links customer-experience changes to ROI: register, check, fit, value, publish.",
)  # fmt: skip

Where = Annotated[
    str, typer.Argument(metavar="EXPERIMENT", help="Path of an experiment file or folder, or a key of the workspace.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")]
Seed = Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed of every random number.")]
LANGUAGES = ("en", "zh")
"""As in ``words``, which ``--help`` must not load."""


def _known_language(language: str) -> str:
    if language not in LANGUAGES:
        raise typer.BadParameter(f"`{language}` is not a language of causalcx; known: {', '.join(LANGUAGES)}.")
    return language


Language = Annotated[
    str, typer.Option("--language", "-l", help="en or zh.", envvar="CAUSALCX_LANGUAGE", callback=_known_language)
]
Out = Annotated[
    Path | None,
    typer.Option(
        help="Folder to write to; default: reports/gallery/KEY of the workspace, else report beside the file."
    ),
]
AsOf = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Date of the data, instead of the file's `as_of`.")
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port of the portal; 0 takes any free one.")]
OK, FAULT = 0, 1


@app.command()
def init(
    key: Annotated[str, typer.Argument(help="Key of the new experiment, for example faster-refunds.")] = "",
    title: Annotated[str, typer.Option(help="The change in a few words.")] = "",
    intervention: Annotated[str, typer.Option(help="Kind of change, for example behavioural or staffing.")] = "",
    owner: Annotated[str, typer.Option(help="Who answers for the change.")] = "",
    hypothesis: Annotated[str, typer.Option(help="What is expected to happen, and why.")] = "",
    design: Annotated[str, typer.Option(help="How it will be judged.")] = "randomised",
    data: Annotated[str, typer.Option(help="Data file beside the experiment file.")] = "data.csv",
    workspace: Annotated[Path | None, typer.Option(help="Make the folders of a workspace here.")] = None,
    language: Language = "en",
) -> None:
    """Write a commented experiment file, or make a workspace; asks for what no option gives."""
    from causalcx import service

    if workspace is not None:
        _say_files(service.init_workspace(folder=workspace))
        if not key:
            return
    answers = {"key": key, "title": title, "intervention": intervention, "owner": owner, "hypothesis": hypothesis}
    for name in answers:
        answers[name] = answers[name] or _asked(name, language)
    _say_files([service.init_experiment(folder=workspace or Path.cwd(), design=design, data=data, **answers)])


def _asked(name: str, language: str) -> str:
    from causalcx.cli.say import say
    from causalcx.core.errors import UsageError
    from causalcx.core.experiment import INTERVENTIONS

    if sys.stdin.isatty():
        return typer.prompt(say(f"init.{name}", language, kinds=", ".join(INTERVENTIONS)), err=True)
    raise UsageError("`{name}` is needed: give it as an option, or answer the question in a terminal.", name=name)


def _say_files(files: list[Path]) -> None:
    for file in files:
        typer.echo(str(file))


@app.command()
def schema() -> None:
    """Print the JSON Schema of an experiment file, for editors."""
    import json

    from causalcx import service

    typer.echo(json.dumps(service.schema(), indent=2, ensure_ascii=False))


@app.command()
def register(experiment: Where, change: Annotated[bool, typer.Option(help="Seal a changed plan as a new version.")] = False,
             as_json: Json = False, language: Language = "en") -> None:  # fmt: skip
    """Seal the plan: what, why, who, cost, outcomes and decision rule, before the data."""
    from causalcx import service

    sealed = service.register(experiment=experiment, allow_change=change)
    _print(sealed.model_dump(mode="json"), as_json, lambda show: show.sealed(sealed, language))


@app.command("list")
def list_(as_json: Json = False, language: Language = "en") -> None:
    """List the registered experiments of the workspace."""
    from causalcx import service

    rows = service.list_experiments()
    _print({"schema": 1, "experiments": rows}, as_json, lambda show: show.experiments(rows, language))


@app.command()
def show(experiment: Where, as_json: Json = False, language: Language = "en") -> None:
    """Show what is known of an experiment: plan, seal, latest run."""
    from causalcx import service

    loaded = service.load(experiment)
    facts = service.show(experiment=loaded, language=language)
    _print(facts, as_json, lambda show: show.facts(loaded, facts, language))


@app.command()
def plan(
    experiment: Annotated[
        str,
        typer.Argument(
            metavar="[EXPERIMENT]",
            help="Path of an experiment file or folder, or a key of the workspace; not needed with --advise.",
        ),
    ] = "",
    history: Annotated[
        Path | None, typer.Option(help="File with the outcomes' columns from before: spreads, and an A/A replay.")
    ] = None,
    baseline: Annotated[
        list[str] | None, typer.Option(help="NAME=NUMBER: an outcome without the change; enough for a yes-or-no one.")
    ] = None,
    spread: Annotated[
        list[str] | None, typer.Option(help="NAME=NUMBER: standard deviation of an outcome between units.")
    ] = None,
    answering: Annotated[
        list[str] | None, typer.Option(help="NAME=SHARE: share of units that have a value of the outcome.")
    ] = None,
    alike: Annotated[
        list[str] | None,
        typer.Option(help="NAME=SHARE: share of an outcome's variance that lies between groups which are drawn as one."),
    ] = None,
    cluster_size: Annotated[float | None, typer.Option(min=1, help="Units of such a group.")] = None,
    size: Annotated[
        int | None,
        typer.Option(min=1, help="Units planned, all arms together; of a design over time periods from the start on, or slots of a unit."),
    ] = None,
    splits: Annotated[
        int | None,
        typer.Option(min=2, help="Random splits of a history (500); of a simulated design, worlds of every size (200; 50 of a time series, 24 of customers who chose)."),
    ] = None,
    periods: Annotated[
        int | None, typer.Option(min=1, help="Periods, or slots, of the time before, where spreads are stated.")
    ] = None,
    moved: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Share whom a nudge, or a cutoff, moves to take it up.")
    ] = None,
    per_month: Annotated[float | None, typer.Option(min=1, help="Units that arrive every month.")] = None,
    units: Annotated[Path | None, typer.Option(help="File of units to draw arms for, with --assign.")] = None,
    assign: Annotated[
        Path | None, typer.Option(help="CSV to write; `assignment.csv` beside the experiment is held against the data.")
    ] = None,
    salt: Annotated[str, typer.Option(help="Another salt draws another lot.")] = "",
    rerandomise: Annotated[
        float | None, typer.Option(help="Draw until covariates are balanced as in this share of all lots, such as 0.1.")
    ] = None,
    pairs: Annotated[
        bool, typer.Option("--pairs", help="Match units, or groups drawn as one, two by two on covariates; one of each pair gets it.")
    ] = False,
    advise: Annotated[bool, typer.Option("--advise", help="Tell which designs would work; asks, or takes the next six.")] = False,
    decided: Annotated[
        str,
        typer.Option(help="Who decides who gets it: open, chance, nudge, threshold, company, customers, results, everyone."),
    ] = "",
    when: Annotated[str, typer.Option(help="once, waves or switching.")] = "",
    sites: Annotated[int | None, typer.Option(min=0, help="Sites that get it; 0 where single customers do.")] = None,
    untouched: Annotated[int | None, typer.Option(min=0, help="Sites or customers that do not get it, or get it last.")] = None,
    shares: Annotated[str, typer.Option(help="What both groups share, such as queue,agents; or none.")] = "",
    before: Annotated[
        bool | None, typer.Option(help="Whether the outcome was measured over several periods before.", show_default=False)
    ] = None,
    seed: Seed = 1,
    as_json: Json = False,
    language: Language = "en",
) -> None:  # fmt: skip
    """Say before the data how large the experiment has to be and how often its rule errs; draw the arms; advise on the design."""
    from causalcx import service
    from causalcx.cli import planning

    if advise:
        told = planning.advice(decided, when, sites, untouched, shares, before, language)
        _print(told, as_json, lambda show: planning.show_advice(show.console, told, language))
    elif assign is not None or units is not None:
        drawn = planning.assignment(experiment, units, assign, salt, rerandomise, pairs=pairs)
        _print(drawn, as_json, lambda show: planning.show_assignment(show.console, drawn, language))
    else:
        stated = [planning.pairs(texts) for texts in (baseline, spread, answering, alike)]
        with _busy("plan", language) as busy:
            loaded = service.load(planning.named(experiment))
            facts = service.plan(
                experiment=loaded, history=history, baseline=stated[0], spread=stated[1], answering=stated[2],
                alike=stated[3], cluster_size=cluster_size, size=size, per_month=per_month, sites=sites, untouched=untouched, periods=periods, moved=moved, splits=splits, seed=seed,
                workers=os.cpu_count() or 1, progress=planning.progress(busy, language), language=language,
            )  # fmt: skip
        _print(facts, as_json, lambda show: planning.show_plan(show, loaded, facts, language))


@app.command()
def schedule(
    experiment: Where,
    out: Annotated[Path, typer.Argument(help="CSV to write.")],
    units: Annotated[str, typer.Option(help="What is switched, for example north,south.")] = "",
    slot_minutes: Annotated[int, typer.Option(min=1, help="Length of a slot.")] = 120,
    hours: Annotated[str, typer.Option(help="Opening hours, for example 8-20.")] = "0-24",
    block: Annotated[int, typer.Option(min=0, help="Slots of a block; 0 = twice the washout.")] = 0,
    on: Annotated[str, typer.Option(help="Label of the setting that is not the control.")] = "on",
    seed: Seed = 1,
) -> None:
    """Draw the schedule of a switchback: on and off by slot, half each at every hour and weekday, the same for the same seed."""
    from causalcx import service

    file = service.write_schedule(
        experiment=experiment, out=out, units=units.split(","), minutes=slot_minutes, hours=hours, block=block, on=on, seed=seed
    )  # fmt: skip
    _say_files([file])


@app.command()
def check(experiment: Where, as_of: AsOf = None, as_json: Json = False, language: Language = "en") -> None:
    """Check design and data before any effect is seen."""
    from causalcx import service, words

    with _busy("check", language):
        loaded = service.load(experiment)
        checks = service.check(experiment=loaded, as_of=as_of and as_of.date())
    names = words.names_of(loaded, language)
    spoken = [c.model_copy(update={"sentence": words.check_sentence(c, language, names=names)}) for c in checks]
    document = {"schema": 1, "experiment": loaded.key, "checks": [c.model_dump(mode="json") for c in spoken]}
    _print(document, as_json, lambda show: show.checks(document["checks"], language))


@app.command()
def fit(
    experiment: Where,
    look: Annotated[
        int | None, typer.Option(min=1, help="Which planned look this is, where the data do not tell.")
    ] = None,
    as_of: AsOf = None,
    seed: Seed = 1,
    as_json: Json = False,
    language: Language = "en",
) -> None:
    """Estimate the effects on all outcomes, with checks and evidence level."""
    from causalcx import service, words

    with _busy("fit", language):
        loaded = service.load(experiment)
        readout = service.fit(experiment=loaded, seed=seed, look=look, as_of=as_of and as_of.date())
    document = words.contract(readout, language, names=words.names_of(loaded, language))
    _print(document, as_json, lambda show: show.readout(loaded, readout, document, language))


@app.command()
def value(
    experiment: Where, as_of: AsOf = None, seed: Seed = 1, as_json: Json = False, language: Language = "en"
) -> None:
    """Turn the effects into money: NPV, ROI, payback, the chance that it pays, the decision."""
    from causalcx import service, words

    with _busy("value", language):
        loaded = service.load(experiment)
        valuation = service.value(experiment=loaded, seed=seed, as_of=as_of and as_of.date())
    document = words.contract(valuation, language, names=words.names_of(loaded, language))
    _print(document, as_json, lambda show: show.valuation(loaded, valuation, document, language))


@app.command()
def report(experiment: Where, out: Out = None, seed: Seed = 1) -> None:
    """Write the business case as self-contained pages, in English and Chinese."""
    from causalcx import service

    with _busy("report", "en"):
        files = service.report(experiment=experiment, out=out, seed=seed)
    _say_files(files)


@app.command()
def publish(experiment: Where, seed: Seed = 1) -> None:
    """Put the business case into the portal."""
    from causalcx import service

    with _busy("publish", "en"):
        cases = service.publish(experiment=experiment, seed=seed)
    for case in cases:
        typer.echo(case)


@app.command()
def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; there are no accounts, so keep it on this machine.")
    ] = "127.0.0.1",
    port: Port = 8000,
    workspace: Annotated[Path | None, typer.Option(help="The workspace; default: around the current folder.")] = None,
    language: Language = "en",
) -> None:
    """Start the portal."""
    from causalcx.web import serve as start

    start(workspace=workspace or Path.cwd(), host=host, port=port, language=language)


@app.command()
def simulate(
    world: Annotated[
        str, typer.Argument(help="Which world: company, or the small one of a design; an unknown name lists them all.")
    ] = "company",
    out: Annotated[Path, typer.Option(help="Folder to write data, truth and experiment file to.")] = Path("simulated"),
    customers: Annotated[int, typer.Option(min=100, help="Number of customers.")] = 40_000,
    answering: Annotated[
        str, typer.Option(help="Who answers the survey: independent of treatment, or mood.")
    ] = "independent",
    seed: Seed = 1,
) -> None:
    """Write a simulated world with its known truth: a CX company of one table, or the small world of a design."""
    from causalcx import service

    _say_files(service.simulate(world=world, out=out, customers=customers, answering=answering, seed=seed))


@app.command()
def demo(
    serve_portal: Annotated[bool, typer.Option("--serve", help="Start the portal at the end.")] = False,
    port: Port = 8000,
    workspace: Annotated[
        Path | None, typer.Option(help="The workspace; default: around the current folder, else a new one.")
    ] = None,
    language: Language = "en",
) -> None:
    """Take the gallery through the whole chain: register, check, fit, value, publish."""
    from causalcx import service

    console = _console()
    with _busy("demo", language) as progress:
        result = service.demo(workspace=workspace, progress=progress)
    from causalcx.cli import show as tables

    tables.gallery(console, result, language)
    if serve_portal:
        from causalcx.web import serve as start

        start(workspace=result.workspace, host="127.0.0.1", port=port, language=language)
    else:
        tables.how_to_see(console, result, language)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Tell whether this machine has what causalcx needs."""
    from causalcx import service

    facts = service.doctor()
    _print(facts, as_json, lambda show: show.doctor(facts))
    if not facts["ok"]:
        raise typer.Exit(FAULT)


def _console() -> Any:
    """What prints; the user's own names may hold brackets and colons, which are no markup."""
    from rich.console import Console

    return Console(stderr=True, markup=False, emoji=False)


class _busy:  # noqa: N801 - a context manager used like a function
    """A spinner on standard error while work goes on; its call changes the text."""

    def __init__(self, verb: str, language: str) -> None:
        self.status = _console().status(verb)
        self.language = language

    def __enter__(self) -> _busy:
        self.status.__enter__()
        return self

    def __exit__(self, *failure: object) -> None:
        self.status.__exit__(None, None, None)

    def __call__(self, text: str) -> None:
        from rich.text import Text

        self.status.update(Text(text))  # a str would be read as markup


def _print(document: dict[str, Any], as_json: bool, render: Any) -> None:
    if as_json:
        import json

        typer.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))
        return
    from causalcx.cli import show as tables

    render(tables.Show(_console()))


def exit_code(error: Exception) -> int:
    """The exit code of an error, by the contract."""
    from causalcx.core.errors import CausalcxError

    return error.exit_code if isinstance(error, CausalcxError) else FAULT


def main() -> None:
    """Run a command; every error of ours is one sentence and an exit code."""
    from causalcx.core.errors import CausalcxError

    warnings.filterwarnings("ignore", category=SyntaxWarning)  # of packages that Python compiles at their first import
    try:
        app()
    except CausalcxError as error:
        from causalcx import words

        language = _language_asked()
        print(words.say(error, language), file=sys.stderr)
        sys.exit(exit_code(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(OK)


def _language_asked() -> str:
    for before, word in zip(sys.argv, sys.argv[1:], strict=False):
        if before in ("--language", "-l"):
            return word if word in LANGUAGES else "en"
    return "zh" if os.environ.get("CAUSALCX_LANGUAGE") == "zh" else "en"


__all__ = ["app", "main"]
