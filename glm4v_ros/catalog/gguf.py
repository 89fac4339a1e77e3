"""The header of a GGUF file, read without llama.cpp, which aborts or reads past the end where this raises."""

from __future__ import annotations

import os
import re
import struct
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

from glm4v_ros.errors import ModelFileError

# Type id -> (name, values a block, bytes a block) of every type that ggml 0.25 writes to files.
TYPES = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36), 41: ("Q1_0", 128, 18), 42: ("Q2_0", 64, 18),
}  # fmt: skip

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_LENGTH = struct.Struct("<Q").unpack_from  # of a string
_LONGEST, _PIECE = 128 << 20, 256 << 10  # bytes, of a header and of what is read of it at once


@dataclass(frozen=True)
class Strings:
    """An array of strings, of which only the length is kept (a vocabulary, its merges)."""

    length: int

    def __len__(self) -> int:
        return self.length


@dataclass(frozen=True)
class Tensor:
    """Where one tensor lies. ``shape`` is in ggml's order, the fastest dimension first; ``offset`` is absolute."""

    name: str
    shape: tuple[int, ...]
    type: int
    offset: int

    @property
    def type_name(self) -> str:
        return TYPES[self.type][0] if self.type in TYPES else f"type {self.type}"

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """Length of the data; 0 for a type this program does not know."""
        if self.type not in TYPES:
            return 0
        _, values, size = TYPES[self.type]
        return self.elements // values * size


@dataclass(frozen=True)
class Gguf:
    """Metadata and tensor table of one GGUF file that is whole."""

    path: Path
    metadata: dict[str, Any] = field(repr=False)
    tensors: dict[str, Tensor] = field(repr=False)

    @classmethod
    def read(cls, path: str | Path) -> Gguf:
        """The header of ``path``; ModelFileError if it is missing, no GGUF, of an unknown version or cut short."""
        path = Path(path)
        try:
            with path.open("rb") as file:
                start = file.read(24)
                if len(start) < 24 or not start.startswith(b"GGUF"):
                    raise ModelFileError(f"{path} is not a GGUF file{_what_else(start)}")
                return cls(path, *_Header(file, start).parse(path))
        except (FileNotFoundError, NotADirectoryError):
            raise ModelFileError(f"there is no model file {path}; `glm4v models list` shows how to get one") from None
        except IsADirectoryError:
            raise ModelFileError(f"{path} is a directory; name the GGUF file in it") from None
        except PermissionError:
            raise ModelFileError(f"{path} may not be read by this user; give the right to read it (chmod)") from None
        except OSError as error:
            raise ModelFileError(f"{path} cannot be read ({error}); is its disk all right?") from error
        except (struct.error, IndexError, TypeError, UnicodeDecodeError, OverflowError, ZeroDivisionError, RecursionError):
            raise ModelFileError(f"{path} ends or breaks inside its header; fetch it again") from None

    @property
    def architecture(self) -> str:
        return self.value("general.architecture", "")

    @property
    def is_vision(self) -> bool:
        return self.architecture == "clip"

    @property
    def projector(self) -> str:
        """The vision tower's projector type; empty in a text model."""
        return self.value("clip.projector_type", "") or self.value("clip.vision.projector_type", "")

    @property
    def embedding_length(self) -> int:
        """Values in the vector that stands for one token: a text model's own, or what a tower produces."""
        if self.is_vision:
            return self.value("clip.vision.projection_dim", 0)
        return self.value(f"{self.architecture}.embedding_length", 0)

    @property
    def token_pixels(self) -> int:
        """Along each side of the square of a picture that one token stands for; 0 where a vision file names no patches."""
        merged = 2 if self.projector in ("glm4v", "glm5v") else 1  # llama.cpp's, of files that do not say
        return self.value("clip.vision.patch_size", 0) * self.value("clip.vision.spatial_merge_size", merged)

    @property
    def image_max_tokens(self) -> int:
        """Image tokens of the largest picture that a vision file was trained for, 0 where it names none. llama.cpp keeps its own
        limit for GLM-4V whatever this says."""
        return self.value("clip.vision.image_max_pixels", 0) // self.token_pixels**2 if self.token_pixels else 0

    @property
    def rope_sections(self) -> tuple[int, ...]:
        """How many rotary pairs follow each stream of positions; all zero without M-RoPE."""
        return self.value(f"{self.architecture}.rope.dimension_sections", ())

    @property
    def has_mrope(self) -> bool:
        return any(self.rope_sections)

    @property
    def weight_bytes(self) -> int:
        return sum(tensor.bytes for tensor in self.tensors.values())

    @property
    def f16_bytes(self) -> int:
        """What the weights take where the quantised ones are F16."""
        return sum(max(tensor.bytes, 2 * tensor.elements) for tensor in self.tensors.values())

    @property
    def parameters(self) -> int:
        return sum(tensor.elements for tensor in self.tensors.values())

    @property
    def parts(self) -> tuple[Path, ...]:
        """Every file of a model that is split into ``NAME-00001-of-0000N.gguf``; the file itself otherwise."""
        count = self.value("split.count", 0)
        match = re.fullmatch(r"(.*)-00001-of-(\d{5})\.gguf", self.path.name)
        if count < 2 or not match:
            return (self.path,)
        return tuple(self.path.with_name(f"{match[1]}-{i:05}-of-{match[2]}.gguf") for i in range(1, count + 1))

    def value(self, key: str, default: Any) -> Any:
        """Of the metadata; ModelFileError for one of another type than ``default``."""
        found = self.metadata.get(key, default)
        if not isinstance(found, type(default)):
            raise ModelFileError(f"{self.path} has {found!r} for {key}; fetch or convert it again")
        return found

    def own(self, key: str, default: Any = None) -> Any:
        """A value under the architecture's prefix: ``own("block_count")`` reads ``glm4.block_count``."""
        return self.metadata.get(f"{self.architecture}.{key}", default)


def _what_else(start: bytes) -> str:
    """What a file that begins like this is, and what to do about it."""
    if not start:
        return ": it is empty; fetch it again"
    if start.startswith(b"version https://git-lfs"):
        return " but Git LFS's note of where it lies; get it with `git lfs pull`"
    if start.lstrip()[:1] == b"<":
        return " but a web page, maybe one that asks to log in; fetch it again"
    return "; fetch or convert it again"


class _Header:
    """Reads piece by piece: from a mapped file whose disk fails, or that is cut short meanwhile, comes no error but a signal that ends
    the process, which may be the node's."""

    def __init__(self, file: BinaryIO, start: bytes):
        self._file, self._size = file, os.fstat(file.fileno()).st_size
        self._data, self._at = bytearray(start), 4

    def parse(self, path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
        version = self._scalar("I")
        if version not in (2, 3):
            raise ModelFileError(f"{path} is GGUF version {version}; this program reads 2 and 3")
        n_tensors, n_values = self._scalar("Q"), self._scalar("Q")
        metadata = {}
        for _ in range(n_values):
            key = self._string()
            metadata[key] = self._value(self._scalar("I"))
        entries = [self._tensor() for _ in range(n_tensors)]
        alignment = metadata.get("general.alignment", 32)
        start = -(-self._at // alignment) * alignment
        tensors = {name: Tensor(name, shape, kind, start + offset) for name, shape, kind, offset in entries}
        for tensor in tensors.values():
            if tensor.offset + tensor.bytes > self._size:
                raise ModelFileError(
                    f"{path} is cut short: {tensor.name} ends at byte {tensor.offset + tensor.bytes}, "
                    f"the file at {self._size}; fetch it again"
                )
        return metadata, tensors

    def _need(self, end: int) -> None:
        if end > len(self._data):
            if end > min(self._size, _LONGEST):
                raise IndexError
            self._data += self._file.read(max(end - len(self._data), _PIECE))

    def _take(self, code: str) -> tuple:
        size = struct.calcsize("<" + code)
        self._need(self._at + size)
        self._at += size
        return struct.unpack_from("<" + code, self._data, self._at - size)

    def _scalar(self, code: str) -> Any:
        return self._take(code)[0]

    def _string(self) -> str:
        length = self._scalar("Q")
        return self._take(f"{length}s")[0].decode()

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            return self._array()
        if kind not in _SCALARS:
            raise IndexError
        return self._scalar(_SCALARS[kind])

    def _array(self) -> Any:
        kind, length = self._scalar("I"), self._scalar("Q")
        if kind == _STRING:
            at, data = self._at, self._data  # which grows in place
            for _ in range(length):  # half a million of them in GLM-4's vocabulary and its merges
                if at + 8 > len(data):
                    self._need(at + 8)
                at += 8 + _LENGTH(data, at)[0]
            self._at = at
            return Strings(length)
        if kind == _ARRAY:
            return [self._array() for _ in range(length)]
        if kind not in _SCALARS:
            raise IndexError
        return self._take(f"{length}{_SCALARS[kind]}")

    def _tensor(self) -> tuple[str, tuple[int, ...], int, int]:
        name = self._string()
        n_dims = self._scalar("I")
        if n_dims > 4:
            raise IndexError
        shape = tuple(self._scalar("Q") for _ in range(n_dims))
        return name, shape, self._scalar("I"), self._scalar("Q")
