"""Servers of the embedded model behind vllm-router, for fleet_run.py; on the loopback interface, and ended with the program."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRST_PORT, ROUTER_PORT, PROMETHEUS_PORT = 9111, 9110, 9119
START_PATIENCE = 120.0  # s


class Servers:
    """`glm4v serve` on consecutive ports, and the router before them."""

    def __init__(self, router: Path, count: int):
        self.ports = [FIRST_PORT + number for number in range(count)]
        self._router = router
        self._processes: dict[int, subprocess.Popen] = {}

    def __enter__(self) -> Servers:
        try:
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _begin(self) -> None:
        for port in self.ports:
            self.start(port)
        for port in self.ports:
            self.wait(port)
        self._processes[ROUTER_PORT] = subprocess.Popen(
            [self._router, "--host", "127.0.0.1", "--port", str(ROUTER_PORT), "--policy", "consistent_hash", "--disable-retries",
             "--worker-urls", *(f"http://127.0.0.1:{port}" for port in self.ports), "--health-check-endpoint", "/ready",
             "--health-check-interval-secs", "1", "--health-failure-threshold", "1", "--health-success-threshold", "1",
             "--prometheus-host", "127.0.0.1", "--prometheus-port", str(PROMETHEUS_PORT), "--log-level", "warning"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.wait(ROUTER_PORT)

    def __exit__(self, *_exception) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:  # the router, where no server lives
                process.kill()

    def start(self, port: int) -> None:
        command = [sys.executable, "-m", "glm4v_ros.cli.main", "serve", "--port", str(port), "--threads", "1", "--context", "12288", "--per-minute",
                   "1000000"]  # fmt: skip
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._processes[port] = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    def kill(self, port: int) -> None:
        self._processes[port].kill()
        self._processes[port].wait()

    def wait(self, port: int) -> None:
        end = time.monotonic() + START_PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/ready")
                if connection.getresponse().status == 200:
                    return
            time.sleep(0.2)
        raise SystemExit(f"port {port} is not ready after {START_PATIENCE:g} s")

    def processor_time(self) -> float:
        """Seconds of all of them and of their workers until now."""
        started = {process.pid for process in self._processes.values()}
        ticks = 0
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # it has ended
                fields = path.read_text().rpartition(")")[2].split()
                if int(path.parent.name) in started or int(fields[1]) in started:
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def answered(self) -> Counter:
        """Answers of each server until now, by its own metrics."""
        found = Counter()
        for port in self.ports:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/metrics")
            for line in connection.getresponse().read().decode().splitlines():
                if line.startswith("glm4v_questions_total"):
                    found[port] += int(float(line.split()[-1]))
        return found
