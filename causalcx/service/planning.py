"""Plan: the sealed plan, how large the experiment has to be, and how often its decision rule errs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalcx import words
from causalcx.core.check import Notice
from causalcx.core.design_keys.randomised import Randomised
from causalcx.core.errors import CannotAnswer, UsageError
from causalcx.core.experiment import Experiment
from causalcx.core.money_terms import Value
from causalcx.core.readout import Readout
from causalcx.core.sizing import Replay, RuleChance, Sizing, Truth, monte_carlo_error
from causalcx.service.answerable import refuse_looks
from causalcx.service.experiments import Source, load, sealed_facts
from causalcx.service.interference import not_planned, refuse_interference, without_neighbours
from causalcx.service.simulating import Asked, Progress, simulate_plan

if TYPE_CHECKING:
    from causalcx.designs.planning.looks import Schedule
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
    splits: int | None = None,
    alike: Mapping[str, float] | None = None,
    cluster_size: float | None = None,
    sites: int | None = None,
    untouched: int | None = None,
    periods: int | None = None,
    moved: float | None = None,
    seed: int = SEED,
    workers: int = 1,
    progress: Progress | None = None,
    language: str = "en",
) -> dict[str, Any]:
    """The plan in canonical form, its hash, what the registry knows of it, and its ``sizing``.

    Spreads come from ``history`` (a file with the outcomes' columns, from before), or are stated by outcome: ``baseline``
    (enough for a yes-or-no outcome), ``spread`` (standard deviation between units) and ``answering`` (share with a value); where groups
    are drawn, also ``alike`` (the share of the variance that lies between them) and ``cluster_size`` (units of a group).
    ``size`` are the units planned in all arms together (periods, or slots, of a design over time); else what arrives within the
    period; else what is needed. Designs without a closed form are simulated on ``workers`` processes, with the same digits on any number
    of them; ``progress`` hears how many worlds are done, of how many. Their history is by default what the plan's own data hold of the time
    before; where spreads are stated, ``sites`` that get it, ``untouched`` ones, ``periods`` before and the share ``moved`` say the rest.
    """
    from causalcx.designs.planning.made import Setting
    from causalcx.designs.planning.spreads import Stated

    loaded = load(experiment)
    refuse_looks(loaded)
    stated = Stated(baseline or {}, spread or {}, answering or {}, alike or {}, cluster_size)
    if history is not None and stated.anything:
        raise UsageError("Give either a history, or what is known of the outcomes; not both.")
    refuse_interference(loaded)
    alone = without_neighbours(loaded)
    if isinstance(alone.design, Randomised):
        sizing = _sizing(alone, stated, history, size, per_month, runs, SPLITS if splits is None else splits, seed)
    else:
        known = Path(history) if history is not None else None
        setting = Setting(sites, untouched, periods, moved)
        asked = Asked(stated, setting, known, size, splits, seed, workers, progress, language)
        sizing = _simulated_sizing(alone, asked, per_month, runs)
    names = words.names_of(loaded, language)
    told = [
        n.model_copy(update={"sentence": words.notice_sentence(n, language, names=names)})
        for n in (*sizing.notices, *not_planned(loaded))
    ]
    return sealed_facts(loaded) | {"sizing": sizing.model_copy(update={"notices": tuple(told)}).model_dump(mode="json")}


def _sizing(
    experiment: Experiment, stated: Stated, history: str | Path | None, size: int | None, per_month: float | None,
    runs: int, splits: int, seed: int,
) -> Sizing:  # fmt: skip
    from causalcx.designs.arms.looks import TIGHTEST
    from causalcx.designs.planning.estimates import certain_readout, planned_readout
    from causalcx.designs.planning.looks import looks_plan, schedule, sizes_with_looks
    from causalcx.designs.planning.sizes import largest_need, outcome_sizes, size_notices
    from causalcx.designs.planning.split import planned_split

    split = planned_split(experiment)
    spreads, replay = _spreads(experiment, stated, history, split, splits, seed)
    money, reached, notices = _break_even(experiment, certain_readout(experiment, split, seed), seed)
    if replay and replay.units < replay.rows:
        notices.append(Notice(code="plan-replay-sample", facts={"used": replay.units, "rows": replay.rows}))
    if per_month is None and reached is not None:
        per_month = reached
        notices.append(Notice(code="plan-arrivals-from-reach", facts={"per_month": reached}))
    size = (
        size
        or _by_looks(experiment)
        or _within_period(experiment, per_month)
        or largest_need(experiment, spreads, split)
    )
    looks = schedule(experiment, size or TIGHTEST)
    rows = sizes_with_looks(outcome_sizes(experiment, spreads, split, size, per_month, money), looks)
    rule, open_ends = (), []
    if spreads is not None and size is not None:
        known = {o.key for o in spreads.outcomes}
        rule, open_ends = _rule(
            experiment,
            known,
            lambda truth, share=1.0: planned_readout(experiment, spreads, split, size * share, truth, seed),
            size,
            runs,
            seed,
            looks,
        )
    return Sizing(
        shares=dict(split.shares),
        size=size,
        per_month=per_month,
        source=spreads.source if spreads else None,
        outcomes=rows,
        looks=looks_plan(experiment, looks, size) if looks else None,
        rule=rule,
        replay=replay,
        notices=(*size_notices(experiment, spreads, split, rows), *notices, *open_ends),
    )


def _simulated_sizing(experiment: Experiment, asked: Asked, per_month: float | None, runs: int) -> Sizing:
    """The same for a design without a closed form."""
    from causalcx.designs.planning import simulated as plans
    from causalcx.designs.planning.estimates import certain_readout
    from causalcx.designs.planning.made import OVER_TIME
    from causalcx.designs.planning.sizes import outcome_sizes, size_notices
    from causalcx.designs.planning.split import sides_of

    over_time = experiment.design.kind in OVER_TIME
    size = asked.size or (None if over_time else _within_period(experiment, per_month))
    outcome = simulate_plan(experiment, replace(asked, size=size))
    found, split, seed = outcome.found, sides_of(experiment), asked.seed
    certain = (
        plans.expected_readout(found, {}, seed, certain=True) if found else certain_readout(experiment, split, seed)
    )
    money, reached, notices = _break_even(experiment, certain, seed)
    if per_month is None and reached is not None and not over_time:
        per_month = reached
        notices.append(Notice(code="plan-arrivals-from-reach", facts={"per_month": reached}))
    if found is None:
        rows = outcome_sizes(experiment, None, split, None, per_month, money)
        unknown = [] if outcome.notices else size_notices(experiment, None, split, rows)
        return Sizing(
            shares={}, size=size, per_month=per_month, outcomes=rows, notices=(*outcome.notices, *unknown, *notices)
        )
    known = {name for _, name, _ in found.effects}
    rule, open_ends = _rule(
        experiment, known, lambda truth: plans.expected_readout(found, truth, seed), found.planned.size, runs, seed
    )
    rows = plans.simulated_sizes(found, per_month, money, str(outcome.source))
    return Sizing(
        shares={},
        counts=found.world.counts,
        size=found.planned.size,
        per_month=per_month,
        source=outcome.source,
        outcomes=rows,
        tried=plans.sizes_tried(found),
        rule=rule,
        replay=plans.replay_of(found, outcome.rows) if outcome.source == "history" else None,
        notices=(*plans.simulated_notices(found, rows), *outcome.notices, *notices, *open_ends),
    )


def _by_looks(experiment: Experiment) -> int | None:
    """Units that the plan's last look is to have."""
    return experiment.looks.planned_units if experiment.looks else None


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
    experiment: Experiment, certain: Readout, seed: int
) -> tuple[dict[tuple[str, str], float | None], float | None, list[Notice]]:
    """By outcome and comparison, the effect at which the mean NPV is 0 while nothing else moves; and who arrives monthly."""
    from causalcx.value import value_case

    if experiment.value is None:
        return {}, None, [Notice(code="plan-without-money")]
    try:
        cases = value_case(experiment, certain, seed=seed).cases
    except CannotAnswer as error:
        return {}, None, [Notice(code="plan-cannot-price", facts={"reason": str(error)})]
    effects = {(b.of, c.comparison): b.at for c in cases for b in c.break_even if b.kind == "effect"}
    return effects, cases[0].reach.get("per_month"), []


def _rule(
    experiment: Experiment, known: Collection[str], planned: Callable[..., Readout], size: int, runs: int, seed: int,
    looks: Schedule | None = None,
) -> tuple[tuple[RuleChance, ...], list[Notice]]:  # fmt: skip
    """How often the rule says what, under each truth; nothing where an outcome that is priced is not ``known`` to vary how much.

    ``planned`` gives the readout that is expected if the true effects were these, with ``looks`` also at a share of the units.
    """
    if experiment.value is None or not runs:
        return (), []
    value = _without_unknown_capacity(experiment.value, known)
    missing = [s.outcome for s in value.streams if s.outcome not in known]
    if missing:
        return (), [Notice(code="plan-rule-needs-spread", facts={"outcomes": list(dict.fromkeys(missing))})]
    from causalcx.designs.planning.sizes import truths

    experiment = experiment.model_copy(update={"value": value})
    chances: list[RuleChance] = []
    for truth, effects in truths(experiment).items():
        try:
            chances += _chances(experiment, partial(planned, effects), looks, truth, effects, runs, seed)
        except CannotAnswer as error:
            return (), [Notice(code="plan-cannot-price", facts={"reason": str(error)})]
    return tuple(chances), [Notice(code="plan-rule-checks-hold", facts={"runs": runs, "size": size})]


def _chances(
    experiment: Experiment, planned: Callable[..., Readout], looks: Schedule | None, truth: Truth, effects: dict[str, float],
    runs: int, seed: int,
) -> list[RuleChance]:  # fmt: skip
    """What the rule says of each comparison under one truth: once, or look by look."""
    if looks is None:
        from causalcx.value.repeats import words_said

        said = words_said(experiment, planned(), runs=runs, seed=seed)
        return [_chance(c, truth, effects, counts, runs) for c, counts in said.items()]
    from causalcx.value.repeated_looks import ended_at_looks

    ended = ended_at_looks(experiment, planned, looks.times, looks.critical, runs=runs, seed=seed)
    return [_chance(c, truth, effects, e.said, runs).model_copy(update={"ends_at": e.share}) for c, e in ended.items()]


def _without_unknown_capacity(value: Value, known: Collection[str]) -> Value:
    """Freed capacity decides nothing, so its spread need not be known."""
    streams = [s for s in value.streams if s.cash or s.outcome in known]
    return value.model_copy(update={"streams": streams})


def _chance(comparison: str, truth: Truth, effects: dict[str, float], said: Counter, runs: int) -> RuleChance:
    shares = {word: said[word] / runs for word in ("scale", "stop", "extend")}
    errors = {f"{word}_error": monte_carlo_error(said[word], runs) for word in shares}
    return RuleChance(comparison=comparison, truth=truth, effects=effects, runs=runs, **shares, **errors)
