"""llama.cpp's own log lines, sent to Python's logging."""

from __future__ import annotations

import ctypes
import logging
import re

import llama_cpp
import llama_cpp.mtmd_cpp as mtmd_cpp

# What llama.cpp calls an error is raised as an exception with a message for a person, or was asked for (a cancel).
_LEVELS = {1: logging.DEBUG, 2: logging.DEBUG, 3: logging.INFO, 4: logging.INFO}  # debug, info, warning, error
_ERROR, _CONTINUED = 4, 5
_NO_REASON = "failed to load model"  # said once more behind the reason


class LlamaLog:
    """Takes llama.cpp's log from now on, and remembers what a person would want to know of it."""

    _current: LlamaLog | None = None  # llama.cpp goes on calling it, so it must not be collected

    def __init__(self):
        LlamaLog._current = self
        self._logger = logging.getLogger("glm4v_ros.llama_cpp")
        self._level = logging.DEBUG
        self._callback = llama_cpp.llama_log_callback(self._take)
        #: The last error line that gives a reason, a hint for the message of an exception.
        self.last_error = ""
        #: "CUDA0 NVIDIA H200", or empty.
        self.gpu = ""
        #: Layers that the GPU holds.
        self.offloaded_layers = 0
        llama_cpp.llama_log_set(self._callback, ctypes.c_void_p(0))
        mtmd_cpp.mtmd_helper_log_set(self._callback, ctypes.c_void_p(0))

    def _take(self, level: int, text: bytes, _user_data) -> None:
        line = (text or b"").decode("utf-8", "replace").rstrip("\n")
        if level != _CONTINUED:
            self._level = _LEVELS.get(level, logging.DEBUG)
        if not line.strip(". "):
            return
        if level == _ERROR and not (self.last_error and line.endswith(_NO_REASON)):
            self.last_error = line
        if match := re.search(r"using device (\S+) \((.+?)\) ", line):
            self.gpu = self.gpu or f"{match[1]} {match[2]}"
        if match := re.search(r"offloaded (\d+)/\d+ layers", line):
            self.offloaded_layers = int(match[1])
        self._logger.log(self._level, "%s", line)
