from pathlib import Path

import pytest

from glm4v_ros.catalog.catalog import Catalog, model_in, model_of
from glm4v_ros.catalog.model import Model
from glm4v_ros.catalog.verify import verify
from glm4v_ros.errors import BadRequest, ModelFileError
from glm4v_ros.share import share_dir


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """No test sees the catalogue or the models of whoever runs it."""
    for name in ("GLM4V_MODELS", "GLM4V_CATALOG", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def catalogue(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


MINE = """\
mine:
  text: {file: /data/t.gguf, sha256: ABCD}
  vision: {file: v.gguf}
  image_max_tokens: 99
  answer_prefix: x
"""


def test_the_package_s_own_models():
    catalog = Catalog.load()
    assert catalog.names[0] == "glm4v-nano"
    nano = catalog.model("glm4v-nano")
    assert nano == catalog.model() and nano.demo and nano.image_max_tokens == 576
    assert nano.text_path == share_dir() / "models/glm4v-nano/glm4v-nano-text-q4_k_m.gguf"
    assert nano.vision_path.parent == nano.text_path.parent
    assert catalog.model("glm-4v-9b").images_per_conversation == 1
    assert catalog.model("glm-4.6v-flash").template_arguments == {"enable_thinking": False}
    assert not any(entry.model.demo for name, entry in catalog.entries.items() if name != "glm4v-nano")


def test_the_users_own_models_come_on_top(home):
    catalogue(home / ".config/glm4v_ros/models.yaml", MINE + MINE.replace("mine", "glm-ocr"))
    catalog = Catalog.load()
    assert catalog.names[0] == "glm4v-nano" and "mine" in catalog.names
    mine = catalog.model("mine")
    assert mine.text_path == Path("/data/t.gguf") and mine.text_sha256 == "abcd"
    assert mine.vision_path == home / ".local/share/glm4v_ros/models/mine/v.gguf"
    assert (mine.image_max_tokens, mine.answer_prefix, mine.demo) == (99, "x", False)
    assert catalog.model("glm-ocr").image_max_tokens == 99


def test_environment_moves_models_and_catalogue(tmp_path, monkeypatch):
    monkeypatch.setenv("GLM4V_CATALOG", str(catalogue(tmp_path / "own.yaml", MINE)))
    monkeypatch.setenv("GLM4V_MODELS", str(tmp_path / "stick"))
    assert Catalog.load().model("mine").vision_path == tmp_path / "stick/mine/v.gguf"


def test_relative_paths_count_from_the_catalogue(tmp_path, monkeypatch):
    catalogue(tmp_path / "config/models.yaml", "a:\n  text: {file: ./t.gguf}\n  vision: {file: ../weights/v.gguf}\n")
    monkeypatch.chdir(tmp_path)
    model = Catalog.load("config/models.yaml").model("a")
    assert model.vision_path == tmp_path / "weights/v.gguf" and model.text_path == tmp_path / "config/t.gguf"


def test_wrong_name_lists_the_names_and_the_nearest():
    with pytest.raises(BadRequest) as error:
        Catalog.load().model("glm4v_nano")
    assert "Did you mean 'glm4v-nano'?" in str(error.value) and "glm-4.6v-flash" in str(error.value)
    with pytest.raises(BadRequest) as error:
        Catalog.load().model("zzz")
    assert "Did you mean" not in str(error.value)


@pytest.mark.parametrize(
    "text, reason",
    [
        ("- a\n", "map names"),
        ("a: [1", "cannot be read"),
        ("a: 3\n", "model 'a'"),
        ("a: {text: {file: t}}\n", "vision"),
        ("a: {text: {}, vision: {file: v}}\n", "'file' is missing"),
        (MINE + "  image_max_token: 5\n", "did you mean 'image_max_tokens'"),
        (MINE + "  demo: maybe\n", "'demo' should be of type bool"),
        (MINE + "  context_tokens: 4k\n", "'context_tokens' should be of type int"),
        (MINE.replace("sha256: ABCD", "sha265: ABCD"), "did you mean 'sha256'"),
    ],
)
def test_a_mistake_in_a_catalogue_is_named(tmp_path, text, reason):
    path = catalogue(tmp_path / "models.yaml", text)
    with pytest.raises(BadRequest) as error:
        Catalog.load(path)
    assert reason in str(error.value) and str(path) in str(error.value)


def test_missing_catalogue(tmp_path):
    with pytest.raises(BadRequest, match="cannot be read"):
        Catalog.load(tmp_path / "none.yaml")


def test_two_paths(tmp_path):
    text, vision = tmp_path / "words.gguf", tmp_path / "eyes.gguf"
    text.touch()
    with pytest.raises(ModelFileError, match="eyes.gguf does not exist"):
        model_of(text, vision)
    vision.touch()
    assert model_of(text, vision).name == "words"


def test_a_vision_file_s_own_limit_holds_for_two_paths_and_for_a_directory(tmp_path):
    """Without it a picture of 1600 px became 2,500 tokens of a model that was trained for 576: two of five gauges were misread."""
    nano = Catalog.load().model("glm4v-nano")
    assert model_of(nano.text_path, nano.vision_path).image_max_tokens == nano.image_max_tokens
    assert model_in(nano.vision_path.parent).image_max_tokens == nano.image_max_tokens


def test_a_catalogue_s_limit_goes_before_the_file_s(home):
    nano = Catalog.load().model("glm4v-nano")
    files = f"text: {{file: {nano.text_path}}}\n  vision: {{file: {nano.vision_path}}}"
    catalogue(home / ".config/glm4v_ros/models.yaml", f"silent:\n  {files}\nown:\n  {files}\n  image_max_tokens: 99\n")
    catalog = Catalog.load()
    assert catalog.model("silent").image_max_tokens == nano.image_max_tokens and catalog.model("own").image_max_tokens == 99


def test_a_model_is_complete_once_it_is_chosen(home, converted):
    """Whichever way; only the worker knew what a GLM-4v-9b's own files say."""
    text, vision = converted.path("text"), converted.path("vision")
    catalogue(home / ".config/glm4v_ros/models.yaml", f"mine:\n  text: {{file: {text}}}\n  vision: {{file: {vision}}}\n")
    catalog = Catalog.load()
    for model in (catalog.model("mine"), catalog.model(text.parent), model_of(text, vision), model_in(text.parent)):
        assert (model.context_tokens, model.images_per_conversation, model.answer_prefix) == (8192, 1, "\n")
    assert catalog.entry("mine").model == Model("mine", text, vision)  # as it is written, and no file was opened for it


def test_what_is_wrong_with_a_file_is_for_whoever_opens_it_to_say(tmp_path):
    nano = Catalog.load().model()
    for name, damaged in (("text", nano.text_path), ("mmproj", nano.vision_path)):
        path = tmp_path / f"{name}.gguf"
        path.write_bytes(damaged.read_bytes()[:5000])
        pair = (path, nano.vision_path) if name == "text" else (nano.text_path, path)
        assert model_of(*pair) == Model(pair[0].stem, *pair)


def test_directory(tmp_path):
    for name in ("a-Q4_K_M.gguf", "mmproj-a.gguf"):
        (tmp_path / name).touch()
    model = Catalog.load().model(str(tmp_path))
    assert (model.text_path.name, model.vision_path.name) == ("a-Q4_K_M.gguf", "mmproj-a.gguf")
    assert model.name == tmp_path.name
    (tmp_path / "b.gguf").touch()
    with pytest.raises(BadRequest, match="give both paths"):
        model_in(tmp_path)
    with pytest.raises(BadRequest, match="no directory"):
        Catalog.load().model("/no/such/place")


def test_the_embedded_model_is_the_one_that_the_catalogue_names():
    """A missing or damaged file fails here, and nothing is skipped for want of it."""
    model = Catalog.load().model("glm4v-nano")
    assert model.text_sha256 and model.vision_sha256
    assert [check.verdict for check in verify(model)] == ["ok", "ok"]
