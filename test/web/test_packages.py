import re
import sys
from pathlib import Path

import pytest

from glm4v_ros.cli.main import WRONG_USAGE, main
from glm4v_ros.errors import BadRequest
from glm4v_ros.web.packages import NEEDED, check_packages

ROOT = Path(__file__).resolve().parents[2]


def test_they_are_those_that_an_installation_with_a_server_brings():
    (extra,) = re.findall(r'"serve": \[(.*?)\]', (ROOT / "setup.py").read_text())
    assert [name.replace("_", "-") for name in NEEDED] == re.findall(r'"([\w-]+)"', extra)


@pytest.mark.parametrize("name", NEEDED)
def test_one_that_is_missing_is_named_with_what_to_do(name, monkeypatch):
    check_packages()
    monkeypatch.setitem(sys.modules, name, None)  # as Python has it for one that cannot be imported
    with pytest.raises(BadRequest, match=f"{name} is missing: build glm4v_ros again"):
        check_packages()


@pytest.mark.parametrize("name", NEEDED)
def test_glm4v_serve_says_so_before_anything_else(name, monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, name, None)
    assert main(["serve", "--keys", str(tmp_path / "keys.json"), "--add-key", "tablet"]) == WRONG_USAGE
    assert f"{name} is missing" in capsys.readouterr().err
