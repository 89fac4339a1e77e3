"""Whose sentences are being said, where they come one by one."""

from __future__ import annotations

import threading
from collections import OrderedDict

from glm4v_ros.speech.speaker import Speaker
from glm4v_ros.speech.utterance import Utterance

_REMEMBERED = 256  # owners; those that were silenced, so that what is still under way from them is not said


class Owners:
    """Gives a speaker the sentences of owners who are known by name. Thread-safe."""

    def __init__(self, speaker: Speaker):
        self._speaker = speaker
        self._lock = threading.Lock()
        self._there: OrderedDict[str, _Owner] = OrderedDict()  # announced, and not said to their end
        self._silenced: OrderedDict[str, None] = OrderedDict()

    @property
    def there(self) -> list[str]:
        """Of whom something is still to be heard, or to be written, in their order."""
        with self._lock:
            self._forget_ended()
            return list(self._there)

    def take(self, name: str, index: int, text: str, last: bool) -> None:
        """The owner's message number ``index``, counted from 0; one that came before, or of an owner who was silenced, is
        ignored. SpeechError if it cannot be said."""
        with self._lock:
            if name in self._silenced:
                return
            self._forget_ended()
            owner = self._there.setdefault(name, _Owner())
            while len(self._there) > _REMEMBERED:  # of writers that were killed before their last sentence
                self._there.popitem(last=False)
            if index < owner.next_index:
                return
            owner.next_index = index + 1
            owner.last = last
            if text:  # within the lock: a silence that comes next must find it
                owner.utterances = [utterance for utterance in owner.utterances if not utterance.done]
                # Of one answer each sentence is meant, be it the same as the one before.
                owner.utterances.append(self._speaker.say(text, again=True))

    def silence(self, name: str) -> None:
        """Nothing more of this owner is heard, and nothing that still comes."""
        with self._lock:
            owner = self._there.pop(name, None)
            self._remember(name)
        for utterance in owner.utterances if owner else ():
            self._speaker.cancel(utterance)

    def silence_all(self) -> list[str]:
        """Likewise for all of them; their names."""
        names = self.there
        for name in names:
            self.silence(name)
        return names

    def _forget_ended(self) -> None:
        for name in [name for name, owner in self._there.items() if owner.ended]:
            del self._there[name]

    def _remember(self, name: str) -> None:
        self._silenced[name] = None
        while len(self._silenced) > _REMEMBERED:
            self._silenced.popitem(last=False)


class _Owner:
    def __init__(self):
        self.next_index = 0
        self.last = False
        self.utterances: list[Utterance] = []

    @property
    def ended(self) -> bool:
        return self.last and all(utterance.done for utterance in self.utterances)
