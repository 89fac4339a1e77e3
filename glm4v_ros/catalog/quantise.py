"""llama.cpp's quantisation of a GGUF file, in a process of its own: it can be stopped, and takes its memory with it."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Callable

from glm4v_ros.errors import ModelFileError

# What llama.cpp calls a file type, and about how many bits a weight takes in it, to check the disk beforehand.
FILE_TYPES = {
    "F32": (0, 32.0), "F16": (1, 16.0), "BF16": (32, 16.0), "Q8_0": (7, 8.6), "Q6_K": (18, 6.9), "Q5_K_M": (17, 6.0),
    "Q5_K_S": (16, 5.8), "Q4_K_M": (15, 5.7), "Q4_K_S": (14, 5.2), "Q3_K_M": (12, 4.6), "Q3_K_S": (11, 4.2),
    "Q2_K": (10, 3.6),
}  # fmt: skip
_BUFFER = 1 << 30  # bytes of rows that llama.cpp holds at once; its default of 8 GiB would take a whole vocabulary


def quantise(source: Path, target: Path, file_type: str, threads: int, progress: Callable[[int, int], None]) -> None:
    """Writes ``source`` to ``target`` as ``file_type``. ``progress`` gets the tensors done and their number.

    Raises ModelFileError with llama.cpp's reason. Whatever ends it early, no part of ``target`` stays.
    """
    command = [sys.executable, "-m", __name__, str(source.absolute()), str(target.absolute()), file_type, str(threads)]
    package_root = str(Path(__file__).parents[2])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(dict.fromkeys([package_root, *filter(None, sys.path)])),
        "GGML_NO_BACKTRACE": "1",
    }
    last = ""
    # In a session of its own, so that Ctrl-C reaches this process alone, which then ends the other.
    with subprocess.Popen(
        command, env=environment, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", start_new_session=True,
    ) as process:  # fmt: skip
        try:
            for line in process.stdout:
                if match := re.match(r"\[ *(\d+)/ *(\d+)\]", line):
                    progress(int(match[1]), int(match[2]))
                else:
                    last = line.strip() or last
        except BaseException:
            process.kill()
            process.wait()
            target.unlink(missing_ok=True)
            raise
    if process.returncode:
        target.unlink(missing_ok=True)
        raise ModelFileError(
            f"quantising {source.name} to {file_type} failed: {last or f'exit code {process.returncode}'}"
        )


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
    return int(llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(target), ctypes.byref(params)) != 0)


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
