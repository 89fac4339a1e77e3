import gguf
import numpy as np
import pytest

from glm4v_ros.catalog.token_embeddings import TokenEmbeddings

SHAPE = 20, 64  # vocabulary, embedding size


def write(path, kind, architecture="glm4", name="token_embd.weight"):
    """A text model that has nothing but its embedding matrix; the values that its file stands for."""
    values = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    data = gguf.quantize(values, kind)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_tensor(name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return gguf.dequantize(data, kind)


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q5_1"])
def test_rows_are_what_the_file_stands_for(tmp_path, kind):
    path = tmp_path / "text.gguf"
    expected = write(path, gguf.GGMLQuantizationType[kind])
    embeddings = TokenEmbeddings.of(path)
    tokens = np.array([7, 0, 19, 7], np.int32)
    np.testing.assert_array_equal(embeddings.rows(tokens), expected[tokens])
    embeddings.close()


def test_rows_of_the_embedded_model(nano):
    """Q4_K, as in GLM-4.6V-Flash."""
    tensor = next(t for t in gguf.GGUFReader(nano.text_path).tensors if t.name == "token_embd.weight")
    embeddings = TokenEmbeddings.of(nano.text_path)
    expected = gguf.dequantize(tensor.data, tensor.tensor_type)
    np.testing.assert_array_equal(embeddings.rows(np.arange(len(expected))), expected)
    embeddings.close()


def test_a_removed_file_can_still_be_read(tmp_path):
    path = tmp_path / "text.gguf"
    expected = write(path, gguf.GGMLQuantizationType.Q8_0)
    embeddings = TokenEmbeddings.of(path)
    path.unlink()
    np.testing.assert_array_equal(embeddings.rows(np.array([3])), expected[3:4])
    embeddings.close()


@pytest.mark.parametrize("wrong", [{"architecture": "gemma3"}, {"name": "something.else"}])
def test_none_where_the_graph_would_not_take_them_for_its_own(tmp_path, wrong):
    path = tmp_path / "text.gguf"
    write(path, gguf.GGMLQuantizationType.F32, **wrong)
    assert TokenEmbeddings.of(path) is None
