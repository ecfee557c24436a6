"""Facts to sentences: rounding, units, money, languages (English and Simplified Chinese).

Codes and records stay English everywhere else; this room is the edge at which they become what a person reads.
"""

from causalcx.core.text import text_in
from causalcx.words.bounds import bounds_text
from causalcx.words.catalogue import messages
from causalcx.words.contract import contract
from causalcx.words.effects import change_text, effect_text, span_with_unit
from causalcx.words.formats import (
    LANGUAGES,
    date,
    horizon,
    length,
    listing,
    money,
    money_scale,
    money_span,
    months,
    number,
    percent,
    share_of,
    whole,
)
from causalcx.words.headline import exploratory, headline
from causalcx.words.hiding import (
    blocking_check,
    hidden_money,
    hidden_outcomes,
    rests_on_hidden,
    shown_checks,
    tells_hidden,
)
from causalcx.words.names import Names, names_of
from causalcx.words.saying import say, translated
from causalcx.words.sentences import check_sentence, known, notice_sentence, sentence

__all__ = [
    "LANGUAGES", "Names", "blocking_check", "bounds_text", "change_text", "check_sentence", "contract", "date", "effect_text", "exploratory", "headline", "hidden_money", "hidden_outcomes",
    "horizon", "known", "length", "listing", "messages", "money", "money_scale", "money_span", "months", "names_of", "notice_sentence", "number", "percent",
    "rests_on_hidden", "say", "sentence", "share_of", "shown_checks", "span_with_unit", "tells_hidden", "text_in", "translated", "whole",
]  # fmt: skip
