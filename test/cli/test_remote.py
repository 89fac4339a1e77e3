"""`glm4v ask` with a model on another machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from stub_server import StubServer

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "test" / "data" / "nameplate.png"


@pytest.fixture
def stub():
    stub = StubServer()
    stub.act = lambda connection, _: connection.answer("H3U", "-32MR")
    yield stub
    stub.close()


def ask(*words):
    command = [sys.executable, "-m", "glm4v_ros.cli.main", "ask", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_ask_elsewhere(stub, tmp_path):
    (tmp_path / "key").write_text("secret\n")
    where = ["--remote-url", stub.address, "--remote-model", "big", "--remote-key-file", tmp_path / "key", "--max-image-tokens", "100"]
    ran = ask(PICTURE, "型号是什么?", *where)
    assert ran.stdout == "H3U-32MR\n" and ran.returncode == 0, ran.stderr
    (request,) = stub.requests
    assert request.body["model"] == "big" and request.headers["authorization"] == "Bearer secret"
    assert request.headers["x-glm4v-image-tokens"] == "100"
    told = json.loads(ask(PICTURE, "型号是什么?", *where, "--json").stdout)
    assert told["answer"] == "H3U-32MR" and told["model"] == f"big@127.0.0.1:{stub.port}"


@pytest.mark.parametrize(
    "words, says",
    [
        (["--remote-url", "http://gpu.example", "--remote-model", "big"], "https alone"),
        (["--remote-url", "https://gpu.example"], "remote_model"),
        (["--remote-url", "https://gpu.example", "--remote-model", "big", "--preset", "eldercare"], "no other machine"),
    ],
)
def test_what_is_refused(words, says):
    ran = ask(PICTURE, "what?", *words)
    assert ran.returncode and says in ran.stderr and not ran.stdout
