import gguf
import numpy as np
import pytest

from glm4v_ros.engine.token_embeddings import TokenEmbeddings

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


def test_tokens_decode_alike_by_number_and_by_embedding(nano_f32):
    from glm4v_ros.engine.config import EngineConfig
    from glm4v_ros.engine.language_model import LanguageModel
    from glm4v_ros.engine.llama_log import LlamaLog

    config = EngineConfig(nano_f32, gpu_layers=0, threads=1, kv_type="f32", context_tokens=256, max_parallel=1)
    model = LanguageModel(config, LlamaLog(), lambda _: True)
    seq_id = model.greedy_sequences.stop  # its logits come to the host
    tokens = list(range(300, 340))
    image = np.zeros((5, model.embedding_size), np.float32), np.zeros((model.positions_per_embedding, 5), np.int32)
    logits = []
    for beside in (False, True):
        model.clear()
        batch = model.new_batch()
        batch.add_tokens(tokens, 3, seq_id, 1)
        if beside:
            batch.add_embeddings(*image, [seq_id + 1])
        model.decode(batch)
        logits.append(model.logits(len(tokens) - 1).copy())
    model.free()
    np.testing.assert_allclose(logits[1], logits[0], atol=1e-4)
