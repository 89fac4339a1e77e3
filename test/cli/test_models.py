import hashlib
import json

import pytest

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.engine.estimate import Estimate
from glm4v_ros.machine.memory import Device


@pytest.fixture(autouse=True)
def own_models(tmp_path, monkeypatch):
    """A catalogue with one model whose files are here, one whose vision file is damaged, and one that is not here."""
    good = hashlib.sha256(b"weights").hexdigest()
    text = ""
    for name in ("whole", "damaged", "unknown", "absent"):
        if name != "absent":
            (tmp_path / "models" / name).mkdir(parents=True)
            (tmp_path / "models" / name / "t.gguf").write_bytes(b"weights")
            (tmp_path / "models" / name / "v.gguf").write_bytes(b"weights" if name != "damaged" else b"weighty")
        sha256 = "" if name == "unknown" else f", sha256: {good}"
        repository = "  repository: someone/absent-GGUF\n" if name == "absent" else ""
        text += f"{name}:\n  about: it is {name}\n{repository}"
        text += f"  text: {{file: t.gguf{sha256}}}\n  vision: {{file: v.gguf{sha256}}}\n"
    (tmp_path / "own.yaml").write_text(text)
    monkeypatch.setenv("GLM4V_CATALOG", str(tmp_path / "own.yaml"))
    monkeypatch.setenv("GLM4V_MODELS", str(tmp_path / "models"))


def test_list(glm4v):
    code, out, _ = glm4v("models", "list")
    assert code == 0 and "* whole " in out and "  absent " in out and "glm4v-nano" in out
    models = [json.loads(line) for line in glm4v("models", "list", "--json")[1].splitlines()]
    assert {model["name"]: model["present"] for model in models if model["name"] in ("whole", "absent")} == {
        "whole": True,
        "absent": False,
    }


def test_show(glm4v, tmp_path):
    code, out, _ = glm4v("models", "show", "whole")
    assert code == 0 and str(tmp_path / "models/whole/t.gguf") in out and "not on this machine" not in out
    assert "glm4v models fetch absent" in glm4v("models", "show", "absent")[1]
    code, out, err = glm4v("models", "show", "whale")
    assert (code, out) == (2, "") and "Did you mean 'whole'?" in err


@pytest.mark.parametrize("name, code, verdicts", [
    ("whole", 0, ["ok", "ok"]), ("damaged", 1, ["ok", "damaged"]),
    ("unknown", 1, ["unknown"] * 2), ("absent", 1, ["missing"] * 2),
])  # fmt: skip
def test_verify(glm4v, name, code, verdicts):
    found, out, _ = glm4v("models", "verify", name)
    assert found == code and [line.split()[0] for line in out.splitlines() if line[0] != " "] == verdicts


def test_verify_everything_that_is_here(glm4v):
    out = glm4v("models", "verify")[1]
    assert " whole " in out and " damaged " in out and " absent " not in out


def test_fetch_from_a_folder(glm4v, nano, tmp_path):
    """The embedded model stands for any; what fetch does with a network is tested in test/catalog."""
    (tmp_path / "own.yaml").write_text(
        f"copy:\n  text: {{file: {nano.text_path.name}}}\n  vision: {{file: {nano.vision_path.name}}}\n"
    )
    code, out, err = glm4v("models", "fetch", "copy", "--from", nano.text_path.parent)
    assert (code, err) == (0, "") and str(tmp_path / "models/copy") in out
    assert (tmp_path / "models/copy" / nano.text_path.name).read_bytes() == nano.text_path.read_bytes()


def test_fetch_says_why_not(glm4v, tmp_path):
    code, out, err = glm4v("models", "fetch", "absent", "--from", tmp_path / "nowhere")
    assert (code, out) == (23, "") and "no folder" in err
    code, out, err = glm4v("models", "fetch", "glm-4v-9b")
    assert (code, out) == (2, "") and "convert" in err


def test_estimate(glm4v, nano):
    words = ["models", "estimate", "--text", nano.text_path, "--vision", nano.vision_path]
    code, out, err = glm4v(*words, "--json")
    assert (code, err) == (0, "") and json.loads(out)["language model"] > 1_000_000
    code, out, err = glm4v(*words)
    assert code == 0 and "it fits" in out


@pytest.mark.parametrize("on_gpu, free, hinted", [(True, 2**34, True), (True, 40 << 20, False), (False, 2**34, False)])
def test_estimate_says_where_a_larger_tower_is_faster(glm4v, nano, monkeypatch, on_gpu, free, hinted):
    vision = Gguf.read(nano.vision_path)
    device = Device("CUDA0" if on_gpu else "CPU", "gpu" if on_gpu else "cpu", free, 2**35)
    found = Estimate(20 << 20, vision.weight_bytes, 0, 0, 0, (device,), on_gpu)
    assert vision.weight_bytes < vision.f16_bytes < 2 * vision.weight_bytes
    assert found.fits and (found.peak + vision.f16_bytes - vision.weight_bytes <= free) == (free == 2**34)
    monkeypatch.setattr("glm4v_ros.engine.estimate.estimate", lambda config: found)
    words = ["models", "estimate", "--text", nano.text_path, "--vision", nano.vision_path]
    assert ("at F16 would take" in glm4v(*words)[1]) == hinted
    assert json.loads(glm4v(*words, "--json")[1])["vision tower at F16"] == vision.f16_bytes


def test_convert_says_what_is_wrong_with_a_checkpoint(glm4v, tmp_path):
    code, out, err = glm4v("models", "convert", tmp_path, tmp_path / "out")
    assert (code, out) == (23, "") and err.startswith("glm4v: ENGINE_FAILED") and not (tmp_path / "out").exists()
