"""A question on its way to an answer that may be about a medicine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from glm4v_ros.asking.check import Check, Checked, without_words
from glm4v_ros.asking.inquiry import Inquiry
from glm4v_ros.asking.sessions import Shown
from glm4v_ros.engine.answer import Answer, Delta, FinishReason
from glm4v_ros.engine.question import Sampling
from glm4v_ros.errors import BadRequest, Canceled, DeadlineExceeded, StaleImage, VqaError
from glm4v_ros.policy.medicine import (
    MedicineQuestion,
    Reading,
    Ruling,
    is_about_medicine,
)
from glm4v_ros.policy.verification import Verdict, Verification
from glm4v_ros.vision.change import change

# Grey levels by which vision/change.py must find two pictures to differ. Of a still package, with a sensor noise of 6 grey levels
# in 320x240, they differ by 3; of a white one that moved by one of 640 pixels, by 20.
_LEAST_CHANGE = 8.0
_FROM_GOOD_TO_BAD = (Verdict.CONFIRMED, Verdict.NOT_FOUND, Verdict.CONTRADICTED, Verdict.NOT_CHECKED)
_NOTHING = Verification(reason="nothing was read out")
_PATIENCE = 10.0  # s that the package may stay still; then the person is asked to move it, instead of waiting in silence


class MedicineInquiry(Inquiry):
    """Of a medicine, gives only what policy/medicine.py lets pass.

    No word goes out before the answer is complete, and none of an answer that breaks off: half of it could be half of
    a dosage.
    """

    _found: Shown | None = None

    def answer(self, on_delta: Callable[[Delta], None]) -> Answer:
        medicine = MedicineQuestion(self.request.question.text, self._language)
        try:
            return self._answer(medicine, without_words(on_delta))
        except VqaError as error:
            error.answer = error.answer and replace(error.answer, text="")
            raise

    def _answer(self, medicine: MedicineQuestion, on_delta: Callable[[Delta], None]) -> Answer:
        if medicine.refusal:
            self.checked = Checked(_NOTHING)
            return self._ruled(medicine.refusal)
        if is_about_medicine(medicine.text):
            return self._read(medicine, on_delta)
        answer = super().answer(on_delta)
        if not is_about_medicine(answer.text):
            return answer
        try:
            return self._read(medicine, on_delta)
        finally:
            self._forget()

    def _read(self, medicine: MedicineQuestion, on_delta: Callable[[Delta], None]) -> Answer:
        """What two pictures that differ agree on, each read by itself."""
        self.checked = Checked(_NOTHING)
        if self.request.question.choices or self.request.question.json_schema:
            raise BadRequest("what a medicine's package says is read out in words; leave choices and json_schema empty")
        views = self._views()
        if len(views) != 2 or not _differ(*views):
            return self._ruled(medicine.second_look)
        self.pictures = views[0].pictures + views[1].pictures
        checks = [self._check_of(view, medicine.drug_question) for view in views]
        try:
            answers = [self._ask_both(medicine, view, check.listening(on_delta)) for view, check in zip(views, checks, strict=True)]
            readings = [_reading(*both) for both in answers]
            ruling = medicine.rule(*readings)
            if not ruling.abstained:
                ruling = medicine.rule(*readings, self._witnesses(views, checks, readings, on_delta))
        finally:
            for check in checks:
                check.cancel()
        return self._ruled(ruling, *answers[0], *answers[1])

    def _witnesses(
        self, views: Sequence[Shown], checks: Sequence[Check], readings: Sequence[Reading], on_delta: Callable[[Delta], None]
    ) -> list[Verification]:
        """What the second reader says of the drug's name in each view; of the answer too, where it must be confirmed."""
        found = [check.result(reading.drug, self.time_left, on_delta) for check, reading in zip(checks, readings, strict=True)]
        if self.request.verify == "required":
            found += [self._check_of(view).result(reading.text, self.time_left, on_delta) for view, reading in zip(views, readings, strict=True)]
        if self._ticket.canceled:
            raise Canceled("canceled while the answer was checked")
        self.checked = _together(found[: len(views)], [len(view.pictures) for view in views])
        return [one.verification for one in found]

    def _views(self) -> list[Shown]:
        """The pictures, each to be read by itself: those of a request as they are, else two of the same camera."""
        shown = self._find()
        cameras = [picture.camera for picture in shown.pictures]
        if not all(cameras):
            return [
                Shown((picture,), (frame,), (region,), shown.enhance)
                for picture, frame, region in zip(shown.pictures, shown.frames, shown.regions, strict=True)
            ]
        other, give_up = shown, time.monotonic() + _PATIENCE
        try:
            while not _differ(shown, other):
                if time.monotonic() > give_up:
                    return [shown]
                self._check()
                other = self._show(self._from_cameras(cameras, other.pictures))
        except (DeadlineExceeded, StaleImage):  # the camera shows nothing else in time
            return [shown]
        return [shown, other]

    def _ask_both(
        self, medicine: MedicineQuestion, view: Shown, on_delta: Callable[[Delta], None]
    ) -> tuple[Answer, Answer]:
        """The drug's name and the question's answer; outside the session, for what it was told before is no print."""
        question = replace(self.request.question, session_id="", sampling=Sampling())
        drug = self._ask(replace(question, text=medicine.drug_question), view.frames, on_delta)
        return drug, self._ask(question, view.frames, on_delta)

    def _find(self) -> Shown:
        """Once: what an answer was about is what is read again."""
        self._found = self._found or super()._find()
        return self._found

    def _forget(self) -> None:
        """Ends the session, whose model holds an answer that may not be said and could come back in the next one."""
        if session_id := self.request.question.session_id:
            self._activation.engine.reset_session(session_id)
            self._activation.sessions.forget(session_id)

    def _ruled(self, ruling: Ruling, *answers: Answer) -> Answer:
        """``answers`` are those that it is made of; the first word comes with the last."""
        latency = sum(answer.latency for answer in answers)
        return Answer(
            self.request.question.request_id,
            ruling.text,
            FinishReason.STOP,
            ruling.abstained,
            mean_token_probability=min((answer.mean_token_probability for answer in answers), default=float("nan")),
            image_tokens=sum(answer.image_tokens for answer in answers),
            prompt_tokens=sum(answer.prompt_tokens for answer in answers),
            completion_tokens=sum(answer.completion_tokens for answer in answers),
            time_to_first_token=latency,
            latency=latency,
        )


def _reading(drug: Answer, text: Answer) -> Reading:
    """One that was cut off counts as not read."""
    unsure = any(answer.abstained or answer.finish_reason is not FinishReason.STOP for answer in (drug, text))
    return Reading(drug.text, text.text, unsure)


def _together(found: Sequence[Checked], pictures: Sequence[int]) -> Checked:
    """Of views that have so many pictures each, one after the other: as good as the worst of them."""
    worst = max((one.verification for one in found), key=lambda one: _FROM_GOOD_TO_BAD.index(one.verdict))
    evidence, first = [], 0
    for one, count in zip(found, pictures, strict=True):
        evidence += [replace(each, image=each.image + first) for each in one.verification.evidence]
        first += count
    confidence = min(one.verification.confidence for one in found)
    return Checked(replace(worst, evidence=tuple(evidence), confidence=confidence), sum(one.delay for one in found))


def _differ(first: Shown, second: Shown) -> bool:
    """Whether every picture of the second look shows the model something else than the first.

    The same bytes come from a camera that hangs, and pictures that differ in noise alone repeat the first one's mistakes.
    """
    return all(
        change(one.rgb, other.rgb) >= _LEAST_CHANGE for one, other in zip(first.frames, second.frames, strict=True)
    )
