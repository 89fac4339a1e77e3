"""The newest frame of a chosen camera, made ready while nobody asks."""

from __future__ import annotations

import logging

from glm4v_ros.engine.chat_template import ChatTemplate, Message, Picture
from glm4v_ros.engine.kv_cache import KVCache
from glm4v_ros.engine.messages import Warm
from glm4v_ros.engine.sequence import Sequence
from glm4v_ros.engine.shared_frame import SharedFrame
from glm4v_ros.errors import VqaError
from glm4v_ros.vision.tower import ImageTokens

_log = logging.getLogger(__name__)


class WarmFrame:
    """At most one: first it is ``wanted`` and has to be encoded, then its ``sequence`` has to be prefilled."""

    def __init__(self, template: ChatTemplate, kv: KVCache):
        self._template = template
        self._kv = kv
        #: The frame that is still to be encoded or given its sequence.
        self.wanted: tuple[Warm, SharedFrame] | None = None
        self._sequence: Sequence | None = None

    @property
    def identity(self) -> tuple[str, int] | None:
        """Frame key and token budget of the frame that is wanted."""
        if self.wanted is None:
            return None
        message, frame = self.wanted
        return frame.key, message.max_image_tokens

    @property
    def sequence(self) -> Sequence | None:
        """What lacks cells of it."""
        if self._sequence is not None and (self._sequence.ready or not self._sequence.alive):
            self._sequence = None
        return self._sequence

    def allocate(self, image: ImageTokens) -> None:
        """Gives the frame, now that it was encoded, a sequence of the KV cache, unless it has one."""
        message, frame = self.wanted
        self.wanted = None
        try:
            picture = Picture(frame.key, message.max_image_tokens, image)
            layout = self._template.layout([Message("user", "", (picture,))], message.system_prompt)
            head = layout.head(layout.frame_cells)
            base, shared = self._kv.match(head)
            if shared < head.cells - 1:
                self._sequence = self._kv.allocate(head, 0, base, shared, kept=True)
        except VqaError as error:
            self.give_up(error)

    def give_up(self, error: VqaError) -> None:
        """Else it would be tried for ever."""
        self.wanted = None
        _log.warning("a frame could not be encoded ahead: %s", error)

    def leave(self, wanted: set[tuple[str, int]]) -> None:
        """A question came about the frames with these identities: drops work on any other one."""
        self.wanted = None
        sequence = self._sequence
        if sequence is None or sequence.layout.frame_keys & {key for key, _ in wanted}:
            return
        if sequence.alive and not sequence.ready and not sequence.users:
            self._kv.release(sequence)
        self._sequence = None
