"""A scheduler that is moved step by step, for the engine's tests."""

import time

from asking import question

from glm4v_ros.engine.answer import Delta
from glm4v_ros.engine.messages import Ask, Cancel, Done, Warm
from glm4v_ros.engine.scheduler import Scheduler

PIECE = 32  # tokens in one decode
MOST_STEPS = 1000


class Shared:
    """A frame as the worker sees it."""

    def __init__(self, frame):
        self._frame, self.key = frame, frame.key

    def frame(self):
        return self._frame


class Encoder:
    """Encodes at once, in the scheduler's thread, unless it is told to hold back."""

    def __init__(self, scheduler, tower):
        self._scheduler, self._tower = scheduler, tower
        self.busy, self.holds_back, self.pauses = False, False, []

    def submit(self, job):
        if not self.holds_back:
            job.image = self._tower.encode(job.shared.frame(), job.budget)
            self._scheduler.post(job)

    def pause(self, paused):
        self.pauses.append(paused)

    def look(self):
        pass


class Run:
    """A scheduler, what it decoded as (entries, image pieces, outputs), and what it sent."""

    def __init__(self, parts, monkeypatch):
        config, self.model, tower, template = parts
        self.sent, self.batches = [], []
        self.model.clear()
        self.scheduler = Scheduler(config, self.model, tower, template, self.sent.extend)
        self.encoder = self.scheduler._encoder = Encoder(self.scheduler, tower)
        decode = self.model.decode

        def recorded(batch):
            self.batches.append((batch.size, len(batch._images), len(batch.outputs)))
            decode(batch)

        monkeypatch.setattr(self.model, "decode", recorded)

    def ask(self, frame, **fields):
        asked = question(**fields)
        self.scheduler.post((Ask(asked, (), time.monotonic()), [Shared(frame)]))
        return asked.request_id

    def cancel(self, request_id):
        self.scheduler.post((Cancel(request_id), []))

    def warm(self, frame):
        self.scheduler.post((Warm((), "", 0), [Shared(frame)]))

    def until(self, condition):
        for _ in range(MOST_STEPS):
            if condition():
                return
            self.scheduler.step()
        raise AssertionError(f"not within {MOST_STEPS} steps: {self.batches[-20:]}")

    def begun(self, request_id) -> bool:
        return any(isinstance(m, Delta) and m.request_id == request_id and m.text for m in self.sent)

    def answer(self, request_id) -> str:
        def found():
            return [m.answer.text for m in self.sent if isinstance(m, Done) and m.answer.request_id == request_id]

        self.until(found)
        return found()[0]

    def answers(self, *request_ids) -> list[str]:
        return [self.answer(request_id) for request_id in request_ids]
