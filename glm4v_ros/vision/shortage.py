"""Whether the system had no memory for a picture."""

from __future__ import annotations

import cv2


def is_shortage(error: Exception) -> bool:
    """Python and NumPy say it with MemoryError, OpenCV with an error of its own."""
    return isinstance(error, MemoryError) or (isinstance(error, cv2.error) and error.code == cv2.Error.StsNoMem)
