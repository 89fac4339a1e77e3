#!/usr/bin/env python3
"""Never down: asks the node vqa from several processes over DDS while one fault after the other is injected.

    python benchmarks/soak.py --requests 20000 --fault-every 100 --json [--report DIR]

Each picture shows a serial number of its own, so that a stale or crossed answer counts as wrong. An answer that is not the
serial is asked for again at the end, alone and without faults: the same answer there is the model's own misreading. Progress
goes to stderr. The last line of stdout is one JSON object:
    requests, answered, errors (by code), lost, wrong   of all requests; those of faults (flood, garbage) included
    misread             answers that the model gives to that picture alone, too
    recovery_s_median   from a fault's end to the first right answer to a question asked after it, over all faults
    recovery_s          the same by kind of fault: count, median, p95, max
    rss_growth_percent  of the node, from its first 1000 requests to its end; worker_rss_growth_percent where one worker served all
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the package of this tree, not the one that is installed

import rclpy  # noqa: E402  (after the path)
from soaking.asker import MAX_AGE, WAYS, Outcome  # noqa: E402
from soaking.faults import KINDS, Fault, Faults, vanish  # noqa: E402
from soaking.report import write_report  # noqa: E402
from soaking.vqa import Vqa, children, wait_until  # noqa: E402

from glm4v_ros.errors import ErrorCode  # noqa: E402
from glm4v_ros.machine.dds import stay_on_this_machine  # noqa: E402
from glm4v_ros.machine.memory import resident_mib  # noqa: E402
from glm4v_ros.nodes.shared_memory import sweep  # noqa: E402

CAMERA_FROM = 32_000  # serials from here on are the camera's
EVIDENCE = 64 << 20  # bytes; max_bytes of the log, on a disk twice as large
PROBES = 50  # questions asked alone before the load
SAMPLE_EVERY = 1.0  # s
TOLD_EVERY = 500  # requests


class Soak:
    """One run."""

    def __init__(self, options: argparse.Namespace, directory: Path, disk: Path | None):
        self.options = options
        model = directory / "model"
        evidence = disk and {"evidence.directory": disk / "log", "evidence.max_bytes": EVIDENCE, "evidence.on_full": "rotate"}
        shutil.copytree(options.model, model)
        self.vqa = Vqa(
            ROOT,
            directory / "vqa.log",
            model=model,
            cameras="[front]",
            use_sim_time=True,
            max_image_age=MAX_AGE,
            watchdog_timeout=options.watchdog,
            session_idle=20.0,
            diagnostics_period=0.2,
            **(evidence or {}),
        )
        self._directory = directory
        self._camera = process("soaking.camera", str(CAMERA_FROM))
        self.outcomes: list[Outcome] = []
        self.faults: list[Fault] = []
        self.samples: list[tuple[float, int, float, int, float, float]] = []
        self.vanished = 0  # requests of clients that vanished
        self.unsure = 0  # of these, whether the node had them
        self.sent = self.ended_by_node = self.alone = 0
        self._vanishings = 0
        self._paced = 0
        self._next_extra = options.requests
        self._expected = options.requests
        self._lock = threading.Lock()
        self._askers: list[subprocess.Popen] = []
        self._readers: list[threading.Thread] = []
        text = next(path for path in model.glob("*.gguf") if "text" in path.name)
        self._injector = Faults(self.vqa, text, self._command_camera, self._send, self._vanish, options.faults, disk)
        self.ended = threading.Event()

    def run(self) -> None:
        options = self.options
        if not wait_until(lambda: self.vqa.state == "active" and self.vqa.level("camera front") == 0):
            sys.exit(f"the node did not come up; see {self._directory / 'vqa.log'}")
        for index in range(options.clients):
            asker = process("soaking.asker", f"asker{index}", stdout=subprocess.PIPE)
            self._askers.append(asker)
            if json.loads(asker.stdout.readline()) != {"ready": True}:
                sys.exit("a client did not start")
            self._readers.append(threading.Thread(target=self._read, args=(asker,), daemon=True))
            self._readers[-1].start()
        self.probed = self._ask_alone(range(self._take_numbers(PROBES), self._next_extra))
        log(f"alone, without faults: {sum(o.right for o in self.probed)} of {PROBES} right")
        self.began = time.monotonic()
        threading.Thread(target=self._sample, daemon=True).start()
        interval, at = (1 / options.rate if options.rate else 0.0), time.monotonic() + 0.5
        for index in range(options.clients):
            pace = {"first": index, "step": options.clients, "end": options.requests, "at": at, "interval": interval}
            self._tell(index, {"pace": pace})
        if options.fault_every:
            self._inject_all()
        limit = options.requests * max(interval, 1.0) + 600
        wait_until(lambda: len(self.outcomes) >= self._expected or not self.vqa.alive, limit)
        self.took = time.monotonic() - self.began
        self.alive = self.vqa.alive
        self.ended.set()
        time.sleep(2 * SAMPLE_EVERY)
        if not self.alive:
            log("THE NODE DIED")
            return
        self._wait_for_vanished()
        self._ask_misread_alone()

    def _inject_all(self) -> None:
        every = self.options.fault_every
        for due in range(every, self.options.requests, every):
            wait_until(lambda due=due: self._paced >= due or not self.vqa.alive, 3600)
            if not self.vqa.alive or self._paced >= self.options.requests:
                return
            fault = self._injector.inject()
            self.faults.append(fault)
            wait_until(lambda fault=fault: self._recovered(fault) or len(self.outcomes) >= self._expected, 60.0)
            if not fault.recovered and len(self.outcomes) >= self._expected:
                self._ask_until_recovered(fault)
            log(
                f"{self._paced} requests, {time.monotonic() - self.began:.0f} s, "
                f"{resident_mib(self.vqa.process.pid):.0f} MiB: {fault.kind}: "
                + (f"recovered in {fault.recovery:.2f} s" if fault.recovered else "NOT RECOVERED")
                + (f" ({fault.note})" if fault.note else "")
            )

    def _ask_until_recovered(self, fault: Fault) -> None:
        """Nobody asks any more: the last requests ended while the fault lasted."""
        end = time.monotonic() + 60.0
        while self.vqa.alive and not fault.recovered and time.monotonic() < end:
            first = self._take_numbers(len(WAYS))
            (outcome,) = self._ask_alone([next(n for n in range(first, first + len(WAYS)) if "camera" in WAYS[n % len(WAYS)])])
            if outcome.right and outcome.sent >= fault.over:
                fault.recovered = outcome.ended

    def _recovered(self, fault: Fault) -> bool:
        camera = "camera" in fault.kind or "clock" in fault.kind
        with self._lock:
            ends = [
                outcome.ended
                for outcome in self.outcomes[-2000:]
                if outcome.sent >= fault.over and outcome.right and (not camera or "camera" in outcome.way)
            ]
        fault.recovered = min(ends, default=0.0)
        return bool(ends)

    def _read(self, asker: subprocess.Popen) -> None:
        for line in asker.stdout:
            outcome = Outcome(**json.loads(line))
            with self._lock:
                self.outcomes.append(outcome)
                self._paced += outcome.number < self.options.requests
            if outcome.fault:
                log(f"{outcome.fault}: {outcome}")

    def _take_numbers(self, count: int) -> int:
        """The first of so many numbers that no other request has."""
        first = self._next_extra
        self._next_extra += count
        if self._next_extra > CAMERA_FROM:
            sys.exit("there are not so many serials; ask for fewer requests, or for fewer faults")
        return first

    def _send(self, word: str, count: int) -> None:
        """The requests of a fault, from all clients at the same time."""
        first = self._take_numbers(count)
        self._expected += count
        for index in range(len(self._askers)):
            self._tell(index, {word: list(range(first + index, first + count, len(self._askers)))})

    def _ask_alone(self, numbers) -> list[Outcome]:
        """Asks one question after the other; these do not count as requests of the run."""
        ended = []
        for number in numbers:
            self._tell(0, {"pace": {"first": number, "step": 1, "end": number + 1, "at": 0, "interval": 0}})
            if not wait_until(lambda number=number: any(o.number == number for o in self.outcomes)):
                sys.exit("a question asked alone got no answer")
            with self._lock:
                index = next(i for i, o in enumerate(self.outcomes) if o.number == number)
                ended.append(self.outcomes.pop(index))
        self.alone += len(ended)
        return ended

    def _ask_misread_alone(self) -> None:
        """What the model says of such a picture when nothing else goes on is its own mistake."""
        for outcome in [o for o in self.outcomes if o.fault in ("text", "crossed")]:
            rest = self.outcomes
            self.outcomes = []
            for _ in range(3):  # once may be refused, or meet a fault that is not over
                again = self._ask_serial(outcome)
                if again.code == 0:
                    break
            self.outcomes = rest
            log(f"alone, the model reads {again.text!r} where {outcome.serial} was answered with {outcome.text!r}")
            if again.code == 0 and again.text == outcome.text:
                outcome.fault = "misread"

    def _ask_serial(self, outcome: Outcome) -> Outcome:
        self._tell(0, {"again": [outcome.serial]})
        wait_until(lambda: self.outcomes)
        self.alone += 1
        return self.outcomes.pop()

    def _vanish(self, goals: int) -> None:
        self._vanishings += 1
        sent, accepted = vanish(f"vanishing{self._vanishings}", goals, ROOT / "benchmarks")
        self.vanished += sent
        self.unsure += sent - accepted
        sweep()

    def _wait_for_vanished(self) -> None:
        """The node ends the requests of clients that are gone, too: at the latest at their deadlines."""
        self.sent = len(self.outcomes) + self.vanished + self.alone

        def all_ended() -> bool:
            return self.vqa.outcomes >= self.sent and self.vqa.value("node", "questions in flight") == "0"

        wait_until(all_ended, 60.0)
        self.vqa.fresh()
        self.ended_by_node = self.vqa.outcomes

    def _command_camera(self, words: str) -> None:
        self._camera.stdin.write(words + "\n")
        self._camera.stdin.flush()

    def _tell(self, index: int, command: dict) -> None:
        stdin = self._askers[index].stdin
        stdin.write(json.dumps(command) + "\n")
        stdin.flush()

    def _sample(self) -> None:
        while not self.ended.wait(SAMPLE_EVERY):
            worker = self.vqa.worker
            self.samples.append(
                (
                    time.monotonic() - self.began,
                    len(self.outcomes),
                    resident_mib(self.vqa.process.pid),
                    worker,
                    resident_mib(worker) if worker else 0.0,
                    shared_mib(),
                )
            )
            if self.samples[-1][1] // TOLD_EVERY > self.samples[max(0, len(self.samples) - 2)][1] // TOLD_EVERY:
                log("{0:.0f} s, {1} requests, node {2:.1f} MiB, worker {4:.1f} MiB".format(*self.samples[-1]))

    def close(self) -> None:
        self.ended.set()
        for each in (*self._askers, self._camera):
            each.stdin.close()
            try:
                each.wait(30)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()
        worker, node = self.vqa.worker, self.vqa.process.pid
        self.exit_code = self.vqa.close()
        self.left_behind = int(bool(worker) and not wait_until(lambda: not Path(f"/proc/{worker}").exists(), 5))
        assert not children(node, b"")

    def figures(self) -> dict:
        outcomes = self.outcomes
        errors = Counter(ErrorCode(o.code).name for o in outcomes if o.code)
        faults = Counter(o.fault for o in outcomes if o.fault)
        numbers = Counter(o.number for o in outcomes)
        twice = sum(count - 1 for count in numbers.values()) + sum(count - 1 for count in self.vqa.answered.values())
        missing = self._expected - len(numbers)
        recoveries = [fault.recovery for fault in self.faults if fault.recovered]
        latencies = sorted(o.ended - o.sent for o in outcomes if o.right)
        return {
            "requests": self._expected,
            "answered": sum(o.code == 0 and o.fault != "lost" for o in outcomes),
            "errors": dict(sorted(errors.items())),
            "lost": missing + faults["lost"] + faults["refused"] + max(0, self.sent - self.unsure - self.ended_by_node),
            "wrong": sum(faults[name] for name in ("text", "crossed", "stale", "picture", "garbage")),
            "misread": faults["misread"],
            "twice": twice + max(0, self.ended_by_node - self.sent),
            "clients_vanished": self._vanishings,
            "requests_of_vanished_clients": self.vanished,
            "ended_by_node": self.ended_by_node,
            "faults": len(self.faults),
            "not_recovered": sum(not fault.recovered for fault in self.faults),
            "failed_injections": sum(bool(fault.note) for fault in self.faults),
            "recovery_s_median": median(recoveries),
            "recovery_s": {
                kind: spread([f.recovery for f in self.faults if f.kind == kind and f.recovered])
                for kind in dict.fromkeys(fault.kind for fault in self.faults)
            },
            "latency_s": spread(latencies),
            "alone_right": f"{sum(o.right for o in self.probed)} of {len(self.probed)}",
            "node_died": not self.alive,
            "node_exit_code": self.exit_code,
            "worker_left_behind": self.left_behind,
            "worker_restarts": self.restarts,
            "rss_growth_percent": growth([(count, rss) for _, count, rss, *_ in self.samples]),
            "worker_rss_growth_percent": self._worker_growth(),
            "shared_memory_mib": [round(self.samples[0][5]), round(self.samples[-1][5])] if self.samples else [],
            "seconds": round(self.took, 1),
        }

    def _worker_growth(self) -> float | None:
        workers = {worker for _, _, _, worker, _, _ in self.samples if worker}
        return growth([(count, rss) for _, count, _, _, rss, _ in self.samples]) if len(workers) == 1 else None


def growth(samples: list[tuple[int, float]]) -> float | None:
    """Percent from the first 1000 requests (half of them all, where there are fewer than 2000) to the end; medians of ten
    seconds."""
    if len(samples) < 20:
        return None
    after = min(1000, samples[-1][0] // 2)
    start = next(i for i, (count, _) in enumerate(samples) if count >= after)
    first = statistics.median(rss for _, rss in samples[start : start + 10])
    last = statistics.median(rss for _, rss in samples[-10:])
    return round(100 * (last - first) / first, 2)


def spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    if not ordered:
        return {"count": 0}
    return {
        "count": len(ordered),
        "median": round(statistics.median(ordered), 3),
        "p95": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 3),
        "max": round(ordered[-1], 3),
    }


def median(values: list[float]) -> float | None:
    return round(statistics.median(values), 3) if values else None


def kinds(text: str) -> list[str]:
    """Names of faults; a comma inside a name is left out."""
    found = []
    for word in text.split(","):
        matches = [kind for kind in KINDS if kind.replace(",", "") == word.strip()]
        if not matches:
            raise argparse.ArgumentTypeError(f"there is no fault {word.strip()!r}")
        found += matches
    return found


@contextlib.contextmanager
def small_disk(directory: Path):
    """A file system of its own in memory; mounting it takes root."""
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={2 * EVIDENCE}", "glm4v_soak", directory], check=True)
    try:
        yield directory
    finally:
        subprocess.run(["umount", "-l", directory], check=True)


def problems(evidence: Path) -> int:
    """How much of the evidence log is not as it was written."""
    from glm4v_ros.evidence.verify import verify

    found = verify(evidence).problems
    for problem in found:
        log(f"evidence: {problem}")
    return len(found)


def process(module: str, *arguments: str, **streams) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT / "benchmarks",
        stdin=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))},
        **streams,
    )


def shared_mib() -> float:
    """Shared memory of all of this machine's DDS."""
    blocks = 0
    for path in Path("/dev/shm").glob("fastrtps_*"):
        with contextlib.suppress(OSError):
            blocks += path.stat().st_blocks
    return blocks / 2048


def log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=200, help="paced requests (default %(default)s)")
    parser.add_argument("--fault-every", type=int, default=20, help="of them; 0: no faults (default %(default)s)")
    parser.add_argument("--faults", type=kinds, default=(), metavar="KIND,...", help=f"only these kinds, of: {'; '.join(KINDS)}")
    parser.add_argument("--evidence", action="store_true", help="with an evidence log, whose disk gets full (as root)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, not a table")
    parser.add_argument("--report", type=Path, metavar="DIR", help="write soak.md and soak.png there (needs benchmarks/requirements.txt)")
    parser.add_argument("--rate", type=float, default=5.0, help="requests a second; 0: as fast as they are answered")
    parser.add_argument("--clients", type=int, default=4, help="client processes (default %(default)s)")
    parser.add_argument("--watchdog", type=float, default=4.0, help="watchdog_timeout in seconds (default %(default)s)")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "glm4v-nano", help="its directory")
    parser.add_argument("--log", type=Path, help="keep the node's log in this file")
    options = parser.parse_args()
    if options.report:
        import matplotlib  # noqa: F401  (what is missing is said now, not after an hour)
    sweep()
    stay_on_this_machine()
    os.environ.setdefault("FASTRTPS_DEFAULT_PROFILES_FILE", str(ROOT / "config" / "fastdds.xml"))
    rclpy.init()
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        disk = stack.enter_context(small_disk(directory / "disk")) if options.evidence else None
        soak = Soak(options, directory, disk)
        try:
            soak.run()
            soak.restarts = int(soak.vqa.value("engine", "worker restarts") or 0)
        finally:
            soak.close()
            rclpy.try_shutdown()
            if options.log:
                shutil.copy(directory / "vqa.log", options.log)
        figures = soak.figures()
        if disk:
            figures["evidence_problems"] = problems(disk / "log")
    if options.report:
        write_report(options.report, soak, figures)
    if not options.json:
        for key, value in figures.items():
            print(f"{key:32} {value}")
        return 0
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
