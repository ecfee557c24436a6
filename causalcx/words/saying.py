"""Errors in the reader's language: the English template is the key, and the facts are carried over.

A fact that is a Message is a phrase of ours and is said in the language too; every other one is the user's own and stays.
"""

from __future__ import annotations

from causalcx.core.errors import CausalcxError, Message
from causalcx.words.catalogue import messages, phrases

WITHIN = ("expected", "problem", "reason", "role", "span")
"""Gaps of ready-made phrases that hold a phrase; the others hold names and values."""


def say(error: BaseException | Message | str, language: str = "en") -> str:
    """What an error has to say, one line per problem; a text without a translation stays English."""
    if isinstance(error, CausalcxError):
        return "\n".join(_message(m, language) for m in error.messages)
    if isinstance(error, Message):
        return _message(error, language)
    return translated(str(error), language)


def translated(text: str, language: str) -> str:
    """A ready-made English phrase in ``language``: looked up as it stands, then by the pattern of its gaps."""
    if language == "en":
        return text
    for pattern, translation in phrases(language):
        match = pattern.fullmatch(text)
        if match:
            gaps = match.groupdict()
            return translation.format(**{g: translated(t, language) if g in WITHIN else t for g, t in gaps.items()})
    return text


def _message(message: Message, language: str) -> str:
    template = messages(language).get(message.template) if language != "en" else None
    if template is None:
        return translated(str(message), language)
    return template.format(
        **{gap: _message(fact, language) if isinstance(fact, Message) else fact for gap, fact in message.facts.items()}
    )
