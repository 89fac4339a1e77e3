"""A picture as it is sent."""

from __future__ import annotations

import base64

import cv2
import numpy as np

from glm4v_ros.vision.jpeg import simplejpeg

_QUALITY = 92  # of JPEG, with colours at full resolution: small coloured print stays legible
#: A token of GLM-4V's (and of Qwen-VL's) vision models stands for 2x2 patches of 14x14 pixels.
_TOKEN_SIDE = 28


def data_url(rgb: np.ndarray, max_tokens: int, encoding: str) -> str:
    """``rgb`` is (height, width, 3) uint8; it is made smaller until it has ``max_tokens`` image tokens (0: any number)."""
    rgb = _scaled(rgb, max_tokens)
    if encoding == "png":
        data = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 3])[1].tobytes()
    else:
        data = simplejpeg.encode_jpeg(np.ascontiguousarray(rgb), _QUALITY, "RGB", "444")
    return f"data:image/{encoding};base64,{base64.b64encode(data).decode()}"


def _scaled(rgb: np.ndarray, max_tokens: int) -> np.ndarray:
    height, width = rgb.shape[:2]
    scale = (max_tokens * _TOKEN_SIDE**2 / (height * width)) ** 0.5 if max_tokens else 1.0
    if scale >= 1:
        return rgb
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
