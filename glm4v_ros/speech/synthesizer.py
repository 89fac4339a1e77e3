"""Synthesis in a child process, which may hang or crash without harm."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from multiprocessing.connection import Connection

from glm4v_ros.speech.pcm import Pcm
from glm4v_ros.speech.voice import SpeechError, VoiceConfig


class Synthesizer:
    """Turns words into sound, one sentence at a time. A process that dies or takes too long is replaced."""

    def __init__(self, config: VoiceConfig = VoiceConfig(), timeout: float = 20.0):
        self.config = config
        self.timeout = timeout  # seconds for one sentence; the first one includes loading the voice
        self.restarts = 0
        self._process: subprocess.Popen | None = None
        self._connection: Connection | None = None
        self._closed = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Starts the process and waits until the voice is loaded; SpeechError if it cannot be."""
        with self._lock:
            self._ensure_running()

    def synthesize(self, words: str, language: str, rate: int = 170) -> Pcm:
        """``words`` (a spoken form) in ``language`` at ``rate`` words a minute; SpeechError if there is no sound."""
        with self._lock:
            self._ensure_running()
            reply = self._ask((words, language, rate))
        if isinstance(reply, SpeechError):
            raise reply
        return reply

    def close(self) -> None:
        """Ends the process. From another thread it also ends a synthesis that is under way."""
        self._closed = True
        process = self._process
        if process:
            process.kill()
        with self._lock:
            self._discard()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def _ensure_running(self) -> None:
        if self._closed:
            raise SpeechError("the voice is shut down")
        if self._process and self._process.poll() is None:
            return
        if self._process:
            self.restarts += 1
            self._discard()
        ours, theirs = socket.socketpair()
        with theirs:
            environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
            self._process = subprocess.Popen(
                [sys.executable, "-m", "glm4v_ros.speech.synthesis_worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=environment,
            )
        self._connection = Connection(ours.detach())
        error = self._ask(self.config)
        if error:
            self._discard()
            raise error

    def _ask(self, request) -> Pcm | SpeechError | None:
        try:
            self._connection.send(request)
            if self._connection.poll(self.timeout):
                return self._connection.recv()
            problem = f"took more than {self.timeout:g} s"
        except (EOFError, OSError):
            problem = "ended unexpectedly"
        self._process.kill()
        self._process.wait()
        return SpeechError(
            f"the voice {self.config.name} {problem}; the sentence is lost, the next one gets a new process"
        )

    def _discard(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._connection.close()
            self._process = self._connection = None
