"""`glm4v serve` as a person starts it."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from glm4v_ros.reader.client import SecondReader

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds


@contextmanager
def started(tmp_path, *words):
    """The server's process and what it said until it was ready."""
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "glm4v_ros.cli.main", "serve", "--port", "0", "--threads", "1", *words]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        said = ""
        for line in process.stderr:
            said += line
            if "is ready" in line:
                break
        try:
            yield process, said
        finally:
            process.kill()


def refused(tmp_path, *words) -> str:
    command = [sys.executable, "-m", "glm4v_ros.cli.main", "serve", *words]
    ran = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "HOME": str(tmp_path)}, capture_output=True, text=True, timeout=PATIENCE
    )
    assert ran.returncode == 2, ran.stderr
    return ran.stderr


def port_of(said: str) -> int:
    return int(re.search(r"https?://[^ ]+?:(\d+)", said)[1])


def get(port: int, path: str, key: str = "", context=None):
    kind = http.client.HTTPSConnection if context else http.client.HTTPConnection
    connection = kind("127.0.0.1", port, timeout=PATIENCE, **({"context": context} if context else {}))
    connection.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_one_command_and_it_answers_until_it_is_told_to_stop(tmp_path, how):
    with started(tmp_path) as (process, said):
        assert said.startswith("glm4v: http://127.0.0.1:")
        assert get(port_of(said), "/v1/models")[1]["data"][0]["id"] == "glm4v-nano"
        process.send_signal(how)
        assert process.wait(PATIENCE) == 0
        assert process.stderr.read() == ""


@pytest.mark.skipif(bool(SecondReader().missing), reason="the second reader is not installed")
def test_the_second_reader_checks_where_it_is_asked_for(tmp_path):
    plate = base64.b64encode((ROOT / "test" / "data" / "nameplate.png").read_bytes()).decode()
    content = [{"type": "text", "text": "型号是什么?"}, {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{plate}"}}]
    with started(tmp_path, "--verify", "required") as (process, said):
        connection = http.client.HTTPConnection("127.0.0.1", port_of(said), timeout=PATIENCE)
        for options, verdict in (({}, "confirmed"), ({"verify": "off"}, "not_checked")):
            body = {"model": "glm4v-nano", "messages": [{"role": "user", "content": content}], "glm4v": options}
            text, until = "after 15 s", time.monotonic() + PATIENCE
            while "after 15 s" in text and time.monotonic() < until:  # the reader of a busy machine goes on reading meanwhile
                connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
                answered = json.loads(connection.getresponse().read())
                text = answered["choices"][0]["message"]["content"]
            assert text == "LVV9-70S1-9" and answered["glm4v"]["verification"] == verdict
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_keys_are_made_and_taken_back(tmp_path):
    command = [sys.executable, "-m", "glm4v_ros.cli.main", "serve"]
    run = dict(cwd=ROOT, env={**os.environ, "HOME": str(tmp_path)}, capture_output=True, text=True)
    assert "no key yet" in refused(tmp_path, "--require-key", "--port", "0")
    secret = subprocess.run([*command, "--add-key", "tablet", "--per-minute", "30"], **run, check=True).stdout.strip()
    assert secret.startswith("glm4v-")
    with started(tmp_path, "--require-key") as (_, said):
        assert "with a key" in said and secret not in said
        assert get(port_of(said), "/v1/models")[0] == 401
        assert get(port_of(said), "/v1/models", secret)[0] == 200
    subprocess.run([*command, "--remove-key", "tablet"], **run, check=True)
    assert "no key yet" in refused(tmp_path, "--require-key", "--port", "0")


def test_lan_makes_a_certificate_and_a_key(tmp_path):
    pytest.importorskip("segno")
    with started(tmp_path, "--lan", "--host", "127.0.0.1") as (process, said):
        secret = re.search(r"type the key (glm4v-\S+)", said)[1]
        chain = tmp_path / "glm4v_ros" / "serve" / "lan.crt"
        assert (chain.with_name("lan.key").stat().st_mode & 0o777) == 0o600
        context = ssl.create_default_context(cafile=str(chain))  # checks the name too: 127.0.0.1
        assert get(port_of(said), "/v1/models", context=context)[0] == 401
        assert get(port_of(said), "/v1/models", secret, context)[0] == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert "\u2588" in process.stderr.read() or "\u2580" in said  # the QR code
    made = chain.read_bytes()
    with started(tmp_path, "--lan", "--host", "127.0.0.1") as (_, said):
        assert chain.read_bytes() == made and secret not in said


@pytest.mark.parametrize("words, wrong", [
    (["--host", "0.0.0.0"], "no key yet"),
    (["--host", "0.0.0.0", "--insecure-no-key"], "unencrypted"),
    (["--tls-cert", "x.pem"], "go together"),
    (["--proxy", "somewhere"], "--proxy"),
    (["--model", "nobody"], "nobody"),
])  # fmt: skip
def test_what_is_refused_before_a_model_is_loaded(tmp_path, words, wrong):
    assert wrong in refused(tmp_path, *words)
