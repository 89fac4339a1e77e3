"""scripts/check_arm64, but for what takes minutes and root: what it names is there."""

import re
import subprocess
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "check_arm64"


@pytest.fixture(scope="module")
def check():
    spec = spec_from_loader("check_arm64", SourceFileLoader("check_arm64", str(SCRIPT)))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_its_tests_and_picture_are_there(check):
    for name in (*check.TESTS, *check.ENGINE, *check.LONG_TEXTS, check.PICTURE):
        path, _, test = name.partition("::")
        assert (ROOT / path).exists(), name
        assert not test or f"def {test}(" in (ROOT / path).read_text(), name


def test_what_the_package_needs_is_installed_there_with_the_pinned_version(check):
    pins = (ROOT / "requirements" / "python.txt").read_text() + (ROOT / "requirements" / "serve.txt").read_text()
    for name in check.NEEDED:
        assert re.search(rf"^{name}==", pins, re.MULTILINE), name
    needed = re.search(r"install_requires=\[(.*?)\]", (ROOT / "setup.py").read_text(), re.DOTALL)[1]
    for name in re.findall(r'"([\w-]+)', needed):
        assert name in (*check.NEEDED, "llama-cpp-python"), name


def test_an_unknown_step_is_refused_before_anything_is_done(tmp_path):
    told = subprocess.run([SCRIPT, tmp_path / "arm", "fly"], capture_output=True, text=True)
    assert told.returncode == 2 and "no step fly" in told.stderr
    assert not (tmp_path / "arm").exists()


def test_the_kernel_runs_arm64_as_long_as_a_run_needs_it(check, tmp_path):
    """binfmt_misc's folder, where "-1" into an entry takes it away."""
    formats, lock = tmp_path / "formats", tmp_path / "lock"
    formats.mkdir()
    register, entry = formats / "register", formats / check.FORMAT
    register.touch()
    one, other = check.Emulation(formats, lock), check.Emulation(formats, lock)
    one.begin()
    assert register.read_text().startswith(f":{entry.name}:M::\\x7fELF") and register.read_text().endswith(":PF")
    entry.write_text("enabled")
    one.close()
    assert entry.read_text() == "enabled", "the other run still needs it"
    other.close()
    assert entry.read_text() == "-1"
    entry.write_text("enabled")  # of a run that was killed
    check.Emulation(formats, lock).close()
    assert entry.read_text() == "-1"
    entry.unlink()
    check.Emulation(formats, lock).close()
    assert not entry.exists()
