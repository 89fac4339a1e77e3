"""How a stored picture is turned to be upright, as EXIF says it, and where a region of one lies in the other."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import cv2
import numpy as np

Region = tuple[int, int, int, int]  # x, y, width, height in pixels

TAG = 0x0112  # "Orientation", EXIF 2.32, 4.6.4 A
_INTEGERS = {1: "B", 3: "H", 4: "I"}  # TIFF's field types; a writer that obeys uses 3
# EXIF's value -> what makes the stored picture upright: first exchange rows and columns, then mirror the columns, the rows
_TURNS = {
    1: (False, False, False),
    2: (False, True, False),
    3: (False, True, True),
    4: (False, False, True),
    5: (True, False, False),
    6: (True, True, False),
    7: (True, True, True),
    8: (True, False, True),
}  # fmt: skip


@dataclass(frozen=True)
class Orientation:
    """``value`` is EXIF's, 1 to 8; ValueError otherwise. 1 is upright as it is stored."""

    value: int = 1

    def __post_init__(self):
        if self.value not in _TURNS:
            raise ValueError(f"an orientation is 1 to 8, not {self.value}")

    @classmethod
    def from_exif(cls, exif: bytes) -> Orientation:
        """What an EXIF block says, with or without the bytes "Exif\\0\\0" before it; 1 where it is broken or silent."""
        tiff = exif[6:] if exif[:6] == b"Exif\0\0" else exif
        order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(tiff[:4]))
        if order is None:
            return cls()
        try:
            (start,) = struct.unpack_from(order + "I", tiff, 4)
            (count,) = struct.unpack_from(order + "H", tiff, start)
            for entry in range(start + 2, start + 2 + 12 * count, 12):
                tag, kind = struct.unpack_from(order + "HH", tiff, entry)
                if tag == TAG and kind in _INTEGERS:
                    (value,) = struct.unpack_from(order + _INTEGERS[kind], tiff, entry + 8)
                    return cls(value) if value in _TURNS else cls()
        except struct.error:  # it ends too early, or points outside itself
            pass
        return cls()

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the upright picture, from the stored one's; and the other way round."""
        return (height, width) if _TURNS[self.value][0] else (width, height)

    def upright(self, stored: np.ndarray) -> np.ndarray:
        """The stored picture, contiguous (height, width, 3), turned; the same array where nothing is to be done."""
        exchange, columns, rows = _TURNS[self.value]
        turned = cv2.transpose(stored) if exchange else stored
        if columns or rows:
            turned = cv2.flip(turned, -1 if columns and rows else 1 if columns else 0)
        return turned

    def to_upright(self, region: Region, width: int, height: int) -> Region:
        """Where a region of the stored picture lies in the upright one; ``width`` and ``height`` are the stored one's."""
        x, y, w, h = region
        if _TURNS[self.value][0]:
            x, y, w, h = y, x, h, w
        return self._mirrored((x, y, w, h), *self.size(width, height))

    def to_stored(self, region: Region, width: int, height: int) -> Region:
        """Where a region of the upright picture lies in the stored one; ``width`` and ``height`` are the stored one's."""
        x, y, w, h = self._mirrored(region, *self.size(width, height))
        return (y, x, h, w) if _TURNS[self.value][0] else (x, y, w, h)

    def _mirrored(self, region: Region, width: int, height: int) -> Region:
        x, y, w, h = region
        _, columns, rows = _TURNS[self.value]
        return (width - x - w if columns else x, height - y - h if rows else y, w, h)
