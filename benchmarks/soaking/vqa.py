"""The node vqa under test: its process, its worker, its parameters, its lifecycle, and what it says about itself."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from glm4v_ros.msg import Answer
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.srv import SetParameters
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy

PATIENCE = 120.0  # s for what should come within a few
_KEEP_ALL = QoSProfile(history=HistoryPolicy.KEEP_ALL, reliability=ReliabilityPolicy.RELIABLE)


class Vqa:
    """Starts the node as a process of its own and watches it from another node."""

    def __init__(self, root: Path, log: Path, **parameters):
        words = [word for name, value in parameters.items() for word in ("-p", f"{name}:={value}")]
        self._log = log.open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "glm4v_ros.nodes.vqa", "--ros-args", *words],
            cwd=root,
            stdout=self._log,
            stderr=self._log,
        )
        self.statuses: dict[str, tuple[int, str, dict[str, str]]] = {}  # level, message, values
        self.levels: dict[str, set[int]] = {}
        self.answered: dict[str, int] = {}  # request id -> times that its answer was published
        self._node = rclpy.create_node("soak")
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self._node.create_subscription(Answer, "/vqa/answers", self._on_answer, _KEEP_ALL)
        self._set = self._node.create_client(SetParameters, "/vqa/set_parameters")
        self._change = self._node.create_client(ChangeState, "/vqa/change_state")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def close(self) -> int:
        """Ends the node as Ctrl-C does and returns its exit code; -9 if it had to be killed."""
        self.process.send_signal(2)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self._executor.shutdown()
        self._thread.join()
        self._log.close()
        return code

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    @property
    def worker(self) -> int:
        """The worker's process id; 0 while there is none."""
        return next(iter(children(self.process.pid, b"glm4v_ros.engine.worker")), 0)

    @property
    def state(self) -> str:
        return self.value("node", "lifecycle state")

    @property
    def outcomes(self) -> int:
        """Requests that it has ended, with an answer or an error code."""
        return int(self.value("node", "answered") or 0) + int(self.value("node", "ended with an error code") or 0)

    def value(self, status: str, key: str) -> str:
        return self.statuses.get(f"/vqa: {status}", (0, "", {}))[2].get(key, "")

    def message(self, status: str) -> str:
        return self.statuses.get(f"/vqa: {status}", (0, "", {}))[1]

    def level(self, status: str) -> int:
        return self.statuses.get(f"/vqa: {status}", (0, "", {}))[0]

    def fresh(self) -> None:
        """Waits for a message on /diagnostics that was made from now on."""
        for _ in range(2):
            self.statuses.pop("/vqa: node", None)
            wait_until(lambda: "/vqa: node" in self.statuses)

    def set(self, name: str, value) -> None:
        request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
        result = self._call(self._set, request).results[0]
        if not result.successful:
            raise RuntimeError(f"{name} cannot be set: {result.reason}")

    def has_parameter(self, name: str) -> bool:
        from rcl_interfaces.srv import ListParameters

        client = self._node.create_client(ListParameters, "/vqa/list_parameters")
        return name in self._call(client, ListParameters.Request()).result.names

    def change_state(self, *transitions: str) -> bool:
        """Whether all succeeded."""
        numbers = [getattr(Transition, f"TRANSITION_{name.upper()}") for name in transitions]
        return all(
            self._call(self._change, ChangeState.Request(transition=Transition(id=number))).success
            for number in numbers
        )

    def _call(self, client, request):
        done = threading.Event()
        if not client.wait_for_service(PATIENCE):
            raise TimeoutError(f"{client.srv_name} is not there")
        future = client.call_async(request)
        future.add_done_callback(lambda _: done.set())
        if not done.wait(PATIENCE):
            raise TimeoutError(f"{client.srv_name} did not answer")
        return future.result()

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            level = int.from_bytes(status.level, "little") if isinstance(status.level, bytes) else status.level
            self.levels.setdefault(status.name, set()).add(level)
            values = {pair.key: pair.value for pair in status.values}
            self.statuses[status.name] = (level, status.message, values)

    def _on_answer(self, answer: Answer) -> None:
        self.answered[answer.request_id] = self.answered.get(answer.request_id, 0) + 1

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            pass


def children(pid: int, words: bytes) -> list[int]:
    """Processes whose parent is ``pid`` and whose command line contains ``words``."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
                if int(stat.rpartition(")")[2].split()[1]) == pid and words in Path(f"/proc/{entry}/cmdline").read_bytes():
                    found.append(int(entry))
            except (OSError, ValueError):
                pass
    return found


def wait_until(condition, patience: float = PATIENCE) -> bool:
    """Whether it came true within ``patience`` seconds."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
