"""One question on its way from a request to its answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from glm4v_ros.catalog.model import Model
from glm4v_ros.engine.answer import Answer, Delta
from glm4v_ros.engine.question import Question
from glm4v_ros.errors import BadRequest, Canceled, DeadlineExceeded, NoImage, StaleImage
from glm4v_ros.nodes.camera import Camera
from glm4v_ros.nodes.cameras import Cameras
from glm4v_ros.nodes.evidence import Witness
from glm4v_ros.nodes.executor import NodeExecutor
from glm4v_ros.nodes.picture import Picture
from glm4v_ros.nodes.requests import Request, check_regions
from glm4v_ros.nodes.sessions import Sessions, Shown
from glm4v_ros.policy.question_check import check_frames
from glm4v_ros.vision.frame import Frame

if TYPE_CHECKING:
    from glm4v_ros.engine.client import EngineClient


@dataclass(frozen=True)
class Surroundings:
    """What an inquiry works with; the same for all of one activation."""

    executor: NodeExecutor
    engine: EngineClient
    model: Model
    cameras: Cameras
    sessions: Sessions
    witness: Witness | None = None  # records every answer


class Inquiry:
    """Finds the pictures, asks the engine, and can be canceled at any time and from any thread."""

    def __init__(self, request: Request, surroundings: Surroundings):
        self.request = request
        self.pictures: tuple[Picture, ...] = ()  # in the order shown to the model
        self.cameras: tuple[Camera, ...] = ()  # that it looks at
        self._around = surroundings
        self._deadline = time.monotonic() + request.question.timeout
        self._canceled = threading.Event()
        self._asked = False
        self._waiting = None

    @property
    def request_id(self) -> str:
        return self.request.question.request_id

    @property
    def model(self) -> Model:
        return self._around.model

    @property
    def time_left(self) -> float:
        """Seconds until its deadline; negative after it."""
        return self._deadline - time.monotonic()

    def cancel(self) -> None:
        self._canceled.set()
        self._wake()
        if self._asked:
            self._around.engine.cancel(self.request_id)

    async def answer(self, on_delta: Callable[[Delta], None] | None = None) -> Answer:
        """The engine's answer. Raises VqaError; that of DeadlineExceeded and Canceled holds what was written."""
        question = self.request.question
        shown = await self._find()
        answer = await self._ask(question, shown.frames, on_delta)
        if question.session_id:
            self._around.sessions.keep(question.session_id, shown)
        return answer

    async def _ask(
        self, question: Question, frames: Sequence[Frame], on_delta: Callable[[Delta], None] | None
    ) -> Answer:
        """Asks the engine within what is left of the request's time; ``question`` has the request's id."""
        self._check()
        if self._around.witness:
            self._around.witness.check_room(self.pictures)
        question = replace(question, timeout=max(0.001, self.time_left))
        future = self._around.engine.ask(question, frames, on_delta)
        self._asked = True
        if self._canceled.is_set():  # between the check above and the engine's taking it
            self._around.engine.cancel(self.request_id)
        return (await self._around.executor.wrap(future)).result()

    async def _find(self) -> Shown:
        """What to show: the request's own pictures, else the session's, else the cameras'.

        The session's are shown again, which the engine takes for the ones it has; should it have lost them, it has them
        again.
        """
        request = self.request
        kept = self._around.sessions.shown(request.question.session_id)
        if kept and not request.pictures and not request.cameras:
            if request.regions:
                raise BadRequest(
                    "rois need a new picture, but the session keeps the one it has; name a camera, or leave rois empty"
                )
            self.pictures = kept.pictures
            return kept
        self.pictures = request.pictures or await self._from_cameras(
            request.cameras or tuple(self._around.cameras)[:1]
        )
        return self._show(self.pictures)

    def _show(self, pictures: tuple[Picture, ...]) -> Shown:
        request = self.request
        check_regions(request, len(pictures))
        regions = request.regions or (None,) * len(pictures)
        frames: list[Frame] = []
        for picture, region in zip(pictures, regions, strict=True):
            frames.append(picture.frame(region, request.enhance))
            check_frames(frames)  # after each: a small PNG can be a large picture
        return Shown(pictures, tuple(frames))

    async def _from_cameras(self, names: Sequence[str], seen: Sequence[Picture] = ()) -> tuple[Picture, ...]:
        """A fresh picture from each camera, taken after its one in ``seen``, as soon as all have one."""
        around, request = self._around, self.request
        if not names:
            raise NoImage("this node has no cameras; set the parameter cameras, or send a picture with the request")
        check_regions(request, len(names))
        self.cameras = cameras = tuple(around.cameras[name] for name in names)
        regions = request.regions or (None,) * len(cameras)
        not_before = [max(request.not_before, picture.stamp + 1) for picture in seen]
        not_before = not_before or [request.not_before] * len(cameras)
        alarm = threading.Timer(max(0.0, self.time_left), self._wake)
        alarm.daemon = True
        for camera in cameras:
            camera.notify(self._wake)
        try:
            while True:
                self._waiting = around.executor.future()
                pictures = [
                    camera.pick(request.max_image_age, since, self._encoded(region), request.prefer)
                    for camera, since, region in zip(cameras, not_before, regions, strict=True)
                ]
                if None not in pictures:
                    return tuple(pictures)
                self._check(cameras[pictures.index(None)])
                if alarm.ident is None:
                    alarm.start()
                await self._waiting
        finally:
            self._waiting = None
            for camera in cameras:
                camera.forget(self._wake)
            alarm.cancel()

    def _encoded(self, region) -> Callable[[Picture], bool]:
        def is_encoded(picture: Picture) -> bool:
            if self._around.witness:  # the newest, whatever was encoded before
                return False
            frame = picture.frame_if_made(region, self.request.enhance)
            return frame is not None and self._around.engine.is_encoded(frame.key)

        return is_encoded

    def _wake(self) -> None:
        waiting = self._waiting
        if waiting is not None and not waiting.done():
            self._around.executor.complete(waiting)

    def _check(self, camera: Camera | None = None) -> None:
        """Raises if there is no more to wait for; ``camera`` is the one that is waited for."""
        if self._canceled.is_set():
            raise Canceled("canceled before the model saw the question")
        if time.monotonic() < self._deadline:
            return
        if camera is None:
            raise DeadlineExceeded(
                f"the deadline of {self.request.question.timeout:g} s passed before the model saw anything; allow more"
            )
        if not camera.has_picture:
            raise NoImage(
                f"camera '{camera.name}' sent no picture on {camera.topic} within {self.request.question.timeout:g} s; "
                f"{camera.advice}"
            )
        raise StaleImage(
            f"camera '{camera.name}' sent no fresh picture within {self.request.question.timeout:g} s; its newest is "
            f"{camera.age:.3f} s old, max_image_age is {self.request.max_image_age:g} s"
            + (", and not_before is set" if self.request.not_before else "")
        )
