"""A running `glm4v serve` and clients of it."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from llama_server import Reply

ROOT = Path(__file__).resolve().parents[1]
CHAT = "/v1/chat/completions"
PATIENCE = 600.0  # seconds


class Serve:
    """A running `glm4v serve` and one client of it."""

    def __init__(self, log: Path, *options: str):
        self._log = log
        self._command = [
            sys.executable,
            "-m",
            "glm4v_ros.cli.main",
            "serve",
            "--port",
            "0",
            "--per-minute",
            "1000000",
            *options,
        ]

    def __enter__(self) -> Serve:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(self._command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env=environment)
        said = ""
        for line in self.process.stderr:
            said += line
            if "is ready" in line:
                break
        else:
            raise RuntimeError(f"glm4v serve did not start:\n{said}")
        self.port = int(re.search(r"http://127.0.0.1:(\d+)", said)[1])
        threading.Thread(target=self._keep_log, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait(30)

    def _keep_log(self) -> None:
        self._log.write_text(self.process.stderr.read())

    @property
    def resident_mib(self) -> float:
        """Of the server's own process; the model is in its worker's."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def upload(self, jpeg: bytes) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("POST", "/v1/pictures", jpeg)
        key = json.loads(connection.getresponse().read())["sha256"]
        connection.close()
        return f"sha256:{key}"

    def ask(self, text: str, picture: bytes | str, tokens: int) -> Reply:
        """``picture``: a JPEG, which travels in the request, or the key of one that was uploaded."""
        begun = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            status, first, whole, pieces, usage = self.stream(connection, text, picture, tokens, begun)
        finally:
            connection.close()
        if status != 200:
            raise RuntimeError(f"glm4v serve refused: {pieces}")
        return Reply("".join(pieces), usage["completion_tokens"], first, whole, 0.0)

    @staticmethod
    def body(text: str, picture: bytes | str, tokens: int, **options) -> bytes:
        url = picture if isinstance(picture, str) else f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
        content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": text}]
        body = {"model": "glm4v-nano", "messages": [{"role": "user", "content": content}], "stream": True,
                "max_tokens": tokens, "ignore_eos": True, "stream_options": {"include_usage": True}, **options}  # fmt: skip
        return json.dumps(body).encode()

    @staticmethod
    def request(text: str, picture: str, tokens: int) -> bytes:
        """The bytes of a request, which ends its connection."""
        body = Serve.body(text, picture, tokens)
        head = (f"POST {CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nConnection: close\r\n"
                f"Content-Length: {len(body)}\r\n\r\n")  # fmt: skip
        return head.encode() + body

    @staticmethod
    def stream(connection, text: str, picture: bytes | str, tokens: int, begun: float, **options):
        """(status, seconds to the first text, seconds to the end, texts, usage); with another status than 200 the
        body."""
        connection.request("POST", CHAT, Serve.body(text, picture, tokens, **options), {"Content-Type": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            return response.status, 0.0, time.monotonic() - begun, [response.read().decode()], {}
        first, pieces, usage = 0.0, [], {}
        for line in response:
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            if "error" in event:
                raise RuntimeError(f"glm4v serve failed: {event['error']}")
            for choice in event["choices"]:
                if choice["delta"].get("content"):
                    first = first or time.monotonic() - begun
                    pieces.append(choice["delta"]["content"])
            usage = event.get("usage") or usage
        return 200, first, time.monotonic() - begun, pieces, usage


class Stream:
    """A request on a connection of its own, whose client waits for many."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.seconds = 0.0  # from the request to the answer's end
        self._said = b""

    def send(self, request: bytes) -> None:
        self._began = time.monotonic()
        self.socket.sendall(request)  # which fits into the socket's buffer

    def receive(self) -> bool:
        """Whether the answer has come to its end."""
        data = self.socket.recv(1 << 20)
        self._said += data
        if not data:
            self.seconds = time.monotonic() - self._began
            self.socket.close()
        return not data

    @property
    def status(self) -> int:
        return int(self._said[9:12] or 0)

    @property
    def text(self) -> str:
        events = [json.loads(line[6:]) for line in self._said.split(b"\n") if line.startswith(b"data: {")]
        return "".join(one["choices"][0]["delta"].get("content", "") for one in events if one["choices"])
