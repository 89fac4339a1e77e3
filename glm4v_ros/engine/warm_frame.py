"""The newest frame of a chosen camera, made ready while nobody asks."""

from __future__ import annotations

import logging

from glm4v_ros.engine.chat_template import ChatTemplate, Message, Picture
from glm4v_ros.engine.frame_store import FrameStore
from glm4v_ros.engine.kv_cache import KVCache
from glm4v_ros.engine.messages import Warm
from glm4v_ros.engine.sequence import Sequence
from glm4v_ros.errors import VqaError
from glm4v_ros.vision.shared_frame import SharedFrame

_log = logging.getLogger(__name__)
_LAST = (float("inf"),)  # the encoder's order


class WarmFrame:
    """At most one: first it is wanted and has to be encoded, then its ``sequence`` has to be prefilled."""

    def __init__(self, template: ChatTemplate, kv: KVCache, frames: FrameStore):
        self._template = template
        self._kv = kv
        self._frames = frames
        self._wanted: tuple[Warm, SharedFrame] | None = None
        self._sequence: Sequence | None = None

    @property
    def wanted(self) -> bool:
        """It is still to be encoded or to be given its sequence."""
        return self._wanted is not None

    @property
    def sequence(self) -> Sequence | None:
        """What lacks cells of it."""
        sequence = self._sequence
        return sequence if sequence is not None and sequence.alive and not sequence.ready else None

    def want(self, message: Warm, frame: SharedFrame) -> None:
        """Replaces one that was not begun."""
        self._frames.drop(self)
        self._wanted = message, frame

    def build(self) -> None:
        """One step on, with nobody waiting."""
        if self._wanted is None:
            return
        message, frame = self._wanted
        identity = frame.key, message.max_image_tokens
        image = self._frames.hold(identity, self, _LAST, frame)
        if image is None:
            return
        try:
            self._allocate(message, Picture(*identity, image))
            self._wanted = None
            self._frames.drop(self)
        except VqaError as error:
            self.give_up(error)

    def give_up(self, error: VqaError) -> None:
        """Else it would be tried for ever."""
        _log.warning("a frame could not be made ready ahead: %s", error)
        self._end()

    def leave(self, keys: set[str]) -> None:
        """A question came about the frames with these keys: drops work on any other one."""
        self._wanted = None
        self._frames.drop(self)
        if self._sequence is not None and not self._sequence.layout.frame_keys & keys:
            self._end()

    def _end(self) -> None:
        self._wanted = None
        self._frames.drop(self)
        sequence, self._sequence = self._sequence, None
        if sequence is not None and sequence.alive and not sequence.ready and not sequence.users:
            self._kv.release(sequence)

    def _allocate(self, message: Warm, picture: Picture) -> None:
        layout = self._template.layout([Message("user", "", (picture,))], message.system_prompt)
        head = layout.head(layout.frame_cells)
        base, shared = self._kv.match(head)
        if shared < head.cells - 1:
            self._sequence = self._kv.allocate(head, 0, base, shared, kept=True)
