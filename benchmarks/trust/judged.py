"""One row of the table of known truths: what a case's runs say of bias, spread, coverage and power."""

from __future__ import annotations

from typing import Any

import numpy as np

from causalcx.core.moments import Array

Head = tuple[str, str, str]
"""Design, kind of outcome and case."""


def row(
    head: Head, truth: float | Array, estimate: Array, error: Array, *, holds: Array, clear: Array
) -> dict[str, Any]:
    """Runs of one case: estimates, standard errors, whether the interval holds the truth, and whether it leaves zero out."""
    design, outcome, case = head
    off = estimate - truth
    return {
        "design": design, "outcome": outcome, "case": case, "runs": len(estimate), "truth": float(np.mean(truth)), "bias": float(off.mean()),
        "spread": float(off.std(ddof=1)), "std_error": float(error.mean()), "coverage": float(np.mean(holds)), "power": float(np.mean(clear)),
    }  # fmt: skip


def row_of_ends(
    head: Head, truth: float | Array, estimate: Array, error: Array, low: Array, high: Array
) -> dict[str, Any]:
    """The same from the ends of the intervals."""
    holds, clear = (low <= truth) & (truth <= high), (low > 0) | (high < 0)
    return row(head, truth, estimate, error, holds=holds, clear=clear)
