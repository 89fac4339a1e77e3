"""Conversion of tiny glm-4v-9b checkpoints, whole, broken and interrupted.

Parity with PyTorch is tested in test/vision and test/engine.
"""

import hashlib
import json
import os
from dataclasses import replace

import numpy as np
import pytest
from golden import glm4v9b_checkpoint as tiny

from glm4v_ros.catalog import convert as converting
from glm4v_ros.catalog.checkpoint import Checkpoint
from glm4v_ros.catalog.convert import Conversion
from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.catalog.quantise import quantise
from glm4v_ros.errors import ModelFileError, Unsupported

PLAIN = tiny.VARIANTS["plain"]


def values(file: Gguf, name: str) -> np.ndarray:
    tensor = file.tensors[name]
    raw = file.path.read_bytes()[tensor.offset : tensor.offset + tensor.bytes]
    kind = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16}[tensor.type_name]
    return np.frombuffer(raw, kind).reshape(tensor.shape[::-1])


def bfloat16(array: np.ndarray) -> np.ndarray:
    return (array.view(np.uint32) >> 16).astype(np.uint16)


def test_makes_two_files_and_a_manifest_that_describes_them(converted):
    manifest = json.loads((converted.directory / "manifest.json").read_text())
    assert manifest["model"] == "glm-4v-9b"
    paths = [converted.path("text"), converted.path("vision")]
    assert sorted(manifest["files"]) == sorted(path.name for path in paths)
    for path, half, kind in zip(paths, ("text", "vision"), ("Q4_K_M", "Q8_0")):
        entry = manifest["files"][path.name]
        assert entry["half"] == half and entry["type"] == kind and entry["bytes"] == path.stat().st_size
        assert entry["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sorted(os.listdir(converted.directory)) == sorted([*manifest["files"], "manifest.json"])
    assert Gguf.read(paths[1]).tensors["v.blk.0.ffn_up.weight"].type_name == "Q8_0"


def test_bfloat16_weights_arrive_bit_for_bit(tmp_path):
    shape = replace(PLAIN, dtype="BF16")
    conversion = Conversion.plan(
        tiny.write(tmp_path / "c", shape, parts=3), tmp_path / "out", text="bf16", vision="bf16"
    )
    conversion.run()
    text, vision = Gguf.read(conversion.path("text")), Gguf.read(conversion.path("vision"))
    stored = {name: bfloat16(tiny.values(name, size)) for name, size in tiny.shapes(shape).items()}
    layer, d, kv, f = "transformer.encoder.layers.1.", shape.width, shape.kv_heads * shape.head, shape.feed_forward
    qkv = stored[layer + "self_attention.query_key_value.weight"]
    up = stored[layer + "mlp.dense_h_to_4h.weight"]
    assert np.array_equal(values(text, "token_embd.weight"), stored["transformer.embedding.word_embeddings.weight"])
    assert np.array_equal(values(text, "blk.1.attn_v.weight"), qkv[d + kv :])
    assert np.array_equal(values(text, "blk.1.ffn_gate.weight"), up[:f])
    assert np.array_equal(values(text, "blk.1.ffn_up.weight"), up[f:])
    # Head 1 of Q: rows 32 to 63, GLM's pairs (0, 1), (2, 3) ... of the first half become (i, i + 16).
    head = qkv[32:64]
    order = [*range(0, 16, 2), *range(16, 24), *range(1, 16, 2), *range(24, 32)]
    assert np.array_equal(values(text, "blk.1.attn_q.weight")[32:64], head[order])
    merger = stored["transformer.vision.conv.weight"]
    assert np.array_equal(values(vision, "mm.patch_merger.weight").reshape(d, 2, 2, -1), merger.transpose(0, 2, 3, 1))
    exact = tiny.values("transformer.encoder.final_layernorm.weight", (d,))
    assert np.array_equal(bfloat16(values(text, "output_norm.weight")), bfloat16(exact))


def test_the_configuration_is_read(tmp_path):
    ids = tiny.special_ids()
    shape = replace(
        PLAIN, rope_ratio=500, scaling_factor=2, extra={"eos_token_id": [ids["<|user|>"]], "seq_length": 1024}
    )
    conversion = Conversion.plan(tiny.write(tmp_path / "c", shape), tmp_path / "out", text="F32", vision="F32")
    conversion.run()
    text, vision = Gguf.read(conversion.path("text")), Gguf.read(conversion.path("vision"))
    assert text.own("rope.freq_base") == pytest.approx((10000 * 500) ** 2, rel=1e-6)
    assert text.own("context_length") == 1024 and text.rope_sections == (8, 0, 0, 8)
    assert text.metadata["tokenizer.ggml.eos_token_id"] == ids["<|user|>"]
    assert "tokenizer.ggml.eot_token_id" not in text.metadata
    assert vision.metadata["glm4v.vision.output_scale"] == 0.5


def test_one_half_at_a_time_into_one_directory(tmp_path):
    for half in ("vision", "text"):
        directory = tiny.write(tmp_path / half, PLAIN, only=half)
        (directory / "model.safetensors.index.json").unlink()
        with pytest.raises(ModelFileError, match="lacks .* tensors .*is a shard missing"):
            Conversion.plan(directory, tmp_path / "out")
        Conversion.plan(directory, tmp_path / "out" / half, only=half).run()
    assert sorted(path.name for path in (tmp_path / "out").glob("*/*.gguf")) == [
        "glm-4v-9b-text-q4_k_m.gguf", "glm-4v-9b-vision-q8_0.gguf",
    ]  # fmt: skip


@pytest.fixture
def broken(tmp_path):
    return tiny.write(tmp_path / "broken", PLAIN)


def refuses(directory, out, error, match, **options):
    with pytest.raises(error, match=match):
        Conversion.plan(directory, out, **options)
    assert not out.exists()


def test_refused_before_any_work(broken, tmp_path):
    out = tmp_path / "out"
    refuses(tmp_path / "none", out, ModelFileError, "no checkpoint directory")
    refuses(tmp_path, out, ModelFileError, "no config.json")
    refuses(broken, out, Unsupported, "no file type Q9.*choose one of", text="Q9")
    shard = broken / "model-00002-of-00002.safetensors"
    content = shard.read_bytes()
    shard.unlink()
    refuses(broken, out, ModelFileError, "lacks 1 of 2 shards: model-00002-of-00002.safetensors")
    shard.write_bytes(content[:-1])
    refuses(broken, out, ModelFileError, "cut short")
    for nonsense in (b"\xff" * 100, b"", b"\2" + bytes(7) + b"[]" + bytes(90), content.replace(b"[8]", b"[9]")):
        shard.write_bytes(nonsense)
        refuses(broken, out, ModelFileError, "not a whole safetensors")
    shard.write_bytes(content.replace(b"mlp.fc1.weight", b"mlp.fc9.weight"))
    refuses(broken, out, ModelFileError, "lacks .* tensors .*mlp.fc1.weight")
    shard.write_bytes(content)
    (broken / "tokenizer.model").write_bytes(b"\x0a\x0bnot this")
    refuses(broken, out, ModelFileError, "not GLM-4's tokenizer")
    (broken / "tokenizer.model").unlink()
    refuses(broken, out, ModelFileError, "no tokenizer.model")


@pytest.mark.parametrize(
    "changed, error, match",
    [
        ({"model_type": "llama"}, ModelFileError, "holds a 'llama' model, not glm-4v-9b"),
        ({"vision_config": None}, ModelFileError, "not glm-4v-9b"),
        ({"add_bias_linear": True}, Unsupported, "add_bias_linear = True"),
        ({"ffn_hidden_size": 96}, ModelFileError, "config.json makes it"),
        ({"kv_channels": 30}, Unsupported, "rotary pairs"),
    ],
)
def test_another_models_configuration(broken, tmp_path, changed, error, match):
    config = json.loads((broken / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps({**config, **changed}))
    refuses(broken, tmp_path / "out", error, match)


def test_a_disk_that_is_too_small(broken, tmp_path, monkeypatch):
    usage = converting.shutil.disk_usage("/")
    monkeypatch.setattr(converting.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    refuses(broken, tmp_path / "out", ModelFileError, "GB free, the conversion needs")


class Interrupted(Exception):
    pass


def interrupted():
    raise Interrupted


@pytest.mark.parametrize("stage", ["converting text", "checking", "converting vision"])
def test_interrupted_anywhere_it_goes_on(broken, converted, tmp_path, stage):
    out, told, told_again = tmp_path / "out", [], []

    def interrupt(what, done, total):
        told.append((what, done))
        if what.startswith(stage) and done * 2 >= total:
            raise Interrupted

    with pytest.raises(Interrupted):
        Conversion.plan(broken, out).run(interrupt)
    finals = [path.name for path in out.glob("*.gguf")]
    assert all(Gguf.read(out / name) for name in finals)  # nothing half under a final name

    conversion = Conversion.plan(broken, out)
    manifest = conversion.run(lambda what, done, total: told_again.append((what, done)))
    for half in ("text", "vision"):
        assert conversion.path(half).read_bytes() == converted.path(half).read_bytes()
    assert not list(out.glob("*.part")) and len(manifest["files"]) == 2
    if stage.startswith("converting"):  # what was there is not done again
        first, first_again = (next(done for what, done in each if what == stage) for each in (told, told_again))
        assert first_again > first  # bytes that are there with its first piece
    assert Conversion.plan(broken, out).run(lambda what, done, total: pytest.fail(what)) == manifest


def test_a_part_cut_anywhere_is_continued(broken, tmp_path):
    first = Conversion.plan(broken, tmp_path / "whole", only="vision", vision="F32")
    first.run()
    whole = first.path("vision").read_bytes()
    for length in (0, 1, 5000, len(whole) // 3, len(whole) - 1, len(whole)):
        conversion = Conversion.plan(broken, tmp_path / str(length), only="vision", vision="F32")
        with pytest.raises(Interrupted):
            conversion.run(lambda what, done, total: interrupted())
        (part,) = (tmp_path / str(length)).glob("*.part")
        part.write_bytes(whole[:length])
        conversion.run()
        assert conversion.path("vision").read_bytes() == whole and not part.exists()


@pytest.mark.parametrize("dtype, kind", [("BF16", "Q4_K_M"), ("F16", "Q6_K"), ("F32", "Q3_K_S")])
def test_every_byte_is_what_llama_cpp_makes_of_the_whole_file(tmp_path, dtype, kind):
    """Rows of 256 and more, so that the k-quants are not replaced, and a mix in which layers differ."""
    shape = replace(PLAIN, width=256, layers=8, feed_forward=512, vision_width=448, vision_heads=4,
                    vision_feed_forward=512, dtype=dtype)  # fmt: skip
    directory = tiny.write(tmp_path / "c", shape)
    plain = Conversion.plan(directory, tmp_path / "plain", text=dtype, vision=dtype)
    plain.run()
    made = Conversion.plan(directory, tmp_path / "made", text=kind, vision=kind)
    made.run()
    for half in ("text", "vision"):
        quantise(plain.path(half), tmp_path / half, kind, 2, lambda done, total: None)
        expected, found = Gguf.read(tmp_path / half), Gguf.read(made.path(half))
        assert found.metadata == expected.metadata and sorted(found.tensors) == sorted(expected.tensors)
        for name, tensor in expected.tensors.items():
            other = found.tensors[name]
            assert other.type_name == tensor.type_name and other.shape == tensor.shape
            assert data(found, other) == data(expected, tensor), name


def data(file: Gguf, tensor) -> bytes:
    with file.path.open("rb") as stream:
        stream.seek(tensor.offset)
        return stream.read(tensor.bytes)


def test_weights_that_are_not_finite(broken, tmp_path):
    tensor = Checkpoint(broken).tensors["transformer.output_layer.weight"]
    path = tensor.path
    content = bytearray(path.read_bytes())
    content[tensor.offset : tensor.offset + 4] = np.float32(np.nan).tobytes()
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="output.weight cannot be quantised.*not finite.*download"):
        Conversion.plan(broken, tmp_path / "out").run()
    assert not list((tmp_path / "out").glob("*.gguf"))


def test_another_checkpoint_starts_afresh(broken, tmp_path):
    out = tmp_path / "out"
    first = Conversion.plan(broken, out).run()
    shard = broken / "model-00001-of-00002.safetensors"
    content = bytearray(shard.read_bytes())
    content[-100:] = bytes(100)
    shard.write_bytes(content)
    os.utime(shard, ns=(1, 1))
    second = Conversion.plan(broken, out).run()
    assert first["files"] != second["files"]


def test_a_final_file_that_was_damaged_since_is_made_again(broken, tmp_path, converted):
    out = tmp_path / "out"
    conversion = Conversion.plan(broken, out)
    conversion.run()
    path = conversion.path("vision")
    path.write_bytes(path.read_bytes()[:-1])
    conversion.run()
    assert path.read_bytes() == converted.path("vision").read_bytes()


def test_llama_cpps_reason_comes_out(broken, tmp_path):
    source = tmp_path / "s.gguf"
    source.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelFileError, match="quantising s.gguf to Q8_0 failed: .*(load|read|version|gguf)"):
        quantise(source, tmp_path / "t.gguf", "Q8_0", 1, lambda done, total: None)
    assert not (tmp_path / "t.gguf").exists()
