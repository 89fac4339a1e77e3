"""Which two files make a model."""

from dataclasses import replace

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
    assert pair.vision.projector == "glm4v"
    assert pair.complete(Model("m", text, vision)).context_tokens == 4096
    assert pair.complete(Model("m", text, vision, context_tokens=512)).context_tokens == 512


@pytest.mark.parametrize(
    "pixels, expected", [(100 * 784, 100), (8192 * 784, 0), (0, 0)], ids=["fewer", "more than llama.cpp makes", "none"]
)
def test_only_a_limit_below_that_of_llama_cpp_counts(tmp_path, text, pixels, expected):
    sides = {"clip__vision__patch_size": 14, "clip__vision__image_max_pixels": pixels}
    for merged in ({"clip__vision__spatial_merge_size": 2}, {}):  # a file that does not say merges two, as the towers have it
        vision = write(tmp_path / "v.gguf", "clip", clip__projector_type="glm4v", clip__vision__projection_dim=64, **sides, **merged)
        model = Model("m", text, vision)
        assert Pair.of(model).complete(model).image_max_tokens == expected
    own = replace(model, image_max_tokens=99)
    assert Pair.of(own).complete(own).image_max_tokens == 99


TYPES = {str: 7, int: "seven", list: 7}


def test_a_value_of_another_type_is_refused_by_its_name(tmp_path):
    """Files that an unlike converter wrote; the node reads them in its own process."""
    values = {
        "text": dict(glm4__embedding_length=64, glm4__context_length=9, glm4__rope__dimension_sections=[8, 12, 12, 0],
                     tokenizer__ggml__tokens=["a"], split__count=0, glm4v__images_per_conversation=1, glm4v__answer_prefix="x"),
        "vision": dict(clip__projector_type="glm4v", clip__vision__projection_dim=64, clip__vision__patch_size=14,
                       clip__vision__spatial_merge_size=2, clip__vision__image_max_pixels=784),
    }  # fmt: skip
    for half, key in ((half, key) for half in values for key in values[half] if key != "tokenizer__ggml__tokens"):
        odd = {**values, half: {**values[half], key: TYPES[type(values[half][key])]}}
        files = [write(tmp_path / f"{name}.gguf", kind, **odd[name]) for name, kind in (("text", "glm4"), ("vision", "clip"))]
        model = Model("m", *files)
        with pytest.raises(ModelFileError, match=f"{half}.gguf has .* for {key.replace('__', '.')}; fetch or convert"):
            Pair.of(model).complete(model)


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
