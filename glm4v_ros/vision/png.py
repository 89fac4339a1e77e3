"""A PNG: what concerns its pixels, apart from texts and other metadata, of which a broken one refuses nothing."""

from __future__ import annotations

import zlib

from glm4v_ros.errors import BadImage

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXELS = (b"IHDR", b"PLTE", b"IDAT")
_ANCILLARY = (b"tRNS", b"eXIf")  # wanted if they are whole
_END = b"\0\0\0\0IEND\xaeB`\x82"


class Png:
    """One PNG, its chunks read and nothing decoded. BadImage when a chunk of its pixels is cut or its checksum is wrong.

    ``stream`` is the PNG without metadata; ``exif`` the eXIf chunk's content, empty if there is none.
    """

    def __init__(self, data: bytes):
        self.exif = b""
        parts = [SIGNATURE]
        view = memoryview(data)  # its slices copy nothing
        at = len(SIGNATURE)
        while at + 8 <= len(data):
            kind = data[at + 4 : at + 8]
            end = at + 12 + int.from_bytes(data[at : at + 4], "big")
            if kind == b"IEND":
                break
            if kind in _PIXELS or kind in _ANCILLARY:
                chunk = view[at:end]
                if end <= len(data) and zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big"):
                    if kind == b"eXIf":
                        self.exif = bytes(chunk[8:-4])
                    else:
                        parts.append(chunk)
                elif kind in _PIXELS:
                    raise BadImage(f"the PNG {'ends too early' if end > len(data) else 'has a wrong checksum'}: it is damaged")
            at = end
        self.stream = b"".join((*parts, _END))
