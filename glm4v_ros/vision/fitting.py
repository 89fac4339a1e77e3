"""The size at which a picture takes no more image tokens than are allowed."""

from __future__ import annotations

from collections.abc import Callable

from glm4v_ros.errors import Unsupported


def fitting(
    width: int, height: int, max_tokens: int, image_tokens: Callable[[int, int], int], smallest: int
) -> tuple[int, int]:
    """Width and height, made smaller until ``image_tokens`` of them is at most ``max_tokens`` (0: as they are). Raises Unsupported
    when even the longer side at ``smallest`` px takes more."""
    while max_tokens and (count := image_tokens(width, height)) > max_tokens:
        if max(width, height) <= smallest:
            raise Unsupported(f"max_image_tokens {max_tokens} is too few: the smallest picture takes {count}")
        scale = min(0.97, (max_tokens / count) ** 0.5)
        width, height = max(1, int(width * scale)), max(1, int(height * scale))
    return width, height
