"""One line of a case: money by month, kept as factors so that a flow need not be stored draw by draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalcx.core.money_rules import Place
from causalcx.value.numbers import Array

ONE = np.ones(1)


@dataclass(frozen=True)
class Line:
    """Money of month m = price x effect x units x profile(m); each factor has shape [1] or [draws]."""

    place: Place
    """Where its price stands in the file."""
    price: Array
    """Worth per unit of the outcome, or the cost stated."""
    profile: Array
    """[1 or draws, 1 + months] what one unit of reach brings in months 0..H per unit of price and effect."""
    effect: Array
    """Good effect per unit, in outcome units (sign included); 1 for a cost."""
    units: Array
    """Size of the reach whom the line concerns; 1 for a lump sum."""
    counted: bool
    """Whether it enters NPV, payback, IRR and cash flow: not for freed capacity, not for sunk costs."""
    share: float = 1.0
    """Of those reached, whom it is paid for; already in ``units``."""

    @property
    def scale(self) -> Array:
        """[1 or draws] everything but the profile."""
        return self.price * self.effect * self.units

    def flow(self) -> Array:
        """[1 or draws, 1 + months] undiscounted money."""
        return self.scale[:, None] * self.profile

    def total(self) -> Array:
        """[1 or draws] undiscounted sum."""
        return self.scale * self.profile.sum(axis=1)

    def present_value(self, discount: Array) -> Array:
        """[1 or draws] discounted sum; ``discount`` is [1 or draws, 1 + months]."""
        return self.scale * (self.profile * discount).sum(axis=1)


def summed(flows: list[Array], draws: int, months: int) -> Array:
    """[draws, 1 + months] the sum of flows, zero where there are none."""
    total = np.zeros((draws, 1 + months))
    for flow in flows:
        total += flow
    return total
