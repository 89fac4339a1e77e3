"""A glm-4v-9b checkpoint to the two GGUF files that the engine runs.

Each half is written unquantised in the checkpoint's own type, tensor by tensor, then quantised by llama.cpp into a
file that gets its final name only when it is whole. What was finished before an interruption is kept.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Callable

import gguf
import numpy as np

from glm4v_ros.catalog import manifest
from glm4v_ros.catalog.checkpoint import Checkpoint
from glm4v_ros.catalog.glm4v9b import NAME, Half, Output, TextHalf, VisionHalf
from glm4v_ros.catalog.quantise import FILE_TYPES, quantise
from glm4v_ros.errors import ModelFileError, Unsupported

HALVES: dict[str, type[Half]] = {"text": TextHalf, "vision": VisionHalf}
DEFAULT_TYPES = {"text": "Q4_K_M", "vision": "Q8_0"}

_DTYPES = {"F32": gguf.GGMLQuantizationType.F32, "F16": gguf.GGMLQuantizationType.F16,
           "BF16": gguf.GGMLQuantizationType.BF16}  # fmt: skip
_ALIGNMENT = 32

Progress = Callable[[str, int, int], None]
"""(what is being done, bytes or tensors done, of how many)"""


@dataclass(frozen=True)
class Conversion:
    """Which checkpoint becomes which files. Making one checks everything that can be checked before any work."""

    checkpoint: Checkpoint
    directory: Path
    types: dict[str, str]  # half -> file type
    halves: dict[str, Half]

    @classmethod
    def plan(
        cls, checkpoint_dir: str | Path, out_dir: str | Path, *, text: str = "", vision: str = "", only: str = ""
    ) -> Conversion:
        """``only`` ("text" or "vision") leaves the other half alone; its tensors may then be missing.

        Raises ModelFileError for a checkpoint that is incomplete or of another model and for a disk that is too
        small, Unsupported for a file type or a configuration that cannot be converted.
        """
        types = {half: kind.upper() or DEFAULT_TYPES[half] for half, kind in (("text", text), ("vision", vision))}
        if unknown := [kind for kind in types.values() if kind not in FILE_TYPES]:
            raise Unsupported(f"there is no file type {unknown[0]}; choose one of {', '.join(FILE_TYPES)}")
        checkpoint = Checkpoint(checkpoint_dir)
        halves = {name: half(checkpoint) for name, half in HALVES.items() if only in ("", name)}
        conversion = cls(checkpoint, Path(out_dir), types, halves)
        conversion._check_disk()
        return conversion

    def path(self, half: str) -> Path:
        return self.directory / f"{NAME}-{half}-{self.types[half].lower()}.gguf"

    def run(self, progress: Progress = lambda what, done, total: None, threads: int = 0) -> dict[str, Any]:
        """Converts what is not converted yet and returns the manifest, which also lies beside the files.

        ``threads`` 0 means every core. Interrupted at any point, the next run goes on where this one was.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        described = self._read_manifest()
        manifest.write(self.directory, described)
        for name, half in self.halves.items():
            path = self.path(name)
            entry = described["files"].get(path.name)
            if not entry or not path.is_file() or path.stat().st_size != entry["bytes"]:
                self._convert(name, half, progress, threads)
                described["files"][path.name] = {
                    "half": name, "type": self.types[name], "bytes": path.stat().st_size,
                    "sha256": _sha256(path, lambda done, total: progress(f"checking {path.name}", done, total)),
                }  # fmt: skip
                manifest.write(self.directory, described)
            self._plain_path(name).unlink(missing_ok=True)
        return described

    def _convert(self, name: str, half: Half, progress: Progress, threads: int) -> None:
        final, plain = self.path(name), self._plain_path(name)
        part = final.with_suffix(".gguf.part")
        write_plain(half, plain, lambda done, total: progress(f"reading {name}", done, total))
        if self.types[name] == half.dtype:
            plain.replace(final)
            return
        quantise(
            plain, part, self.types[name], threads, lambda done, total: progress(f"quantising {name}", done, total)
        )
        part.replace(final)

    def _plain_path(self, half: str) -> Path:
        return self.directory / f".{NAME}-{half}-plain.gguf.part"

    def _check_disk(self) -> None:
        """The larger half decides: its unquantised file and the final one lie side by side for a while."""
        needed, kept = 0.0, 0.0
        for name, half in self.halves.items():
            if self.path(name).is_file():
                continue
            elements = sum(int(np.prod(output.shape)) for output in half.outputs)
            plain = elements * _BITS[half.dtype] / 8
            there = self._plain_path(name)
            final = elements * FILE_TYPES[self.types[name]][1] / 8
            final = 0 if self.types[name] == half.dtype else final
            needed = max(needed, kept + plain + final - (there.stat().st_size if there.is_file() else 0))
            kept += final
        place = next(path for path in (self.directory, *self.directory.absolute().parents) if path.exists())
        free = shutil.disk_usage(place).free
        if free < needed:
            raise ModelFileError(
                f"{self.directory} has {free / 1e9:.1f} GB free, the conversion needs {needed / 1e9:.1f} GB for "
                "a while; free some or choose another directory"
            )

    def _read_manifest(self) -> dict[str, Any]:
        """The one of an earlier run with this very checkpoint; otherwise an empty one."""
        identity = self.checkpoint.identity
        found = manifest.read(self.directory)
        before, files = found.get("checkpoint", {}), found["files"]
        # Converted half by half, the shards of the other half may be gone by now: those in common must be the same.
        if not before or any(before.get(name, stat) != stat for name, stat in identity.items()):
            before, files = {}, {}
            for half in HALVES:
                self._plain_path(half).unlink(missing_ok=True)
        return {"model": NAME, "checkpoint": {**before, **identity}, "files": files}


_BITS = {"F32": 32, "F16": 16, "BF16": 16}


def write_plain(half: Half, path: Path, progress: Callable[[int, int], None]) -> None:
    """Writes ``half`` unquantised; a file of the same header that an earlier call left unfinished is continued."""
    sizes = [_bytes(output, half.dtype) for output in half.outputs]
    header = _header(half, path.with_suffix(".header"))
    total = sum(map(_padded, sizes))
    path.touch()
    with path.open("r+b") as file:
        if file.read(len(header)) != header:
            file.seek(0)
            file.truncate()
            file.write(header)
        present = file.seek(0, os.SEEK_END) - len(header)
        at = 0
        for output, size in zip(half.outputs, sizes):
            if at + _padded(size) > present:
                file.seek(len(header) + at)
                file.truncate()
                _write(output, file)
                file.write(b"\0" * (_padded(size) - size))
            at += _padded(size)
            progress(at, total)
        file.flush()
        os.fsync(file.fileno())


def _header(half: Half, scratch: Path) -> bytes:
    """Everything in front of the tensors' data."""
    writer = gguf.GGUFWriter(scratch, half.architecture)
    kinds = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string,
             list: writer.add_array}  # fmt: skip
    for key, value in {**half.metadata(), "general.file_type": FILE_TYPES[half.dtype][0]}.items():
        kinds[type(value)](key, value)
    for output in half.outputs:
        kind = "F32" if output.exact else half.dtype
        writer.add_tensor_info(
            output.name, output.shape, np.dtype(np.float32), _bytes(output, half.dtype), raw_dtype=_DTYPES[kind]
        )
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        writer.close()
        header = scratch.read_bytes()
    finally:
        scratch.unlink(missing_ok=True)
    return header + b"\0" * (_padded(len(header)) - len(header))


def _write(output: Output, file: BinaryIO) -> None:
    if output.source is not None:
        for piece in output.source.pieces():
            file.write(piece)
    else:
        values = output.make()
        if values.shape != output.shape:
            raise ModelFileError(f"{output.name} came out as {values.shape}, not {output.shape}")
        file.write(values.astype(np.float32, copy=False) if output.exact else values)


def _bytes(output: Output, dtype: str) -> int:
    return int(np.prod(output.shape)) * (4 if output.exact else _BITS[dtype] // 8)


def _padded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _sha256(path: Path, progress: Callable[[int, int], None]) -> str:
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while piece := file.read(8 << 20):
            digest.update(piece)
            done += len(piece)
            progress(done, total)
    return digest.hexdigest()
