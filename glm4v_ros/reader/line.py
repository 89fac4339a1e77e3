"""A line of print as the reader found it."""

from __future__ import annotations

from dataclasses import dataclass

from glm4v_ros.vision.region import Region

Quad = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Line:
    """``quad`` has four corners in pixels of the frame, from the text's upper left, clockwise as it reads.

    ``places`` has a quad for each character of ``text`` that is no blank; it is empty where the reader does not tell.
    """

    text: str
    quad: Quad
    confidence: float  # 0 to 1: of the characters, together
    places: tuple[Quad, ...] = ()

    def region(self, width: int, height: int, start: int = 0, end: int | None = None) -> Region:
        """Around the characters ``text[start:end]``, in a frame of ``width`` x ``height`` pixels."""
        end = len(self.text) if end is None else end
        points = self.quad
        if self.places and self.text[start:end].strip():
            first = len(self.text[:start].replace(" ", ""))
            count = len(self.text[start:end].replace(" ", ""))
            chosen = self.places[first : first + count]
            if chosen:
                points = tuple(point for place in chosen for point in place)
        return Region.around(points, width, height)
