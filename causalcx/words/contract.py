"""The JSON contract of ``fit --json`` and ``value --json``: the typed records with their sentences filled in."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from causalcx.core.case import Valuation
from causalcx.core.check import Grade, Notice
from causalcx.core.readout import Readout
from causalcx.words.names import Names
from causalcx.words.sentences import check_sentence, notice_sentence, sentence


def contract(record: Readout | Valuation, language: str = "en", *, names: Names | None = None) -> dict[str, Any]:
    """The document of a readout or a valuation; numbers that are not finite become null.

    Checks and notices are objects with their ``sentence``; the reasons of a grade and of a decision are sentences.
    ``names`` puts readers' names into the sentences; the other fields never change with the language.
    """
    names = names or Names(language)
    document = record.model_dump(mode="json")
    head = {"schema": document.pop("schema_"), "experiment": document.pop("experiment")}
    if isinstance(record, Readout):
        document |= _readout_sentences(record, language, names)
    else:
        document["cases"] = [
            _case(c, dumped, language, names) for c, dumped in zip(record.cases, document["cases"], strict=True)
        ]
    document["warnings"] = _notices(record.warnings, language, names)
    return _finite(head | document)


def _readout_sentences(readout: Readout, language: str, names: Names) -> dict[str, Any]:
    return {
        "checks": [
            check.model_dump(mode="json") | {"sentence": check_sentence(check, language, names=names)}
            for check in readout.checks
        ],
        "grade": _grade(readout.grade, language, names),
        "fallbacks": _notices(readout.fallbacks, language, names),
        "failures": _notices(readout.failures, language, names),
        "rests_on": _notices(readout.rests_on, language, names),
    }


def _grade(grade: Grade | None, language: str, names: Names) -> dict[str, Any] | None:
    if grade is None:
        return None
    return grade.model_dump(mode="json") | {
        "because": [notice_sentence(n, language, names=names) for n in grade.because],
        "to_raise": [notice_sentence(n, language, names=names) for n in grade.to_raise],
    }


def _notices(notices: Iterable[Notice], language: str, names: Names) -> list[dict[str, Any]]:
    return [n.model_dump(mode="json") | {"sentence": notice_sentence(n, language, names=names)} for n in notices]


def _case(case: Any, dumped: dict[str, Any], language: str, names: Names) -> dict[str, Any]:
    decision = case.decision
    said = sentence(f"decision.{decision.advice}", {}, language, names=names)
    because = [notice_sentence(n, language, names=names) for n in decision.because]
    return dumped | {"decision": dumped["decision"] | {"because": because, "sentence": said}}


def _finite(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _finite(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [_finite(value) for value in node]
    return None if isinstance(node, float) and not math.isfinite(node) else node
