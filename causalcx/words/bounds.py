"""The bounds of an effect in words, where a failed check hides the effect itself."""

from __future__ import annotations

from causalcx.core.effect import LEE_LOWER, LEE_UPPER, Effect
from causalcx.core.outcomes import Outcome
from causalcx.core.readout import Readout
from causalcx.words import formats
from causalcx.words.effects import span_text, span_with_unit, unit_of
from causalcx.words.names import Names
from causalcx.words.sentences import sentence


def bounds_text(readout: Readout, effect: Effect, outcome: Outcome, language: str, names: Names) -> str | None:
    """Between which values the effect lies on those who would answer in either group, with the span of chance; None without bounds."""
    found = {
        e.aggregation: e for e in readout.effects if (e.outcome, e.comparison) == (effect.outcome, effect.comparison)
    }
    if LEE_LOWER not in found or LEE_UPPER not in found:
        return None
    lower, upper, unit = found[LEE_LOWER], found[LEE_UPPER], unit_of(effect, outcome)
    facts = {
        "between": span_with_unit(lower.estimate, upper.estimate, unit, names), "share": lower.share, "units": names.many,
        "level": formats.level_of(lower.level, language), "span": span_text(lower.low, lower.high, unit, names),
    }  # fmt: skip
    return sentence("bounds.text", facts, language, names=names)
