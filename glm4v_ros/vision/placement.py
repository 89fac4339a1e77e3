"""How a frame lies in the picture that it was made of."""

from __future__ import annotations

from dataclasses import dataclass

from glm4v_ros.vision.orientation import Orientation
from glm4v_ros.vision.region import Region


@dataclass(frozen=True)
class Placement:
    """A frame of ``width`` x ``height`` pixels was cut out of a stored picture at (x, y), turned upright and made ``scale`` larger."""

    width: int
    height: int
    orientation: Orientation = Orientation()
    x: int = 0  # in the stored picture
    y: int = 0
    scale: float = 1.0

    def stored(self, region: Region) -> Region:
        """A region of the frame in pixels of the stored picture."""
        own = round(self.width / self.scale), round(self.height / self.scale)
        if self.scale != 1:
            region = Region.around([(round(x / self.scale), round(y / self.scale)) for x, y in region.corners], *own)
        x, y, width, height = self.orientation.to_stored(region, *self.orientation.size(*own))
        return Region(x + self.x, y + self.y, width, height)
