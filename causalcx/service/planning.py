"""Plan: the sealed plan, how large the experiment has to be, and how often its decision rule errs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalcx import words
from causalcx.core.check import Notice
from causalcx.core.design_keys.randomised import Randomised
from causalcx.core.errors import CannotAnswer, UsageError
from causalcx.core.experiment import Experiment
from causalcx.core.money_terms import Value
from causalcx.core.sizing import Replay, RuleChance, Sizing, Truth, monte_carlo_error
from causalcx.service.experiments import Source, load, sealed_facts

if TYPE_CHECKING:
    from causalcx.designs.planning.split import Split
    from causalcx.designs.planning.spreads import Spreads, Stated

SEED = 1
RUNS = 1_000
SPLITS = 500
DAYS_A_MONTH = 365.25 / 12


def plan(
    *,
    experiment: Source,
    history: str | Path | None = None,
    baseline: Mapping[str, float] | None = None,
    spread: Mapping[str, float] | None = None,
    answering: Mapping[str, float] | None = None,
    size: int | None = None,
    per_month: float | None = None,
    runs: int = RUNS,
    splits: int = SPLITS,
    seed: int = SEED,
    language: str = "en",
) -> dict[str, Any]:
    """The plan in canonical form, its hash, what the registry knows of it, and its ``sizing``.

    Spreads come from ``history`` (a file with the outcomes' columns, from before), or are stated by outcome: ``baseline``
    (enough for a yes-or-no outcome), ``spread`` (standard deviation between units) and ``answering`` (share with a value).
    ``size`` are the units planned in all arms together; else what arrives within the period; else what is needed.
    """
    from causalcx.designs.planning.spreads import Stated

    loaded = load(experiment)
    stated = Stated(baseline or {}, spread or {}, answering or {})
    given = any((stated.baseline, stated.spread, stated.answering))
    if history is not None and given:
        raise UsageError("Give either a history, or what is known of the outcomes; not both.")
    sizing = _sizing(loaded, stated, history, size, per_month, runs, splits, seed)
    names = words.names_of(loaded, language)
    told = [n.model_copy(update={"sentence": words.notice_sentence(n, language, names=names)}) for n in sizing.notices]
    return sealed_facts(loaded) | {"sizing": sizing.model_copy(update={"notices": tuple(told)}).model_dump(mode="json")}


def _sizing(
    experiment: Experiment, stated: Stated, history: str | Path | None, size: int | None, per_month: float | None,
    runs: int, splits: int, seed: int,
) -> Sizing:  # fmt: skip
    unbuilt = _unbuilt(experiment)
    if unbuilt:
        return Sizing(
            shares={}, size=size, per_month=per_month, notices=(Notice(code="plan-not-built", facts=unbuilt),)
        )
    from causalcx.designs.planning.sizes import largest_need, outcome_sizes, size_notices
    from causalcx.designs.planning.split import planned_split

    split = planned_split(experiment)
    spreads, replay = _spreads(experiment, stated, history, split, splits, seed)
    money, reached, notices = _break_even(experiment, split, seed)
    if replay and replay.units < replay.rows:
        notices.append(Notice(code="plan-replay-sample", facts={"used": replay.units, "rows": replay.rows}))
    if per_month is None and reached is not None:
        per_month = reached
        notices.append(Notice(code="plan-arrivals-from-reach", facts={"per_month": reached}))
    size = size or _within_period(experiment, per_month) or largest_need(experiment, spreads, split)
    rows = outcome_sizes(experiment, spreads, split, size, per_month, money)
    rule, open_ends = _rule(experiment, spreads, split, size, runs, seed)
    return Sizing(
        shares=dict(split.shares),
        size=size,
        per_month=per_month,
        source=spreads.source if spreads else None,
        outcomes=rows,
        rule=rule,
        replay=replay,
        notices=(*size_notices(experiment, spreads, split, rows), *notices, *open_ends),
    )


def _unbuilt(experiment: Experiment) -> dict[str, Any]:
    """What keeps the arithmetic from this design; nothing for what it covers."""
    design = experiment.design
    if not isinstance(design, Randomised):
        return {"design": design.kind}
    return (
        {"design": design.kind, "key": "cluster" if design.cluster else "factors"}
        if design.cluster or design.factors
        else {}
    )


def _within_period(experiment: Experiment, per_month: float | None) -> int | None:
    """Units that arrive between the first and the last day of the period."""
    days = (experiment.period.end - experiment.period.start).days + 1
    return math.floor(per_month * days / DAYS_A_MONTH) or None if per_month else None


def _spreads(
    experiment: Experiment, stated: Stated, history: str | Path | None, split: Split, splits: int, seed: int
) -> tuple[Spreads | None, Replay | None]:
    from causalcx.designs.planning.spreads import learnt_spreads, stated_spreads

    if history is None:
        return stated_spreads(experiment, stated), None
    from causalcx.designs.planning.replay import history_need, replayed
    from causalcx.sources.engine import open_file
    from causalcx.sources.pull import pull
    from causalcx.sources.reduce import reduce

    design = experiment.design
    assert isinstance(design, Randomised)
    need, source = history_need(experiment, design), open_file(Path(history))
    spreads = learnt_spreads(experiment, reduce(source, need).moments, design.adjustment)
    replay = replayed(experiment, pull(source, need), split, splits=splits, seed=seed) if splits else None
    return spreads, replay


def _break_even(
    experiment: Experiment, split: Split, seed: int
) -> tuple[dict[tuple[str, str], float | None], float | None, list[Notice]]:
    """By outcome and comparison, the effect at which the mean NPV is 0 while nothing else moves; and who arrives monthly."""
    if experiment.value is None:
        return {}, None, [Notice(code="plan-without-money")]
    from causalcx.designs.planning.estimates import certain_spreads, planned_readout
    from causalcx.value import value_case

    certain = planned_readout(experiment, certain_spreads(experiment), split, math.inf, {}, seed)
    try:
        cases = value_case(experiment, certain, seed=seed).cases
    except CannotAnswer as error:
        return {}, None, [Notice(code="plan-cannot-price", facts={"reason": str(error)})]
    effects = {(b.of, c.comparison): b.at for c in cases for b in c.break_even if b.kind == "effect"}
    return effects, cases[0].reach.get("per_month"), []


def _rule(
    experiment: Experiment, spreads: Spreads | None, split: Split, size: int | None, runs: int, seed: int
) -> tuple[tuple[RuleChance, ...], list[Notice]]:
    """How often the rule says what, under each truth; nothing where an outcome that is priced has no known spread."""
    if experiment.value is None or spreads is None or size is None or not runs:
        return (), []
    value = _without_unknown_capacity(experiment.value, spreads)
    missing = [s.outcome for s in value.streams if spreads.position(s.outcome) is None]
    if missing:
        return (), [Notice(code="plan-rule-needs-spread", facts={"outcomes": list(dict.fromkeys(missing))})]
    from causalcx.designs.planning.estimates import planned_readout
    from causalcx.designs.planning.sizes import truths
    from causalcx.value.repeats import words_said

    experiment = experiment.model_copy(update={"value": value})
    chances: list[RuleChance] = []
    for truth, effects in truths(experiment).items():
        planned = planned_readout(experiment, spreads, split, size, effects, seed)
        try:
            said = words_said(experiment, planned, runs=runs, seed=seed)
        except CannotAnswer as error:
            return (), [Notice(code="plan-cannot-price", facts={"reason": str(error)})]
        chances += [_chance(c, truth, effects, counts, runs) for c, counts in said.items()]
    return tuple(chances), [Notice(code="plan-rule-checks-hold", facts={"runs": runs, "size": size})]


def _without_unknown_capacity(value: Value, spreads: Spreads) -> Value:
    """Freed capacity decides nothing, so its spread need not be known."""
    streams = [s for s in value.streams if s.cash or spreads.position(s.outcome) is not None]
    return value.model_copy(update={"streams": streams})


def _chance(comparison: str, truth: Truth, effects: dict[str, float], said: Counter, runs: int) -> RuleChance:
    shares = {word: said[word] / runs for word in ("scale", "stop", "extend")}
    errors = {f"{word}_error": monte_carlo_error(said[word], runs) for word in shares}
    return RuleChance(comparison=comparison, truth=truth, effects=effects, runs=runs, **shares, **errors)
