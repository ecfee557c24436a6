"""The keys of each design kind, one module each."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from causalcx.core.design_keys.base import DesignKeys
from causalcx.core.design_keys.discontinuity import Discontinuity
from causalcx.core.design_keys.instrument import Instrument
from causalcx.core.design_keys.interrupted_time_series import InterruptedTimeSeries
from causalcx.core.design_keys.observational import Observational
from causalcx.core.design_keys.randomised import Randomised
from causalcx.core.design_keys.staggered import Staggered
from causalcx.core.design_keys.switchback import Switchback
from causalcx.core.design_keys.synthetic_control import SyntheticControl

KINDS: dict[str, type[DesignKeys]] = {
    "randomised": Randomised,
    "switchback": Switchback,
    "staggered": Staggered,
    "synthetic-control": SyntheticControl,
    "interrupted-time-series": InterruptedTimeSeries,
    "discontinuity": Discontinuity,
    "instrument": Instrument,
    "observational": Observational,
}

Design = Annotated[
    Randomised
    | Switchback
    | Staggered
    | SyntheticControl
    | InterruptedTimeSeries
    | Discontinuity
    | Instrument
    | Observational,
    Field(discriminator="kind"),
]

__all__ = ["KINDS", "Design", "DesignKeys"]
