"""What is known of the model files of a directory: manifest.json beside them, written by fetch and convert."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NAME = "manifest.json"


def read(directory: Path) -> dict[str, Any]:
    """An empty manifest where there is none or a damaged one: it can be made again."""
    try:
        manifest = json.loads((directory / NAME).read_text(encoding="utf-8"))
        return manifest if isinstance(manifest["files"], dict) else {"files": {}}
    except (OSError, ValueError, KeyError, TypeError):
        return {"files": {}}


def write(directory: Path, manifest: dict[str, Any]) -> None:
    part = directory / (NAME + ".part")
    part.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    part.replace(directory / NAME)


def recorded_sha256(path: Path) -> str:
    """What the file's SHA-256 was when it came or was made; empty if nobody wrote it down."""
    return read(path.parent)["files"].get(path.name, {}).get("sha256", "")
