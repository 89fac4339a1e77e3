"""A scheduler that is moved step by step, with the real encoder in its thread, for the engine's tests."""

import time

from asking import PATIENCE, question

from glm4v_ros.engine.answer import Delta, Stage
from glm4v_ros.engine.messages import Ask, Cancel, Done, Failed, Warm
from glm4v_ros.engine.scheduler import Scheduler

PIECE = 32  # tokens in one decode


class Shared:
    """A frame as the worker sees it."""

    def __init__(self, frame):
        self._frame, self.key = frame, frame.key

    def frame(self):
        return self._frame


class Run:
    """A scheduler, what it decoded as (entries, image pieces, outputs), and what it sent."""

    def __init__(self, parts, monkeypatch, **changes):
        config, self.model, tower, template = parts
        self.sent, self.batches = [], []
        self.model.clear()
        self.scheduler = Scheduler(config, self.model, tower, template, self.sent.extend)
        decode = self.model.decode

        def recorded(*batches):
            self.batches.append(tuple(sum(of) for of in zip(*((b.size, b.images, len(b.outputs)) for b in batches))))
            decode(*batches)

        monkeypatch.setattr(self.model, "decode", recorded)

    def ask(self, frame, **fields):
        asked = question(**fields)
        frames = [] if frame is None else [Shared(frame)]
        self.scheduler.post((Ask(asked, (), time.monotonic()), frames))
        return asked.request_id

    def cancel(self, request_id):
        self.scheduler.post((Cancel(request_id), []))
        self.scheduler.interrupt(request_id)

    def warm(self, frame):
        self.scheduler.post((Warm((), "", 0), [Shared(frame)]))

    def until(self, condition):
        """Steps until it holds. Once the loop is idle it waits for the encoder by itself."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"it never comes: {self.batches[-20:]}"
            self.scheduler.step()

    def begun(self, request_id) -> bool:
        return any(isinstance(m, Delta) and m.request_id == request_id and m.text for m in self.sent)

    def reading(self, request_id) -> bool:
        """It has its cells, and some of them are filled."""
        stages = [i for i, m in enumerate(self.sent) if m == Delta(request_id, Stage.PREFILL)]
        return bool(stages) and self.batches[-1:] != [] and self.batches[-1][1] > 0

    def found(self, kind, request_id) -> list:
        of = {Done: lambda m: m.answer.request_id, Failed: lambda m: m.request_id}[kind]
        return [m for m in self.sent if isinstance(m, kind) and of(m) == request_id]

    def found_answer(self, request_id):
        self.until(lambda: self.found(Done, request_id) or self.found(Failed, request_id))
        return self.found(Done, request_id)[0].answer

    def answer(self, request_id) -> str:
        return self.found_answer(request_id).text

    def error(self, request_id):
        self.until(lambda: self.found(Failed, request_id))
        return self.found(Failed, request_id)[0].error

    def answers(self, *request_ids) -> list[str]:
        return [self.answer(request_id) for request_id in request_ids]

    def forget_frames(self):
        """Takes every frame that nobody uses out of the KV cache."""
        self.scheduler.kv.make_way("abcd", ())
