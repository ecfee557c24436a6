"""The synthetic-control design: weights against another optimiser, spreads against loops, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.optimize import minimize

import causalcx as cx
from causalcx.core.errors import CannotAnswer, CausalcxError, DataError
from causalcx.core.experiment import Experiment
from causalcx.core.experiment_file import parse_experiment
from causalcx.core.readout import Readout
from causalcx.designs.donors.simplex import simplex_weights
from causalcx.designs.donors.spread import FEW_TREATED, Setting, placebos_of, spread_of
from causalcx.designs.donors.synthetic import Method, synthetic

NEAR = 1e-6
"""Two optimisers, one of them iterative."""
SAME = 1e-9
"""The same sums in another order."""
METHODS: tuple[Method, ...] = ("synthetic-did", "demeaned", "classic")
UNITS, PERIODS, START = 12, 20, 14


def world(seed: int = 0, units: int = UNITS) -> np.ndarray:
    """[units, periods] levels, a common course with loads, noise."""
    rng = np.random.default_rng(seed)
    course = np.cumsum(rng.normal(0, 1, PERIODS))
    return (
        20
        + rng.normal(0, 2, (units, 1))
        + rng.uniform(0, 1, (units, 1)) * course
        + rng.normal(0, 0.5, (units, PERIODS))
    )


def table(**columns: np.ndarray) -> pa.Table:
    units = len(next(iter(columns.values())))
    own = {name: values.ravel() for name, values in columns.items()}
    names = np.repeat([f"s{u:02d}" for u in range(units)], PERIODS)
    return pa.table({"store": names, "week": np.tile(np.arange(1, PERIODS + 1), units)} | own)


def asked(treated: str = "[s00]", start: object = START + 1, more: str = "", outcomes: str | None = None) -> Experiment:
    return parse_experiment(f"""
key: stores
title: Stores
intervention: staffing
owner: a@example.com
hypothesis: Sales rise.
period: {{start: 2026-01-01, end: 2026-05-31}}
data: {{source: none.parquet}}
design: {{kind: synthetic-control, unit: store, time: week, treated: {treated}, start: {start}{more}}}
interference: none
outcomes: {outcomes or "[{name: sales, kind: amount, column: sales, role: primary, unit: USD, matters: 1}]"}
""")


def fitted(data: pa.Table | None = None, **own: Any) -> Readout:
    return cx.fit(asked(**own), data=table(sales=world()) if data is None else data, seed=1)


@pytest.mark.parametrize("ridge", [0.0, 0.5])
def test_weights_are_the_constrained_minimum(ridge: float) -> None:
    rng = np.random.default_rng(3)
    columns, target = rng.normal(size=(9, 6)), rng.normal(size=9)
    weights = simplex_weights(columns, target, ridge)

    def loss(w: np.ndarray) -> float:
        return float(((columns @ w - target) ** 2).sum() + ridge * (w @ w))

    other = minimize(
        loss, np.full(6, 1 / 6), bounds=[(0, 1)] * 6, constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-14, "maxiter": 500},
    )  # fmt: skip
    assert weights.sum() == pytest.approx(1, abs=SAME)
    assert weights.min() >= 0
    assert loss(weights) <= other.fun + NEAR


def test_weights_of_equal_columns_are_equal() -> None:
    assert simplex_weights(np.ones((3, 4)), np.ones(3), 0.0) == pytest.approx(np.full(4, 0.25))


@pytest.mark.parametrize("method", METHODS)
def test_a_treated_unit_between_two_donors_is_found_exactly(method: Method) -> None:
    """Half of one donor, half of the other, five added from the start on; the third donor goes its own way."""
    one, other = np.array([1.0, 3, 2, 5, 4, 6, 5, 8]), np.array([2.0, 2, 5, 3, 6, 4, 7, 6])
    values = np.stack([(one + other) / 2, one, other, np.array([9.0, 1, 9, 1, 9, 1, 9, 1])])
    values[0, 6:] += 5
    found = synthetic(values, np.array([0]), np.array([1, 2, 3]), 6, method)
    if method == "synthetic-did":  # its ridge draws weights together, its constant takes levels up
        assert found.omega[:2] == pytest.approx(found.omega[1::-1], abs=0.1)
    else:
        assert found.omega == pytest.approx([0.5, 0.5, 0], abs=1e-5)
        assert found.effect == pytest.approx(5, abs=1e-4)


def test_without_noise_in_the_donors_equal_weights_are_difference_in_differences() -> None:
    values = np.stack([np.arange(8.0) + 3, np.arange(8.0), np.arange(8.0) + 1])
    values[0, 5:] += 2
    assert synthetic(values, np.array([0]), np.array([1, 2]), 5, "synthetic-did").effect == pytest.approx(2)


def setting(treated: int = 1, units: int = UNITS, method: Method = "synthetic-did", outcomes: int = 1) -> Setting:
    values = tuple(world(seed, units) for seed in range(outcomes))
    return Setting(values, np.arange(treated), np.arange(treated, units), START, method)


def test_one_treated_unit_every_donor_is_a_placebo_and_outcomes_share_them() -> None:
    case = setting(outcomes=2)
    fits = [case.fit(k) for k in range(2)]
    spread = spread_of(case, fits, placebos_of(case, seed=1))
    loop = [
        [synthetic(y, np.array([d]), case.donors[case.donors != d], START, "synthetic-did").effect for y in case.values]
        for d in case.donors
    ]
    assert spread.kind == "placebo"
    assert spread.covariance == pytest.approx(np.cov(np.array(loop).T), rel=SAME)
    assert list(spread.df) == [len(case.donors) - 1] * 2


@pytest.mark.parametrize("method", METHODS)
def test_many_treated_units_the_jackknife_keeps_the_weights(method: Method) -> None:
    case = setting(treated=FEW_TREATED, units=20, method=method)
    fit = case.fit(0)
    spread = spread_of(case, [fit], placebos_of(case, seed=1))
    effects = []
    for left_out in range(20):
        treated = case.treated[case.treated != left_out]
        kept = case.donors != left_out
        omega = fit.omega[kept] / fit.omega[kept].sum()
        gap = case.values[0][treated].mean(axis=0) - omega @ case.values[0][case.donors[kept]]
        effects.append(gap[START:].mean() - fit.lam @ gap[:START])
    variance = 19 / 20 * ((np.array(effects) - np.mean(effects)) ** 2).sum()
    assert spread.kind == "jackknife"
    assert spread.covariance[0, 0] == pytest.approx(variance, rel=SAME)
    assert FEW_TREATED - 1 <= spread.df[0] <= 18


def test_few_treated_units_are_placed_among_the_donors_together() -> None:
    case = setting(treated=2)
    placebos = placebos_of(case, seed=1)
    spread = spread_of(case, [case.fit(0)], placebos)
    assert (spread.kind, len(placebos.path)) == ("placebo", 45)  # pairs out of ten
    assert spread.covariance[0, 0] == pytest.approx(placebos.path[:, 0, START:].mean(axis=1).var() * 10 / 8)


def test_pairs_of_donors_vary_as_two_independent_units_would() -> None:
    """The spread of pairs without replacement is too small by (J - M) / (J - 1): the factor undoes it."""
    values = np.random.default_rng(4).normal(size=9)
    pairs = np.array([values[[i, j]].mean() for i in range(9) for j in range(i)])
    assert pairs.var() * 9 / 7 == pytest.approx(values.var(ddof=1) / 2)


def test_the_readout_of_two_outcomes_is_joint_and_ordered() -> None:
    both = "[{name: sales, kind: amount, column: sales, role: primary, unit: USD}, {name: calls, kind: score, column: calls}]"
    readout = fitted(table(sales=world(), calls=world() * 2 + world(5)), outcomes=both)
    assert [e.label for e in readout.headlines] == ["sales: treated vs untreated", "calls: treated vs untreated"]
    matrix = np.array(readout.covariance.matrix)
    assert np.sqrt(np.diag(matrix)) == pytest.approx([e.std_error for e in readout.headlines])
    assert matrix[0, 1] > 0
    parts = [e for e in readout.effects if not e.headline]
    assert [(e.outcome, e.period) for e in parts] == [("sales", str(w)) for w in range(START + 1, PERIODS + 1)]
    assert [(a.label, a.units) for a in readout.arms] == [("untreated", UNITS - 1), ("treated", 1)]
    assert [c.name for c in readout.checks].count("sample-ratio") == 1


def test_a_covariate_takes_away_what_it_explains() -> None:
    """Footfall moves sales by three a visitor, and falls at the treated store as the change begins."""
    footfall = np.random.default_rng(9).normal(10, 1, (UNITS, PERIODS))
    footfall[0, START:] -= 2
    sales = world() + 3 * footfall
    sales[0, START:] += 4
    plain, adjusted = (
        fitted(table(sales=sales, footfall=footfall), more=more).effect("sales").estimate
        for more in ("", ", covariates: [footfall]")
    )
    assert plain < 0
    assert adjusted == pytest.approx(4, abs=1.5)


def test_a_donor_with_a_missing_value_is_left_out_and_said() -> None:
    sales = world()
    whole = fitted(table(sales=sales[:-1]))
    sales[-1, 3] = np.nan
    readout = fitted(table(sales=sales))
    (notice,) = (n for n in readout.warnings if n.code == "donors-left-out")
    assert notice.facts["units"] == ["s11"]
    assert readout.effect("sales") == whole.effect("sales")


@pytest.mark.parametrize("treated", [1, FEW_TREATED])
def test_check_does_not_look_at_the_treated_after_the_start(treated: int) -> None:
    sales = world(units=20)
    other = sales.copy()
    other[:treated, START:] += 100 * np.arange(1, treated + 1)[:, None]
    plan = asked(treated=f"[{', '.join(f's{u:02d}' for u in range(treated))}]")
    one, two = (cx.check(plan, data=table(sales=y)) for y in (sales, other))
    assert one == two
    assert {"pre-fit", "placebo-time", "hull", "donor-weights"} <= {c.name for c in one}


def test_pictures_show_the_course_and_the_gap_among_placebos() -> None:
    course, gap = fitted().pictures
    assert (course.code, gap.code, course.rule) == ("before-after", "gap", START)
    assert [s.name for s in course.series] == ["observed", "expected"]
    assert [s.name for s in gap.series] == ["placebo"] * (UNITS - 1) + ["effect"]
    assert len(course.ticks) == len(course.series[0].y) == PERIODS
    assert course.series[1].low[START - 1] is None
    assert course.series[1].low[START] is not None


def test_the_same_seed_gives_the_same_readout() -> None:
    assert fitted(treated="[s00, s01]") == fitted(treated="[s00, s01]")


Bad = tuple[Callable[[], pa.Table], dict[str, Any], type[CausalcxError], str]


def without(keep: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> pa.Table:
    whole = table(sales=world())
    return whole.filter(pa.array(keep(*(whole.column(c).to_numpy(zero_copy_only=False) for c in ("store", "week")))))


def repeated() -> pa.Table:
    whole = table(sales=world())
    return pa.concat_tables([whole, whole.slice(5, 1)])


def punctured(unit: int, weeks: slice) -> pa.Table:
    sales = world()
    sales[unit, weeks] = np.nan
    return table(sales=sales)


BAD: dict[str, Bad] = {
    "a treated unit that is not there": (lambda: table(sales=world()), {"treated": "[s00, s99]"}, DataError, "names s99"),
    "start before the third period": (lambda: table(sales=world()), {"start": 2}, DataError, "at least 2 periods before"),
    "start after the last period": (lambda: table(sales=world()), {"start": 99}, DataError, "one from it on"),
    "a start that is no period": (lambda: table(sales=world()), {"start": "spring"}, DataError, "cannot be placed"),
    "a gap in time": (lambda: without(lambda _s, w: w != 7), {}, DataError, "has gaps: 1 periods"),
    "duplicate unit-periods": (repeated, {}, DataError, "One row per unit and period"),
    "a hole in the treated": (lambda: punctured(0, slice(3, 5)), {}, DataError, "in 2 periods (first: 4)"),
    "a treated without a before": (lambda: punctured(0, slice(0, START)), {}, DataError, "before the start"),
    "a treated whose rows begin late": (lambda: without(lambda s, w: (s != "s00") | (w > START)), {}, DataError, "before the start"),
    "one donor": (lambda: table(sales=world(units=2)), {}, CannotAnswer, "there are 1 units"),
    "everyone treated": (lambda: table(sales=world(units=2)), {"treated": "[s00, s01]"}, CannotAnswer, "there are 0 units"),
    "donors that never move": (lambda: table(sales=np.ones((UNITS, PERIODS))), {}, CannotAnswer, "does not vary"),
    "a covariate of words": (
        lambda: table(sales=world()).append_column("town", pa.array(["a", "b"] * (UNITS * PERIODS // 2))),
        {"more": ", covariates: [town]"}, CannotAnswer, "holds words",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_clear_sentence(name: str) -> None:
    data, own, error, words = BAD[name]
    with pytest.raises(error) as caught:
        fitted(data(), **own)
    assert words in str(caught.value)
    assert caught.value.exit_code == (4 if error is DataError else 5)


@pytest.mark.parametrize("kind", ["nps", "binary"])
def test_one_persons_answer_is_no_course(kind: str) -> None:
    with pytest.raises(CannotAnswer, match="kind: staggered"):
        fitted(outcomes=f"[{{name: sales, kind: {kind}, column: sales, role: primary}}]")


@pytest.mark.parametrize("kind", ["amount", "count", "score"])
def test_kinds_with_a_figure_per_period(kind: str) -> None:
    readout = fitted(
        table(sales=np.rint(world())), outcomes=f"[{{name: sales, kind: {kind}, column: sales, role: primary}}]"
    )
    assert readout.effect("sales").std_error > 0
