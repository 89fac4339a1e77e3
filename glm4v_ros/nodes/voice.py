"""Who may speak: one answer at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

from glm4v_ros.errors import Canceled, VqaError
from glm4v_ros.msg import Sentence
from glm4v_ros.nodes.guard import subscribe
from glm4v_ros.nodes.sentences import Sentences

# The sentences of one answer come in a burst at its end.
SENTENCE_QOS = QoSProfile(history=HistoryPolicy.KEEP_ALL, reliability=ReliabilityPolicy.RELIABLE)


class Voice:
    """Gives the voice to one spoken answer at a time, its owner; docs/voice.md has the rule.

    Sentences go out on ``~/speech`` with their owner, and on ``~/sentences`` without. On ``~/silence`` goes, and comes,
    the name of an owner of which nothing more is to be heard: out when another one takes the voice or when its
    question was canceled, in when a person said stop. May be called from any thread.
    """

    def __init__(self, node: Node):
        self._lock = threading.RLock()
        self._owner: _Speech | None = None
        self._waiting: list[_Speech] = []
        self._heard: list[_Speech] = []  # written completely, and maybe still being said
        self._speech = node.create_publisher(Sentence, "~/speech", SENTENCE_QOS)
        self._sentences = node.create_publisher(String, "~/sentences", SENTENCE_QOS)
        self._silence = node.create_publisher(String, "~/silence", SENTENCE_QOS)
        subscribe(node, String, "~/silence", self._on_silence, SENTENCE_QOS)

    @property
    def owner(self) -> str:
        """Whose answer is being written for the voice; empty: nobody's."""
        with self._lock:
            return self._owner.owner if self._owner else ""

    def claim(self, owner: str, priority: int, whole: bool, cancel: Callable[[], None]) -> Speech:
        """A place for an answer that is to be heard. It takes the voice from an owner of the same or a lower
        ``priority``, and waits for one of a higher.

        ``owner`` is the request's id; ``whole``: nothing is said before the answer is complete. ``cancel`` ends the
        question: called when a person wants silence, never because another answer is heard.
        """
        with self._lock:
            speech = _Speech(owner, priority, cancel)
            self._send(speech, "")  # announced, so that a stop that comes before its first sentence names it
            if self._owner and self._owner.priority > priority:
                self._waiting.append(speech)
            else:
                for other in (*self._heard, *filter(None, [self._owner])):
                    if other.priority <= priority:  # the voice says its sentences in order: a higher one's first
                        self._hush(other)
                self._heard = [other for other in self._heard if not other.hushed]
                self._owner = speech
                self._sentences.publish(String())  # a new answer begins
            return Speech(self, speech, whole)

    def _give(self, speech: _Speech, sentences: list[str], last: bool) -> None:
        with self._lock:
            if speech.hushed:
                return
            speech.held += sentences
            speech.complete |= last
            if speech is self._owner:
                self._let_go()

    def _end(self, speech: _Speech) -> None:
        """Nothing more of it is said, of what was written neither."""
        with self._lock:
            self._hush(speech)
            self._forget(speech)

    def _let_go(self) -> None:
        """Publishes what the owner has; when that is all, the next one's turn comes."""
        while speech := self._owner:
            sentences, speech.held = speech.held, []
            for number, sentence in enumerate(sentences, 1):
                self._sentences.publish(String(data=sentence))
                self._send(speech, sentence, speech.complete and number == len(sentences))
            if not speech.complete:
                return
            if not sentences:
                self._send(speech, "", True)
            self._heard.append(speech)
            self._owner = self._next()

    def _next(self) -> _Speech | None:
        if not self._waiting:
            return None
        speech = max(self._waiting, key=lambda waiting: waiting.priority)  # of equal ones the first
        self._waiting.remove(speech)
        return speech

    def _forget(self, speech: _Speech) -> None:
        for others in (self._waiting, self._heard):
            if speech in others:
                others.remove(speech)
        if speech is self._owner:
            self._owner = self._next()
            self._let_go()

    def _hush(self, speech: _Speech) -> None:
        if not speech.hushed:
            speech.hushed = True
            self._silence.publish(String(data=speech.owner))

    def _send(self, speech: _Speech, text: str, last: bool = False) -> None:
        self._speech.publish(Sentence(owner=speech.owner, index=speech.sent, text=text, last=last))
        speech.sent += 1

    def _on_silence(self, message: String) -> None:
        with self._lock:
            named = [
                speech
                for speech in (*self._heard, *self._waiting, *filter(None, [self._owner]))
                if speech.owner == message.data
            ]
            for speech in named:
                speech.hushed = True  # who said it knows
                self._forget(speech)
        for speech in named:
            if not speech.complete:
                speech.cancel()


class _Speech:
    """What the voice knows of one answer."""

    def __init__(self, owner: str, priority: int, cancel: Callable[[], None]):
        self.owner = owner
        self.priority = priority
        self.cancel = cancel
        self.held: list[str] = []  # sentences that were not published yet
        self.complete = False
        self.hushed = False
        self.sent = 0  # messages


class Speech(Sentences):
    """One answer's place at the voice."""

    def __init__(self, voice: Voice, speech: _Speech, whole: bool):
        super().__init__(lambda sentences, last: voice._give(speech, sentences, last), whole)
        self._end = lambda: voice._end(speech)

    def close(self, text: str, error: VqaError | None) -> None:
        """The answer has ended: complete with ``text``, or with an error. Of a canceled one nothing more is heard."""
        if error is None:
            self.finish(text)
        elif isinstance(error, Canceled):
            self._end()
        else:
            self.break_off()
