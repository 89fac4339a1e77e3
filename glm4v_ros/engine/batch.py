"""What goes into one llama_decode."""

from __future__ import annotations

import ctypes

import llama_cpp
import numpy as np


class Batch:
    """Arrays for ``capacity`` entries, made once: either tokens or embeddings, never both."""

    def __init__(self, capacity: int, positions_per_embedding: int, outputs: int):
        self.capacity = capacity
        #: How many entries may ask for logits.
        self.output_capacity = outputs
        self._positions_per_embedding = positions_per_embedding
        self._tokens = np.zeros(capacity, np.int32)
        self._positions = np.zeros(capacity * positions_per_embedding, np.int32)
        self._seq_ids = np.zeros(capacity, np.int32)
        self._outputs = np.zeros(capacity, np.int8)
        self._seq_counts = np.ones(capacity, np.int32)
        self._seq_pointers = np.uint64(self._seq_ids.ctypes.data) + 4 * np.arange(capacity, dtype=np.uint64)
        self._embeddings: np.ndarray | None = None
        self._token_pointer = _pointer(self._tokens, ctypes.c_int32)
        self._fixed = dict(  # asking NumPy for an address takes long, compared with a token
            pos=_pointer(self._positions, ctypes.c_int32),
            n_seq_id=_pointer(self._seq_counts, ctypes.c_int32),
            seq_id=_pointer(self._seq_pointers, ctypes.POINTER(ctypes.c_int32)),
            logits=_pointer(self._outputs, ctypes.c_int8),
        )
        self.clear()

    def clear(self) -> None:
        self.size = 0
        #: Entry and sequence of each that asks for logits.
        self.outputs: list[tuple[int, int]] = []
        self._embeddings = None
        self._chunks: list[tuple[np.ndarray, np.ndarray, int]] = []

    @property
    def room(self) -> int:
        return self.capacity - self.size

    @property
    def output_room(self) -> int:
        return self.output_capacity - len(self.outputs)

    def add_tokens(self, tokens, position: int, seq_id: int, outputs: int) -> int:
        """Consecutive tokens of one sequence, the last ``outputs`` of them with logits. Returns the first one's
        index."""
        i, n = self.size, len(tokens)
        self._tokens[i : i + n] = tokens
        self._positions[i : i + n] = range(position, position + n)
        self._seq_ids[i : i + n] = seq_id
        self._outputs[i : i + n - outputs] = 0
        self._outputs[i + n - outputs : i + n] = 1
        self.size += n
        self.outputs += [(entry, seq_id) for entry in range(self.size - outputs, self.size)]
        return i

    def add_embeddings(self, embeddings: np.ndarray, positions: np.ndarray, seq_id: int) -> None:
        """``embeddings`` (n, d) float32 and absolute ``positions`` (p, n) int32 of one sequence."""
        self._chunks.append((embeddings, positions, seq_id))
        self._seq_ids[self.size : self.size + len(embeddings)] = seq_id
        self._outputs[self.size : self.size + len(embeddings)] = 0
        self.size += len(embeddings)

    def struct(self) -> llama_cpp.llama_batch:
        """The C view of this batch, valid until it is cleared."""
        if self._chunks:
            self._embeddings = (
                self._chunks[0][0] if len(self._chunks) == 1 else np.concatenate([chunk[0] for chunk in self._chunks])
            )
            positions = np.concatenate([chunk[1] for chunk in self._chunks], axis=1)
            self._positions[: positions.size] = positions.reshape(-1)  # section-major over the whole batch
        return llama_cpp.llama_batch(
            n_tokens=self.size,
            token=None if self._chunks else self._token_pointer,
            embd=_pointer(self._embeddings, ctypes.c_float) if self._chunks else None,
            **self._fixed,
        )


def _pointer(array: np.ndarray, kind):
    return ctypes.cast(array.ctypes.data, ctypes.POINTER(kind))
