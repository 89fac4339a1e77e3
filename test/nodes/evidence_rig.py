"""The node vqa with the evidence log on, and an engine by script."""

from __future__ import annotations

import json

from rig import Rig


def start(directory, **parameters):
    for name in ("text", "vision"):
        (directory / f"{name}.gguf").write_bytes(name.encode())
    rig = Rig(
        directory,
        **{"evidence.directory": str(directory / "evidence"), "temperature": 0.9, "seed": 7, "repeat_penalty": 1.3, **parameters},
    )
    models = directory / "models.yaml"
    models.write_text(
        f"script: {{text: {{file: {directory}/text.gguf}}, vision: {{file: {directory}/vision.gguf}}, demo: true}}"
    )
    rig.node.autostart()
    return rig


def entries(rig):
    log = rig.node.configuration.witness.log.directory
    return [json.loads(line) for path in sorted(log.glob("0*/records.jsonl")) for line in path.read_bytes().splitlines()]
