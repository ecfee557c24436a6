"""The catalogues are whole: every code in both languages, every error in Chinese, and no word that a reader should not meet."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from causalcx.words.catalogue import messages
from causalcx.words.saying import translated
from causalcx.words.sentences import FORMS
from tests.unit.words import source_texts

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ENGLISH_CODES = sorted(messages("en"))
CODES_OF_ERRORS = set(source_texts.templates())

CHECKS = {
    "sample-ratio": "pass fail info", "missing-by-arm": "pass warn fail", "balance": "pass warn fail", "timing": "pass info",
    "interference": "pass warn", "immaturity": "pass info fail", "early-look": "pass fail info", "skew": "pass warn info", "small-sample": "pass warn fail", "rare-events": "pass warn", "precision": "pass warn",
    "guardrail": "pass warn fail", "convergence": "pass warn fail", "overlap": "pass warn fail", "leakage": "pass warn fail info",
    "refuter-placebo": "pass warn fail", "refuter-random-cause": "pass warn fail", "fold-spread": "pass warn info",
    "first-stage": "pass warn fail", "anderson-rubin": "pass warn.disjoint warn.everything", "instrument-balance": "pass warn",
}  # fmt: skip
NOTICES = [
    "not-registered",
    "plan-changed",
    "sealed-after-data",
    "sealed-after-fit",
    "strata-left-out",
    "covariate-missing",
    "rows-excluded",
    "excluded-like",
    "excluded-none",
    "immature-left-out",
    "unused-assumption",
    "roi-undefined",
    "unknown-journey",
    "constant-covariate",
    "small-arm",
    "prior-sd-pooled",
    "nuisance-fallback",
    "adjustment-dropped",
    "design-start",
    "check-cost",
    "blocked-by",
    "transported",
    "small-sample",
    "register-before-data",
    "declare-interference",
    "randomise",
    "fix-check",
    "separate-arms",
    "probability",
    "guardrail-breached",
    "sample-ratio-failed",
    "grade-too-low",
    "unplanned-look",
    "windows-not-over",
    "between-rules",
    "effect-hidden",
]
KINDS = [
    "randomised",
    "switchback",
    "staggered",
    "synthetic-control",
    "interrupted-time-series",
    "discontinuity",
    "instrument",
    "observational",
]


def gaps(template: str) -> dict[str, str]:
    """Gap (without its index) to the form it is written in."""
    return {
        re.split(r"[\[.]", name)[0]: (spec or "").split(" ")[0]
        for _, name, spec, _ in Formatter().parse(template)
        if name is not None
    }


def test_both_languages_have_the_same_codes() -> None:
    chinese = {code for code in messages("zh") if code in messages("en") or code not in CODES_OF_ERRORS}
    spare = {c for c in chinese - set(ENGLISH_CODES) if re.fullmatch(r"[a-z-]+(\.[\w-]+)+", c)}
    assert set(ENGLISH_CODES) - chinese == set()
    assert spare == set()


@pytest.mark.parametrize("code", ENGLISH_CODES)
def test_both_languages_fill_gaps_from_the_same_facts(code: str) -> None:
    english, chinese = gaps(messages("en")[code]), gaps(messages("zh")[code])
    spare = {"unit", "units", "every", "n_control", "n_treated"}
    assert set(english) - spare == set(chinese) - spare
    assert {form for form in (*english.values(), *chinese.values()) if form} <= set(FORMS)


@pytest.mark.parametrize("code", [f"check.{n}.{v}" for n, verdicts in CHECKS.items() for v in verdicts.split()])
def test_every_agreed_check_has_its_sentence(code: str) -> None:
    assert code in messages("en")


@pytest.mark.parametrize(
    "code", [*(f"notice.{n}" for n in NOTICES), *(f"design.{k}" for k in KINDS), *(f"check-name.{c}" for c in CHECKS)]
)
def test_every_agreed_notice_has_its_sentence(code: str) -> None:
    assert code in messages("en")


@pytest.mark.parametrize(("code", "place"), sorted(source_texts.codes("Notice").items()))
def test_every_notice_of_the_source_has_its_sentence(code: str, place: str) -> None:
    assert f"notice.{code}" in messages("en"), place


@pytest.mark.parametrize(("name", "place"), sorted(source_texts.codes("Check").items()))
def test_every_check_of_the_source_has_a_name(name: str, place: str) -> None:
    assert f"check-name.{name}" in messages("en"), place


@pytest.mark.parametrize(("template", "place"), sorted(source_texts.templates().items()))
def test_every_error_of_the_source_is_translated_with_the_same_gaps(template: str, place: str) -> None:
    chinese = messages("zh").get(template)
    assert chinese is not None, f"{place} has no Chinese sentence"
    assert set(gaps(template)) == set(gaps(chinese))


@pytest.mark.parametrize(("phrase", "place"), sorted(source_texts.phrases().items()))
def test_every_ready_made_phrase_is_translated_and_keeps_its_facts(phrase: str, place: str) -> None:
    chinese = translated(phrase, "zh")
    assert CHINESE.search(chinese), f"{place}: {phrase!r} has no Chinese phrase"
    assert set(re.findall(r"\[\d+\]", phrase)) == set(re.findall(r"\[\d+\]", chinese))


def test_no_word_that_a_reader_should_not_meet() -> None:
    english, chinese = (
        " ".join(
            re.sub(r"\{[^}]*\}", "", text)
            for code, text in messages(language).items()
            if not code.startswith("appendix.")
        ).lower()
        for language in ("en", "zh")
    )
    assert [
        w for w in ("significan", "posterior", "p-value", "confidence interval", "covariate", "r-hat") if w in english
    ] == []
    assert [w for w in ("干预", "断点", "显著", "置信", "后验", "p 值") if w in chinese] == []


def test_the_agreed_chinese_words() -> None:
    chinese = messages("zh")
    assert chinese["define.role.guardrail"] == "底线指标"
    assert chinese["term.sealed"] == "锁定"
    assert chinese["page.evidence"] == "证据 {level:whole}/{of:whole} 级"
    assert chinese["design.discontinuity"] == "门槛对比"
    assert "举措" in chinese["page.kicker"]
