"""A JPEG: what libjpeg-turbo makes of its pixels, and whether they are all there.

Only what concerns pixels goes to libjpeg. Metadata stays outside, so that a broken one refuses nothing; so does what
follows the end marker (a phone's video), and a missing end marker is put there. Then each warning of libjpeg is about
pixels: a stream that was cut ends its data too early, one that lost bytes ends it too early or has a code that its
tables lack. Too much data before the end marker is no loss: some encoders pad.
"""

from __future__ import annotations

import io
import re

import numpy as np
from PIL import Image

from glm4v_ros.errors import BadImage
from glm4v_ros.vendor import vendored

simplejpeg = vendored("simplejpeg")  # nodes decode too

SIGNATURE = b"\xff\xd8\xff"
MAX_SCANS = 100  # of a progressive JPEG; encoders make about ten, and each passes over the whole picture

# ITU T.81, table B.1. In the data of a scan, FF 00 is the byte FF, FF D0 to FF D7 are restarts, FF FF is padding.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_TEM, _SOI, _EOI, _SOS, _COM, _APP0, _APP1, _APP14, _APP15 = 0x01, 0xD8, 0xD9, 0xDA, 0xFE, 0xE0, 0xE1, 0xEE, 0xEF
_SOF = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # begins a frame; the three others define tables or are reserved
_SEQUENTIAL = {0xC0, 0xC1, 0xC9}  # Huffman's two, arithmetic
_END = b"\xff\xd9"
_JFIF = b"\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
_ADOBE = b"\xff\xee\x00\x0eAdobe\0\x64\0\0\0\0"  # and the transform
_TRANSFORMS = {3: (1, 0), 4: (2, 0)}  # by components: Adobe's colour transforms, first what libjpeg takes for an unknown one
_SURPLUS = re.compile("([0-9]+) extraneous bytes before marker 0xd9$")  # the end marker's


class Jpeg:
    """One JPEG, its segments read and nothing decoded. BadImage when they do not hold together.

    ``width`` and ``height`` are the stored picture's in pixels; ``exif`` is the EXIF block, empty if there is none.
    """

    def __init__(self, data: bytes):
        self.width = self.height = 0
        self.exif = b""
        self._frame = 0  # the marker that began it
        self._components = 0
        self._scans = 0
        self._jfif = False
        self._adobe: int | None = None
        self._ended = False  # whether it has an end marker of its own
        self._stream = self._read(data)

    @property
    def grey(self) -> bool:
        return self._components == 1

    def decode(self, grey: bool = False) -> np.ndarray:
        """The stored picture, (height, width, 3), uint8, RGB; ``grey``: (height, width). BadImage unless it is whole."""
        pixels = np.empty((self.height, self.width, 1 if grey else 3), np.uint8)
        try:
            simplejpeg.decode_jpeg(self._stream, "GRAY" if grey else "RGB", buffer=pixels)
        except ValueError as error:  # libjpeg's first warning, all pixels being there, or what it gave up on
            if "Could not determine" in str(error):  # TurboJPEG's own limits: an odd subsampling, two components
                return self._decode_with_pillow(grey)
            if not self._is_padded(str(error)):
                raise BadImage(f"the JPEG is torn or damaged: {error}; was data lost between the camera and here?") from error
        return pixels[..., 0] if grey else pixels

    def _is_padded(self, warning: str) -> bool:
        """Whether it tells only of bytes without a use before the end marker.

        A sequential scan that lost bytes ends too early: of 1,750 torn ones none had a surplus. Runs of empty blocks let a
        progressive one end with a surplus of data, which is not all the same value.
        """
        surplus = _SURPLUS.search(warning)
        if not surplus or self._frame in _SEQUENTIAL:
            return bool(surplus)
        return len(set(self._stream[-len(_END) - int(surplus[1]) : -len(_END)])) == 1

    def _decode_with_pillow(self, grey: bool) -> np.ndarray:
        """Knows each subsampling, and tells only of a file that ends too early."""
        stream = self._stream if self._ended else self._stream[: -len(_END)]
        return np.array(Image.open(io.BytesIO(stream), formats=("JPEG",)).convert("L" if grey else "RGB"))

    def _read(self, data: bytes) -> bytes:
        """What concerns pixels, as a stream of its own."""
        parts = []
        at = 2
        while (found := _MARKER.search(data, at)) and (marker := data[found.end() - 1]) != _EOI:
            start, at = found.start(), found.end()
            if marker in (_SOI, _TEM):  # stand alone
                continue
            at += int.from_bytes(data[at : at + 2], "big")
            content = data[start + 4 : at]
            metadata = marker == _COM or _APP0 <= marker <= _APP15
            if at > len(data) or at < start + 4:
                if not metadata:
                    raise BadImage("the JPEG ends too early: it is torn")
                found = None
                break
            if metadata:
                self._take_metadata(marker, content)
                continue
            if marker in _SOF and len(content) >= 6:
                self._frame = marker
                self.height, self.width = int.from_bytes(content[1:3], "big"), int.from_bytes(content[3:5], "big")
                self._components = content[5]
            if marker != _SOS:
                parts.append(data[start:at])
                continue
            self._scans += 1
            if self._scans > MAX_SCANS:
                raise BadImage(f"the JPEG has more than {MAX_SCANS} scans, which would take minutes to decode")
            # Sequential scans have all coefficients; some cameras say otherwise, which would be a warning.
            parts.append(data[start : at - 3] + b"\0\x3f\0" if self._frame in _SEQUENTIAL else data[start:at])
            end = _MARKER.search(data, at)
            parts.append(data[at : end.start() if end else len(data)])
        self._ended = bool(found)
        if not self._frame:
            raise BadImage("the JPEG has no picture in it")
        return b"".join((data[:2], *self._colours(), *parts, _END))

    def _take_metadata(self, marker: int, content: bytes) -> None:
        if marker == _APP1 and content[:6] == b"Exif\0\0":
            self.exif = self.exif or content
        elif self._scans == 0:
            if marker == _APP0 and content[:5] == b"JFIF\0":
                self._jfif = True
            elif marker == _APP14 and content[:5] == b"Adobe" and len(content) >= 12:
                self._adobe = content[11]

    def _colours(self) -> list[bytes]:
        """The two kinds of metadata that tell how colours are stored, in an order that libjpeg knows."""
        segments = [_JFIF] if self._jfif else []
        known = _TRANSFORMS.get(self._components)
        if self._adobe is not None and known:
            segments.append(_ADOBE + bytes([self._adobe if self._adobe in known else known[0]]))
        return segments
