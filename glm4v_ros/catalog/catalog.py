"""The models that can be named."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from glm4v_ros.catalog.model import Model
from glm4v_ros.catalog.pair import Pair
from glm4v_ros.errors import BadRequest, ModelFileError
from glm4v_ros.share import share_dir

DEFAULT = "glm4v-nano"

_ENTRY_FIELDS = {"about", "licence", "repository", "notes", "text", "vision"}
_MODEL_FIELDS = {
    "context_tokens": int, "image_max_tokens": int, "images_per_conversation": int, "template_arguments": dict,
    "answer_prefix": str, "demo": bool,
}  # fmt: skip
_FILE_FIELDS = {"file": str, "sha256": str, "bytes": int}


def models_dir() -> Path:
    """Where fetched and converted models lie, one directory each: GLM4V_MODELS, or the user's data directory."""
    if named := os.environ.get("GLM4V_MODELS"):
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "glm4v_ros" / "models"


def user_catalog() -> Path:
    """The user's own models.yaml, which need not exist: GLM4V_CATALOG, or the user's configuration directory."""
    if named := os.environ.get("GLM4V_CATALOG"):
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "glm4v_ros" / "models.yaml"


@dataclass(frozen=True)
class Entry:
    """A model, and what a person wants to know before choosing it."""

    model: Model
    about: str = ""
    licence: str = ""
    repository: str = ""  # of Hugging Face; empty: cannot be fetched
    notes: str = ""
    text_bytes: int = 0  # 0: not known
    vision_bytes: int = 0

    @property
    def present(self) -> bool:
        return self.model.text_path.is_file() and self.model.vision_path.is_file()


class Catalog:
    """The named models. ``catalog.model("glm4v-nano")``."""

    def __init__(self, entries: dict[str, Entry]):
        self.entries = entries

    @classmethod
    def load(cls, path: str | Path | None = None) -> Catalog:
        """The models of ``path``; without it those of the package, and over them those of the user's own file.

        BadRequest when a file is not a catalogue, with what is wrong and where.
        """
        if path is not None:
            return cls(_read(Path(path)))
        user = user_catalog()
        return cls({**_read(share_dir() / "config" / "models.yaml"), **(_read(user) if user.is_file() else {})})

    @property
    def names(self) -> list[str]:
        return list(self.entries)

    def entry(self, name: str) -> Entry:
        """BadRequest, with the names there are, when there is none of this name."""
        if name in self.entries:
            return self.entries[name]
        near = difflib.get_close_matches(name.lower(), self.names, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise BadRequest(
            f"there is no model {name!r}.{hint} Known are {', '.join(self.names)}; add your own to {user_catalog()}"
        )

    def model(self, name_or_path: str | Path = DEFAULT) -> Model:
        """The model of this name, or the one in this directory, which holds a text and a vision (mmproj) GGUF.

        Whether its files exist is for whoever opens them to say: see :func:`require`.
        """
        name = str(name_or_path)
        if name not in self.entries and (os.sep in name or Path(name).is_dir()):
            return model_in(Path(name).expanduser())
        return _completed(self.entry(name).model)


def model_of(text_path: str | Path, vision_path: str | Path) -> Model:
    """The model of two files that no catalogue knows; all else is read from them. ModelFileError without one."""
    text_path = Path(text_path).expanduser()
    return _completed(require(Model(text_path.stem, text_path, Path(vision_path).expanduser())))


def model_in(directory: Path) -> Model:
    """The model whose two GGUF files are all that lies in ``directory``; BadRequest otherwise."""
    if not directory.is_dir():
        raise BadRequest(f"there is no directory {directory} with a model in it")
    files = sorted(directory.glob("*.gguf"))
    vision = [path for path in files if "mmproj" in path.name.lower() or "vision" in path.name.lower()]
    text = [path for path in files if path not in vision]
    if len(text) != 1 or len(vision) != 1:
        raise BadRequest(
            f"{directory} should hold one text GGUF and one vision GGUF (with 'mmproj' or 'vision' in its name), "
            f"but has {', '.join(path.name for path in files) or 'none'}; give both paths instead"
        )
    return _completed(Model(directory.resolve().name, text[0], vision[0]))


def _completed(model: Model) -> Model:
    """With what only its files know, unless they are missing or no good: the worker completes or refuses what it opens."""
    try:
        return Pair.of(model).complete(model)
    except ModelFileError:
        return model


def require(model: Model) -> Model:
    """``model``, if both files exist; ModelFileError with the way to get them otherwise."""
    for path in (model.text_path, model.vision_path):
        if not os.path.exists(path):
            raise ModelFileError(
                f"the model file {path} does not exist; `glm4v models show {model.name}` says how to get it"
            )
    return model


def _read(path: Path) -> dict[str, Entry]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadRequest(f"the catalogue {path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise BadRequest(f"the catalogue {path} should map names to models")
    return {str(name): _entry(str(name), fields, path) for name, fields in content.items()}


def _entry(name: str, fields: Any, source: Path) -> Entry:
    where = f"{source}, model {name!r}"
    _check(fields, {**dict.fromkeys(_ENTRY_FIELDS, None), **_MODEL_FIELDS}, where)
    for part in ("text", "vision"):
        _check(fields.get(part), _FILE_FIELDS, f"{where}, {part}")
        if not fields[part].get("file"):
            raise BadRequest(f"{where}, {part}: 'file' is missing")
    text, vision = fields["text"], fields["vision"]
    model = Model(
        name=name,
        text_path=_locate(name, text["file"], source),
        vision_path=_locate(name, vision["file"], source),
        text_sha256=text.get("sha256", "").lower(),
        vision_sha256=vision.get("sha256", "").lower(),
        **{key: value for key, value in fields.items() if key in _MODEL_FIELDS},
    )
    about = {key: str(fields.get(key, "")) for key in ("about", "licence", "repository", "notes")}
    return Entry(model, **about, text_bytes=text.get("bytes", 0), vision_bytes=vision.get("bytes", 0))


def _check(fields: Any, types: dict[str, type | None], where: str) -> None:
    if not isinstance(fields, dict):
        raise BadRequest(f"{where}: fields such as 'file' are missing")
    for key, value in fields.items():
        if key not in types:
            near = difflib.get_close_matches(str(key), types, n=1)
            raise BadRequest(f"{where}: there is no field {key!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        if types[key] and type(value) is not types[key]:
            raise BadRequest(f"{where}: {key!r} should be of type {types[key].__name__}, not {value!r}")


def _locate(name: str, file: str, source: Path) -> Path:
    """A path with directories counts from the catalogue's own; a bare name lies where fetch puts it."""
    if os.sep not in file:
        return models_dir() / name / file
    return Path(os.path.normpath(source.absolute().parent / Path(file).expanduser()))
