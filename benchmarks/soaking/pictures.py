"""Pictures of 224x224 px that each show a serial number of their own, in a style that glm4v-nano reads."""

from __future__ import annotations

import itertools
from array import array

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image

SIDE = 224  # px
QUESTION = "What is the serial number?"
_WEIGHTS = (1, 3, 7, 9, 1, 3)  # each prime to 10: no single digit read wrongly makes another serial
_FONT, _INK, _GROUND = cv2.FONT_HERSHEY_SIMPLEX, (20, 20, 20), (235, 235, 235)


def is_serial(text: str) -> bool:
    """Six digits, no two alike side by side (the model drops one of those), with a weighted sum that ends in 0."""
    return (
        len(text) == 6
        and text.isascii()
        and text.isdigit()
        and all(one != other for one, other in itertools.pairwise(text))
        and sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text, strict=True)) % 10 == 0
    )


def serials() -> list[str]:
    """All 58,968 of them, in an order that is always the same and looks like none."""
    numbers = np.arange(1_000_000)
    digits = numbers[:, None] // 10 ** np.arange(5, -1, -1) % 10
    right = (digits @ _WEIGHTS % 10 == 0) & (digits[:, 1:] != digits[:, :-1]).all(axis=1)
    return [f"{number:06}" for number in np.random.default_rng(20).permutation(numbers[right])]


def draw(serial: str) -> np.ndarray:
    """(224, 224, 3) uint8 RGB; the same serial always gives the same bytes."""
    rgb = np.full((SIDE, SIDE, 3), _GROUND, np.uint8)
    for text, scale, thickness, middle in (("S/N", 0.7, 2, 53), (serial, 1.5, 3, 112)):
        (width, height), _ = cv2.getTextSize(text, _FONT, scale, thickness)
        cv2.putText(
            rgb, text, ((SIDE - width) // 2, middle + height // 2), _FONT, scale, _INK, thickness, cv2.LINE_AA
        )
    return rgb


def image(serial: str) -> Image:
    """A sensor_msgs/Image, rgb8, without a stamp."""
    message = Image(encoding="rgb8", width=SIDE, height=SIDE, step=SIDE * 3)
    message.data = _bytes(draw(serial).tobytes())
    return message


def compressed(serial: str) -> CompressedImage:
    """A PNG, without a stamp."""
    message = CompressedImage(format="png")
    message.data = _bytes(cv2.imencode(".png", draw(serial)[..., ::-1])[1].tobytes())
    return message


def garbage(number: int) -> Image | CompressedImage:
    """Something that says that it is a picture and is none; one of eight kinds."""
    rgb, png, rng = image("010101"), compressed("010101"), np.random.default_rng(number)
    kind = number % 8
    if kind == 0:
        rgb.data = rgb.data[: len(rgb.data) // 2]
    elif kind == 1:
        rgb.encoding = "no encoding at all" * 20
    elif kind == 2:
        rgb.width, rgb.step = 2**32 - 1, 2**32 - 1
    elif kind == 3:
        rgb.height = 0
    elif kind == 4:
        rgb.step = 1
    elif kind == 5:
        png.data = png.data[: len(png.data) // 3]
    elif kind == 6:
        png.data = _bytes(rng.bytes(5000))
    else:  # a header that promises 60000x60000 pixels
        png.data = _bytes(bytes(png.data[:16]) + (60_000).to_bytes(4, "big") * 2 + bytes(png.data[24:]))
    return rgb if kind < 5 else png


def _bytes(data: bytes) -> array:
    made = array("B")
    made.frombytes(data)
    return made
