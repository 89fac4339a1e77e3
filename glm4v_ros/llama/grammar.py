"""Holds an answer to a JSON schema."""

from __future__ import annotations

import ctypes
import itertools
import re

import llama_cpp
import numpy as np
from llama_cpp.llama_grammar import json_schema_to_gbnf

from glm4v_ros.errors import BadRequest

# llama-cpp-python's rule for a character lets control characters through, which JSON forbids.
_CONTROL_CHARACTERS = (r'char ::= [^"\\]', r'char ::= [^"\\\x7F\x00-\x1F]')
# llama.cpp parses a grammar by recursion, and a stack that overflows takes the process with it.
_MOST_DEPTH = 256
_MOST_CHARACTERS = 200_000
_MOST_COUNT = 200
_COUNTS = re.compile(r'"(?:min|max)(?:Items|Length|Properties)"\s*:\s*(\d+)|\{(\d*),?(\d*)\}')


class Grammar:
    """The state of one constrained answer. Raises BadRequest for a schema that llama.cpp cannot turn into a grammar."""

    def __init__(self, schema: str, vocabulary_pointer: int, vocabulary: int):
        counts = filter(None, itertools.chain.from_iterable(_COUNTS.findall(schema)))
        if any(len(count) > 9 or int(count) > _MOST_COUNT for count in counts):
            raise BadRequest(f"json_schema counts further than {_MOST_COUNT}")  # each is a rule, and each rule takes its time
        try:
            rules = json_schema_to_gbnf(schema).replace(*_CONTROL_CHARACTERS)
        except Exception as error:  # the converter raises whatever its visit ran into
            raise BadRequest(f"json_schema has a part that cannot be held to: {error}") from error
        if len(rules) > _MOST_CHARACTERS or _depth(rules) > _MOST_DEPTH:
            raise BadRequest(
                "json_schema counts too far (maxItems, maxLength and the like up to about 200) or is too large"
            )
        self._sampler = llama_cpp.llama_sampler_init_grammar(vocabulary_pointer, rules.encode(errors="replace"), b"root")
        if not self._sampler:
            raise BadRequest("json_schema has a part that cannot be held to (llama.cpp refuses its grammar)")
        self._all = np.zeros(vocabulary, [("id", np.int32), ("logit", np.float32), ("p", np.float32)])
        self._all["id"] = np.arange(vocabulary)

    def allows(self, token: int) -> bool:
        one = llama_cpp.llama_token_data(id=token, logit=0.0, p=0.0)
        self._apply(ctypes.pointer(one), 1)
        return one.logit > -np.inf

    def mask(self, logits: np.ndarray) -> np.ndarray:
        """A copy of the logits in which what the schema forbids is -inf."""
        self._all["logit"] = logits
        self._apply(ctypes.cast(self._all.ctypes.data, ctypes.POINTER(llama_cpp.llama_token_data)), len(self._all))
        return self._all["logit"].copy()

    def accept(self, token: int) -> None:
        llama_cpp.llama_sampler_accept(self._sampler, token)

    def free(self) -> None:
        llama_cpp.llama_sampler_free(self._sampler)

    def _apply(self, data, size: int) -> None:
        array = llama_cpp.llama_token_data_array(data=data, size=size, selected=-1, sorted=False)
        llama_cpp.llama_sampler_apply(self._sampler, ctypes.byref(array))


def _depth(rules: str) -> int:
    """How deep parentheses are nested; those in literals count too, which does no harm."""
    depth = deepest = 0
    for character in rules:
        if character == "(":
            depth += 1
            deepest = max(deepest, depth)
        elif character == ")":
            depth -= 1
    return deepest
