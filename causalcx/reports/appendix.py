"""The appendix: every effect, the joint covariance, prior and posterior, checks, and the run each number leads to."""

from __future__ import annotations

from typing import Any

from causalcx.core.case import Case
from causalcx.core.design_keys import KINDS
from causalcx.core.effect import Effect
from causalcx.core.readout import Readout
from causalcx.core.seal import SealedPlan
from causalcx.reports.evidence import check_row, sentences, shown_checks
from causalcx.reports.voice import Voice
from causalcx.words import number

HEADS = (
    "outcome", "comparison", "part", "estimand", "estimate", "interval", "std-error", "df", "p", "p-adjusted", "better", "unit", "method",
)  # fmt: skip

TRUST = "docs/reference/trust.md"
"""How often each design's intervals hold a known truth."""


def appendix(
    readout: Readout, case: Case | None, sealed: SealedPlan | None, voice: Voice, *, show_effects: bool
) -> dict[str, Any]:
    """Tables in technical terms; effects and covariance stay away while a failed check hides them."""
    return {
        "heads": [voice.say(f"appendix.{head}") for head in HEADS],
        "effects": [_effect(e) for e in readout.effects if not (e.cohort and e.period)] if show_effects else [],
        "covariance": _covariance(readout) if show_effects else None,
        "law": _law(readout) if show_effects else [],
        "checks": [check_row(c, voice) | {"value": number(c.value, digits=3)} for c in shown_checks(readout)],
        "notices": sentences((*readout.rests_on, *readout.warnings, *readout.fallbacks, *readout.failures), voice),
        "chances": _chances(case, voice) if show_effects else [],
        "provenance": provenance(readout, case, sealed, voice),
    }


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


def _covariance(readout: Readout) -> dict[str, Any]:
    found = readout.covariance
    return {
        "labels": found.labels,
        "rows": [(label, [f"{x:.3g}" for x in row]) for label, row in zip(found.labels, found.matrix, strict=True)],
    }


def _law(readout: Readout) -> list[list[str]]:
    law = readout.law
    rows = zip(
        law.labels,
        law.prior_mean,
        law.prior_sd,
        law.mean,
        (law.matrix[i][i] ** 0.5 for i in range(len(law.labels))),
        strict=True,
    )
    return [
        [label, f"N({_exact(m)}, {_exact(sd)})", f"{_exact(mean)} ({_exact(scale)})"]
        for label, m, sd, mean, scale in rows
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
        ("trust", f"{TRUST}#{readout.design}" if readout.design in KINDS else None),
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
