"""Greedy sampling inside llama.cpp's graph, on the device that has the logits.

Taking a vocabulary of logits to the host and looking for their maximum costs a large part of a millisecond a token.
This sampler leaves them there and hands out what tells the best token and its probability, and the few logits around the
end-of-answer tokens, so that the host can still forbid these.
"""

from __future__ import annotations

import ctypes
import logging
from math import exp, isfinite

import llama_cpp
import llama_cpp.llama_cpp as llama_bindings
import numpy as np

_log = logging.getLogger(__name__)
_pointer, _int64, _size = ctypes.c_void_p, ctypes.c_int64, ctypes.c_size_t


def _ggml(name: str, *arguments, result=_pointer):
    """A function of the very ggml that llama.cpp uses: opened by path it would be a second one."""
    function = getattr(llama_bindings._lib, name)
    function.argtypes, function.restype = arguments, result
    return function


_elements = _ggml("ggml_nelements", _pointer, result=_int64)
_view_1d = _ggml("ggml_view_1d", _pointer, _pointer, _int64, _size)
_reshape_1d = _ggml("ggml_reshape_1d", _pointer, _pointer, _int64)
_reshape_2d = _ggml("ggml_reshape_2d", _pointer, _pointer, _int64, _int64)
_reshape_3d = _ggml("ggml_reshape_3d", _pointer, _pointer, _int64, _int64, _int64)
_argmax = _ggml("ggml_argmax", _pointer, _pointer)
_sub = _ggml("ggml_sub", _pointer, _pointer, _pointer)
_exp = _ggml("ggml_exp", _pointer, _pointer)
_sum = _ggml("ggml_sum", _pointer, _pointer)
_get_rows = _ggml("ggml_get_rows", _pointer, _pointer, _pointer)
_set_output = _ggml("ggml_set_output", _pointer, result=None)
_concat = _ggml("ggml_concat", _pointer, _pointer, _pointer, ctypes.c_int)

_COLUMNS = 1024  # logits in a row: a GPU gives each row to one block of threads


class GreedySampler:
    """For sequences that want the likeliest token. Splits the vocabulary at its end-of-answer tokens: ``main`` is the
    larger part without any, whose best token is found on the device, row by row; the rest is handed out whole.

    llama.cpp has places for a token, candidates, probabilities and logits. Here they hold the row of the best token, the best
    column of each row, the sum of exp(logit - best logit), and the best logit with those of the rest.
    """

    def __init__(self, vocabulary: int, end_tokens: np.ndarray):
        first, last = int(end_tokens.min()), int(end_tokens.max())
        self._vocabulary = vocabulary
        before, after = first, vocabulary - last - 1
        self._columns = min(_COLUMNS, max(before, after))
        spare = max(before, after) % self._columns  # goes to the rest
        if before >= after:
            self.main, self.rest = (0, before - spare), (before - spare, vocabulary)
        else:
            self.main, self.rest = (last + 1 + spare, vocabulary), (0, last + 1 + spare)
        self._ends = end_tokens - self.rest[0]
        self._chains: list = []
        # llama.cpp keeps pointers to all of these.
        self._name = llama_bindings.llama_sampler_i_name(lambda _: b"greedy with probability")
        self._apply = llama_bindings.llama_sampler_i_apply(lambda _sampler, _candidates: None)
        self._backend_init = llama_bindings.llama_sampler_i_backend_init(lambda _sampler, _buffer, _outputs: True)
        self._backend_apply = llama_bindings.llama_sampler_i_backend_apply(self._build)
        self._interface = llama_bindings.llama_sampler_i(
            name=self._name, apply=self._apply, backend_init=self._backend_init, backend_apply=self._backend_apply
        )

    def configs(self, seq_ids: range):
        """llama_context_params.samplers for these sequences."""
        configs = (llama_cpp.llama_sampler_seq_config * len(seq_ids))()
        for config, seq_id in zip(configs, seq_ids):
            chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
            llama_cpp.llama_sampler_chain_add(chain, llama_cpp.llama_sampler_init(ctypes.byref(self._interface), None))
            self._chains.append(chain)
            config.seq_id, config.sampler = seq_id, ctypes.cast(chain, ctypes.c_void_p).value
        return configs

    def choose(self, context: int, index: int, without_end: bool) -> tuple[int, float] | None:
        """The token for batch entry ``index`` of the last decode, and its softmax probability over the whole
        vocabulary.

        None when the device sampled nothing.
        """
        row = llama_cpp.llama_get_sampled_token_ith(context, index)
        if row < 0:
            return None
        token = self.main[0] + row * self._columns + llama_cpp.llama_get_sampled_candidates_ith(context, index)[row]
        total = llama_cpp.llama_get_sampled_probs_ith(context, index)[0]
        address = ctypes.cast(llama_cpp.llama_get_sampled_logits_ith(context, index), ctypes.c_void_p).value
        count = 1 + self.rest[1] - self.rest[0]
        logits = np.frombuffer((ctypes.c_float * count).from_address(address), np.float32)
        best, rest = float(logits[0]), logits[1:]
        if without_end:
            rest = rest.copy()
            rest[self._ends] = -np.inf
        other = int(rest.argmax())
        if rest[other] > best:
            # With a rest that is so much likelier the sum is infinite.
            return self.rest[0] + other, exp(float(rest[other]) - best) / total if isfinite(total) else 1.0
        return token, 1.0 / total

    def free(self) -> None:
        for chain in self._chains:
            llama_cpp.llama_sampler_free(chain)
        self._chains.clear()

    def _build(self, _sampler, context, _graph, data) -> None:
        """Adds the nodes for one row of logits to the graph."""
        try:
            logits = data.contents.logits
            count = _elements(logits)
            # llama.cpp first tries with a row of another length.
            (start, end), (left, right) = (
                (self.main, self.rest) if count == self._vocabulary else ((0, count - 1), (count - 1, count))
            )
            float_size = ctypes.sizeof(ctypes.c_float)
            columns = self._columns if count == self._vocabulary else end - start
            rows = (end - start) // columns
            main = _view_1d(context, logits, end - start, start * float_size)
            rest = _view_1d(context, logits, right - left, left * float_size)
            column = _argmax(context, _reshape_2d(context, main, columns, rows))
            _set_output(column)  # else its memory is given away once the nodes below have read it
            by_row = _reshape_3d(context, main, 1, columns, rows)
            tops = _reshape_1d(context, _get_rows(context, by_row, _reshape_2d(context, column, 1, rows)), rows)
            row = _argmax(context, tops)
            _set_output(row)
            top = _take(context, tops, rows, row)
            data.contents.sampled = row
            data.contents.candidates = column
            data.contents.probs = _sum(context, _exp(context, _sub(context, logits, top)))
            data.contents.logits = _concat(context, top, rest, 0)
        except Exception:  # must not cross into C
            _log.exception("the greedy sampler could not be built into the graph")


def _take(context, row, count: int, index):
    """row[index] as a tensor of one element."""
    return _reshape_1d(context, _get_rows(context, _reshape_2d(context, row, 1, count), index), 1)
