"""Encodes frames in a thread of its own, so that answers go on meanwhile."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from glm4v_ros.errors import EngineFailed, HostOutOfMemory, VqaError
from glm4v_ros.machine import openmp
from glm4v_ros.vision.shared_frame import SharedFrame
from glm4v_ros.vision.shortage import is_shortage
from glm4v_ros.vision.tower import EncodeStopped, ImageTokens, VisionTower

_log = logging.getLogger(__name__)


class EncodeJob:
    """One frame to encode under one token budget. Whoever waits for it keeps it wanted."""

    def __init__(self, shared: SharedFrame, budget: int, priority: tuple):
        self.shared = shared
        self.budget = budget
        self.priority = priority  # lower goes first
        self.unwanted = False
        self.started = False
        self.image: ImageTokens | None = None
        self.error: VqaError | None = None

    @property
    def identity(self) -> tuple[str, int]:
        return self.shared.key, self.budget


class Encoder:
    """The only user of the vision tower. ``on_change(job)`` is called from its thread when a job starts and when it
    ends; an ended job has ``image`` or ``error``, or neither when it was unwanted."""

    def __init__(self, tower: VisionTower, resident: bool, on_change: Callable[[EncodeJob], None]):
        self._tower = tower
        self._resident = resident
        self._on_change = on_change
        self._jobs: list[EncodeJob] = []
        self._current: EncodeJob | None = None
        self._paused = False
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="encoder", daemon=True).start()

    @property
    def busy(self) -> bool:
        return self._current is not None

    def look(self) -> None:
        """A job became unwanted."""
        with self._changed:
            self._changed.notify()

    def pause(self, paused: bool) -> None:
        """Whether the next job is to wait. The one under way goes on."""
        if paused != self._paused:
            with self._changed:
                self._paused = paused
                self._changed.notify()

    def submit(self, job: EncodeJob) -> None:
        with self._changed:
            self._jobs.append(job)
            self._changed.notify()

    def _next(self) -> EncodeJob:
        with self._changed:
            self._current = None
            while True:
                self._jobs = [job for job in self._jobs if not self._discarded(job)]
                if self._jobs and not self._paused:
                    break
                if not self._jobs:
                    if self._tower.loaded and not self._resident:
                        self._tower.free()
                    openmp.end_threads()
                self._changed.wait()
            self._current = min(self._jobs, key=lambda job: job.priority)
            self._jobs.remove(self._current)
            return self._current

    def _discarded(self, job: EncodeJob) -> bool:
        if job.unwanted:
            self._on_change(job)
        return job.unwanted

    def _run(self) -> None:
        while True:
            job = self._next()
            job.started = True
            self._on_change(job)
            try:
                self._tower.load()
                job.image = self._tower.encode(job.shared.frame(), job.budget, lambda: job.unwanted)
            except EncodeStopped:
                job.unwanted = True
            except VqaError as error:
                job.error = error
            except Exception as error:
                if is_shortage(error):
                    job.error = HostOutOfMemory("the worker got no memory from the system to encode a picture")
                else:
                    _log.exception("encoding failed")
                    job.error = EngineFailed(f"the frame could not be encoded: {error}")
            job.started = False
            self._on_change(job)
