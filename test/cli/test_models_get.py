"""`glm4v models convert | estimate | fetch | verify` from the command line, with a tiny glm-4v-9b."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from golden import glm4v9b_checkpoint as tiny  # noqa: E402

from glm4v_ros.cli.main import main  # noqa: E402


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GLM4V_MODELS", str(tmp_path / "models"))
    for name in ("GLM4V_CATALOG", "XDG_CONFIG_HOME", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "models"


def run(capsys, *arguments):
    code = main(["models", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out, err


def test_convert_estimate_verify_and_copy_elsewhere(capsys, models, tmp_path, monkeypatch):
    checkpoint = tiny.write(tmp_path / "checkpoint", tiny.VARIANTS["plain"])
    code, out, _ = run(capsys, "convert", checkpoint)
    assert code == 0 and "run it with `model: glm-4v-9b`" in out
    names = ["glm-4v-9b-text-q4_k_m.gguf", "glm-4v-9b-vision-q8_0.gguf", "manifest.json"]
    assert sorted(path.name for path in (models / "glm-4v-9b").iterdir()) == names

    code, out, _ = run(capsys, "list", "--json")
    assert {json.loads(line)["name"]: json.loads(line)["present"] for line in out.splitlines()}["glm-4v-9b"]

    code, out, _ = run(capsys, "estimate", "glm-4v-9b", "--gpu-layers", "0")
    assert code == 0 and "it fits on CPU" in out and "KV cache, 4096 tokens, f16" in out
    code, out, _ = run(capsys, "estimate", "glm-4v-9b", "--gpu-layers", "0", "--context", "8000000", "--json")
    found = json.loads(out)
    assert (code == 0) == found["fits"] and found["KV cache, 8000000 tokens, f16"] == 8000000 * 768

    code, out, _ = run(capsys, "verify", "glm-4v-9b")
    assert code == 0 and out.startswith("ok ")

    stick = models / "glm-4v-9b"
    monkeypatch.setenv("GLM4V_MODELS", str(tmp_path / "other"))
    code, out, _ = run(capsys, "fetch", "glm-4v-9b", "--from", stick)
    assert code == 0 and str(tmp_path / "other" / "glm-4v-9b") in out
    damaged = tmp_path / "other" / "glm-4v-9b" / names[1]
    content = bytearray(damaged.read_bytes())
    content[-3000] ^= 1
    damaged.write_bytes(content)
    code, out, _ = run(capsys, "verify", "glm-4v-9b")
    assert code == 1 and "damaged" in out


def test_errors_tell_what_to_do(capsys, models, tmp_path):
    code, _, err = run(capsys, "convert", tmp_path)
    assert code == 23 and "no config.json" in err
    code, _, err = run(capsys, "fetch", "glm-4v-9b")
    assert code == 2 and "convert" in err
    code, _, err = run(capsys, "fetch", "glm-ocr", "--endpoint", "http://127.0.0.1:9")
    assert code == 23 and "--from FOLDER" in err
    code, _, err = run(capsys, "fetch", "glm-orc")
    assert code == 2 and "Did you mean 'glm-ocr'?" in err
    code, _, err = run(capsys, "estimate", "glm-ocr")
    assert code == 23 and "glm4v models" in err
