"""Whether the system had no memory for a picture."""

from __future__ import annotations

import sys


def is_shortage(error: Exception) -> bool:
    """Python and NumPy say it with MemoryError, OpenCV with an error of its own."""
    cv2 = sys.modules.get("cv2")  # not loaded for this: what it did not load, it did not raise
    return isinstance(error, MemoryError) or (cv2 is not None and isinstance(error, cv2.error) and error.code == cv2.Error.StsNoMem)
