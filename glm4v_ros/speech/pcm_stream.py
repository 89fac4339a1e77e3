"""Hands sound out in small pieces at speaking speed, for a speaker that is elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from glm4v_ros.speech.pcm import Pcm

_PIECE = 0.05  # seconds of sound a piece
_LEAD = 0.1  # seconds that may be sent ahead: what a stop cannot take back


class PcmStream:
    """Calls ``send`` with one piece after the other."""

    def __init__(self, send: Callable[[Pcm], None]):
        self._send = send

    def play(self, pcm: Pcm) -> _Sending:
        return _Sending(self._send, pcm)

    def check(self) -> None:
        pass

    def close(self) -> None:
        pass


class _Sending:
    def __init__(self, send: Callable[[Pcm], None], pcm: Pcm):
        self._send = send
        self._pcm = pcm
        self._stopped = threading.Event()

    def wait(self) -> None:
        pcm = self._pcm
        step = 2 * pcm.channels * int(pcm.sample_rate * _PIECE)
        started = time.monotonic()
        for offset in range(0, len(pcm.data), step):
            ahead = offset / (2 * pcm.channels * pcm.sample_rate) - (time.monotonic() - started)
            if self._stopped.wait(max(0.0, ahead - _LEAD)):
                return
            self._send(Pcm(pcm.data[offset : offset + step], pcm.sample_rate, pcm.channels))
        self._stopped.wait(max(0.0, started + pcm.seconds - time.monotonic()))

    def stop(self) -> None:
        self._stopped.set()
