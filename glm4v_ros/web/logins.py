"""The page's logins: a key is typed once, then a cookie stands for it."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass

from glm4v_ros.web.keys import Key

COOKIE = "glm4v_login"
_IDLE = 12 * 3600.0  # seconds after which an unused login ends
_MOST = 1000


@dataclass
class Login:
    key: Key
    csrf: str  # a request that changes something brings it in a header, which another site's page cannot
    used_at: float


class Logins:
    """In memory only: a new start of the server asks for the key again."""

    def __init__(self, clock=time.monotonic):
        self._logins: OrderedDict[str, Login] = OrderedDict()
        self._clock = clock

    def open(self, key: Key) -> tuple[str, Login]:
        """The cookie's value with what it stands for."""
        token = secrets.token_urlsafe(32)
        login = Login(key, secrets.token_urlsafe(24), self._clock())
        self._logins[_digest(token)] = login
        if len(self._logins) > _MOST:
            self._logins.popitem(last=False)
        return token, login

    def find(self, token: str) -> Login | None:
        login = self._logins.get(_digest(token))
        if login is None:
            return None
        if self._clock() - login.used_at > _IDLE:
            self.close(token)
            return None
        login.used_at = self._clock()
        self._logins.move_to_end(_digest(token))
        return login

    def close(self, token: str) -> None:
        self._logins.pop(_digest(token), None)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
