"""The unit: that systemd understands it, and that it says what the node does."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "config" / "systemd"
UNIT = FOLDER / "glm4v-vqa.service"


@pytest.fixture(scope="module")
def unit():
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str
    parser.read(UNIT)
    return parser


def test_a_node_that_ends_or_hangs_is_started_again(unit):
    service = unit["Service"]
    assert service["Type"] == "notify" and service["Restart"] == "always" and float(service["WatchdogSec"]) > 3
    assert service["OOMPolicy"] == "continue"  # else the kernel's end of the worker would stop the node


def test_the_process_that_is_watched_is_the_node(unit):
    command = unit["Service"]["ExecStart"]
    assert re.search(r"exec python3 -m glm4v_ros\.nodes\.vqa ", command) and unit["Service"]["NotifyAccess"] == "main"


def test_the_gpu_stays_open(unit):
    """DeviceAllow, which ProtectClock brings with it, closes every device that it does not name."""
    assert not {"PrivateDevices", "ProtectClock", "DevicePolicy", "DeviceAllow"} & set(unit["Service"])


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


@pytest.mark.parametrize("name", ["glm4v-vqa.service", "glm4v-serve.service"])
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
