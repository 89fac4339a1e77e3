"""Our own graph of GLM-4V's tower beside mtmd's, which is held against transformers elsewhere."""

import ctypes
import os
from dataclasses import replace

import llama_cpp
import numpy as np
import pytest
from llama_cpp import mtmd_cpp as mtmd

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.errors import EngineFailed
from glm4v_ros.machine import cuda_context, ggml
from glm4v_ros.vision import ggml as vision_ggml
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.glm4v_shape import Glm4vShape
from glm4v_ros.vision.glm4v_tower import Glm4vTower
from glm4v_ros.vision.mtmd_tower import MtmdTower
from glm4v_ros.vision.towers import make_tower


@pytest.fixture(scope="module")
def language_model(nano):
    model = llama_cpp.llama_model_load_from_file(os.fsencode(nano.text_path), llama_cpp.llama_model_default_params())
    assert model
    yield model
    llama_cpp.llama_model_free(model)


@pytest.fixture(scope="module")
def encode(nano, nano_f32, language_model):
    """Embeddings of a picture by a tower of such options; ``exact``: with weights in float32."""
    towers = {}

    def encode(kind, frame, exact=True, max_tokens=0, **options):
        key = (kind, exact, *options.items())
        if key not in towers:
            more = dict(mrope=True) if kind is MtmdTower else {}
            path = (nano_f32 if exact else nano).vision_path
            towers[key] = kind(path, language_model, threads=1, **more, **options)
            towers[key].load()
        return towers[key].encode(frame, max_tokens).runs[1].embeddings

    yield encode
    for tower in towers.values():
        tower.free()


def picture(width, height):
    return Frame(np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8))


def distance(ours, theirs) -> float:
    return np.sqrt(((ours - theirs) ** 2).mean()) / theirs.std()


@pytest.mark.parametrize("size", [(112, 84), (84, 224), (336, 336)])  # the last one is what its position embeddings were learned on
@pytest.mark.parametrize("flash", [True, False])
def test_it_computes_what_mtmd_computes(encode, size, flash):
    frame = picture(*size)
    assert distance(encode(Glm4vTower, frame, flash_attention=flash), encode(MtmdTower, frame)) < 0.005


def test_widened_weights_are_the_same_weights(encode):
    frame = picture(112, 84)
    exact = encode(Glm4vTower, frame, widen=False)
    assert distance(encode(Glm4vTower, frame, exact=False, widen=False), exact) > 0.01  # by eight bits of what they are multiplied with
    assert distance(encode(Glm4vTower, frame, exact=False, widen=True), exact) < 0.01
    np.testing.assert_array_equal(encode(Glm4vTower, frame, widen=True), exact)  # what is not quantised stays


def test_a_larger_picture_within_a_budget(encode):
    """The same cells of it are seen, by whatever filter."""
    frame = Frame(np.kron(picture(14, 10).rgb, np.ones((60, 60, 1), np.uint8)))
    assert distance(encode(Glm4vTower, frame, max_tokens=48), encode(MtmdTower, frame, max_tokens=48)) < 0.5


@pytest.mark.parametrize("cap", [0, 100])
def test_every_size_has_the_grid_that_mtmd_gives_it(nano, language_model, cap):
    params = mtmd.mtmd_context_params_default()
    params.warmup, params.image_max_tokens = False, cap or -1
    context = mtmd.mtmd_init_from_file(os.fsencode(nano.vision_path), language_model, params)
    shape = Glm4vShape.of(Gguf.read(nano.vision_path), cap)
    random = np.random.default_rng(0)
    sizes = [(1, 1), (1, 5000), (6000, 6000), (1920, 1080)] + np.exp(random.uniform(0, np.log(6000), (300, 2))).astype(int).tolist()
    assert {tuple(size): shape.grid(*size) for size in sizes} == {tuple(size): grid(context, *size) for size in sizes}
    mtmd.mtmd_free(context)


def grid(context, width, height) -> tuple[int, int]:
    marker = mtmd.mtmd_get_marker(context)
    text = mtmd.mtmd_input_text(text=marker, text_len=len(marker), add_special=False, parse_special=True)
    bitmap, chunks = mtmd.mtmd_bitmap_init(width, height, None), mtmd.mtmd_input_chunks_init()
    assert mtmd.mtmd_tokenize(context, chunks, ctypes.byref(text), (ctypes.c_void_p * 1)(bitmap), 1) == 0
    tokens = mtmd.mtmd_input_chunk_get_tokens_image(mtmd.mtmd_input_chunks_get(chunks, 1))
    found = mtmd.mtmd_image_tokens_get_nx(tokens), mtmd.mtmd_image_tokens_get_ny(tokens)
    mtmd.mtmd_input_chunks_free(chunks)
    mtmd.mtmd_bitmap_free(bitmap)
    return found


def test_what_fits(nano, nano_f32, tiny_9b):
    header = Gguf.read(nano.vision_path)
    assert Glm4vShape.fits(header) and Glm4vShape.fits(Gguf.read(nano_f32.vision_path))
    assert not Glm4vShape.fits(Gguf.read(tiny_9b.path("vision"))) and not Glm4vShape.fits(Gguf.read(nano.text_path))
    more = {**header.tensors, "v.blk.0.attn_q_norm.weight": next(iter(header.tensors.values()))}
    assert not Glm4vShape.fits(replace(header, tensors=more))  # as GLM-OCR's has
    assert not Glm4vShape.fits(replace(header, metadata={**header.metadata, "clip.use_silu": False}))


@pytest.mark.parametrize("gpu, capability, cublas, kind", [
    ("CUDA0 NVIDIA H200", 90, False, Glm4vTower), ("CUDA0 NVIDIA H200", 90, True, MtmdTower), ("CUDA0 Orin", 87, False, MtmdTower),
    ("Vulkan0 NVIDIA H200", 90, False, MtmdTower), ("", 0, False, MtmdTower),
])  # fmt: skip
def test_where_it_is_used(nano, language_model, monkeypatch, gpu, capability, cublas, kind):
    monkeypatch.setattr(llama_cpp.llama_cpp, "llama_print_system_info", lambda: b"CUDA : FORCE_CUBLAS = 1 | " if cublas else b"CUDA : ")
    monkeypatch.setattr(ggml, "gpu", lambda: gpu)
    monkeypatch.setattr(cuda_context, "capability", lambda: capability)
    assert type(tower_of(nano, language_model, gpu != "")) is kind
    assert type(tower_of(nano, language_model, False)) is MtmdTower
    monkeypatch.setattr(vision_ggml, "CHECKED_VERSIONS", ())
    assert type(tower_of(nano, language_model, gpu != "")) is MtmdTower


def tower_of(nano, language_model, gpu):
    return make_tower(nano.vision_path, language_model, mrope=True, threads=1, gpu=gpu, flash_attention=True, max_tokens=0, half=True,
                      take_error=lambda: "", progress=lambda: None)  # fmt: skip


def test_a_file_with_numbers_that_are_none(nano, language_model, tmp_path):
    data = bytearray(nano.vision_path.read_bytes())
    tensor = Gguf.read(nano.vision_path).tensors["v.post_ln.weight"]
    data[tensor.offset : tensor.offset + 4] = np.float32("nan").tobytes()
    (path := tmp_path / "vision.gguf").write_bytes(data)
    tower = Glm4vTower(path, language_model, threads=1)
    tower.load()
    with pytest.raises(EngineFailed, match="not finite"):
        tower.encode(picture(56, 56))
    tower.free()
