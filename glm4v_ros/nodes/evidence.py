"""The node's side of the evidence log: what of a question and its answer is recorded, and when."""

from __future__ import annotations

import concurrent.futures
import platform
import queue
import threading
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from glm4v_ros import __version__
from glm4v_ros.catalog.model import Model
from glm4v_ros.catalog.verify import sha256
from glm4v_ros.engine.answer import FinishReason
from glm4v_ros.engine.question import Sampling
from glm4v_ros.errors import VqaError
from glm4v_ros.evidence.log import Evidence, EvidenceFailed, EvidenceLog
from glm4v_ros.msg import Answer as AnswerMessage
from glm4v_ros.nodes.picture import Picture

if TYPE_CHECKING:
    from glm4v_ros.nodes.inquiry import Inquiry
    from glm4v_ros.nodes.requests import Request

WRITE_PATIENCE = 10.0  # s that the disk may take for one record, but not beyond the question's deadline and GRACE
GRACE = 1.0  # s


class Witness:
    """Records every answer before it leaves the node; one that cannot be recorded does not leave it.

    The disk is written by a thread of its own, so that a slow one holds up nothing but the answer that waits for it.
    """

    def __init__(self, log: EvidenceLog, model: Model, patience: float = WRITE_PATIENCE):
        self.log = log
        self._model = model
        self._patience = patience
        self._hashes: dict[Path, tuple[tuple, str]] = {}
        self._overdue = False
        self._last_bytes = 0  # of the pictures of the last question
        self._versions = {
            "glm4v_ros": __version__,
            "llama_cpp_python": _version("llama-cpp-python"),
            "python": platform.python_version(),
            "machine": platform.platform(),
        }
        self._work: queue.SimpleQueue = queue.SimpleQueue()
        # A daemon: a disk that never comes back must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="evidence", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> str:
        """Why a question about pictures like the last ones would not be answered now; empty: it would."""
        try:
            self._check_room(self._last_bytes)
        except VqaError as error:
            return str(error)
        return self.log.trouble

    def close(self) -> None:
        """Waits for what is being written, within the patience."""
        self._work.put(None)
        self._thread.join(self._patience)
        if not self._thread.is_alive():
            self.log.close()

    def hash_model(self) -> tuple[str, str]:
        """SHA-256 of the text and the vision file as they are on the disk now; read again only after a change. OSError."""
        found = []
        for path in (self._model.text_path, self._model.vision_path):
            stat = path.stat()
            state = stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
            if self._hashes.get(path, (None, ""))[0] != state:
                self._hashes[path] = state, sha256(path)
            found.append(self._hashes[path][1])
        return found[0], found[1]

    def bind(self, request: Request) -> Request:
        """The request with an answer that can be had again: greedy, and computed by itself."""
        self.check_room()
        question = request.question
        sampling = Sampling(seed=question.sampling.seed)
        return replace(request, question=replace(question, deterministic=True, sampling=sampling))

    def check_room(self, pictures: Sequence[Picture] = ()) -> None:
        """Raises EvidenceFull or EvidenceFailed if an answer about them could not be recorded."""
        if pictures:
            self._last_bytes = sum(len(picture.message.data) for picture in pictures)
        self._check_room(self._last_bytes if pictures else 0)

    def _check_room(self, picture_bytes: int) -> None:
        if self._overdue:
            raise EvidenceFailed(
                f"the disk of the evidence log {self.log.directory} has not taken the last record yet; is it failing?"
            )
        self.log.check_room(picture_bytes)

    def record(
        self, inquiry: Inquiry, answer: AnswerMessage, error: VqaError | None, device: str
    ) -> concurrent.futures.Future:
        """Ends within the patience: with None, or with EvidenceFull or EvidenceFailed."""
        patience = min(self._patience, max(0.0, inquiry.time_left) + GRACE)
        told: concurrent.futures.Future = concurrent.futures.Future()
        lock = threading.Lock()

        def tell(reason: VqaError | None) -> None:
            with lock:
                if not told.done():
                    told.set_exception(reason) if reason else told.set_result(None)

        def late() -> None:
            self._overdue = True
            tell(EvidenceFailed(f"the answer was not recorded: the disk took over {patience:.1f} s"))

        alarm = threading.Timer(patience, late)
        alarm.daemon = True

        def write() -> None:
            reason = self._write(inquiry, answer, error, device)
            alarm.cancel()
            self._overdue = False
            tell(reason)

        alarm.start()
        self._work.put(write)
        return told

    def _run(self) -> None:
        while write := self._work.get():
            write()

    def _write(
        self, inquiry: Inquiry, answer: AnswerMessage, error: VqaError | None, device: str
    ) -> VqaError | None:
        try:
            self.log.append(self._fields(inquiry, answer, error, device), list(_evidence(inquiry)))
        except VqaError as reason:
            return reason
        except Exception as reason:  # such as a model file that is gone
            return EvidenceFailed(f"the answer was not recorded: {type(reason).__name__}: {reason}")
        return None

    def _fields(self, inquiry: Inquiry, answer: AnswerMessage, error: VqaError | None, device: str) -> dict[str, Any]:
        question, model = inquiry.request.question, self._model
        text_sha256, vision_sha256 = self.hash_model()
        return {
            "request_id": inquiry.request_id,
            "session_id": question.session_id,
            "question": question.text,
            "system_prompt": question.system_prompt,
            "preset": inquiry.request.preset.name,
            "language": inquiry.request.language,
            "choices": list(question.choices),
            "json_schema": question.json_schema,
            "max_tokens": question.max_tokens,
            "max_image_tokens": question.max_image_tokens,
            "enhance": inquiry.request.enhance,
            "answer": answer.text,
            "abstained": answer.abstained,
            "choice_index": answer.choice_index,
            "choice_probabilities": list(answer.choice_probabilities),
            "finish_reason": FinishReason(answer.finish_reason).name,
            "error": error.code.name if error else "",
            "completion_tokens": answer.completion_tokens,
            "model": {"name": model.name, "text_sha256": text_sha256, "vision_sha256": vision_sha256},
            "device": device,
            "sampling": asdict(question.sampling),  # greedy; the seed is the parameter's
            "deterministic": question.deterministic,
            "versions": self._versions,
        }


def _evidence(inquiry: Inquiry):
    regions = inquiry.request.regions or (None,) * len(inquiry.pictures)
    for index, picture in enumerate(inquiry.pictures):
        message = picture.message
        region = regions[index % len(regions)]  # a medicine's two views share them
        about = {
            "camera": picture.camera,
            "header": _header(message.header),
            "region": list(region) if region else [],
        }
        compressed = isinstance(message, CompressedImage)
        fields = ("format",) if compressed else ("encoding", "height", "width", "step", "is_bigendian")
        about |= {field: getattr(message, field) for field in fields}
        yield Evidence(memoryview(message.data).cast("B"), compressed, picture.sha256, about)


def _header(header: Header) -> dict[str, Any]:
    return {"stamp": {"sec": header.stamp.sec, "nanosec": header.stamp.nanosec}, "frame_id": header.frame_id}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
