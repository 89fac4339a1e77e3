"""The ASGI app: its routes, with the guard before them."""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.routing import Route, Router

from glm4v_ros.errors import VqaError
from glm4v_ros.web.asker import Asker
from glm4v_ros.web.chat import ChatCompletions
from glm4v_ros.web.decisions import Decisions
from glm4v_ros.web.guard import Guard
from glm4v_ros.web.keys import KeyRing
from glm4v_ros.web.logins import Logins
from glm4v_ros.web.metrics import CountedAsker, Metrics
from glm4v_ros.web.openapi import OpenApi
from glm4v_ros.web.page import Page
from glm4v_ros.web.pictures import PictureStore
from glm4v_ros.web.problem import Problem, problem_of
from glm4v_ros.web.responses import Responses
from glm4v_ros.web.seats import Seats
from glm4v_ros.web.service import Service
from glm4v_ros.web.settings import Settings
from glm4v_ros.web.small import Cameras, Health, Login, Models, Pictures, Sessions


class _Sha256(Convertor):
    regex = "[0-9a-f]{64}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("sha256", _Sha256())
_CODES = {404: "not_found", 405: "method_not_allowed"}


def make_app(
    asker: Asker, pictures: PictureStore, settings: Settings, keys: KeyRing, *, timeout: float = 120.0
) -> Guard:
    """``timeout``: seconds that a question may take unless its request says otherwise."""
    metrics, logins = Metrics(asker, pictures), Logins()
    service = Service(CountedAsker(asker, metrics), pictures, Seats(asker), timeout, max(600.0, timeout))
    models, health, stored, page = Models(service), Health(service, metrics), Pictures(service), Page()
    cameras, login = Cameras(service), Login(keys, logins, settings.keys_required)
    key = "/v1/pictures/{key:sha256}"
    routes = [  # the busiest first
        Route("/v1/chat/completions", ChatCompletions(service).post, methods=["POST"]),
        Route("/v1/responses", Responses(service).post, methods=["POST"]),
        Route("/v1/decisions", Decisions(service).post, methods=["POST"]),
        Route("/", page.index),
        Route("/static/{name:path}", page.static),
        Route("/login", login.get),
        Route("/login", login.post, methods=["POST"]),
        Route("/login", login.delete, methods=["DELETE"]),
        Route("/health", health.alive),
        Route("/ready", health.ready),
        Route("/metrics", health.metrics),
        Route("/openapi.json", OpenApi().get),
        Route("/v1/state", health.state),
        Route("/v1/models", models.all),
        Route("/v1/models/{name}", models.one),
        Route("/v1/pictures", stored.put, methods=["POST"]),
        Route(key, stored.put, methods=["PUT"]),
        Route(key, stored.get),
        Route("/v1/cameras", cameras.all),
        Route("/v1/cameras/{name}/picture", cameras.picture),
        Route("/v1/sessions/{name}", Sessions(service).delete, methods=["DELETE"]),
    ]
    return Guard(_Routes(routes, service), settings, keys, logins, metrics)


class _Routes:
    """Finds the endpoint; what an endpoint raises becomes a Problem."""

    def __init__(self, routes: list[Route], service: Service):
        self._router = Router(routes, redirect_slashes=False)
        self._routes, self._service = routes, service

    async def __call__(self, scope, receive, send) -> None:
        scope["glm4v.route"] = next(
            (one.path_format for one in self._routes if one.path_regex.match(scope["path"])), "other"
        )
        scope["app"] = self  # with which Starlette's router raises where it would answer in plain text
        try:
            await self._router(scope, receive, send)
        except VqaError as error:
            raise problem_of(error, self._service.asker.retry_after) from error
        except HTTPException as error:
            allowed = self._methods(scope["path"])
            message = (
                f"this address takes {allowed}" if error.status_code == 405 else "there is nothing at this address"
            )
            headers = {"allow": allowed} if error.status_code == 405 else {}
            raise Problem(error.status_code, message, code=_CODES.get(error.status_code), headers=headers) from error
        finally:
            self._service.seats.leave(scope)

    def _methods(self, path: str) -> str:
        return ", ".join(
            sorted({method for one in self._routes if one.path_regex.match(path) for method in one.methods})
        )
