"""Durations in the file: how a horizon is written, what window it gives, and what may not be said."""

from __future__ import annotations

import pytest

from causalcx.core.errors import ExperimentError
from causalcx.core.experiment_file import parse_experiment
from causalcx.core.seal import plan_hash

FILE = """\
key: stay
title: Calls in the first week
intervention: outreach
owner: ana@example.com
hypothesis: They stay.
period: {start: 2026-01-01, end: 2026-02-01}
data: {source: data.csv}
design: {kind: randomised, unit: id, treatment: arm, control: a}
outcomes:
  - {name: leaving, kind: duration, column: COLUMN, event: left, horizon: HORIZON, better: lower, role: primary, matters: 0.01 MORE}
"""
MONEY = """\
value:
  currency: USD
  horizon_months: 36
  discount_rate: 0.1
  reach: {per_month: 100}
  streams: [STREAM]
"""
LIFETIME = "{outcome: leaving, worth: 240, recurs: false, covers: {from: 13, to: 36}}"


def written(horizon: str, column: str = "tenure", more: str = "", money: str = ""):
    return parse_experiment(FILE.replace("COLUMN", column).replace("HORIZON", horizon).replace("MORE", more) + money)


@pytest.mark.parametrize(
    ("horizon", "column", "length", "unit", "window"),
    [
        ("12", "months", 12, "months", 12),
        ("12", "tenure_months", 12, "months", 12),
        ("{months: 12}", "tenure", 12, "months", 12),
        ("12 months", "tenure", 12, "months", 12),
        ("90 days", "tenure", 90, "days", 3),
        ("{days: 14}", "tenure", 14, "days", 1),
        ("1 month", "tenure", 1, "months", 1),
        ("365", "days_seen", 365, "days", 12),
        ("12", "tenure", 12, None, None),
    ],
)
def test_a_horizon_and_its_window(horizon, column, length, unit, window) -> None:
    outcome = written(horizon, column).outcomes[0]
    assert (outcome.length, outcome.time_unit, outcome.window) == (length, unit, window)


def test_the_unit_may_stand_at_the_outcome_or_at_the_column() -> None:
    assert written("12", more=", unit: months").outcomes[0].window == 12
    experiment = written("12", money="columns: {tenure: {unit: months}}\n")
    assert experiment.time_unit(experiment.outcomes[0]) == "months"


@pytest.mark.parametrize(
    ("horizon", "column", "more", "says"),
    [
        ("soon", "tenure", "", "expected a number in the unit of the column, {months: 12} or {days: 90}"),
        ("0", "tenure", "", "expected more than 0; found 0"),
        ("{months: 3, days: 90}", "tenure", "", "one of `months` and `days`"),
        ("{weeks: 3}", "tenure", "", "horizon"),
        ("12 months", "days_seen", "", "counted in one unit"),
        ("12", "months", ", window_months: 3", "the window of a duration is its horizon: 12 months here"),
        ("12", "months", ", matters_: 1", "matters_"),
    ],
)
def test_what_may_not_be_said(horizon, column, more, says) -> None:
    with pytest.raises(ExperimentError) as caught:
        written(horizon, column, more)
    assert says in str(caught.value)


@pytest.mark.parametrize("key", ["column: COLUMN, ", "event: left, ", "horizon: HORIZON, "])
def test_column_event_and_horizon_are_needed(key) -> None:
    with pytest.raises(ExperimentError, match=f"needs `{key.split(':')[0]}`"):
        parse_experiment(FILE.replace(key, "").replace("COLUMN", "x").replace("HORIZON", "1").replace("MORE", ""))


def test_a_horizon_of_five_percentage_points_is_no_share() -> None:
    with pytest.raises(
        ExperimentError, match="a change of the share that left by the horizon lies between -1 and 1; found -5"
    ):
        written("12", more="", money="expects: {leaving: [-5, -1]}\n")


def test_it_is_priced_as_a_churn_is() -> None:
    assert written("12 months", money=MONEY.replace("STREAM", LIFETIME)).value
    with pytest.raises(ExperimentError, match="money per customer kept is a lifetime"):
        written("12 months", money=MONEY.replace("STREAM", "{outcome: leaving, worth: 240, recurs: false}"))
    with pytest.raises(ExperimentError, match="needs `window_months`"):
        written("12", money=MONEY.replace("STREAM", LIFETIME))


def test_a_covariate_may_not_be_the_event() -> None:
    with pytest.raises(ExperimentError, match="`left` is also an outcome and cannot be a covariate"):
        parse_experiment(
            FILE.replace("control: a}", "control: a, covariates: [left]}")
            .replace("COLUMN", "x")
            .replace("HORIZON", "1")
            .replace("MORE", "")
        )


def test_the_same_horizon_in_other_words_is_the_same_plan() -> None:
    assert plan_hash(written("12 months")) == plan_hash(written("{months: 12}"))
