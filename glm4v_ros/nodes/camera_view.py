"""A camera as people watch it: its newest picture, at most a few times a second."""

from __future__ import annotations

import asyncio
import time

from rclpy.node import Node

from glm4v_ros.errors import NoImage
from glm4v_ros.nodes.camera import Camera
from glm4v_ros.nodes.picture import Picture
from glm4v_ros.web.asker import CameraPicture

_SHORTEST = 0.2  # s between two pictures, however many watch
_ANY_AGE = 1e9  # s


class CameraView:
    """While nobody watches, pictures stay in the middleware. ``topic`` is the one that delivers."""

    def __init__(self, node: Node, name: str, topic: str):
        transport = "compressed" if topic.endswith("/compressed") else "raw"
        self.topic = topic
        self._camera = Camera(node, name, topic, transport, "header")
        self._shown: CameraPicture | None = None
        self._shown_at = 0.0

    def close(self) -> None:
        self._camera.close()

    def step(self) -> None:
        """To be called a few times a second."""
        self._camera.step()

    async def look(self, after: float, timeout: float) -> CameraPicture:
        """A picture stamped after ``after`` (seconds since 1970); waits for one. Raises NoImage."""
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout
        came = asyncio.Event()

        def wake() -> None:  # in the node's executor
            loop.call_soon_threadsafe(came.set)

        self._camera.notify(wake)
        try:
            while True:
                came.clear()
                picture = self._camera.fresh(_ANY_AGE)
                pause = self._shown_at + _SHORTEST - time.monotonic()
                if pause > 0 and self._shown is not None and self._shown.stamp > after:
                    return self._shown
                if picture is not None and picture.stamp / 1e9 > after:
                    if pause <= 0:
                        return await loop.run_in_executor(None, self._show, picture)
                    await asyncio.sleep(pause)
                    continue
                await asyncio.wait_for(came.wait(), until - loop.time())
        except asyncio.TimeoutError:
            raise NoImage(f"camera {self._camera.name} has sent nothing new; {self._camera.advice}") from None
        finally:
            self._camera.forget(wake)

    def _show(self, picture: Picture) -> CameraPicture:
        self._shown_at = time.monotonic()
        self._shown = CameraPicture(bytes(picture.compressed().data), picture.stamp / 1e9)
        return self._shown
