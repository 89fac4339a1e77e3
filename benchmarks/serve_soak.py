#!/usr/bin/env python3
"""Thousands of HTTP requests of many clients to `glm4v serve`, with a fault every hundredth: each gets exactly one outcome.

    scripts/in_venv python benchmarks/serve_soak.py OUT [--requests 5000]

The right answers are those of `glm4v ask --batch` about the same pictures. Faults take turns: the worker is killed, a client goes
away in mid-stream, a body stops half way, a picture is torn, a deadline is too short, a hundred wrong keys come. An answer counts
as outside the faults unless its worker was killed while it was asked.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from serve_client import PATIENCE, ROOT, Serve

GOLDEN = ROOT / "test" / "golden" / "nano"
SETTLING = 30.0  # seconds after a worker was killed within which an answer may end with ENGINE_FAILED or wait for the next one
FAULTS = ("kill the worker", "leave in mid-stream", "half a body", "torn picture", "short deadline", "wrong keys")


def questions(count: int) -> list[tuple[Path, str]]:
    lines = [json.loads(line) for line in (GOLDEN / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
    return [(GOLDEN / line["image"], line["question"]) for line in lines][:count]


def right_answers(asked: list[tuple[Path, str]], out: Path) -> list[str]:
    """As the command line gives them."""
    batch = out / "questions.jsonl"
    lines = [json.dumps({"image": str(picture), "question": text}) for picture, text in asked]
    batch.write_text("\n".join(lines))
    command = [sys.executable, "-m", "glm4v_ros.cli.main", "ask", "--batch", str(batch)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [json.loads(line)["answer"] for line in done.stdout.splitlines()]


class Soak:
    def __init__(self, args: argparse.Namespace):
        args.out.mkdir(parents=True, exist_ok=True)
        self.args = args
        self.asked = questions(args.pictures)
        self.right = right_answers(self.asked, args.out)
        self.outcomes: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.wrong: list[dict] = []
        self.killed: list[tuple[float, float]] = []  # from when to when an answer may suffer
        self._numbers = itertools.count()
        self._kinds = itertools.cycle(FAULTS)
        self._lock = threading.Lock()

    def run(self) -> dict:
        with Serve(self.args.out / "soak.log", "--queue", "64") as self.server:
            keys = [self.server.upload(picture.read_bytes()) for picture, _ in self.asked]
            began, memory = time.monotonic(), [self.server.resident_mib]
            first = self.args.seed * self.args.clients
            clients = [threading.Thread(target=self._client, args=(keys, first + number)) for number in range(self.args.clients)]
            for client in clients:
                client.start()
            while any(client.is_alive() for client in clients):
                time.sleep(5.0)
                memory.append(self.server.resident_mib)
            took = time.monotonic() - began
            state = self._state()
        outside = sum(count for what, count in self.outcomes.items() if not what.startswith("in a fault"))
        report = {
            "requests": sum(self.outcomes.values()), "seconds": round(took, 1), "outcomes": dict(self.outcomes),
            "faults": dict(self.faults), "outside the faults, answered right": self.outcomes["right"] / max(1, outside),
            "wrong": self.wrong[:20], "left running and queued": [state["running"], state["queued"]],
            "server's resident MiB, first, middle, last": [round(memory[i]) for i in (0, len(memory) // 2, -1)],
        }  # fmt: skip
        (self.args.out / "soak.json").write_text(json.dumps(report, ensure_ascii=False, indent=1))
        return report

    def _client(self, keys: list[str], seed: int) -> None:
        chance = random.Random(seed)
        while (number := next(self._numbers)) < self.args.requests:
            if number % 100 == 99:
                self._fault(keys)
            index = chance.randrange(len(keys))
            self._ask(keys[index], index)

    def _ask(self, key: str, index: int) -> None:
        began = time.monotonic()
        text = ""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
            question = self.asked[index][1]
            options = {"ignore_eos": False, "glm4v": {"timeout": 120}}
            status, _, _, pieces, _ = Serve.stream(connection, question, key, 256, began, **options)
            connection.close()
            text = "".join(pieces)
            outcome = ("right" if text == self.right[index] else "wrong") if status == 200 else f"status {status}"
        except RuntimeError as error:  # an error within the stream
            outcome = f"stream ended: {str(error)[:60]}"
        except (OSError, http.client.HTTPException) as error:
            outcome = f"connection: {type(error).__name__}"
        ended = time.monotonic()
        with self._lock:
            if outcome == "wrong":
                since = [round(began - begin, 1) for begin, _ in self.killed]
                self.wrong.append({"picture": self.asked[index][0].name, "right": self.right[index], "answered": text,
                                   "seconds since workers were killed": since, "took": round(ended - began, 1)})  # fmt: skip
            if outcome != "right" and any(begin < ended and began < end for begin, end in self.killed):
                outcome = f"in a fault: {outcome}"
            self.outcomes[outcome] += 1

    def _fault(self, keys: list[str]) -> None:
        with self._lock:
            kind = next(self._kinds)
            self.faults[kind] += 1
        {"kill the worker": self._kill, "leave in mid-stream": self._leave, "half a body": self._half, "torn picture": self._torn,
         "short deadline": self._late, "wrong keys": self._guess}[kind](keys)  # fmt: skip

    def _kill(self, _) -> None:
        children = Path(f"/proc/{self.server.process.pid}/task/{self.server.process.pid}/children").read_text().split()
        for task in Path(f"/proc/{self.server.process.pid}/task").iterdir():
            children += (task / "children").read_text().split()
        now = time.monotonic()
        with self._lock:
            self.killed.append((now - 0.5, now + SETTLING))
        for child in set(children):
            os.kill(int(child), signal.SIGKILL)

    def _leave(self, keys: list[str]) -> None:
        self._send(keys[0], "stream")

    def _half(self, keys: list[str]) -> None:
        self._send(keys[0], "half")

    def _send(self, key: str, how: str) -> None:
        content = [{"type": "image_url", "image_url": {"url": key}}, {"type": "text", "text": "Describe it."}]
        fields = {"model": "glm4v-nano", "messages": [{"role": "user", "content": content}], "stream": True, "max_tokens": 200}
        body = json.dumps(fields).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            connection.sendall(head.encode() + (body if how == "stream" else body[: len(body) // 2]))
            if how == "stream":
                connection.recv(100)

    def _torn(self, _) -> None:
        data = self.asked[0][0].read_bytes()
        url = f"data:image/png;base64,{base64.b64encode(data[: len(data) // 2]).decode()}"
        self._expect(400, "What is it?", url)

    def _late(self, keys: list[str]) -> None:
        self._expect(504, "What is it?", keys[0], glm4v={"timeout": 0.0001})

    def _expect(self, expected: int, text: str, url: str, **options) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        status = Serve.stream(connection, text, url, 8, time.monotonic(), **options)[0]
        connection.close()
        with self._lock:
            self.faults[f"answered with {status}" + ("" if status == expected else f" in place of {expected}")] += 1

    def _guess(self, _) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        for number in range(100):
            connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer glm4v-{number}"})
            connection.getresponse().read()
        connection.close()

    def _state(self) -> dict:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        for _ in range(100):
            connection.request("GET", "/v1/state")
            state = json.loads(connection.getresponse().read())
            if not state["running"] + state["queued"]:
                break
            time.sleep(0.1)
        connection.close()
        return state


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--requests", type=int, default=5000, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--clients", type=int, default=16, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of which client asks what: for a soak in pieces (default: %(default)s)")
    parser.add_argument("--pictures", type=int, default=8, metavar="N", help="that are asked about (default: %(default)s)")
    report = Soak(parser.parse_args()).run()
    print(json.dumps(report, ensure_ascii=False, indent=1))
    return 0 if report["outside the faults, answered right"] >= 0.99 else 1


if __name__ == "__main__":
    sys.exit(main())
