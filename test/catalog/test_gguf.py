"""Headers of GGUF files, written by the gguf package and then damaged in every way a disk or a download can."""

import os
import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
import pytest

from glm4v_ros.catalog.gguf import TYPES, Gguf, Strings
from glm4v_ros.errors import EngineFailed, ModelFileError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.gguf"
    writer = gguf.GGUFWriter(path, "glm4")
    writer.add_uint32("glm4.embedding_length", 64)
    writer.add_array("glm4.rope.dimension_sections", [8, 12, 12, 0])
    writer.add_array("tokenizer.ggml.tokens", ["a", "压力", "<|user|>"])
    writer.add_float32("glm4.rope.freq_base", 10000.0)
    writer.add_bool("tokenizer.ggml.add_bos_token", False)
    writer.add_tensor("token_embd.weight", np.ones((3, 64), np.float32))
    writer.add_tensor("output.weight", np.ones((3, 64), np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_what_the_writer_wrote_is_read(path):
    model = Gguf.read(path)
    assert model.architecture == "glm4" and not model.is_vision
    assert model.embedding_length == 64
    assert model.rope_sections == (8, 12, 12, 0) and model.has_mrope
    assert model.metadata["tokenizer.ggml.tokens"] == Strings(3)
    assert model.metadata["tokenizer.ggml.add_bos_token"] is False
    assert model.tensors["token_embd.weight"].shape == (64, 3)
    assert model.parameters == 2 * 3 * 64 and model.weight_bytes == 3 * 64 * (4 + 2)
    data = path.read_bytes()
    tensor = model.tensors["output.weight"]
    assert np.frombuffer(data[tensor.offset : tensor.offset + tensor.bytes], np.float16).tolist() == [1.0] * 192


def test_sizes_of_all_types_are_those_of_the_gguf_package():
    for kind, (values, size) in gguf.GGML_QUANT_SIZES.items():
        if kind.name in ("Q8_1", "Q8_K"):  # exist while computing only
            continue
        assert TYPES[int(kind)] == (kind.name, values, size)


def test_cut_anywhere_it_says_so(path):
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelFileError, match="fetch it again|not a GGUF"):
            Gguf.read(path)


def test_one_byte_short_names_the_tensor(path):
    whole = path.read_bytes()
    end = max(tensor.offset + tensor.bytes for tensor in Gguf.read(path).tensors.values())
    path.write_bytes(whole[: end - 1])
    with pytest.raises(ModelFileError, match=f"output.weight ends at byte {end}, the file at {end - 1}"):
        Gguf.read(path)


def test_random_damage_to_the_header_raises_or_is_read_but_never_anything_else(path):
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    for _ in range(500):
        damaged = bytearray(whole)
        for at in random.integers(4, 400, 3):
            damaged[at] = random.integers(256)
        path.write_bytes(damaged)
        try:
            Gguf.read(path)
        except ModelFileError:
            pass


def test_of_a_large_file_only_the_header_is_read(path, tmp_path):
    """Not even mapped: a file that is cut short or whose disk fails ends who maps it. Nor may a damaged length take the node's memory."""
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(path.read_bytes()[:24] + (3 << 30).to_bytes(8, "little"))  # of the first key
    nested = tmp_path / "nested.gguf"
    nested.write_bytes(path.read_bytes()[:24] + b"\1" + bytes(7) + b"k" + b"\t\0\0\0" + (b"\t\0\0\0\1" + bytes(7)) * 5000)
    for file in (path, damaged, nested):
        os.truncate(file, 6 << 30)
    script = (
        "import resource, sys; from glm4v_ros.catalog.gguf import Gguf, ModelFileError\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)); print(len(Gguf.read(sys.argv[1]).tensors))\n"
        "for file in sys.argv[2:]:\n"
        "    try: Gguf.read(file)\n"
        "    except ModelFileError as error: print('fetch it again' in str(error))\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, path, damaged, nested], capture_output=True, text=True, cwd=ROOT)
    assert ended.stdout.split() == ["2", "True", "True"], ended.stderr


@pytest.mark.parametrize("content", [b"", b"GGUF", b"\x89PNG" + bytes(100), b"GGUF" + bytes(40)])
def test_other_files_are_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(ModelFileError):
        Gguf.read(path)


def test_a_missing_file_is_an_engine_failure_with_advice(tmp_path):
    with pytest.raises(EngineFailed, match="glm4v models list"):
        Gguf.read(tmp_path / "none.gguf")
