import random
import subprocess
import sys

import pytest
import rclpy
from rclpy.context import Context

from glm4v_ros.machine import dds


@pytest.fixture
def in_order(monkeypatch):
    monkeypatch.setattr(random, "sample", lambda population, count: list(population))


def test_no_domain_is_given_twice(in_order):
    first, second = dds.reserve_domain(), dds.reserve_domain()
    assert 1 <= first < second


def test_a_domain_in_which_somebody_talks_is_not_given(in_order):
    first = "import random; random.sample = lambda population, count: list(population); from glm4v_ros.machine import dds; "
    reserved = subprocess.run([sys.executable, "-c", first + "print(dds.reserve_domain())"], capture_output=True, check=True)
    free = int(reserved.stdout)  # held until that process ended
    context = Context()
    rclpy.init(context=context, domain_id=free)
    node = rclpy.create_node("talker", context=context)
    try:
        assert dds.reserve_domain() > free
    finally:
        node.destroy_node()
        rclpy.shutdown(context=context)


def test_no_domain_left(monkeypatch):
    monkeypatch.setattr(random, "sample", lambda population, count: [])
    with pytest.raises(OSError, match="set ROS_DOMAIN_ID yourself"):
        dds.reserve_domain()


def test_the_environment_has_its_way(monkeypatch):
    monkeypatch.setenv("ROS_DOMAIN_ID", "77")
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    dds.stay_on_this_machine()
    assert (dds.os.environ["ROS_DOMAIN_ID"], dds.os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"]) == ("77", "SUBNET")


@pytest.mark.parametrize("distro, only", [("humble", "1"), ("jazzy", None)])
def test_a_program_without_an_environment(monkeypatch, distro, only):
    for name in ("ROS_DOMAIN_ID", "ROS_AUTOMATIC_DISCOVERY_RANGE", "ROS_LOCALHOST_ONLY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ROS_DISTRO", distro)
    monkeypatch.setattr(dds.os, "environ", dict(dds.os.environ))
    dds.stay_on_this_machine()
    environment = dds.os.environ
    assert environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST" and environment.get("ROS_LOCALHOST_ONLY") == only
    assert int(environment["ROS_DOMAIN_ID"]) in range(1, 101)
