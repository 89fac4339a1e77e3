"""A recogniser that does what the picture's first pixel says, and the test's entry for it."""

import os
import signal
import threading
import time

from glm4v_ros.errors import NotRead
from glm4v_ros.reader.line import Line

READ, DIE, HANG, STOP, GROW, FAIL, WAIT, RAISE = range(8)


def missing():
    return ""


def load(config):
    if os.environ.get("GLM4V_TEST_READER") == "broken":
        raise NotRead("its model is broken")
    return Scripted()


class Scripted:
    def __init__(self):
        self._read = 0
        self._interrupted = threading.Event()
        self._held = []
        self._waited = set()  # each picture of this kind waits once

    def lines(self, rgb):
        """Tells how many pictures were read until now, and the second value of the first pixel."""
        self._interrupted.clear()
        self._read += 1
        what, level, _ = map(int, rgb[0, 0])
        if (fifo := os.environ.get("GLM4V_TEST_BEGUN")) and what in (HANG, WAIT) and level not in self._waited:
            with open(fifo, "w"):
                pass  # whoever opens it to read knows that this picture is being read
        if what == DIE:
            os.kill(os.getpid(), signal.SIGKILL)
        if what == STOP:
            os.kill(os.getpid(), signal.SIGSTOP)
        if what == HANG:
            while True:
                time.sleep(60)
        if what == GROW:
            self._held.append(bytearray(os.urandom(1 << 20)) * 300)
            time.sleep(60)
        if what == FAIL:
            raise NotRead("this one is too dark")
        if what == RAISE:
            raise ValueError("a fault")
        if what == WAIT and level not in self._waited:
            self._waited.add(level)
            if not self._interrupted.wait(60):
                raise AssertionError("nobody interrupted")
            if fifo := os.environ.get("GLM4V_TEST_INTERRUPTED"):
                with open(fifo, "w"):
                    pass
        if self._interrupted.is_set():
            from glm4v_ros.reader.recogniser import Interrupted

            raise Interrupted
        return [Line(f"{self._read} {level}", ((0, 0), (4, 0), (4, 2), (0, 2)), 0.5)]

    def interrupt(self):
        self._interrupted.set()
