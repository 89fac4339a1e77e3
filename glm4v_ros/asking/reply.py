"""How a question ended."""

from __future__ import annotations

from dataclasses import dataclass

from glm4v_ros.asking.check import Checked
from glm4v_ros.asking.ports import Picture
from glm4v_ros.asking.request import Request
from glm4v_ros.engine.answer import Answer, FinishReason
from glm4v_ros.errors import ErrorCode, VqaError

_FINISHED = {ErrorCode.TIMEOUT: FinishReason.TIMEOUT, ErrorCode.CANCELED: FinishReason.CANCELED}


@dataclass(frozen=True)
class Reply:
    """With an answer, an error, or both: what was written before it broke off."""

    request_id: str
    text: str  # the question's
    session_id: str
    answer: Answer | None = None
    error: VqaError | None = None
    request: Request | None = None  # None: it was refused before it was read
    pictures: tuple[Picture, ...] = ()  # that were shown to the model, in order
    checked: Checked = Checked()  # what a second reader says of the answer

    @property
    def says(self) -> str:
        """What would be read or heard."""
        return self.answer.text if self.answer else ""

    @property
    def finish_reason(self) -> FinishReason:
        if self.answer:
            return self.answer.finish_reason
        return _FINISHED.get(self.error.code, FinishReason.ERROR) if self.error else FinishReason.ERROR
