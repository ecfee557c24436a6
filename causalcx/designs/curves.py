"""Lines over the periods, with or without a band."""

from __future__ import annotations

import numpy as np

from causalcx.core.moments import Array
from causalcx.core.picture import Series


def line(name: str, y: Array, low: Array | None = None, high: Array | None = None) -> Series:
    """[T] values, period by period; NaN is a gap."""
    return Series(name=name, x=tuple(map(float, range(len(y)))), y=_known(y), low=_known(low), high=_known(high))


def _known(values: Array | None) -> tuple[float | None, ...]:
    return () if values is None else tuple(None if np.isnan(v) else float(v) for v in values)
