"""A frame on its way to the worker: pixels in a memory file without a name."""

from __future__ import annotations

import mmap
import os
import weakref
from dataclasses import dataclass

import numpy as np

from glm4v_ros.vision.frame import Frame


@dataclass(frozen=True)
class FrameHeader:
    """What is known of a frame without its pixels."""

    key: str
    width: int
    height: int


_written: weakref.WeakKeyDictionary[Frame, int] = weakref.WeakKeyDictionary()


def descriptor(frame: Frame) -> int:
    """Of a memory file with the frame's pixels, written once for all questions about this frame; the caller closes it."""
    fd = _written.get(frame)
    if fd is None:
        fd = _written[frame] = _write(frame)
        weakref.finalize(frame, os.close, fd)
    return os.dup(fd)


def _write(frame: Frame) -> int:
    fd = os.memfd_create("glm4v_frame", os.MFD_CLOEXEC)
    try:
        pixels = memoryview(frame.rgb).cast("B")
        while pixels:  # twice as fast as through a mapping, which is a fault for every page
            pixels = pixels[os.write(fd, pixels) :]
    except BaseException:
        os.close(fd)
        raise
    return fd


class SharedFrame:
    """The worker's view of a frame; its memory goes back to the system with the last reference."""

    def __init__(self, header: FrameHeader, fd: int):
        self.header = header
        try:
            size = header.width * header.height * 3
            if os.fstat(fd).st_size < size:
                raise ValueError(f"the memory file holds less than {header.width}x{header.height} pixels")
            self._memory = mmap.mmap(fd, size, prot=mmap.PROT_READ)
        finally:
            os.close(fd)

    @property
    def key(self) -> str:
        return self.header.key

    def frame(self) -> Frame:
        """The picture itself, read-only, without a copy."""
        header = self.header
        return Frame(np.frombuffer(self._memory, np.uint8).reshape(header.height, header.width, 3))
