import signal

import pytest

from glm4v_ros.machine.module_process import exit_reason


@pytest.mark.parametrize(
    "code, says",
    [
        (-signal.SIGKILL, "run out of memory"),
        (-signal.SIGBUS, "cut short"),
        (-signal.SIGSEGV, "signal 11"),
        (3, "exit code 3"),
    ],
)
def test_an_exit_code_is_said_in_words(code, says):
    assert says in exit_reason(code, "ask again") and exit_reason(code, "ask again").endswith("; ask again")


def test_an_illegal_instruction_comes_again_however_often_one_asks():
    told = exit_reason(-signal.SIGILL, "ask again")
    assert "built for another processor" in told and "CMAKE_ARGS" in told
    assert "ask again" not in told
