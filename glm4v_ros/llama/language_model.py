"""The language half of a GLM-4V model, on llama.cpp."""

from __future__ import annotations

import ctypes
import logging
import os
from collections.abc import Callable

import llama_cpp
import numpy as np

from glm4v_ros.catalog.token_embeddings import TokenEmbeddings
from glm4v_ros.errors import BadRequest, EngineFailed, OutOfMemory, Unsupported, memory_error
from glm4v_ros.llama.batch import Batch
from glm4v_ros.llama.config import MOST_DRAFTED, LlamaConfig
from glm4v_ros.llama.interrupt import Interrupt
from glm4v_ros.llama.kv_types import KV_TYPES
from glm4v_ros.llama.llama_log import LlamaLog
from glm4v_ros.machine import ggml
from glm4v_ros.machine.cores import Cores

_log = logging.getLogger(__name__)

_MROPE_TYPES = {8, 40}  # LLAMA_ROPE_TYPE_MROPE, _IMROPE
_MOST_SEQUENCES = 256  # LLAMA_MAX_SEQ
_LASTING = 32  # sequences for frames and sessions that are kept
SCRATCH = 8  # and for pieces of images while they are decoded


class Interrupted(Exception):
    """A decode was stopped by ``interrupt``; part of its batch may be in the KV cache."""


class LanguageModel:
    """Weights, KV cache and vocabulary. One thread uses it; ``interrupt`` alone is for others."""

    def __init__(self, config: LlamaConfig, log: LlamaLog, on_progress: Callable[[float], bool], *, allocate: bool = True):
        """Loads the weights and makes a context. ``on_progress`` gets 0 to 1 and says whether to go on.

        Without ``allocate`` llama.cpp only plans, and logs, what it would take; nothing can be decoded then.
        """
        self.interrupt = Interrupt()
        self._log = log
        self._model = self._context = self._token_embeddings = self._greedy = None
        #: The device that the layers are on.
        self.device = (ggml.gpu() if config.gpu_layers else "") or "CPU"
        #: How many times something was decoded.
        self.decodes = 0
        model = config.model
        params = llama_cpp.llama_model_default_params()
        params.n_gpu_layers = config.gpu_layers if config.gpu_layers >= 0 else 2**31 - 1
        params.no_alloc = not allocate
        mmap = config.mmap and allocate
        params.load_mode = llama_cpp.LLAMA_LOAD_MODE_MMAP if mmap else llama_cpp.LLAMA_LOAD_MODE_NONE
        self._on_progress = llama_cpp.llama_progress_callback(lambda fraction, _: bool(on_progress(fraction)))
        params.progress_callback = self._on_progress
        self._model = llama_cpp.llama_model_load_from_file(os.fsencode(model.text_path), params)
        if not self._model:
            raise self._load_error(f"the language model {model.text_path} cannot be loaded")
        try:
            self._read_model(config)
            self._make_context(config)
            if allocate:
                self._token_embeddings = TokenEmbeddings.of(config.model.text_path)
        except BaseException:
            self.free()
            raise

    def _read_model(self, config: LlamaConfig) -> None:
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self.vocabulary = llama_cpp.llama_vocab_n_tokens(self._vocab)
        self.embedding_size = llama_cpp.llama_model_n_embd_inp(self._model)
        self.mrope = llama_cpp.llama_model_rope_type(self._model) in _MROPE_TYPES
        self.trained_context = llama_cpp.llama_model_n_ctx_train(self._model)
        self.end_tokens = np.array([t for t in range(self.vocabulary) if llama_cpp.llama_vocab_is_eog(self._vocab, t)])
        self.ends = frozenset(self.end_tokens.tolist())
        self._pieces: dict[int, bytes] = {}
        if not len(self.end_tokens):
            raise Unsupported(f"{config.model.text_path} names no end-of-answer token; convert the model again")
        if llama_cpp.llama_model_has_encoder(self._model) or not llama_cpp.llama_model_has_decoder(self._model):
            raise Unsupported(f"{config.model.text_path} is no decoder-only language model")

    def _make_context(self, config: LlamaConfig) -> None:
        if config.kv_type not in KV_TYPES:
            raise BadRequest(f"kv_type is one of {', '.join(KV_TYPES)}, not {config.kv_type!r}")
        params = llama_cpp.llama_context_default_params()
        #: Requests that can be answered at once: each takes a sequence, and another one for its choices or on the GPU.
        self.parallel = min(config.max_parallel, (_MOST_SEQUENCES - _LASTING - SCRATCH) // 2)
        self.sequences = 2 * self.parallel + _LASTING + SCRATCH
        params.n_ctx = config.context_tokens
        params.n_batch = params.n_ubatch = config.batch_tokens
        params.n_seq_max = self.sequences
        params.n_outputs_max = self.sequences  # the logits buffer is vocabulary times this; fewer than sequences aborts
        #: Of which it takes those that are free, on a CPU.
        self.cores = Cores(config.threads)
        params.n_threads = params.n_threads_batch = self._threads = config.threads or len(os.sched_getaffinity(0))
        params.flash_attn_type = int(config.flash_attention)
        params.type_k = params.type_v = KV_TYPES[config.kv_type]
        params.kv_unified = True  # sequences share the cells of a frame
        params.offload_kqv = config.gpu_layers != 0
        params.no_perf = True
        self._greedy = self._device_sampler() if self.gpu_offload else None
        #: These sequences have a sampler in the graph; all others are sampled on the host.
        self.greedy_sequences = range(self.parallel if self._greedy else 0)
        if self._greedy:
            configs = self._greedy.configs(self.greedy_sequences)
            params.samplers, params.n_samplers = configs, len(configs)
            params.n_outputs_max_per_seq = 1 + MOST_DRAFTED if config.speculation else 1
        params.abort_callback = ctypes.cast(self.interrupt.callback, llama_cpp.ggml_abort_callback)
        params.abort_callback_data = self.interrupt.callback_data
        self._context = llama_cpp.llama_init_from_model(self._model, params)
        if not self._context:
            raise self._load_error(f"no context of {config.context_tokens} tokens can be made")
        self._memory = llama_cpp.llama_get_memory(self._context)
        self.context_tokens = llama_cpp.llama_n_ctx(self._context)
        self.positions_per_embedding = 4 if self.mrope else 1
        self.batch_tokens = llama_cpp.llama_n_batch(self._context)
        self.output_capacity = min(self.sequences, self.batch_tokens)

    def _device_sampler(self):
        """None where llama.cpp's API for one, which is called experimental, is another, or where it cannot take this vocabulary."""
        try:
            from glm4v_ros.llama.greedy_sampler import GreedySampler

            sampler = GreedySampler(self.vocabulary)
        except (ImportError, AttributeError, TypeError) as error:
            _log.warning("answers are sampled on the host: %s", error)
            return None
        return sampler if sampler.possible else None

    @property
    def pointer(self) -> int:
        """llama_model *, for a vision tower that needs its vocabulary."""
        return self._model

    @property
    def vocabulary_pointer(self) -> int:
        """llama_vocab *, for a grammar."""
        return self._vocab

    @property
    def gpu_offload(self) -> bool:
        return self.device != "CPU"

    @property
    def progress(self) -> int:
        """Grows with every decode, and on a CPU with every node of its graph."""
        return (self.decodes << 32) + self.interrupt.progress

    @property
    def mixes(self) -> bool:
        """Whether tokens and image embeddings go into one batch."""
        return self._token_embeddings is not None

    @property
    def half(self) -> bool:
        """Whether its own token embeddings have no more than float16's precision, so that images' need no more."""
        return self._token_embeddings is not None and self._token_embeddings.half

    @property
    def chat_template(self) -> str:
        template = llama_cpp.llama_model_chat_template(self._model, None)
        if not template:
            raise Unsupported("the language model's file has no chat template (tokenizer.chat_template); convert it again")
        return template.decode()

    def token_text(self, token: int) -> str:
        """The vocabulary's own spelling, empty for no token (-1)."""
        if token < 0:
            return ""
        return llama_cpp.llama_vocab_get_text(self._vocab, token).decode("utf-8", "replace")

    @property
    def bos_text(self) -> str:
        return self.token_text(llama_cpp.llama_vocab_bos(self._vocab))

    @property
    def eos_text(self) -> str:
        return self.token_text(llama_cpp.llama_vocab_eos(self._vocab))

    def tokenize(self, text: str, special: bool) -> tuple[int, ...]:
        """With ``special`` off, ``<|assistant|>`` in the text is text."""
        raw = text.encode()
        if not raw:
            return ()
        room = len(raw) + 2
        while True:
            tokens = (ctypes.c_int32 * room)()
            count = llama_cpp.llama_tokenize(self._vocab, raw, len(raw), tokens, room, False, special)
            if count >= 0:
                return tuple(tokens[:count])
            if count == -(2**31) or -count <= room:
                raise BadRequest("this text cannot be tokenised")
            room = -count

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for; special tokens have theirs, so that thinking can be told apart."""
        piece = self._pieces.get(token)
        if piece is None:
            room = 64
            while True:
                buffer = ctypes.create_string_buffer(room)
                count = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, room, 0, True)
                if count >= 0:
                    break
                room = -count
            piece = self._pieces[token] = buffer.raw[:count]
        return piece

    def is_control(self, token: int) -> bool:
        return llama_cpp.llama_vocab_is_control(self._vocab, token)

    def new_batch(self) -> Batch:
        return Batch(
            self.batch_tokens,
            self.positions_per_embedding,
            self.output_capacity,
            self.embedding_size,
            self._token_embeddings,
        )

    def decode(self, *batches: Batch) -> None:
        """Runs the batches in order; on a GPU the last may still run at the return. Raises Interrupted, or EngineFailed."""
        for batch in batches:
            self._log.take_error()  # of something else
            if self._greedy:
                self._greedy.expect(batch.outputs)
            result = llama_cpp.llama_decode(self._context, batch.struct())
            self.decodes += 1
            if result == 2:
                raise Interrupted
            if result == 1:
                raise EngineFailed("the KV cache has no room for a batch that was meant to fit")
            if result != 0:
                raise EngineFailed(f"llama.cpp could not decode (code {result}): {self._log.take_error()}")

    def share_cores(self, encoding: bool, fixed: bool) -> None:
        """Decodes on the cores that other programs leave free, on half of them while a picture is encoded; ``fixed``: on all."""
        free = self.cores.free
        threads = self._threads if fixed else max(1, free // 2) if encoding else free
        if threads != llama_cpp.llama_n_threads(self._context):
            llama_cpp.llama_set_n_threads(self._context, threads, threads)

    def logits(self, index: int) -> np.ndarray:
        """Behind batch entry ``index`` of the last decode: (vocabulary,) float32, a view that the next decode
        overwrites.

        Not for the greedy sequences, whose logits stay on the device.
        """
        logits = llama_cpp.llama_get_logits_ith(self._context, index)
        address = ctypes.cast(logits, ctypes.c_void_p).value
        if not address:
            raise EngineFailed("llama.cpp gave no logits")
        return np.frombuffer((ctypes.c_float * self.vocabulary).from_address(address), np.float32)

    def likeliest(self, index: int) -> tuple[int, float]:
        """The likeliest token behind batch entry ``index``, which is of a greedy sequence, and its probability."""
        choice = self._greedy.choose(self._context, index)
        if choice is None:
            raise EngineFailed("llama.cpp sampled no token")
        return choice

    def copy(self, source: int, target: int, end: int = -1) -> None:
        """Lets ``target`` share the cells of ``source`` before position ``end``, or all of them."""
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, 0, end)

    def remove(self, seq_id: int, start: int = 0) -> None:
        """Takes the sequence out of its cells from position ``start`` on."""
        llama_cpp.llama_memory_seq_rm(self._memory, seq_id, start, -1)

    def clear(self) -> None:
        """Empties every cell, so that what comes next lies where it would lie in a fresh context."""
        llama_cpp.llama_memory_clear(self._memory, False)

    def free(self) -> None:
        if self._context:
            llama_cpp.llama_free(self._context)
            self._context = None
        if self._greedy:
            self._greedy.free()
            self._greedy = None
        if self._token_embeddings:
            self._token_embeddings.close()
            self._token_embeddings = None
        if self._model:
            llama_cpp.llama_model_free(self._model)
            self._model = None

    def _load_error(self, what: str) -> EngineFailed | OutOfMemory:
        reason = self._log.take_error()
        if not any(sign in reason.lower() for sign in ("alloc", "out of memory", "mmap")):
            return EngineFailed(f"{what}: {reason or 'llama.cpp gave no reason'}. Check the file with `glm4v models verify`")
        kind = memory_error(self.gpu_offload)
        return kind(f"{what}: not enough memory ({reason}). Use a smaller context_tokens, kv_type q8_0, or fewer gpu_layers")
