"""Facts to sentences: rounding, units, money, languages (English and Simplified Chinese).

Codes and records stay English everywhere else; this room is the edge at which they become what a person reads.
"""

from causalcx.core.text import text_in
from causalcx.words.catalogue import messages
from causalcx.words.contract import contract
from causalcx.words.effects import effect_text
from causalcx.words.formats import (
    LANGUAGES,
    date,
    horizon,
    listing,
    money,
    money_span,
    months,
    number,
    percent,
    share_of,
)
from causalcx.words.headline import blocking_check, headline, hidden_money, hidden_outcomes
from causalcx.words.names import Names, names_of
from causalcx.words.saying import say, translated
from causalcx.words.sentences import check_sentence, known, notice_sentence, sentence

__all__ = [
    "LANGUAGES", "Names", "blocking_check", "check_sentence", "contract", "date", "effect_text", "headline", "hidden_money", "hidden_outcomes",
    "horizon", "known", "listing", "messages", "money", "money_span", "months", "names_of", "notice_sentence", "number", "percent",
    "say", "sentence", "share_of", "text_in", "translated",
]  # fmt: skip
