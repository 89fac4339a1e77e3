"""A vision tower on llama.cpp's mtmd: every projector that llama.cpp knows."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import llama_cpp
import llama_cpp.mtmd_cpp as mtmd
import numpy as np

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.errors import BadImage, EngineFailed, OutOfMemory, Unsupported, memory_error
from glm4v_ros.vision.fitting import fitting
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.half import kept
from glm4v_ros.vision.tower import EmbeddingRun, EncodeStopped, ImageTokens, Run, TokenRun, VisionTower

# Graph nodes between two looks at should_stop, at most. A GPU stands still at each, and is soon done with a node.
_LOOK_EVERY = 16
_LOOK_EVERY_GPU = 192
_LOOK_AFTER = 1.0  # s; where nodes take longer, there are fewer of them between two looks


class MtmdTower(VisionTower):
    """``language_model`` is the llama_model pointer that the vision model's file belongs to; it must outlive the
    tower."""

    def __init__(
        self,
        path: Path,
        language_model: int,
        *,
        mrope: bool,
        threads: int = 0,
        gpu: bool = False,
        flash_attention: bool = True,
        max_tokens: int = 0,
        half: bool = False,
        take_error: Callable[[], str] = lambda: "",
        progress: Callable[[], None] = lambda: None,
    ):
        """``max_tokens`` caps every image, 0: the model's own cap. ``half``: embeddings are rounded to
        float16. ``take_error`` gives llama.cpp's last error line, and forgets it."""
        self._path = Path(path)
        self._language_model = language_model
        self._embedding_size = llama_cpp.llama_model_n_embd_inp(language_model)
        self._mrope = mrope
        self._threads = threads or len(os.sched_getaffinity(0))
        self._gpu = gpu
        self._flash_attention = flash_attention
        self._max_tokens = max_tokens
        self._half = half
        header = Gguf.read(path)
        # GLM-4V's grid follows the picture; other projectors tile or pad in ways of their own and stay with mtmd.
        self._token_pixels = header.token_pixels if header.projector == "glm4v" else 0
        self._take_error = take_error
        self._progress = progress
        self._context: int | None = None
        self._should_stop: Callable[[], bool] = lambda: False
        self._stopped = False
        self._nodes = 0  # since the last look
        self._looked = 0.0  # time.monotonic() of it
        self._most_nodes = _LOOK_EVERY_GPU if gpu else _LOOK_EVERY
        self._look_every = self._most_nodes if gpu else 1  # until it is known how long nodes take here
        self._on_node = llama_cpp.ggml_backend_sched_eval_callback(self._look)
        self._on_progress = mtmd.mtmd_progress_callback(self._loading)

    @property
    def loaded(self) -> bool:
        return self._context is not None

    def load(self) -> None:
        if self.loaded:
            return
        params = mtmd.mtmd_context_params_default()
        params.use_gpu = self._gpu
        params.print_timings = False
        params.n_threads = self._threads
        params.flash_attn_type = int(self._flash_attention)
        params.warmup = False  # it reserves buffers for 2,116 tokens, whatever comes; the first picture reserves what it takes
        if self._max_tokens:
            params.image_max_tokens = self._max_tokens
        params.cb_eval = self._on_node
        params.progress_callback = self._on_progress
        context = mtmd.mtmd_init_from_file(os.fsencode(self._path), self._language_model, params)
        if not context:
            reason = self._take_error()
            raise _shortage(reason.replace(str(self._path), ""), self._gpu) or EngineFailed(
                f"the vision model {self._path} cannot be loaded: "
                f"{reason or 'llama.cpp gave no reason'}. It must belong to the language model; "
                f"check both files with `glm4v models verify`"
            )
        self._context = context
        reason = ""
        if not mtmd.mtmd_support_vision(context):
            reason = f"{self._path} holds no vision model"
        elif mtmd.mtmd_decode_use_mrope(context) != self._mrope:
            reason = (
                f"{self._path} and the language model disagree on image positions (M-RoPE): they are not a pair, or "
                f"the text GGUF lacks rope.dimension_sections and must be converted again"
            )
        elif mtmd.mtmd_decode_use_non_causal(context, None):
            reason = f"{self._path} wants non-causal attention over an image, which this engine does not do"
        if reason:
            self.free()
            raise Unsupported(reason)

    def free(self) -> None:
        if self._context is not None:
            mtmd.mtmd_free(self._context)
            self._context = None

    def _chunks(self, width: int, height: int, rgb: np.ndarray | None = None) -> _Chunks:
        return _Chunks(self._context, width, height, rgb, self._take_error)

    def _image_tokens(self, width: int, height: int) -> int:
        """What a budget counts: the markers around the image are not part of it."""
        with self._chunks(width, height) as chunks:
            return sum(
                mtmd.mtmd_input_chunk_get_n_tokens(chunk)
                for chunk in chunks
                if mtmd.mtmd_input_chunk_get_type(chunk) == mtmd.MTMD_INPUT_CHUNK_TYPE_IMAGE
            )

    def encode(self, frame: Frame, max_tokens: int = 0, should_stop: Callable[[], bool] = lambda: False) -> ImageTokens:
        self._should_stop, self._stopped, self._nodes = should_stop, False, 0
        self._take_error()  # of something else
        if should_stop():
            raise EncodeStopped
        rgb = self._sampled(self._within(frame, max_tokens))
        runs: list[Run] = []
        with self._chunks(rgb.shape[1], rgb.shape[0], rgb) as chunks:
            for chunk in chunks:
                kind = mtmd.mtmd_input_chunk_get_type(chunk)
                if kind == mtmd.MTMD_INPUT_CHUNK_TYPE_TEXT:
                    count = ctypes.c_size_t()
                    tokens = mtmd.mtmd_input_chunk_get_tokens_text(chunk, ctypes.byref(count))
                    runs.append(TokenRun(tuple(tokens[: count.value])))
                elif kind == mtmd.MTMD_INPUT_CHUNK_TYPE_IMAGE:
                    runs.append(self._encode_chunk(chunk))
                else:
                    raise Unsupported(f"{self._path} makes something else than an image of a picture")
        return ImageTokens(tuple(runs))

    def _encode_chunk(self, chunk: int) -> EmbeddingRun:
        self._looked = time.monotonic()
        result = mtmd.mtmd_encode_chunk(self._context, chunk)
        if self._stopped:  # the result code says success all the same
            raise EncodeStopped
        if result:
            reason = self._take_error()
            self.free()  # without its buffers mtmd would crash at the next picture; load() makes them anew
            raise _shortage(reason, self._gpu) or EngineFailed(f"llama.cpp could not encode the image: {reason}")
        count = mtmd.mtmd_input_chunk_get_n_tokens(chunk)
        output = mtmd.mtmd_get_output_embd(self._context)
        if not output:
            raise EngineFailed("llama.cpp gave no image embeddings")
        shape = (count, self._embedding_size)
        embeddings = kept(np.ctypeslib.as_array(output, shape), self._half)  # the next image overwrites them
        advance = mtmd.mtmd_input_chunk_get_n_pos(chunk)
        if not self._mrope:
            return EmbeddingRun(embeddings, np.arange(count, dtype=np.int32)[None], advance)
        positions = (mtmd.mtmd_decoder_pos * count)()
        mtmd.mtmd_helper_image_get_decoder_pos(mtmd.mtmd_input_chunk_get_tokens_image(chunk), 0, positions)
        txyz = np.frombuffer(positions, np.uint32).reshape(count, 4).astype(np.int32)
        return EmbeddingRun(
            embeddings, np.ascontiguousarray(txyz[:, [0, 2, 1, 3]].T), advance
        )  # time, row, column, extra

    def _within(self, frame: Frame, max_tokens: int) -> np.ndarray:
        """The frame's pixels, made smaller until they take at most ``max_tokens`` cells (mtmd's cap is fixed at
        load)."""
        width, height = fitting(frame.width, frame.height, max_tokens, self._image_tokens, smallest=28)
        if (width, height) == (frame.width, frame.height):
            return frame.rgb
        return np.ascontiguousarray(cv2.resize(frame.rgb, (width, height), interpolation=cv2.INTER_AREA))

    def _sampled(self, rgb: np.ndarray) -> np.ndarray:
        """Larger pictures at the very size that mtmd would make of them: its bicubic takes single pixels where area sampling
        takes them all, and small print is lost."""
        if not self._token_pixels:
            return rgb
        height, width = rgb.shape[:2]
        with self._chunks(width, height) as chunks:
            image = next(c for c in chunks if mtmd.mtmd_input_chunk_get_type(c) == mtmd.MTMD_INPUT_CHUNK_TYPE_IMAGE)
            tokens = mtmd.mtmd_input_chunk_get_tokens_image(image)
            columns, rows = mtmd.mtmd_image_tokens_get_nx(tokens), mtmd.mtmd_image_tokens_get_ny(tokens)
        target = columns * self._token_pixels, rows * self._token_pixels
        if width * height <= target[0] * target[1]:
            return rgb
        return cv2.resize(rgb, target, interpolation=cv2.INTER_AREA)

    def _look(self, _node: int, ask: bool, _user_data) -> bool:
        if ask:
            self._nodes += 1
            return self._nodes >= self._look_every
        now = time.monotonic()
        in_time = self._nodes * _LOOK_AFTER / max(now - self._looked, 1e-9)
        self._look_every = max(1, min(int(in_time), self._look_every + 1, self._most_nodes))
        self._nodes, self._looked = 0, now
        self._progress()
        self._stopped = self._stopped or self._should_stop()
        return not self._stopped

    def _loading(self, _fraction: float, _user_data) -> bool:
        self._progress()
        return True


class _Chunks:
    """mtmd's chunks of one picture; with no pixels they can only be counted."""

    def __init__(
        self, context: int | None, width: int, height: int, rgb: np.ndarray | None, take_error: Callable[[], str]
    ):
        if context is None:
            raise EngineFailed("the vision model is not loaded")
        self._context, self._rgb, self._take_error = context, rgb, take_error
        pixels = rgb.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8)) if rgb is not None else None
        self._bitmap = mtmd.mtmd_bitmap_init(width, height, pixels)
        if not self._bitmap:
            raise BadImage(f"llama.cpp takes no picture of {width}x{height} pixels")
        self._chunks = mtmd.mtmd_input_chunks_init()

    def __enter__(self) -> list[int]:
        marker = mtmd.mtmd_get_marker(self._context)
        text = mtmd.mtmd_input_text(text=marker, text_len=len(marker), add_special=False, parse_special=True)
        bitmaps = (mtmd.mtmd_bitmap_p_ctypes * 1)(self._bitmap)
        result = mtmd.mtmd_tokenize(self._context, self._chunks, ctypes.byref(text), bitmaps, 1)
        if result:
            self.__exit__()
            raise _shortage(self._take_error(), gpu=False) or BadImage(f"llama.cpp cannot take this picture (code {result})")
        return [mtmd.mtmd_input_chunks_get(self._chunks, i) for i in range(mtmd.mtmd_input_chunks_size(self._chunks))]

    def __exit__(self, *_exception) -> None:
        mtmd.mtmd_input_chunks_free(self._chunks)
        mtmd.mtmd_bitmap_free(self._bitmap)


def _shortage(reason: str, gpu: bool) -> OutOfMemory | None:
    """llama.cpp says only in its log whether it was memory that it lacked; with a GPU in use (``gpu``) it says of C++'s bad_alloc
    alone whose memory that was."""
    if "alloc" not in reason:
        return None
    kind = memory_error(gpu and "bad_alloc" not in reason)
    return kind(f"no memory for a picture's image tokens ({reason}): set image_max_tokens to fewer")
