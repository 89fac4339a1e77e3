"""Pictures that were uploaded, by their SHA-256: sent once, asked about often."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from glm4v_ros.errors import BadImage
from glm4v_ros.vision.decoder import decode_file
from glm4v_ros.vision.frame import Frame

#: How the files begin that every browser shows; others are kept and asked about all the same.
_SHOWN = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
)


@dataclass(frozen=True, eq=False)
class StoredPicture:
    """A picture file as it was sent."""

    key: str  # SHA-256 (hex) of the file
    data: bytes = field(repr=False)
    media_type: str
    width: int  # pixels, upright
    height: int
    stamp: float  # seconds since 1970
    camera: str = ""


def media_type(data: bytes) -> str:
    """By the file's first bytes, whatever the request said."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for signature, kind in _SHOWN if data.startswith(signature)), "application/octet-stream")


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
        key = await self._run(lambda: hashlib.sha256(data).hexdigest())
        known = self.get(owner, key)
        if known is not None and (known.stamp == stamp or not camera):
            return known
        frame = await self.made((key,), lambda: Frame(decode_file(data, "the picture")))
        picture = StoredPicture(key, data, media_type(data), frame.width, frame.height, stamp or time.time(), camera)
        self._drop((owner, key))
        self._pictures[owner, key] = picture
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
        return await self.made((picture.key,), lambda: Frame(decode_file(picture.data, "the picture")))

    async def made(self, identity: tuple, make: Callable[[], Frame]) -> Frame:
        """The frame that was made under this identity before, or ``make()``, called in a thread, now."""
        frame = self._frames.get(identity)
        if frame is None:
            frame = await self._run(lambda: _keyed(make()))
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


def _keyed(frame: Frame) -> Frame:
    frame.key  # noqa: B018  computed here, where the event loop does not wait for it
    return frame
