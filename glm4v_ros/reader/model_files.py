"""RapidOCR's model files, which come inside its wheel."""

from __future__ import annotations

import hashlib
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path

from glm4v_ros.errors import NotRead
from glm4v_ros.vendor import vendor_dir

VERSION = "3.10.0"  # of rapidocr on PyPI, whose wheel has these files
DETECTION = "PP-OCRv6_det_small.onnx"
RECOGNITION = "PP-OCRv6_rec_small.onnx"
SHA256 = {
    DETECTION: "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    RECOGNITION: "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
}


def missing() -> str:
    """What is not installed and how to install it; "" when all is there. Imports nothing."""
    absent = [name for name in ("rapidocr", "onnxruntime") if _spec(name) is None]
    return f"the second reader is not installed, {' and '.join(absent)} missing: {_install()}" if absent else ""


def read(name: str) -> bytes:
    """The model's bytes, which are those that were tested; raises NotRead.

    The bytes that are checked are the ones that are loaded, and RapidOCR, which would fetch a file that it misses or
    finds changed, never looks for one.
    """
    path = Path(_spec("rapidocr").origin).parent / "models" / name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NotRead(f"the second reader's model {path} cannot be read ({error.strerror}): {_install()}") from error
    if hashlib.sha256(data).hexdigest() != SHA256[name]:
        raise NotRead(
            f"the second reader's model {path} is not the one that was tested, rapidocr {VERSION}'s, its SHA-256 differs: {_install()}"
        )
    return data


def _install() -> str:
    """What a person has to do."""
    if vendor_dir():
        return "build glm4v_ros again with -DGLM4V_READER=ON (docs/install.md)"
    return "run `make setup` in glm4v_ros's folder, or install its requirements/reader.txt where glm4v is (docs/verification.md)"


def _spec(name: str) -> ModuleSpec | None:
    """Where the reader's process finds a package, which looks into the build's own packages as well."""
    folder = vendor_dir()
    return find_spec(name) or (PathFinder.find_spec(name, [str(folder)]) if folder else None)
