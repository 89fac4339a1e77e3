"""How the model is spoken to."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import yaml

from glm4v_ros.errors import BadRequest, Unsupported
from glm4v_ros.share import share_dir


@dataclass(frozen=True)
class Preset:
    """A way of speaking to the model, from prompts.yaml."""

    name: str = ""
    system_prompt: str = ""
    max_tokens: int = 0  # of an answer; 0: the node's default
    language: str = ""  # of an answer, BCP 47; empty: the question's
    spoken_whole: bool = False  # not sentence by sentence while it is written
    demo_model: bool = True  # False: a model for trying out is refused
    remote: bool = True  # False: a model on another machine is refused
    medicine_rule: bool = False  # of a medicine only what policy/medicine.py lets pass; goes with spoken_whole

    def check_model(self, demo: bool) -> None:
        """Raises Unsupported if this preset must not run on a model that is for trying out."""
        if demo and not self.demo_model:
            raise Unsupported(
                f"preset '{self.name}' needs a model that is not for trying out; load another one, or set "
                "allow_demo_model to try it without a person relying on the answers"
            )

    def check_remote(self, remote: bool) -> None:
        """Raises Unsupported if this preset must not send pictures to another machine."""
        if remote and not self.remote:
            raise Unsupported(
                f"preset '{self.name}' shows pictures to no other machine: set the parameter engine to local, or choose another "
                "preset"
            )

    def check_own_words(self, **brought) -> None:
        """Raises Unsupported if the asker brings, by name, what this preset's rule for medicines could be led around with."""
        if self.medicine_rule and (named := [name for name, value in brought.items() if value]):
            raise Unsupported(f"preset '{self.name}' reads out what is printed on a medicine, and takes no {', '.join(named)}")


def load_presets(path: str | Path | None = None) -> dict[str, Preset]:
    """Presets by name; None: those of the package. Raises BadRequest that names what is wrong in the file."""
    path = Path(path) if path else share_dir() / "config" / "prompts.yaml"
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadRequest(f"{path} cannot be read: {error}") from error
    if not isinstance(entries, dict):
        raise BadRequest(f"{path} must map names to presets")
    return {str(name): _preset(path, str(name), entry) for name, entry in entries.items()}


def find_preset(presets: dict[str, Preset], name: str) -> Preset:
    """Raises BadRequest with the names there are."""
    if name not in presets:
        raise BadRequest(f"there is no preset '{name[:64]}'; there are {', '.join(sorted(presets))}")
    return presets[name]


def _preset(path: Path, name: str, entry) -> Preset:
    types = {field.name: type(field.default) for field in fields(Preset) if field.name != "name"}
    if not isinstance(entry, dict):
        raise BadRequest(f"{path}: preset '{name}' must map fields to values")
    for key, value in entry.items():
        if key not in types:
            raise BadRequest(f"{path}: preset '{name}' has an unknown field '{key}'; known are {', '.join(types)}")
        if not isinstance(value, types[key]):
            raise BadRequest(f"{path}: '{key}' of preset '{name}' must be of type {types[key].__name__}")
        if types[key] is int and value < 0:
            raise BadRequest(f"{path}: '{key}' of preset '{name}' must not be negative")
    preset = Preset(name, **entry)
    if preset.medicine_rule and not preset.spoken_whole:
        raise BadRequest(f"{path}: preset '{name}' has medicine_rule, so that it must have spoken_whole: true as well")
    return preset
