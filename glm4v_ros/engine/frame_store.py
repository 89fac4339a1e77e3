"""Which frames are encoded, and who needs them: requests, sessions and the warm frame."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable

from glm4v_ros.engine.encoder import EncodeJob, Encoder
from glm4v_ros.engine.messages import Encoded, Evicted
from glm4v_ros.vision.shared_frame import SharedFrame
from glm4v_ros.vision.tower import ImageTokens

MOST = 128  # images; small ones would go on filling a large limit for hours, though nobody asks of them again
Identity = tuple[str, int]  # frame key, token budget


class FrameStore:
    """Image tokens in RAM, so that a frame is encoded once, and the jobs that make them.

    A frame stays while it has an owner. Of the others the least recently used go first once ``limit`` bytes or MOST images
    are passed.
    """

    def __init__(self, limit: int, encoder: Encoder):
        self._limit = limit
        self._encoder = encoder
        self._images: OrderedDict[Identity, ImageTokens] = OrderedDict()
        self._jobs: dict[Identity, EncodeJob] = {}
        self._owners: defaultdict[Identity, dict[Hashable, tuple]] = defaultdict(dict)  # with the order of each
        self._held: defaultdict[Hashable, set[Identity]] = defaultdict(set)
        self._keepers: dict[Identity, set[Hashable]] = {}  # owners that last
        self._told: set[str] = set()
        #: Whether ``tell`` has something new.
        self.changed = False
        self.nbytes = self._kept_bytes = 0

    @property
    def keys(self) -> set[str]:
        return {key for key, _ in self._images}

    @property
    def kept_keys(self) -> set[str]:
        """Of frames whose owners last."""
        return {key for key, _ in self._keepers}

    @property
    def too_much_kept(self) -> bool:
        """What lasting owners hold passes the limit by itself."""
        return self._kept_bytes > self._limit

    def hold(self, identity: Identity, owner: Hashable, order: tuple, frame: SharedFrame) -> ImageTokens | None:
        """The frame's image tokens, which stay until ``owner`` drops them. None while they are being made, after those for whom
        ``order`` is lower."""
        self._owners[identity][owner] = order
        self._held[owner].add(identity)
        if (image := self.get(identity)) is not None:
            return image
        job = self._jobs.get(identity)
        if job is None or job.unwanted:
            job = self._jobs[identity] = EncodeJob(frame, identity[1], order)
            self._encoder.submit(job)
        job.priority = min(job.priority, order)
        return None

    def keep(self, identity: Identity, owner: Hashable, image: ImageTokens) -> None:
        """Holds tokens that are there, for an owner that lasts."""
        self._owners[identity][owner] = ()
        self._held[owner].add(identity)
        self._put(identity, image)
        keepers = self._keepers.setdefault(identity, set())
        if not keepers:
            self._kept_bytes += image.nbytes
        keepers.add(owner)

    def drop(self, owner: Hashable) -> None:
        """Everything that it holds; work that nobody else waits for ends."""
        for identity in self._held.pop(owner, ()):
            owners = self._owners[identity]
            del owners[owner]
            if keepers := self._keepers.get(identity):
                keepers.discard(owner)
                if not keepers:
                    del self._keepers[identity]
                    self._kept_bytes -= self._images[identity].nbytes
            if not owners:
                del self._owners[identity]
            if (job := self._jobs.get(identity)) is not None:
                job.unwanted = not owners
                job.priority = min(owners.values(), default=job.priority)
                self._encoder.look()
        self._shrink()

    def get(self, identity: Identity) -> ImageTokens | None:
        image = self._images.get(identity)
        if image is not None:
            self._images.move_to_end(identity)
        return image

    def ended(self, job: EncodeJob) -> list[Hashable]:
        """Takes what a job made. Its owners."""
        if self._jobs.get(job.identity) is job:
            del self._jobs[job.identity]
        if job.image is not None:
            self._put(job.identity, job.image)
            self._shrink()
        elif job.error is None:
            return []
        return [*self._owners.get(job.identity, ())]

    def owners(self, identity: Identity) -> list[Hashable]:
        return [*self._owners.get(identity, ())]

    def tell(self, in_cells: set[str], put: Callable[[object], None]) -> None:
        """Tells ``put`` which frames became encoded and which no longer are, ``in_cells`` being those in the KV cache."""
        self.changed = False
        encoded = self.keys | in_cells
        for key in encoded - self._told:
            put(Encoded(key))
        for key in self._told - encoded:
            put(Evicted(key))
        self._told = encoded

    def _put(self, identity: Identity, image: ImageTokens) -> None:
        if identity not in self._images:
            self.nbytes += image.nbytes
            self._images[identity] = image
            self.changed = True
        self._images.move_to_end(identity)

    def _shrink(self) -> None:
        """Back under the limits, as far as its owners allow."""
        if self.nbytes <= self._limit and len(self._images) <= MOST:
            return
        for identity in [identity for identity in self._images if identity not in self._owners]:
            if self.nbytes <= self._limit and len(self._images) <= MOST:
                break
            self.nbytes -= self._images.pop(identity).nbytes
            self.changed = True
