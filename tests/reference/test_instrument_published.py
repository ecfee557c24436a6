"""Instruments against published numbers: the return to schooling, by growing up near a college."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import causalcx as cx
from causalcx.core.experiment_file import parse_experiment
from causalcx.core.moments import Array
from causalcx.designs.nudge.wald import Moved, anderson_rubin, classical_f, moved

DATA = Path(__file__).parent / "data" / "card.parquet"
PRINTED = 5e-8
"""Half of the last digit printed by Stata and R for this example."""
PLAIN = 0.0549637
"""Standard error of the textbook, which assumes equal spread; ours does not, and Stata's robust one is 0.0541436."""
COVARIATES = ["exper", "expersq", "black", "smsa", "south", "smsa66", *(f"reg{i}" for i in range(662, 670))]


@pytest.fixture(scope="module")
def columns() -> dict[str, Array]:
    table = pq.read_table(DATA)
    return {name: table[name].to_numpy().astype(float) for name in table.column_names}


@pytest.fixture(scope="module")
def x(columns) -> Array:
    return np.column_stack([columns[c] for c in COVARIATES])


@pytest.fixture(scope="module")
def found(columns, x) -> Moved:
    return moved(columns["lwage"][:, None], columns["educ"], columns["nearc4"], x, None)


def test_the_return_to_a_year_of_school_as_card_and_wooldridge_print_it(found: Moved) -> None:
    assert found.ratio[0] == pytest.approx(0.1315038, abs=PRINTED)
    assert found.first[0] == pytest.approx(0.3198989, abs=PRINTED)
    assert found.reduced[0] == pytest.approx(0.0420679, abs=PRINTED)


def test_its_errors_are_statas_robust_ones_near_the_plain_ones_of_the_book(found: Moved) -> None:
    error = float(np.sqrt(found.ratio_covariance[0, 0]))
    assert error == pytest.approx(0.0541436, abs=PRINTED)
    assert error == pytest.approx(PLAIN, rel=0.02)


def test_the_f_of_the_first_stage_is_the_books(columns, x, found: Moved) -> None:
    assert classical_f(columns["educ"], columns["nearc4"], x) == pytest.approx(13.2558, abs=5e-5)
    assert 10 < found.strength(0) < 16


def test_its_set_is_wider_than_the_interval_and_without_zero(found: Moved) -> None:
    ((low, high),) = anderson_rubin(float(found.reduced[0]), float(found.first[0]), found.pair(0), 1.96)
    error = float(np.sqrt(found.ratio_covariance[0, 0]))
    assert low is not None
    assert high is not None
    assert low > 0
    assert high - low > 2 * 1.96 * error


@pytest.fixture(scope="module")
def college(columns):
    """The same men with a step in place of years: at least some college."""
    import pyarrow as pa

    table = pq.read_table(DATA)
    went = (columns["educ"] >= 13).astype(int)
    asked = parse_experiment(f"""
key: college
title: Growing up near a college
intervention: other
owner: a@example.com
hypothesis: College raises wages.
period: {{start: 1976-01-01, end: 1976-12-31}}
data: {{source: card.parquet}}
design: {{kind: instrument, unit: id, instrument: nearc4, treatment: college, covariates: [{", ".join(COVARIATES)}]}}
interference: none
outcomes: [{{name: wage, kind: amount, column: lwage, role: primary, unit: log points}}]
""")
    return cx.fit(asked, data=table.append_column("college", pa.array(went)), seed=1)


def test_from_a_file_it_says_who_the_compliers_are_and_what_was_not_drawn(college, columns, x, found: Moved) -> None:
    step = moved(columns["lwage"][:, None], (columns["educ"] >= 13).astype(float), columns["nearc4"], x, None)
    assert college.effect("wage").estimate == pytest.approx(step.ratio[0], rel=1e-9)
    part = next(e for e in college.effects if e.aggregation == "intention-to-treat")
    assert part.estimate == pytest.approx(found.reduced[0], rel=1e-9)
    assert college.check("instrument-balance").verdict == "warn"  # colleges stand in towns: hence the covariates
    assert college.rests_on[0].code == "instrument-drawn-within"
