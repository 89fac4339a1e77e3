"""What systemd hears from the node: a real socket stands for systemd."""

import os
import socket
import threading

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.node import Node
from rig import Rig
from robot import eventually

from glm4v_ros.nodes.service_manager import ServiceManager


class Systemd:
    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)

    def heard(self, patience=0.0) -> list[str]:
        """What has come since the last time, waiting ``patience`` seconds for something."""
        told = []
        self.socket.settimeout(patience or 1e-9)
        try:
            while True:
                told.append(self.socket.recv(4096).decode())
                self.socket.settimeout(1e-9)
        except (TimeoutError, BlockingIOError, socket.timeout):
            return told

    def close(self):
        self.socket.close()


@pytest.fixture
def systemd(request, tmp_path, monkeypatch):
    """Its address is a file's, or with the parameter "abstract" one without a file, which begins with @."""
    abstract = getattr(request, "param", "") == "abstract"
    name = f"@glm4v-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    systemd = Systemd("\0" + name[1:] if name.startswith("@") else name)
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    monkeypatch.setenv("WATCHDOG_USEC", "150000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    yield systemd
    systemd.close()


@pytest.fixture
def rig(systemd, tmp_path):
    rig = Rig(tmp_path, cameras=["front"])
    yield rig
    rig.close()


@pytest.mark.parametrize("systemd", ["file", "abstract"], indirect=True)
def test_ready_and_signs_of_life(systemd, rig):
    told = []
    eventually(lambda: told.extend(systemd.heard()) or told.count("WATCHDOG=1") > 2)
    assert told.count("READY=1") == 1
    rig.node.autostart()
    eventually(lambda: told.extend(systemd.heard()) or any("STATUS=camera front: no picture" in word for word in told))


def test_an_engine_that_gave_up(systemd, rig):
    """No sign of life until a lifecycle transition, or a new process, clears it."""
    rig.node.autostart()
    diagnostics = rig.robot.listen(DiagnosticArray, "/diagnostics")
    rig.engine.gave_up = "5 workers in a row failed"
    eventually(lambda: "STATUS=engine: 5 workers in a row failed" in systemd.heard())
    systemd.heard()
    diagnostics.clear()
    eventually(lambda: len(diagnostics) > 3)  # the node itself is alive
    assert "WATCHDOG=1" not in systemd.heard()
    rig.node.trigger_deactivate()
    rig.node.trigger_cleanup()
    eventually(lambda: "WATCHDOG=1" in systemd.heard())


def test_a_model_that_cannot_be_loaded_needs_a_person_and_no_restart(systemd, rig):
    rig.node.trouble = "configure failed: there is no such file"
    eventually(lambda: any("configure failed" in word for word in systemd.heard()))
    eventually(lambda: "WATCHDOG=1" in systemd.heard())


def test_an_executor_that_is_stuck(systemd, rig):
    eventually(lambda: "WATCHDOG=1" in systemd.heard())
    freed = threading.Event()
    stuck = rig.executor.create_task(freed.wait, 30)
    eventually(stuck.executing)
    systemd.heard()
    assert "WATCHDOG=1" not in systemd.heard(patience=0.5)
    freed.set()
    eventually(lambda: "WATCHDOG=1" in systemd.heard())


@pytest.fixture
def node():
    context = Context()
    rclpy.init(context=context)
    node = Node("unmanaged", context=context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


def test_without_systemd(node, monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    manager = ServiceManager(node, lambda: "")
    manager.status("nobody hears it")
    assert list(node.timers) == []


def test_systemd_that_went_away(systemd, rig):
    systemd.close()
    diagnostics = rig.robot.listen(DiagnosticArray, "/diagnostics")
    eventually(lambda: len(diagnostics) > 3)


@pytest.mark.parametrize("usec, pid, period", [("6000000", "", 2.0), ("6000000", "1", 1.0), ("", "", 1.0), ("x", "", 1.0)])
def test_three_signs_of_life_in_the_watchdogs_time(systemd, node, monkeypatch, usec, pid, period):
    """Without a watchdog, or with one for another process, one a second."""
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", pid)
    assert ServiceManager(node, lambda: "").timer.timer_period_ns == period * 1e9
