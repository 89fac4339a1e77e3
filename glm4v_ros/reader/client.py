"""Has pictures read in the reader's process, and keeps one running while there are any."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass, field
from importlib import import_module

from glm4v_ros.errors import NotRead
from glm4v_ros.reader.config import ReaderConfig
from glm4v_ros.reader.line import Line
from glm4v_ros.reader.messages import Cancel, Failed, Lines, Read, Ready
from glm4v_ros.reader.reader_process import ReaderProcess
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.shared_frame import FrameHeader

_log = logging.getLogger(__name__)

_LOOK_EVERY = 0.1  # seconds between looks at what may end a reading
_CANCEL_PATIENCE = 2.0  # seconds until a process that does not let go of a cancelled picture is ended


@dataclass(eq=False)
class _Job:
    """A frame that is to be read, for all who asked."""

    frame: Frame
    futures: list[Future] = field(default_factory=list)
    interrupted: bool = False  # its process was told to let go of it

    @property
    def canceled(self) -> bool:
        return all(future.cancelled() for future in self.futures)


class SecondReader:
    """Every method may be called from any thread. No process runs before the first picture."""

    def __init__(self, config: ReaderConfig = ReaderConfig()):
        self._config = config
        self._changed = threading.Condition()
        self._jobs: OrderedDict[str, _Job] = OrderedDict()  # by frame key; the first one is being read
        self._readings: OrderedDict[str, tuple[Line, ...]] = OrderedDict()  # the last one was used last
        self._process: ReaderProcess | None = None
        self._thread: threading.Thread | None = None
        self._closing = False

    @property
    def missing(self) -> str:
        """What is not installed and how to install it; "" when all is there."""
        return import_module(self._config.recogniser).missing()

    @property
    def pid(self) -> int:
        """The process's, 0 while none runs."""
        process = self._process
        return process.pid if process else 0

    def read(self, frame: Frame) -> Future[tuple[Line, ...]]:
        """The lines of print, from the top; ends with NotRead, whose message says why, where there are none to be had.

        Never waits. Cancelling the future ends the work unless others wait for the same picture.
        """
        future: Future[tuple[Line, ...]] = Future()
        key = frame.key
        if why := self.missing:
            future.set_exception(NotRead(why))
            return future
        with self._changed:
            if key in self._readings:
                self._readings.move_to_end(key)
                future.set_result(self._readings[key])
                return future
            if self._closing:
                future.set_exception(NotRead("the second reader was closed"))
                return future
            job = self._jobs.get(key)
            if job is None:
                if len(self._jobs) > self._config.max_queue:
                    future.set_exception(NotRead(f"the second reader is busy with {len(self._jobs)} pictures"))
                    return future
                job = self._jobs[key] = _Job(frame)
            job.futures.append(future)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="glm4v-second-reader", daemon=True)
                self._thread.start()
            self._changed.notify()
        return future

    def close(self) -> None:
        """Ends the process; what is not read ends with NotRead. Closing twice does nothing."""
        with self._changed:
            self._closing = True
            self._changed.notify()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def __enter__(self) -> SecondReader:
        return self

    def __exit__(self, *_exception) -> None:
        self.close()

    # The client's own thread.

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._jobs)
                if self._closing:
                    break
                key, job = next(iter(self._jobs.items()))
            result: tuple[Line, ...] | NotRead = NotRead("the reading was cancelled")
            if not job.canceled:
                try:
                    result = self._read(key, job)
                except NotRead as error:
                    result = error
                except Exception as error:  # such as no memory for another process
                    _log.exception("the second reader's process could not be kept running")
                    self._end_process(patiently=False)
                    result = NotRead(f"the second reader's process could not be kept running: {error}")
            with self._changed:
                if job.interrupted and not job.canceled and not isinstance(result, tuple) and not self._closing:
                    job.interrupted = False  # somebody asked for it again
                    continue
                if isinstance(result, tuple):
                    self._readings[key] = result
                    while len(self._readings) > self._config.max_readings:
                        self._readings.popitem(last=False)
                del self._jobs[key]
            _complete(job, result)
        self._end_process(patiently=True)
        with self._changed:
            left, self._jobs = list(self._jobs.values()), OrderedDict()
        for job in left:
            _complete(job, NotRead("the second reader was closed"))

    def _read(self, key: str, job: _Job) -> tuple[Line, ...]:
        """By the process that runs, or a new one. Raises NotRead; a process that is at fault is ended by then."""
        if self._process is not None and not self._process.alive:
            self._end_process(patiently=False)
        try:
            if self._process is None:
                self._process = ReaderProcess(self._config)
                self._await(job, Ready, self._config.load_timeout)
            self._process.send(Read(FrameHeader(key, job.frame.width, job.frame.height)), job.frame)
            return self._await(job, Lines, self._config.timeout, key).lines
        except (EOFError, OSError) as error:
            process, self._process = self._process, None
            if process is None:
                raise NotRead(f"the second reader's process could not be started: {error}") from error
            process.close(patiently=False)
            raise NotRead(f"the second reader's process ended ({process.fate})") from error
        except _AtFault as fault:
            self._end_process(patiently=False)
            raise NotRead(str(fault)) from None

    def _await(self, job: _Job, kind: type, limit: float, key: str = ""):
        """The process's message of this kind. Raises NotRead and _AtFault."""
        begun, canceled_at = time.monotonic(), 0.0
        while True:
            try:
                message = self._process.receive(_LOOK_EVERY)
            except TimeoutError:
                message = None
            if isinstance(message, Failed):
                if not message.key:
                    raise _AtFault(str(message.error))
                raise message.error
            if isinstance(message, kind):
                return message
            now = time.monotonic()
            if job.canceled or self._closing:
                job.interrupted, canceled_at = True, canceled_at or now
                if not key or now - canceled_at > _CANCEL_PATIENCE:
                    raise _AtFault("the reading was cancelled")
                self._process.send(Cancel(key))  # again each time: it may not have begun
            if now - begun > limit:
                raise _AtFault(f"the second reader was not done after {limit:g} s and was ended")
            most = self._config.memory_limit_mib
            if most and (used := self._process.resident_mib) > most:
                raise _AtFault(f"the second reader used {used:.0f} MiB, more than {most}, and was ended")

    def _end_process(self, patiently: bool) -> None:
        if self._process is not None:
            self._process.close(patiently)
            self._process = None


class _AtFault(Exception):
    """The process must be ended; the message says why."""


def _complete(job: _Job, result: tuple[Line, ...] | NotRead) -> None:
    for future in job.futures:
        if future.set_running_or_notify_cancel():
            if isinstance(result, NotRead):
                future.set_exception(result)
            else:
                future.set_result(result)
