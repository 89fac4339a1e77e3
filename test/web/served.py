"""A real server on this machine for the tests of web/, with an engine that is scripted or real."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace

import contract
from scripted_engine import ScriptedEngine

from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.errors import Busy
from glm4v_ros.web import server
from glm4v_ros.web.app import make_app
from glm4v_ros.web.engine_asker import EngineAsker
from glm4v_ros.web.keys import KeyRing
from glm4v_ros.web.pictures import PictureStore
from glm4v_ros.web.settings import Settings

PATIENCE = 120.0  # seconds after which what never comes fails a test


class BoundedEngine(ScriptedEngine):
    """Takes ``capacity`` questions at a time, as EngineClient does; ``idle`` is set while it has none. A question with
    "flood" in it is answered with long words."""

    def __init__(self, config: EngineConfig, capacity: int):
        loading = threading.Event()
        loading.set()
        super().__init__(config, loading)
        self.capacity = capacity
        self.busy_for = 1.5  # seconds that a refusal speaks of
        self.idle = threading.Event()
        self.idle.set()
        self.cancels = []
        self._running = 0
        self._counting = threading.Lock()

    def ask(self, question, frames, on_delta=None):
        with self._counting:
            if self._running >= self.capacity:
                raise Busy("all places are taken; ask again later", retry_after=self.busy_for)
            self._running += 1
            self.idle.clear()
        try:
            tell = (
                on_delta and "flood" in question.text and (lambda one: on_delta(replace(one, text=one.text * 10_000)))
            )
            future = super().ask(question, frames, tell or on_delta)
        except Exception:
            self._left()
            raise
        future.add_done_callback(lambda _: self._left())
        return future

    def cancel(self, request_id):
        self.cancels.append(request_id)
        super().cancel(request_id)

    def forget(self):
        """What it was asked until now."""
        for told in (self.questions, self.cancels, self.reset):
            told.clear()

    def _left(self):
        with self._counting:
            self._running -= 1
            if not self._running:
                self.idle.set()


@dataclass
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self) -> dict:
        """The error object, whose form every error has."""
        error = self.json["error"]
        assert set(error) == {"message", "type", "param", "code"} and error["message"], error
        return error

    @property
    def events(self) -> list:
        """Of a stream: each event's JSON; the last is "[DONE]" where it ended well."""
        lines = [line[6:] for line in self.body.decode().split("\n") if line.startswith("data: ")]
        return [line if line == "[DONE]" else json.loads(line) for line in lines]


@dataclass
class Served:
    port: int
    engine: object
    pictures: PictureStore
    asker: EngineAsker

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(
        self, method: str, path: str, body: bytes | dict | None = None, headers: dict | None = None
    ) -> Answered:
        headers = dict(headers or {})
        if isinstance(body, dict):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers, encode_chunked="Transfer-Encoding" in headers)
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            answered = Answered(response.status, headers, response.read())
            contract.check(method, path, answered.status, headers, answered.body)
            return answered
        finally:
            connection.close()

    def post(self, path: str, body: dict, headers: dict | None = None) -> Answered:
        return self.request("POST", path, body, headers)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)


@contextmanager
def serving(engine, model, settings: Settings = Settings(), keys: KeyRing = KeyRing(), *, capacity: int = 24, checks=None, **more):
    """A server over ``engine`` on a free port of the loopback interface."""
    pictures = PictureStore()
    asker = EngineAsker(engine, model, pictures, capacity, checks=checks)
    with serving_asker(asker, pictures, settings, keys, **more) as served:
        served.engine = engine
        yield served
    pictures.close()


@contextmanager
def serving_asker(
    asker, pictures: PictureStore, settings: Settings = Settings(), keys: KeyRing = KeyRing(), certificate=None
):
    """The same over any Asker. Without a limit of its own, nobody asks too often."""
    if settings.per_minute == Settings().per_minute:
        settings = replace(settings, per_minute=1e6, burst=1_000_000)
    settings = replace(settings, port=0)
    app = make_app(asker, pictures, settings, keys)
    listening = server.listen(settings)
    started = threading.Event()
    running = server.make_server(app, settings, certificate=certificate, on_started=started.set)
    thread = threading.Thread(target=lambda: asyncio.run(running.serve(sockets=[listening])), name="served")
    thread.start()
    try:
        assert started.wait(PATIENCE)
        yield Served(listening.getsockname()[1], None, pictures, asker)
    finally:
        running.should_exit = True
        thread.join(PATIENCE)
        listening.close()
        assert not thread.is_alive(), "the server does not end"


def scripted(model, capacity: int = 24) -> BoundedEngine:
    return BoundedEngine(EngineConfig(model), capacity)
