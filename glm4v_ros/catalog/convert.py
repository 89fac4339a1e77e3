"""A glm-4v-9b checkpoint to the two GGUF files that the engine runs.

Weights go from the shards into the file a few rows at a time, quantised on the way in as many threads as there are
cores; which type each tensor gets is llama.cpp's decision. A file gets its final name only when it is whole, and what was
finished before an interruption is kept.
"""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, BinaryIO

import gguf
import numpy as np

from glm4v_ros.catalog import manifest
from glm4v_ros.catalog.checkpoint import Checkpoint
from glm4v_ros.catalog.glm4v9b import NAME, Half, Output, TextHalf
from glm4v_ros.catalog.glm4v9b_vision import VisionHalf
from glm4v_ros.catalog.quantise import FILE_TYPES, Kind, RowQuantiser, planned_types, row_bytes
from glm4v_ros.catalog.verify import sha256
from glm4v_ros.errors import ModelFileError, Unsupported

HALVES: dict[str, type[Half]] = {"text": TextHalf, "vision": VisionHalf}
DEFAULT_TYPES = {"text": "Q4_K_M", "vision": "Q8_0"}

_ALIGNMENT = 32
_AT_ONCE = 1 << 20  # weights that one thread takes at a time

Progress = Callable[[str, int, int], None]
"""(what is being done, bytes done, of how many)"""


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
                    "sha256": sha256(path, lambda path, done, total: progress(f"checking {path.name}", done, total)),
                }  # fmt: skip
                manifest.write(self.directory, described)
        return described

    def _convert(self, name: str, half: Half, progress: Progress, threads: int) -> None:
        part = self._part(name)
        types = self._tensor_types(half, self.types[name])
        header = _header(half, self.types[name], types)
        part.touch()
        with part.open("r+b") as file:
            _write(half, header, types, file, threads, lambda done, of: progress(f"converting {name}", done, of))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path(name))

    @staticmethod
    def _tensor_types(half: Half, file_type: str) -> dict[str, Kind]:
        plain = {output.name: Kind.F32 if output.exact else Kind[half.dtype] for output in half.outputs}
        if file_type == half.dtype:
            return plain
        header = _header(half, half.dtype, plain)
        length = len(header) + sum(_padded(_bytes(output, plain[output.name])) for output in half.outputs)
        planned = planned_types(header, length, file_type)
        return {output.name: Kind.F32 if output.exact else planned[output.name] for output in half.outputs}

    def _part(self, half: str) -> Path:
        return self.path(half).with_suffix(".gguf.part")

    def _check_disk(self) -> None:
        needed = 0.0
        for name, half in self.halves.items():
            if not self.path(name).is_file():
                part = self._part(name)
                there = part.stat().st_size if part.is_file() else 0
                weights = sum(int(np.prod(output.shape)) for output in half.outputs)
                needed += max(0.0, weights * FILE_TYPES[self.types[name]][1] / 8 - there)
        place = next(path for path in (self.directory, *self.directory.absolute().parents) if path.exists())
        free = shutil.disk_usage(place).free
        if free < needed:
            raise ModelFileError(
                f"{self.directory} has {free / 1e9:.1f} GB free, the conversion needs {needed / 1e9:.1f} GB; "
                "free some or choose another directory"
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
                self._part(half).unlink(missing_ok=True)
        return {"model": NAME, "checkpoint": {**before, **identity}, "files": files}


def _write(
    half: Half, header: bytes, types: dict[str, Kind], file: BinaryIO, threads: int,
    progress: Callable[[int, int], None],
) -> None:  # fmt: skip
    """Writes ``half`` into ``file``; one of the same header that an earlier call left unfinished is continued."""
    if file.read(len(header)) != header:
        file.seek(0)
        file.truncate()
        file.write(header)
    present = file.seek(0, os.SEEK_END)
    ends = list(accumulate((_padded(_bytes(output, types[output.name])) for output in half.outputs), initial=len(header)))
    whole = bisect_right(ends, present) - 1  # tensors that are there
    at, total = ends[whole], ends[-1]
    file.seek(at)
    file.truncate()
    pieces = chain.from_iterable(
        _pieces(output, Kind[half.dtype], types[output.name]) for output in half.outputs[whole:]
    )
    for data in _in_order(pieces, threads or len(os.sched_getaffinity(0))):
        file.write(data)
        at += len(data)
        progress(at, total)


def _pieces(output: Output, source: Kind, target: Kind) -> Iterator[Callable[[], bytes]]:
    """One tensor as it stands in the file, padding included: a call for each part."""
    n = output.shape[0]
    step = n if output.exact else max(1, _AT_ONCE // int(np.prod(output.shape[1:])))
    quantise = RowQuantiser(source, target) if source != target and not output.exact else None
    padding = bytes(-_bytes(output, target) % _ALIGNMENT)

    def make(start: int, stop: int) -> bytes:
        rows = np.ascontiguousarray(output.read(start, stop))
        if quantise:
            try:
                rows = quantise(rows)
            except ValueError as error:
                raise ModelFileError(f"{output.name} cannot be quantised: {error}; download the shards again") from None
        return rows.tobytes() + (padding if stop == n else b"")

    for start in range(0, n, step):
        yield functools.partial(make, start, min(n, start + step))


def _in_order(calls: Iterable[Callable[[], bytes]], threads: int) -> Iterator[bytes]:
    """The results of all calls, of which no more are under way than keep every thread busy."""
    running: deque[Future] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for call in calls:
                running.append(pool.submit(call))
                if len(running) > 2 * threads:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            for future in running:
                future.cancel()


def _header(half: Half, file_type: str, types: dict[str, Kind]) -> bytes:
    """Everything in front of the tensors' data."""
    writer = gguf.GGUFWriter(None, half.architecture)
    kinds = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string,
             list: writer.add_array}  # fmt: skip
    values = {**half.metadata(), "general.file_type": FILE_TYPES[file_type][0]}
    if file_type != half.dtype:
        values["general.quantization_version"] = gguf.GGML_QUANT_VERSION
    for key, value in values.items():
        kinds[type(value)](key, value)
    for output in half.outputs:
        kind = types[output.name]
        writer.add_tensor_info(
            output.name, output.shape, np.dtype(np.float32), _bytes(output, kind), raw_dtype=kind
        )
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "header"
        writer.write_header_to_file(path)
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        writer.close()
        header = path.read_bytes()
    return header + b"\0" * (_padded(len(header)) - len(header))


def _bytes(output: Output, kind: Kind) -> int:
    return int(np.prod(output.shape[:-1])) * row_bytes(kind, output.shape[-1])


def _padded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
