"""The jump of a regression at a cutoff: local linear, at the bandwidth with the least mean squared error, robustly bias-corrected.

Calonico, Cattaneo & Titiunik (2014, Econometrica 82: 2295-2326), with the bandwidths and covariates of Calonico, Cattaneo, Farrell &
Titiunik (2019, Review of Economics and Statistics 101: 442-451). Triangular kernel; variances from nearest neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from causalcx.core.errors import CannotAnswer
from causalcx.core.linear import inverse
from causalcx.core.moments import Array, Whole

NEIGHBOURS = 3
"""Nearest other rows behind a residual; rows with the same running value count as one place."""
LEAST_VALUES = 10
"""Different running values that every bandwidth holds on either side, and without which nothing is fitted."""
STEPS = ((3, 3), (2, 2), (1, 0))
"""Order of the polynomial and the coefficient sought: for the pilot of the bias, the bias, and the jump itself."""
KERNEL = 2.576
"""Constant of the pilot bandwidth for the triangular kernel."""
IQR_OF_A_NORMAL = 1.349
PENALTY = 3
"""Weight of the squared bias's own variance among the bias (Imbens & Kalyanaraman 2012, Review of Economic Studies 79: 933-959)."""


@dataclass(frozen=True)
class Rows:
    """Rows in the order of the running variable. n rows."""

    name: str
    """What ``y`` is, for errors."""
    x: Array
    """[n] running value less the cutoff, ascending."""
    y: Array
    """[n]"""
    taken: Array | None = None
    """[n] share of the treatment received, where the cutoff decided only in part."""
    covariates: Array = field(default_factory=lambda: np.empty((0, 0)))
    """[n, C] for precision; empty where there are none."""

    @cached_property
    def start(self) -> int:
        """The first row at or above the cutoff."""
        return int(np.searchsorted(self.x, 0.0))

    def window(self, side: int, width: float) -> slice:
        """Rows strictly within ``width`` of the cutoff, on the left (0) or the right (1)."""
        if side == 0:
            return slice(int(np.searchsorted(self.x, -width, "right")), self.start)
        return slice(self.start, int(np.searchsorted(self.x, width)))

    def columns(self, window: slice, *, taken: bool) -> Array:
        """[rows, D] the outcome, the treatment received where asked for, and the covariates."""
        received = [self.taken[window]] if taken and self.taken is not None else []
        others = [self.covariates[window]] if self.covariates.size else []
        return np.column_stack([self.y[window], *received, *others])


@dataclass(frozen=True)
class Local:
    """A weighted polynomial in x / width on the rows of one side within ``width``."""

    rows: slice
    width: float
    powers: Array
    """[order + 1, n]"""
    weight: Array
    """[n]"""

    @cached_property
    def inverse(self) -> Array:
        """[order + 1, order + 1] of the weighted cross-product."""
        return np.linalg.inv((self.powers * self.weight) @ self.powers.T)

    def pull(self, power: int) -> Array:
        """[n] how much every row adds to the coefficient of ``power``."""
        return self.weight * (self.inverse[power] @ self.powers)

    def beyond(self) -> Array:
        """[n] the power that the polynomial leaves out first."""
        return self.powers[-1] * self.powers[1]

    def unexplained(self, columns: Array) -> Array:
        """[D, D] weighted cross-products of the columns [n, D] once the polynomial is taken out of them."""
        weighted = columns * self.weight[:, None]
        cross = self.powers @ weighted
        return columns.T @ weighted - cross.T @ self.inverse @ cross


def local(rows: Rows, side: int, width: float, order: int) -> Local:
    """The polynomial of an order on one side."""
    window = rows.window(side, width)
    powers = np.ones((order + 1, window.stop - window.start))
    powers[1] = rows.x[window] / width
    for power in range(2, order + 1):
        np.multiply(powers[power - 1], powers[1], out=powers[power])
    return Local(window, width, powers, 1 - np.abs(powers[1]))


@dataclass(frozen=True)
class Widths:
    """Bandwidths of the jump and of its bias, in units of the running variable."""

    jump: float
    bias: float


def widths(rows: Rows) -> Widths:
    """The bandwidths with the least mean squared error, one for both sides, with the bias regularised.

    Raises CannotAnswer with too few values on a side, or an outcome that is constant near the cutoff.
    """
    least = least_width(rows)
    reach = (-float(rows.x[0]), float(rows.x[-1]))
    pilot = max(min(_pilot(rows), max(reach)), least)
    close = [_side(rows, rows.window(side, pilot)) for side in (0, 1)]
    wide: tuple[float, float] = reach
    found = []
    for i, (order, power) in enumerate(STEPS):
        near = [local(rows, side, pilot, order) for side in (0, 1)]
        far = [local(rows, side, wide[side], order + 1) for side in (0, 1)]
        width = _balanced(rows, near, close, far, power, regularised=i > 0)
        found.append(max(min(width, max(reach)), least))
        wide = (found[-1], found[-1])
    return Widths(jump=found[2], bias=found[1])


@dataclass(frozen=True)
class Side:
    """The outcome and the covariates of a window, and what sets its rows apart."""

    columns: Array
    """[rows, D]"""
    apart: Array
    """[rows, D]"""


def _side(rows: Rows, window: slice) -> Side:
    columns = rows.columns(window, taken=False)
    return Side(columns, residuals(rows.x[window], columns))


def least_width(rows: Rows) -> float:
    """The distance within which either side has enough different values. Raises CannotAnswer where a side has too few."""
    places = [np.unique(np.abs(rows.x[s])) for s in (slice(None, rows.start), slice(rows.start, None))]
    if min(map(len, places)) < LEAST_VALUES:
        raise CannotAnswer(
            "{outcome}: the running variable has {below} different values below the cutoff and {above} from it on; at least "
            "{least} on either side are needed to tell a jump from a slope.",
            outcome=rows.name, below=len(places[0]), above=len(places[1]), least=LEAST_VALUES,
        )  # fmt: skip
    return max(float(p[LEAST_VALUES - 1]) for p in places) * (1 + 1e-8)


def _pilot(rows: Rows) -> float:
    """Rule of thumb from the spread of the running variable and the number of its values."""
    low, high = np.quantile(rows.x, [0.25, 0.75], method="averaged_inverted_cdf")
    spread = min(float(rows.x.std(ddof=1)), float(high - low) / IQR_OF_A_NORMAL or np.inf)
    return KERNEL * spread * int(1 + np.count_nonzero(np.diff(rows.x))) ** -0.2


def _balanced(
    rows: Rows, near: list[Local], close: list[Side], far: list[Local], power: int, *, regularised: bool
) -> float:
    """The width at which squared bias and variance of a coefficient balance; infinite where there is no bias at all."""
    order = len(near[0].powers) - 1
    variance, bias, noise = 0.0, 0.0, 0.0
    for sign, fit, side, wide in zip((-1, 1), near, close, far, strict=True):
        direction = np.concatenate([[1.0], -_slopes([fit], [side.columns], 1)[:, 0]])
        pull, curve = fit.pull(power), wide.pull(order + 1)
        constant = float(pull @ fit.beyond()) / wide.width ** (order + 1)
        variance += (2 * power + 1) * fit.width * _square(pull * (side.apart @ direction))
        bias += sign * constant * float(curve @ rows.columns(wide.rows, taken=False) @ direction)
        if regularised:
            noise += PENALTY * constant**2 * _square(curve * (_side(rows, wide.rows).apart @ direction))
    if variance == 0:
        raise CannotAnswer(
            "{outcome} has the same value for everyone near the cutoff, so its effect has no standard error.", outcome=rows.name
        )  # fmt: skip
    squared = 2 * (order + 1 - power) * (bias**2 + noise)
    return float("inf") if squared == 0 else (variance / squared) ** (1 / (2 * order + 3))


def _square(values: Array) -> float:
    return float(values @ values)


def _slopes(fits: list[Local], columns: list[Array], outcomes: int) -> Array:
    """[C, outcomes] slopes of the covariates, common to the fits."""
    if columns[0].shape[1] == outcomes:
        return np.empty((0, outcomes))
    cross = np.sum([f.unexplained(c) for f, c in zip(fits, columns, strict=True)], axis=0)
    return inverse(cross[outcomes:, outcomes:]) @ cross[outcomes:, :outcomes]


def residuals(x: Array, columns: Array) -> Array:
    """[n, D] what sets a row apart from its nearest neighbours: sqrt(J / (J + 1)) x (own value - their mean).

    Calonico, Cattaneo & Titiunik (2014), section 5.2, over the rows given; ``x`` ascending.
    """
    first, last = neighbours(x)
    others = (last - first - 1)[:, None]
    centred = columns - columns.mean(axis=0)
    total = np.concatenate([np.zeros((1, columns.shape[1])), centred.cumsum(axis=0)])
    mean = (total[last] - total[first] - centred) / others
    return np.sqrt(others / (others + 1)) * (centred - mean)


def neighbours(x: Array) -> tuple[Whole, Whole]:
    """[n] first row, and row after the last, of a row with its nearest others; whole places, both where two are equally near."""
    new = np.concatenate([[True], np.diff(x) > 0])
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], len(x))
    place = x[starts]
    padded = np.concatenate([[-np.inf], place, [np.inf]])
    left = right = np.arange(len(starts))
    for _ in range(NEIGHBOURS):
        few = ends[right] - starts[left] - 1 < min(NEIGHBOURS, len(x) - 1)
        down, up = place - padded[left], padded[right + 2] - place
        left, right = left - (few & (down <= up)), right + (few & (up <= down))
    own = new.cumsum() - 1
    return starts[left][own], ends[right][own]


@dataclass(frozen=True)
class Jump:
    """The jump at the cutoff, or the ratio of two."""

    widths: Widths
    value: float
    """Conventional estimate."""
    corrected: float
    """Less its estimated bias."""
    rows: slice
    """Rows within either bandwidth."""
    pull: Array
    """[rows] how much every row adds to the corrected jump."""
    plain_pull: Array
    """[rows] the same for the conventional jump."""
    apart: Array
    """[rows] residuals, in the direction of the estimate."""
    base: float
    """Level just below the cutoff; with ``taken``, of those whom the cutoff moves, without the treatment."""
    base_error: float
    counts: tuple[int, int]
    """Rows within the bandwidth of the jump, below the cutoff and above."""

    @property
    def influence(self) -> Array:
        """[rows] of the corrected estimate: their squares sum to its variance."""
        return self.pull * self.apart

    @property
    def error(self) -> float:
        """Robust standard error."""
        return float(np.linalg.norm(self.influence))

    @property
    def plain_error(self) -> float:
        """Conventional standard error."""
        return float(np.linalg.norm(self.plain_pull * self.apart))


def jump(rows: Rows, at: Widths) -> Jump:
    """The jump of y at the cutoff; with ``taken`` its ratio to the jump of the treatment received, linearised."""
    near = [local(rows, side, at.jump, 1) for side in (0, 1)]
    far = [local(rows, side, at.bias, 2) for side in (0, 1)]
    window = slice(min(near[0].rows.start, far[0].rows.start), max(near[1].rows.stop, far[1].rows.stop))
    columns = rows.columns(window, taken=True)
    middle = rows.start - window.start
    plain, corrected = _pulls(near, far, window)
    parts = [columns[slice(f.rows.start - window.start, f.rows.stop - window.start)] for f in near]
    slopes = _slopes(near, parts, 1 if rows.taken is None else 2)
    value, better, direction = _combined(plain @ columns, corrected @ columns, slopes)
    halves = [residuals(rows.x[window][half], columns[half]) for half in (slice(None, middle), slice(middle, None))]
    apart = np.concatenate(halves)
    base, base_error = _untreated(rows, window, plain)
    return Jump(
        widths=at, value=value, corrected=better, rows=window, pull=corrected, plain_pull=plain, apart=apart @ direction,
        base=base, base_error=base_error,
        counts=(len(near[0].weight), len(near[1].weight)),
    )  # fmt: skip


def _untreated(rows: Rows, window: slice, plain: Array) -> tuple[float, float]:
    """What the outcome is without the treatment, and its error: the level below the cutoff, or, with ``taken``, the ratio of the
    jumps of y x (1 - taken) and of 1 - taken, which only those move whom the cutoff moves (Abadie 2002), on whichever side they got it."""
    middle, x = rows.start - window.start, rows.x[window]
    without = np.ones(len(x)) if rows.taken is None else 1 - rows.taken[window]
    columns = np.column_stack([rows.y[window] * without, without])
    pull = np.where(np.arange(len(x)) < middle, -plain, 0.0) if rows.taken is None else plain
    level, share = pull @ columns
    base = float(level / share)
    halves = [
        residuals(x[half], columns[half] @ np.array([1.0, -base])[:, None])
        for half in (slice(None, middle), slice(middle, None))
    ]
    return base, float(np.linalg.norm(pull * np.concatenate(halves)[:, 0] / share))


def _pulls(near: list[Local], far: list[Local], window: slice) -> tuple[Array, Array]:
    """[rows] how much every row adds to the conventional and to the corrected jump."""
    plain, bias = np.zeros(window.stop - window.start), np.zeros(window.stop - window.start)
    for sign, close, wide in zip((-1, 1), near, far, strict=True):
        pull = close.pull(0)
        constant = float(pull @ close.beyond()) * (close.width / wide.width) ** 2
        plain[close.rows.start - window.start : close.rows.stop - window.start] = sign * pull
        bias[wide.rows.start - window.start : wide.rows.stop - window.start] = sign * constant * wide.pull(2)
    return plain, plain - bias


def _combined(plain: Array, corrected: Array, slopes: Array) -> tuple[float, float, Array]:
    """Estimate, corrected estimate, and the direction of the columns in which its error lies."""
    k = slopes.shape[1]
    jumps = plain[:k] - slopes.T @ plain[k:]
    bias = jumps - (corrected[:k] - slopes.T @ corrected[k:])
    sharp = k == 1
    value = float(jumps[0] if sharp else jumps[0] / jumps[1])
    gradient = np.ones(1) if sharp else np.array([1.0, -value]) / jumps[1]
    return value, value - float(gradient @ bias), np.concatenate([gradient, -slopes @ gradient])
