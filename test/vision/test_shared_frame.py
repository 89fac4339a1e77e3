"""Frames that cross between processes; the channel is the one that carries them."""

import os

import numpy as np
import pytest

from glm4v_ros.vision import shared_frame
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.shared_frame import FrameHeader, SharedFrame


def test_a_frame_crosses_without_a_name(ends):
    one, other = ends
    frame = Frame(np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3))
    fds = [shared_frame.descriptor(frame) for _ in range(3)]
    one.send("three", fds)
    for fd in fds:
        os.close(fd)
    message, received = other.receive(5.0)
    assert message == "three" and len(received) == 3
    for fd in received:
        shared = SharedFrame(FrameHeader(frame.key, 7, 5), fd)
        assert np.array_equal(shared.frame().rgb, frame.rgb) and shared.frame().key == frame.key
        with pytest.raises(OSError):
            os.fstat(fd)


def test_a_frames_pixels_are_written_once_and_go_with_it():
    frame = Frame(np.zeros((4, 4, 3), np.uint8))
    one, other = shared_frame.descriptor(frame), shared_frame.descriptor(frame)
    assert one != other and os.fstat(one).st_ino == os.fstat(other).st_ino
    file = os.fstat(one)
    os.close(one)
    os.close(other)

    def still_open() -> bool:
        for fd in os.listdir("/proc/self/fd"):
            try:
                found = os.fstat(int(fd))
            except OSError:  # that of listdir itself
                continue
            if (found.st_dev, found.st_ino) == (file.st_dev, file.st_ino):
                return True
        return False

    assert still_open()
    del frame
    assert not still_open()


def test_a_memory_file_that_is_too_small():
    fd = shared_frame.descriptor(Frame(np.zeros((4, 4, 3), np.uint8)))
    with pytest.raises(ValueError):
        SharedFrame(FrameHeader("k", 5, 4), fd)
