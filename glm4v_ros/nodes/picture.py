"""A picture as it came in a message, and what was made of it."""

from __future__ import annotations

import hashlib
import threading
from functools import partial

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image, RegionOfInterest
from std_msgs.msg import Header

from glm4v_ros.errors import BadImage, OutOfMemory
from glm4v_ros.evidence.picture import Evidence
from glm4v_ros.vision.converter import to_rgb
from glm4v_ros.vision.decoder import decode, orientation
from glm4v_ros.vision.enhance import crop, enhanced
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.orientation import Orientation, Region
from glm4v_ros.vision.placement import Placement
from glm4v_ros.vision.shortage import is_shortage

JPEG_QUALITY = 92


class Picture:
    """An Image or CompressedImage. Nothing is converted or hashed before someone asks; then once for all who ask.

    ``stamp`` is the time its age counts from, ROS time in nanoseconds.
    """

    def __init__(self, message: Image | CompressedImage, stamp: int = 0, camera: str = ""):
        self.message = message
        self.stamp = stamp
        self.camera = camera
        self._lock = threading.Lock()
        self._made: dict = {}

    @property
    def header(self) -> Header:
        return self.message.header

    @property
    def nbytes(self) -> int:
        """Of its data as received."""
        return len(self.message.data)

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of the message's data bytes, as received."""
        return self._once("sha256", lambda: hashlib.sha256(self.message.data).hexdigest())

    def frame(self, region: Region | None, mode: str) -> Frame:
        """What the engine gets: the region (pixels of the picture as stored; None: all), upright, enhanced.

        Raises BadImage.
        """
        return self._once((region, mode), partial(self._frame, region, mode))

    def frame_if_made(self, region: Region | None, mode: str) -> Frame | None:
        return self._made.get((region, mode))

    def placement(self, region: Region | None, mode: str) -> Placement:
        """Where that frame lies in the picture as it is stored. Raises BadImage."""
        frame, message = self.frame(region, mode), self.message
        turn = orientation(message.data) if isinstance(message, CompressedImage) else Orientation()
        return Placement(frame.width, frame.height, turn, *(region or (0, 0))[:2], frame.scale)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels of the whole picture, upright. Raises BadImage."""
        rgb = self._whole()
        return rgb.shape[1], rgb.shape[0]

    @property
    def thumbnail(self) -> np.ndarray:
        """A small grey copy, (36, 48), float32, 0 to 255. Raises BadImage."""
        whole = self._whole()
        return self._once(
            "thumbnail",
            lambda: cv2.cvtColor(cv2.resize(whole, (48, 36), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY).astype(
                np.float32
            ),
        )

    def difference(self, other: Picture) -> float:
        """Mean difference of the small grey copies, in grey levels; infinite if the sizes differ. Raises BadImage."""
        return float(np.abs(self.thumbnail - other.thumbnail).mean()) if self.size == other.size else np.inf

    def compressed(self) -> CompressedImage:
        """The picture for people to look at: as it came if it came compressed, else as JPEG."""
        if isinstance(self.message, CompressedImage):
            return self.message
        return self._once("jpeg", self._jpeg)

    def evidence(self, region: Region | None) -> Evidence:
        """The bytes as received, and what the record says of them and of the region that was shown."""
        message, stamp = self.message, self.header.stamp
        packed = isinstance(message, CompressedImage)
        fields = ("format",) if packed else ("encoding", "height", "width", "step", "is_bigendian")
        about = {
            "camera": self.camera,
            "header": {"stamp": {"sec": stamp.sec, "nanosec": stamp.nanosec}, "frame_id": self.header.frame_id},
            "region": list(region) if region else [],
            **{field: getattr(message, field) for field in fields},
        }
        return Evidence(memoryview(message.data).cast("B"), packed, self.sha256, about)

    def _once(self, key, make):
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]

    def _rgb(self, region: Region | None = None) -> np.ndarray:
        message = self.message
        if isinstance(message, CompressedImage):
            return decode(message.data, message.format, region)
        rgb = to_rgb(
            message.encoding, message.width, message.height, message.step, bool(message.is_bigendian), message.data
        )
        return crop(rgb, *region) if region else rgb

    def _frame(self, region, mode: str) -> Frame:
        try:
            plain = self._made.get((None, "none"))
            rgb = self._rgb(region) if plain is None else crop(plain.rgb, *region) if region else plain.rgb
            return enhanced(rgb, mode)
        except (MemoryError, cv2.error) as error:
            if is_shortage(error):
                raise OutOfMemory("there is not enough memory for this picture; send a smaller one") from error
            raise BadImage(f"the picture cannot be converted: {error}") from error

    def _whole(self) -> np.ndarray:
        """All of the picture as it came."""
        return self.frame(None, "none").rgb

    def _jpeg(self) -> CompressedImage:
        plain = self._made.get((None, "none"))
        _, data = cv2.imencode(
            ".jpg",
            cv2.cvtColor(plain.rgb if plain else self._rgb(), cv2.COLOR_RGB2BGR),
            [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY],
        )
        message = CompressedImage(header=self.header, format="jpeg")
        message.data.frombytes(data.tobytes())
        return message


def region_of(roi: RegionOfInterest) -> Region | None:
    """None for a region without an extent, which means the whole picture."""
    if roi.width == 0 and roi.height == 0:
        return None
    return roi.x_offset, roi.y_offset, roi.width, roi.height


def roi_of(region: Region) -> RegionOfInterest:
    x, y, width, height = region
    return RegionOfInterest(x_offset=x, y_offset=y, width=width, height=height)
