"""Starts the package's nodes for an example and ends them after it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from glm4v_ros.client import VqaClient
from glm4v_ros.errors import BadRequest, VqaError
from glm4v_ros.nodes.launch_arguments import REMAPPINGS

PICTURES = Path(__file__).resolve().parent / "pictures"


@contextmanager
def node(
    module: str, name: str, remap: dict[str, str] | None = None, **parameters: object
) -> Iterator[subprocess.Popen]:
    """Runs ``glm4v_ros.nodes.<module>`` as the node ``name`` with these remappings and parameters."""
    words = ["-r", f"__node:={name}"]
    for old, new in (remap or {}).items():
        words += ["-r", f"{old}:={new}"]
    for key, value in parameters.items():
        words += ["-p", f"{key}:={value}"]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
    process = subprocess.Popen(
        [sys.executable, "-m", f"glm4v_ros.nodes.{module}", "--ros-args", *words], env=environment
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def robot(cameras: dict[str, Path], tts: dict[str, object] | None = None) -> Iterator[None]:
    """Cameras that show one picture each, vqa with the embedded model and, if ``tts`` has parameters, the voice."""
    with ExitStack() as stack:
        parameters: dict[str, object] = {"cameras": "[" + ", ".join(cameras) + "]"}
        for name, picture in cameras.items():
            topic = f"{name}/image_raw"
            stack.enter_context(
                node("demo_camera", f"{name}_camera", picture=picture, topic=topic, rate=5.0, transports="[compressed]")
            )
        remap = dict(REMAPPINGS) if tts is not None else {}
        stack.enter_context(node("vqa", "vqa", remap, **parameters))
        if tts is not None:
            stack.enter_context(node("tts", "tts", **tts))
        wait_until_active()
        yield


def wait_until_active(patience: float = 60.0) -> None:
    """Asks something empty until the node vqa no longer says that it is not active."""
    deadline = time.monotonic() + patience
    with VqaClient(server_timeout=patience) as client:
        while True:
            try:
                client.ask("")
            except BadRequest:
                return
            except VqaError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
