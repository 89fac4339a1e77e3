"""What the node says about itself on /diagnostics.

A level is about now: it goes back by itself when its reason is gone. docs/operations.md says what to do about each.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from glm4v_ros.asking.second_reader import WatchedReader
from glm4v_ros.asking.witness import Witness
from glm4v_ros.engine.status import EngineStatus
from glm4v_ros.machine.memory import available_memory, resident_mib
from glm4v_ros.machine.sensors import Sensors
from glm4v_ros.nodes.camera import Camera
from glm4v_ros.nodes.tally import LATELY, Tally

OK, WARN, ERROR, STALE = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR, DiagnosticStatus.STALE
SILENT = 5.0  # s; the worker gives a sign of life four times a second
NEARLY = 0.9  # part of memory_limit_mib
SPARE = 0.05  # part of the machine's memory
DEAF = 30.0  # s; the sensors are looked at every two
CLOSE = 3.0  # degrees below the temperature at which the machine switches itself off


class Restarts:
    """Notices when the worker was replaced."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._count = 0
        self._at = float("-inf")

    def lately(self, count: int) -> float | None:
        """Seconds since the count last rose; None if that is over a minute ago. Call it with every status."""
        now = self._clock()
        if count > self._count:
            self._at = now
        self._count = count
        return now - self._at if now - self._at < LATELY else None


def node_status(name: str, state: str, trouble: str, tally: Tally, in_flight: int, limit: int) -> DiagnosticStatus:
    """``trouble`` is why the node is not active although it should be; empty: all is well.

    ``limit`` is the most questions that may be on their way.
    """
    if trouble:
        level, text = ERROR, trouble
    elif in_flight >= limit:
        level, text = WARN, f"{in_flight} questions are on their way, and one more is refused as BUSY"
    elif own := tally.own_lately:
        level, text = WARN, f"questions of the last minute ended with {own}; the last error: {tally.last_error}"
    else:
        level, text = OK, state
    return _status(
        f"{name}: node",
        level,
        text,
        [
            ("lifecycle state", state),
            ("questions in flight", in_flight),
            ("answered", tally.answered),
            ("ended with an error code", tally.refused),
            ("errors", tally.errors),
            ("last error", tally.last_error),
            *((label, f"{seconds:.3f}") for label, seconds in tally.times().items()),
        ],
    )


def engine_status(
    name: str, status: EngineStatus, wants_gpu: bool, memory_limit_mib: int, replaced: float | None
) -> DiagnosticStatus:
    """``replaced``: seconds since the worker was replaced, None if that is long ago."""
    if status.failed:
        level, text = ERROR, status.failed
    elif replaced is not None:
        level, text = WARN, f"the worker was replaced {replaced:.0f} s ago" + (
            "" if status.loaded else "; the model is being loaded"
        )
    elif not status.loaded:
        level, text = WARN, "the model is being loaded"
    elif status.heartbeat_age > SILENT:
        level, text = WARN, f"the worker has given no sign of life for {status.heartbeat_age:.0f} s"
    elif memory_limit_mib and status.resident_mib > NEARLY * memory_limit_mib:
        level, text = WARN, f"the worker uses {status.resident_mib:.0f} of memory_limit_mib {memory_limit_mib} MiB"
    elif wants_gpu and not status.gpu_offload:
        level, text = WARN, "runs on the CPU although there is a GPU, or gpu_layers asks for one"
    else:
        level, text = OK, status.stage or "idle"
    return _status(
        f"{name}: engine",
        level,
        text,
        [
            ("model", status.model),
            ("device", status.device),
            ("gpu offload", status.gpu_offload),
            ("stage", status.stage),
            ("queue", status.queue_length),
            ("running", status.running),
            ("tokens/s", f"{status.tokens_per_second:.1f}"),
            ("context tokens", status.context_tokens),
            ("context tokens used", status.used_tokens),
            ("context tokens of frames and sessions", status.prefix_tokens),
            ("image embeddings MiB", f"{status.embedding_mib:.1f}"),
            ("worker pid", status.worker_pid),
            ("worker restarts", status.worker_restarts),
            ("worker memory MiB", f"{status.resident_mib:.0f}"),
            ("heartbeat age s", f"{status.heartbeat_age:.1f}"),
        ],
    )


def machine_status(name: str, sensors: Sensors, memory: tuple[int, int] | None = None) -> DiagnosticStatus:
    """``memory``: available and in all, in bytes; the machine's by default."""
    readings = sensors.readings
    available, total = memory or available_memory()
    hottest = readings.hottest
    stopping = [one for one in readings.temperatures if one.stops_at and one.celsius >= one.stops_at - CLOSE]
    slowing = [one for one in readings.temperatures if one.slows_at and one.celsius >= one.slows_at]
    if stopping:
        level, text = ERROR, "; ".join(
            f"{one.name} has {one.celsius:.0f} °C and switches itself off at {one.stops_at:.0f}" for one in stopping
        )
    elif slowing:
        level, text = WARN, "; ".join(
            f"{one.name} has {one.celsius:.0f} °C and is slower from {one.slows_at:.0f} on" for one in slowing
        )
    elif available < SPARE * total:
        level, text = WARN, f"{available >> 20} of {total >> 20} MiB of memory are left"
    elif sensors.age > DEAF:
        level, text = WARN, f"the sensors have not answered for {sensors.age:.0f} s"
    else:
        level, text = OK, f"{hottest.name} {hottest.celsius:.0f} °C" if hottest else "tells no temperature"
    values = [
        ("memory available MiB", available >> 20),
        ("memory MiB", total >> 20),
        ("node memory MiB", f"{resident_mib():.0f}"),
        *((f"{one.name} °C", f"{one.celsius:.1f}") for one in readings.temperatures),
    ]
    for label, figure in (
        ("power W", readings.watts),
        ("GPU memory used MiB", readings.gpu_used_mib),
        ("GPU memory MiB", readings.gpu_total_mib),
    ):
        if figure is not None:
            values.append((label, f"{figure:.1f}"))
    return _status(f"{name}: machine", level, text, values)


def camera_status(name: str, camera: Camera, max_age: float) -> DiagnosticStatus:
    age = camera.age
    if age is None:
        level, text = WARN, f"no picture on {camera.topic} yet; {camera.advice}"
    elif age > max_age:
        level, text = WARN, f"the newest picture is {age:.1f} s old"
    else:
        level, text = OK, f"the newest picture is {age:.1f} s old"
    return _status(
        f"{name}: camera {camera.name}",
        level,
        text,
        [
            ("topic", camera.topic),
            ("transport", camera.transport),
            ("pictures", camera.received),
            ("taken Hz", f"{camera.rate:.1f}"),
            ("last image age s", "" if age is None else f"{age:.3f}"),
        ],
    )


def reader_status(name: str, reader: WatchedReader, mode: str) -> DiagnosticStatus:
    """``mode`` is the parameter verify."""
    missing, lately = reader.missing, reader.failure_age < LATELY
    if missing:
        level = ERROR if mode == "required" else OK
        text = f"{missing}; no answer is checked"
    elif lately:
        level, text = WARN, f"a picture was not read {reader.failure_age:.0f} s ago: {reader.last_failure}"
    else:
        level, text = OK, "running" if reader.pid else "starts with the first picture that is to be read"
    return _status(
        f"{name}: second reader",
        level,
        text,
        [
            ("verify", mode),
            ("pid", reader.pid),
            ("memory MiB", f"{resident_mib(reader.pid):.0f}"),
            ("pictures", reader.pictures),
            ("mean s a picture", f"{reader.mean_seconds:.2f}"),
            ("not read", reader.failures),
            ("last failure", reader.last_failure),
        ],
    )


def evidence_status(name: str, witness: Witness) -> DiagnosticStatus:
    trouble, log = witness.trouble, witness.log
    return _status(
        f"{name}: evidence",
        ERROR if trouble else OK,
        trouble or f"{log.number} records",
        [
            ("directory", log.directory),
            ("newest record", log.number),
            ("MiB", f"{log.nbytes / 2**20:.1f}"),
            ("MiB at most", f"{log.max_bytes / 2**20:.1f}"),
            ("when full", log.on_full),
        ],
    )


def _status(name: str, level: bytes, text: str, values: Iterable[tuple[str, object]]) -> DiagnosticStatus:
    return DiagnosticStatus(
        level=level, name=name, message=text, values=[KeyValue(key=k, value=str(v)) for k, v in values]
    )
