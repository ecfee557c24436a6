"""The lot: anybody draws the same, every stratum is split as planned, and no other arm depends on the order of rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalcx.core.design_keys.randomised import Randomised
from causalcx.core.errors import CannotAnswer, DataError
from causalcx.core.need import Frame, Labels, Profile
from causalcx.designs.planning.assignment import assigned, draw_lot
from causalcx.designs.planning.split import Split

THREE = Split({"today": 0.5, "one": 0.3, "two": 0.2}, stated=True)
UNITS = [f"c{i}" for i in range(1_000)]
DESIGN = Randomised(
    kind="randomised", unit="id", treatment="arm", control="today", ratio={"today": 1, "new": 1}, covariates=["x"]
)


def test_the_same_key_salt_and_units_draw_the_same_arms_whatever_the_order():
    once = dict(zip(UNITS, draw_lot("k", "s", UNITS, [""] * 1_000, THREE), strict=True))
    back = dict(zip(UNITS[::-1], draw_lot("k", "s", UNITS[::-1], [""] * 1_000, THREE), strict=True))
    assert once == back
    for key, salt in (("k", "t"), ("l", "s")):
        other = draw_lot(key, salt, UNITS, [""] * 1_000, THREE)
        assert 0.2 < np.mean([a == b for a, b in zip(once.values(), other, strict=True)]) < 0.6


def test_the_lot_is_the_one_that_was_promised():
    """Drawn once and kept here: whoever has a file of last year draws it again."""
    assert draw_lot("k", "", ["a", "b", "c", "d"], [""] * 4, Split({"x": 0.5, "y": 0.5}, stated=True)) == (
        "x",
        "y",
        "y",
        "x",
    )


@settings(deadline=None, max_examples=50)
@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6), salt=st.text(max_size=5))
def test_every_stratum_has_every_arm_in_its_share_rounded(sizes, salt):
    strata = [f"s{i}" for i, n in enumerate(sizes) for _ in range(n)]
    arms = draw_lot("k", salt, [str(i) for i in range(len(strata))], strata, THREE)
    for i, n in enumerate(sizes):
        counts = Counter(a for a, s in zip(arms, strata, strict=True) if s == f"s{i}")
        assert all(abs(counts[arm] - n * share) < 1 + 1e-9 for arm, share in THREE.shares.items())


def test_every_unit_has_the_planned_chance_of_every_arm():
    """2,000 salts, one unit in strata of 3: the tolerance is four standard errors."""
    drawn = Counter(draw_lot("k", str(i), ["a", "b", "c"], [""] * 3, THREE)[0] for i in range(2_000))
    for arm, share in THREE.shares.items():
        assert drawn[arm] / 2_000 == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 2_000))


def units_frame(x: np.ndarray) -> Frame:
    names = tuple(f"c{i:04}" for i in range(len(x)))
    labels = {"id": Labels(np.arange(len(x)), names)}
    return Frame(
        Profile("x", None, len(x), {"(everyone)": len(x)}, {}, {}, {}),
        np.zeros(len(x), np.int64),
        {},
        {"x": x},
        labels=labels,
    )


def test_a_balanced_lot_is_more_balanced_and_its_salt_draws_it_again():
    x = np.random.default_rng(1).normal(size=200)
    split = Split({"today": 0.5, "new": 0.5}, stated=True)
    lot = assigned("k", "s", units_frame(x), DESIGN, split, 0.1)
    assert lot.balance >= 0.9
    assert lot.arms == draw_lot("k", lot.salt, lot.units, lot.strata, split)
    treated = np.array(lot.arms) == "new"
    assert abs(x[treated].mean() - x[~treated].mean()) < 0.126 * x.std(ddof=1) * np.sqrt(
        4 / 200
    )  # 10 % of a normal lie below 0.126


def test_nothing_to_balance_is_said():
    with pytest.raises(CannotAnswer, match="nothing to balance"):
        assigned("k", "s", units_frame(np.ones(50)), DESIGN, THREE, 0.1)


def test_rows_of_no_group_are_refused():
    """They are not one group, and the data that come later name no group for them either."""
    frame = units_frame(np.arange(6.0))
    frame = replace(frame, labels=frame.labels | {"site": Labels(np.array([0, 0, 1, 1, -1, -1]), ("s1", "s2"))})
    split = Split({"today": 0.5, "new": 0.5}, stated=True)
    with pytest.raises(DataError, match=r"`site` \(cluster\) is empty in 2 rows"):
        assigned("k", "s", frame, DESIGN.model_copy(update={"cluster": "site"}), split, None)
