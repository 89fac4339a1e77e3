"""A running llama-server and one client of it."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

_PATIENCE = 600.0  # seconds; a large model on a small processor


@dataclass(frozen=True)
class Reply:
    """Durations are seconds from the moment the picture's JPEG and the question are at hand."""

    text: str
    tokens: int
    first_token: float
    whole: float
    tokens_per_second: float  # behind the first one, by the clock of the process that decodes


class LlamaServer:
    """``with LlamaServer(...) as server``; what it logs goes to a file beside the results."""

    def __init__(self, program: Path, text: Path, vision: Path, log: Path, options: list[str]):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._command = [program, "-m", text, "--mmproj", vision, "--host", "127.0.0.1", "--port", self._port, "--offline",
                         *options]  # fmt: skip
        self._log = log

    def __enter__(self) -> LlamaServer:
        with self._log.open("w") as log:
            self._process = subprocess.Popen([str(word) for word in self._command], stdout=log, stderr=log)
        end = time.monotonic() + _PATIENCE
        while not self._healthy():
            if self._process.poll() is not None or time.monotonic() > end:
                self._process.kill()
                raise RuntimeError(f"llama-server did not start:\n{self._log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _healthy(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def ask(self, text: str, jpeg: bytes, tokens: int) -> Reply:
        """One greedy answer of exactly so many tokens."""
        begun = time.monotonic()
        url = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
        content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": text}]
        body = {
            "messages": [{"role": "user", "content": content}], "stream": True, "max_tokens": tokens, "ignore_eos": True,
            "temperature": 0.0, "samplers": ["top_k"], "top_k": 1,
        }  # fmt: skip
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)
        try:
            connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            if response.status != 200:
                raise RuntimeError(f"llama-server refused: {response.read().decode(errors='replace')[:1000]}")
            return _read(response, begun)
        finally:
            connection.close()


def _read(response: http.client.HTTPResponse, begun: float) -> Reply:
    first, timings, pieces = 0.0, {}, []
    for line in response:
        if not line.startswith(b"data: {"):
            continue
        event = json.loads(line[6:])
        if "error" in event:
            raise RuntimeError(f"llama-server failed: {event['error']}")
        timings = event.get("timings") or timings
        for choice in event.get("choices", ()):
            piece = choice["delta"].get("content") or choice["delta"].get("reasoning_content")
            if piece:
                first = first or time.monotonic() - begun
                pieces.append(piece)
    whole = time.monotonic() - begun
    return Reply("".join(pieces), timings["predicted_n"], first, whole, timings["predicted_per_second"])
