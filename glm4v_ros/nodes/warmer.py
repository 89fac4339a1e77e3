"""Has pictures encoded before anyone asks about them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING

from glm4v_ros.nodes.camera import Camera
from glm4v_ros.nodes.picture import Picture

if TYPE_CHECKING:
    from glm4v_ros.engine.client import EngineClient


class Warmer:
    """Warms the newest picture of one camera after the other when it shows something else than the warm one.

    ``threshold`` is in grey levels (0 to 255), the mean difference of two small grey copies. A warm picture that
    is older than a question would allow is worth nothing any more, and is replaced too.
    """

    def __init__(self, engine: EngineClient, cameras: Sequence[Camera], threshold: float):
        self._engine = engine
        self._cameras = cycle(cameras)
        self._threshold = threshold
        self._warm: dict[str, Picture] = {}

    def step(self, max_age: float, enhance: str, system_prompt: str, max_image_tokens: int) -> None:
        """Looks at the next camera. To be called while no question is on its way."""
        camera = next(self._cameras)
        newest = camera.fresh(max_age)
        if newest is None:
            return
        frame = newest.frame(None, enhance)
        encoded = self._engine.is_encoded(frame.key)
        if not encoded:
            warm = self._warm.get(camera.name)
            if warm and camera.is_fresh(warm, max_age) and warm.difference(newest) <= self._threshold:
                return  # it is encoded, or will be soon
        camera.offer(newest)  # before it is encoded, so that no question finds it encoded but not offered
        if not encoded:
            self._engine.warm(frame, system_prompt=system_prompt, max_image_tokens=max_image_tokens)
        self._warm[camera.name] = newest
