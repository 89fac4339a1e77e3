"""The node vqa as robots run it: a process of its own, and what a robot can tell it over DDS."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import SetParameters
from rclpy.context import Context
from rclpy.parameter import Parameter
from robot import Robot, eventually, wait

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # s; a worker starts and loads the embedded model
RETRIES = 6


class VqaProcess:
    """Active, unless ``autostart`` says otherwise. ``preexec_fn`` runs in the process before the node does."""

    def __init__(self, preexec_fn=None, **parameters):
        words = [word for name, value in parameters.items() for word in ("-p", f"{name}:={value}")]
        command = [sys.executable, "-m", "glm4v_ros.nodes.vqa", "--ros-args", *words]
        self.process = subprocess.Popen(command, cwd=ROOT, preexec_fn=preexec_fn)
        self.heard: list[DiagnosticArray] = []
        try:
            self._connect()
            if parameters.get("autostart", True):
                eventually(lambda: self.state == State.PRIMARY_STATE_ACTIVE, 2 * PATIENCE)
        except BaseException:  # a node that is left behind would answer other tests' questions
            self.process.kill()
            raise

    def _connect(self) -> None:
        self.context = Context()
        rclpy.init(context=self.context)
        self.robot = Robot(self.context)
        node = self.robot.node
        node.create_subscription(DiagnosticArray, "/diagnostics", self.heard.append, 10)
        self._set_parameters = node.create_client(SetParameters, "/vqa/set_parameters")
        self._change_state = node.create_client(ChangeState, "/vqa/change_state")
        self._get_state = node.create_client(GetState, "/vqa/get_state")
        for client in (self._set_parameters, self._change_state, self._get_state):
            assert client.wait_for_service(PATIENCE)

    def close(self) -> None:
        self.robot.close()
        rclpy.shutdown(context=self.context)
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(60) == 0

    @property
    def state(self) -> int:
        """Asked again where no word comes: an answer is lost while the node has not found this client yet."""
        for _ in range(RETRIES):
            future = self._get_state.call_async(GetState.Request())
            with contextlib.suppress(AssertionError):
                return wait(future, PATIENCE / RETRIES).current_state.id
        raise AssertionError("the node does not tell its state")

    def begin(self, transition: int):
        return self._change_state.call_async(ChangeState.Request(transition=Transition(id=transition)))

    def change(self, transition: int) -> bool:
        return wait(self.begin(transition), PATIENCE).success

    def set(self, **parameters) -> None:
        messages = [Parameter(name, value=value).to_parameter_msg() for name, value in parameters.items()]
        results = wait(self._set_parameters.call_async(SetParameters.Request(parameters=messages))).results
        assert all(result.successful for result in results)

    def diagnosis(self, part: str) -> dict[str, str]:
        """The key values of a part of the node in a message that is sent from now on."""
        self.heard.clear()
        status = eventually(lambda: next((each for each in self._statuses if each.name == f"/vqa: {part}"), None))
        return {pair.key: pair.value for pair in status.values}

    @property
    def _statuses(self) -> list[DiagnosticStatus]:
        """The newest last; other nodes may tell of themselves too."""
        return [status for message in tuple(self.heard) for status in message.status]
