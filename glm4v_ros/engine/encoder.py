"""Encodes frames while answers go on."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from glm4v_ros.engine.shared_frame import SharedFrame
from glm4v_ros.errors import EngineFailed, OutOfMemory, VqaError
from glm4v_ros.vision.tower import EncodeStopped, ImageTokens, VisionTower

_log = logging.getLogger(__name__)

_LOOK_EVERY = 0.01  # seconds between two calls of ``meanwhile``


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
    """The only user of the vision tower. ``on_change(job)`` is called when a job starts and when it ends; an ended job has
    ``image`` or ``error``, or neither when it was unwanted.

    This one encodes in the thread that calls ``work`` and lets it do other things meanwhile: for a CPU, whose cores the
    tower and the language model want both. Two threads that compute with all cores wait for each other at every graph node,
    and libgomp lets them sleep there while there are more of them than cores.
    """

    def __init__(
        self, tower: VisionTower, resident: bool, on_change: Callable[[EncodeJob], None], meanwhile: Callable[[], None]
    ):
        """``meanwhile`` is called within ``work``, between graph nodes; what it raises comes out of ``work``."""
        self._tower = tower
        self._resident = resident
        self._on_change = on_change
        self._meanwhile = meanwhile
        self._raised: BaseException | None = None
        self._looked_at = 0.0
        self._jobs: list[EncodeJob] = []
        self._current: EncodeJob | None = None

    @property
    def busy(self) -> bool:
        return self._current is not None

    @property
    def working(self) -> bool:
        """``work`` is under way: whoever asks was called by it."""
        return self.busy

    def submit(self, job: EncodeJob) -> None:
        self._jobs.append(job)

    def look(self) -> None:
        """A job became unwanted."""

    def work(self) -> None:
        """Encodes the next frame, if there is one and none is being encoded."""
        if self.busy:
            return
        job = self._next()
        if job is None:
            self._rest()
            return
        self._encode(job)
        self._current = None
        raised, self._raised = self._raised, None
        if raised is not None:
            raise raised

    def _next(self) -> EncodeJob | None:
        self._jobs = [job for job in self._jobs if not self._discarded(job)]
        self._current = min(self._jobs, key=lambda job: job.priority, default=None)
        if self._current is not None:
            self._jobs.remove(self._current)
        return self._current

    def _discarded(self, job: EncodeJob) -> bool:
        if job.unwanted:
            self._on_change(job)
        return job.unwanted

    def _rest(self) -> None:
        if self._tower.loaded and not self._resident:
            self._tower.free()

    def _encode(self, job: EncodeJob) -> None:
        job.started = True
        self._on_change(job)
        try:
            self._tower.load()
            job.image = self._tower.encode(job.shared.frame(), job.budget, lambda: self._should_stop(job))
        except EncodeStopped:
            job.unwanted = True
        except VqaError as error:
            job.error = error
        except MemoryError:
            job.error = OutOfMemory("the worker got no memory from the system to encode a picture")
        except Exception as error:
            _log.exception("encoding failed")
            job.error = EngineFailed(f"the frame could not be encoded: {error}")
        job.started = False
        self._on_change(job)

    def _should_stop(self, job: EncodeJob) -> bool:
        now = time.monotonic()
        if self._raised is None and now - self._looked_at >= _LOOK_EVERY:
            try:
                self._meanwhile()
            except BaseException as error:  # it cannot travel through C
                self._raised = error
            self._looked_at = time.monotonic()
        return job.unwanted or self._raised is not None


class EncoderThread(Encoder):
    """Encodes in a thread of its own: for a GPU, which has work of both at once and is waited for without a core."""

    def __init__(self, tower: VisionTower, resident: bool, on_change: Callable[[EncodeJob], None]):
        super().__init__(tower, resident, on_change, lambda: None)
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="encoder", daemon=True).start()

    @property
    def working(self) -> bool:
        return False

    def look(self) -> None:
        with self._changed:
            self._changed.notify()

    def submit(self, job: EncodeJob) -> None:
        with self._changed:
            super().submit(job)
            self._changed.notify()

    def work(self) -> None:
        """Goes on by itself."""

    def _run(self) -> None:
        while True:
            with self._changed:
                while (job := self._next()) is None:
                    self._rest()
                    self._changed.wait()
            self._encode(job)
