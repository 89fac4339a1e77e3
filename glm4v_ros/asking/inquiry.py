"""One question on its way from a request to its answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from glm4v_ros.asking.activation import Activation
from glm4v_ros.asking.check import OFF, UNFINISHED, Check, Checked, without_words
from glm4v_ros.asking.ports import Camera, Picture
from glm4v_ros.asking.request import Request
from glm4v_ros.asking.sessions import Shown
from glm4v_ros.asking.ticket import Ticket
from glm4v_ros.engine.answer import Answer, Delta, FinishReason
from glm4v_ros.engine.question import Question
from glm4v_ros.errors import BadRequest, Canceled, DeadlineExceeded, NoImage, StaleImage, VqaError
from glm4v_ros.policy import print_check
from glm4v_ros.policy.abstention import judged
from glm4v_ros.policy.question_check import check_frames
from glm4v_ros.speech.language import base_language, language_of
from glm4v_ros.vision.frame import Frame


class Inquiry:
    """Finds the pictures and asks the engine; ends soon once its ticket is canceled."""

    def __init__(self, request: Request, ticket: Ticket, activation: Activation):
        self.request = request
        self.pictures: tuple[Picture, ...] = ()  # in the order shown to the model
        self.checked = Checked(OFF if request.verify == "off" else UNFINISHED)
        self._ticket = ticket
        self._activation = activation
        self._deadline = time.monotonic() + request.question.timeout
        self._news = threading.Event()  # a picture came, or the question was canceled
        ticket.on_cancel(self._news.set)

    @property
    def time_left(self) -> float:
        """Seconds until its deadline; negative after it."""
        return self._deadline - time.monotonic()

    def answer(self, on_delta: Callable[[Delta], None]) -> Answer:
        """The answer, checked where that is wanted. Raises VqaError; that of DeadlineExceeded and Canceled holds what was written."""
        request, shown = self.request, self._find()
        if not request.is_read:
            return self._ask_about(shown, request.question, shown.frames, on_delta)
        required = request.verify == "required"
        hear = without_words(on_delta) if required else on_delta
        check, unhinted = self._check_of(shown), None
        try:
            question, frames = self._look(check, shown)
            answer = self._ask_about(shown, question, frames, hear if request.verify == "off" else check.listening(hear))
            if check.gave_hints and request.verify != "off" and check.needs(answer.text):
                unhinted = self._ask(replace(request.question, request_id=f"{question.request_id}-unhinted"), frames, lambda _: None).text
        except VqaError as error:
            check.cancel()
            if required and error.answer:  # half of it is not confirmed
                error.answer = replace(error.answer, text="", logprobs=())
            raise
        if request.verify == "off":
            self.checked = check.looked
            return answer
        self.checked = check.result(answer.text, self.time_left, hear, unhinted)
        if self._ticket.canceled:
            raise Canceled("canceled while the answer was checked", answer=replace(
                answer, finish_reason=FinishReason.CANCELED, text="" if required else answer.text))  # fmt: skip
        return print_check.required(answer, self.checked.verification, self._language) if required else answer

    @property
    def _language(self) -> str:
        """Of what the node says in words of its own."""
        return base_language(self.request.language) or language_of(self.request.question.text)

    def _check_of(self, shown: Shown, question: str = "") -> Check:
        """``question`` is what the answer is to, in place of the request's."""
        return Check(question or self.request.question.text, shown, self._ticket, self._activation)

    def _look(self, check: Check, shown: Shown) -> tuple[Question, tuple[Frame, ...]]:
        """What the model is asked, and about what: where print is too small a part of a picture, with hints what was read.

        A conversation keeps the pictures that it has.
        """
        request, settings = self.request, self._activation.settings
        question, frames = request.question, shown.frames
        if request.zoom == "auto" and not question.session_id and not question.past:
            most = self._activation.model.most_image_tokens(question.max_image_tokens or settings.get("image_max_tokens", 0))
            frames = check.zoomed(most, self.time_left)
        if request.hints == "lines":
            question = replace(question, text=check.hinted(self._language, self.time_left))
        return question, frames

    def _ask_about(
        self, shown: Shown, question: Question, frames: Sequence[Frame], on_delta: Callable[[Delta], None]
    ) -> Answer:
        answer = self._ask(question, frames, on_delta)
        if question.session_id:
            self._activation.sessions.keep(question.session_id, shown)
        return answer

    def _ask(self, question: Question, frames: Sequence[Frame], on_delta: Callable[[Delta], None]) -> Answer:
        """Asks the engine within what is left of the request's time; ``question`` has the request's id."""
        self._check()
        engine, witness = self._activation.engine, self._activation.witness
        if witness:
            witness.check_room(self.pictures)
        question = replace(
            question, timeout=max(0.001, self.time_left), local_only=self.request.local_only or self._activation.keeps(self.pictures),
        )
        answer = engine.ask(question, frames, on_delta)
        self._ticket.on_cancel(partial(engine.cancel, question.request_id))
        return judged(answer.result())

    def _find(self) -> Shown:
        """What to show: the request's own pictures, else the session's, else the cameras'.

        The session's are shown again, which the engine takes for the ones it has; should it have lost them, it has them
        again.
        """
        request = self.request
        if not request.question.needs_picture:
            return Shown((), (), (), request.enhance)
        kept = self._activation.sessions.shown(request.question.session_id)
        if kept and not request.pictures and not request.cameras:
            if request.regions:
                raise BadRequest(
                    "rois need a new picture, but the session keeps the one it has; name a camera, or leave rois empty"
                )
            self.pictures = kept.pictures
            return kept
        self.pictures = request.pictures or self._from_cameras(
            request.cameras or tuple(self._activation.cameras)[:1]
        )
        return self._show(self.pictures)

    def _show(self, pictures: tuple[Picture, ...]) -> Shown:
        request = self.request
        request.check_regions(len(pictures))
        regions = request.regions or (None,) * len(pictures)
        frames: list[Frame] = []
        for picture, region in zip(pictures, regions, strict=True):
            frames.append(picture.frame(region, request.enhance))
            check_frames(frames)  # after each: a small PNG can be a large picture
        return Shown(pictures, tuple(frames), regions, request.enhance)

    def _from_cameras(self, names: Sequence[str], seen: Sequence[Picture] = ()) -> tuple[Picture, ...]:
        """A fresh picture from each camera, taken after its one in ``seen``, as soon as all have one."""
        activation, request = self._activation, self.request
        if not names:
            raise NoImage("this node has no cameras; set the parameter cameras, or send a picture with the request")
        request.check_regions(len(names))
        self._ticket.cameras = tuple(names)
        cameras = [activation.cameras[name] for name in names]
        regions = request.regions or (None,) * len(cameras)
        not_before = [max(request.not_before, picture.stamp + 1) for picture in seen]
        not_before = not_before or [request.not_before] * len(cameras)
        for camera in cameras:
            camera.notify(self._news.set)
        try:
            while True:
                self._news.clear()
                pictures = [
                    camera.pick(request.max_image_age, since, self._encoded(region), request.prefer)
                    for camera, since, region in zip(cameras, not_before, regions, strict=True)
                ]
                if None not in pictures:
                    return tuple(pictures)
                self._check(cameras[pictures.index(None)])
                self._news.wait(max(0.0, self.time_left))
        finally:
            for camera in cameras:
                camera.forget(self._news.set)

    def _encoded(self, region) -> Callable[[Picture], bool]:
        def is_encoded(picture: Picture) -> bool:
            if self._activation.witness:  # the newest, whatever was encoded before
                return False
            frame = picture.frame_if_made(region, self.request.enhance)
            return frame is not None and self._activation.engine.is_encoded(frame.key)

        return is_encoded

    def _check(self, camera: Camera | None = None) -> None:
        """Raises if there is no more to wait for; ``camera`` is the one that is waited for."""
        if self._ticket.canceled:
            raise Canceled("canceled before the model saw the question")
        if self.time_left > 0:
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
