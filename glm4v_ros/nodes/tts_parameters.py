"""Every parameter of the node tts, declared once: default, type, bounds and description."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node

from glm4v_ros.nodes.parameters import Parameter

# fmt: off
PARAMETERS = [
    Parameter("voice", "pyttsx3", "The voice; piper sounds natural and needs voice files. Read at start.",
              choices=("pyttsx3", "piper")),
    Parameter("piper_voice_en", "", "Path of Piper's English voice (.onnx, with its .onnx.json beside it). Read at start."),
    Parameter("piper_voice_zh", "", "Path of Piper's Chinese voice. Read at start."),
    Parameter("output", "device", "Where sound goes: device (the sound card), wav (wav_file), or topic (~/pcm, for a speaker "
              "that is elsewhere). Read at start.", choices=("device", "wav", "topic")),
    Parameter("device", "", "Name of the sound device as aplay -L lists it; empty: the system's default. Read at start."),
    Parameter("wav_file", "speech.wav", "File that is written with output wav. Read at start."),
    Parameter("language", "en", "Language (BCP 47) of text that does not show its own, such as a bare number."),
    Parameter("rate", 170, "Speed in words a minute.", 80, 450),
    Parameter("volume", 1.0, "Loudness; 0 is silent, 1 the voice's own.", 0.0, 1.0),
    Parameter("repeat_window", 5.0, "Seconds in which a sentence that was said is not said again for another text; 0: it "
              "always is.", 0.0, 3600.0),
    Parameter("max_queue", 100, "Sentences that wait; what does not fit is refused.", 1, 10000),
    Parameter("speaking_tail", 0.3, "Seconds of silence after which ~/speaking becomes false; covers the room's echo. Read at "
              "start.", 0.0, 10.0),
    Parameter("diagnostics_period", 1.0, "Seconds between two messages on /diagnostics. Read at start.", 0.1, 3600.0),
]
# fmt: on
LIVE = ("language", "rate", "volume", "repeat_window", "max_queue")  # the speaker's attributes of the same names


class TtsParameters:
    """``parameters["rate"]`` is the value of now. ``on_change`` gets the new values of those that count at once."""

    def __init__(self, node: Node, on_change: Callable[[str, Any], None]):
        self._node = node
        self._on_change = on_change
        self._choices = {parameter.name: parameter.choices for parameter in PARAMETERS if parameter.choices}
        self.trouble = ""  # what was given wrongly; there the default is used, for a robot without a voice cannot say it
        node.add_on_set_parameters_callback(self._check)
        for parameter in PARAMETERS:
            self._declare(parameter)

    def __getitem__(self, name: str) -> Any:
        return self._node.get_parameter(name).value

    def _declare(self, parameter: Parameter) -> None:
        arguments = parameter.name, parameter.default, parameter.descriptor
        try:
            self._node.declare_parameter(*arguments)
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            self._node.declare_parameter(*arguments, ignore_override=True)
            self.trouble += f"{'; ' if self.trouble else ''}{error}: {parameter.default!r} is used"

    def _check(self, parameters) -> SetParametersResult:
        for parameter in parameters:
            allowed = self._choices.get(parameter.name)
            if allowed and parameter.value not in allowed:
                reason = f"{parameter.name} is one of {', '.join(allowed)}, not '{parameter.value}'"
                return SetParametersResult(reason=reason)
        for parameter in parameters:
            if parameter.name in LIVE:
                self._on_change(parameter.name, parameter.value)
        return SetParametersResult(successful=True)
