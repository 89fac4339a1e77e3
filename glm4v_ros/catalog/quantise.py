"""llama.cpp's quantisation: of a whole GGUF file, or of rows of weights that are in memory.

What llama.cpp decides about whole files runs in a process of its own, because it may abort there.
"""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import gguf
import numpy as np

from glm4v_ros.errors import ModelFileError

# What llama.cpp calls a file type, and about how many bits a weight takes in it, to check the disk beforehand.
FILE_TYPES = {
    "F32": (0, 32.0), "F16": (1, 16.0), "BF16": (32, 16.0), "Q8_0": (7, 8.6), "Q6_K": (18, 6.9), "Q5_K_M": (17, 6.0),
    "Q5_K_S": (16, 5.8), "Q4_K_M": (15, 5.7), "Q4_K_S": (14, 5.2), "Q3_K_M": (12, 4.6), "Q3_K_S": (11, 4.2),
    "Q2_K": (10, 3.6),
}  # fmt: skip
_BUFFER = 1 << 30  # bytes of rows that llama.cpp holds at once; its default of 8 GiB would take a whole vocabulary
_PLANNED = re.compile(r"\[ *\d+/ *\d+\] +(\S+) .*, type = +(\w+), size = [^(]*(?:\((\w+)\))?$")

Kind = gguf.GGMLQuantizationType


def quantise(source: Path, target: Path, file_type: str, threads: int, progress: Callable[[int, int], None]) -> None:
    """Writes ``source`` to ``target`` as ``file_type``. ``progress`` gets the tensors done and their number.

    Raises ModelFileError with llama.cpp's reason. Whatever ends it early, no part of ``target`` stays.
    """
    try:
        for line in _llama(f"quantising {source.name} to {file_type}", b"", source.absolute(), target.absolute(),
                           file_type, threads):  # fmt: skip
            if match := re.match(r"\[ *(\d+)/ *(\d+)\]", line):
                progress(int(match[1]), int(match[2]))
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def planned_types(header: bytes, length: int, file_type: str) -> dict[str, Kind]:
    """The type that llama.cpp would give each tensor of an unquantised GGUF file, of which only the header is needed.

    ``length`` is what the whole file would have, in bytes. Raises ModelFileError with llama.cpp's reason.
    """
    types = {}
    for line in _llama(f"planning {file_type}", header, length, "", file_type, 1):
        if match := _PLANNED.match(line):
            types[match[1]] = Kind[(match[3] or match[2]).upper()]
    return types


class RowQuantiser:
    """Turns rows of one type into rows of another, as llama.cpp does; one object for any number of threads."""

    def __init__(self, source: Kind, target: Kind):
        import llama_cpp.llama_cpp as bindings

        self._source, self._target = source, target
        library, rows, count = bindings._lib, ctypes.c_void_p, ctypes.c_int64
        self._quantise = library.ggml_quantize_chunk
        self._quantise.restype = ctypes.c_size_t
        self._quantise.argtypes = [ctypes.c_int, rows, rows, count, count, count, rows]
        self._is_sound = library.ggml_validate_row_data
        self._is_sound.restype, self._is_sound.argtypes = ctypes.c_bool, [ctypes.c_int, rows, ctypes.c_size_t]
        self._widen = {Kind.BF16: library.ggml_bf16_to_fp32_row, Kind.F16: library.ggml_fp16_to_fp32_row}.get(source)
        if self._widen:
            self._widen.restype, self._widen.argtypes = None, [rows, rows, count]

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """(n, m) in the source's raw type, contiguous, to (n, bytes a row) uint8; ValueError for NaN and infinity."""
        n, m = rows.shape
        values = rows
        if self._widen:
            values = np.empty((n, m), np.float32)
            self._widen(rows.ctypes.data, values.ctypes.data, n * m)
        out = np.empty((n, row_bytes(self._target, m)), np.uint8)
        self._quantise(self._target, values.ctypes.data, out.ctypes.data, 0, n, m, None)
        if not np.isfinite(values).all() or not self._is_sound(self._target, out.ctypes.data, out.nbytes):
            raise ValueError("its weights are not finite numbers")
        return out


def row_bytes(kind: Kind, length: int) -> int:
    """Bytes of a row of ``length`` values, which are whole blocks."""
    values, size = gguf.GGML_QUANT_SIZES[kind]
    return length // values * size


def _llama(what: str, header: bytes, *arguments: object) -> Iterator[str]:
    """What llama.cpp logs while it quantises in another process, which ends when the iteration does."""
    command = [sys.executable, "-m", __name__, *map(str, arguments)]
    package_root = str(Path(__file__).parents[2])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(dict.fromkeys([package_root, *filter(None, sys.path)])),
        "GGML_NO_BACKTRACE": "1",
    }
    last = ""
    # In a session of its own, so that Ctrl-C reaches this process alone, which then ends the other.
    with subprocess.Popen(
        command, env=environment, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            try:
                process.stdin.write(header)
                process.stdin.close()
            except BrokenPipeError:  # it says why itself
                pass
            for raw in process.stdout:
                line = raw.decode(errors="replace").rstrip()
                if not line.startswith("["):
                    last = line.strip() or last
                yield line
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise ModelFileError(f"{what} failed: {last or f'exit code {process.returncode}'}")


def _main(source: str, target: str, file_type: str, threads: str) -> int:
    import llama_cpp

    @llama_cpp.llama_log_callback
    def log(_level: int, text: bytes, _data: ctypes.c_void_p) -> None:
        try:
            os.write(1, text)
        except OSError:  # nobody is there any more
            os._exit(1)

    llama_cpp.llama_log_set(log, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = FILE_TYPES[file_type][0]
    params.nthread = int(threads) or len(os.sched_getaffinity(0))
    params.max_buf_size = _BUFFER
    if not target:
        params.dry_run = True
        source = _sketch(int(source))
    return int(llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(target), ctypes.byref(params)) != 0)


def _sketch(length: int) -> str:
    """A file of this length that takes no room: the header from standard input, and nothing behind it."""
    descriptor = os.memfd_create("sketch")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(sys.stdin.buffer.read())
        file.truncate(length)
    return f"/proc/self/fd/{descriptor}"


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
