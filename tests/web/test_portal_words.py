"""The portal's catalogues: the same codes and gaps in both languages, and none missing that a page or field asks for."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from causalcx.core.packaged import packaged
from causalcx.web import form
from causalcx.web.pages import DESIGNS, OWN_TERMS, TERMS
from causalcx.words.catalogue import messages

FOLDER = packaged("web") / "translations"
PACKAGE = Path(form.__file__).parent.parent
LITERAL = re.compile(r"""say\(\s*["']([a-z][\w.-]+)["']\s*[,)]""")


def own(language: str) -> dict[str, str]:
    return {code: text for code, text in messages(language, FOLDER).items() if code not in messages(language)}


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_say_the_same_things() -> None:
    assert own("en").keys() == own("zh").keys()
    assert {code for code in own("en") if gaps(own("en")[code]) != gaps(own("zh")[code])} == set()


def test_chinese_is_chinese() -> None:
    latin = {code for code, text in own("zh").items() if not re.search(r"[\u4e00-\u9fff]", text)}
    spoken_to_the_other_reader = {"portal.switch", "portal.switch.label"}
    assert latin == spoken_to_the_other_reader | {"cases.npv.over"}  # the last is a gap alone


@pytest.mark.parametrize("word", ["干预", "断点"])
def test_words_that_go_wrong(word: str) -> None:
    assert [code for code, text in own("zh").items() if word in text] == []


def asked_for() -> set[str]:
    files = [*(packaged("web") / "templates").glob("*.html"), *PACKAGE.rglob("*.py")]
    return {code for file in files for code in LITERAL.findall(file.read_text(encoding="utf-8"))}


def test_every_code_of_a_page_has_a_sentence() -> None:
    assert asked_for() - messages("en", FOLDER).keys() == set()


def test_every_field_has_a_label_and_every_choice_a_name() -> None:
    missing = [code for code in field_codes() if code not in messages("en", FOLDER)]
    assert missing == []


def field_codes() -> list[str]:
    codes = [f"form.section.{section.name}{part}" for section in form.SECTIONS for part in ("", ".lead")]
    for section in form.SECTIONS:
        for part in section.parts:
            fields, prefix = (part.fields, f"{part.name}.") if isinstance(part, form.Group) else ((part,), "")
            codes += (
                [f"form.{part.name}.{word}" for word in ("title", "row", "add")] if isinstance(part, form.Group) else []
            )
            for field in fields:
                codes.append(f"form.{prefix}{field.name}.label")
                codes += [f"form.{prefix}{field.name}.option.{option}" for option in field.options]
    return codes


def test_the_glossary_has_its_terms() -> None:
    codes = [f"term.{term}" for term in TERMS] + [f"portal.term.{term}" for term in OWN_TERMS]
    wanted = [c for code in codes for c in (code, f"{code}.explain")]
    wanted += [c for kind in DESIGNS for c in (f"design.{kind}", f"portal.design.{kind}.explain")]
    assert [c for c in wanted if c not in messages("zh", FOLDER)] == []


@pytest.mark.parametrize("word", ["观察对比", "合成控制", "回本把握", "20 次里有 19 次", "得到举措"])
def test_a_thing_has_one_name_in_chinese(word: str) -> None:
    assert [code for code, text in messages("zh", FOLDER).items() if word in text] == []
