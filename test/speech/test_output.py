"""The sound device (its player), the WAV file and the stream."""

import stat
import threading
import time
import wave

import numpy as np
import pytest

from glm4v_ros.speech.pcm import Pcm
from glm4v_ros.speech.pcm_stream import PcmStream
from glm4v_ros.speech.sound_device import SoundDevice
from glm4v_ros.speech.voice import SpeechError
from glm4v_ros.speech.wav_file import WavFile


def tone(seconds: float, rate: int = 22050) -> Pcm:
    return Pcm((8000 * np.sin(np.arange(int(seconds * rate)) / 8)).astype("<i2").tobytes(), rate)


@pytest.fixture
def player(monkeypatch, tmp_path):
    """Puts a script in aplay's place."""

    def install(script: str, name: str = "aplay"):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return tmp_path

    return install


def test_the_player_gets_all_of_the_sound(player):
    folder = player('echo "$@" > "$(dirname "$0")/arguments"; cat > "$(dirname "$0")/sound"')
    pcm = tone(3)
    SoundDevice("plughw:1,0; touch pwned").play(pcm).wait()
    assert (folder / "sound").read_bytes() == pcm.data
    assert (folder / "arguments").read_text() == "-q -t raw -f S16_LE -r 22050 -c 1 -D plughw:1,0; touch pwned\n"


def test_stop_ends_the_player(player):
    player("exec sleep 60")
    playback = SoundDevice().play(tone(60))
    threading.Timer(0.1, playback.stop).start()
    playback.wait()
    playback.stop()


def test_no_device(player):
    player('echo "ALSA lib: cannot find card" >&2; echo "aplay: audio open error: No such file" >&2; exit 1')
    with pytest.raises(SpeechError, match="audio open error: No such file.*`aplay -L`"):
        SoundDevice().play(tone(1)).wait()


def test_no_player(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SpeechError, match="apt install alsa-utils"):
        SoundDevice().play(tone(1))


def test_wav_file_can_be_read_after_every_sentence(tmp_path):
    output = WavFile(tmp_path / "speech.wav")
    for sentences, sound in enumerate((tone(0.5), tone(0.5, 16000)), 1):
        output.play(sound).wait()
        with wave.open(str(output.path)) as file:
            assert file.getframerate() == 22050
            assert file.getnframes() == pytest.approx(sentences * 11025, abs=2)
    output.close()


def test_wav_file_that_cannot_be_written(tmp_path):
    with pytest.raises(SpeechError, match="No such file or directory"):
        WavFile(tmp_path / "missing" / "speech.wav").play(tone(0.1))


def test_the_stream_keeps_the_speed_of_speech():
    pieces = []
    began = time.monotonic()
    PcmStream(lambda pcm: pieces.append((time.monotonic() - began, pcm))).play(tone(1)).wait()
    assert b"".join(pcm.data for _, pcm in pieces) == tone(1).data
    assert time.monotonic() - began >= 1.0
    # Never more than the lead ahead of what is heard, so that a stop is heard.
    assert all(sent >= i * 0.05 - 0.1 - 1e-3 for i, (sent, _) in enumerate(pieces))


def test_the_stream_ends_at_stop():
    pieces = []
    playback = PcmStream(pieces.append).play(tone(60))
    thread = threading.Thread(target=playback.wait)
    thread.start()
    playback.stop()
    thread.join(5)
    sent = len(pieces)
    assert not thread.is_alive() and sent <= 4


def test_volume_and_rate_of_pcm():
    loud = tone(0.5)
    assert np.abs(np.frombuffer(loud.scaled(0.5).data, "<i2")).max() == pytest.approx(4000, abs=5)
    assert np.frombuffer(loud.scaled(10).data, "<i2").max() == 32767
    assert loud.scaled(1.0) is loud
    assert loud.resampled(44100).seconds == pytest.approx(0.5, abs=1e-3)
