"""How a frame lies in the picture that it was made of."""

from __future__ import annotations

from dataclasses import dataclass

from glm4v_ros.vision.region import Region

UPRIGHT = 1
# Of EXIF's orientation, what a point (x, y) of the turned picture is in the stored one, whose size is (w, h).
_STORED = {
    1: lambda x, y, w, h: (x, y),
    2: lambda x, y, w, h: (w - x, y),
    3: lambda x, y, w, h: (w - x, h - y),
    4: lambda x, y, w, h: (x, h - y),
    5: lambda x, y, w, h: (y, x),
    6: lambda x, y, w, h: (y, h - x),
    7: lambda x, y, w, h: (w - y, h - x),
    8: lambda x, y, w, h: (w - y, x),
}


@dataclass(frozen=True)
class Placement:
    """A stored picture was turned as its EXIF ``orientation`` says (1 to 8), then cut at (x, y). Sizes in pixels."""

    width: int  # of the stored picture
    height: int
    orientation: int = UPRIGHT
    x: int = 0
    y: int = 0

    def turned(self, region: Region) -> Region:
        """A region of the frame in pixels of the turned picture, before it was cut."""
        return Region(region.x + self.x, region.y + self.y, region.width, region.height)

    def stored(self, region: Region) -> Region:
        """A region of the frame in pixels of the stored picture."""
        turn = _STORED[self.orientation]
        points = [turn(x, y, self.width, self.height) for x, y in self.turned(region).corners]
        return Region.around(points, self.width, self.height)
