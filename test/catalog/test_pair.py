"""Which two files make a model."""

import gguf
import numpy as np
import pytest

from glm4v_ros.catalog.model import Model
from glm4v_ros.catalog.pair import Pair
from glm4v_ros.errors import ModelFileError


def write(path, architecture, **values):
    writer = gguf.GGUFWriter(path, architecture)
    for key, value in values.items():
        key = key.replace("__", ".")
        kinds = {int: writer.add_uint32, str: writer.add_string, list: writer.add_array}
        kinds[type(value)](key, value)
    writer.add_tensor("some.weight", np.ones((2, 32), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture
def text(tmp_path):
    return write(tmp_path / "text.gguf", "glm4", glm4__embedding_length=64, glm4__context_length=4096,
                 glm4__rope__dimension_sections=[8, 12, 12, 0], tokenizer__ggml__tokens=["a"])  # fmt: skip


@pytest.fixture
def vision(tmp_path):
    return write(tmp_path / "vision.gguf", "clip", clip__projector_type="glm4v", clip__vision__projection_dim=64)


def test_a_pair_is_read(text, vision):
    pair = Pair.of(Model("m", text, vision))
    assert pair.vision.projector == "glm4v" and pair.context_tokens == 4096
    assert pair.complete(Model("m", text, vision)).context_tokens == 4096
    assert pair.complete(Model("m", text, vision, context_tokens=512)).context_tokens == 512


def test_swapped_files(text, vision):
    with pytest.raises(ModelFileError, match="swapped"):
        Pair.of(Model("m", vision, text))


def test_the_same_file_twice(text, vision):
    with pytest.raises(ModelFileError, match="text model is missing"):
        Pair.of(Model("m", vision, vision))
    with pytest.raises(ModelFileError, match="not a vision"):
        Pair.of(Model("m", text, text))


def test_text_without_sections(tmp_path, vision):
    old = write(tmp_path / "old.gguf", "glm4", glm4__embedding_length=64, tokenizer__ggml__tokens=["a"])
    with pytest.raises(ModelFileError, match="rope.dimension_sections"):
        Pair.of(Model("m", old, vision))


def test_all_zero_sections_are_none(tmp_path, vision):
    old = write(tmp_path / "old.gguf", "glm4", glm4__embedding_length=64, tokenizer__ggml__tokens=["a"],
                glm4__rope__dimension_sections=[0, 0, 0, 0])  # fmt: skip
    with pytest.raises(ModelFileError, match="rope.dimension_sections"):
        Pair.of(Model("m", old, vision))


def test_another_size(tmp_path, text):
    other = write(tmp_path / "o.gguf", "clip", clip__projector_type="glm4v", clip__vision__projection_dim=128)
    with pytest.raises(ModelFileError, match="64.*128.*different models"):
        Pair.of(Model("m", text, other))


def test_glm4v9b_goes_with_its_own_half_only(text, vision, converted):
    ours = Model("m", converted.path("text"), converted.path("vision"))
    completed = Pair.of(ours).complete(ours)
    assert completed.images_per_conversation == 1 and completed.answer_prefix == "\n"
    assert completed.context_tokens == 8192
    with pytest.raises(ModelFileError, match="different models"):
        Pair.of(Model("m", text, converted.path("vision")))
    with pytest.raises(ModelFileError, match="different models"):
        Pair.of(Model("m", converted.path("text"), vision))


def test_glm4v9b_of_the_same_size_with_a_foreign_vision_file(tmp_path, converted):
    foreign = write(tmp_path / "v.gguf", "clip", clip__projector_type="glm4v", clip__vision__projection_dim=128)
    with pytest.raises(ModelFileError, match="glm-4v-9b.*another model"):
        Pair.of(Model("m", converted.path("text"), foreign))


def test_a_missing_part_of_a_split_model(tmp_path, vision):
    part = write(tmp_path / "big-00001-of-00002.gguf", "glm4", glm4__embedding_length=64, split__count=2,
                 glm4__rope__dimension_sections=[8, 12, 12, 0], tokenizer__ggml__tokens=["a"])  # fmt: skip
    with pytest.raises(ModelFileError, match="big-00002-of-00002.gguf"):
        Pair.of(Model("m", part, vision))
