"""GLM-4v-9b's vision tower against PyTorch, through `convert`, on checkpoints with every part of the real one."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from golden import glm4v9b_checkpoint as tiny  # noqa: E402

from glm4v_ros.catalog.convert import Conversion  # noqa: E402
from glm4v_ros.errors import EngineFailed, HostOutOfMemory, ModelFileError, OutOfMemory, Unsupported  # noqa: E402
from glm4v_ros.vision import ggml  # noqa: E402
from glm4v_ros.vision.frame import Frame  # noqa: E402
from glm4v_ros.vision.glm4v9b_preprocess import patches  # noqa: E402
from glm4v_ros.vision.glm4v9b_tower import Glm4v9bTower  # noqa: E402
from glm4v_ros.vision.tower import EncodeStopped  # noqa: E402

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module", params=list(tiny.VARIANTS))
def variant(request):
    return request.param


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Vision files by (variant, type)."""
    root = tmp_path_factory.mktemp("glm4v9b")
    made = {}

    def file(variant: str, kind: str) -> Path:
        if (variant, kind) not in made:
            if not (root / variant).is_dir():
                tiny.write(root / variant, tiny.VARIANTS[variant])
            conversion = Conversion.plan(root / variant, root / "out" / variant, vision=kind, only="vision")
            conversion.run(threads=2)
            made[variant, kind] = conversion.path("vision")
        return made[variant, kind]

    return file


def tower_of(path, **options) -> Glm4v9bTower:
    tower = Glm4v9bTower(path, gpu=False, threads=2, **options)
    tower.load()
    return tower


@pytest.fixture
def tower(files):
    tower = tower_of(files("plain", "F32"), flash_attention=False)
    yield tower
    tower.free()


def golden(variant: str) -> np.ndarray:
    return np.load(GOLDEN / f"glm4v9b_{variant}.npz")["image"]


def embeddings(tower: Glm4v9bTower, frame: Frame) -> np.ndarray:
    (run,) = tower.encode(frame).runs
    return run.embeddings


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    return np.abs(found - expected).max() / np.abs(expected).max()


PICTURE = Frame(tiny.picture())


def test_equals_pytorch_in_float32(files, variant):
    tower = tower_of(files(variant, "F32"), flash_attention=False)
    # The begin and the end of the image are copied; the patches alone are the measure.
    assert relative_error(embeddings(tower, PICTURE)[1:-1], golden(variant)[1:-1]) < 1e-4
    assert np.array_equal(embeddings(tower, PICTURE)[[0, -1]], golden(variant)[[0, -1]])
    tower.free()


# Measured with these random weights, root mean square: 0.07 and 0.13 % (keys and values rounded to float16), 2.4 and
# 1.9 %, 8.0 and 7.5 %.
@pytest.mark.parametrize("kind, bar", [("F32", 0.003), ("Q8_0", 0.04), ("Q4_K_M", 0.12)])
def test_flash_attention_and_quantisation_stay_close(files, variant, kind, bar):
    tower = tower_of(files(variant, kind))
    found, expected = embeddings(tower, PICTURE)[1:-1], golden(variant)[1:-1]
    assert np.sqrt(np.mean((found - expected) ** 2) / np.mean(expected**2)) < bar
    tower.free()


def test_every_frame_gets_its_own_tokens_from_the_same_graph(tower):
    first = embeddings(tower, PICTURE)
    other = embeddings(tower, Frame(np.ascontiguousarray(tiny.picture()[::-1])))
    assert relative_error(other, first) > 0.1
    assert np.array_equal(embeddings(tower, PICTURE), first)


def test_positions_are_the_models_own(tower):
    (run,) = tower.encode(PICTURE).runs
    time, row, column, extra = run.positions
    n = run.count
    assert n == 27
    assert time.tolist() == [0] + [1] * (n - 2) + [2] and run.advance == 3
    assert column.tolist() == list(range(n))  # what the causal mask goes by
    assert not row.any() and not extra.any()


def test_any_size_and_shape_of_picture(tower):
    for height, width in ((1, 1), (1, 2000), (2000, 1), (140, 140), (1080, 1920)):
        frame = Frame(np.full((height, width, 3), 127, np.uint8))
        assert np.isfinite(embeddings(tower, frame)).all()


def test_patches_are_pillows_bicubic_cut_in_reading_order():
    rgb = tiny.picture()
    mean, std = np.array([0.5, 0.4, 0.3]), np.array([0.2, 0.25, 0.3])
    square = np.asarray(Image.fromarray(rgb).resize((84, 84), Image.Resampling.BICUBIC)).astype(
        np.float32
    ) / np.float32(255)
    normalised = (square - mean.astype(np.float32)) / std.astype(np.float32)
    found = patches(rgb, 84, 14, mean, std)
    assert found.shape == (36, 588) and found.dtype == np.float32
    for index in (0, 7, 35):
        y, x = index // 6 * 14, index % 6 * 14
        expected = normalised[y : y + 14, x : x + 14].transpose(2, 0, 1).reshape(-1)
        assert np.array_equal(found[index], expected)


def test_a_budget_that_cannot_be_met_is_refused(tower):
    assert tower.encode(PICTURE, max_tokens=27).count == 27
    with pytest.raises(Unsupported, match="27 tokens for every image, 26"):
        tower.encode(PICTURE, max_tokens=26)


def test_stops_soon_after_it_is_told_to(tower):
    expected = embeddings(tower, PICTURE)
    looks = []

    def should_stop():
        looks.append(len(looks))
        return len(looks) == 20

    with pytest.raises(EncodeStopped):
        tower.encode(PICTURE, should_stop=should_stop)
    assert len(looks) == 20  # and not once more
    assert np.array_equal(embeddings(tower, PICTURE), expected)


def test_told_to_stop_beforehand_it_does_not_start(tower):
    with pytest.raises(EncodeStopped):
        tower.encode(PICTURE, should_stop=lambda: True)


def test_an_error_in_the_callback_comes_out(tower):
    looks = iter([False, False, False])
    with pytest.raises(StopIteration):
        tower.encode(PICTURE, should_stop=lambda: next(looks))


def test_progress_is_reported_while_loading_and_encoding(files):
    beats = []
    tower = Glm4v9bTower(files("plain", "F32"), gpu=False, threads=2, progress=lambda: beats.append(1))
    assert not beats
    tower.load()
    loading = len(beats)
    assert loading > 40
    tower.encode(PICTURE)
    assert len(beats) - loading > 60
    tower.free()


def test_freed_and_loaded_again_it_is_the_same(tower):
    before = tower.encode(PICTURE)
    copy = before.runs[0].embeddings.copy()
    tower.free()
    assert not tower.loaded and tower.weight_bytes == 0
    assert np.array_equal(before.runs[0].embeddings, copy)
    with pytest.raises(EngineFailed, match="not loaded"):
        tower.encode(PICTURE)
    tower.load()
    tower.load()
    assert tower.loaded and tower.weight_bytes > 5e6 and tower.compute_bytes > 0
    assert np.array_equal(embeddings(tower, PICTURE), copy)


def test_refused_files(files, tmp_path):
    whole = files("plain", "Q8_0").read_bytes()
    path = tmp_path / "v.gguf"
    path.write_bytes(whole[:-1000])
    with pytest.raises(ModelFileError, match="cut short"):
        Glm4v9bTower(path)
    path.write_bytes(whole.replace(b"v.blk.2.ffn_down.weight", b"v.blk.2.ffn_dawn.weight"))
    with pytest.raises(ModelFileError, match="lacks the tensor v.blk.2.ffn_down.weight"):
        Glm4v9bTower(path)
    path.write_bytes(whole.replace(b"glm4v.vision.output_scale", b"glm4v.vision.output_scala"))
    with pytest.raises(ModelFileError, match="glm4v.vision.output_scale"):
        Glm4v9bTower(path)
    path.write_bytes(whole.replace(b"glm-4v-9b", b"glm-4v-9c"))
    with pytest.raises(ModelFileError, match="its projector is 'glm-4v-9c'"):
        Glm4v9bTower(path)


def test_a_file_that_is_cut_after_it_was_checked_is_noticed(files, tmp_path):
    path = tmp_path / "v.gguf"
    path.write_bytes(files("plain", "Q8_0").read_bytes())
    tower = Glm4v9bTower(path, gpu=False)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ModelFileError, match="cut short"):
        tower.load()
    assert not tower.loaded


@pytest.mark.parametrize("threads", [0, 1])
def test_it_takes_every_core_unless_told_how_many(files, monkeypatch, threads):
    counts, set_threads = [], ggml.set_threads
    monkeypatch.setattr(ggml, "set_threads", lambda backend, count: counts.append(count) or set_threads(backend, count))
    tower = Glm4v9bTower(files("plain", "Q8_0"), gpu=False, threads=threads)
    tower.load()
    tower.free()
    assert counts == [threads or len(os.sched_getaffinity(0))]


def test_another_ggml_is_refused_by_version(files, monkeypatch):
    path = files("plain", "Q8_0")
    assert ggml.version().startswith(ggml.CHECKED_VERSIONS[-1])
    monkeypatch.setattr(ggml, "version", lambda: "0.99.1")
    with pytest.raises(Unsupported, match="checked with ggml 0.25, not with 0.99.1"):
        Glm4v9bTower(path)


@pytest.mark.parametrize("gpu, kind", [(False, HostOutOfMemory), (True, OutOfMemory)])
@pytest.mark.parametrize("call", ["allocate", "allocate_graph"])
def test_no_memory_is_said_and_loading_can_be_tried_again(files, monkeypatch, call, gpu, kind):
    """With a GPU it is not known whose."""
    processors = ggml.devices(ggml.CPU_DEVICE)
    tower = Glm4v9bTower(files("plain", "Q8_0"), gpu=gpu, threads=2)
    with monkeypatch.context() as patch:
        patch.setattr(ggml, "devices", lambda *_: processors)
        patch.setattr(ggml, call, lambda *_: None)
        with pytest.raises(kind, match="vision_resident: false") as raised:
            tower.load()
        assert raised.type is kind
    assert not tower.loaded
    tower.load()
    assert np.isfinite(embeddings(tower, PICTURE)).all()
    tower.free()
