"""`rosdep install` finds everything of package.xml in apt, with the real rosdep and rosdistro's rules."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "test" / "data" / "rosdep"
DISTROS = {"humble": "jammy", "jazzy": "noble", "kilted": "noble"}

pytest.importorskip("rosdep2")


@pytest.fixture(scope="module")
def rosdep(tmp_path_factory):
    """Runs rosdep with the rules of test/data/rosdep; gives its exit code and what it printed."""
    home = tmp_path_factory.mktemp("rosdep")
    (home / "10.list").write_text(f"yaml file://{DATA}/rules.yaml\n")
    index = {"type": "index", "version": 4, "distributions": {}}
    for distro, names in yaml.safe_load((DATA / "released.yaml").read_text()).items():
        release = {"packages": names, "tags": {"release": "x"}, "url": "https://example.org", "version": "1.0.0-1"}
        (home / f"{distro}.yaml").write_text(json.dumps({
            "type": "distribution", "version": 2, "release_platforms": {"ubuntu": [DISTROS[distro]]},
            "repositories": {"all": {"release": release}},
        }))  # fmt: skip
        index["distributions"][distro] = {
            "distribution": [f"{distro}.yaml"], "distribution_status": "active", "distribution_type": "ros2",
            "python_version": 3,
        }  # fmt: skip
    (home / "index-v4.yaml").write_text(json.dumps(index))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ROS_", "AMENT_"))},
        "ROS_HOME": str(home), "ROSDEP_SOURCE_PATH": str(home), "ROSDISTRO_INDEX_URL": f"file://{home}/index-v4.yaml",
    }  # fmt: skip

    def run(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-c", "from rosdep2.main import rosdep_main; rosdep_main()", *words],
            env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return done.returncode, done.stdout

    code, told = run("update")
    assert code == 0, told
    return run


def install(rosdep, source: Path, distro: str) -> tuple[int, str]:
    """The README's command; --reinstall names also what this machine has already."""
    return rosdep("install", "--simulate", "--reinstall", "--from-paths", str(source), "--ignore-src", "-y",
                  "--rosdistro", distro, "--os", f"ubuntu:{DISTROS[distro]}")  # fmt: skip


@pytest.mark.parametrize("distro", DISTROS)
def test_every_key_resolves_to_apt(rosdep, tmp_path, distro):
    (tmp_path / "package.xml").write_text((ROOT / "package.xml").read_text())
    code, told = install(rosdep, tmp_path, distro)
    assert code == 0, f"{told}\nA key that rosdep does have may be missing in test/data/rosdep: scripts/cut_rosdep.py"
    commands = told.splitlines()
    assert commands[0] == "#[apt] Installation commands:"
    assert all("apt-get install -y " in line for line in commands[1:]), told
    assert {"python3-pip", "python3-opencv", f"ros-{distro}-rclpy"} <= {line.split()[-1] for line in commands}


@pytest.mark.parametrize(("key", "complaint"), [("espeak-ng", "espeak-ng"), ("python3-huggingface-hub-pip", "[pip]")])
def test_a_key_that_does_not_is_found_out(rosdep, tmp_path, key, complaint):
    """One that rosdep does not know, and one for pip, which Ubuntu 24.04 refuses."""
    (tmp_path / "package.xml").write_text((ROOT / "package.xml").read_text().replace("libespeak-ng1", key))
    code, told = install(rosdep, tmp_path, "jazzy")
    assert complaint in told and (code or "pip" in key)
