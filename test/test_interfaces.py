"""The interfaces' constants are those of the code, and every field says what it is."""

import re
from pathlib import Path

import pytest
from glm4v_ros.action import AskImage
from glm4v_ros.msg import Answer

from glm4v_ros.engine.answer import FinishReason, Stage
from glm4v_ros.errors import ErrorCode
from glm4v_ros.policy.verification import Verdict

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted(path for kind in ("msg", "srv", "action") for path in ROOT.glob(f"{kind}/*.{kind}"))


@pytest.mark.parametrize("code", ErrorCode)
def test_error_codes(code):
    assert getattr(Answer, code.name) == code


@pytest.mark.parametrize("reason", FinishReason)
def test_finish_reasons(reason):
    clash = reason in (FinishReason.TIMEOUT, FinishReason.CANCELED)
    assert getattr(Answer, f"FINISH_{reason.name}" if clash else reason.name) == reason


@pytest.mark.parametrize("verdict", Verdict)
def test_verdicts(verdict):
    assert getattr(Answer, verdict.name) == verdict


@pytest.mark.parametrize("stage", Stage)
def test_stages(stage):
    assert getattr(AskImage.Feedback, stage.name) == stage


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_field_has_a_comment(path):
    before = ""
    for line in path.read_text().splitlines():
        if line and not line.startswith("#") and line != "---":
            assert "#" in line or before.startswith("#"), f"{path.name}: {line}"
            assert re.match(r"[\w/]+(\[\])? \w+", line)
        before = line
