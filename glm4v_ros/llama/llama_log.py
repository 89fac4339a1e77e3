"""llama.cpp's own log lines, sent to Python's logging."""

from __future__ import annotations

import ctypes
import logging
import re
import threading

import llama_cpp
import llama_cpp.mtmd_cpp as mtmd_cpp

# What llama.cpp calls an error is raised as an exception with a message for a person, or was asked for (a cancel).
_LEVELS = {1: logging.DEBUG, 2: logging.DEBUG, 3: logging.INFO, 4: logging.INFO}  # debug, info, warning, error
_ERROR, _CONTINUED = 4, 5
_FATAL = "CUDA error"  # behind this llama.cpp ends the process, so that nobody can raise what it says
_NO_REASON = re.compile("failed to load model$|Failed to load CLIP model from")  # said once more behind the reason


class LlamaLog:
    """Takes llama.cpp's log from now on, and remembers each thread's last error."""

    _current: LlamaLog | None = None  # llama.cpp goes on calling it, so it must not be collected

    def __init__(self):
        LlamaLog._current = self
        self._logger = logging.getLogger("glm4v_ros.llama_cpp")
        self._level = logging.DEBUG
        self._callback = llama_cpp.llama_log_callback(self._take)
        self._errors: dict[int, str] = {}  # by thread: one may encode while another decodes
        llama_cpp.llama_log_set(self._callback, ctypes.c_void_p(0))
        mtmd_cpp.mtmd_helper_log_set(self._callback, ctypes.c_void_p(0))

    def take_error(self) -> str:
        """This thread's last error line that gives a reason, since the last call: a hint for an exception's message."""
        return self._errors.pop(threading.get_ident(), "")

    def _take(self, level: int, text: bytes, _user_data) -> None:
        line = (text or b"").decode("utf-8", "replace").rstrip("\n")
        if level != _CONTINUED:
            self._level = _LEVELS.get(level, logging.DEBUG)
        if not line.strip(". "):
            return
        thread = threading.get_ident()
        if level == _ERROR and not (thread in self._errors and _NO_REASON.search(line)):
            self._errors[thread] = line
        self._logger.log(logging.ERROR if _FATAL in line else self._level, "%s", line)
