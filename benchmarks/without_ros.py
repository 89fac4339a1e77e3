"""The node's way of a question, without ROS: pictures, and what questions are answered with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from glm4v_ros.asking.activation import Activation
from glm4v_ros.asking.desk import Desk
from glm4v_ros.asking.request import Request
from glm4v_ros.asking.second_reader import Reader, WatchedReader
from glm4v_ros.asking.sessions import Sessions
from glm4v_ros.catalog.model import Model
from glm4v_ros.engine.client import EngineClient
from glm4v_ros.engine.question import Question
from glm4v_ros.evidence.picture import Evidence
from glm4v_ros.policy.preset import load_presets
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.placement import Placement

TIMEOUT = 600.0  # s a question


class Look:
    """A picture as the node has it."""

    stamp, camera = 0, ""

    def __init__(self, rgb: np.ndarray):
        self.seen = Frame(rgb)
        self.nbytes = rgb.nbytes

    def frame(self, region, mode) -> Frame:
        return self.seen

    frame_if_made = frame

    def placement(self, region, mode) -> Placement:
        return Placement(self.seen.width, self.seen.height)

    def evidence(self, region) -> Evidence:
        data = self.seen.rgb.tobytes()
        return Evidence(data, False, hashlib.sha256(data).hexdigest(), {})


@dataclass(frozen=True)
class Asked:
    """A question with its pictures; ``of_question`` are further fields of the engine's."""

    text: str
    looks: tuple[Look, ...]
    preset: str = "default"
    verify: str = "auto"
    session_id: str = ""
    of_question: dict = field(default_factory=dict)

    def read(self, activation: Activation, request_id: str) -> Request:
        preset = activation.presets[self.preset]
        question = Question(
            self.text, request_id,
            **{"system_prompt": preset.system_prompt, "max_tokens": preset.max_tokens or 256, "timeout": TIMEOUT, **self.of_question},
        )  # fmt: skip
        return Request(question=question, language="", preset=preset, cameras=(), pictures=self.looks, regions=(), enhance="none",
                       not_before=0, max_image_age=1.0, prefer="auto", speak=False, verify=self.verify)  # fmt: skip


@contextmanager
def activation(model: Model, engine: EngineClient, reader: Reader) -> Iterator[Activation]:
    made = Activation(
        settings={"allow_demo_model": True, "verify_timeout": TIMEOUT}, presets=load_presets(), model=model, engine=engine, cameras={},
        sessions=Sessions(600.0), reader=WatchedReader(reader), witness=None, desk=Desk(4),
    )  # fmt: skip
    yield made
    made.desk.close()
