"""A Hugging Face checkpoint on disk: its configuration and its safetensors, read a piece at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from glm4v_ros.errors import ModelFileError

# numpy has no bfloat16: its raw 16 bits are kept, which is all that moving rows about needs.
_DTYPES = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "BF16": np.dtype("<u2")}


@dataclass(frozen=True)
class StoredTensor:
    """One tensor of a shard. ``shape`` is PyTorch's order, the slowest dimension first."""

    name: str
    path: Path
    dtype: str
    shape: tuple[int, ...]
    offset: int

    def rows(self, start: int, stop: int) -> np.ndarray:
        """A part along the slowest dimension; BF16 as uint16. Any number of threads may read at once."""
        dtype = _DTYPES[self.dtype]
        row = dtype.itemsize * prod(self.shape[1:])
        data = np.empty((stop - start, *self.shape[1:]), dtype)
        with self.path.open("rb", buffering=0) as file:
            file.seek(self.offset + start * row)
            if file.readinto(data.reshape(-1).view(np.uint8)) != data.nbytes:
                raise ModelFileError(f"{self.path} ended while it was read; is it still being written?")
        return data

    def read_f32(self) -> np.ndarray:
        """The whole tensor."""
        data = self.rows(0, self.shape[0])
        if self.dtype == "BF16":
            return (data.astype(np.uint32) << 16).view(np.float32)
        return data.astype(np.float32)


class Checkpoint:
    """The files of one directory. Opening it reads the headers of all shards and no weights."""

    def __init__(self, directory: str | Path):
        self.directory = Path(directory)
        if not self.directory.is_dir():
            raise ModelFileError(f"there is no checkpoint directory {self.directory}")
        self.config = self._json("config.json")
        if self.config is None:
            raise ModelFileError(f"{self.directory} has no config.json: it is not a Hugging Face checkpoint")
        self.shards = self._find_shards()
        self.tensors: dict[str, StoredTensor] = {}
        for shard in self.shards:
            self.tensors.update(_read_header(shard))

    @property
    def identity(self) -> dict[str, list[int]]:
        """Size and time of every shard: a conversion that was broken off goes on only with the same ones."""
        stats = {path.name: path.stat() for path in (*self.shards, self.directory / "config.json")}
        return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()}

    def file(self, name: str) -> Path:
        path = self.directory / name
        if not path.is_file():
            raise ModelFileError(f"{self.directory} has no {name}; download the whole checkpoint")
        return path

    def json(self, name: str) -> dict[str, Any]:
        self.file(name)
        return self._json(name)

    def _json(self, name: str) -> dict[str, Any] | None:
        path = self.directory / name
        if not path.is_file():
            return None
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ModelFileError(f"{path} is not valid JSON ({error}); download it again") from None

    def _find_shards(self) -> list[Path]:
        index = self._json("model.safetensors.index.json")
        present = sorted(self.directory.glob("*.safetensors"))
        if index is not None:
            expected = sorted(set(index["weight_map"].values()))
            missing = [name for name in expected if not (self.directory / name).is_file()]
            if missing:
                raise ModelFileError(
                    f"{self.directory} lacks {len(missing)} of {len(expected)} shards: {', '.join(missing)}; "
                    "download them too"
                )
            return [self.directory / name for name in expected]
        if not present:
            raise ModelFileError(f"{self.directory} holds no .safetensors file; older .bin checkpoints are not read")
        return present


def _read_header(path: Path) -> dict[str, StoredTensor]:
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 10 or length > size - 8:
                raise ValueError
            header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        return {name: tensor for name, entry in header.items() if (tensor := _tensor(path, size, 8 + length, name, entry))}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ModelFileError(f"{path} is not a whole safetensors file; download it again") from None


def _tensor(path: Path, size: int, data: int, name: str, entry: dict[str, Any]) -> StoredTensor | None:
    """None for a type that no weights of this model have."""
    if entry["dtype"] not in _DTYPES:
        return None
    (start, end), shape = entry["data_offsets"], tuple(entry["shape"])
    if end - start != prod(shape) * _DTYPES[entry["dtype"]].itemsize:
        raise ValueError
    if data + end > size:
        raise ModelFileError(f"{path} is cut short: {name} lies beyond its end; download it again")
    return StoredTensor(name, path, entry["dtype"], shape, data + start)
