"""A picture as the engine sees it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from glm4v_ros.vision.region import Region


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture, ready for a vision tower.

    ``rgb`` is contiguous, (height, width, 3), uint8, in R, G, B order; ValueError otherwise. ``scale``: how much larger it is
    than the part of the picture that it shows.
    """

    rgb: np.ndarray
    scale: float = 1.0

    def __post_init__(self):
        rgb = self.rgb
        if not isinstance(rgb, np.ndarray):
            raise ValueError(f"a frame is a numpy array, not {type(rgb).__name__}")
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.flags.c_contiguous:
            raise ValueError(f"a frame is a contiguous (height, width, 3) uint8 array, not {rgb.dtype} {rgb.shape}")
        if rgb.size == 0:
            raise ValueError(f"a frame has at least one pixel, not {rgb.shape}")

    @property
    def height(self) -> int:
        return self.rgb.shape[0]

    @property
    def width(self) -> int:
        return self.rgb.shape[1]

    def unscaled(self, region: Region) -> Region:
        """A region of the frame in pixels of what it shows, as large as that was."""
        if self.scale == 1:
            return region
        points = [(round(x / self.scale), round(y / self.scale)) for x, y in region.corners]
        return Region.around(points, round(self.width / self.scale), round(self.height / self.scale))

    @cached_property
    def key(self) -> str:
        """SHA-256 (hex) over size and pixels: equal keys mean the same image tokens."""
        digest = hashlib.sha256(f"{self.width}x{self.height}:".encode())
        digest.update(self.rgb)
        return digest.hexdigest()
