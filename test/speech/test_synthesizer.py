"""The real voice, in its real process."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future

import numpy as np
import pytest

from glm4v_ros.speech.synthesizer import Synthesizer
from glm4v_ros.speech.voice import SpeechError, VoiceConfig


@pytest.fixture(scope="module")
def synthesizer():
    synthesizer = Synthesizer()
    yield synthesizer
    synthesizer.close()


@pytest.mark.parametrize(
    "words, language", [("The pump is running.", "en"), ("水泵正在运行。", "zh-CN"), ("Die Pumpe läuft.", "de")]
)
def test_words_become_sound(synthesizer, words, language):
    pcm = synthesizer.synthesize(words, language)
    assert 0.5 < pcm.seconds < 5
    assert np.abs(np.frombuffer(pcm.data, "<i2")).max() > 1000


def test_languages_have_different_voices(synthesizer):
    assert synthesizer.synthesize("一二三", "zh").data != synthesizer.synthesize("一二三", "en").data


def test_rate(synthesizer):
    slow, fast = (synthesizer.synthesize("The pump is running.", "en", rate).seconds for rate in (100, 300))
    assert slow > 1.5 * fast


def test_a_change_of_voice_and_rate_is_in_time_for_its_sentence(synthesizer):
    """espeak-ng works asynchronously: without care, one sentence in eight had the rate of the one before."""
    cases = [
        ("The pump is running.", "en", 450),
        ("水泵正在运行。", "zh", 450),
        ("The pump is running.", "en", 150),
        ("水泵正在运行。", "zh", 150),
    ]
    expected = [synthesizer.synthesize(*case).seconds for case in cases]
    assert expected[2] > 2 * expected[0] and expected[3] > 2 * expected[1]
    for _ in range(25):
        assert [synthesizer.synthesize(*case).seconds for case in cases] == pytest.approx(expected, rel=0.1)


def test_an_unknown_language_is_an_error_and_the_next_sentence_is_said(synthesizer):
    with pytest.raises(SpeechError, match="no voice for the language 'xx'"):
        synthesizer.synthesize("hello", "xx")
    assert synthesizer.synthesize("hello", "en").data


def test_a_process_that_was_killed_is_replaced(synthesizer):
    synthesizer.start()
    before = synthesizer.restarts
    os.kill(synthesizer.pid, signal.SIGKILL)
    os.waitid(os.P_PID, synthesizer.pid, os.WEXITED | os.WNOWAIT)
    assert synthesizer.synthesize("hello", "en").data
    assert synthesizer.restarts == before + 1


def test_a_process_that_hangs_costs_one_sentence():
    synthesizer = Synthesizer()
    synthesizer.start()
    os.kill(synthesizer.pid, signal.SIGSTOP)
    synthesizer.timeout = 0.5
    with pytest.raises(SpeechError, match="took more than 0.5 s"):
        synthesizer.synthesize("hello", "en")
    synthesizer.timeout = 20
    assert synthesizer.synthesize("hello", "en").data
    synthesizer.close()


def outcome(synthesizer) -> Future:
    """Of a synthesis in a thread of its own."""
    future = Future()

    def synthesize():
        try:
            future.set_result(synthesizer.synthesize("hello", "en"))
        except Exception as error:
            future.set_exception(error)

    threading.Thread(target=synthesize).start()
    return future


def test_close_ends_a_synthesis_under_way_and_leaves_no_process():
    synthesizer = Synthesizer(timeout=60)
    synthesizer.start()
    pid = synthesizer.pid
    os.kill(pid, signal.SIGSTOP)
    future = outcome(synthesizer)
    synthesizer.close()
    assert isinstance(future.exception(20), SpeechError)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_close_while_a_dead_process_is_replaced_leaves_no_process(monkeypatch):
    """It did not see the new process, waited for its sentence, and the sentence was said after the end."""
    synthesizer = Synthesizer(timeout=60)
    synthesizer.start()
    os.kill(synthesizer.pid, signal.SIGKILL)
    os.waitid(os.P_PID, synthesizer.pid, os.WEXITED | os.WNOWAIT)
    closing = threading.Thread(target=synthesizer.close)
    started = []
    popen = subprocess.Popen

    def start_slowly(*arguments, **keywords):
        closing.start()
        closing.join(0.5)  # it may do all that it does without waiting
        started.append(popen(*arguments, **keywords))
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", start_slowly)
    with pytest.raises(SpeechError, match="shut down"):
        synthesizer.synthesize("hello", "en")
    closing.join()
    assert started[0].returncode == -signal.SIGKILL


def test_a_process_that_cannot_be_started_costs_one_sentence(monkeypatch):
    synthesizer = Synthesizer()
    with monkeypatch.context() as context:
        context.setattr(sys, "executable", "/nowhere/python")
        with pytest.raises(SpeechError, match="could not be started"):
            synthesizer.synthesize("hello", "en")
    assert synthesizer.synthesize("hello", "en").data
    synthesizer.close()


def test_a_module_in_the_working_directory_is_not_taken_for_an_installed_one(monkeypatch, tmp_path):
    (tmp_path / "pyttsx3.py").write_text("raise ImportError")
    monkeypatch.chdir(tmp_path)
    synthesizer = Synthesizer()
    assert synthesizer.synthesize("hello", "en").data
    synthesizer.close()


def test_piper_that_is_not_installed(monkeypatch, tmp_path):
    # A module that cannot be imported, whether the real one is installed or not.
    (tmp_path / "piper.py").write_text("raise ImportError")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(SpeechError, match="-DGLM4V_PIPER=ON"):
        Synthesizer(VoiceConfig("piper", {"en": "/nowhere/voice.onnx"})).start()


PIPER = """
class SynthesisConfig:
    def __init__(self, length_scale):
        self.length_scale = length_scale

class Chunk:
    sample_rate, sample_channels = 16000, 1
    def __init__(self, data):
        self.audio_int16_bytes = data

class PiperVoice:
    @staticmethod
    def load(path, download_dir=None):
        voice = PiperVoice()
        voice.path = path
        return voice

    def synthesize(self, text, syn_config):
        yield Chunk(b"zh" if "zh" in self.path else b"en")
        yield Chunk(b"\\0\\0" * round(1000 * syn_config.length_scale))
"""


@pytest.fixture
def piper(monkeypatch, tmp_path):
    """Piper's interface without its model."""
    (tmp_path / "piper.py").write_text(PIPER)
    monkeypatch.syspath_prepend(str(tmp_path))
    for language in ("en", "zh"):
        (tmp_path / f"{language}.onnx").touch()
        (tmp_path / f"{language}.onnx.json").write_text("{}")
    return tmp_path


def test_piper_speaks_each_language_with_its_file(piper):
    synthesizer = Synthesizer(
        VoiceConfig("piper", {language: str(piper / f"{language}.onnx") for language in ("en", "zh")})
    )
    english, chinese = synthesizer.synthesize("hello", "en-US", 85), synthesizer.synthesize("你好", "zh")
    assert (english.data[:2], chinese.data[:2], english.sample_rate) == (b"en", b"zh", 16000)
    assert len(english.data) == 2 + 2 * 2000 and len(chinese.data) == 2 + 2 * 1000
    synthesizer.close()


def test_piper_without_its_files(piper):
    with pytest.raises(SpeechError, match="missing.onnx does not exist"):
        Synthesizer(VoiceConfig("piper", {"en": str(piper / "missing.onnx")})).start()
    (piper / "en.onnx.json").unlink()
    with pytest.raises(SpeechError, match="en.onnx.json does not exist"):
        Synthesizer(VoiceConfig("piper", {"en": str(piper / "en.onnx")})).start()
    with pytest.raises(SpeechError, match="set piper_voice_en"):
        Synthesizer(VoiceConfig("piper", {"en": "", "zh": ""})).start()


def test_piper_downloads_nothing(piper):
    (piper / "zh.onnx.json").write_text('{"phoneme_type": "pinyin"}')
    config = VoiceConfig("piper", {"zh": str(piper / "zh.onnx")})
    with pytest.raises(SpeechError, match="needs Piper's model g2pW"):
        Synthesizer(config).start()
    (piper / "g2pW").mkdir()
    (piper / "g2pW" / "g2pw.onnx").touch()
    synthesizer = Synthesizer(config)
    assert synthesizer.synthesize("你好", "zh").data
    synthesizer.close()


def test_no_such_voice():
    with pytest.raises(SpeechError, match="no voice 'parrot'"):
        Synthesizer(VoiceConfig("parrot")).start()
