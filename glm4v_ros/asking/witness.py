"""What of a question is recorded in the evidence log, and when."""

from __future__ import annotations

import concurrent.futures
import platform
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from glm4v_ros import __version__
from glm4v_ros.asking.ports import Picture
from glm4v_ros.asking.reply import Reply
from glm4v_ros.asking.request import Request
from glm4v_ros.catalog.model import Model
from glm4v_ros.catalog.verify import sha256
from glm4v_ros.engine.answer import Answer
from glm4v_ros.engine.question import Sampling
from glm4v_ros.errors import VqaError, plain_text
from glm4v_ros.evidence.log import EvidenceFailed, EvidenceFull, EvidenceLog

WRITE_PATIENCE = 10.0  # s that the disk may take for one record, but not beyond the question's deadline and GRACE
GRACE = 1.0  # s
LOOK_EVERY = 1.0  # s between two looks at the disk's room
_MOST_CHARACTERS = 4000  # of a question that was refused before anybody knew how long it may be


class Witness:
    """Records every question that was let in, however it ended; an answer that cannot be recorded is none.

    A thread of its own looks at the disk and writes it, and nobody waits for it longer than the patience. ``where`` is
    said in every record: which robot, host and node.
    """

    def __init__(
        self,
        log: EvidenceLog,
        model: Model | None,
        where: dict[str, str],
        patience: float = WRITE_PATIENCE,
        remote: dict[str, str] | None = None,
    ):
        """``model`` is the one on this machine, ``remote`` tells of one elsewhere; of both, the answer says who spoke."""
        self.log = log
        self._model = model
        self._remote = remote
        self.patience = patience
        self._hashes: dict[Path, tuple[tuple, str]] = {}
        self._late: concurrent.futures.Future | None = None  # the last record that took too long
        self._last_bytes = 0  # of the pictures of the last question
        self._closed = False
        self._about = {
            **where,
            "versions": {
                "glm4v_ros": __version__,
                "llama_cpp_python": _version("llama-cpp-python"),
                "python": platform.python_version(),
                "machine": platform.platform(),
            },
        }
        self._work: queue.SimpleQueue = queue.SimpleQueue()
        self._look()
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
        """Waits for what is to be written, within the patience."""
        self._closed = True
        self._work.put(None)
        self._thread.join(self.patience)
        if not self._thread.is_alive():
            self.log.close()

    def hash_model(self) -> tuple[str, ...]:
        """SHA-256 of the text and the vision file as they are on the disk now; read again only after a change. OSError.

        Empty without a model on this machine.
        """
        if self._model is None:
            return ()
        found = []
        for path in (self._model.text_path, self._model.vision_path):
            stat = path.stat()
            state = stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
            if self._hashes.get(path, (None, ""))[0] != state:
                self._hashes[path] = state, sha256(path)
            found.append(self._hashes[path][1])
        return tuple(found)

    def bind(self, request: Request) -> Request:
        """The request with an answer that can be had again: greedy, and computed by itself."""
        self._check_room(0)
        question = request.question
        sampling = Sampling(seed=question.sampling.seed)
        return replace(request, question=replace(question, deterministic=True, sampling=sampling))

    def check_room(self, pictures: Sequence[Picture]) -> None:
        """Raises EvidenceFull or EvidenceFailed if an answer about them could not be recorded. Never waits."""
        self._last_bytes = sum(picture.nbytes for picture in pictures)
        self._check_room(self._last_bytes)

    def record(self, reply: Reply, time_left: float, device: str) -> Reply:
        """The reply when it is recorded; one without a word, and with the reason, if its words cannot be.

        Ends within the patience, and ``time_left`` and GRACE.
        """
        if self._closed or isinstance(reply.error, (EvidenceFull, EvidenceFailed)):
            return reply if reply.error else replace(reply, answer=None, error=EvidenceFailed("the evidence log is closed"))
        patience = min(self.patience, max(0.0, time_left) + GRACE)
        written: concurrent.futures.Future = concurrent.futures.Future()
        self._work.put(partial(self._write, reply, device, written))
        try:
            failure = written.result(patience)
        except concurrent.futures.TimeoutError:
            self._late = written
            failure = EvidenceFailed(f"the answer was not recorded: the disk took over {patience:.1f} s")
        if failure is None or (reply.error and not reply.says):
            return reply
        return replace(reply, answer=None, error=failure)

    def _check_room(self, picture_bytes: int) -> None:
        late = self._late and not self._late.done()
        if late or time.monotonic() - self._looked_at > LOOK_EVERY + self.patience:
            raise EvidenceFailed(
                f"the disk of the evidence log {self.log.directory} has not answered for a while; is it failing?"
            )
        if isinstance(self._space, VqaError):
            raise self._space
        self.log.check_room(picture_bytes, self._space)

    # In the thread of its own.

    def _run(self) -> None:
        while True:
            try:
                work = self._work.get(timeout=LOOK_EVERY)
            except queue.Empty:
                work = self._look
            if work:
                work()
            elif self._work.empty():
                return
            else:
                self._work.put(None)  # after what is left

    def _look(self) -> None:
        try:
            self._space: int | VqaError = self.log.disk_space()
        except VqaError as error:
            self._space = error
        self._looked_at = time.monotonic()

    def _write(self, reply: Reply, device: str, written: concurrent.futures.Future) -> None:
        failure = None
        try:
            self.log.append(self._fields(reply, device), list(_evidence(reply)))
        except VqaError as error:
            failure = error
        except Exception as error:  # such as a model file that is gone
            failure = EvidenceFailed(f"the answer was not recorded: {type(error).__name__}: {error}")
        self._look()
        written.set_result(failure)

    def _fields(self, reply: Reply, device: str) -> dict[str, Any]:
        answer = reply.answer
        return {
            "request_id": reply.request_id,
            "session_id": plain_text(reply.session_id, _MOST_CHARACTERS),
            "question": plain_text(reply.text, _MOST_CHARACTERS) if reply.request is None else reply.text,
            **(_asked(reply.request) if reply.request else {}),
            "answer": reply.says,
            "abstained": bool(answer and answer.abstained),
            **_found(reply),
            "choice_index": answer.choice_index if answer else -1,
            "choice_probabilities": list(answer.choice_probabilities) if answer else [],
            "finish_reason": reply.finish_reason.name,
            "error": reply.error.code.name if reply.error else "",
            "error_msg": str(reply.error or ""),
            "completion_tokens": answer.completion_tokens if answer else 0,
            "model": self._spoke(answer),
            "device": device,
            **self._about,
        }

    def _spoke(self, answer: Answer | None) -> dict[str, str]:
        """The model on this machine with its files' hashes, or the one elsewhere with its address."""
        model = self._model
        if self._remote and (model is None or answer is None or answer.model != model.name):
            return self._remote
        text_sha256, vision_sha256 = self.hash_model()
        return {"name": model.name, "text_sha256": text_sha256, "vision_sha256": vision_sha256}


def _asked(request: Request) -> dict[str, Any]:
    question = request.question
    return {
        "system_prompt": question.system_prompt,
        "preset": request.preset.name,
        "language": request.language,
        "choices": list(question.choices),
        "json_schema": question.json_schema,
        "max_tokens": question.max_tokens,
        "max_image_tokens": question.max_image_tokens,
        "enhance": request.enhance,
        "past": [asdict(one) for one in question.past],
        "stop": list(question.stop),
        "verify": request.verify,
        "zoom": request.zoom,
        "hints": request.hints,
        "sampling": asdict(question.sampling),  # greedy; the seed is the parameter's
        "deterministic": question.deterministic,
    }


def _found(reply: Reply) -> dict[str, Any]:
    """By the second reader; ``image`` counts the record's pictures, regions are as AskOptions.rois has them."""
    found = reply.checked.verification
    return {
        "verification": found.verdict.name,
        "verification_reason": found.reason,
        "verification_confidence": found.confidence,
        "zoomed": [{"image": image, "region": list(region)} for image, region in reply.checked.zoom],
        "hint_lines": reply.checked.hint_lines,
        "evidence": [{"text": one.text, "image": one.image, "region": list(one.region)} for one in found.evidence],
    }


def _evidence(reply: Reply):
    regions = (reply.request.regions if reply.request else ()) or (None,)
    for index, picture in enumerate(reply.pictures):
        yield picture.evidence(regions[index % len(regions)])  # a medicine's two views share them


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
