"""An engine without a model, for what only the node does: its answers name the pictures that it was shown."""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import Future

from glm4v_ros.engine import guard
from glm4v_ros.engine.answer import Answer, Delta, FinishReason, Stage, TokenLogprob
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.engine.status import EngineStatus
from glm4v_ros.errors import Canceled, DeadlineExceeded, EngineFailed
from glm4v_ros.policy import question_check
from glm4v_ros.policy.abstention import abstains


class ScriptedEngine:
    """EngineClient's contract. It answers at once with the frames' keys; an answer to one that begins with "slow" goes
    on until it is canceled or its deadline passes, one that begins with "fail" ends with EngineFailed, "tell" is
    answered with two sentences, the second of which waits for ``go_on``. ``says`` has other answers, by the key of the
    first frame and the question; they are written word by word, max_tokens of them at most."""

    def __init__(self, config: EngineConfig, loading: threading.Event):
        self.config = config
        self.questions = []
        self.says: dict[tuple[str, str], str] = {}
        self.encoded: set[str] = set()
        self.warmed: list[str] = []
        self.reset: list[str] = []
        self.gave_up = ""  # why, as EngineStatus.failed has it; start clears it unless it fails for the same reason
        self.starts_again = True
        self._loading = loading  # start waits for it
        self.told, self.go_on = threading.Event(), threading.Event()
        self.canceled: dict[str, threading.Event] = {}

    def start(self, on_progress=None):
        self._loading.wait(20)
        if on_progress:
            on_progress(1.0)
        if self.gave_up and not self.starts_again:
            raise EngineFailed(self.gave_up)
        self.gave_up = ""

    def ask(self, question, frames, on_delta=None):
        question_check.check(question, frames)
        guard.check(question, frames)
        if self.gave_up:
            raise EngineFailed(self.gave_up)
        self.questions.append((question, list(frames)))
        future, canceled = Future(), threading.Event()
        self.canceled[question.request_id] = canceled
        future.set_running_or_notify_cancel()
        threading.Thread(target=self._work, args=(question, frames, on_delta, future, canceled), daemon=True).start()
        return future

    def cancel(self, request_id):
        self.canceled.get(request_id, threading.Event()).set()

    def reset_session(self, session_id):
        question_check.check_session_id(session_id)
        self.reset.append(session_id)

    def is_encoded(self, key):
        return key in self.encoded

    def warm(self, frame, system_prompt="", max_image_tokens=0):
        self.encoded.add(frame.key)
        self.warmed.append(frame.key)

    retry_after = 7.5

    def limit_memory(self, mib):
        self.memory_limit_mib = mib

    @property
    def status(self):
        return EngineStatus(model=self.config.model.name, alive=True, loaded=True, device="script", stage="idle",
                            failed=self.gave_up)  # fmt: skip

    def close(self):
        for canceled in self.canceled.values():
            canceled.set()

    def _work(self, question, frames, on_delta, future, canceled):
        began, written = time.monotonic(), 0
        for stage in (Stage.QUEUED, Stage.ENCODING, Stage.PREFILL):
            if on_delta:
                on_delta(Delta(question.request_id, stage))
        if question.text.startswith("fail"):
            future.set_exception(EngineFailed("the engine stopped; ask again"))
            return
        if question.text.startswith("slow"):
            while not canceled.wait(0.002):
                written += 1
                if on_delta:
                    on_delta(Delta(question.request_id, Stage.ANSWERING, "word "))
                if time.monotonic() - began > question.timeout:
                    break
            error, reason = (
                (Canceled, FinishReason.CANCELED) if canceled.is_set() else (DeadlineExceeded, FinishReason.TIMEOUT)
            )
            future.set_exception(error("stopped", answer=Answer(question.request_id, "word " * written, reason)))
            return
        if question.text == "tell":
            on_delta(Delta(question.request_id, Stage.ANSWERING, "One. T"))
            self.told.set()
            self.go_on.wait(20)
            self.told.clear(), self.go_on.clear()
            on_delta(Delta(question.request_id, Stage.ANSWERING, "wo."))
            future.set_result(Answer(question.request_id, "One. Two.", FinishReason.STOP))
            return
        said = self.says.get((frames[0].key if frames else "", question.text))
        if said is not None:
            words = re.findall(r"\S+\s*", said)
            for word in words[: question.max_tokens]:
                if on_delta:
                    on_delta(Delta(question.request_id, Stage.ANSWERING, word))
            reason = FinishReason.LENGTH if len(words) > question.max_tokens else FinishReason.STOP
            text = "".join(words[: question.max_tokens])
            future.set_result(Answer(question.request_id, text, reason, abstains(text), image_tokens=len(frames)))
            return
        text = " ".join(frame.key for frame in frames)
        tokens = ()
        if question.logprobs is not None:  # all of it is one token
            others = tuple(TokenLogprob(b"%d" % number, -0.5 - number) for number in range(question.logprobs))
            tokens = (TokenLogprob(text.encode(), -0.5, others),)
        if on_delta:
            on_delta(Delta(question.request_id, Stage.ANSWERING, text, tokens))
        future.set_result(
            Answer(
                question.request_id, text, FinishReason.STOP, logprobs=tokens, image_tokens=len(frames),
                latency=time.monotonic() - began,
            )
        )  # fmt: skip
