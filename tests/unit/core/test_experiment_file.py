"""Every file of tests/bad_files/experiments is refused with exactly the sentences that it announces."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from causalcx.core.errors import ExperimentError
from causalcx.core.experiment_file import load_experiment, parse_experiment, read_metrics

FOLDER = Path(__file__).parents[2] / "bad_files" / "experiments"
FILES = sorted(FOLDER.glob("*.yaml"))
MARK = "# expect: "

TEXT = """\
key: small-trial
title: {en: A small trial, zh: 小试验}
intervention: other
owner: ana@example.com
hypothesis: It helps.
period: {start: 2026-01-01, end: 2026-02-01}
data: {source: data.csv}
design: {kind: randomised, unit: id, treatment: arm, control: CONTROL}
outcomes:
  - {name: y, kind: amount, column: y, role: primary}
"""


def announced(file: Path) -> list[list[str]]:
    text = file.read_text(encoding="utf-8", errors="replace")
    return [line.removeprefix(MARK).split(" | ", 2) for line in text.splitlines() if line.startswith(MARK)]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_a_bad_file_is_refused_with_every_sentence_it_announces(file):
    with pytest.raises(ExperimentError) as caught:
        load_experiment(file)
    assert caught.value.exit_code == 3
    found, wanted = [str(m) for m in caught.value.messages], announced(file)
    assert len(found) == len(wanted) > 0, found
    for sentence, (line, key, words) in zip(found, wanted, strict=True):
        place = f"{file}, line {line}: " if line.isdigit() else f"{file}, line " if line == "*" else f"{file}: "
        assert sentence.startswith(place)
        assert f": `{key}`: " in sentence
        assert words in sentence


def test_there_are_bad_files():
    assert len(FILES) > 60


def test_a_file_that_is_not_there():
    with pytest.raises(ExperimentError, match="cannot be read: No such file or directory"):
        load_experiment(FOLDER / "nothing-here.yaml")


# YAML 1.2: on, off, yes and no are words; null is the word `none` only when written so (DESIGN.md, "Rules that look small").
@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("none", "none"), ("off", "off"), ("on", "on"), ("yes", "yes"), ("no", "no"), ("今天", "今天"),
        ("0", "0"), ("0.0", "0"), ("false", "0"), ('"0"', "0"), ("true", "1"), ("1.50", "1.5"), ('"007"', "007"),
        ("2026-01-01", "2026-01-01"), ("12345678901234567891", "12345678901234567891"),
    ],
)  # fmt: skip
def test_labels_are_words_and_numbers_by_value(written, label):
    text = TEXT.replace("CONTROL", f"{written}, ratio: {{{written}: 1, new: 2}}")
    design = parse_experiment(text).design
    assert design.control == label
    assert design.ratio == {label: 1.0, "new": 2.0}


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    file = tmp_path / "experiment.yaml"
    file.write_text(TEXT, encoding="utf-8-sig")
    assert load_experiment(file).key == "small-trial"


def test_dates_and_folder_come_through(tmp_path):
    file = tmp_path / "experiment.yaml"
    file.write_text(TEXT + "as_of: 2026-03-01\n", encoding="utf-8")
    experiment = load_experiment(file)
    assert (experiment.as_of, experiment.folder) == (dt.date(2026, 3, 1), tmp_path)


METRICS = """\
metrics:
  - {name: churn_90d, kind: binary, column: churned_90d, better: lower, window_months: 3}
"""


def test_a_metric_completes_an_outcome(tmp_path):
    (tmp_path / "metrics.yaml").write_text(METRICS)
    file = tmp_path / "experiment.yaml"
    file.write_text(TEXT + "  - {metric: churn_90d, column: left}\n", encoding="utf-8")
    churn = load_experiment(file).outcome("churn_90d")
    assert (churn.kind, churn.better, churn.window_months, churn.column) == ("binary", "lower", 3, "left")


def test_an_unknown_metric_names_the_nearest(tmp_path):
    (tmp_path / "metrics.yaml").write_text(METRICS)
    file = tmp_path / "experiment.yaml"
    file.write_text(TEXT + "  - {metric: churn_90}\n", encoding="utf-8")
    with pytest.raises(ExperimentError, match=r"line 11: `outcomes\[1\]\.metric`.*Did you mean `churn_90d`\?"):
        load_experiment(file)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n", "expected a list of metrics"),
        ("metrics: churn\n", "expected a list of metrics"),
        ("metrics:\n  - {name: a, kind: binray, column: a}\n", "line 2: `metrics[0].kind`"),
        ("metrics:\n  - {kind: binary, column: a}\n", "`metrics[0].name`: is required and missing"),
        ("metrics:\n  - churn\n", "`metrics[0]`: expected keys and values"),
    ],
)
def test_bad_metrics(tmp_path, text, words):
    file = tmp_path / "metrics.yaml"
    file.write_text(text)
    with pytest.raises(ExperimentError) as caught:
        read_metrics(file)
    assert words in str(caught.value)
    assert caught.value.exit_code == 3
