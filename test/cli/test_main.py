import subprocess
import sys

import pytest

from glm4v_ros.cli.main import VERBS

HEAVY = ("llama_cpp", "rclpy", "cv2", "PIL")


@pytest.mark.parametrize("words", [["--help"], ["--version"], *([verb, "--help"] for verb in VERBS)])
def test_help_is_quick(words):
    """Nothing heavy is imported to print it."""
    code = f"import sys; from glm4v_ros.cli.main import main\ntry: main({words!r})\nexcept SystemExit: pass\n"
    code += f"sys.exit(', '.join(set({HEAVY!r}) & set(sys.modules)) or 0)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout


def test_help_names_every_verb_and_exit_code(glm4v):
    code, out, _ = glm4v("--help")
    assert code == 0 and all(f"    {verb}" in out for verb in VERBS) and "exit codes" in out


@pytest.mark.parametrize("words", [[], ["sing"], ["ask", "--loud"], ["models"]])
def test_wrong_usage(glm4v, words):
    code, out, err = glm4v(*words)
    assert (code, out) == (2, "") and "usage: glm4v" in err


def test_as_a_command():
    ran = subprocess.run(
        [sys.executable, "-m", "glm4v_ros.cli.main", "ask", "none.png", "q"], capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout) == (16, "") and ran.stderr.startswith("glm4v: BAD_IMAGE: none.png")


def test_chinese_under_any_locale():
    environment = {"PYTHONIOENCODING": "ascii", "LC_ALL": "POSIX", "PYTHONPATH": ":".join(sys.path)}
    words = [sys.executable, "-m", "glm4v_ros.cli.main", "models", "show", "型号"]
    ran = subprocess.run(words, capture_output=True, env=environment)
    assert ran.returncode == 2 and "型号" in ran.stderr.decode()
