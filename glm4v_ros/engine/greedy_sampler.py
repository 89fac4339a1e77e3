"""Greedy sampling inside llama.cpp's graph, on the device that has the logits.

Taking a vocabulary of logits to the host and looking for their maximum costs a large part of a millisecond a token.
This sampler leaves them there and hands out the best token, its probability, and the few logits around the
end-of-answer tokens, so that the host can still forbid these.
"""

from __future__ import annotations

import ctypes
import logging

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
_argmax = _ggml("ggml_argmax", _pointer, _pointer)
_soft_max = _ggml("ggml_soft_max", _pointer, _pointer)
_get_rows = _ggml("ggml_get_rows", _pointer, _pointer, _pointer)
_set_output = _ggml("ggml_set_output", _pointer, result=None)
_concat = _ggml("ggml_concat", _pointer, _pointer, _pointer, ctypes.c_int)


class GreedySampler:
    """For sequences that want the likeliest token. Splits the vocabulary at its end-of-answer tokens: ``main`` is the
    larger part without any, whose best token is found on the device; the rest is handed out whole."""

    def __init__(self, vocabulary: int, end_tokens: np.ndarray):
        first, last = int(end_tokens.min()), int(end_tokens.max())
        self._vocabulary = vocabulary
        self.main, self.rest = (
            ((0, first), (first, vocabulary))
            if first >= vocabulary - last - 1
            else ((last + 1, vocabulary), (0, last + 1))
        )
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
        token = llama_cpp.llama_get_sampled_token_ith(context, index)
        if token < 0:
            return None
        token += self.main[0]
        logits = llama_cpp.llama_get_sampled_logits_ith(context, index)
        probability = llama_cpp.llama_get_sampled_probs_ith(context, index)[0]
        count = 1 + self.rest[1] - self.rest[0]
        address = ctypes.cast(logits, ctypes.c_void_p).value
        values = np.frombuffer((ctypes.c_float * count).from_address(address), np.float32)
        best, rest = values[0], values[1:]
        if without_end:
            rest = rest.copy()
            rest[self._ends] = -np.inf
        other = int(rest.argmax())
        if rest[other] > best:
            return self.rest[0] + other, probability * float(np.exp(rest[other] - best))
        return token, probability

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
            main = _view_1d(context, logits, end - start, start * float_size)
            rest = _view_1d(context, logits, right - left, left * float_size)
            best = _argmax(context, main)
            _set_output(best)  # else its memory is given away once the nodes below have read it
            probabilities = _view_1d(context, _soft_max(context, logits), end - start, start * float_size)
            data.contents.sampled = best
            data.contents.probs = _take(context, probabilities, end - start, best)
            data.contents.logits = _concat(context, _take(context, main, end - start, best), rest, 0)
            data.contents.candidates = None
        except Exception:  # must not cross into C
            _log.exception("the greedy sampler could not be built into the graph")


def _take(context, row, count: int, index):
    """row[index] as a tensor of one element."""
    return _reshape_1d(context, _get_rows(context, _reshape_2d(context, row, 1, count), index), 1)
