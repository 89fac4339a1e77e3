"""Image tokens in RAM, so that a frame is encoded once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from glm4v_ros.vision.tower import ImageTokens


MOST = 128  # images; small ones would go on filling a large limit for hours, though nobody asks of them again


class EmbeddingStore:
    """Least recently used goes first once ``limit`` bytes or MOST images are passed, never one that ``pinned`` says is in use."""

    def __init__(self, limit: int, pinned: Callable[[tuple[str, int]], bool]):
        self._limit = limit
        self._pinned = pinned
        self._images: OrderedDict[tuple[str, int], ImageTokens] = OrderedDict()
        self.nbytes = 0
        #: Grows whenever ``frame_keys`` may have changed.
        self.changes = 0

    @property
    def frame_keys(self) -> set[str]:
        return {key for key, _ in self._images}

    def nbytes_of(self, identities: set[tuple[str, int]]) -> int:
        return sum(self._images[identity].nbytes for identity in identities if identity in self._images)

    def get(self, identity: tuple[str, int]) -> ImageTokens | None:
        """``identity`` is (frame key, token budget)."""
        image = self._images.get(identity)
        if image is not None:
            self._images.move_to_end(identity)
        return image

    def put(self, identity: tuple[str, int], image: ImageTokens) -> None:
        if identity not in self._images:
            self.nbytes += image.nbytes
        self._images[identity] = image
        self.changes += 1
        self.shrink()

    def shrink(self) -> None:
        """Back under the limits, as far as what is pinned allows."""
        for identity in list(self._images):
            if self.nbytes <= self._limit and len(self._images) <= MOST:
                break
            if not self._pinned(identity):
                self.nbytes -= self._images.pop(identity).nbytes
                self.changes += 1
