"""Places that cannot be written, read or listened on: one sentence in the reader's language, and the right exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from causalcx import service
from causalcx.service import portal
from tests.conftest import changed

ROWS = "id,arm,y\n" + "".join(f"{i},{'ab'[i % 2]},{i % 7}\n" for i in range(60))


def write(folder: Path, changes: dict | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data.csv").write_text(ROWS)
    document = changed(changes)
    lines = [f"{key}: {json.dumps(value)}\n" for key, value in document.items()]
    (folder / "experiment.yaml").write_text("".join(lines).replace(f'"{document["key"]}"', document["key"]))
    return folder / "experiment.yaml"


@pytest.fixture
def taken(tmp_path: Path) -> Path:
    """A file where a folder should be."""
    (tmp_path / "taken").write_text("a file")
    return tmp_path / "taken"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    service.init_workspace(folder=tmp_path / "w")
    return tmp_path / "w"


@pytest.mark.parametrize(("language", "said"), [("en", "cannot be written"), ("zh", "无法写入")])
@pytest.mark.parametrize("command", ["report", "init", "init --workspace", "simulate", "demo"])
def test_a_place_that_cannot_be_written(causalcx, monkeypatch, tmp_path, taken, command, language, said):
    monkeypatch.setenv("CAUSALCX_LANGUAGE", language)
    monkeypatch.chdir(tmp_path)
    words = ("--title", "t", "--intervention", "other", "--owner", "o", "--hypothesis", "h")
    ran = {
        "report": lambda: causalcx("report", write(tmp_path / "trial"), "--out", taken),
        "init": lambda: causalcx("init", "taken", *words),
        "init --workspace": lambda: causalcx("init", "--workspace", taken),
        "simulate": lambda: causalcx("simulate", "--out", taken, "--customers", 100),
        "demo": lambda: causalcx("demo", "--workspace", taken),
    }[command]()
    assert ran.code == 2
    assert said in ran.err
    assert str(taken.name) in ran.err
    assert "Traceback" not in ran.err


def test_what_nobody_foresaw_is_a_fault_of_ours(causalcx, monkeypatch):
    def fault() -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(service, "schema", fault)
    with pytest.raises(OSError, match="Input/output error"):  # Python prints it and exits with 1
        causalcx("schema")


@pytest.mark.parametrize("port", [99999, -1])
def test_a_port_that_does_not_exist(causalcx, workspace, port):
    for command in (("serve",), ("demo", "--serve")):
        ran = causalcx(*command, "--workspace", workspace, "--port", port)
        assert ran.code == 2
        assert "Invalid value for '--port'" in ran.err


@pytest.mark.parametrize(("language", "said"), [("en", "There is no folder"), ("zh", "没有文件夹")])
def test_a_workspace_that_does_not_exist(causalcx, tmp_path, language, said):
    ran = causalcx("serve", "--workspace", tmp_path / "nowhere", "-l", language)
    assert ran.code == 2
    assert said in ran.err
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("command", ["fit", "value", "register", "show", "publish"])
def test_a_registry_that_is_damaged(causalcx, tmp_path, command):
    file = write(tmp_path / "trial")
    (file.parent / ".causalcx").mkdir()
    (file.parent / ".causalcx" / "registry.sqlite").write_text("no database at all, and rather longer than its head")
    ran = causalcx(command, file)
    assert ran.code == 1
    assert "Put a backup in its place" in ran.err
    assert "Traceback" not in ran.err


def test_a_folder_without_room_for_a_registry_is_no_reason_not_to_fit(causalcx, tmp_path):
    file = write(tmp_path / "trial")
    (file.parent / ".causalcx").write_text("a file where the registry's folder should be")
    ran = causalcx("fit", file, "--json")
    assert ran.code == 0
    assert "This run is not kept" in ran.json["fallbacks"][0]["sentence"]


def test_a_read_only_registry_is_asked_but_not_written(causalcx, tmp_path, monkeypatch):
    file = write(tmp_path / "trial")
    causalcx("register", file)
    monkeypatch.setattr("os.access", lambda _place, _mode: False)
    ran = causalcx("fit", file, "--json")
    assert ran.code == 0
    assert ran.json["fallbacks"][0]["sentence"] == "This run is not kept: the folder of the registry is read-only."
    assert "not-registered" not in {w["code"] for w in ran.json["warnings"]}
    published = causalcx("publish", file)
    assert published.code == 2
    assert "read-only" in published.err
    assert causalcx("register", write(tmp_path / "trial", {"hypothesis": "Other."}), "--change").code == 1


class TestPublishing:
    def test_another_file_of_the_same_key_is_refused(self, causalcx, workspace):
        first = write(workspace / "experiments" / "first")
        second = write(workspace / "experiments" / "second", {"title": "Another trial"})
        assert causalcx("publish", first).code == 0
        ran = causalcx("publish", second)
        assert ran.code == 2
        assert "`small-trial` is published from experiments/first/experiment.yaml already" in ran.err
        assert portal.published_case(workspace=workspace, key="small-trial").title == "A small trial"
        assert causalcx("publish", first).code == 0

    def test_a_file_that_moved_or_took_another_key_gives_it_free(self, causalcx, workspace):
        first = write(workspace / "experiments" / "first")
        causalcx("publish", first)
        first.parent.rename(workspace / "experiments" / "renamed")
        assert causalcx("publish", workspace / "experiments" / "renamed").code == 0
        write(workspace / "experiments" / "renamed", {"key": "own-key"})
        assert causalcx("publish", write(workspace / "experiments" / "second")).code == 0

    def test_a_copy_of_a_workspace_publishes_its_own(self, causalcx, workspace, tmp_path):
        import shutil

        causalcx("publish", write(workspace / "experiments" / "first"))
        shutil.copytree(workspace, tmp_path / "copy")
        assert causalcx("publish", tmp_path / "copy" / "experiments" / "first").code == 0


def test_a_failure_is_told_in_the_readers_language(causalcx, tmp_path):
    file = write(tmp_path / "trial")
    (file.parent / "data.csv").write_text("id,arm,z\n1,a,1\n2,b,2\n")
    causalcx("fit", file)
    assert "has no column y" in causalcx("show", file, "--json").json["last_run"]["failure"]
    assert "没有列 y" in causalcx("show", file, "--json", "-l", "zh").json["last_run"]["failure"]


@pytest.mark.parametrize(
    ("source", "said", "chinese"),
    [("..", "is a folder", "是文件夹"), ("https://example.com/a.csv", "is an address", "是网址")],
)
def test_data_that_are_no_file_of_this_machine(causalcx, tmp_path, source, said, chinese):
    file = write(tmp_path / "trial", {"data.source": source})
    for language, words in (("en", said), ("zh", chinese)):
        ran = causalcx("check", file, "--language", language)
        assert (ran.code, ran.out) == (4, "")
        assert words in ran.err
        assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_cannot_be_kept_is_a_wrong_command_line(causalcx, tmp_path, seed):
    ran = causalcx("value", write(tmp_path / "trial"), "--seed", seed)
    assert ran.code == 2
    assert "--seed" in ran.err
    assert not (tmp_path / "trial" / ".causalcx").exists()
