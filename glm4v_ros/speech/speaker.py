"""Says one sentence after the other and falls silent when told to."""

from __future__ import annotations

import heapq
import itertools
import math
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress

from glm4v_ros.speech.output import Output, Playback
from glm4v_ros.speech.pcm import Pcm
from glm4v_ros.speech.spoken_form import spoken_runs
from glm4v_ros.speech.synthesizer import Synthesizer
from glm4v_ros.speech.trouble import Trouble
from glm4v_ros.speech.utterance import Sentence, Utterance
from glm4v_ros.speech.voice import Repeated, SpeechError

MAX_CHARACTERS = 10_000  # of one text, a quarter of an hour of speech
_LANGUAGE = re.compile("[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8})*")


class Speaker:
    """A bounded queue of sentences in front of a voice and an output.

    Thread-safe. ``rate`` (words a minute), ``volume`` (0 to 1), ``language`` (of text that does not show its own) and
    ``repeat_window`` (seconds in which a sentence of one text is not said again for another; 0: off) may be changed while
    it speaks. ``on_speaking`` is called with True before the first sound and with False ``tail`` seconds after the last;
    ``on_error`` once for each new trouble. Both are called from the speaker's thread. With ``recheck`` (seconds) voice and
    output are tried before anything is said, and again so often while they are in trouble and nobody speaks.
    """

    def __init__(
        self,
        synthesizer: Synthesizer,
        output: Output,
        *,
        max_queue: int = 100,
        rate: int = 170,
        volume: float = 1.0,
        language: str = "en",
        repeat_window: float = 5.0,
        tail: float = 0.3,
        recheck: float | None = None,
        on_speaking: Callable[[bool], None] = lambda speaking: None,
        on_error: Callable[[SpeechError], None] = lambda error: None,
    ):
        self.rate = rate
        self.volume = volume
        self.language = language
        self.repeat_window = repeat_window
        self.max_queue = max_queue  # sentences
        self._tail = tail
        self._on_speaking = on_speaking
        self._on_error = on_error
        self._synthesizer = synthesizer
        self._output = output
        self._changed = threading.Condition()
        self._queue: list[tuple[int, int, Sentence]] = []  # a heap: higher priority first, then as they came
        self._order = itertools.count()
        self._recent: dict[str, float] = {}  # sentence -> when it was said; infinity: it waits
        self._current: Sentence | None = None
        self._playback: Playback | None = None
        self._speaking = False
        self._recheck = recheck
        self._closed = False
        self.said = 0  # sentences that were said to their end
        self.voice_trouble, self.output_trouble = Trouble(self._report), Trouble(self._report)
        self._synthesis = ThreadPoolExecutor(1, "synthesis")
        self._thread = threading.Thread(target=self._run, name="speaker", daemon=True)
        self._thread.start()

    @property
    def speaking(self) -> bool:
        return self._speaking

    @property
    def queued(self) -> int:
        return len(self._queue)

    @property
    def voice_restarts(self) -> int:
        return self._synthesizer.restarts

    def say(
        self,
        text: str,
        language: str = "",
        priority: int = 0,
        interrupt: bool = False,
        on_sentence: Callable[[str], None] | None = None,
        again: bool = False,
    ) -> Utterance:
        """Puts ``text`` into the queue, cut into sentences; SpeechError if there is no room for it, or if it is nothing
        that anybody says.

        ``interrupt`` silences everything else first. Without it and without ``again``, sentences that another text said
        within the repeat window are left out, and the utterance ends with Repeated.
        """
        if len(text) > MAX_CHARACTERS:
            raise SpeechError(f"the text has {len(text)} characters; at most {MAX_CHARACTERS} are said at once")
        if language and not _LANGUAGE.fullmatch(language):
            raise SpeechError(f"language is a BCP 47 tag such as zh or en, not {language[:40]!r}")
        utterance = Utterance(text, language, priority, on_sentence)
        if not utterance.sentences:
            raise SpeechError(f"there is nothing to say in {text[:40]!r}: it has no word and no number")
        if interrupt:
            self.stop()
        with self._changed:
            if self._closed:
                raise SpeechError("the voice is shut down")
            fresh = utterance.sentences if interrupt or again else self._not_repeated(utterance.sentences)
            if len(self._queue) + len(fresh) > self.max_queue:
                raise SpeechError(
                    f"{len(self._queue)} sentences wait already, no room for {len(fresh)} more: see max_queue"
                )
            now = time.monotonic()
            self._recent = {key: said for key, said in self._recent.items() if now - said < self.repeat_window}
            for sentence in fresh:
                heapq.heappush(self._queue, (-priority, next(self._order), sentence))
                self._recent[sentence.key] = math.inf
            self._changed.notify_all()
        if repeated := [sentence.text for sentence in utterance.sentences if sentence not in fresh]:
            why = f"not said again within {self.repeat_window:g} s: {' '.join(repeated)[:200]!r}; see repeat_window, or interrupt"
            utterance.leave_out(len(repeated), Repeated(why))
        return utterance

    def stop(self) -> int:
        """Silence at once; drops what waits. How many sentences were cut off or dropped.

        A new conversation turn begins, so what was said before may be said again.
        """
        dropped = self._drop(lambda utterance: True)
        with self._changed:
            self._recent.clear()
        return dropped

    def cancel(self, utterance: Utterance) -> None:
        """Takes one utterance out of the queue, or out of the robot's mouth."""
        self._drop(lambda other: other is utterance)

    def close(self) -> None:
        """Silence, and the end of the voice's process and of the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.stop()
        self._synthesis.shutdown(wait=False, cancel_futures=True)
        self._synthesizer.close()
        self._thread.join()
        self._output.close()

    def _not_repeated(self, sentences: list[Sentence]) -> list[Sentence]:
        if not self.repeat_window:
            return sentences
        now = time.monotonic()
        return [
            sentence
            for sentence in sentences
            if now - self._recent.get(sentence.key, -math.inf) >= self.repeat_window
        ]

    def _drop(self, is_meant: Callable[[Utterance], bool]) -> int:
        with self._changed:
            dropped = [entry[2] for entry in self._queue if is_meant(entry[2].utterance)]
            self._queue = [entry for entry in self._queue if not is_meant(entry[2].utterance)]
            heapq.heapify(self._queue)
            if self._current and is_meant(self._current.utterance):
                dropped.append(self._current)
                if self._playback:
                    self._playback.stop()
            for sentence in dropped:
                self._recent.pop(sentence.key, None)  # it was not said, so it may be said again
                if sentence.sound:
                    sentence.sound.cancel()
        for sentence in dropped:
            sentence.utterance.end(False)
        return len(dropped)

    def _run(self) -> None:
        if self._recheck is not None:
            self._try(self.voice_trouble, self._synthesizer.start)
            self._try(self.output_trouble, self._output.check)
        while sentence := self._next():
            try:
                self._say(sentence)
            except CancelledError:
                pass  # stopped before it was synthesised
            except Exception as error:  # whatever it is, the next sentence gets its chance
                with self._changed:
                    self._recent.pop(sentence.key, None)
                sentence.utterance.end(error)
            finally:
                with self._changed:
                    self._current = self._playback = None
        self._set_speaking(False)

    def _next(self) -> Sentence | None:
        def awake() -> bool:
            return bool(self._queue) or self._closed

        with self._changed:
            if self._speaking:
                self._changed.wait_for(awake, self._tail)
            idle = not self._queue
        if idle:
            self._set_speaking(False)
        while True:
            in_trouble = self.voice_trouble.text or self.output_trouble.text
            with self._changed:
                if self._changed.wait_for(awake, self._recheck if in_trouble else None):
                    if self._closed:
                        return None
                    self._current = heapq.heappop(self._queue)[2]
                    return self._current
            if self.voice_trouble.text:
                self._try(self.voice_trouble, self._synthesizer.start)
            if self.output_trouble.text:
                self._try(self.output_trouble, self._output.check)

    def _try(self, trouble: Trouble, part: Callable[[], None]) -> None:
        try:
            part()
            trouble.clear()
        except Exception as error:
            trouble.note(error)

    def _report(self, error: SpeechError) -> None:
        if not self._closed:
            with suppress(Exception):  # a listener's trouble must not end the voice
                self._on_error(error)

    def _set_speaking(self, speaking: bool) -> None:
        if speaking != self._speaking:
            self._speaking = speaking
            with suppress(Exception):  # a listener's trouble must not end the voice
                self._on_speaking(speaking)

    def _say(self, sentence: Sentence) -> None:
        self._begin_synthesis(sentence)
        try:
            pcm = sentence.sound.result().scaled(self.volume)
        except CancelledError:
            raise
        except Exception as error:
            raise self.voice_trouble.note(error) from error
        self.voice_trouble.clear()
        self._set_speaking(True)
        try:
            with self._changed:
                if sentence.utterance.done:
                    return
                self._playback = self._output.play(pcm)
                if self._queue and not self._closed:
                    self._begin_synthesis(self._queue[0][2])  # while this one is heard
            if sentence.utterance.on_sentence:
                sentence.utterance.on_sentence(sentence.text)
            self._playback.wait()
        except Exception as error:
            raise self.output_trouble.note(error) from error
        self.output_trouble.clear()
        with self._changed:
            if sentence.utterance.done:
                return
            self._recent[sentence.key] = time.monotonic()
            self.said += 1
        sentence.utterance.sentence_said()

    def _begin_synthesis(self, sentence: Sentence) -> None:
        if sentence.sound is None:
            sentence.sound = self._synthesis.submit(self._synthesize, sentence)

    def _synthesize(self, sentence: Sentence) -> Pcm:
        runs = spoken_runs(sentence.text, sentence.utterance.language, self.language)
        sounds = [self._synthesizer.synthesize(words, language, self.rate) for language, words in runs]
        if not any(sound.data for sound in sounds):
            raise SpeechError(f"the voice made no sound of {sentence.text[:40]!r}")
        rate = sounds[0].sample_rate
        return Pcm(b"".join(sound.resampled(rate).data for sound in sounds), rate)

