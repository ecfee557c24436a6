"""The jump of the Senate elections against the numbers of the authors of the method."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import causalcx as cx
from causalcx.core.experiment_file import parse_experiment
from causalcx.designs.cutoff.density import best_bandwidth
from causalcx.designs.cutoff.density import jump as density_jump
from causalcx.designs.cutoff.local_polynomial import Rows, Widths, jump

DATA = Path(__file__).parent / "data" / "senate.parquet"
MARGINS = DATA.with_name("senate_margins.parquet")
DIGITS = 2e-6
"""Absolute: published with six decimals."""
BANDWIDTH = 2e-7
"""Relative: the last of eight digits; the package shifts the ends of its windows by 1e-8."""
ROUNDED = 6e-5
"""Absolute: four decimals, from a bandwidth published with three."""

ROUNDED_TEST = 5e-4
"""Absolute: four decimals, from two bandwidths published with three."""

SENATE = """
key: senate
title: {en: Does winning a seat help to keep it?}
intervention: other
owner: a@example.com
hypothesis: Who wins narrowly does better next time than who loses narrowly.
period: {start: 1914-01-01, end: 2010-12-31}
data: {source: senate.parquet}
design: {kind: discontinuity, unit: race, running: margin, cutoff: 0}
interference: none
outcomes: [{name: vote, kind: amount, column: vote, unit: percent, role: primary, matters: 2}]
"""


@pytest.fixture(scope="module")
def senate():
    return cx.fit(parse_experiment(SENATE), data=pq.read_table(DATA))


def test_the_senate_jump(senate) -> None:
    """rdrobust 2.1.1 with its defaults on the same rows (the package's own output; also Calonico et al. 2017, Stata Journal 17: 372-404)."""
    effect = senate.effect("vote")
    assert effect.estimate == pytest.approx(7.414131, abs=DIGITS)
    assert effect.std_error == pytest.approx(1.741258, abs=DIGITS)
    assert (effect.low, effect.high) == (pytest.approx(4.0937, abs=5e-5), pytest.approx(10.9193, abs=5e-5))
    assert (effect.n_control, effect.n_treated) == (360, 323)
    assert senate.covariance.matrix[0][0] == pytest.approx(effect.std_error**2, rel=1e-12)
    assert senate.pictures[0].rule == 0.0


def test_the_senate_bandwidths_and_conventional_error(senate) -> None:
    """The same output: h, b, the conventional standard error, the bias-corrected estimate."""
    method = senate.effect("vote").method
    for shown in ("h = 17.7544", "b = 28.0281", "centre 7.5065", "conventional standard error 1.45872"):
        assert shown in method


def test_bandwidths_to_the_last_published_digit() -> None:
    from causalcx.designs.cutoff.local_polynomial import widths

    at = widths(rows_of(pq.read_table(DATA)))
    assert at.jump == pytest.approx(17.754398, rel=BANDWIDTH)
    assert at.bias == pytest.approx(28.028089, rel=BANDWIDTH)


def rows_of(table, covariates: tuple[str, ...] = ()) -> Rows:
    """The rows in the order of the margin, without those that miss a covariate."""
    values = {c: table[c].to_numpy().astype(float) for c in ("margin", "vote", *covariates)}
    seen = ~np.isnan(np.column_stack(list(values.values()))).any(axis=1)
    order = np.flatnonzero(seen)[np.argsort(values["margin"][seen])]
    others = [values[c][order] / values[c][order].std() for c in covariates]
    return Rows(
        "vote",
        values["margin"][order],
        values["vote"][order],
        None,
        np.column_stack(others or [np.empty((len(order), 0))]),
    )


def test_covariates_at_the_published_bandwidths() -> None:
    """Calonico, Cattaneo, Farrell & Titiunik (2017, Stata Journal 17: 372-404), with class, termshouse, termssenate: 6.8514 (1.4081) at
    h = 17.987 and b = 28.943; quoted from memory of the article, whose rule of thumb counted rows where later versions count values."""
    found = jump(rows_of(pq.read_table(DATA), ("class", "termshouse", "termssenate")), Widths(17.987, 28.943))
    assert found.value == pytest.approx(6.8514, abs=ROUNDED)
    assert found.plain_error == pytest.approx(1.4081, abs=ROUNDED)


def test_nothing_speaks_against_the_senate_design(senate) -> None:
    """The density at 0 is smooth, as its authors find (below)."""
    verdicts = {c.name: c.verdict for c in senate.checks}
    assert {verdicts[name] for name in ("density", "donut", "bandwidth", "placebo-cutoffs")} == {"pass"}


def test_the_density_at_the_published_bandwidths() -> None:
    """T = -0.8753 with 408 and 460 rows within 19.841 and 27.119 (Cattaneo, Jansson & Ma 2022, Journal of Statistical Software 101(2), quoted from memory)."""
    x = np.sort(pq.read_table(MARGINS)["margin"].to_numpy())
    assert [int(((x >= -19.841) & (x < 0)).sum()), int(((x >= 0) & (x <= 27.119)).sum())] == [408, 460]
    change, error, _ = density_jump(x, 19.841, 27.119)
    assert change / error == pytest.approx(-0.8753, abs=ROUNDED_TEST)


def test_own_bandwidths_are_near_the_published_ones() -> None:
    """These are medians of three; ours are of one side each."""
    x = np.sort(pq.read_table(MARGINS)["margin"].to_numpy())
    assert best_bandwidth(x, -1) == pytest.approx(19.841, rel=0.15)
    assert best_bandwidth(x, 1) == pytest.approx(27.119, rel=0.15)
