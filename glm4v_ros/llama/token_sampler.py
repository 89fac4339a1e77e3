"""Chooses the next token from logits."""

from __future__ import annotations

import ctypes
import math

import llama_cpp
import numpy as np

from glm4v_ros.llama.grammar import Grammar
from glm4v_ros.llama.sampling import Sampling

_PENALTY_LAST_N = 256  # tokens that a repeat penalty looks back


class TokenSampler:
    """One request's sampling state. Greedy choices are made without llama.cpp's sampler chain, from the logits
    alone."""

    def __init__(self, sampling: Sampling, vocabulary: int, grammar: Grammar | None = None):
        self.grammar = grammar
        self._chain = None if sampling.greedy else _chain(sampling, vocabulary)
        self._candidates = None if sampling.greedy else np.zeros(vocabulary, _CANDIDATE)

    def choose(self, logits: np.ndarray) -> int | None:
        """``logits`` is (vocabulary,) float32 and stays as it is. The token is accepted; None when none is allowed."""
        token = self._pick(logits)
        if self.grammar is not None and not self.grammar.allows(token):
            # The grammar looks at one token nearly for nothing and at a whole vocabulary for 20 ms: only now.
            logits = self.grammar.mask(logits)
            if logits.max() == -np.inf:
                return None
            token = self._pick(logits)
        if self.grammar is not None:
            self.grammar.accept(token)
        if self._chain is not None:
            llama_cpp.llama_sampler_accept(self._chain, token)
        return token

    def _pick(self, logits: np.ndarray) -> int:
        if self._chain is None:
            return int(logits.argmax())
        candidates = self._candidates
        candidates["id"] = np.arange(len(candidates))
        candidates["logit"] = logits
        candidates["p"] = 0
        array = llama_cpp.llama_token_data_array(
            data=ctypes.cast(candidates.ctypes.data, ctypes.POINTER(llama_cpp.llama_token_data)),
            size=len(candidates),
            selected=-1,
            sorted=False,
        )
        llama_cpp.llama_sampler_apply(self._chain, ctypes.byref(array))
        return int(array.data[array.selected].id) if array.selected >= 0 else int(logits.argmax())

    def free(self) -> None:
        if self._chain is not None:
            llama_cpp.llama_sampler_free(self._chain)
            self._chain = None
        if self.grammar is not None:
            self.grammar.free()
            self.grammar = None


_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


def _chain(sampling: Sampling, vocabulary: int) -> int:
    chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())

    def add(sampler):
        llama_cpp.llama_sampler_chain_add(chain, sampler)

    if sampling.repeat_penalty != 1:
        add(llama_cpp.llama_sampler_init_penalties(vocabulary, _PENALTY_LAST_N, sampling.repeat_penalty, 0.0, 0.0))
    if sampling.temperature <= 0:
        add(llama_cpp.llama_sampler_init_greedy())
        return chain
    if sampling.top_k > 0:
        add(llama_cpp.llama_sampler_init_top_k(sampling.top_k))
    if sampling.top_p < 1:
        add(llama_cpp.llama_sampler_init_top_p(sampling.top_p, 1))
    if sampling.min_p > 0:
        add(llama_cpp.llama_sampler_init_min_p(sampling.min_p, 1))
    add(llama_cpp.llama_sampler_init_temp(sampling.temperature))
    add(llama_cpp.llama_sampler_init_dist(sampling.seed & 0xFFFFFFFE))  # the one value left out means a random seed
    return chain


def probability(logits: np.ndarray, token: int) -> float:
    """The softmax probability of one token, as the model gives it before any sampling option."""
    return math.exp(float(logits[token]) - log_sum(logits))


def likeliest(logits: np.ndarray, count: int) -> list[int]:
    """So many tokens, the likeliest first."""
    best = np.argpartition(logits, -count)[-count:] if count else np.empty(0, int)
    return best[np.argsort(-logits[best], kind="stable")].tolist()


def log_sum(logits: np.ndarray) -> float:
    """log(sum(exp(logits))), in float32 but for the sum."""
    top = float(logits.max())
    return top + math.log(float(np.exp(logits - top).sum(dtype=np.float64)))
