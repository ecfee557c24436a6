"""Several processes on one registry: nobody is refused, nobody sees half a result."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from causalcx import service
from causalcx.registry import Registry
from causalcx.service.places import registry_file
from causalcx.web import create_app
from tests.conftest import changed

ROWS = "id,arm,y\n" + "".join(f"{i},{'ab'[i % 2]},{i % 7}\n" for i in range(60))
RIVALS = 2
STATES = ("running", "done")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    service.init_workspace(folder=tmp_path)
    folder = tmp_path / "experiments" / "small-trial"
    folder.mkdir()
    (folder / "data.csv").write_text(ROWS)
    (folder / "experiment.yaml").write_text(json.dumps(changed()))
    return folder / "experiment.yaml"


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "causalcx", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_fits_of_one_experiment_at_once_while_the_portal_reads(file: Path, tmp_path: Path) -> None:
    service.publish(experiment=file)
    registry, client = Registry.open(registry_file(file.parent)), create_app(tmp_path).test_client()
    rivals = [start("fit", file, "--json") for _ in range(RIVALS)]
    while any(rival.poll() is None for rival in rivals):
        assert client.get("/").status_code == client.get("/cases/small-trial").status_code == 200
        assert registry.latest_run("small-trial")["state"] in STATES
    answers = [rival.communicate() for rival in rivals]
    assert [rival.returncode for rival in rivals] == [0] * RIVALS, answers
    effects = [json.loads(out)["effects"] for out, _ in answers]
    assert effects == [effects[0]] * RIVALS
    kept = registry.find_run(service.plan(experiment=file)["hash"], None, 1)
    assert kept is not None
    assert kept.readout.effects[0].estimate == effects[0][0]["estimate"]
    assert registry.latest_run("small-trial")["state"] == "done"
