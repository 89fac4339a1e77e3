"""Every parameter of the node tts, declared once: default, type, bounds and description."""

from __future__ import annotations

from glm4v_ros.nodes.parameter import Parameter, Read

START = Read.START
# fmt: off
PARAMETERS = [
    Parameter("voice", "pyttsx3", "The voice; piper sounds natural and needs voice files.", choices=("pyttsx3", "piper"),
              read=START),
    Parameter("piper_voice_en", "", "Path of Piper's English voice (.onnx, with its .onnx.json beside it).", read=START),
    Parameter("piper_voice_zh", "", "Path of Piper's Chinese voice.", read=START),
    Parameter("output", "device", "Where sound goes: device (the sound card), wav (wav_file), or topic (~/pcm, for a speaker "
              "that is elsewhere).", choices=("device", "wav", "topic"), read=START),
    Parameter("device", "", "Name of the sound device as aplay -L lists it; empty: the system's default.", read=START),
    Parameter("wav_file", "speech.wav", "File that is written with output wav.", read=START),
    Parameter("language", "en", "Language (BCP 47) of text that does not show its own, such as a bare number."),
    Parameter("rate", 170, "Speed in words a minute.", 80, 450),
    Parameter("volume", 1.0, "Loudness; 0 is silent, 1 the voice's own.", 0.0, 1.0),
    Parameter("repeat_window", 5.0, "Seconds in which a sentence that was said is not said again for another text; 0: it "
              "always is.", 0.0, 3600.0),
    Parameter("max_queue", 100, "Sentences that wait; what does not fit is refused.", 1, 10000),
    Parameter("speaking_tail", 0.3, "Seconds of silence after which ~/speaking becomes false; covers the room's echo.", 0.0,
              10.0, read=START),
    Parameter("diagnostics_period", 1.0, "Seconds between two messages on /diagnostics.", 0.1, 3600.0, read=START),
]
# fmt: on
LIVE = ("language", "rate", "volume", "repeat_window", "max_queue")  # the speaker's attributes of the same names
