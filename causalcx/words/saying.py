"""Errors in the reader's language: the English template is the key, and the facts are carried over."""

from __future__ import annotations

from typing import Any

from causalcx.core.errors import CausalcxError, Message
from causalcx.words.catalogue import messages, phrases


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
            return translation.format(**{gap: translated(found, language) for gap, found in match.groupdict().items()})
    return text


def _message(message: Message, language: str) -> str:
    template = messages(language).get(message.template) if language != "en" else None
    if template is None:
        return str(message)
    return template.format(**{gap: _fact(fact, language) for gap, fact in message.facts.items()})


def _fact(fact: Any, language: str) -> Any:
    if isinstance(fact, Message):
        return _message(fact, language)
    return translated(fact, language) if isinstance(fact, str) else fact
