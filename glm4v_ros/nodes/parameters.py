"""Every parameter of the node vqa, declared once: default, type, bounds and description.

``python3 -m glm4v_ros.nodes.parameters`` prints config/vqa.yaml.
"""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import replace
from typing import Any

from rclpy.node import Node

from glm4v_ros.catalog.model import Model
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.evidence.log import ON_FULL, EvidenceLog
from glm4v_ros.nodes.parameter import UNLIMITED, Declared, Parameter, Read
from glm4v_ros.nodes.remote import REMOTE
from glm4v_ros.policy import hints, zoom
from glm4v_ros.policy.verification import MODES as VERIFY_MODES
from glm4v_ros.reader.config import ReaderConfig

PREFERENCES = ("auto", "newest", "encoded")

def _each(read: Read, *table: Parameter) -> list[Parameter]:
    """The table, all of it read at that time."""
    return [replace(parameter, read=read) for parameter in table]


# fmt: off
NODE = [
    Parameter("autostart", True, "Configure and activate by itself; false: a manager does (bond_timeout 0.0).", read=Read.START),
    Parameter("robot", "", "Name of the robot, in diagnostics (hardware_id) and in evidence; empty: the host's name.", read=Read.START),
    Parameter("cameras", ["front"], "Names of the cameras; the first is asked when none is named.", read=Read.ACTIVATE),
    Parameter("max_image_age", 2.0, "Oldest picture to answer from, in seconds.", 0.0, 1e9),
    Parameter("prefer", "auto", "Which of a camera's pictures to answer from, none older than max_image_age: the newest; encoded, "
              "one that was asked about or warmed before, if there is one; auto, such a one only if it is less than 0.5 s older "
              "than the newest or differs from it by warm_threshold at most.", choices=PREFERENCES),
    Parameter("timeout", 60.0, "Deadline of a question, waiting for a picture included, in seconds.", 0.001, 3600.0),
    Parameter("preset", "default", "Preset of prompts_file for questions that name none."),
    Parameter("prompts_file", "", "File of presets; empty: config/prompts.yaml of the package.", read=Read.CONFIGURE),
    Parameter("allow_demo_model", False, "Let presets that refuse a model for trying out (eldercare) run on one."),
    Parameter("enhance", "none", "Improvement of pictures before the model sees them.", choices=("none", "auto")),
    Parameter("speak", False, "Let the voice say every answer, not only where a question asks for it; a question may opt out (silent)."),
    Parameter("warm_rate", 0.0, "Times a second that a new picture may be encoded ahead of any question, when idle; "
              "0: never.", 0.0, 100.0, read=Read.ACTIVATE),
    Parameter("warm_threshold", 4.0, "How much a picture must differ from the one encoded before to be encoded too, and to be "
              "preferred to it (prefer: auto): mean difference in grey levels of two small copies.", 0.0, 255.0, read=Read.ACTIVATE),
    Parameter("diagnostics_period", 1.0, "Seconds between two messages on /diagnostics.", 0.1, 3600.0, read=Read.START),
]
MODEL = _each(
    Read.CONFIGURE,
    Parameter("model", "glm4v-nano", "Name of a model in models_file, or path of a directory with a text and a vision "
              "GGUF, or of a text GGUF."),
    Parameter("vision_model", "", "Path of the vision GGUF; needed when model is the path of a text GGUF."),
    Parameter("models_file", "", "File of models; empty: config/models.yaml of the package and the user's own."),
    Parameter("verify_model", True, "Compare the model's files with their SHA-256, where it is known, before they are loaded: damaged "
              "weights load without a word and answer nonsense. It takes about as long as reading the files."),
    Parameter("context_tokens", 4096, "Tokens that fit into the model's memory, all questions together.", 256, 1 << 20),
    Parameter("batch_tokens", 512, "Most tokens that are read in one step.", 32, 1 << 16),
    Parameter("threads", 0, "Most CPU threads; 0: as many as there are cores. Of cores that other programs keep busy fewer are used.", 0, 1024),
    Parameter("gpu_layers", -1, "Layers on the GPU; -1: all that fit, 0: none.", -1, 1024),
    Parameter("flash_attention", True, "Use flash attention."),
    Parameter("kv_type", "f16", "Numbers of the KV cache; q8_0 halves its memory.", choices=("f32", "f16", "q8_0")),
    Parameter("image_max_tokens", 0, "Most tokens a picture may become; 0: the model's own limit.", 0, 1 << 20),
    Parameter("vision_resident", True, "Keep the vision half in memory; false: load it for each picture and free it."),
    Parameter("mmap", True, "Map the model file into memory; false: read it (when memory is tight on a Jetson)."),
    Parameter("max_parallel", 8, "Questions that are answered at the same time.", 1, 256),
    Parameter("max_queue", 16, "Questions that wait; one more is refused as BUSY.", 0, 4096),
    Parameter("prefix_tokens", 0, "Part of context_tokens that idle pictures may keep; 0: half. Four new ones at once take it all.", 0, 1 << 20),
    Parameter("embedding_mib", 256, "Memory for image embeddings of pictures seen before, at most 128 of them, in MiB.",
              0, 1 << 20),
    Parameter("session_idle", 600.0, "Seconds after which an unused session is forgotten.", 1.0, 1e9),
    Parameter("speculation", True, "Draft words that the prompt already holds; faster when copying what is printed."),
    Parameter("watchdog_timeout", 60.0, "Seconds without progress after which the engine is replaced.", 1.0, 1e9),
) + [
    Parameter("memory_limit_mib", 0, "Most memory of the engine's process, in MiB, above which it is replaced; 0: no limit.",
              0, UNLIMITED),
]
ANSWER = [
    Parameter("max_tokens", 256, "Most tokens of an answer.", 1, 1 << 20),
    Parameter("max_image_tokens", 0, "Most tokens of each picture of a question; 0: image_max_tokens.", 0, 1 << 20),
    Parameter("temperature", 0.0, "0: always the likeliest token; higher: more varied.", 0.0, 10.0),
    Parameter("top_p", 1.0, "Sample from the likeliest tokens that together reach this probability; 1: off.", 0.0, 1.0),
    Parameter("top_k", 0, "Sample from so many of the likeliest tokens; 0: off.", 0, 1 << 20),
    Parameter("min_p", 0.0, "Sample from tokens at least so likely, relative to the likeliest; 0: off.", 0.0, 1.0),
    Parameter("repeat_penalty", 1.0, "Makes words that were just written less likely; 1: off.", 0.1, 10.0),
    Parameter("seed", 0, "Seed of the sampling.", 0, UNLIMITED),
    Parameter("ignore_eos", False, "Write max_tokens tokens whatever the model thinks; for measuring."),
]
READER = [
    Parameter("verify", "auto", "Whether a second reader looks for the print that an answer quotes; auto: it does, where it is installed, and the "
              "answer says what it found; required: an answer that it does not confirm is withheld.", choices=VERIFY_MODES),
    Parameter("verify_timeout", 15.0, "Seconds that an answer waits for the second reader; then it comes without its word.", 0.0, 3600.0),
    Parameter("zoom", "off", "auto: where print is asked for that is too small in the whole picture, the second reader finds it, and the model "
              "sees that part alone, larger.", choices=zoom.MODES),
    Parameter("hints", "off", "lines: the model is told what the second reader read. Not where that has to be a witness (verify: required, "
              "medicines).", choices=hints.MODES),
    Parameter("reader_threads", 1, "CPU threads of the second reader.", 1, 256, read=Read.ACTIVATE),
    Parameter("reader_memory_mib", 1500, "Most memory of the second reader's process, in MiB, above which it is replaced; 0: no limit.",
              0, UNLIMITED, read=Read.ACTIVATE),
]
LIMITS = [
    Parameter("max_question_characters", 4000, "Longest question.", 1, 32000),
    Parameter("max_images", 8, "Most pictures of one question.", 1, 16),
]
EVIDENCE = _each(
    Read.CONFIGURE,
    Parameter("evidence.directory", "", "Directory of the evidence log, which keeps every question with its pictures and its "
              "end; empty: none, and nothing is written to the disk. docs/operations.md says what it changes."),
    Parameter("evidence.max_bytes", 10 << 30, "Most bytes that the log may take, pictures included.", 1 << 20, 1 << 50),
    Parameter("evidence.on_full", "refuse", "What then happens: refuse (questions end with OUT_OF_MEMORY until there is "
              "room) or rotate (the oldest eighth goes).", choices=ON_FULL),
)
# fmt: on
TABLE = NODE + MODEL + REMOTE + ANSWER + READER + LIMITS + EVIDENCE


def camera_table(camera: str) -> list[Parameter]:
    """The parameters of one camera."""
    return _each(
        Read.ACTIVATE,
        Parameter(
            f"camera.{camera}.topic",
            f"{camera}/image_raw",
            "Topic of its pictures, without a transport's ending; a name that does not begin with / lies in the node's "
            "namespace.",
        ),
        Parameter(
            f"camera.{camera}.transport",
            "auto",
            "raw (sensor_msgs/Image on topic), compressed (sensor_msgs/CompressedImage on "
            "topic/compressed) or auto: compressed where it is delivered and keeps the depth, else raw.",
            choices=("auto", "raw", "compressed"),
        ),
        Parameter(
            f"camera.{camera}.stamp_source",
            "header",
            "What a picture's age counts from: the stamp in its header, or its "
            "receipt when the camera's clock is not the robot's.",
            choices=("header", "receipt"),
        ),
        Parameter(
            f"camera.{camera}.warm",
            True,
            "Encode its pictures ahead of any question, if warm_rate is above 0.",
        ),
        Parameter(
            f"camera.{camera}.local_only",
            False,
            "Its pictures stay on this robot: with engine remote, questions about them are answered by the local model "
            "(remote_fallback), or refused.",
        ),
    )


class Parameters(Declared):
    """Those of the node vqa."""

    def __init__(self, node: Node):
        super().__init__(node, TABLE)
        self.declare_cameras()

    def declare_cameras(self) -> None:
        """Declares the parameters of cameras that were added since."""
        for camera in self["cameras"]:
            self.declare(camera_table(camera))

    def objection(self, name: str, value: Any) -> str:
        names = list(value or []) if name == "cameras" else []
        if all(re.fullmatch(r"[A-Za-z]\w*", one, re.ASCII) for one in names) and len(set(names)) == len(names):
            return ""
        return f"cameras are different names of letters, digits and underscores that begin with a letter, not {names}"

    def engine_config(self, model: Model) -> EngineConfig:
        same = (
            "context_tokens",
            "batch_tokens",
            "threads",
            "gpu_layers",
            "flash_attention",
            "kv_type",
            "image_max_tokens",
            "vision_resident",
            "mmap",
            "max_parallel",
            "max_queue",
            "prefix_tokens",
            "speculation",
            "watchdog_timeout",
            "memory_limit_mib",
        )
        return EngineConfig(
            model=model,
            embedding_bytes=self["embedding_mib"] << 20,
            session_idle_s=self["session_idle"],
            **{name: self[name] for name in same},
        )

    def reader_config(self) -> ReaderConfig:
        return ReaderConfig(threads=self["reader_threads"], memory_limit_mib=self["reader_memory_mib"])

    def evidence_log(self) -> EvidenceLog | None:
        """None unless a directory is set. Raises EvidenceFull or EvidenceFailed."""
        if not self["evidence.directory"]:
            return None
        return EvidenceLog(self["evidence.directory"], self["evidence.max_bytes"], self["evidence.on_full"])


def as_yaml() -> str:
    """config/vqa.yaml: every parameter with its default and description."""
    lines = [
        "# Every parameter of the node vqa with its default. Copy this file, change what differs, and give it to",
        "# ros2 launch glm4v_ros vqa.launch.py params_file:=...",
        "# One that is read on configure or on activate cannot be set while the node is configured or active: the reply",
        "# to the attempt says what to do first. What has no such note takes effect with the next question.",
        "/**:",
        "  ros__parameters:",
    ]
    for title, table in (
        ("The node", NODE),
        ('The camera "front"; each name in cameras has these', camera_table("front")),
        ("The model and the engine", MODEL),
        ("Another machine's engine", REMOTE),
        ("Answers; a question's options come first", ANSWER),
        ("The second reader (docs/verification.md); a question's options come first", READER),
        ("Limits of a request", LIMITS),
        ("Evidence", EVIDENCE),
    ):
        lines += ["", f"    # ---- {title}"]
        for parameter in table:
            about = parameter.about + (
                f" ({parameter.bounds})" if parameter.bounds and not parameter.choices else ""
            )
            about += f" ({parameter.bounds})" if parameter.choices and ", ".join(parameter.choices) not in about else ""
            lines += textwrap.wrap(about, 120, initial_indent="    # ", subsequent_indent="    # ")
            lines.append(f"    {parameter.name}: {json.dumps(parameter.default)}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(as_yaml(), end="")
