"""The units: that systemd understands them, and that they say what the nodes do."""

import configparser
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from glm4v_ros.nodes.launch_arguments import REMAPPINGS

FOLDER = Path(__file__).resolve().parents[2] / "config" / "systemd"
NODES = ("vqa", "tts")


def read(node):
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str
    parser.read(FOLDER / f"glm4v-{node}.service")
    return parser


@pytest.fixture(params=NODES)
def node(request):
    return request.param


@pytest.fixture
def unit(node):
    return read(node)


def test_a_node_that_ends_or_hangs_is_started_again(unit):
    service = unit["Service"]
    assert service["Type"] == "notify" and service["Restart"] == "always" and float(service["WatchdogSec"]) > 3
    assert service["OOMPolicy"] == "continue"  # else the kernel's end of the worker would stop the node


def test_the_process_that_is_watched_is_the_node(unit, node):
    command = unit["Service"]["ExecStart"]
    assert re.search(rf"exec python3 -m glm4v_ros\.nodes\.{node} ", command) and unit["Service"]["NotifyAccess"] == "main"


def test_the_shell_leaves_the_words_of_the_command_alone(unit, node, tmp_path):
    """A ~ at the beginning of a word, as in the names of remappings, is a home directory to it."""
    (tmp_path / "python3").write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    (tmp_path / "python3").chmod(0o755)
    (tmp_path / "setup").write_text(f"PATH={tmp_path}:$PATH\n")
    command = shlex.split(unit["Service"]["ExecStart"])
    ran = subprocess.run(command, env={**os.environ, "GLM4V_SETUP": str(tmp_path / "setup")}, capture_output=True, text=True)
    words = ran.stdout.splitlines()
    assert words[words.index("--params-file") + 1] == f"/etc/glm4v/{node}.yaml"
    connections = [words[i + 1] for i, word in enumerate(words) if word == "-r"]
    assert connections == ([f"{ours}:={its}" for ours, its in REMAPPINGS] if node == "vqa" else [])


def test_gpu_and_sound_card_stay_open(unit):
    """DeviceAllow, which ProtectClock brings with it, closes every device that it does not name."""
    assert not {"PrivateDevices", "ProtectClock", "DevicePolicy", "DeviceAllow"} & set(unit["Service"])


def test_the_two_may_share_memory_and_the_voice_may_play(unit):
    """DDS passes data through files of one user."""
    assert unit["Service"]["User"] == read("vqa")["Service"]["User"]
    assert read("tts")["Service"]["SupplementaryGroups"] == "audio"


def test_it_has_limits(unit):
    assert all(unit["Service"][limit] for limit in ("MemoryMax", "MemoryHigh", "TasksMax", "LimitNOFILE"))


def test_each_variable_of_the_environment_is_explained():
    lines = (FOLDER / "environment").read_text().splitlines()
    assert any(line.startswith("GLM4V_SETUP=") for line in lines)
    assert all(re.match(r"#|[A-Z_0-9]+=\S+$", line) for line in lines)


def test_the_server_asks_for_keys_and_reaches_this_machine_alone():
    service = (FOLDER / "glm4v-serve.service").read_text()
    command = re.search(r"^ExecStart=(.*)$", service, re.M)[1]
    assert "exec glm4v serve --require-key " in command and "--host" not in command
    assert "IPAddressDeny=any\nIPAddressAllow=localhost" in service
    assert "ListenStream=127.0.0.1:" in (FOLDER / "glm4v-serve.socket").read_text()


@pytest.mark.parametrize("name", ["glm4v-vqa.service", "glm4v-tts.service", "glm4v-serve.service"])
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed here")
def test_systemd_understands_it(tmp_path, name):
    """With what is on no test machine taken out: the user, and the files that an installation makes."""
    text = (FOLDER / name).read_text()
    for field in ("User", "Group", "SupplementaryGroups", "EnvironmentFile"):
        text = re.sub(f"^{field}=.*\n", "", text, flags=re.M)
    (tmp_path / name).write_text(text)
    for socket in FOLDER.glob("*.socket"):
        (tmp_path / socket.name).write_text(socket.read_text())
    ran = subprocess.run(["systemd-analyze", "verify", "--man=no", str(tmp_path / name)], capture_output=True, text=True)
    about = [line for line in ran.stderr.splitlines() if name.partition(".")[0] in line]
    assert about == [] and ran.returncode == 0, ran.stderr
