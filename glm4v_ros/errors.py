"""The errors that a question can end with. Their codes are the constants of Answer.msg."""

from __future__ import annotations

from enum import IntEnum
from typing import Any


class ErrorCode(IntEnum):
    """Why a question was not answered; Nav2 keeps 0-9999 for itself."""

    NONE = 0
    UNKNOWN = 10000
    NOT_ACTIVE = 10001
    BAD_REQUEST = 10002
    UNKNOWN_CAMERA = 10003
    NO_IMAGE = 10004
    STALE_IMAGE = 10005
    BAD_IMAGE = 10006
    UNSUPPORTED = 10007
    BUSY = 10008
    TIMEOUT = 10009
    CANCELED = 10010
    OUT_OF_MEMORY = 10011
    CONTEXT_FULL = 10012
    ENGINE_FAILED = 10013


_MOST_CHARACTERS = 1000  # of a message: it goes out over DDS and into the log


def plain_text(text: str, most: int) -> str:
    """``text`` as any message or log can carry it: without what is no Unicode, without NUL, cut after ``most``."""
    text = text if len(text) <= most else text[:most] + " ..."
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")


class VqaError(Exception):
    """A question that got no answer. The message tells a person what to do."""

    code = ErrorCode.UNKNOWN

    def __init__(self, message: str, *, answer: Any = None, retry_after: float = 0.0):
        # It may quote a part of the request, such as a JSON schema, where an escape can hide half a surrogate pair.
        super().__init__(plain_text(message, _MOST_CHARACTERS))
        #: What was written before a timeout or a cancel, an engine.answer.Answer; None with every other error.
        self.answer = answer
        #: Seconds after which asking again may succeed; only with BUSY.
        self.retry_after = retry_after

    def __reduce__(self):
        return _restore, (type(self), str(self), self.answer, self.retry_after)


def _restore(cls: type[VqaError], message: str, answer: Any, retry_after: float) -> VqaError:
    return cls(message, answer=answer, retry_after=retry_after)


class NotActive(VqaError):
    code = ErrorCode.NOT_ACTIVE


class BadRequest(VqaError):
    code = ErrorCode.BAD_REQUEST


class UnknownCamera(VqaError):
    code = ErrorCode.UNKNOWN_CAMERA


class NoImage(VqaError):
    code = ErrorCode.NO_IMAGE


class StaleImage(VqaError):
    code = ErrorCode.STALE_IMAGE


class BadImage(VqaError):
    code = ErrorCode.BAD_IMAGE


class Unsupported(VqaError):
    code = ErrorCode.UNSUPPORTED


class Busy(VqaError):
    code = ErrorCode.BUSY


class DeadlineExceeded(VqaError):
    code = ErrorCode.TIMEOUT


class Canceled(VqaError):
    code = ErrorCode.CANCELED


class OutOfMemory(VqaError):
    code = ErrorCode.OUT_OF_MEMORY


class HostOutOfMemory(OutOfMemory):
    """The operating system gave this process no memory; a GPU's own memory is not meant."""


def memory_error(gpu: bool) -> type[OutOfMemory]:
    """For a shortage of what runs on a GPU, or else on the processor."""
    return OutOfMemory if gpu else HostOutOfMemory


class ContextFull(VqaError):
    code = ErrorCode.CONTEXT_FULL


class EngineFailed(VqaError):
    code = ErrorCode.ENGINE_FAILED


class ModelFileError(EngineFailed):
    """A model's file is missing, broken, or does not belong to its partner."""


class ServerFailed(EngineFailed):
    """A remote server cannot be reached, or its answer is none; the process here that asked it is sound."""


class NotRead(VqaError):
    """A picture without a second reading. It ends no question: what hangs on it is not checked."""
