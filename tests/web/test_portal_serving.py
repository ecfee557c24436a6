"""Starting the portal: only this machine, unless somebody takes it upon himself."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from causalcx import words
from causalcx.core.errors import UsageError
from causalcx.web import serve
from causalcx.web.remote import is_loopback
from causalcx.web.serving import address

STARTS = "import sys; from pathlib import Path; from causalcx.web import serve; serve(Path(sys.argv[1]), '127.0.0.1', int(sys.argv[2]), sys.argv[3])"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("192.168.0.4", False),
        ("portal.example", False),
    ],
)
def test_which_hosts_are_this_machine(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def test_another_host_is_refused_in_both_languages(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAUSALCX_ALLOW_REMOTE", raising=False)
    with pytest.raises(UsageError) as refused:
        serve(workspace, host="0.0.0.0", port=free_port())
    assert "CAUSALCX_ALLOW_REMOTE=1" in str(refused.value)
    assert "账号" in words.say(refused.value, "zh")


def test_a_port_that_is_taken_is_said(workspace: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match="cannot listen"):
            serve(workspace, port=taken.getsockname()[1])


def test_a_port_that_does_not_exist_is_said(workspace: Path) -> None:
    with pytest.raises(UsageError, match="There is no port 99999"):
        serve(workspace, port=99999)


def test_a_folder_that_does_not_exist_is_said_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no folder .*nowhere; make it with"):
        serve(tmp_path / "nowhere", port=free_port())
    assert list(tmp_path.iterdir()) == []


def test_addresses() -> None:
    assert address("127.0.0.1", 8000) == "http://127.0.0.1:8000/"
    assert address("::1", 8000) == "http://[::1]:8000/"


@pytest.mark.parametrize(("language", "said"), [("en", "The portal is at"), ("zh", "门户地址")])
def test_it_starts_says_where_and_answers(full: Path, language: str, said: str) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", STARTS, str(full), str(port), language], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert said in line
        where = re.search(r"http://\S+/", line)
        assert where is not None
        with urlopen(where[0] + "health", timeout=20) as answer:
            assert answer.status == 200
    finally:
        process.terminate()
        process.wait(timeout=20)
        if process.stderr:
            process.stderr.close()


def test_the_wsgi_file_makes_an_app(full: Path) -> None:
    from causalcx.core.packaged import packaged

    program = "import runpy, sys; print(runpy.run_path(sys.argv[1])['app'].test_client().get('/health').json['cases'])"
    done = subprocess.run(
        [sys.executable, "-c", program, str(packaged("web") / "wsgi.py")], capture_output=True, text=True, check=True, env={"CAUSALCX_WORKSPACE": str(full)}
    )  # fmt: skip
    assert done.stdout.strip() == "4"
