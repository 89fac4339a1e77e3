"""The small endpoints: models, health, metrics, pictures, cameras, sessions, logins."""

from __future__ import annotations

import hashlib
import math
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from glm4v_ros import __version__
from glm4v_ros.web.asking import unless_gone
from glm4v_ros.web.fields import Fields
from glm4v_ros.web.guard import cookie
from glm4v_ros.web.keys import KeyRing
from glm4v_ros.web.logins import COOKIE, Logins
from glm4v_ros.web.metrics import Metrics
from glm4v_ros.web.pictures import StoredPicture, media_type
from glm4v_ros.web.problem import Problem, invalid
from glm4v_ros.web.service import Service, owner_of, read_body

_LONGEST_LOOK = 20.0  # seconds that a request for a camera's next picture waits


class Models:
    def __init__(self, service: Service):
        self._asker = service.asker

    async def all(self, _: Request):
        return JSONResponse({"object": "list", "data": [_model(card) for card in self._asker.models]})

    async def one(self, request: Request):
        for card in self._asker.models:
            if card.name == request.path_params["name"]:
                return JSONResponse(_model(card))
        raise Problem(404, "there is no model of that name here; see /v1/models", code="model_not_found")


def _model(card) -> dict:
    return {"id": card.name, "object": "model", "created": card.created, "owned_by": "glm4v_ros"}


class Health:
    def __init__(self, service: Service, metrics: Metrics):
        self._asker, self._metrics = service.asker, metrics

    async def alive(self, _: Request):
        return JSONResponse({"status": "ok"})

    async def ready(self, _: Request):
        """503 while no question would be answered. Without the reason, which only those who may ask hear
        (/v1/state)."""
        ready = self._asker.state.ready
        return JSONResponse({"status": "ready" if ready else "not ready"}, 200 if ready else 503)

    async def metrics(self, _: Request):
        return Response(self._metrics.text, media_type="text/plain; version=0.0.4")

    async def state(self, _: Request):
        state, asker = self._asker.state, self._asker
        return JSONResponse({
            "version": __version__, "ready": state.ready, "reason": state.reason, "running": state.running,
            "queued": state.queued,
            "capacity": asker.capacity, "retry_after": round(asker.retry_after, 3), "stage": state.stage,
            "device": state.device,
            "tokens_per_second": round(state.tokens_per_second, 1), "models": [card.name for card in asker.models],
            "demo_model": any(card.demo for card in asker.models), "presets": list(asker.presets),
            "verify": asker.verify,
            "cameras": list(asker.cameras),
        })  # fmt: skip


class Pictures:
    """Sent once, named by SHA-256 afterwards."""

    def __init__(self, service: Service):
        self._store = service.pictures

    async def put(self, request: Request):
        """PUT with the key in the path, or POST without."""
        data = await request.body()
        wanted = request.path_params.get("key")
        if wanted and hashlib.sha256(data).hexdigest() != wanted:
            raise invalid(
                "the SHA-256 of what came is another than the address says: send it again", code="wrong_sha256"
            )
        known = self._store.get(owner_of(request), hashlib.sha256(data).hexdigest()) is not None
        picture = await self._store.put(owner_of(request), data)
        return JSONResponse(_picture(picture), 200 if known else 201)

    async def get(self, request: Request):
        picture = self._store.get(owner_of(request), request.path_params["key"])
        if picture is None:
            raise Problem(404, "no picture of this key is here any more", code="unknown_picture")
        headers = {
            "content-security-policy": "default-src 'none'; sandbox",
            "cache-control": "private, max-age=3600, immutable",
            "x-glm4v-stamp": f"{picture.stamp:.3f}",
        }
        return Response(picture.data, media_type=picture.media_type, headers=headers)


def _picture(picture: StoredPicture) -> dict:
    return {"object": "picture", "sha256": picture.key, "bytes": len(picture.data), "media_type": picture.media_type,
            "width": picture.width, "height": picture.height, "stamp": picture.stamp}  # fmt: skip


class Cameras:
    def __init__(self, service: Service):
        self._asker = service.asker

    async def all(self, _: Request):
        return JSONResponse(
            {"object": "list", "data": [{"object": "camera", "id": name} for name in self._asker.cameras]}
        )

    async def picture(self, request: Request):
        """The newest picture, or with ?after=STAMP the first that is newer, for which it waits."""
        try:
            after = float(request.query_params.get("after", "0"))
        except ValueError:
            after = math.nan
        if not math.isfinite(after):
            raise invalid("'after' is a time in seconds since 1970", "after")
        looking = self._asker.look(request.path_params["name"], after, _LONGEST_LOOK)
        picture = await unless_gone(request.receive, looking)
        return Response(picture.data, media_type=media_type(picture.data), headers={"x-glm4v-stamp": f"{picture.stamp:.9f}"})


class Sessions:
    def __init__(self, service: Service):
        self._asker = service.asker

    async def delete(self, request: Request):
        self._asker.reset_session(owner_of(request), request.path_params["name"])
        return Response(status_code=204)


class Login:
    """A key for a cookie, and what the page must know about itself."""

    def __init__(self, keys: KeyRing, logins: Logins, required: bool):
        self._keys, self._logins, self._required = keys, logins, required

    async def post(self, request: Request):
        body: Fields = await read_body(request)
        key = self._keys.find(body.text("key", most=200))
        if key is None:
            request.scope["glm4v.visit"].wrong_key()
            raise Problem(401, "that is no key of this server", code="invalid_api_key")
        token, login = self._logins.open(key)
        response = JSONResponse({"name": key.name, "csrf": login.csrf})
        response.set_cookie(
            COOKIE, token, httponly=True, samesite="strict", secure=request.url.scheme == "https", path="/"
        )
        return response

    async def get(self, request: Request):
        """Whether a key is needed, and, for one who is logged in, the CSRF token."""
        login = self._logins.find(cookie(request.headers)) if self._required else None
        return JSONResponse({"required": self._required, "name": login and login.key.name, "csrf": login and login.csrf,
                             "now": round(time.time(), 3)})  # fmt: skip

    async def delete(self, request: Request):
        self._logins.close(cookie(request.headers))
        response = Response(status_code=204)
        response.delete_cookie(COOKIE, path="/")
        return response
