"""The appendix: every effect, the joint covariance, prior and posterior, checks, and the run each number leads to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from causalcx.core.case import Case
from causalcx.core.check import HIDES_ONE
from causalcx.core.design_keys import KINDS
from causalcx.core.effect import LEE_LOWER, LEE_UPPER, Effect
from causalcx.core.experiment import Experiment
from causalcx.core.readout import Readout
from causalcx.core.seal import SealedPlan
from causalcx.reports.evidence import check_row, sentences
from causalcx.reports.trust import nearest, slug
from causalcx.reports.voice import Voice
from causalcx.words import blocking_check, hidden_outcomes, number, shown_checks, tells_hidden

HEADS = (
    "outcome", "comparison", "part", "estimand", "estimate", "interval", "std-error", "df", "p", "p-adjusted", "better", "unit", "method",
)  # fmt: skip

TRUST = "docs/reference/trust.md"
"""How often each design's intervals hold a known truth."""


def appendix(
    experiment: Experiment,
    readout: Readout,
    case: Case | None,
    sealed: SealedPlan | None,
    voice: Voice,
    *,
    show_effects: bool,
) -> dict[str, Any]:
    """Tables in technical terms; what a failed check hides stays away from all of them, and a sentence says so."""
    hidden = hidden_outcomes(readout)
    notices = (*readout.rests_on, *readout.warnings, *readout.fallbacks, *readout.failures)
    return {
        "heads": [voice.say(f"appendix.{head}") for head in HEADS],
        "hidden": _hidden(readout, voice),
        "effects": [_effect(e) for e in readout.effects if _listed(e, hidden)] if show_effects else [],
        "covariance": _covariance(readout, hidden) if show_effects else None,
        "law": _law(readout, hidden) if show_effects else [],
        "checks": [check_row(c, voice) | {"value": number(c.value, digits=3)} for c in shown_checks(readout)],
        "notices": sentences((n for n in notices if not tells_hidden(n, readout)), voice),
        "chances": _chances(case, voice) if show_effects else [],
        "trust": _trust(experiment, voice) if readout.design in KINDS else None,
        "provenance": provenance(readout, case, sealed, voice),
    }


def _trust(experiment: Experiment, voice: Voice) -> dict[str, Any]:
    """The rows of the table of known truths that are nearest to this case, in full."""
    rows = nearest(experiment)
    design = experiment.design.kind
    lead = voice.say("appendix.trust.lead" if rows else "appendix.trust.none", design=design, page=TRUST)
    shown = [
        (row.anchor, row.case, row.runs, row.coverage, voice.say(f"appendix.trust.{slug(row.verdict)}")) for row in rows
    ]
    return {"lead": lead, "rows": shown, "anchor": shown[0][0] if shown else design}


def _hidden(readout: Readout, voice: Voice) -> str:
    """What the tables leave out, and why; nothing where they are whole."""
    if blocking := blocking_check(readout):
        return voice.say("appendix.hidden.all", check=blocking.name)
    left_out = list(hidden_outcomes(readout))
    return voice.say("appendix.hidden", outcomes=left_out, check=HIDES_ONE) if left_out else ""


def _listed(e: Effect, hidden: Collection[str]) -> bool:
    """Whether the table has a row of the effect; the bounds of a hidden one are told on the page too."""
    return not (e.cohort and e.period) and (e.outcome not in hidden or e.aggregation in (LEE_LOWER, LEE_UPPER))


def _effect(e: Effect) -> list[str]:
    part = ", ".join(str(x) for x in (e.segment, e.cohort, e.period, e.event_time, e.aggregation) if x is not None)
    interval = f"{_exact(e.low)} … {_exact(e.high)}"
    p, adjusted = _probability(e.p_value), _probability(e.p_adjusted)
    cells = (
        e.outcome,
        e.comparison,
        part,
        e.estimand,
        _exact(e.estimate),
        interval,
        _exact(e.std_error),
        _df(e.df),
        p,
        adjusted,
    )
    return [*cells, _probability(e.probability_better), e.unit, e.method]


def _exact(x: float | None) -> str:
    return number(x, digits=5)


def _df(df: float | None) -> str:
    return "∞" if df is None else number(df, decimals=0)


def _probability(p: float | None) -> str:
    return "" if p is None else "< 0.0001" if p < 0.0001 else "> 0.9999" if p > 0.9999 else number(p, decimals=4)


def _covariance(readout: Readout, hidden: Collection[str]) -> dict[str, Any] | None:
    found, kept = readout.covariance, _told(readout.covariance.labels, hidden)
    rows = [(found.labels[i], [f"{found.matrix[i][j]:.3g}" for j in kept]) for i in kept]
    return {"labels": [found.labels[i] for i in kept], "rows": rows} if rows else None


def _told(labels: Sequence[str], hidden: Collection[str]) -> list[int]:
    """Places of the labels (``outcome: comparison``) of no hidden outcome."""
    return [i for i, label in enumerate(labels) if not any(label.startswith(f"{outcome}: ") for outcome in hidden)]


def _law(readout: Readout, hidden: Collection[str]) -> list[list[str]]:
    law = readout.law
    return [
        [
            law.labels[i],
            f"N({_exact(law.prior_mean[i])}, {_exact(law.prior_sd[i])})",
            f"{_exact(law.mean[i])} ({_exact(law.matrix[i][i] ** 0.5)})",
        ]
        for i in _told(law.labels, hidden)
    ]


def _chances(case: Case | None, voice: Voice) -> list[tuple[str, str]]:
    if case is None:
        return []
    return [(voice.money(float(x), case.currency), _probability(p)) for x, p in case.chance_by_threshold.items()]


def provenance(readout: Readout, case: Case | None, sealed: SealedPlan | None, voice: Voice) -> list[tuple[str, str]]:
    """Rows of name and value: enough to make the numbers again."""
    origin, rows = readout.provenance, []
    if origin is not None:
        versions = ", ".join(f"{name} {version}" for name, version in origin.versions.items())
        rows = [
            ("run", origin.run), ("seed", origin.seed), ("rows", number(origin.data.rows, decimals=0)), ("excluded", origin.data.excluded or None),
            ("immature", origin.data.immature or None), ("fingerprint", origin.data.fingerprint), ("plan", origin.plan), ("versions", versions),
        ]  # fmt: skip
    rows += [
        ("sealed-plan", sealed.hash if sealed else None),
        ("draws", number(case.draws, decimals=0) if case else None),
    ]
    return [(voice.say(f"appendix.{key}"), str(value)) for key, value in rows if value is not None]


def trace(readout: Readout, voice: Voice) -> str:
    """One line for the foot of the page: the run that every number leads to."""
    origin = readout.provenance
    if origin is None:
        return ""
    return voice.say(
        "footer.trace", run=origin.run or "—", seed=str(origin.seed), fingerprint=_short(origin.data.fingerprint), plan=_short(origin.plan),
        version=origin.versions.get("causalcx", "—"),
    )  # fmt: skip


def _short(digest: str) -> str:
    head, _, rest = digest.partition(":")
    return rest[:10] if rest else head[:10]
