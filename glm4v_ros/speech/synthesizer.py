"""Synthesis in a child process, which may hang or crash without harm."""

from __future__ import annotations

import os
import subprocess
import threading

from glm4v_ros.machine.channel import Channel
from glm4v_ros.machine.module_process import start_module
from glm4v_ros.speech.pcm import Pcm
from glm4v_ros.speech.voice import SpeechError, VoiceConfig

_SHUT_DOWN = "the voice is shut down"


class Synthesizer:
    """Turns words into sound, one sentence at a time. A process that dies or takes too long is replaced."""

    def __init__(self, config: VoiceConfig = VoiceConfig(), timeout: float = 20.0):
        self.config = config
        self.timeout = timeout  # seconds for one sentence; the first one includes loading the voice
        self.restarts = 0
        self._process: subprocess.Popen | None = None
        self._channel: Channel | None = None
        self._closed = False
        self._speaking = threading.Lock()  # held for a whole sentence
        self._replacing = threading.Lock()  # held for moments: a process is started, or none is any more

    def start(self) -> None:
        """Starts the process and waits until the voice is loaded; SpeechError if it cannot be."""
        with self._speaking:
            self._ensure_running()

    def synthesize(self, words: str, language: str, rate: int = 170) -> Pcm:
        """``words`` (a spoken form) in ``language`` at ``rate`` words a minute; SpeechError if there is no sound."""
        with self._speaking:
            self._ensure_running()
            reply = self._ask((words, language, rate))
        if isinstance(reply, SpeechError):
            raise reply
        return reply

    def close(self) -> None:
        """Ends the process. From another thread it also ends a synthesis or a start that is under way, with SpeechError."""
        with self._replacing:
            self._closed, process = True, self._process
            if process:
                process.kill()
        with self._speaking:
            self._discard()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def _ensure_running(self) -> None:
        with self._replacing:
            if self._closed:
                raise SpeechError(_SHUT_DOWN)
            if self._process and self._process.poll() is None:
                return
            if self._process:
                self.restarts += 1
                self._discard()
            try:
                self._process, self._channel = start_module("glm4v_ros.speech.synthesis_worker", os.environ)
            except OSError as error:  # such as no memory for another process
                raise SpeechError(f"the voice's process could not be started: {error}") from error
        error = self._ask(self.config)
        if error:
            self._discard()
            raise error

    def _ask(self, request) -> Pcm | SpeechError | None:
        try:
            self._channel.send(request)
            return self._channel.receive(self.timeout)[0]
        except TimeoutError:
            problem = f"took more than {self.timeout:g} s"
        except (EOFError, OSError):
            problem = "ended unexpectedly"
        if self._closed:
            return SpeechError(_SHUT_DOWN)
        self._process.kill()
        self._process.wait()
        return SpeechError(
            f"the voice {self.config.name} {problem}; the sentence is lost, the next one gets a new process"
        )

    def _discard(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._channel.close()
            self._process = self._channel = None
