"""An observational ATE against EconML's LinearDRLearner and DoubleML's IRM: ``python -m benchmarks.observational``.

All three get the same boosted nuisances, the same two folds and the same five repetitions. Time and memory on many rows,
each run in its own process and all of them interleaved; error and coverage against the known truth on fewer rows, over
seeds. Then the whole design, models chosen by itself, over the same seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(threads, "1")  # one thread for everybody

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from benchmarks.machine import described, table  # noqa: E402
from benchmarks.processes import interleaved  # noqa: E402

COVARIATES, SPLITS, FOLDS, TREES = 30, 5, 2, 100
EFFECT = 1.0
Data = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
Answer = tuple[float, float]
"""Estimate and standard error."""
NORMAL = 1.959964


def drawn(rows: int, seed: int) -> Data:
    """Covariates, treatment, outcome: both depend on the first five covariates, not linearly; the mean effect is 1."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, COVARIATES))
    lean = 0.6 * x[:, 0] + 0.4 * np.sin(2 * x[:, 1]) - 0.4 * x[:, 2] * (x[:, 3] > 0)
    treated = (rng.uniform(size=rows) < 1 / (1 + np.exp(-np.clip(lean, -2, 2)))).astype(int)
    base = x[:, 0] + np.abs(x[:, 1]) + x[:, 2] * x[:, 4] + 0.5 * x[:, 3]
    return x, treated, base + treated * (EFFECT + 0.5 * x[:, 0]) + rng.normal(size=rows)


def folds_of(treated: NDArray[Any], seed: int) -> list[Any]:
    """Five splits into two folds, the same for all."""
    from causalcx.designs.unconfounded import crossfit

    return [crossfit.folds_of(treated, FOLDS, seed + s) for s in range(SPLITS)]


def causalcx(data: Data, seed: int) -> Answer:
    """Our scores, medians and spread, on given nuisances."""
    from causalcx.designs.unconfounded import aipw, crossfit
    from causalcx.designs.unconfounded.nuisances import Nuisance

    x, treated, y = data
    outcome = Nuisance("value", trees=TREES, seed=seed)
    models = crossfit.Models(Nuisance("class", trees=TREES, seed=seed), ((outcome, outcome),))
    found = [crossfit.cross_fitted(x, treated, y[:, None], models, folds) for folds in folds_of(treated, seed)]
    counts = aipw.kept(np.mean([f.propensity for f in found], axis=0), treated, "ate")
    parts = [aipw.influences(f, treated, y[:, None], counts, "ate") for f in found]
    means, joint = aipw.combined(np.array([m for m, _ in parts]), np.array([i.T @ i for _, i in parts]))
    return float(means[0] - means[1]), float(np.sqrt(joint[0, 0] + joint[1, 1] - 2 * joint[0, 1]))


def whole_design(data: Data, seed: int) -> Answer:
    """Models chosen by the design itself, overlap and splits as in ``fit``, refuters left out."""
    from causalcx.core.need import Frame, Profile
    from causalcx.core.outcomes import Outcome
    from causalcx.designs.unconfounded.identification import Identified
    from causalcx.designs.unconfounded.study import groups_of, study

    x, treated, y = data
    names = tuple(f"x{i}" for i in range(COVARIATES))
    arms = {"no": int((treated == 0).sum()), "yes": int(treated.sum())}
    profile = Profile("", None, len(y), arms, {"y": arms}, {}, {})
    frame = Frame(profile, treated, {"y": y}, dict(zip(names, x.T, strict=True)))
    outcome = Outcome.model_validate({"name": "y", "kind": "amount", "column": "y", "role": "primary"})
    means = study(frame, groups_of(frame, (Identified(outcome, names),)), "ate", seed).means
    joint = means.covariance
    return float(means.treated[0] - means.control[0]), float(np.sqrt(joint[0, 0] + joint[1, 1] - 2 * joint[0, 1]))


def econml(data: Data, seed: int) -> Answer:
    """LinearDRLearner without effect modifiers, once per split; medians as its mc_agg does not give them for the error."""
    from econml.dr import LinearDRLearner

    x, treated, y = data
    found = []
    for folds in folds_of(treated, seed):
        propensity, outcome = _nuisances(len(y), seed)
        learner = LinearDRLearner(model_propensity=propensity, model_regression=outcome, cv=folds, random_state=seed)
        learner.fit(y, treated, W=x)
        inference = learner.intercept__inference(T=1)
        found.append((float(np.squeeze(inference.point_estimate)), float(np.squeeze(inference.stderr))))
    return _median(found)


def doubleml(data: Data, seed: int) -> Answer:
    """IRM with its own medians over repetitions."""
    from doubleml import DoubleMLData, DoubleMLIRM

    x, treated, y = data
    propensity, outcome = _nuisances(len(y), seed)
    model = DoubleMLIRM(
        DoubleMLData.from_arrays(x, y, treated),
        ml_g=outcome,
        ml_m=propensity,
        n_folds=FOLDS,
        n_rep=SPLITS,
        draw_sample_splitting=False,
    )
    model.set_sample_splitting(folds_of(treated, seed))
    model.fit()
    return float(model.coef[0]), float(model.se[0])


def _nuisances(rows: int, seed: int) -> tuple[Any, Any]:
    """The scikit-learn estimators that ours are, for a fold's rows."""
    from causalcx.designs.unconfounded.nuisances import Nuisance

    return tuple(Nuisance(target, trees=TREES, seed=seed).estimator(rows // FOLDS) for target in ("class", "value"))  # type: ignore[return-value]


def _median(found: list[Answer]) -> Answer:
    estimates, errors = np.array(found).T
    middle = float(np.median(estimates))
    return middle, float(np.sqrt(np.median(errors**2 + (estimates - middle) ** 2)))


PEERS: dict[str, Callable[[Data, int], Answer]] = {"causalcx": causalcx, "econml": econml, "doubleml": doubleml}
EVERYBODY = PEERS | {"whole": whole_design}
NAMES = {
    "causalcx": "causalcx, AIPW on given nuisances",
    "econml": "EconML LinearDRLearner",
    "doubleml": "DoubleML IRM",
    "whole": "causalcx, whole design (models chosen)",
}
GOAL = 1.0
"""Time and error as multiples of the better peer's."""


def main() -> None:
    options = _options()
    if options.child:
        print(json.dumps(_timed(options.child, options.rows, options.seed)))
        return
    commands = {
        name: [sys.executable, "-m", "benchmarks.observational", "--child", name, "--rows", str(options.rows)]
        for name in EVERYBODY
    }
    runs = interleaved(commands, options.repeats)
    errors = {name: _errors(name, options) for name in EVERYBODY}
    text = _document(options, runs, errors)
    options.out.write_text(text, encoding="utf-8")
    print(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rows-for-error", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    parser.add_argument("--child", choices=sorted(EVERYBODY), help=argparse.SUPPRESS)
    return parser.parse_args()


def _timed(name: str, rows: int, seed: int) -> dict[str, float]:
    """Seconds of the estimation, imports and data left out."""
    EVERYBODY[name](drawn(2_000, seed), seed)
    data = drawn(rows, seed)
    start, busy = time.perf_counter(), time.process_time()
    estimate, error = EVERYBODY[name](data, seed)
    took = {"seconds": time.perf_counter() - start, "estimating": time.process_time() - busy}
    return took | {"estimate": estimate, "error": error}


def _errors(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Root mean squared error, bias, mean reported error and coverage over the seeds; and each seed's squared error."""
    answers = np.array([EVERYBODY[name](drawn(options.rows_for_error, s), s) for s in range(options.seeds)])
    away = answers[:, 0] - EFFECT
    print(f"{name}: {np.sqrt((away**2).mean()):.4f}", file=sys.stderr)
    return {
        "squares": away**2, "rmse": float(np.sqrt((away**2).mean())), "bias": float(away.mean()), "error": float(answers[:, 1].mean()),
        "coverage": float((np.abs(away) < NORMAL * answers[:, 1]).mean()),
    }  # fmt: skip


def _noise(errors: dict[str, dict[str, Any]], peer: str) -> float:
    """Two standard errors of the paired difference of mean squared errors, as a share of the peer's root."""
    apart = errors["causalcx"]["squares"] - errors[peer]["squares"]
    return float(2 * apart.std(ddof=1) / np.sqrt(len(apart)) / (2 * errors[peer]["squares"].mean()))


def _document(options: argparse.Namespace, runs: Any, errors: dict[str, dict[str, Any]]) -> str:
    ours = runs["causalcx"].median("seconds")
    rows = [
        [
            NAMES[name], f"{runs[name].median('seconds'):.2f}", runs[name].span("seconds"), f"{runs[name].median('seconds') / ours:.2f}",
            f"{runs[name].median('estimating'):.2f}", f"{runs[name].peak():.0f}", f"{e['rmse']:.4f}", f"{e['bias']:+.4f}", f"{e['error']:.4f}", f"{e['coverage']:.2f}",
        ]
        for name, e in errors.items()
    ]  # fmt: skip
    time_ratio = ours / min(runs[n].median("seconds") for n in PEERS if n != "causalcx")
    best = min((n for n in PEERS if n != "causalcx"), key=lambda n: errors[n]["rmse"])
    error_ratio, noise = errors["causalcx"]["rmse"] / errors[best]["rmse"], _noise(errors, best)
    goals = "\n".join(
        f"- {'met' if ratio <= GOAL + allowed else 'NOT met'}: {what} {ratio:.3f} × the better peer's; goal {GOAL:g} ×{within}"
        for what, ratio, allowed, within in (
            ("time", time_ratio, 0.0, ""),
            ("error (RMSE)", error_ratio, noise, f", told apart from it beyond ± {noise:.3f}"),
        )
    )
    head = (
        "what",
        "estimation, s",
        "fastest–slowest",
        "× ours",
        "processor, s",
        "peak, MB",
        "RMSE",
        "bias",
        "mean s.e.",
        "coverage",
    )
    facts = (
        f"Time and memory: ATE on {options.rows:,} rows × {COVARIATES} covariates, {FOLDS} folds × {SPLITS} repetitions, LightGBM of {TREES} "
        f"trees on one thread; ours fits and predicts its models side by side on all cores, the peers as they come; medians of {options.repeats} interleaved runs, each in its own process, imports left out. RMSE, bias and coverage "
        f"of 95 % intervals: {options.seeds} seeds of {options.rows_for_error:,} rows, true effect {EFFECT:g}."
    )
    about = described(("causalcx", "econml", "doubleml", "lightgbm", "scikit-learn"), facts)
    return f"# An observational effect\n\n`python -m benchmarks.observational`. {about}\n\n{table(head, rows)}\n\n{goals}\n"


if __name__ == "__main__":
    main()
