"""What goes into one llama_decode."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import llama_cpp
import numpy as np

from glm4v_ros.catalog.token_embeddings import TokenEmbeddings


class Batch:
    """Arrays for ``capacity`` entries, made once.

    llama.cpp takes either tokens or embeddings. With ``token_embeddings``, tokens beside embeddings go in as theirs; without
    them, a batch must get one kind only.
    """

    def __init__(
        self,
        capacity: int,
        positions_per_embedding: int,
        outputs: int,
        embedding_size: int,
        token_embeddings: TokenEmbeddings | None = None,
    ):
        self.capacity = capacity
        #: How many entries may ask for logits.
        self.output_capacity = outputs
        self._streams = positions_per_embedding
        self._embedding_size = embedding_size
        self._token_embeddings = token_embeddings
        self._tokens = np.zeros(capacity, np.int32)
        self._positions = np.zeros(capacity, np.int32)
        self._seq_ids = np.zeros(capacity, np.int32)
        self._outputs = np.zeros(capacity, np.int8)
        self._seq_counts = np.ones(capacity, np.int32)
        self._own_seq_id = np.uint64(self._seq_ids.ctypes.data) + 4 * np.arange(capacity, dtype=np.uint64)
        self._seq_pointers = self._own_seq_id.copy()
        self._all_positions = np.zeros(capacity * positions_per_embedding, np.int32)
        self._embeddings: np.ndarray | None = None  # of a batch that is not one piece of an image, made with the first
        common = dict(
            n_seq_id=_pointer(self._seq_counts, ctypes.c_int32),
            seq_id=_pointer(self._seq_pointers, ctypes.POINTER(ctypes.c_int32)),
            logits=_pointer(self._outputs, ctypes.c_int8),
        )
        tokens, positions = _pointer(self._tokens, ctypes.c_int32), _pointer(self._positions, ctypes.c_int32)
        self._of_tokens = llama_cpp.llama_batch(token=tokens, pos=positions, **common)
        self._of_embeddings = llama_cpp.llama_batch(pos=_pointer(self._all_positions, ctypes.c_int32), **common)
        self._images: list[tuple[int, np.ndarray, np.ndarray]] = []
        self._shared_ids: list[np.ndarray] = []
        self.clear()

    def clear(self) -> None:
        for start, embeddings, _ in self._images:
            self._seq_counts[start : start + len(embeddings)] = 1
            self._seq_pointers[start : start + len(embeddings)] = self._own_seq_id[start : start + len(embeddings)]
        self.size = 0
        #: Entry and sequence of each that asks for logits.
        self.outputs: list[tuple[int, int]] = []
        self._images.clear()
        self._shared_ids.clear()

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
        if n == 1:  # a running answer's; slices take NumPy several times as long
            self._tokens[i], self._positions[i], self._seq_ids[i], self._outputs[i] = tokens[0], position, seq_id, outputs
        else:
            self._tokens[i : i + n] = tokens
            self._positions[i : i + n] = range(position, position + n)
            self._seq_ids[i : i + n] = seq_id
            self._outputs[i : i + n - outputs] = 0
            self._outputs[i + n - outputs : i + n] = 1
        self.size += n
        self.outputs += [(entry, seq_id) for entry in range(self.size - outputs, self.size)]
        return i

    @property
    def images(self) -> int:
        """Pieces of images in it."""
        return len(self._images)

    def add_embeddings(self, embeddings: np.ndarray, positions: np.ndarray, seq_ids: Sequence[int]) -> None:
        """``embeddings`` (n, d) float32 and absolute ``positions`` (p, n) int32 of one sequence, or of several that have
        them in common."""
        i, n = self.size, len(embeddings)
        ids = np.array(seq_ids, np.int32)
        self._shared_ids.append(ids)
        self._seq_counts[i : i + n] = len(ids)
        self._seq_pointers[i : i + n] = ids.ctypes.data
        self._outputs[i : i + n] = 0
        self._images.append((i, embeddings, positions))
        self.size += n

    def struct(self) -> llama_cpp.llama_batch:
        """The C view of this batch, valid until it is cleared."""
        batch = self._of_embeddings if self._images else self._of_tokens
        batch.n_tokens = self.size
        if self._images:
            positions = self._all_positions[: self._streams * self.size].reshape(self._streams, self.size)  # section-major
            positions[:3] = self._positions[: self.size]  # as llama.cpp does for tokens
            positions[3:] = 0
            for start, _, own in self._images:
                positions[:, start : start + own.shape[1]] = own
            embeddings = self._images[0][1] if len(self._images[0][1]) == self.size else self._mixed()
            batch.embd = _pointer(embeddings, ctypes.c_float)
        return batch

    def _mixed(self) -> np.ndarray:
        """(capacity, d) float32: the images' embeddings, and the tokens' between them."""
        if self._embeddings is None:
            self._embeddings = np.zeros((self.capacity, self._embedding_size), np.float32)
        text = np.ones(self.size, bool)
        for start, embeddings, _ in self._images:
            self._embeddings[start : start + len(embeddings)] = embeddings
            text[start : start + len(embeddings)] = False
        entries = text.nonzero()[0]
        if len(entries):
            self._embeddings[entries] = self._token_embeddings.rows(self._tokens[entries])
        return self._embeddings


def _pointer(array: np.ndarray, kind):
    return ctypes.cast(array.ctypes.data, ctypes.POINTER(kind))
