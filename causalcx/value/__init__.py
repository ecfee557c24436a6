"""Draws of effects and assumptions become the money of one case; pure: seeds are arguments, nothing is read or kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalcx.core.sizes import DRAWS

if TYPE_CHECKING:
    from causalcx.core.case import Valuation
    from causalcx.core.experiment import Experiment
    from causalcx.core.readout import Readout

__all__ = ["value_case"]


def value_case(experiment: Experiment, readout: Readout, *, seed: int, draws: int = DRAWS) -> Valuation:
    """What each treated arm is worth: one case per arm, every figure from one set of joint draws.

    The model is that of docs/explanation/money.md. ``draws`` joint draws of all effects come from ``readout.law``; every
    uncertain number of the file is drawn once and used wherever it is named. Money is in ``value.currency``.

    Raises :class:`~causalcx.core.errors.CannotAnswer` where the file has no ``value`` part, a priced outcome has no effect,
    or the roll-out asks for an effect that was not estimated; :class:`~causalcx.core.errors.DataError` where a cost line
    names an arm that the data do not have.
    """
    from causalcx.value.valuation import valuation  # numpy loads here

    return valuation(experiment, readout, seed=seed, draws=draws)
