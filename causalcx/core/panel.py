"""Units over periods: which row belongs to which unit and period, and a clock on which periods can be counted."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from causalcx.core.errors import DataError
from causalcx.core.moments import Array, Whole

Kind = Literal["number", "month", "day"]
"""What a period is counted in: the number itself, calendar months, or days (with fractions for a time of day)."""
WHOLE = 1e-6
"""Share of a period within which a moment counts as its start."""
EPOCH = dt.datetime(1970, 1, 1)
KINDS: tuple[Kind, ...] = ("month", "day", "number")
LAST_DAYS = 28
"""Day of the month from which it counts as its end."""


@dataclass(frozen=True)
class Clock:
    """The periods that occur, in order."""

    column: str
    labels: tuple[str, ...]
    """As they are written, dates in ISO form."""
    kind: Kind
    at: Array
    """[T] moment of each period, in the unit of ``kind``."""

    @property
    def step(self) -> float:
        """Length of a period: the smallest distance between two."""
        return float(np.diff(self.at).min()) if len(self.at) > 1 else 1.0

    @property
    def number(self) -> Array:
        """[T] number of each period from 0, counted in steps; a gap skips numbers."""
        return (self.at - self.at[0]) / self.step

    @property
    def missing(self) -> int:
        """Periods without any row between the first and the last."""
        return round(float(self.number[-1])) + 1 - len(self.at)

    @property
    def regular(self) -> bool:
        """Whether every distance is a whole number of periods."""
        return bool(np.all(np.abs(self.number - np.round(self.number)) < WHOLE))

    def position(self, label: Any, key: str) -> int:
        """The first period at or after a label of the plan; T where the label lies after all of them.

        Raises DataError where the label is no moment on this clock.
        """
        return int(np.searchsorted(self.at, self._moment(label, key) - WHOLE * self.step))

    def holding(self, label: Any, key: str) -> int:
        """The period in which a label lies, periods being named by their start (months also by their end).

        0 where it lies before all of them and T where it lies after the last has ended. Raises DataError as above.
        """
        place, by_end = self.position(label, key), self.kind == "month" and self.at[0] % 1 * 32 >= LAST_DAYS
        ended = self._moment(label, key) > self.at[-1] + (1 - WHOLE) * self.step
        if place == 0 or by_end or ended:
            return place
        starts = place < len(self.at) and self._moment(label, key) > self.at[place] - WHOLE * self.step
        return place if starts else place - 1

    def _moment(self, label: Any, key: str) -> float:
        found = moments_of([self._on_this_clock(label, key)], self.kind)[0]
        if found is None:
            raise DataError(
                "`{key}` is {label}, which cannot be placed among the periods of column `{column}` ({first} to {last}).",
                key=key, label=str(label), column=self.column, first=self.labels[0], last=self.labels[-1],
            )  # fmt: skip
        return found

    def _on_this_clock(self, label: Any, key: str) -> Any:
        """A label with a time zone, in the zone of the periods; a day without one is refused where periods start at another hour.

        A database keeps moments in UTC: a day in Shanghai then starts at 16:00 of the day before.
        """
        own, first = _date(label), _date(self.labels[0])
        if self.kind == "number" or own is None or first is None or first.tzinfo is None:
            return label
        if own.tzinfo is not None:
            return own.astimezone(first.tzinfo)
        if (self.kind == "month" or self.step >= 1) and own.time() != first.time():
            raise DataError(
                "`{key}` is {label} without a time zone, and the periods of column `{column}` start at {first}; write it with its zone, "
                "like 2026-03-02 00:00:00+08:00, or make the column a date.",
                key=key, label=str(label), column=self.column, first=self.labels[0],
            )  # fmt: skip
        return label


@dataclass(frozen=True)
class Panel:
    """The place of every row of a frame. Axes: n rows, U units, T periods."""

    clock: Clock
    time: Whole
    """[n] position of the row's period."""
    unit: Whole
    """[n] position of the row's unit, 0 to U - 1."""
    units: tuple[str, ...]
    """[U] labels of the units; empty where there are too many to name."""

    @property
    def size(self) -> tuple[int, int]:
        """(U, T)."""
        return int(self.unit.max()) + 1, len(self.clock.at)

    def wide(self, values: Array) -> Array:
        """[n] values as [U, T], NaN where a unit has no row."""
        found = np.full(self.size, np.nan)
        found[self.unit, self.time] = values
        return found

    def constant(self, values: Array | Whole, column: str) -> Array | Whole:
        """[n] values as [U], refusing a column that changes within a unit."""
        first = np.full(self.size[0], -1)
        first[self.unit[::-1]] = np.arange(len(self.unit))[::-1]
        own = values[first]
        changed = np.flatnonzero(
            (own[self.unit] != values) & ~((own[self.unit] != own[self.unit]) & (values != values))
        )
        if len(changed):
            unit = int(self.unit[changed[0]])
            raise DataError(
                "Column `{column}` changes within a unit ({units} units; first: {first}); it must be the same in every period.",
                column=column, units=len(set(self.unit[changed].tolist())), first=self.units[unit] if self.units else str(unit),
            )  # fmt: skip
        return own


def clock_of(values: Sequence[Any], column: str) -> tuple[Clock, Whole]:
    """The clock of the raw values of a time column, and the position of each of them on it.

    Dates count in calendar months where all fall on the same day of the month (28 and later are one), in days otherwise;
    202603, 20260301, 2026-W10, 2026Q1, 2026年3月, 2026年3月1日 and 2026年第一季度 are dates. Everything else must be a number. Raises DataError for values that
    are no moments, and for mixed time zones.
    """
    kind = next((k for k in KINDS if None not in moments_of(values, k)), None)
    if kind is None:
        wrong = [v for v in values if _number(v) is None and _date(v) is None]
        if wrong:
            raise DataError(
                "Column `{column}` (time) holds {value}, which is neither a number nor a date; write it like 2026-03-24, 2026-03 or 2022Q1.", column=column, value=repr(str(wrong[0]))
            )  # fmt: skip
        raise DataError(
            "Column `{column}` (time) mixes numbers and dates, or moments of several time zones; write all in one way, and moments in one zone.",
            column=column,
        )
    distinct, first, place = np.unique(
        np.asarray(moments_of(values, kind), float), return_index=True, return_inverse=True
    )
    return Clock(column, tuple(label_of(values[i]) for i in first), kind, distinct), place.astype(np.int64)


def label_of(value: Any) -> str:
    """A moment as it is shown: dates in ISO form without a midnight."""
    text = value.isoformat(sep=" ") if isinstance(value, dt.datetime) else str(value)
    return text.removesuffix(" 00:00:00")


def moments_of(values: Sequence[Any], kind: Kind) -> list[float | None]:
    """The values on a clock of this kind; None for each that cannot be placed on it."""
    if kind == "number":
        return [_number(v) for v in values]
    dates = [_date(v) for v in values]
    if len({d.utcoffset() for d in dates if d is not None}) > 1:
        return [None] * len(values)
    found = [None if d is None else _months(d) if kind == "month" else _days(d) for d in dates]
    if kind == "month" and len(values) > 1 and len({round(m % 1, 9) for m in found if m is not None}) > 1:
        return [None] * len(values)
    return found


def _number(value: Any) -> float | None:
    if isinstance(value, bool | dt.date):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _date(value: Any) -> dt.datetime | None:
    """A date, a moment, or what reads as one."""
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)
    for pattern, form in FORMS:
        if found := pattern.fullmatch(str(value).strip()):
            try:
                return dt.datetime.fromisoformat(form(found))
            except ValueError:
                return None
    return None


def _quarter(year: str, number: int) -> str:
    return f"{year}-{3 * number - 2:02}-01"


WRITTEN_OUT = r"(\d{4})[-/.年](\d\d?)[-/.月](\d\d?)日?"
COMPACT = r"((?:19|20|21)\d\d)(\d\d)(\d\d)"
"""Year, month and day, with and without something between them."""
QUARTERS = "1234一二三四"
FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"((?:19|20|21)\d\d)[-/.]?(\d\d?)"), lambda m: f"{m[1]}-{m[2]:0>2}-01"),
    (re.compile(COMPACT), lambda m: f"{m[1]}-{m[2]}-{m[3]}"),
    (
        re.compile(WRITTEN_OUT + r"(?:(?:[ T]|(?<=日))(\d\d?)(\D.*)?)?"),
        lambda m: f"{m[1]}-{m[2]:0>2}-{m[3]:0>2}" + (f" {m[4]:0>2}{m[5] or ''}" if m[4] else ""),
    ),
    (re.compile(r"(\d{4})年(\d\d?)月"), lambda m: f"{m[1]}-{m[2]:0>2}-01"),
    (re.compile(r"(\d{4})-?W(\d\d)"), lambda m: f"{m[1]}-W{m[2]}-1"),
    (re.compile(r"(\d{4})[-年 ]?Q([1-4])"), lambda m: _quarter(m[1], int(m[2]))),
    (re.compile(rf"(\d{{4}})年?第?([{QUARTERS}])季度?"), lambda m: _quarter(m[1], QUARTERS.index(m[2]) % 4 + 1)),
)
"""How dates are written, and the same in ISO form."""


def _days(date: dt.datetime) -> float:
    return (date.replace(tzinfo=None) - EPOCH) / dt.timedelta(days=1)


def _months(date: dt.datetime) -> float:
    """Calendar months, with the day of the month as a fraction; the last days of a month are one."""
    day = LAST_DAYS if date.day >= LAST_DAYS else date.day - 1
    return 12 * date.year + date.month + (day + (date.hour + date.minute / 60) / 24) / 32
