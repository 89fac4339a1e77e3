"""Speak a text, write it to a WAV file, or print what would be said.

examples:
  glm4v say "The pressure is 0.6 MPa."
  glm4v say "型号是H3U-32MR/ES" --wav model.wav
  glm4v say "2024-03-05, -5 ℃" --language zh --spoken-form
"""

from __future__ import annotations

import argparse
import sys

from glm4v_ros.speech.sentence import split
from glm4v_ros.speech.sound_device import SoundDevice
from glm4v_ros.speech.speaker import Speaker
from glm4v_ros.speech.spoken_form import spoken_runs
from glm4v_ros.speech.synthesizer import Synthesizer
from glm4v_ros.speech.voice import SpeechError, VoiceConfig
from glm4v_ros.speech.wav_file import WavFile

_NOT_HEARD = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", metavar="TEXT", help="what to say; -: read it from stdin")
    parser.add_argument("--wav", metavar="FILE", help="write a WAV file instead of using the sound device")
    parser.add_argument(
        "--spoken-form", action="store_true", help="print what would be said, one line a sentence, and stay silent"
    )
    parser.add_argument("--language", default="", metavar="TAG", help="such as zh or en; default: each sentence's own")
    parser.add_argument("--rate", type=int, default=170, metavar="N", help="words a minute (default: %(default)s)")
    parser.add_argument("--volume", type=float, default=1.0, metavar="V", help="0 to 1 (default: %(default)s)")
    parser.add_argument("--device", default="", metavar="NAME", help="sound device, as `aplay -L` lists it")
    parser.add_argument(
        "--piper",
        action="append",
        default=[],
        metavar="LANGUAGE=FILE",
        help="speak LANGUAGE with this Piper voice (.onnx) instead of espeak-ng; repeat it for another language",
    )


def run(args: argparse.Namespace) -> int:
    text = sys.stdin.read() if args.text == "-" else args.text
    if args.spoken_form:
        for sentence in split(text):
            print(" ".join(words for _, words in spoken_runs(sentence, args.language)))
        return 0
    models = dict(voice.partition("=")[::2] for voice in args.piper)
    output = WavFile(args.wav) if args.wav else SoundDevice(args.device)
    synthesizer = Synthesizer(VoiceConfig("piper" if models else "pyttsx3", models))
    speaker = Speaker(
        synthesizer, output, rate=args.rate, volume=args.volume, max_queue=100_000, repeat_window=0.0, tail=0.0
    )
    try:
        speaker.say(text, args.language).future.result()
    except SpeechError as error:
        print(f"glm4v: {error}", file=sys.stderr)
        return _NOT_HEARD
    finally:
        speaker.close()
    return 0
