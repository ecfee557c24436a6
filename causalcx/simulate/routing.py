"""VIP callers first, switched on and off by two-hour slot at six centres: the VIPs gain, the others wait, and a slot feels the one before.

Queues that a slot leaves behind are worked off in the next, so a slot that follows its like shows more than one that does not: the plain
difference of slots on and off misses what always on would do. Other callers wait longer, which nobody sees who asks about VIPs alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]
MONDAY = np.datetime64("2026-03-02T00", "h")
SLOTS_A_DAY = 12
LASTING = 0.5
"""How much of what moves a slot is left in the next."""


@dataclass(frozen=True)
class Routing:
    """Seconds of handling per VIP call, of waiting per other call, and calls, by centre and slot."""

    centres: int = 6
    days: int = 56
    now: float = -36.0
    """Effect of a slot's own setting on VIP handling, s."""
    after: float = -14.0
    """Effect of the setting of the slot before."""
    others: float = 9.0
    """Effect on how long others wait."""
    noise: float = 26.0
    follows_clock: bool = False
    """Switched on by day and off by night, as a careless schedule would."""

    def draw(self, seed: int) -> Columns:
        """One row per centre and slot: ``centre``, ``slot``, ``hour``, ``vip_first`` (on, off), ``vip_handle_s``, ``others_wait_s``, ``vip_calls``."""
        rng = np.random.default_rng(seed)
        shape = (self.centres, self.days * SLOTS_A_DAY)
        hour = 2 * (np.arange(shape[1]) % SLOTS_A_DAY)
        on = self._settings(rng, shape, hour)
        before = np.column_stack([np.zeros(self.centres), on[:, :-1]])
        handle = 410 + rng.normal(0, 20, (self.centres, 1)) + 30 * self._busy(hour) + self._shocks(rng, shape)
        wait = 95 + rng.normal(0, 8, (self.centres, 1)) + 25 * self._busy(hour) + 0.5 * self._shocks(rng, shape)
        start = MONDAY + 2 * np.arange(shape[1])
        return {
            "centre": np.repeat([f"centre-{c + 1}" for c in range(self.centres)], shape[1]), "slot": np.tile(start, self.centres).astype("datetime64[us]"),
            "hour": np.tile(hour, self.centres), "vip_first": np.where(on, "on", "off").ravel(),
            "vip_handle_s": np.round(handle + self.now * on + self.after * before, 1).ravel(),
            "others_wait_s": np.round(np.maximum(wait + self.others * on, 0), 1).ravel(),
            "vip_calls": rng.poisson(np.broadcast_to(40 + 25 * self._busy(hour), shape)).ravel(),
        }  # fmt: skip

    def _settings(self, rng: np.random.Generator, shape: tuple[int, int], hour: NDArray[Any]) -> NDArray[np.bool_]:
        """A coin for every centre and slot."""
        if self.follows_clock:
            return np.broadcast_to((hour >= 10) & (hour < 22), shape) ^ (rng.uniform(size=shape) < 0.05)
        return rng.uniform(size=shape) < 0.5

    def _busy(self, hour: NDArray[Any]) -> Array:
        """-1 at night to 1 at four in the afternoon."""
        return -np.cos(2 * np.pi * (hour - 4) / 24)

    def _shocks(self, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
        shock = self.noise * rng.standard_normal(shape)
        for t in range(1, shape[1]):
            shock[:, t] += LASTING * shock[:, t - 1]
        return shock

    def truth(self) -> dict[str, Any]:
        """Effects of always on, what the plain difference of slots claims in expectation, and the harm that it leaves out."""
        return {
            "effects": {"vip_handle": self.now + self.after, "others_wait": self.others, "vip_calls": 0.0},
            "careless": {"vip_handle": self.now, "others_wait": None},
        }
