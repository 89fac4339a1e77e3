"""Pictures that were uploaded, by their SHA-256: sent once, asked about often."""

from __future__ import annotations

import asyncio
import hashlib
import io
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from glm4v_ros.errors import BadImage
from glm4v_ros.vision import converter
from glm4v_ros.vision.decoder import FILE_FORMATS, MAX_SCANS, decode_file
from glm4v_ros.vision.frame import Frame

#: Formats that every browser shows; others are kept and asked about all the same.
_SHOWN = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif", "BMP": "image/bmp"}


@dataclass(frozen=True, eq=False)
class StoredPicture:
    """A picture file as it was sent."""

    key: str  # SHA-256 (hex) of the file
    data: bytes = field(repr=False)
    media_type: str
    width: int  # pixels, as stored
    height: int
    stamp: float  # seconds since 1970
    camera: str = ""


def inspect(data: bytes, stamp: float, camera: str = "") -> StoredPicture:
    """Looks at a file's header, decoding nothing. Raises BadImage, also for one that is too large to decode."""
    if data[:3] == b"\xff\xd8\xff" and data.count(b"\xff\xda") > MAX_SCANS:
        raise BadImage(f"the picture is a JPEG of more than {MAX_SCANS} scans, which would take minutes to decode")
    try:
        with Image.open(io.BytesIO(data), formats=FILE_FORMATS) as picture:
            converter.check_size(*picture.size)
            kind, (width, height) = picture.format or "", picture.size
    except BadImage as error:
        raise BadImage(f"the picture: {error}") from None
    except Image.DecompressionBombError as error:
        raise BadImage(f"the picture is too large: {error}") from error
    except Exception as error:  # a damaged file may fail anywhere in Pillow's plugins
        raise BadImage(f"the picture is not a {', '.join(FILE_FORMATS[:-1])} or {FILE_FORMATS[-1]} file") from error
    media_type = _SHOWN.get(kind, "application/octet-stream")
    return StoredPicture(hashlib.sha256(data).hexdigest(), data, media_type, width, height, stamp, camera)


class PictureStore:
    """The latest pictures of each owner, bounded in bytes; the one unused for longest goes first.

    Decoded frames are kept apart and bounded too, so that a picture asked about again is not decoded again and its
    ``Frame.key`` not computed again. At most two are decoded at a time. For one event loop.
    """

    def __init__(self, most_bytes: int = 256 << 20, most_frame_bytes: int = 256 << 20):
        self._most_bytes, self._most_frame_bytes = most_bytes, most_frame_bytes
        self._pictures: OrderedDict[tuple[str, str], StoredPicture] = OrderedDict()
        self._frames: OrderedDict[tuple, Frame] = OrderedDict()
        self._bytes = self._frame_bytes = 0
        self._threads = ThreadPoolExecutor(2, "glm4v-decode")

    @property
    def nbytes(self) -> int:
        """Of files and frames together."""
        return self._bytes + self._frame_bytes

    def __len__(self) -> int:
        return len(self._pictures)

    async def put(self, owner: str, data: bytes, *, stamp: float = 0.0, camera: str = "") -> StoredPicture:
        """Raises BadImage. A new picture is decoded as a whole, so that what is stored can be asked about."""
        if len(data) > self._most_bytes:
            raise BadImage(f"the picture has {len(data) >> 20} MiB; at most {self._most_bytes >> 20} are kept")
        picture = await self._run(lambda: inspect(data, stamp or time.time(), camera))
        known = self.get(owner, picture.key)
        if known is not None and (known.stamp == picture.stamp or not camera):
            return known
        await self.frame(picture)
        self._drop((owner, picture.key))
        self._pictures[owner, picture.key] = picture
        self._bytes += len(data)
        while self._bytes > self._most_bytes:
            self._drop(next(iter(self._pictures)))
        return picture

    def get(self, owner: str, key: str) -> StoredPicture | None:
        picture = self._pictures.get((owner, key))
        if picture is not None:
            self._pictures.move_to_end((owner, key))
        return picture

    async def frame(self, picture: StoredPicture) -> Frame:
        """The whole picture, upright. Raises BadImage."""
        return await self.made((picture.key,), lambda: decode_file(picture.data, "the picture"))

    async def made(self, identity: tuple, make: Callable[[], np.ndarray]) -> Frame:
        """The frame that was made under this identity before, or that of ``make()``, called in a thread, now."""
        frame = self._frames.get(identity)
        if frame is None:
            frame = await self._run(lambda: _frame_of(make()))
            if identity not in self._frames and frame.rgb.nbytes <= self._most_frame_bytes:
                self._frames[identity] = frame
                self._frame_bytes += frame.rgb.nbytes
                while self._frame_bytes > self._most_frame_bytes:
                    self._frame_bytes -= self._frames.popitem(last=False)[1].rgb.nbytes
        else:
            self._frames.move_to_end(identity)
        return frame

    def forget(self) -> None:
        """Lets all pictures go."""
        for identity in list(self._pictures):
            self._drop(identity)
        self._frames.clear()
        self._frame_bytes = 0

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _run(self, work: Callable):
        return asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _drop(self, identity: tuple[str, str]) -> None:
        picture = self._pictures.pop(identity, None)
        if picture is not None:
            self._bytes -= len(picture.data)


def _frame_of(rgb: np.ndarray) -> Frame:
    frame = Frame(rgb)
    frame.key  # noqa: B018  computed here, where the event loop does not wait for it
    return frame
