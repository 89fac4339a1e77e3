"""A camera and a clock in a process of their own. Commands on stdin: stop | go | jump SECONDS; their end ends it.

Each picture has a serial of its own (for two hours), which its frame_id names together with the steady time at which it was taken.
"""

from __future__ import annotations

import itertools
import sys
import threading
import time

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from rosgraph_msgs.msg import Clock as ClockMessage
from sensor_msgs.msg import Image

from soaking import pictures

PICTURES, TICKS = 4.0, 20.0  # Hz


class Camera:
    """Publishes /front/image_raw and /clock, whose time runs as the real one does except for its jumps."""

    def __init__(self, first: int):
        self._node = rclpy.create_node("soak_camera")
        self._image = self._node.create_publisher(Image, "/front/image_raw", qos_profile_sensor_data)
        self._clock = self._node.create_publisher(ClockMessage, "/clock", QoSProfile(depth=1))
        self._serials = itertools.cycle(pictures.serials()[first:])
        self._offset = 0
        self._ends = False
        self.runs = True
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._node.create_timer(1 / TICKS, self._tick, clock=steady)
        self._node.create_timer(1 / PICTURES, self._publish, clock=steady)

    def spin(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()
        while not self._ends:
            rclpy.spin_once(self._node, timeout_sec=0.05)

    def _read(self) -> None:
        for line in sys.stdin:
            word, *value = line.split()
            if word == "jump":
                self._offset += round(float(value[0]) * 1e9)
            else:
                self.runs = word == "go"
        self._ends = True

    def _now(self):
        nanoseconds = time.time_ns() + self._offset
        return ClockMessage().clock.__class__(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)

    def _tick(self) -> None:
        self._clock.publish(ClockMessage(clock=self._now()))

    def _publish(self) -> None:
        if not self.runs:
            return
        serial = next(self._serials)
        message = pictures.image(serial)
        message.header.stamp = self._now()
        message.header.frame_id = f"{serial} {time.monotonic():.3f}"
        self._image.publish(message)


if __name__ == "__main__":
    rclpy.init()
    Camera(int(sys.argv[1])).spin()
    rclpy.shutdown()
