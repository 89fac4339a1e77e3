#!/usr/bin/env python3
"""Three `glm4v serve` behind vllm-router on this machine: measured, and compared with what fleet.py predicts.

    benchmarks/fleet_run.py --router PATH/vllm-router --calibrate times.json     service times of one server
    benchmarks/fleet_run.py --router PATH/vllm-router                            16 askers, 40 pictures, 3 questions each
    benchmarks/fleet_run.py --router PATH/vllm-router --second                   first token of a second question
    benchmarks/fleet_run.py --router PATH/vllm-router --kill                     one server killed and started again meanwhile

Servers, router and requests stay on the loopback interface, and end with this program. vllm-router 0.1.17 is not among the
requirements: give it a virtual environment of its own.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.client
import json
import os
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fleet import percentile
from fleet_servers import ROUTER_PORT, Servers

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "test" / "golden" / "nano"
QUESTIONS = ("型号是什么?", "What is the serial number?", "When was it made?")
MAX_TOKENS = 16
ASK_PATIENCE = 120.0  # s
RETRIES = 3  # of what no server has begun: no connection, or the router's 500 and 502


@dataclass(frozen=True)
class Picture:
    url: str
    key: str


@dataclass
class Asked:
    picture: int
    question: int
    text: str  # empty: it failed
    status: int
    first: float  # s to the first token
    latency: float
    tries: int


def pictures(count: int) -> list[Picture]:
    found = []
    for path in sorted(GOLDEN.glob("*.png"))[:count]:
        data = path.read_bytes()
        found.append(Picture("data:image/png;base64," + base64.b64encode(data).decode(), hashlib.sha256(data).hexdigest()))
    return found


def ask(port: int, picture: Picture, index: int, question: int, session: str | None = None) -> Asked:
    """Streams one answer; what has not begun is tried again."""
    body = json.dumps({
        "model": "glm4v-nano", "stream": True, "max_tokens": MAX_TOKENS,
        "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": picture.url}},
                                                  {"type": "text", "text": QUESTIONS[question]}]}],
    }).encode()  # fmt: skip
    headers = {"content-type": "application/json", "x-session-id": session or picture.key}
    began, first, status, text = time.monotonic(), 0.0, 0, ""
    for number in range(1, RETRIES + 1):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_PATIENCE)
        try:
            connection.request("POST", "/v1/chat/completions", body, headers)
            response = connection.getresponse()
            status = response.status
            if status == 200:
                whole = False
                for line in response:
                    if line.startswith(b"data: {"):
                        chunk = json.loads(line[6:])
                        for choice in chunk.get("choices", ()):
                            if choice["delta"].get("content"):
                                first = first or time.monotonic() - began
                                text += choice["delta"]["content"]
                            whole |= choice["finish_reason"] is not None
                if whole:
                    return Asked(index, question, text, 200, first, time.monotonic() - began, number)
                status = 0
            if text:
                break
        except (OSError, http.client.HTTPException):
            status = 0
        finally:
            connection.close()
        if status not in (0, 500, 502, 503):
            break
        time.sleep(1.0)
    return Asked(index, question, "", status, first, time.monotonic() - began, number)


def load(servers: Servers, shown: list[Picture], askers: int, hashing: bool) -> tuple[list[Asked], tuple[float, float, float]]:
    """Each asker takes the next picture and asks its questions one after the other. Also what ``measured`` says."""
    left: Iterator[int] = iter(range(len(shown)))
    lock, told = threading.Lock(), []

    def work(_: int) -> None:
        while True:
            with lock:
                index = next(left, None)
            if index is None:
                return
            for question in range(len(QUESTIONS)):
                session = None if hashing else f"{index}-{question}"
                told.append(ask(ROUTER_PORT, shown[index], index, question, session))

    def everybody() -> None:
        with ThreadPoolExecutor(askers) as threads:
            list(threads.map(work, range(askers)))

    return told, measured(servers, everybody)


def report(told: list[Asked], times: tuple[float, float, float]) -> dict:
    seconds, own, others = times
    latencies = [one.latency for one in told]
    return {
        "questions": len(told), "answered": sum(one.status == 200 for one in told), "seconds": round(seconds, 2),
        "questions/s": round(len(told) / seconds, 3), "latency median s": round(statistics.median(latencies), 3),
        "latency 95 % s": round(percentile(latencies, 0.95), 3),
        "processor time s": round(own, 2), "of others": round(others, 2),
        "tried again": sum(one.tries > 1 for one in told), "outcomes": Counter(one.status for one in told),
    }  # fmt: skip


def calibrate(servers: Servers) -> dict:
    """One asker through the router; then eight at once about pictures that a server has. On a machine that does nothing else."""

    def together() -> None:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda number: ask(port, shown[number % 8], 0, 1 + number % 2), range(64)))

    port, shown = servers.ports[0], pictures(40)
    new, new_cpu, _ = measured(servers, lambda: [ask(ROUTER_PORT, picture, 0, 0) for picture in shown])
    again, again_cpu, _ = measured(servers, lambda: [ask(ROUTER_PORT, picture, 0, question) for picture in shown for question in (1, 2)])
    for picture in shown[:8]:
        ask(port, picture, 0, 0)
    batch, batch_cpu, others = measured(servers, together)
    if others > 0.1 * batch:
        print(f"other programs took {others / batch:.1f} cores: this machine is not quiet", file=sys.stderr)
    encode, answer = new / len(shown) - again / (2 * len(shown)), again / (2 * len(shown))
    encode_cpu, answer_cpu = new_cpu / len(shown) - again_cpu / (2 * len(shown)), again_cpu / (2 * len(shown))
    return {
        "encode": round(encode, 4), "answer": round(answer, 4), "gain": round(64 * answer / batch, 3), "batch": 8,
        "cores": len(os.sched_getaffinity(0)), "encode_cpu": round(encode_cpu, 4), "answer_cpu": round(answer_cpu, 4),
        "batch_cpu": round(batch_cpu / 64, 4),
    }  # fmt: skip


def measured(servers: Servers, work: Callable[[], object]) -> tuple[float, float, float]:
    """Seconds; those of processor time of servers, router and askers; and those of everything else on this machine."""
    began, own, everything = time.monotonic(), servers.processor_time() + time.process_time(), busy_seconds()
    work()
    own = servers.processor_time() + time.process_time() - own
    return time.monotonic() - began, own, max(0.0, busy_seconds() - everything - own)


def busy_seconds() -> float:
    """Of all cores, since the machine was started."""
    user, nice, system, _, _, irq, softirq = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def second_questions(port: int) -> dict:
    """First tokens of second questions, one asker: the server alone, and behind the router."""
    shown = pictures(12)
    told = {}
    for name, number in (("alone", port), ("router", ROUTER_PORT), ("alone again", port), ("router again", ROUTER_PORT)):
        for index, picture in enumerate(shown):
            ask(number, picture, index, 0)
        times = [ask(number, picture, index, question).first for index, picture in enumerate(shown) for question in (1, 2)]
        told[name] = round(1000 * statistics.median(times), 2)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--router", type=Path, required=True)
    parser.add_argument("--servers", type=int, default=3)
    parser.add_argument("--askers", type=int, default=16)
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--no-hashing", action="store_true")
    parser.add_argument("--calibrate", type=Path)
    parser.add_argument("--second", action="store_true")
    parser.add_argument("--kill", action="store_true")
    args = parser.parse_args()
    with Servers(args.router, args.servers) as servers:
        if args.calibrate:
            told = calibrate(servers)
            args.calibrate.write_text(json.dumps(told) + "\n")
        elif args.second:
            told = second_questions(servers.ports[0])
        elif args.kill:
            told = kill_one(servers, args)
        else:
            shown = pictures(args.pictures)
            answers, times = load(servers, shown, args.askers, not args.no_hashing)
            told = {**report(answers, times), "answers of each server": servers.answered(), "right": right(servers, shown, answers)}
        print(json.dumps(told, indent=2, ensure_ascii=False))


def kill_one(servers: Servers, args: argparse.Namespace) -> dict:
    """While the load runs."""
    shown, victim = pictures(args.pictures), servers.ports[1]

    def fault() -> None:
        time.sleep(5.0)
        servers.kill(victim)
        time.sleep(5.0)
        servers.start(victim)

    thread = threading.Thread(target=fault)
    thread.start()
    answers, times = load(servers, shown, args.askers, True)
    thread.join()
    servers.wait(victim)
    return {**report(answers, times), "right": right(servers, shown, answers)}


def right(servers: Servers, shown: list[Picture], told: list[Asked]) -> str:
    """How many say what one server says that is asked alone."""
    alone = {(one.picture, one.question): one.text for index, picture in enumerate(shown)
             for one in [ask(servers.ports[0], picture, index, question) for question in range(len(QUESTIONS))]}  # fmt: skip
    answered = [one for one in told if one.status == 200]
    return f"{sum(one.text == alone[one.picture, one.question] for one in answered)} of {len(answered)}"


if __name__ == "__main__":
    main()
