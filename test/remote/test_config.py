import pytest

from glm4v_ros.errors import BadRequest
from glm4v_ros.remote.config import KEY_VARIABLE, RemoteConfig, read_key


@pytest.mark.parametrize(
    "url, base, loopback",
    [
        ("https://gpu.example", "https://gpu.example/v1", False),
        ("https://gpu.example:8443/", "https://gpu.example:8443/v1", False),
        ("https://gpu.example/openai/v1/", "https://gpu.example/openai/v1", False),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1", True),
        ("http://localhost:8080/v1", "http://localhost:8080/v1", True),
        ("http://[::1]:8080", "http://[::1]:8080/v1", True),
        ("https://10.0.0.7", "https://10.0.0.7/v1", False),
    ],
)
def test_addresses(url, base, loopback):
    config = RemoteConfig(url, "m")
    assert config.base_url == base and config.loopback is loopback


@pytest.mark.parametrize(
    "url",
    [
        "", "gpu.example", "ftp://gpu.example", "https://", "https://user:key@gpu.example", "https://gpu.example/v1?key=1",
        "https://gpu.example:99999", "https://[::1", "http://gpu.example", "http://10.0.0.7:8000", "http://127.0.0.1.example",
        "http://0.0.0.0:8000", "http://2130706433", "unix:///tmp/x",
    ],
)  # fmt: skip
def test_addresses_to_which_no_picture_goes(url):
    with pytest.raises(BadRequest, match="remote_url"):
        RemoteConfig(url, "m")


@pytest.mark.parametrize("fields", [{"model_id": ""}, {"key": "a\nb"}, {"key": "schlüssel"}, {"encoding": "gif"}])
def test_what_makes_no_sense(fields):
    with pytest.raises(BadRequest):
        RemoteConfig(**{"url": "https://gpu.example", "model_id": "m", **fields})


def test_the_key_comes_from_a_file_or_the_environment(tmp_path, monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    assert read_key("") == ""
    monkeypatch.setenv(KEY_VARIABLE, " from-outside\n")
    assert read_key("") == "from-outside"
    (tmp_path / "key").write_text("in-a-file\nnot this\n")
    assert read_key(str(tmp_path / "key")) == "in-a-file"
    (tmp_path / "empty").touch()
    for wrong in ("empty", "nonesuch"):
        with pytest.raises(BadRequest, match="remote_key_file"):
            read_key(str(tmp_path / wrong))


def test_the_key_is_shown_nowhere():
    assert "secret" not in repr(RemoteConfig("https://gpu.example", "m", key="secret"))
