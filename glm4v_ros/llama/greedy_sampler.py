"""Greedy sampling inside llama.cpp's graph, on the device that has the logits.

Taking a vocabulary of logits to the host and looking for their maximum costs a large part of a millisecond a token.
This sampler leaves them there. It cuts the vocabulary into blocks and hands out the best token of each with its probability
within the block. On a CPU, where the logits are at hand, it costs more than it saves.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Sequence

import llama_cpp
import llama_cpp.llama_cpp as llama_bindings
import numpy as np

from glm4v_ros.machine import ggml

_log = logging.getLogger(__name__)
_pointer, _int64, _size = ctypes.c_void_p, ctypes.c_int64, ctypes.c_size_t

graph_tensor = ggml.function("ggml_graph_get_tensor", _pointer, ctypes.c_char_p)
_elements = ggml.function("ggml_nelements", _pointer, result=_int64)
_view_1d = ggml.function("ggml_view_1d", _pointer, _pointer, _int64, _size)
_reshape_2d = ggml.function("ggml_reshape_2d", _pointer, _pointer, _int64, _int64)
_reshape_3d = ggml.function("ggml_reshape_3d", _pointer, _pointer, _int64, _int64, _int64)
_argmax = ggml.function("ggml_argmax", _pointer, _pointer)
_soft_max = ggml.function("ggml_soft_max", _pointer, _pointer)
_get_rows = ggml.function("ggml_get_rows", _pointer, _pointer, _pointer)
_set_output = ggml.function("ggml_set_output", _pointer, result=None)
_concat = ggml.function("ggml_concat", _pointer, _pointer, _pointer, ctypes.c_int)

_LOGITS = b"result_output"  # llama.cpp's name for the logits of all outputs of a decode
BLOCK_SIZES = range(1024, 63, -1)  # a GPU gives each block to one block of threads, which has 1024 at most
_INDICES = np.arange(256)


class GreedySampler:
    """For sequences that want the likeliest token.

    llama.cpp asks a sampler for its nodes once for each output of a decode. The first time they are added for all outputs
    together, since a GPU takes about as long for one as for many; each output then gets its row of them. A sequence without
    outputs, and a decode without any, have as many nodes, empty ones: where the number of nodes changes, llama.cpp waits for
    the GPU and plans its memory anew. Of llama.cpp's places for a sampler's results, candidates hold the best column of each
    block, and logits its best logit and that one's probability within the block.
    """

    def __init__(self, vocabulary: int):
        self._vocabulary = vocabulary
        #: Whether this vocabulary can be sampled so.
        self.possible = any(map(self._cut, BLOCK_SIZES))
        self._host: dict[int, np.ndarray] = {}
        self._outputs: Sequence[tuple[int, int]] = ()
        self._places: dict[int, int] | None = None
        self._nodes: tuple[int, int, int] | None = None
        self._chains: list = []
        # llama.cpp keeps pointers to all of these.
        self._name = llama_bindings.llama_sampler_i_name(lambda _: b"greedy with probability")
        self._apply = llama_bindings.llama_sampler_i_apply(lambda _sampler, _candidates: None)
        self._backend_init = llama_bindings.llama_sampler_i_backend_init(lambda _sampler, _buffer, _outputs: True)
        self._backend_reset = llama_bindings.llama_sampler_i_backend_reset(self._begin)
        self._backend_apply = llama_bindings.llama_sampler_i_backend_apply(self._build)
        self._interface = llama_bindings.llama_sampler_i(
            name=self._name,
            apply=self._apply,
            backend_init=self._backend_init,
            backend_reset=self._backend_reset,
            backend_apply=self._backend_apply,
        )

    def _cut(self, size: int) -> bool:
        """Into blocks of this size, if they come out even."""
        self._block_size, self._blocks = size, self._vocabulary // size
        self._width = 2 * self._blocks  # floats that a row hands out; llama.cpp has places for as many as the vocabulary
        return self._vocabulary % size == 0

    def configs(self, seq_ids: range):
        """llama_context_params.samplers for these sequences."""
        self._seq_ids = seq_ids
        configs = (llama_cpp.llama_sampler_seq_config * len(seq_ids))()
        for config, seq_id in zip(configs, seq_ids):
            chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
            context = seq_id + 1  # which llama.cpp hands back to the callbacks; 0 would be NULL
            sampler = llama_cpp.llama_sampler_init(ctypes.byref(self._interface), context)
            llama_cpp.llama_sampler_chain_add(chain, sampler)
            self._chains.append(chain)
            config.seq_id, config.sampler = seq_id, ctypes.cast(chain, ctypes.c_void_p).value
        return configs

    def expect(self, outputs: Sequence[tuple[int, int]]) -> None:
        """To be called before each decode with the batch entry and the sequence of each output, in order."""
        self._outputs, self._places = outputs, None

    def choose(self, context: int, index: int) -> tuple[int, float] | None:
        """The token for batch entry ``index`` of the last decode, and its softmax probability over the whole vocabulary.
        None when the device sampled nothing."""
        if self._places is None:
            self._places = self._read(context)
        place = self._places.get(index)
        return None if place is None else (self._tokens[place], self._likelihoods[place])

    def free(self) -> None:
        for chain in self._chains:
            llama_cpp.llama_sampler_free(chain)
        self._chains.clear()

    # On the host.

    def _read(self, context: int) -> dict[int, int]:
        """Finds the tokens of all greedy outputs; the place of each batch entry among them."""
        greedy = [(row, entry) for row, (entry, seq_id) in enumerate(self._outputs) if seq_id in self._seq_ids]
        first, entry = greedy[0]
        logits = llama_cpp.llama_get_sampled_logits_ith(context, entry)
        if not logits:
            return {}
        rows = slice(None) if len(greedy) == len(self._outputs) else [row - first for row, _ in greedy]
        packed = self._host_rows(logits, np.float32, len(self._outputs) - first)[rows]
        columns = llama_cpp.llama_get_sampled_candidates_ith(context, entry)
        columns = self._host_rows(columns, np.int32, len(self._outputs) - first)[rows, : self._blocks]
        tops, shares = packed[:, : self._blocks], packed[:, self._blocks :]
        block = tops.argmax(1)
        best = (_INDICES[: len(block)], block)
        totals = (np.exp(tops - tops[best][:, None]) / shares).sum(1)
        self._tokens = (block * self._block_size + columns[best]).tolist()
        self._likelihoods = (1 / totals).tolist()
        return {entry: place for place, (_, entry) in enumerate(greedy)}

    def _host_rows(self, first, dtype, count: int) -> np.ndarray:
        """(count, what is handed out of a row): llama.cpp's host buffer, in which a row is as long as the vocabulary."""
        address = ctypes.addressof(first.contents)
        rows = self._host.get(address)
        if rows is None or len(rows) < count:
            elements = (ctypes.c_int32 * ((count - 1) * self._vocabulary + self._width)).from_address(address)
            rows = np.ndarray((count, self._width), dtype, elements, strides=(4 * self._vocabulary, 4))
            self._host[address] = rows
        return rows[:count]

    # In the graph.

    def _begin(self, _sampler) -> None:
        self._nodes = None

    def _build(self, sampler, context, graph, data) -> None:
        logits, data.contents.logits = data.contents.logits, None  # llama.cpp takes what is left there to the host
        try:
            if self._nodes is None:
                # When llama.cpp first tries a sampler, there is one row of another length and no graph around it.
                self._nodes = self._add_nodes(context, graph_tensor(graph, _LOGITS) or logits)
                self._rows = {}
                for row, (_, seq_id) in enumerate(self._outputs):
                    self._rows.setdefault(seq_id, []).append(row)
            packed, columns, count = self._nodes
            planning = count != len(self._outputs)  # what the largest decode would take
            rows = self._rows.get(sampler.contents.ctx - 1)
            row, width, blocks = 0, 0, 0  # nothing, where this sequence has no output
            if count and (rows or planning):
                row = 0 if planning else rows.pop(0)
                width, blocks = _elements(packed) // count, _elements(columns) // count
            data.contents.logits = _view_1d(context, packed, width, 4 * width * row)
            data.contents.candidates = _view_1d(context, columns, blocks, 4 * blocks * row)
        except Exception:  # must not cross into C
            _log.exception("the greedy sampler could not be built into the graph")

    def _add_nodes(self, context, logits) -> tuple[int, int, int]:
        """What each row hands out, the best column of each of its blocks, and how many rows there are."""
        elements, vocabulary, size = _elements(logits), self._vocabulary, self._block_size
        if elements % vocabulary:
            vocabulary = size = elements
        count, blocks = elements // vocabulary, vocabulary // size
        by_block = _reshape_2d(context, logits, size, blocks * count)
        columns = _argmax(context, by_block)
        _set_output(columns)  # else its memory is given away once the nodes below have read it
        index = _reshape_2d(context, columns, 1, blocks * count)

        def at_columns(values) -> int:
            found = _get_rows(context, _reshape_3d(context, values, 1, size, blocks * count), index)
            return _reshape_2d(context, found, blocks, count)

        packed = _concat(context, at_columns(by_block), at_columns(_soft_max(context, by_block)), 0)
        return packed, columns, count
