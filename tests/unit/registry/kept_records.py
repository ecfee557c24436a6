"""An experiment, its readout and its valuation, made by hand: the registry computes nothing, so any coherent one will do."""

from __future__ import annotations

import datetime as dt

from causalcx.core.case import Case, Histogram, Irr, Payback, Quantiles, Valuation, Verdict
from causalcx.core.check import Check, Grade, Notice
from causalcx.core.effect import Arm, Covariance, Effect, Law
from causalcx.core.experiment import Experiment
from causalcx.core.experiment_file import parse_experiment
from causalcx.core.readout import DataFacts, Provenance, Readout
from causalcx.core.seal import SealedPlan, plan_hash, seal
from causalcx.registry import Registry

NOW = dt.datetime(2026, 5, 1, 9, 30, tzinfo=dt.UTC)
SEALED_ON = dt.date(2026, 2, 15)
FINGERPRINT = "parquet:40000:abc"
AWKWARD = (0.1 + 0.2, 1e-300, 1e22, 5e-324, -0.0, 1 / 3)
"""Numbers that a careless text form would change."""

FILE = """
key: {key}
title: {{en: {title}, zh: 合并确认步骤}}
intervention: behavioural
owner: ana@example.com
hypothesis: Fewer steps feel like progress.
period: {{start: 2026-03-01, end: 2026-04-15}}
data: {{source: data.parquet}}
design: {{kind: randomised, unit: customer_id, treatment: variant, control: today}}
outcomes:
  - {{name: nps, kind: nps, column: score, role: primary, matters: {matters}}}
"""


def experiment_of(key: str = "merge", title: str = "Merge the steps", matters: float = 2) -> Experiment:
    return parse_experiment(FILE.format(key=key, title=title, matters=matters))


def sealed_of(experiment: Experiment, sealed_on: dt.date = SEALED_ON) -> SealedPlan:
    return seal(experiment, sealed_on)


def readout_of(experiment: Experiment, *, level: int = 5, run: str | None = None) -> Readout:
    a, b, c, d, e, f = AWKWARD
    effects = tuple(
        Effect(
            outcome="nps", comparison=f"{arm} vs today", estimand="ATE", applies_to="assigned", share=1.0, unit="NPS points",
            estimate=estimate, std_error=a, df=c, low=None, high=d, p_value=b, baseline=e, method="difference in means",
            n_treated=20_000, n_control=20_000, role="primary", segment=segment,
        )
        for arm, estimate, segment in (("merged", f, None), ("合并", a, None), ("merged", 2.0, "北方"))
    )  # fmt: skip
    labels = tuple(effect.label for effect in effects if effect.headline)
    matrix = ((a * a, b), (b, a * a))
    return Readout(
        experiment=experiment.key, design="randomised", effects=effects,
        covariance=Covariance(labels=labels, matrix=matrix),
        law=Law(labels=labels, mean=(f, a), matrix=matrix, df=(c, None), prior_mean=(0.0, e), prior_sd=(a, 70.0)),
        arms=(Arm(label="today", units=20_000, answered={"nps": 1_500}, means={"nps": f}),),
        checks=(Check(name="sample-ratio", verdict="pass", value=b, facts={"observed": {"today": 20_000}, "planned": None}),),
        grade=Grade(level=level, because=(Notice(code="design-start", facts={"design": "randomised", "level": 5}),)),
        warnings=(Notice(code="small-arm", facts={"arm": "合并", "units": 3}),),
        provenance=Provenance(
            seed=1, data=DataFacts(fingerprint=FINGERPRINT, rows=40_000), plan=plan_hash(experiment),
            versions={"causalcx": "0.1.0"}, run=run,
        ),
    )  # fmt: skip


def valuation_of(experiment: Experiment, npv: float = 1 / 3) -> Valuation:
    span = Quantiles(mean=npv, p5=-1e22, p50=npv, p95=None)
    case = Case(
        comparison="merged vs today", arm="merged", currency="CNY", npv=span, roi=span, roi_of_means=None,
        payback_months=Payback(mean=None, p5=3, p50=9, p95=None, never=0.04), irr=Irr(mean=0.3, p5=0.1, p50=0.3, p95=0.6, undefined=0.02),
        probability_pays=0.93, streams=(), costs=(), cash_flow=(),
        decision=Verdict(rule="P(npv > 0) >= 0.9", verdict="scale"),
        histogram=Histogram(edges=(0.0, npv), counts=(7,)), horizon_months=36, discount_rate=0.1, seed=1, draws=10_000,
    )  # fmt: skip
    return Valuation(experiment=experiment.key, cases=(case,), provenance={"value_seed": 1})


def keep_run(registry: Registry, experiment: Experiment, *, fingerprint: str = FINGERPRINT, level: int = 5) -> int:
    """A finished run; its number."""
    with registry.run(**identity_of(experiment, fingerprint)) as run:
        run.finish(readout_of(experiment, level=level, run=str(run.id)), {"mean": list(AWKWARD)})
    return run.id


def identity_of(experiment: Experiment, fingerprint: str = FINGERPRINT) -> dict[str, object]:
    return {
        "key": experiment.key, "plan_hash": plan_hash(experiment), "fingerprint": fingerprint, "seed": 1,
        "versions": {"causalcx": "0.1.0"}, "now": NOW,
    }  # fmt: skip
