"""Whether a camera sees something else than before."""

from __future__ import annotations

import cv2
import numpy as np

_SIZE = 192, 144  # of the small copies that are compared, pixels
_BLOCK = 8  # pixels of a small copy


def change(first: np.ndarray, second: np.ndarray) -> float:
    """How much two pictures differ where they differ most: the mean over a block 1/24 of the picture wide, in grey levels
    (0 to 255).

    ``first`` and ``second`` are (height, width, 3), uint8, RGB. What the sensor adds, which averages out in a block,
    counts little, and so does another exposure: the best gain and offset between the two are taken out.
    """
    one, other = _small(first), _small(second)
    spread = one.var()
    gain = ((one - one.mean()) * (other - other.mean())).mean() / spread if spread > 1.0 else 1.0
    rest = np.abs(other - other.mean() - gain * (one - one.mean()))
    width, height = _SIZE
    return float(rest.reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK).mean((1, 3)).max())


def _small(rgb: np.ndarray) -> np.ndarray:
    return cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), _SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
