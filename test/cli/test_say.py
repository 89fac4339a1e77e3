import argparse
import io
import wave

import numpy as np
import pytest

from glm4v_ros.cli import say


def run(*arguments):
    parser = argparse.ArgumentParser()
    say.add_arguments(parser)
    return say.run(parser.parse_args(arguments))


def test_spoken_form(capsys):
    assert run("H3U-32MR at 5 ℃. 温度25℃。", "--spoken-form") == 0
    assert capsys.readouterr().out == "H three U dash three two M R at five degrees Celsius.\n温度二十五摄氏度。\n"


def test_spoken_form_from_stdin(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("**2** V"))
    assert run("-", "--spoken-form", "--language", "zh") == 0
    assert capsys.readouterr().out == "二伏\n"


def test_wav_file_and_nothing_on_stdout(tmp_path, capfd):
    path = tmp_path / "speech.wav"
    assert run("Hello. 你好。", "--wav", str(path)) == 0
    with wave.open(str(path)) as file:
        assert file.getsampwidth() == 2 and file.getnchannels() == 1
        rate, sound = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(float)
    assert len(sound) / rate > 1
    loud = np.abs(sound) > 1000
    assert loud.mean() > 0.1 and (np.abs(sound) >= 32767).mean() < 0.001  # heard, and not clipped
    assert loud[: len(sound) // 2].any() and loud[len(sound) // 2 :].any()  # both sentences
    spectrum, frequency = np.abs(np.fft.rfft(sound)), np.fft.rfftfreq(len(sound), 1 / rate)
    assert spectrum[(frequency > 100) & (frequency < 4000)].sum() > 0.5 * spectrum.sum()  # a voice, no noise
    assert capfd.readouterr().out == ""


def test_text_never_reaches_a_shell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for text in ("$(touch pwned)", "`touch pwned`", "'; touch pwned; '", "--help", "-w pwned"):
        assert run("--wav", "speech.wav", "--", text) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["speech.wav"]


@pytest.mark.parametrize("text", ["😀", "...", ""])
def test_no_file_without_words_and_no_success_without_a_file(tmp_path, capsys, text):
    assert run(text, "--wav", str(tmp_path / "speech.wav")) == 1
    assert "nothing to say" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_no_sound_player(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run("Hello.") == 1
    assert "apt install alsa-utils" in capsys.readouterr().err


def test_a_piper_voice_that_does_not_exist(tmp_path, monkeypatch, capsys):
    (tmp_path / "piper.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert run("Hello.", "--piper", f"en={tmp_path}/missing.onnx", "--wav", str(tmp_path / "x.wav")) == 1
    assert "missing.onnx does not exist" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [("--rate", "x"), ()])
def test_wrong_usage(arguments):
    with pytest.raises(SystemExit):
        run(*arguments)
