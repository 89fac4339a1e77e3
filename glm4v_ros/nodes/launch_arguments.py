"""What the arguments of vqa.launch.py make of the nodes' parameters. Plain Python, for launch is not everywhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Name: (default, description). Empty is not given: then the parameters file has the say.
ARGUMENTS = {
    "params_file": ("", "Parameters of the node vqa; empty: config/vqa.yaml of the package."),
    "tts_params_file": ("", "Parameters of the node tts; empty: config/tts.yaml of the package."),
    "model": ("", "Name or path of the model; empty: that of params_file."),
    "camera_topic": ("", "Topic of the camera 'front'; empty: that of params_file."),
    "namespace": ("", "Namespace of the nodes."),
    "use_sim_time": ("", "Take the time from /clock, true or false; empty: as the parameters files say."),
    "autostart": ("", "Load the model and begin without a lifecycle manager, true or false; empty: params_file's."),
    "log_level": ("info", "debug, info, warn, error or fatal."),
    "tts": ("false", "Start the voice too, true or false."),
    "web": ("false", "Start the web page and the API too, true or false."),
    "web_params_file": ("", "Parameters of the node web; empty: config/web.yaml of the package."),
    "speak": ("", "Speak every answer that does not opt out, true or false; empty: true with tts, else params_file's."),
}
#: What connects the node vqa with the node tts.
REMAPPINGS = (("~/speech", "tts/speech"), ("~/silence", "tts/silence"))
PROFILE = "FASTRTPS_DEFAULT_PROFILES_FILE"
_FLAGS = dict.fromkeys(("true", "1", "yes", "on"), True) | dict.fromkeys(("false", "0", "no", "off"), False)
_LOG_LEVELS = ("debug", "info", "warn", "error", "fatal")


@dataclass(frozen=True)
class Start:
    """How the nodes are started. Parameters are those that were given, over those of the files."""

    namespace: str
    log_level: str
    params_file: Path
    parameters: dict[str, Any]  # of the node vqa
    tts: bool
    tts_params_file: Path
    tts_parameters: dict[str, Any]
    web: bool
    web_params_file: Path
    web_parameters: dict[str, Any]
    environment: dict[str, str]  # of all nodes, beside their parent's

    @property
    def remappings(self) -> tuple[tuple[str, str], ...]:
        return REMAPPINGS if self.tts else ()


def read(values: Mapping[str, str], share: Path, environment: Mapping[str, str] = os.environ) -> Start:
    """``values`` by the names of ARGUMENTS; ``share`` is the package's share directory.

    ValueError, with what to write instead, for a word that is none of the argument's and for a file that is not there.
    """
    given = {name: value.strip() for name, value in values.items()}
    flags = {name: _flag(name, given[name]) for name in ("use_sim_time", "autostart", "tts", "web", "speak")}
    level = given["log_level"].lower()
    if level not in _LOG_LEVELS:
        raise ValueError(f"log_level is one of {', '.join(_LOG_LEVELS)}, not '{given['log_level']}'")
    common = {"use_sim_time": flags["use_sim_time"]}
    speak = True if flags["tts"] and flags["speak"] is None else flags["speak"]
    vqa = {
        **common,
        "autostart": flags["autostart"],
        "speak": speak,
        "model": given["model"] or None,
        "camera.front.topic": given["camera_topic"] or None,
    }
    given_to_all = {name: value for name, value in common.items() if value is not None}
    # A profile that the user chose, by whichever name Fast DDS knows it, stays.
    chosen = environment.get(PROFILE) or environment.get("FASTDDS_DEFAULT_PROFILES_FILE")
    return Start(
        namespace=given["namespace"],
        log_level=level,
        params_file=_file("params_file", given["params_file"], share / "config" / "vqa.yaml"),
        parameters={name: value for name, value in vqa.items() if value is not None},
        tts=bool(flags["tts"]),
        tts_params_file=_file("tts_params_file", given["tts_params_file"], share / "config" / "tts.yaml"),
        tts_parameters=given_to_all,
        web=bool(flags["web"]),
        web_params_file=_file("web_params_file", given["web_params_file"], share / "config" / "web.yaml"),
        web_parameters=given_to_all,
        environment={} if chosen else {PROFILE: str(share / "config" / "fastdds.xml")},
    )


def _flag(name: str, word: str) -> bool | None:
    """None for an empty word."""
    if not word:
        return None
    if word.lower() not in _FLAGS:
        raise ValueError(f"{name} is true or false (also 1, yes, on, 0, no, off, in any case), not '{word}'")
    return _FLAGS[word.lower()]


def _file(name: str, path: str, default: Path) -> Path:
    """launch goes on without a parameters file that it cannot find."""
    file = Path(path).expanduser() if path else default
    if not file.is_file():
        raise ValueError(f"{name}: there is no file {file}")
    return file
