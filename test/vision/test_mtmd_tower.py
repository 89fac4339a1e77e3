"""The mtmd tower with the embedded model, and what our own graph of the same tower has in common with it."""

import ctypes
import os
from pathlib import Path
from types import SimpleNamespace

import llama_cpp
import numpy as np
import pytest
from llama_cpp import mtmd_cpp as mtmd
from memory_limit import run_limited

from glm4v_ros.errors import BadImage, EngineFailed, HostOutOfMemory, OutOfMemory, Unsupported
from glm4v_ros.llama.llama_log import LlamaLog
from glm4v_ros.vision import mtmd_tower
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.glm4v_tower import Glm4vTower
from glm4v_ros.vision.mtmd_tower import MtmdTower
from glm4v_ros.vision.tower import EmbeddingRun, EncodeStopped, TokenRun


def picture(width, height, seed=0):
    return Frame(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def log():
    return LlamaLog()


@pytest.fixture(scope="module")
def language_model(nano, log):
    params = llama_cpp.llama_model_default_params()
    model = llama_cpp.llama_model_load_from_file(os.fsencode(nano.text_path), params)
    assert model
    yield model
    llama_cpp.llama_model_free(model)


@pytest.fixture(scope="module", params=[MtmdTower, Glm4vTower])
def make(request, nano, language_model):
    """Makes a tower, with such options."""
    options = dict(mrope=True) if request.param is MtmdTower else {}
    return lambda **more: request.param(nano.vision_path, language_model, threads=1, **options, **more)


@pytest.fixture(scope="module")
def tower(make):
    tower = make()
    tower.load()
    yield tower
    tower.free()


def reference(nano, language_model, frame):
    """Embeddings by mtmd's own calls."""
    params = mtmd.mtmd_context_params_default()
    params.n_threads, params.flash_attn_type = 1, 1
    context = mtmd.mtmd_init_from_file(os.fsencode(nano.vision_path), language_model, params)
    marker = mtmd.mtmd_default_marker()
    text = mtmd.mtmd_input_text(text=marker, text_len=len(marker), add_special=False, parse_special=True)
    bitmap = mtmd.mtmd_bitmap_init(frame.width, frame.height, frame.rgb.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8)))
    chunks = mtmd.mtmd_input_chunks_init()
    assert mtmd.mtmd_tokenize(context, chunks, ctypes.byref(text), (ctypes.c_void_p * 1)(bitmap), 1) == 0
    chunk = mtmd.mtmd_input_chunks_get(chunks, 1)
    assert mtmd.mtmd_encode_chunk(context, chunk) == 0
    shape = (mtmd.mtmd_input_chunk_get_n_tokens(chunk), llama_cpp.llama_model_n_embd_inp(language_model))
    embeddings = np.ctypeslib.as_array(mtmd.mtmd_get_output_embd(context), shape).copy()
    mtmd.mtmd_input_chunks_free(chunks)
    mtmd.mtmd_bitmap_free(bitmap)
    mtmd.mtmd_free(context)
    return embeddings


def test_embeddings_and_positions(nano, language_model, tower):
    frame = picture(112, 84)
    begin, image, end = tower.encode(frame).runs
    assert isinstance(begin, TokenRun) and isinstance(image, EmbeddingRun) and isinstance(end, TokenRun)
    expected = reference(nano, language_model, frame)
    assert np.abs(image.embeddings - expected).max() <= (0 if isinstance(tower, MtmdTower) else 0.3 * expected.std())
    time, row, column, extra = image.positions
    assert not time.any() and not extra.any()
    np.testing.assert_array_equal(row, np.repeat(np.arange(3), 4))
    np.testing.assert_array_equal(column, np.tile(np.arange(4), 3))
    assert image.advance == 4
    assert tower.encode(frame).count == 14


def test_a_picture_is_the_same_after_others(tower):
    """Whatever the buffers were used for meanwhile."""
    sizes = [(112, 84), (112, 84), (168, 112), (112, 84)]
    one, again, _, later = (tower.encode(picture(*size, seed=size[0])).runs[1].embeddings for size in sizes)
    np.testing.assert_array_equal(one, again)
    np.testing.assert_array_equal(one, later)


def test_red_is_not_blue(tower):
    red = np.zeros((84, 112, 3), np.uint8)
    red[..., 0] = 255
    one, other = (tower.encode(Frame(np.ascontiguousarray(rgb))).runs[1].embeddings for rgb in (red, red[..., ::-1]))
    assert not np.allclose(one, other)


@pytest.mark.parametrize("width, height", [(1, 1), (1, 900), (900, 1), (640, 480)])
def test_odd_sizes(tower, width, height):
    begin, image, end = tower.encode(picture(width, height)).runs
    assert begin.count == end.count == 1 and 1 <= image.count <= max(32, width * height // 28**2)


def test_a_slow_processor_is_heard_of_as_often_as_a_fast_one(nano, language_model, monkeypatch):
    """Else the watchdog takes it for one that stands still: a large picture's nodes may take many seconds each."""
    moved, step = [], 0.0

    def now():
        moved.append("look")
        return step * len(moved)

    tower = MtmdTower(nano.vision_path, language_model, mrope=True, threads=1, progress=lambda: moved.append("progress"))
    tower.load()
    monkeypatch.setattr(mtmd_tower, "time", SimpleNamespace(monotonic=now))
    counts = []
    for step in (0.0, 0.0, 10.0, 0.0):
        moved.clear()
        tower.encode(picture(112, 84))
        counts.append(moved.count("progress"))
    tower.free()
    _, fast, slow, fast_again = counts
    assert slow > 8 * fast and fast_again < slow / 4, counts


def test_half_is_the_same_rounded(make, tower):
    halving = make(half=True)
    halving.load()
    frame = picture(112, 84)
    rounded, exact = (t.encode(frame).runs[1].embeddings for t in (halving, tower))
    halving.free()
    np.testing.assert_array_equal(rounded, exact.astype(np.float16))


@pytest.mark.parametrize("budget", [16, 30, 100, 192, 1000])
def test_a_budget_holds(tower, budget):
    image = tower.encode(picture(448, 336), budget)
    assert image.runs[1].count <= budget and image.runs[1].count >= min(192, 0.6 * budget)


def test_a_budget_that_cannot_hold(tower):
    with pytest.raises(Unsupported):
        tower.encode(picture(448, 336), 1)


def test_stop(tower):
    frame = picture(896, 672)
    looks = []

    def stop():
        looks.append(1)
        return len(looks) > 3

    with pytest.raises(EncodeStopped):
        tower.encode(frame, 0, stop)
    assert len(looks) == 4
    small = picture(112, 84)
    before = tower.encode(small).runs[1].embeddings
    with pytest.raises(EncodeStopped):
        tower.encode(small, 0, lambda: True)
    np.testing.assert_array_equal(tower.encode(small).runs[1].embeddings, before)


def test_free_and_load_again(make):
    ticks = []
    tower = make(progress=lambda: ticks.append(1))
    with pytest.raises(EngineFailed):
        tower.encode(picture(112, 84))
    tower.load()
    first = tower.encode(picture(112, 84)).runs[1].embeddings
    tower.free()
    tower.free()
    assert not tower.loaded
    tower.load()
    np.testing.assert_array_equal(tower.encode(picture(112, 84)).runs[1].embeddings, first)
    tower.free()
    assert ticks


def test_a_file_that_is_no_vision_model(nano, language_model, log):
    tower = MtmdTower(nano.text_path, language_model, mrope=True, take_error=log.take_error)
    with pytest.raises(EngineFailed, match="cannot be loaded"):
        tower.load()


def test_positions_must_be_of_one_kind(nano, language_model):
    tower = MtmdTower(nano.vision_path, language_model, mrope=False)
    with pytest.raises(Unsupported, match="M-RoPE"):
        tower.load()
    assert not tower.loaded


def test_an_error_of_before_is_no_reason_now(nano, language_model, monkeypatch):
    errors = ["something else: std::bad_alloc"]
    take = lambda: errors.pop() if errors else ""  # noqa: E731
    tower = MtmdTower(nano.vision_path, language_model, mrope=True, threads=1, take_error=take)
    tower.load()
    monkeypatch.setattr(mtmd, "mtmd_tokenize", lambda *_: 2)
    with pytest.raises(BadImage):
        tower.encode(picture(56, 56))
    tower.free()


@pytest.mark.parametrize("reason, error", [("mtmd_tokenize: error: std::bad_alloc", HostOutOfMemory), ("", BadImage)])
def test_a_picture_for_which_memory_is_short_is_no_bad_picture(nano, language_model, monkeypatch, reason, error):
    """A fresh worker may have enough for it; what is bad about a picture stays."""
    tower = MtmdTower(nano.vision_path, language_model, mrope=True, threads=1, take_error=lambda: reason)
    tower.load()
    monkeypatch.setattr(mtmd, "mtmd_tokenize", lambda *_: 2)
    with pytest.raises(error):
        tower.encode(picture(56, 56))
    tower.free()


@pytest.mark.parametrize(
    "gpu, reason, kind",
    [
        (False, "clip_encode: failed to allocate compute graph", HostOutOfMemory),
        (True, "clip_encode: failed to allocate compute graph", OutOfMemory),
        (True, "std::bad_alloc", HostOutOfMemory),
        (False, "something else", EngineFailed),
    ],
)
def test_whose_memory_was_short_is_told_where_it_is_known(nano, language_model, monkeypatch, gpu, reason, kind):
    reasons = []
    take = lambda: reasons.pop() if reasons else ""  # noqa: E731
    tower = MtmdTower(nano.vision_path, language_model, mrope=True, threads=1, gpu=gpu, take_error=take)
    tower.load()
    monkeypatch.setattr(mtmd, "mtmd_encode_chunk", lambda *_: reasons.append(reason) or 1)
    with pytest.raises(kind) as raised:
        tower.encode(picture(56, 56))
    assert raised.type is kind
    tower.free()


@pytest.mark.parametrize("tower", [MtmdTower, Glm4vTower])
def test_after_a_picture_without_memory_the_next_one_is_encoded(nano, tower):
    script = Path(__file__).with_name("short_of_memory.py")
    ended = run_limited(script, tower.__name__, nano.text_path, nano.vision_path)
    assert (ended.returncode, ended.stdout.split()) == (0, ["HostOutOfMemory", "108"]), ended.stderr
