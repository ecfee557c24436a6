"""Small nouns: labels that compare by value, sealed plans, errors with exit codes, texts in two languages."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from causalcx.core import errors
from causalcx.core.errors import Message
from causalcx.core.labels import canonical
from causalcx.core.seal import canonical_plan, differences, plan_hash, seal, sealed_days_before_data
from causalcx.core.text import text_in, text_key


@pytest.mark.parametrize(
    ("spellings", "label"),
    [
        ([0, 0.0, False, "0", "0.0", "false", "False", " 0 ", np.int64(0), np.float32(0), np.bool_(False), Decimal("0.00"), "-0"], "0"),
        ([1, 1.0, True, "1", "true", "TRUE", "+1", Decimal("1")], "1"),
        ([2.5, "2.5", "2.50", Decimal("2.5")], "2.5"),
        (["none"], "none"), (["None"], "None"), (["No"], "No"), (["今天", " 今天 "], "今天"), (["007"], "007"), (["1e3"], "1e3"), (["1,000"], "1,000"),
        ([12345678901234567891, "12345678901234567891", "12345678901234567891.0"], "12345678901234567891"),
        (["9" * 5000, "+" + "9" * 5000], "9" * 5000), (["-3", -3, "-3.0"], "-3"),
        ([dt.date(2026, 1, 1), "2026-01-01"], "2026-01-01"),
    ],
)  # fmt: skip
def test_labels_compare_by_value(spellings, label):
    assert {canonical(s) for s in spellings} == {label}


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.text()))
def test_a_label_is_its_own_label(value):
    assert canonical(canonical(value)) == canonical(value)


@given(st.integers(-(10**25), 10**25), st.integers(-(10**25), 10**25))
def test_unlike_whole_numbers_are_unlike_labels(one, other):
    assert (canonical(one) == canonical(str(other))) == (one == other)


def test_the_same_plan_in_another_form_has_the_same_hash(trial):
    plain = trial({"design.ratio": {"a": 1, "b": 1}, "title": "A trial"})
    spelt = trial(
        {
            "design.ratio": {"b": 1.0, "a": 1.0},
            "title": "A trial",
            "notes": None,
            "design.adjustment": "interacted",
            "segments": [],
        }
    )
    assert plan_hash(plain) == plan_hash(spelt)
    assert plan_hash(plain).startswith("sha256:")
    assert len(plan_hash(plain)) == 7 + 64


CHANGES = [
    ({"design.ratio": {"a": 1, "b": 2}}, [("design.ratio.b", 1.0, 2.0)]),
    ({"period.end": "2026-02-02"}, [("period.end", "2026-02-01", "2026-02-02")]),
    (
        {"owner": "bo@example.com", "journey": "onboarding"},
        [("journey", None, "onboarding"), ("owner", "ana@example.com", "bo@example.com")],
    ),
    ({"interference": None}, [("interference", "none", None)]),
    (
        {"outcomes": [{"name": "y", "kind": "amount", "column": "y", "role": "primary", "matters": 2}]},
        [("outcomes[0].matters", None, 2.0)],
    ),
    ({}, []),
]


@pytest.mark.parametrize(("changes", "wanted"), CHANGES)
def test_a_changed_plan_is_told_field_by_field(changes, wanted, trial):
    base = {"design.ratio": {"a": 1, "b": 1}}
    sealed, now = trial(base), trial(base | changes)
    found = differences(canonical_plan(sealed), canonical_plan(now))
    assert [(d["field"], d["sealed"], d["now"]) for d in found] == wanted
    assert (plan_hash(sealed) != plan_hash(now)) == bool(wanted)


@pytest.mark.parametrize(
    ("on", "days"), [(dt.date(2025, 12, 18), 14), (dt.date(2026, 1, 1), 0), (dt.date(2026, 1, 5), -4)]
)
def test_days_between_seal_and_data(on, days, trial):
    assert sealed_days_before_data(on, trial()) == days


@pytest.mark.parametrize(("seen", "days"), [(dt.date(2025, 12, 1), -17), (dt.date(2025, 12, 18), 0)])
def test_data_that_were_seen_before_the_seal_do_not_lie_ahead(seen, days, trial):
    assert sealed_days_before_data(dt.date(2025, 12, 18), trial(), seen) == days


def test_a_seal_survives_json(trial):
    sealed = seal(trial(), dt.date(2025, 12, 18), "story")
    assert type(sealed).model_validate_json(sealed.model_dump_json()) == sealed


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.CausalcxError("x"), 1),
        (errors.UsageError("x"), 2),
        (errors.ExperimentError(()), 3),
        (errors.DataError("x"), 4),
        (errors.CannotAnswer("x"), 5),
        (errors.NotBuilt("x"), 5),
    ],
)
def test_exit_codes(error, code):
    assert error.exit_code == code


def test_a_sentence_carries_its_facts_and_their_braces():
    error = errors.DataError("Column `{column}` holds {found}.", column="x", found="{1, 2}")
    assert str(error) == "Column `x` holds {1, 2}."
    assert error.messages == (Message("Column `{column}` holds {found}.", {"column": "x", "found": "{1, 2}"}),)


@pytest.mark.parametrize(
    ("text", "language", "shown"),
    [
        ("plain", "zh", "plain"),
        ({"en": "a", "zh": "甲"}, "zh", "甲"),
        ({"zh": "甲"}, "en", "甲"),
        ({"en": "a"}, "zh", "a"),
        ({}, "en", ""),
    ],
)
def test_texts_in_the_readers_language(text, language, shown):
    assert text_in(text, language) == shown


def test_a_text_is_referred_to_by_its_english():
    assert text_key({"en": "margin", "zh": "毛利率"}) == "margin"
