"""A coherent sample of every variant of the case page: experiments, readouts and valuations with made-up numbers.

No number here is computed by the program; each set is chosen so that its parts agree with each other (an effect with its
baseline, an interval with its standard error, a histogram with its quantiles).
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from causalcx.core.case import (
    AssumptionUsed,
    BreakEven,
    Case,
    CostValue,
    Histogram,
    Irr,
    Month,
    Payback,
    Quantiles,
    StreamValue,
    Valuation,
    Verdict,
    Year,
)  # fmt: skip
from causalcx.core.check import Check, Grade, Notice
from causalcx.core.effect import Arm, Covariance, Effect, Law
from causalcx.core.experiment import Experiment
from causalcx.core.experiment_file import parse_experiment
from causalcx.core.readout import DataFacts, Provenance, Readout
from causalcx.core.seal import SealedPlan, seal

MERGE = """
key: merge-confirmation-steps
title: {en: Merge the three confirmation steps into one, zh: 新客开通由三步并为一步}
intervention: behavioural
owner: ana@example.com
sponsor: Head of onboarding
finance_partner: wei@example.com
budget_line: Digital channels 4410
programme: onboarding 2026
journey: onboarding
touchpoint: confirmation page
hypothesis: {en: Fewer steps feel like progress; NPS rises and early churn falls., zh: 步骤更少，更有进展感；NPS 上升，早期离网下降。}
period: {start: 2026-03-01, end: 2026-04-15}
expects: {NPS: [2, 6], churn: [-0.03, -0.005]}
data:
  source: data.parquet
  origin:
    kind: simulated
    note: {en: A made-up company whose true effects are known., zh: 虚构公司，真实效果已知。}
    licence: CC0-1.0
design: {kind: randomised, unit: customer_id, treatment: variant, control: today, ratio: {today: 1, merged: 1}, covariates: [tenure_months]}
columns:
  tenure_months: {known: before, unit: months, label: {en: months with us, zh: 在网月数}}
  variant: {labels: {today: {en: three steps as today, zh: 现行三步}, merged: {en: one merged step, zh: 合并为一步}}}
interference: none
outcomes:
  - {name: NPS, kind: nps, column: score, better: higher, role: primary, matters: 2}
  - {name: {en: churn, zh: 90 天离网率}, kind: binary, column: churned_90d, better: lower, role: primary, window_months: 3, matters: 0.005,
     description: {en: closed the account or did not use it for 60 days in a row, zh: 销户，或连续 60 天未使用}}
  - {name: {en: revenue, zh: 收入}, kind: amount, column: revenue_90d, unit: USD, better: higher, role: secondary, window_months: 3, cap: 5000}
  - {name: {en: calls, zh: 来电}, kind: count, column: calls_90d, unit: calls, better: lower, role: guardrail, window_months: 3, margin: {relative: 0.05}}
value:
  currency: USD
  horizon_months: 36
  discount_rate: 0.10
  reach: {per_month: 4000, ramp_months: 3}
  half_life_months: 24
  streams:
    - {outcome: revenue, worth: margin, recurs: false, name: {en: margin in the first three months, zh: 前三个月毛利}}
    - {outcome: churn, worth: kept, recurs: false, covers: {from: 4, to: 36}, name: {en: margin of customers kept, zh: 留存客户毛利}}
    - {outcome: calls, worth: 2.1, cash: false, name: {en: agents' time on calls, zh: 坐席通话工时}}
  costs:
    - {name: {en: build, zh: 开发}, once: 90000}
    - {name: {en: run, zh: 运行}, monthly: {mean: 4000, sd: 500}}
    - {name: {en: per customer, zh: 每客短信}, per_unit: 0.12}
    - {name: {en: the test itself, zh: 试验费用}, once: 15000, sunk: true}
decision: {scale_if: "P(npv > 0) >= 0.9", stop_if: "P(npv > 0) <= 0.2", min_grade: 3, decided_by: Steering committee, decide_on: 2026-08-31, review_on: 2027-03-01}
assumptions:
  - {name: margin, value: {low: 0.31, mode: 0.35, high: 0.38}, owner: finance@example.com, source: 2025 accounts, as_of: 2026-02-10, agreed: finance}
  - {name: {en: kept, zh: 每留住一位客户的毛利}, value: {low: 150, mode: 240, high: 300}, owner: ana@example.com, source: {en: retention study, zh: 留存研究}, agreed: proposed, unit: USD}
"""


@dataclass(frozen=True)
class Sample:
    """What a case page is made of."""

    experiment: Experiment
    readout: Readout
    valuation: Valuation | None
    arm: str
    sealed: SealedPlan | None


RULES = {"rule": "P(npv > 0) >= 0.9", "stop": "P(npv > 0) <= 0.2"}


def experiment(**changes: Any) -> Experiment:
    """The experiment of the design page, with changes."""
    return parse_experiment(MERGE).model_copy(update=changes)


def effect(
    outcome: str,
    estimate: float,
    std_error: float,
    *,
    unit: str,
    role: str = "primary",
    baseline: float | None = None,
    comparison: str = "merged vs today",
    **more: Any,
) -> Effect:
    """An effect with its 95 % interval (normal)."""
    fields: dict[str, Any] = {
        "outcome": outcome, "comparison": comparison, "estimand": "ATE", "applies_to": "assigned", "share": 1.0, "unit": unit,
        "estimate": estimate, "std_error": std_error, "df": 39_996.0, "low": estimate - 1.96 * std_error, "high": estimate + 1.96 * std_error,
        "p_value": math.erfc(abs(estimate) / std_error / math.sqrt(2)), "probability_better": 0.99, "probability_matters": 0.9,
        "baseline": baseline, "method": "difference in means, Lin's interacted adjustment", "n_treated": 19_987, "n_control": 20_013, "role": role,
    }  # fmt: skip
    return Effect(**fields | more)


def effects(comparison: str = "merged vs today") -> tuple[Effect, ...]:
    """Four effects: NPS, churn, revenue, calls."""
    return (
        effect(
            "NPS",
            4.1,
            1.2,
            unit="NPS points",
            baseline=-12.0,
            comparison=comparison,
            p_adjusted=0.0012,
            adjustment="Holm, 2 primaries",
        ),
        effect("churn", -0.0138, 0.0029, unit="share", baseline=0.098, comparison=comparison),
        effect("revenue", 1.9, 0.85, unit="USD", role="secondary", baseline=121.4, comparison=comparison),
        effect("calls", -0.008, 0.011, unit="calls", role="guardrail", baseline=1.31, comparison=comparison),
    )


def checks() -> tuple[Check, ...]:
    """What an orderly run checks."""
    return (
        Check(name="sample-ratio", verdict="pass", value=0.9, facts={"p": 0.9, "planned": {"today": 0.5, "merged": 0.5}, "observed": {"today": 20013, "merged": 19987}}),
        Check(name="balance", verdict="pass", value=0.61, facts={"p": 0.61, "covariates": [{"name": "tenure_months", "smd": 0.004}], "largest": {"name": "tenure_months", "smd": 0.004}}),
        Check(name="missing-by-arm", verdict="pass", value=0.4, facts={"outcome": "NPS", "p": 0.4, "answered": {"today": 0.204, "merged": 0.199}, "gap": 0.005}),
        Check(name="timing", verdict="pass"),
        Check(name="interference", verdict="pass", facts={"declared": "none", "shares": []}),
        Check(name="skew", verdict="pass", value=2.1, facts={"outcome": "revenue", "skewness": 2.1, "n": 19987, "needed": 1566}),
        Check(name="precision", verdict="warn", value=2.35, facts={"outcome": "NPS", "comparison": "merged vs today", "half_width": 2.35, "matters": 2.0, "unit": "NPS points"}),
        Check(name="guardrail", verdict="pass", facts={"outcome": "calls", "comparison": "merged vs today", "estimate": -0.008, "low": -0.03, "high": 0.014, "margin": 0.0655, "unit": "calls"}),
    )  # fmt: skip


def grade(level: int = 5, days: int | None = 14, **more: Any) -> Grade:
    """A grade with a reason."""
    because = (Notice(code="design-start", facts={"design": "randomised", "level": 5}),)
    return Grade(level=level, sealed_days_before_data=days, because=because, **more)


def readout(**changes: Any) -> Readout:
    """The orderly readout, with changes."""
    found = changes.pop("effects", effects())
    labels = tuple(e.label for e in found)
    matrix = tuple(tuple(e.std_error**2 if i == j else 0.0 for j in range(len(found))) for i, e in enumerate(found))
    law = Law(
        labels=labels,
        mean=tuple(e.estimate for e in found),
        matrix=matrix,
        df=tuple(e.df for e in found),
        prior_mean=(0.0,) * len(found),
        prior_sd=(1.0,) * len(found),
    )
    fields: dict[str, Any] = {
        "experiment": "merge-confirmation-steps", "design": "randomised", "effects": found, "covariance": Covariance(labels=labels, matrix=matrix), "law": law,
        "arms": (Arm(label="today", units=20013, planned_share=0.5), Arm(label="merged", units=19987, planned_share=0.5)),
        "checks": checks(), "grade": grade(),
        "provenance": Provenance(
            seed=1, data=DataFacts(fingerprint="sha256:9f2c77aa10b4d5e6", rows=40_000, source="data.parquet"), plan="sha256:4be1c0ffee7a", run="17",
            versions={"causalcx": "0.1.0", "python": "3.13.0", "numpy": "2.5.0"},
        ),
    }  # fmt: skip
    return Readout(**fields | changes)


def quantiles(mean: float, sd: float) -> Quantiles:
    """Quantiles of a normal."""
    return Quantiles(mean=mean, p5=mean - 1.645 * sd, p50=mean, p95=mean + 1.645 * sd)


def histogram(mean: float, sd: float, bins: int = 40) -> Histogram:
    """Counts of 10,000 normal draws, rounded."""
    low, width = mean - 4 * sd, 8 * sd / bins
    edges = tuple(low + i * width for i in range(bins + 1))
    cdf = [0.5 * math.erfc(-(x - mean) / sd / math.sqrt(2)) for x in edges]
    return Histogram(edges=edges, counts=tuple(round(10_000 * (b - a)) for a, b in pairwise(cdf)))


def case(
    mean: float = 1_050_000.0,
    sd: float = 600_000.0,
    *,
    comparison: str = "merged vs today",
    verdict: str = "scale",
    because: tuple[Notice, ...] = (),
    **changes: Any,
) -> Case:
    """A case whose NPV is normal with this mean and spread."""
    pays = 0.5 * math.erfc(-mean / sd / math.sqrt(2))
    because = because or (
        Notice(code="probability", facts={"quantity": "npv", "probability": pays, "rule": "P(npv > 0) >= 0.9"}),
    )
    gain = mean + 245_000
    fields: dict[str, Any] = {
        "comparison": comparison, "arm": comparison.split(" vs ")[0], "currency": "USD", "npv": quantiles(mean, sd), "roi": quantiles(mean / 260_000, sd / 260_000),
        "roi_of_means": mean / 260_000, "payback_months": Payback(mean=None, p5=15, p50=22, p95=33, never=0.03), "irr": Irr(mean=0.6, p5=0.1, p50=0.58, p95=1.2, undefined=0.02),
        "probability_pays": pays,
        "streams": (
            StreamValue(outcome="revenue", name={"en": "margin in the first three months", "zh": "前三个月毛利"}, months=(1, 3), recurs=False, cash=True, present_value=quantiles(0.08 * gain, 0.03 * gain), undiscounted=quantiles(0.09 * gain, 0.03 * gain)),
            StreamValue(outcome="churn", name={"en": "margin of customers kept", "zh": "留存客户毛利"}, months=(4, 36), recurs=False, cash=True, present_value=quantiles(0.92 * gain, sd), undiscounted=quantiles(1.1 * gain, sd)),
            StreamValue(outcome="calls", name={"en": "agents' time on calls", "zh": "坐席通话工时"}, months=(1, 36), recurs=True, cash=False, present_value=quantiles(14_000, 9_000), undiscounted=quantiles(16_000, 9_500)),
        ),
        "costs": (
            CostValue(name={"en": "build", "zh": "开发"}, sunk=False, present_value=quantiles(90_000, 0.0)),
            CostValue(name={"en": "run", "zh": "运行"}, sunk=False, present_value=quantiles(124_000, 4_000)),
            CostValue(name={"en": "per customer", "zh": "每客短信"}, sunk=False, present_value=quantiles(14_900, 0.0)),
            CostValue(name={"en": "the test itself", "zh": "试验费用"}, sunk=True, present_value=quantiles(15_000, 0.0)),
        ),
        "cash_flow": tuple(Month(month=m, benefit=gain * m / 666, cost=90_000.0 if m == 0 else 4_480.0, net=gain * m / 666 - (90_000.0 if m == 0 else 4_480.0)) for m in range(37)),
        "years": (
            Year(year=0, streams=(0.0, 0.0, 0.0), costs=(90_000.0, 0.0, 0.0, 0.0), net=-90_000.0),
            Year(year=1, streams=(0.03 * gain, 0.18 * gain, 4_000.0), costs=(0.0, 48_000.0, 5_280.0, 0.0), net=0.21 * gain - 53_280.0),
            Year(year=2, streams=(0.03 * gain, 0.42 * gain, 6_000.0), costs=(0.0, 48_000.0, 5_760.0, 0.0), net=0.45 * gain - 53_760.0),
            Year(year=3, streams=(0.03 * gain, 0.5 * gain, 6_000.0), costs=(0.0, 48_000.0, 5_760.0, 0.0), net=0.53 * gain - 53_760.0),
        ),
        "deepest": quantiles(-118_000, 12_000),
        "decision": Verdict(rule="P(npv > 0) >= 0.9", verdict=verdict, because=because),
        "break_even": (
            BreakEven(of="churn", kind="effect", now=-0.0138, at=-0.0021, unit="share"),
            BreakEven(of="kept", kind="assumption", now=235.0, at=38.0, unit="USD"),
            BreakEven(of="run", kind="cost", now=4_000.0, at=38_500.0, unit="USD"),
            BreakEven(of="margin", kind="assumption", now=0.348, at=None),
        ),
        "assumptions": (
            AssumptionUsed(name="margin", value={"low": 0.31, "mode": 0.35, "high": 0.38}, mean=0.348, p5=0.325, p95=0.369, owner="finance@example.com", source="2025 accounts", as_of=dt.date(2026, 2, 10), agreed="finance", swing=21_000.0),
            AssumptionUsed(name={"en": "kept", "zh": "每留住一位客户的毛利"}, value={"low": 150, "mode": 240, "high": 300}, mean=235.0, p5=183.0, p95=281.0, owner="ana@example.com", source={"en": "retention study", "zh": "留存研究"}, agreed="proposed", unit="USD", swing=310_000.0),
        ),
        "chance_by_threshold": {"0": pays, "500000": 0.82, "1000000": 0.53},
        "histogram": histogram(mean, sd), "horizon_months": 36, "discount_rate": 0.10, "reach": {"per_month": 4000, "ramp_months": 3}, "seed": 1, "draws": 10_000,
    }  # fmt: skip
    return Case(**fields | changes)


def valuation(*cases: Case) -> Valuation:
    """The valuation of these cases."""
    return Valuation(experiment="merge-confirmation-steps", cases=cases or (case(),))


def base() -> Sample:
    """It pays, and everything is in order."""
    e = experiment()
    return Sample(e, readout(), valuation(), "merged", seal(e, dt.date(2026, 2, 15), "story"))


NEVER = Payback(mean=None, p5=30, p50=None, p95=None, never=0.84)


def loses() -> Sample:
    """It loses money and never pays back."""
    because = (Notice(code="probability", facts={"quantity": "npv", "probability": 0.09, "rule": "P(npv > 0) <= 0.2"}),)
    lost = case(
        -240_000.0,
        180_000.0,
        verdict="stop",
        because=because,
        payback_months=NEVER,
        irr=Irr(mean=None, p5=None, p50=None, p95=None, undefined=1.0),
    )
    small = (
        effects()[0].model_copy(update={"estimate": 0.4, "low": -1.95, "high": 2.75}),
        effect("churn", -0.0006, 0.0029, unit="share", baseline=0.098),
        *effects()[2:],
    )
    return replace(base(), readout=readout(effects=small), valuation=valuation(lost))


def between() -> Sample:
    """Neither rule decides."""
    because = (Notice(code="between-rules", facts=RULES | {"probability": 0.71}),)
    return replace(base(), valuation=valuation(case(180_000.0, 325_000.0, verdict="extend", because=because)))


def breached() -> Sample:
    """A guardrail was breached, so nothing is decided."""
    because = (Notice(code="guardrail-breached", facts={"outcome": "calls", "comparison": "merged vs today"}),)
    failed = Check(
        name="guardrail",
        verdict="fail",
        facts={
            "outcome": "calls",
            "comparison": "merged vs today",
            "estimate": 0.15,
            "low": 0.12,
            "high": 0.18,
            "margin": 0.0655,
            "unit": "calls",
        },
    )
    moved = (*effects()[:3], effect("calls", 0.15, 0.015, unit="calls", role="guardrail", baseline=1.31))
    return replace(
        base(),
        readout=readout(effects=moved, checks=(*checks()[:-1], failed)),
        valuation=valuation(case(verdict="cannot decide", because=because)),
    )


def failed_ratio() -> Sample:
    """The groups are not the size that was planned."""
    failed = Check(
        name="sample-ratio",
        verdict="fail",
        value=1e-9,
        facts={"p": 1e-9, "planned": {"today": 0.5, "merged": 0.5}, "observed": {"today": 20013, "merged": 18790}},
    )
    blocked = grade(1, to_raise=(Notice(code="fix-check", facts={"check": "sample-ratio"}),))
    because = (Notice(code="sample-ratio-failed"),)
    return replace(
        base(),
        readout=readout(checks=(failed, *checks()[1:]), grade=blocked),
        valuation=valuation(case(verdict="cannot decide", because=because)),
    )


def unpriced() -> Sample:
    """The file has no money part and was never registered."""
    e = experiment(value=None, decision=None, assumptions=[])
    unregistered = grade(4, None, to_raise=(Notice(code="register-before-data"),))
    return Sample(e, readout(grade=unregistered, warnings=(Notice(code="not-registered"),)), None, "merged", None)


def free() -> Sample:
    """It costs nothing."""
    nothing = case(
        costs=(),
        payback_months=Payback(mean=1, p5=1, p50=1, p95=1, never=0.0),
        roi_of_means=None,
        deepest=None,
        years=tuple(y.model_copy(update={"costs": ()}) for y in case().years[1:]),
        irr=Irr(mean=None, p5=None, p50=None, p95=None, undefined=1.0),
    )
    e = experiment()
    e = e.model_copy(update={"value": e.value.model_copy(update={"costs": []})})
    return replace(base(), experiment=e, valuation=valuation(nothing))


def several_arms() -> Sample:
    """Two treated arms against one control."""
    e = experiment()
    column = e.columns["variant"]
    labels = (column.labels or {}) | {"two": {"en": "two steps", "zh": "两步"}}
    e = e.model_copy(update={"columns": e.columns | {"variant": column.model_copy(update={"labels": labels})}})
    second = tuple(
        x.model_copy(
            update={
                "estimate": x.estimate / 2,
                "low": (x.low or 0) - x.estimate / 2,
                "high": (x.high or 0) - x.estimate / 2,
            }
        )
        for x in effects("two vs today")
    )
    arms = (*readout().arms, Arm(label="two", units=20_001, planned_share=1 / 3))
    cases = (
        case(),
        case(
            410_000.0,
            520_000.0,
            comparison="two vs today",
            verdict="extend",
            because=(Notice(code="between-rules", facts=RULES | {"probability": 0.78}),),
        ),
    )
    return replace(
        base(), experiment=e, readout=readout(effects=(*effects(), *second), arms=arms), valuation=valuation(*cases)
    )


def missing_answers() -> Sample:
    """One primary was answered too unevenly to be shown."""
    failed = Check(
        name="missing-by-arm",
        verdict="fail",
        value=1e-6,
        facts={"outcome": "NPS", "p": 1e-6, "answered": {"today": 0.204, "merged": 0.151}, "gap": 0.053},
    )
    return replace(base(), readout=readout(checks=(*checks()[:2], failed, *checks()[3:]), grade=grade(4)))


def hidden_money() -> Sample:
    """The outcome on which the money rests was answered too unevenly."""
    failed = Check(
        name="missing-by-arm",
        verdict="fail",
        value=1e-6,
        facts={"outcome": "churn", "p": 1e-6, "answered": {"today": 0.99, "merged": 0.91}, "gap": 0.08},
    )
    because = (Notice(code="effect-hidden", facts={"outcome": "churn", "check": "missing-by-arm"}),)
    return replace(
        base(),
        readout=readout(checks=(*checks()[:2], failed, *checks()[2:]), grade=grade(4)),
        valuation=valuation(case(verdict="cannot decide", because=because)),
    )


def early() -> Sample:
    """A look that was not planned."""
    because = (Notice(code="unplanned-look"),)
    return replace(base(), valuation=valuation(case(verdict="wait", because=because)))


def chinese_money() -> Sample:
    """The same case in yuan."""
    e = experiment()
    e = e.model_copy(update={"value": e.value.model_copy(update={"currency": "CNY"})})
    return replace(base(), experiment=e, valuation=valuation(case(currency="CNY")))


def in_part() -> Sample:
    """The rule for rolling out is met, and one of two waves gained less than the case needs."""
    waves = {"outcome": "churn", "at": -0.0021, "unit": "share", "pays": ["2026-03-02"], "others": ["2026-04-06"]}
    effects_by_wave = {"2026-03-02": -0.021, "2026-04-06": -0.001}
    because = (Notice(code="waves-that-pay", facts=waves | {"effects": effects_by_wave}),)
    return replace(base(), valuation=valuation(case(because=because)))


def observed() -> Sample:
    """Nobody assigned the change."""
    text = MERGE.replace(
        "design: {kind: randomised, unit: customer_id, treatment: variant, control: today, ratio: {today: 1, merged: 1}, covariates: [tenure_months]}",
        "design: {kind: observational, unit: customer_id, treatment: variant, control: today, covariates: [tenure_months]}",
    )
    e = parse_experiment(text)
    level = Grade(
        level=2,
        sealed_days_before_data=-40,
        because=(Notice(code="design-start", facts={"design": "observational", "level": 2}),),
        to_raise=(Notice(code="randomise"),),
    )
    some = (
        Check(
            name="sample-ratio", verdict="info", facts={"planned": None, "observed": {"today": 20013, "merged": 19987}}
        ),
        Check(
            name="overlap",
            verdict="pass",
            value=0.97,
            facts={"kept": 0.97, "low": 0.05, "high": 0.95, "estimand": "ATE"},
        ),
    )
    weak = case(verdict="cannot decide", because=(Notice(code="grade-too-low", facts={"level": 2, "needed": 3}),))
    return Sample(
        e,
        readout(design="observational", grade=level, checks=some),
        valuation(weak),
        "merged",
        seal(e, dt.date(2026, 4, 10)),
    )


SAMPLES = {
    "base": base, "loses": loses, "between": between, "breached": breached, "failed-ratio": failed_ratio, "unpriced": unpriced, "free": free,
    "several-arms": several_arms, "missing-answers": missing_answers, "hidden-money": hidden_money, "early": early, "chinese-money": chinese_money, "in-part": in_part, "observed": observed,
}  # fmt: skip
