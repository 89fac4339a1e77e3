import numpy as np
import pytest
from PIL import Image
from scripted_engine import ScriptedEngine

from glm4v_ros.cli.main import main


@pytest.fixture
def glm4v(capsys):
    """Runs `glm4v WORDS`; its exit code, stdout and stderr."""

    def run(*words):
        capsys.readouterr()
        try:
            code = main([str(word) for word in words])
        except SystemExit as leaving:  # argparse: --help and wrong usage
            code = leaving.code or 0
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def scripted(monkeypatch, tmp_path):
    """Puts an engine that answers by script in the place of the real one, with a model whose files are empty."""
    for name in ("t.gguf", "v.gguf"):
        (tmp_path / name).touch()
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(f"glm4v-nano:\n  text: {{file: {tmp_path}/t.gguf}}\n  vision: {{file: {tmp_path}/v.gguf}}\n")
    monkeypatch.setenv("GLM4V_CATALOG", str(catalogue))
    return lambda script: ScriptedEngine(script).install(monkeypatch)


@pytest.fixture
def picture(tmp_path):
    """A PNG of 40x30 pixels, whose pixel values are its columns."""
    path = tmp_path / "picture.png"
    Image.fromarray(np.tile(np.arange(40, dtype=np.uint8)[None, :, None], (30, 1, 3))).save(path)
    return path
