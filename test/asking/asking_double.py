"""Cameras, pictures and an engine without ROS and without a model."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import Future
from dataclasses import replace

import numpy as np

from glm4v_ros.asking.activation import Activation
from glm4v_ros.asking.desk import Desk
from glm4v_ros.asking.request import Request
from glm4v_ros.asking.second_reader import WatchedReader
from glm4v_ros.asking.sessions import Sessions
from glm4v_ros.catalog.model import Model
from glm4v_ros.engine.answer import Answer, Delta, FinishReason, Stage
from glm4v_ros.engine.question import Question
from glm4v_ros.engine.status import EngineStatus
from glm4v_ros.errors import Canceled, EngineFailed
from glm4v_ros.evidence.picture import Evidence
from glm4v_ros.policy import question_check
from glm4v_ros.policy.preset import load_presets
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.placement import Placement


class Picture:
    """Of one grey level, which is its stamp too."""

    def __init__(self, level: int, camera: str = "front", size: tuple[int, int] = (6, 4)):
        self.stamp = level
        self.camera = camera
        self._frame = Frame(np.full((size[1], size[0], 3), level, np.uint8))

    @property
    def nbytes(self):
        return self._frame.rgb.nbytes

    def frame(self, region, mode):
        return self._frame

    def frame_if_made(self, region, mode):
        return self._frame

    def placement(self, region, mode):
        return Placement(self._frame.width, self._frame.height)

    def evidence(self, region):
        data = self._frame.rgb.tobytes()
        return Evidence(data, False, hashlib.sha256(data).hexdigest(), {"camera": self.camera})


class Camera:
    def __init__(self, name: str, newest: Picture | None = None):
        self.name, self.topic, self.age, self.advice = name, f"/{name}/image_raw", 0.0, "look at it"
        self.newest = newest
        self.listeners = []
        self.asked = threading.Event()

    @property
    def has_picture(self):
        return self.newest is not None

    def show(self, picture: Picture):
        self.newest = picture
        for wake in tuple(self.listeners):
            wake()

    def pick(self, max_age, not_before, is_encoded, *_):
        self.is_encoded = is_encoded
        self.asked.set()
        return self.newest if self.newest and self.newest.stamp >= not_before else None

    def notify(self, wake):
        self.listeners.append(wake)

    def forget(self, wake):
        self.listeners.remove(wake)


class Asked:
    """A question; the other arguments are fields of its Request or Question. ``read`` is called when it is read."""

    def __init__(self, text: str, session_id: str = "", read=lambda: None, **fields):
        self.text, self.session_id = text, session_id
        self._read, self._fields = read, fields

    def read(self, activation, request_id):
        self._read()
        fields = dict(self._fields)
        of_question = {name: fields.pop(name) for name in tuple(fields) if name in Question.__dataclass_fields__}
        question = Question(self.text, request_id, self.session_id, **{"timeout": 3600.0, **of_question})
        question_check.check_words(question)
        plain = Request(
            question=question, language="", preset=activation.presets["default"], cameras=(), pictures=(), regions=(), enhance="none",
            not_before=0, max_image_age=3600.0, prefer="auto", speak=False,
        )  # fmt: skip
        return replace(plain, **fields)


class Engine:
    """EngineClient's contract: answers with the pictures' grey levels, or with what ``says`` has for the question; one to "slow"
    goes on until it is canceled."""

    retry_after = 2.5
    status = EngineStatus(model="double", device="paper")

    def __init__(self):
        self.encoded: set[str] = set()
        self.says: dict[str, str] = {}
        self.questions: list[Question] = []
        self.shown: list[tuple[Frame, ...]] = []
        self._canceled: dict[str, threading.Event] = {}

    def ask(self, question, frames, on_delta=None):
        self.questions.append(question)
        self.shown.append(tuple(frames))
        canceled, future = self._canceled.setdefault(question.request_id, threading.Event()), Future()
        threading.Thread(target=self.work, args=(question, frames, on_delta, future, canceled), daemon=True).start()
        return future

    def cancel(self, request_id):
        self._canceled[request_id].set()

    def is_encoded(self, key):
        return key in self.encoded

    def work(self, question, frames, on_delta, future, canceled):
        text = " ".join(str(frame.rgb[0, 0, 0]) for frame in frames)
        text = self.says.get(question.text, text)
        if question.text == "fail":
            future.set_exception(EngineFailed("on purpose"))
            return
        on_delta(Delta(question.request_id, Stage.ANSWERING, text))
        answer = Answer(question.request_id, text, FinishReason.STOP)
        if question.text == "slow":
            canceled.wait(30)
            future.set_exception(Canceled("stopped", answer=replace(answer, finish_reason=FinishReason.CANCELED)))
        else:
            future.set_result(answer)


class Reader:
    """SecondReader's contract; its futures are the test's to complete."""

    missing, pid = "", 0

    def __init__(self):
        self.readings: list[Future] = []
        self.asked = threading.Event()
        self.closed = threading.Event()

    def read(self, frame):
        self.readings.append(Future())
        self.asked.set()
        return self.readings[-1]

    def close(self):
        self.closed.set()


def activation(cameras=None, witness=None, limit: int = 3, reader=None, **settings) -> Activation:
    return Activation(
        settings={"allow_demo_model": True, "verify_timeout": 30.0, **settings},
        presets=load_presets(None),
        model=Model("double", "text.gguf", "vision.gguf"),
        engine=Engine(),
        cameras=cameras or {},
        sessions=Sessions(600.0),
        reader=WatchedReader(reader or Reader()),
        witness=witness,
        desk=Desk(limit, lambda: Engine.retry_after),
    )
