"""What stands before every request: whose it is, whether it may come in, how much of it, and a line in the log."""

from __future__ import annotations

import json
import logging
import time
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect

from glm4v_ros.web.asking import ClientGone
from glm4v_ros.web.keys import Key, KeyRing
from glm4v_ros.web.logins import COOKIE, Logins
from glm4v_ros.web.metrics import Metrics
from glm4v_ros.web.problem import Problem, busy
from glm4v_ros.web.settings import Settings
from glm4v_ros.web.token_bucket import TokenBuckets

_log = logging.getLogger(__name__)
_access = logging.getLogger("glm4v_ros.web.access")

#: What needs no key: the page without anybody's pictures, and what a load balancer asks.
_OPEN = ("/", "/health", "/ready", "/login", "/openapi.json", "/favicon.ico")
_OPEN_BELOW = "/static/"
_SAFE = ("GET", "HEAD", "OPTIONS")
_WRONG_KEYS_PER_MINUTE, _WRONG_KEYS_BURST = 10.0, 20  # of one address
_SECURITY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "media-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
}  # fmt: skip


class Guard:
    """ASGI middleware around the whole app."""

    def __init__(self, app, settings: Settings, keys: KeyRing, logins: Logins, metrics: Metrics):
        self._app, self._settings, self._keys, self._logins, self._metrics = app, settings, keys, logins, metrics
        self._questions = TokenBuckets(settings.per_minute, settings.burst)
        self._wrong_keys = TokenBuckets(_WRONG_KEYS_PER_MINUTE, _WRONG_KEYS_BURST)
        self._held_bytes = 0  # of all bodies that are being received or answered

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"this app speaks HTTP only, not {scope['type']}")
        visit = _Visit(scope, receive, send, self)
        began = time.perf_counter()
        try:
            try:
                self._let_in(scope, Headers(scope=scope), visit)
                await self._app(scope, visit.receive, visit.send)
            except Problem as problem:
                await visit.refuse(problem)
        except (ClientGone, ClientDisconnect):
            visit.gone = True
        except Exception:
            _log.exception("a request failed for a reason that nobody foresaw")
            if not visit.status:
                await visit.refuse(
                    Problem(500, "the server failed at this; its log says why", "server_error", code="unknown")
                )
        finally:
            self._held_bytes -= visit.bytes_in
            self._tell(scope, visit, time.perf_counter() - began)

    def hold(self, nbytes: int) -> None:
        """Takes room for a piece of a body. Raises Problem when there is none."""
        if self._held_bytes + nbytes > self._settings.most_bodies:
            raise Problem(503, "the server is receiving as much as it can hold; try again", "server_error", code="busy",
                          headers={"retry-after": "2", "connection": "close"})  # fmt: skip
        self._held_bytes += nbytes

    @property
    def most_body(self) -> int:
        return self._settings.most_body

    def _let_in(self, scope, headers: Headers, visit: _Visit) -> None:
        settings, path, method = self._settings, scope["path"], scope["method"]
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not settings.knows_host(hosts[0]):
            raise Problem(
                421, "this server does not go by that name; start it with --allowed-host NAME", code="unknown_host"
            )
        peer = (scope.get("client") or ("local", 0))[0]
        visit.client = settings.client_of(peer, ",".join(headers.getlist("x-forwarded-for")))
        self._check_origin(scope, headers, hosts[0])
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > settings.most_body:
            raise too_large(settings.most_body)
        if path in _OPEN and path != "/login" or path.startswith(_OPEN_BELOW):
            return
        if path == "/login":
            if method == "POST":
                self._check_guesses(visit.client)
            return
        key = self._key(headers, method, visit.client) if settings.keys_required else None
        scope["glm4v.owner"] = visit.key = key.name if key else ""
        if method in ("POST", "PUT"):
            wait = self._questions.take(f"key {key.name}", key.per_minute) if key and key.per_minute else 0.0
            wait = wait or self._questions.take(f"key {key.name}" if key else f"address {visit.client}")
            if wait:
                raise busy("too many requests: slow down", wait, "rate_limit_exceeded")

    def _check_origin(self, scope, headers: Headers, host: str) -> None:
        """No other site's page may use a visitor's browser to ask here, not even without reading the answer."""
        origin = headers.get("origin")
        own = (f"http://{host}", f"https://{host}")
        site = headers.get("sec-fetch-site", "none")
        page = scope["method"] == "GET" and scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"
        if (origin is not None and origin.lower() not in (one.lower() for one in own)) or (
            site in ("cross-site", "same-site") and not page
        ):
            raise Problem(403, "requests from other sites' pages are refused", code="cross_origin")

    def _key(self, headers: Headers, method: str, client: str) -> Key:
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            self._check_guesses(client)
            key = self._keys.find(secret.strip())
            if key is not None:
                return key
            self.wrong_key(client)
        token = cookie(headers)
        login = self._logins.find(token) if token and not secret else None
        if login is None:
            raise Problem(401, "a key is needed: Authorization: Bearer KEY, or log in on the page",
                code="invalid_api_key",
                          headers={"www-authenticate": "Bearer"})  # fmt: skip
        if method not in _SAFE and headers.get("x-csrf-token") != login.csrf:
            raise Problem(403, "the header X-CSRF-Token is missing or stale: load the page again", code="csrf")
        return login.key

    def _check_guesses(self, client: str) -> None:
        wait = self._wrong_keys.wait(client)
        if wait:
            raise busy("too many wrong keys from this address", wait, "rate_limit_exceeded")

    def wrong_key(self, client: str) -> None:
        """Counts it, so that keys cannot be guessed."""
        self._wrong_keys.take(client)

    def _tell(self, scope, visit: _Visit, seconds: float) -> None:
        route = scope.get("glm4v.route", "other")
        status = 499 if visit.gone else visit.status
        self._metrics.request(route, status, seconds)
        if _access.isEnabledFor(logging.INFO):
            line = {"client": visit.client, "key": visit.key, "method": scope["method"][:16], "route": route,
                "status": status,
                    "ms": round(seconds * 1000, 1), "in": visit.bytes_in, "out": visit.bytes_out}  # fmt: skip
            _access.info("%s", json.dumps(line))


class _Visit:
    """One request: counts what comes in and what goes out, and marks what goes out."""

    def __init__(self, scope, receive, send, guard: Guard):
        self._receive, self._send, self._guard = receive, send, guard
        self._secure = scope.get("scheme") == "https"
        self.client = self.key = ""
        self.status = self.bytes_in = self.bytes_out = 0
        self.gone = False
        scope["glm4v.visit"] = self

    async def receive(self):
        message = await self._receive()
        if message["type"] == "http.request":
            size = len(message.get("body", b""))
            if self.bytes_in + size > self._guard.most_body:
                raise too_large(self._guard.most_body)
            self._guard.hold(size)
            self.bytes_in += size
        elif not self.status:
            self.gone = True
        return message

    async def send(self, message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _SECURITY.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "no-store")
            if self._secure:
                headers["strict-transport-security"] = "max-age=31536000"
                headers["cross-origin-opener-policy"] = "same-origin"  # browsers know it for HTTPS only
        else:
            self.bytes_out += len(message.get("body", b""))
        await self._send(message)

    async def refuse(self, problem: Problem) -> None:
        if not self.status:
            await problem.response({"type": "http"}, self._receive, self.send)

    def wrong_key(self) -> None:
        self._guard.wrong_key(self.client)


def too_large(most: int) -> Problem:
    return Problem(413, f"the body is larger than {most >> 20} MiB", code="too_large", headers={"connection": "close"})


def cookie(headers: Headers) -> str:
    """The login's token; empty: none."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")[:4096]).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""
