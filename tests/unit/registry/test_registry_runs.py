"""Runs: whole or not at all; a failure leaves its sentence, a death is seen, and a re-run clears both."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kept_records import (
    AWKWARD,
    FINGERPRINT,
    NOW,
    experiment_of,
    identity_of,
    keep_run,
    readout_of,
    sealed_of,
    valuation_of,
)

from causalcx.core.errors import DataError, Message
from causalcx.core.seal import plan_hash
from causalcx.registry import Registry
from causalcx.registry.process import is_alive, this_process
from causalcx.words import say

DIES = """
import datetime as dt, os, sys
from pathlib import Path
from causalcx.registry import Registry
with Registry.open(Path(sys.argv[1])).run(
    key="merge", plan_hash=sys.argv[2], fingerprint="f", seed=1, versions={}, now=dt.datetime.now(dt.UTC)
):
    os._exit(9)
"""


def count(file: Path, table: str) -> int:
    plain = sqlite3.connect(file)
    (number,) = plain.execute(f"SELECT count(*) FROM {table}").fetchone()
    plain.close()
    return number


def fail(registry: Registry, sentence: str = "Column `score` is missing.") -> None:
    with pytest.raises(DataError, match="is missing"), registry.run(**identity_of(experiment_of())):
        raise DataError(sentence)


def test_readout_and_moments_come_back_to_the_last_digit(file: Path) -> None:
    experiment = experiment_of()
    number = keep_run(Registry.open(file), experiment)
    found = Registry.open(file).find_run(plan_hash(experiment), FINGERPRINT, 1)
    assert found is not None
    assert found.id == number
    assert found.readout == readout_of(experiment, run=str(number))
    assert found.moments == {"mean": list(AWKWARD)}
    assert [repr(x) for x in found.moments["mean"]] == [repr(x) for x in AWKWARD]  # -0.0 equals 0.0, their texts differ


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ((None, FINGERPRINT, 1), False),
        (("same", "other", 1), False),
        (("same", FINGERPRINT, 2), False),
        (("same", None, 1), True),
    ],
)
def test_a_run_is_found_by_plan_data_and_seed(registry: Registry, other: tuple, found: bool) -> None:
    keep_run(registry, experiment_of())
    plan = plan_hash(experiment_of()) if other[0] else plan_hash(experiment_of(matters=9))
    assert (registry.find_run(plan, *other[1:]) is not None) is found


def test_a_run_that_raises_is_marked_with_its_sentence_and_leaves_nothing_else(registry: Registry, file: Path) -> None:
    fail(registry)
    latest = registry.latest_run("merge")
    assert latest is not None
    assert (latest["state"], str(latest["failure"])) == ("failed", "Column `score` is missing.")
    assert registry.find_run(plan_hash(experiment_of()), FINGERPRINT, 1) is None
    assert count(file, "effects") == 0


def test_a_failure_is_kept_with_its_facts_to_be_told_in_any_language(registry: Registry) -> None:
    def stopped() -> None:
        with registry.run(**identity_of(experiment_of())):
            raise DataError(
                "The data file {path} does not exist.", path=Path("data.csv"), rows=3, why=Message("nothing")
            )

    with pytest.raises(DataError):
        stopped()
    failure = registry.latest_run("merge")["failure"]
    assert (failure.template, failure.facts) == (
        "The data file {path} does not exist.",
        {"path": "data.csv", "rows": 3, "why": Message("nothing")},
    )
    assert say(failure, "zh") == "数据文件 data.csv 不存在。"


def test_a_run_that_raises_after_it_finished_keeps_nothing(registry: Registry, file: Path) -> None:
    def stopped() -> None:
        with registry.run(**identity_of(experiment_of())) as run:
            run.finish(readout_of(experiment_of()), None)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert registry.latest_run("merge")["state"] == "failed"
    assert count(file, "effects") == 0


def test_a_result_that_cannot_be_kept_is_a_failed_run(registry: Registry, file: Path) -> None:
    broken = readout_of(experiment_of())
    nothing = broken.effects[0].model_copy(update={"estimate": float("nan")})
    with pytest.raises(Exception, match="NOT NULL"), registry.run(**identity_of(experiment_of())) as run:
        run.finish(broken.model_copy(update={"effects": (nothing,)}), None)
    assert registry.latest_run("merge")["state"] == "failed"
    assert count(file, "effects") == 0


def test_a_run_without_a_result_is_a_failure(registry: Registry) -> None:
    with pytest.raises(Exception, match="without a result"), registry.run(**identity_of(experiment_of())):
        pass
    assert registry.latest_run("merge")["state"] == "failed"


def test_a_run_whose_process_was_killed_shows_as_abandoned_until_it_is_run_again(
    registry: Registry, file: Path
) -> None:
    died = subprocess.run([sys.executable, "-c", DIES, str(file), plan_hash(experiment_of())], check=False)
    assert died.returncode == 9  # the code given to os._exit
    assert registry.latest_run("merge")["state"] == "abandoned"
    assert count(file, "effects") == 0
    keep_run(registry, experiment_of())
    assert registry.latest_run("merge")["state"] == "done"
    assert count(file, "runs") == 1


def test_a_number_used_again_by_another_process_is_not_the_run() -> None:
    assert is_alive(this_process())
    assert not is_alive(this_process().replace('"born": "', '"born": "9'))


def test_a_run_under_way_is_running_and_survives_another_one(registry: Registry) -> None:
    with registry.run(**identity_of(experiment_of())) as slow:
        assert registry.latest_run("merge")["state"] == "running"
        keep_run(registry, experiment_of(), fingerprint="other")
        slow.finish(readout_of(experiment_of()), None)
    assert registry.find_run(plan_hash(experiment_of()), FINGERPRINT, 1) is not None
    assert registry.find_run(plan_hash(experiment_of()), "other", 1) is not None


def test_a_re_run_clears_failures_and_replaces_its_predecessor(registry: Registry, file: Path) -> None:
    keep_run(registry, experiment_of())
    fail(registry)
    fail(registry)
    number = keep_run(registry, experiment_of())
    assert count(file, "runs") == 1
    assert count(file, "effects") == len(readout_of(experiment_of()).effects)
    assert registry.find_run(plan_hash(experiment_of()), FINGERPRINT, 1).id == number


def test_a_failure_newer_than_a_slow_result_stays(registry: Registry) -> None:
    with registry.run(**identity_of(experiment_of())) as slow:
        fail(registry)
        slow.finish(readout_of(experiment_of()), None)
    assert registry.latest_run("merge")["state"] == "failed"


def test_a_run_of_other_data_or_with_a_published_case_is_kept(registry: Registry, file: Path) -> None:
    experiment = experiment_of()
    shown = keep_run(registry, experiment)
    registry.publish(shown, experiment, {"title": "t"}, {}, NOW)
    keep_run(registry, experiment, fingerprint="other")
    keep_run(registry, experiment)
    assert count(file, "runs") == 3
    assert registry.case("merge").readout == readout_of(experiment, run=str(shown))


def test_a_result_that_was_seen_before_a_seal_is_kept_as_its_witness(registry: Registry, file: Path) -> None:
    experiment = experiment_of()
    assert registry.seen_before_seal("merge", FINGERPRINT) is None
    keep_run(registry, experiment)
    registry.register(sealed_of(experiment), experiment)
    keep_run(registry, experiment)
    keep_run(registry, experiment)
    assert count(file, "runs") == 2
    assert registry.seen_before_seal("merge", "other") == NOW
    assert registry.seen_before_seal("never sealed", FINGERPRINT) is None


def test_a_replaced_run_takes_its_valuation_along(registry: Registry, file: Path) -> None:
    experiment = experiment_of()
    registry.save_valuation(keep_run(registry, experiment), valuation_of(experiment))
    keep_run(registry, experiment)
    assert count(file, "cases") == 0


def test_the_end_is_the_given_start_plus_what_passed(registry: Registry) -> None:
    with registry.run(**identity_of(experiment_of())) as run:
        time.sleep(0.01)
        run.finish(readout_of(experiment_of()), None)
    finished = dt.datetime.fromisoformat(registry.latest_run("merge")["finished_at"])
    assert NOW <= finished <= NOW + dt.timedelta(minutes=5)  # a wall clock would say another day


def test_this_process_is_named_by_its_number() -> None:
    assert f'"pid": {os.getpid()}' in this_process()
