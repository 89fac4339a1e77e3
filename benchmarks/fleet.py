#!/usr/bin/env python3
"""Predicts what a fleet waits and costs: N robots that ask R servers, by an event simulation with measured service times.

    benchmarks/fleet.py --times times.json --robots 1000 --per-hour 60 --replicas 4 --price 3.5
    benchmarks/fleet.py --times times.json --local           the run of fleet_run.py, before it is run

``times.json`` is what ``fleet_run.py --calibrate`` wrote, or figures of a GPU (docs/scale.md has some). The model: a server
encodes one new picture after the other, and answers in batches meanwhile. On a CPU the two are threads, and the servers of
one machine share its cores: what wants more processor time than there is goes slower, all alike. On a GPU each slows the other
(``beside``). A picture that is being encoded is waited for, not encoded twice.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import statistics
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

_EPSILON = 1e-9


@dataclass(frozen=True)
class Times:
    """Of one server alone, in seconds; ``gain``: how many times as many answers a second it gives with ``batch`` at once."""

    encode: float  # of a new picture, its prefill included
    answer: float  # to the end of an answer about a picture that is there
    gain: float = 1.0
    batch: int = 8
    beside: float = 1.0  # how fast encoding and answering go beside each other: 1 on cores of their own, less on one GPU
    kept: int = 64  # pictures whose work is kept
    # Where the servers share a machine: seconds of processor time, with the web server's, the router's and the asker's own.
    cores: float | None = None
    encode_cpu: float = 0.0
    answer_cpu: float = 0.0
    batch_cpu: float = 0.0  # of an answer, with ``batch`` at once

    def _share(self, answers: int) -> float:
        return min(1.0, (answers - 1) / max(1, self.batch - 1))

    def speed(self, answers: int) -> float:
        """Answers' work done in a second with so many at once."""
        return 1.0 + self._share(answers) * (self.gain - 1.0)

    def demand(self, encoding: bool, answers: int) -> float:
        """Cores that it would keep busy, if it had them."""
        cores = encoding * self.encode_cpu / self.encode
        if answers:
            each = self.answer_cpu + self._share(answers) * (self.batch_cpu - self.answer_cpu)
            cores += each * self.speed(answers) / self.answer
        return cores


@dataclass(eq=False)
class Job:
    """A question about a picture."""

    picture: int
    arrival: float
    then: Callable[[Job, float], None] = lambda job, now: None
    left: float = 0.0  # seconds of work
    done: float = 0.0
    was_new: bool = False

    @property
    def latency(self) -> float:
        return self.done - self.arrival


@dataclass(eq=False)
class Server:
    """Its queue, the picture that it encodes and the answers that it writes."""

    times: Times
    known: OrderedDict[int, None] = field(default_factory=OrderedDict)
    waiting: deque[Job] = field(default_factory=deque)
    encoding: Job | None = None
    answering: list[Job] = field(default_factory=list)

    def take(self, job: Job) -> None:
        self.waiting.append(job)
        self.admit()

    def admit(self) -> None:
        kept: deque[Job] = deque()
        while self.waiting:
            job = self.waiting.popleft()
            if len(self.answering) + (self.encoding is not None) >= self.times.batch:
                kept.append(job)
            elif job.picture in self.known:
                self.known.move_to_end(job.picture)
                job.left = self.times.answer
                self.answering.append(job)
            elif self.encoding is None:
                job.left, job.was_new = self.times.encode, True
                self.encoding = job
            else:
                kept.append(job)
        self.waiting = kept

    @property
    def busy(self) -> bool:
        return self.encoding is not None or bool(self.answering)

    @property
    def demand(self) -> float:
        return self.times.demand(self.encoding is not None, len(self.answering))

    def rates(self, speed: float) -> tuple[float, float]:
        """Of the encoding, and of each answer, where this part of the cores that it wants is there."""
        if self.encoding is not None and self.answering:
            speed *= self.times.beside
        count = len(self.answering)
        return speed, speed * self.times.speed(count) / count if count else 0.0

    def next_in(self, speed: float) -> float:
        encoding, each = self.rates(speed)
        ends = [self.encoding.left / encoding] if self.encoding is not None else []
        return min(ends + [job.left / each for job in self.answering], default=float("inf"))

    def work(self, seconds: float, speed: float) -> list[Job]:
        """Those whose answers are done."""
        encoding, each = self.rates(speed)
        done = []
        for job in self.answering:
            job.left -= seconds * each
        if self.encoding is not None:
            self.encoding.left -= seconds * encoding
            if self.encoding.left <= _EPSILON:
                job, self.encoding = self.encoding, None
                self.known[job.picture] = None
                while len(self.known) > self.times.kept:
                    self.known.popitem(last=False)
                job.left = self.times.answer
                self.answering.append(job)
        for job in [job for job in self.answering if job.left <= _EPSILON]:
            self.answering.remove(job)
            done.append(job)
        self.admit()
        return done


class Fleet:
    """Servers behind one address."""

    def __init__(self, times: Times, replicas: int, hashing: bool = True, seed: int = 0):
        self.servers = [Server(times) for _ in range(replicas)]
        self.now = 0.0
        self.jobs: list[Job] = []
        self._hashing, self._cores = hashing, times.cores
        self._dice = random.Random(seed)

    def ask(self, job: Job) -> None:
        index = self._dice.randrange(len(self.servers))
        if self._hashing:
            index = int(hashlib.sha256(str(job.picture).encode()).hexdigest(), 16) % len(self.servers)
        self.jobs.append(job)
        self.servers[index].take(job)

    def run(self, arrivals: list[Job]) -> None:
        """Until all are answered; what is asked after an answer is asked by its ``then``."""
        coming = deque(sorted(arrivals, key=lambda job: job.arrival))
        while True:
            busy = [server for server in self.servers if server.busy]
            speed = self._speed(busy)
            step = min((server.next_in(speed) for server in busy), default=float("inf"))
            if coming:
                step = min(step, max(0.0, coming[0].arrival - self.now))
            if step == float("inf"):
                return
            self.now += step
            done = [job for server in busy for job in server.work(step, speed)]
            for job in done:
                job.done = self.now
                job.then(job, self.now)
            while coming and coming[0].arrival <= self.now + _EPSILON:
                self.ask(coming.popleft())

    def _speed(self, busy: list[Server]) -> float:
        demand = sum(server.demand for server in busy)
        return 1.0 if self._cores is None or not demand else min(1.0, self._cores / demand)


def askers(
    times: Times, replicas: int, hashing: bool = True, *, count: int = 16, pictures: int = 40, questions: int = 3
) -> Fleet:
    """Each asker takes the next picture and asks its questions one after the other, as fleet_run.py does."""
    fleet = Fleet(times, replicas, hashing)
    left = deque(range(pictures))

    def next_question(job: Job, now: float) -> None:
        asked[job.picture] += 1
        if asked[job.picture] < questions:
            fleet.ask(Job(job.picture, now, next_question))
        elif left:
            fleet.ask(Job(left.popleft(), now, next_question))

    asked = [0] * pictures
    fleet.run([Job(left.popleft(), 0.0, next_question) for _ in range(min(count, pictures))])
    return fleet


def robots(times: Times, replicas: int, count: int, per_hour: float, hashing: bool = True, *, seconds: float = 900.0,
           questions: int = 3, pause: float = 3.0) -> Fleet:  # fmt: skip
    """Each robot shows a picture and asks its questions ``pause`` seconds apart; robots begin at random. Servers of their own."""
    dice = random.Random(1)
    rate = count * per_hour / 3600 / questions  # pictures a second
    arrivals, now, picture = [], 0.0, 0
    while (now := now + dice.expovariate(rate)) < seconds:
        arrivals += [Job(picture, now + number * pause) for number in range(questions)]
        picture += 1
    fleet = Fleet(times, replicas, hashing)
    if not hashing:
        fleet.run(arrivals)
        return fleet
    # Servers that share nothing are simulated one after the other.
    for index in range(replicas):
        own = [job for job in arrivals if int(hashlib.sha256(str(job.picture).encode()).hexdigest(), 16) % replicas == index]
        one = Fleet(times, 1)
        one.run(own)
        fleet.jobs += one.jobs
        fleet.now = max(fleet.now, one.now)
    return fleet


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(part * len(values)))] if values else float("nan")


def figures(jobs: list[Job], seconds: float) -> dict[str, float]:
    latencies = [job.latency for job in jobs]
    return {
        "questions": len(jobs),
        "pictures encoded": sum(job.was_new for job in jobs),
        "seconds": round(seconds, 2),
        "questions/s": round(len(jobs) / seconds, 3),
        "latency median s": round(statistics.median(latencies), 3),
        "latency 95 % s": round(percentile(latencies, 0.95), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=Path, required=True, help="JSON: the fields of Times")
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--no-hashing", action="store_true", help="a picture's questions go to any server")
    parser.add_argument("--local", action="store_true", help="the run of fleet_run.py, whose servers share a machine's cores")
    parser.add_argument("--askers", type=int, default=16)
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--robots", type=int, default=100)
    parser.add_argument("--per-hour", type=float, default=60.0, help="questions of each robot, three a picture")
    parser.add_argument("--price", type=float, default=0.0, help="of one server for an hour")
    args = parser.parse_args()
    times = Times(**json.loads(args.times.read_text()))
    hashing = not args.no_hashing
    if args.local:
        fleet = askers(times, args.replicas, hashing, count=args.askers, pictures=args.pictures)
        told = figures(fleet.jobs, fleet.now)
    else:
        fleet = robots(times, args.replicas, args.robots, args.per_hour, hashing)
        told = figures(fleet.jobs, 900.0)
        if args.price:
            told["price of 1,000 questions"] = round(args.replicas * args.price / (args.robots * args.per_hour) * 1000, 2)
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
