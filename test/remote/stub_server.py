"""A server on this machine that does what a test says, however wrong."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

PATIENCE = 30.0  # s after which what never comes fails a test


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: dict


@dataclass
class Connection:
    """One request's, and what is sent back on it; nobody minds when the client has gone."""

    sock: socket.socket
    over: threading.Event = field(default_factory=threading.Event)

    def send(self, data: bytes) -> None:
        try:
            self.sock.sendall(data)
        except OSError:
            self.over.set()

    def reply(self, status: int, body: bytes | dict = b"", **headers: str) -> None:
        """A whole response; underscores in headers' names are hyphens."""
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        headers = {"content_type": "application/json", "content_length": str(len(data)), **headers}
        lines = [f"HTTP/1.1 {status} X", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + data)

    def begin(self) -> None:
        """A stream's head; it ends with the connection."""
        self.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")

    def event(self, data: dict | str) -> None:
        self.send(f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode())

    def word(self, text: object, finish: object = None, **more) -> None:
        self.choice({"content": text}, finish, **more)

    def choice(self, delta: dict, finish: object = None, logprobs: dict | None = None, **more) -> None:
        choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        self.event({"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **more})

    def answer(self, *words: str) -> None:
        """A whole stream."""
        self.begin()
        for text in words:
            self.word(text)
        self.word("", "stop", usage={"prompt_tokens": 11, "completion_tokens": len(words), "total_tokens": 0})
        self.event("[DONE]")

    def wait_for_hangup(self) -> bool:
        """Whether the client closed the connection within the patience."""
        self.sock.settimeout(PATIENCE)
        try:
            return self.sock.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False


class StubServer:
    """Each request is kept in ``requests`` and answered by ``act``, in a thread of its own."""

    def __init__(self):
        self.act: Callable[[Connection, Request], None] = lambda connection, _: connection.answer("yes")
        self.requests: list[Request] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def close(self) -> None:
        self._listening.close()

    def _run(self) -> None:
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, sock.makefile("rb") as stream:
            try:
                path = stream.readline().split()[1].decode()
                headers = {}
                while line := stream.readline().strip():
                    name, _, value = line.decode().partition(":")
                    headers[name.strip().lower()] = value.strip()
                body = json.loads(stream.read(int(headers.get("content-length", 0))) or b"{}")
            except (OSError, IndexError):
                return
            request = Request(path, headers, body)
            self.requests.append(request)
            self.act(Connection(sock), request)
