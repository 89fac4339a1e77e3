"""What went wrong, as clients of OpenAI's API read it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from starlette.responses import JSONResponse

from glm4v_ros.errors import ErrorCode, VqaError

_INVALID, _SERVER = "invalid_request_error", "server_error"
#: Status, type and code of each error. A client of OpenAI's asks again on 408, 409, 429 and 5xx unless told not to.
_OF_CODE = {
    ErrorCode.NOT_ACTIVE: (503, _SERVER, "not_ready"),
    ErrorCode.BAD_REQUEST: (400, _INVALID, "invalid_value"),
    ErrorCode.UNKNOWN_CAMERA: (404, _INVALID, "unknown_camera"),
    ErrorCode.NO_IMAGE: (503, _SERVER, "no_image"),
    ErrorCode.STALE_IMAGE: (503, _SERVER, "stale_image"),
    ErrorCode.BAD_IMAGE: (400, _INVALID, "invalid_image"),
    ErrorCode.UNSUPPORTED: (400, _INVALID, "unsupported"),
    ErrorCode.BUSY: (429, "rate_limit_error", "busy"),
    ErrorCode.TIMEOUT: (504, "timeout_error", "deadline_exceeded"),
    ErrorCode.CANCELED: (409, _INVALID, "canceled"),
    ErrorCode.OUT_OF_MEMORY: (503, _SERVER, "out_of_memory"),
    ErrorCode.CONTEXT_FULL: (400, _INVALID, "context_length_exceeded"),
    ErrorCode.ENGINE_FAILED: (503, _SERVER, "engine_failed"),
}
_NOT_AGAIN = (ErrorCode.TIMEOUT, ErrorCode.CANCELED, ErrorCode.OUT_OF_MEMORY)


@dataclass
class Problem(Exception):
    """An answer that is an error: HTTP status, and the fields of OpenAI's error object."""

    status: int
    message: str
    type: str = _INVALID
    param: str | None = None
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict:
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}

    @property
    def response(self) -> JSONResponse:
        return JSONResponse(self.body, self.status, self.headers)


def invalid(message: str, param: str | None = None, code: str = "invalid_value") -> Problem:
    return Problem(400, message, param=param, code=code)


def unsupported(message: str, param: str) -> Problem:
    return Problem(400, message, param=param, code="unsupported")


def busy(message: str, retry_after: float, code: str = "busy") -> Problem:
    """``retry_after`` in seconds; told in whole ones, as HTTP has it, and in the milliseconds that OpenAI's clients
    read."""
    seconds = max(0.0, retry_after)
    headers = {"retry-after": str(max(1, math.ceil(seconds))), "retry-after-ms": str(math.ceil(seconds * 1000))}
    return Problem(429, message, "rate_limit_error", code=code, headers=headers)


def problem_of(error: VqaError, retry_after: float = 0.0) -> Problem:
    """``retry_after``: for those that pass by themselves but do not say when."""
    if error.code == ErrorCode.BUSY:
        return busy(str(error), error.retry_after)
    status, kind, code = _OF_CODE.get(error.code, (500, _SERVER, "unknown"))
    headers = {}
    if status == 503 and error.code not in _NOT_AGAIN:
        headers["retry-after"] = str(max(1, math.ceil(retry_after)))
    if error.code in _NOT_AGAIN:
        headers["x-should-retry"] = "false"
    return Problem(status, str(error), kind, code=code, headers=headers)
