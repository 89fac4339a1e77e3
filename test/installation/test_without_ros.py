"""`pip install .` where there is no ROS brings the package without its nodes."""

import subprocess
import sys
import zipfile
from importlib import util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATTERNS = ("setuptools", "setuptools-*", "wheel", "wheel-*", "packaging", "pkg_resources", "_distutils_hack")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built by an interpreter that sees setuptools and nothing else."""
    directory = tmp_path_factory.mktemp("plain")
    source = directory / "source"
    source.mkdir()
    for name in ("setup.py", "package.xml", "README.md", "config", "models", "glm4v_ros"):
        (source / name).symlink_to(ROOT / name)
    tools = directory / "tools"
    tools.mkdir()
    packages = Path(util.find_spec("setuptools").submodule_search_locations[0]).parent
    for pattern in PATTERNS:
        for path in packages.glob(pattern):
            (tools / path.name).symlink_to(path)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", directory / "venv"], check=True)
    python = directory / "venv" / "bin" / "python"
    ran = subprocess.run(
        [python, "setup.py", "-q", "bdist_wheel", "-d", directory / "wheel"], cwd=source, capture_output=True, text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tools), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "there is no ROS here" in ran.stderr
    (built,) = (directory / "wheel").glob("*.whl")
    return built


def test_it_belongs_to_every_python(wheel):
    assert wheel.name.endswith("-py3-none-any.whl")


def test_what_is_in_it(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    packages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "glm4v_ros").rglob("*") if path.is_file()}
    left_out = ("glm4v_ros/nodes/", "glm4v_ros/behaviours/", "glm4v_ros/client.py", "glm4v_ros/goal.py", "glm4v_ros/action_caller.py")
    wanted = {name for name in packages if not name.startswith(left_out) and "__pycache__" not in name}
    found = {name for name in names if name.startswith("glm4v_ros/")}
    assert found == wanted | {"glm4v_ros/nodes/__init__.py", "glm4v_ros/behaviours/__init__.py"}
    assert any(name.endswith("share/glm4v_ros/models/glm4v-nano/glm4v-nano-text-q4_k_m.gguf") for name in names)


def test_it_runs_and_says_what_is_missing(wheel, tmp_path):
    """From the wheel alone, with this interpreter's libraries beside it."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    run = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); "
    listed = subprocess.run(
        [sys.executable, "-I", "-c", run + "from glm4v_ros.cli.main import main; sys.exit(main(['ask', '--help']))"],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert "--remote-url" in listed.stdout, listed.stderr
    missing = subprocess.run([sys.executable, "-I", "-c", run + "import glm4v_ros.nodes"], capture_output=True, text=True, cwd=tmp_path)
    assert "source ROS and install it again" in missing.stderr
