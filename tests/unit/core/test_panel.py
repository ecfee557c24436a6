"""The clock of a panel: how periods are read, counted and found; and rows as units by periods."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from causalcx.core.errors import DataError
from causalcx.core.panel import Panel, clock_of


@pytest.mark.parametrize(
    ("values", "kind", "number", "missing"),
    [
        ([1, 2, 3, 5], "number", [0, 1, 2, 4], 1),
        ([2003.0, 2005.0, 2009.0], "number", [0, 1, 3], 1),
        (["2024-01", "2024-02", "2024-04"], "month", [0, 1, 3], 1),
        ([202311, 202312, 202401], "month", [0, 1, 2], 0),
        ([dt.date(2024, 1, 31), dt.date(2024, 2, 29), dt.date(2024, 3, 31)], "month", [0, 1, 2], 0),
        (["2024Q1", "2024Q2", "2024-Q4"], "month", [0, 1, 3], 1),
        (["2022年第一季度", "2022年2季度", "2022 Q4"], "month", [0, 1, 3], 1),
        (["2025年1月", "2025年2月", "2025年12月"], "month", [0, 1, 11], 9),
        (["2022年Q1", "2022年第3季度", "2022年四季度"], "month", [0, 2, 3], 1),
        (["2026年03月02日 00:00", "2026年3月2日6:00", "2026/3/2 12:00"], "day", [0, 1, 2], 0),
        (["2025年3月1日", "2025年3月2日", "2025年3月10日"], "day", [0, 1, 9], 7),
        (["2024-W01", "2024-W02", "2024-W04"], "day", [0, 1, 3], 1),
        ([20240101, 20240102, 20240105], "day", [0, 1, 4], 2),
        (["2024/3/1", "2024/3/2"], "day", [0, 1], 0),
        (["2024-01-01 00:00", "2024-01-01 02:00", "2024-01-01 04:00"], "day", [0, 1, 2], 0),
        (["2024-03-01T10:00+08:00", "2024-03-01T11:00+08:00"], "day", [0, 1], 0),
    ],
)
def test_periods_are_counted_on_their_own_clock(values, kind, number, missing):
    clock, place = clock_of(values, "t")
    assert clock.kind == kind
    assert clock.number == pytest.approx(number)
    assert clock.missing == missing
    assert clock.regular
    assert place.tolist() == list(range(len(values)))


def test_the_order_is_that_of_time_whatever_that_of_the_rows():
    clock, place = clock_of(["2024-03", "2024-01", "2024-02"], "t")
    assert clock.labels == ("2024-01", "2024-02", "2024-03")
    assert place.tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("label", "position"), [("2024-02", 1), ("2024-02-01", 1), ("2024-02-10", 2), (202402, 1), ("2025-01", 3), ("2020-01", 0)]
)  # fmt: skip
def test_a_label_of_the_plan_finds_the_first_period_from_it_on(label, position):
    clock, _ = clock_of(["2024-01-01", "2024-02-01", "2024-03-01"], "t")
    assert clock.position(label, "design.start") == position


WEEKS = [dt.date(2026, 3, 2), dt.date(2026, 3, 9), dt.date(2026, 3, 16)]
MONTH_ENDS = [dt.date(2026, 1, 31), dt.date(2026, 2, 28), dt.date(2026, 3, 31)]


@pytest.mark.parametrize(
    ("values", "label", "position"),
    [
        (WEEKS, "2026-03-09", 1), (WEEKS, "2026-03-11", 1), (WEEKS, "2026-03-15", 1), (WEEKS, "2026-03-18", 2),
        (WEEKS, "2026-03-23", 3), (WEEKS, "2026-01-01", 0), ([1, 2, 3], 3, 2), ([1, 2, 3], 4, 3), ([1, 2, 3], 9, 3),
        (["2026-01", "2026-02"], "2026-01-20", 0), (["2026-01", "2026-02"], "2026-02-20", 1), (["2026-01", "2026-02"], "2026-03", 2),
        (MONTH_ENDS, "2026-02-01", 1), (MONTH_ENDS, "2026-02-28", 1), (MONTH_ENDS, "2026-03-10", 2),
    ],
)  # fmt: skip
def test_a_moment_within_a_period_belongs_to_it(values, label, position):
    assert clock_of(values, "t")[0].holding(label, "cohort") == position


SHANGHAI_DAYS = [dt.datetime(2026, 3, day, 16, tzinfo=dt.UTC) for day in (1, 2, 3)]
"""2 to 4 March in Shanghai, as a database keeps moments."""


@pytest.mark.parametrize(("label", "position"), [("2026-03-03 00:00:00+08:00", 1), ("2026-03-02T16:00:00Z", 1)])
def test_a_label_with_a_time_zone_is_placed_by_the_moment_that_it_names(label, position):
    clock, _ = clock_of(SHANGHAI_DAYS, "t")
    assert clock.position(label, "design.start") == position


@pytest.mark.parametrize("label", ["2026-03-03", "2026-03"])
def test_a_day_without_a_time_zone_is_refused_where_periods_start_at_another_hour(label):
    clock, _ = clock_of(SHANGHAI_DAYS, "t")
    with pytest.raises(DataError, match="without a time zone, and the periods of column `t` start at 2026-03-01 16:00"):
        clock.position(label, "design.start")


def test_a_day_without_a_time_zone_is_the_day_on_the_wall_where_periods_start_at_midnight():
    clock, _ = clock_of(["2026-03-02 00:00:00+08:00", "2026-03-03 00:00:00+08:00"], "t")
    assert clock.position("2026-03-03", "design.start") == 1


def test_a_label_that_is_no_moment_is_refused():
    clock, _ = clock_of([1, 2, 3], "week")
    with pytest.raises(
        DataError, match=r"`design.start` is May, which cannot be placed among the periods of column `week` \(1 to 3\)"
    ):
        clock.position("May", "design.start")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (["soon", "2024-01"], "holds 'soon', which is neither a number nor a date"),
        (["2024-13-01"], "holds '2024-13-01', which is neither"),
        (["2024-01-0112"], "which is neither a number nor a date; write it like 2026-03-24, 2026-03 or 2022Q1"),
        ([dt.date(2024, 1, 1), 5], "mixes numbers and dates"),
        (["2024-03-01T10:00+08:00", "2024-03-01T10:00+00:00"], "moments of several time zones"),
    ],
)
def test_what_is_no_time_is_refused(values, says):
    with pytest.raises(DataError, match=says):
        clock_of(values, "t")


def panel(unit: list[int], time: list[int]) -> Panel:
    clock, _ = clock_of(sorted(set(time)), "t")
    return Panel(clock, np.array(time), np.array(unit), ("a", "b"))


def test_rows_become_units_by_periods_with_gaps():
    wide = panel([0, 0, 1], [0, 1, 1]).wide(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(wide, [[1, 2], [np.nan, 3]])


def test_a_column_of_the_unit_may_be_missing_but_not_change():
    rows = panel([0, 0, 1, 1], [0, 1, 0, 1])
    np.testing.assert_array_equal(rows.constant(np.array([2.0, 2.0, np.nan, np.nan]), "g"), [2, np.nan])
    with pytest.raises(DataError, match=r"`g` changes within a unit \(1 units; first: b\)"):
        rows.constant(np.array([2, 2, 0, 1]), "g")
