"""A frame as GLM-4v-9b's vision tower reads it."""

from __future__ import annotations

import numpy as np
from PIL import Image


def patches(rgb: np.ndarray, image_size: int, patch_size: int, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """The picture squashed to a square, normalised and cut into patches.

    ``rgb`` is (height, width, 3) uint8; ``mean`` and ``std`` are (3,), of values in [0, 1]. Returns float32 of shape
    (n, 3 * patch_size**2): patches in reading order, each with its channels one after the other, rows within a channel.

    The model's own transform is torchvision's Resize(BICUBIC) of a PIL image, ToTensor, Normalize. Pillow's bicubic is
    part of it: it widens the kernel when it shrinks, which OpenCV's does not.
    """
    square = Image.fromarray(rgb).resize((image_size, image_size), Image.BICUBIC)
    side = image_size // patch_size
    pixels = np.asarray(square).reshape(side, patch_size, side, patch_size, 3)
    pixels = pixels.transpose(0, 2, 4, 1, 3).reshape(side * side, 3, patch_size * patch_size)
    # 256 values a channel: looked up, they round exactly as if every pixel were computed.
    levels = np.arange(256, dtype=np.float32) / np.float32(255)
    normalised = (levels[:, None] - mean.astype(np.float32)) / std.astype(np.float32)
    return np.stack([normalised[pixels[:, c], c] for c in range(3)], axis=1).reshape(side * side, -1)
