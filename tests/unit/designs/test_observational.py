"""The observational design on confounded worlds: what it recovers, what it says, where it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import causalcx as cx
from causalcx.core.errors import CannotAnswer, ExperimentError, NotBuilt
from causalcx.core.readout import Readout
from causalcx.designs.unconfounded import nuisances
from causalcx.designs.unconfounded.graph import read_graph
from causalcx.designs.unconfounded.nuisances import Nuisance
from tests.unit.designs.observational_worlds import experiment, world

WITHIN = 4.0
"""Standard errors: a single draw of the worlds below is farther from its truth less than once in ten thousand."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Linear nuisances (the worlds are nearly linear) and few simulations, so that a fit takes a second."""
    if "trees" not in request.fixturenames:
        monkeypatch.setattr(nuisances, "LEAST_FOR_TREES", 10**9)
    monkeypatch.setattr("causalcx.designs.unconfounded.refuters.SIMULATIONS", 5)


@pytest.fixture
def trees() -> None:
    """Asked for where boosted trees are to be tried as well."""


def facts(readout: Readout, code: str) -> list[dict[str, Any]]:
    return [n.facts for n in (*readout.warnings, *readout.fallbacks, *readout.rests_on) if n.code == code]


def test_an_ate_is_recovered_that_the_plain_difference_misses() -> None:
    truth = world()
    readout = cx.fit(experiment(), data=truth.table)
    effect = readout.effect("revenue")
    assert abs(effect.estimate - truth.ate) < WITHIN * effect.std_error
    (naive,) = facts(readout, "naive-difference")
    assert naive["naive"] - truth.ate > 10 * effect.std_error
    assert naive["estimate"] == effect.estimate


def test_an_att_is_about_the_treated() -> None:
    truth = world(steep=0.6)
    effect = cx.fit(experiment(design="covariates: [need, age, region], effect: att"), data=truth.table).effect(
        "revenue"
    )
    assert (effect.estimand, effect.applies_to) == ("ATT", "treated")
    assert abs(effect.estimate - truth.att) < WITHIN * effect.std_error
    assert truth.att - truth.ate > effect.std_error  # the worlds tell the two apart


def test_every_outcome_kind_in_one_joint_law() -> None:
    readout = cx.fit(experiment("revenue", "churn", "nps", "calls"), data=world().table)
    assert readout.covariance.labels == tuple(f"{o}: some vs none" for o in ("revenue", "churn", "nps", "calls"))
    joint = np.array(readout.covariance.matrix)
    assert np.linalg.eigvalsh(joint).min() > 0
    assert np.sqrt(np.diag(joint)) == pytest.approx([e.std_error for e in readout.headlines], rel=1e-12)
    (flow,) = readout.flows
    assert 100 * (flow.promoters - flow.detractors) == pytest.approx(readout.effect("nps").estimate, rel=1e-12)
    assert [e.unit for e in readout.headlines] == ["USD", "share", "NPS points", "count"]
    assert {c.name for c in readout.checks} >= {
        "sample-ratio",
        "overlap",
        "leakage",
        "fold-spread",
        "refuter-placebo",
        "refuter-random-cause",
        "guardrail",
    }
    assert readout.check("sample-ratio").verdict == "info"  # type: ignore[union-attr]


def test_arms_are_each_compared_with_the_control() -> None:
    truth = world(4_000, steep=0.4, arms=3)
    readout = cx.fit(experiment(), data=truth.table)
    much, some = (readout.effect("revenue", f"{a} vs none") for a in ("much", "some"))
    assert abs(some.estimate - truth.ate) < WITHIN * some.std_error
    assert abs(much.estimate - truth.ate / 2) < WITHIN * much.std_error  # the second arm works half as much
    assert readout.best[0].arm == "some"


def test_missing_answers_leave_complete_cases_and_one_law() -> None:
    readout = cx.fit(experiment("revenue", "nps"), data=world(steep=0.4, answering=0.5).table)
    (notice,) = facts(readout, "complete-cases")
    assert (notice["outcome"], notice["rows"]) == ("nps", 2_000)
    assert notice["answered"] == readout.effect("nps").n_treated + readout.effect("nps").n_control
    assert np.linalg.eigvalsh(np.array(readout.covariance.matrix)).min() > 0


def test_covariates_with_missing_values_and_constants_are_used_as_they_can_be() -> None:
    table = world().table
    need = table["need"].to_numpy().copy()
    need[::10] = np.nan
    table = table.set_column(table.column_names.index("need"), "need", pa.array(need))
    table = table.append_column("same", pa.array(np.ones(len(table))))
    readout = cx.fit(experiment(design="covariates: [need, age, region, same]"), data=table)
    assert np.isfinite(readout.effect("revenue").std_error)
    assert facts(readout, "covariate-missing")[0]["share"] == pytest.approx(0.1)
    assert facts(readout, "constant-covariate") == [{"column": "same"}]


@pytest.mark.usefixtures("trees")
@pytest.mark.parametrize("engine", ["LightGBM", "HistGradientBoosting"])
def test_the_same_inputs_give_the_same_digits_whatever_the_order_of_rows(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nuisances, "engine", lambda: engine)
    monkeypatch.setattr("causalcx.designs.observational.engine", lambda: engine)
    monkeypatch.setattr(nuisances, "MOST_TREES", 20)
    monkeypatch.setattr("causalcx.designs.unconfounded.study.SPLITS", 2)
    table = world(300).table
    shuffled = table.take(np.random.default_rng(5).permutation(len(table)))
    one, two = (cx.fit(experiment("revenue", "churn"), data=t, seed=3) for t in (table, shuffled))
    assert one.effects == two.effects
    assert one.covariance == two.covariance
    assert [c for c in one.checks if c.name.startswith("refuter")] == [
        c for c in two.checks if c.name.startswith("refuter")
    ]
    expected = [] if engine == "LightGBM" else [{"from": "LightGBM", "to": "HistGradientBoosting"}]
    assert facts(one, "nuisance-fallback") == expected


def test_another_seed_is_another_split() -> None:
    one, two = (cx.fit(experiment(), data=world(600).table, seed=s).effect("revenue") for s in (1, 2))
    assert one.estimate != two.estimate
    assert one.estimate == pytest.approx(two.estimate, abs=one.std_error)


def test_trimming_renames_the_estimand() -> None:
    readout = cx.fit(experiment(), data=world(steep=1.6).table)
    effect, overlap = readout.effect("revenue"), readout.check("overlap")
    assert overlap is not None
    assert overlap.verdict == "warn"
    assert effect.applies_to == "overlap"
    assert effect.share == overlap.value == overlap.facts["kept"] / 2_000
    assert effect.estimand == f"ATE among the {100 * effect.share:.0f} % with overlap"
    assert effect.n_treated + effect.n_control == overlap.facts["kept"]


def test_hardly_any_overlap_fails_and_caps_the_grade() -> None:
    readout = cx.fit(experiment(), data=world(steep=8).table)
    assert readout.check("overlap").verdict == "fail"  # type: ignore[union-attr]
    assert readout.grade is not None
    assert readout.grade.level <= 1


def test_check_sees_the_overlap_of_the_fit_before_any_effect() -> None:
    asked, table = experiment("revenue", "churn"), world(steep=1.6).table
    before = {c.name: c for c in cx.check(asked, data=table, seed=2)}
    after = cx.fit(asked, data=table, seed=2)
    assert before["overlap"] == after.check("overlap")
    assert not {"precision", "fold-spread", "refuter-placebo"} & set(before)


def test_timing_asks_the_columns_that_a_graph_brings_in() -> None:
    graph = 'graph: "digraph { need -> got; need -> revenue; got -> revenue }"'
    timing = next(c for c in cx.check(experiment(design=graph), data=world(400).table) if c.name == "timing")
    assert (timing.verdict, timing.facts["columns"]) == ("info", ["need"])


@pytest.mark.parametrize("got", ["none", "some"])
def test_an_outcome_that_stands_still_within_arms_has_no_error(got: str) -> None:
    table = world(400).table
    still = np.where(table["got"].to_numpy(zero_copy_only=False) == got, 0.1, 0.3)
    table = table.set_column(table.column_names.index("revenue"), "revenue", pa.array(still))
    with pytest.raises(CannotAnswer, match="revenue does not vary within any arm"):
        cx.fit(experiment(), data=table)


GRAPH = 'graph: "digraph {{ need -> got; need -> revenue; age -> revenue; got -> revenue; {more} }}"'


@pytest.mark.parametrize(
    ("more", "adjusts_for", "unobserved"),
    [
        ("", ["age", "need"], []),
        ("region -> got", ["age", "need"], []),  # an instrument is left out
        ("got -> calls -> revenue", ["age", "need"], []),  # so is a mediator
        ("luck -> revenue", ["need"], ["luck"]),  # an unobserved cause of the outcome alone
    ],
)
def test_a_graph_decides_what_is_adjusted_for(more: str, adjusts_for: list[str], unobserved: list[str]) -> None:
    readout = cx.fit(experiment(design=GRAPH.format(more=more)), data=world(400).table)
    (found,) = facts(readout, "identified")
    assert (sorted(found["adjusts_for"]), found["unobserved"]) == (adjusts_for, unobserved)


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("digraph { a ->\n b; c -> b }", "a>b c>b"),
        ("strict DIGRAPH G { a -> b c -> d // no -> edge\n # nor -> this\n }", "a>b c>d"),
        ('digraph { "a->b" -> "x // y" -> "say \\"x\\"" }', 'a->b>x // y x // y>say "x"'),
        ("digraph { {a, b} -> {c d} -> e }", "a>c a>d b>c b>d c>e d>e"),
        ('dag { rankdir=LR node [shape=box] tenure-months -> 流失 [label="a;]->b"] lone }', "tenure-months>流失"),
        ("digraph { subgraph cluster { a -> b } /* -> */ b->c }", "a>b b>c"),
    ],
)  # fmt: skip
def test_a_graph_is_read_as_dot_has_it(text: str, edges: str) -> None:
    assert " ".join(f"{a}>{b}" for a, b in read_graph(text, None)[1]) == edges


@pytest.mark.parametrize(
    ("graph", "sentence"),
    [
        ("digraph { got -> churned }", "no node `revenue`"),
        ("digraph { got -> revenue; revenue -> got }", "has a cycle"),
        ("graph { got -- revenue }", "cannot be read"),
        ("digraph { got -> -> revenue }", "cannot be read"),
        ("digraph { got -> revenue", "cannot be read"),
        ("digraph { got -> revenue } }", "cannot be read"),
        ("digraph { got [weight=2", "cannot be read"),
    ],
)
def test_a_graph_that_is_none_is_a_mistake_of_the_file(graph: str, sentence: str) -> None:
    with pytest.raises(ExperimentError, match=f"`design.graph`: .*{sentence}"):
        cx.fit(experiment(design=f'graph: "{graph}"'), data=world(400).table)


def test_a_graph_that_cannot_answer_is_refused() -> None:
    graph = "digraph { mood -> got; mood -> revenue; got -> revenue }"
    with pytest.raises(CannotAnswer, match="not in the data: mood"):
        cx.fit(experiment(design=f'graph: "{graph}"'), data=world(400).table)


def test_a_column_known_after_closes_no_back_door() -> None:
    asked = experiment(design=GRAPH.format(more=""), more="columns: {need: {known: after}}")
    with pytest.raises(CannotAnswer, match="not in the data: need"):
        cx.fit(asked, data=world(400).table)


def test_a_control_without_spread_borrows_its_prior_and_says_so() -> None:
    table = world(400, steep=0.4).table
    revenue = np.where(table["got"].to_numpy() == "none", 5.0, table["revenue"].to_numpy())
    table = table.set_column(table.column_names.index("revenue"), "revenue", pa.array(revenue))
    readout = cx.fit(experiment(), data=table)
    assert facts(readout, "prior-sd-pooled") == [{"outcome": "revenue"}]
    assert readout.effect("revenue").std_error > 0


def test_what_cannot_be_compared_is_refused() -> None:
    table = world(400).table
    few = table.set_column(1, "got", pa.array(["some"] * 5 + ["none"] * 395))
    with pytest.raises(CannotAnswer, match="an arm has 5 units"):
        cx.fit(experiment(), data=few)
    need = table["need"].to_numpy()
    apart = table.set_column(1, "got", pa.array(np.where(need > 0, "some", "none")))
    apart = apart.set_column(2, "need", pa.array(need + 5 * np.sign(need)))
    with pytest.raises(CannotAnswer, match="no units of both arms are comparable"):
        cx.fit(experiment(), data=apart)
    with pytest.raises(NotBuilt, match="segments"):
        cx.fit(experiment(more="segments: [region]"), data=table)


def test_the_grade_says_how_to_raise_it() -> None:
    readout = cx.fit(experiment(), data=world(400).table)
    assert readout.grade is not None
    assert readout.grade.level == 1  # observational 2, not registered
    assert {n.code for n in readout.grade.to_raise} == {"register-before-data", "randomise"}


class TestChoosingNuisances:
    """Regularised to the sample: the model with the smaller loss out of fold."""

    pytestmark = pytest.mark.usefixtures("trees")

    def test_trees_where_the_world_is_crooked_and_a_line_where_it_is_straight(self) -> None:
        rng = np.random.default_rng(1)
        x = rng.normal(size=(1_500, 3))
        crooked = np.where((x[:, 0] > 0) ^ (x[:, 1] > 0), 3.0, 0.0) + rng.normal(size=1_500)
        assert nuisances.chosen(x, crooked, "value", 0).trees is not None
        assert nuisances.chosen(x, x[:, 0] + rng.normal(size=1_500), "value", 0).trees is None

    def test_noise_gets_the_strongest_penalty(self) -> None:
        rng = np.random.default_rng(2)
        x, y = rng.normal(size=(300, 20)), rng.integers(0, 2, 300)
        found = nuisances.chosen(x, y.astype(float), "class", 0)
        assert found.penalty == nuisances.PENALTIES[0] or (found.trees or 99) < 5

    def test_a_constant_target_predicts_itself(self) -> None:
        x = np.zeros((30, 1))
        assert Nuisance("class").fitted(x, np.ones(30))(x[:2]).tolist() == [1.0, 1.0]
        assert nuisances.chosen(x, np.zeros(30), "class", 0).trees is None
