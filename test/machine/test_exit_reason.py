import signal

import pytest

from glm4v_ros.machine.module_process import exit_reason


@pytest.mark.parametrize(
    "code, says",
    [
        (-signal.SIGILL, "built for another processor"),
        (-signal.SIGKILL, "run out of memory"),
        (-signal.SIGBUS, "cut short"),
        (-signal.SIGSEGV, "signal 11"),
        (3, "exit code 3"),
    ],
)
def test_an_exit_code_is_said_in_words(code, says):
    assert says in exit_reason(code)
