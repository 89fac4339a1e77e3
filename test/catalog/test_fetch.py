"""Fetching, from a server on this machine that behaves like Hugging Face on a bad day."""

import hashlib
import resource
import shutil
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from glm4v_ros.catalog import fetch as fetching
from glm4v_ros.catalog.catalog import Entry
from glm4v_ros.catalog.fetch import fetch
from glm4v_ros.catalog.model import Model
from glm4v_ros.catalog.verify import Verdict, verify
from glm4v_ros.errors import BadRequest, ModelFileError

REPOSITORY = "org/model-GGUF"


class Hub(ThreadingHTTPServer):
    """Serves files as /REPOSITORY/resolve/main/NAME, with byte ranges and the hub's headers; plans trouble for GETs."""

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.requests = []  # (method, name, start)
        self.cuts = 0  # how many answers still break off
        self.cut_after = 100_000
        self.wrong = set()  # names of which one answer has a wrong byte
        self.always_wrong = False
        self.status = 200
        self.revision = "main"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, body):
        hub, name = self.server, self.path.rsplit("/", 1)[1]
        start = int(self.headers.get("Range", "bytes=0-")[6:].split("-")[0])
        hub.requests.append((self.command, name, start))
        content = hub.files.get(name)
        if content is None or hub.status != 200 or not self.path.startswith(f"/{REPOSITORY}/resolve/{hub.revision}/"):
            self.send_response(hub.status if hub.status != 200 else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        self.send_header("X-Repo-Commit", "1" * 40)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if not body:
            return
        sent = bytearray(content[start:])
        if name in hub.wrong:
            sent[len(sent) // 2] ^= 1
            if not hub.always_wrong:
                hub.wrong.discard(name)
        if hub.cuts:
            hub.cuts -= 1
            self.wfile.write(sent[: hub.cut_after])
            self.close_connection = True
        else:
            self.wfile.write(sent)

    def log_message(self, *_):
        pass


@pytest.fixture
def published(converted):
    return {converted.path(half).name: converted.path(half).read_bytes() for half in ("text", "vision")}


@pytest.fixture
def hub(published, monkeypatch):
    without_waits = SimpleNamespace(sleep=lambda seconds: None)  # huggingface_hub waits a second before it goes on
    monkeypatch.setattr("huggingface_hub.file_download.time", without_waits)
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 50_000)  # its 10 MB are more than these files
    server = Hub(published)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def entry(converted, tmp_path):
    text, vision = (tmp_path / "models" / converted.path(half).name for half in ("text", "vision"))
    return Entry(Model("tiny", text, vision), repository=REPOSITORY)


def files(entry):
    return sorted(path.name for path in entry.model.text_path.parent.glob("*"))


def assert_whole(entry, published):
    """Both files are right and nothing else lies there."""
    assert files(entry) == sorted([*published, "manifest.json"])
    assert [check.verdict for check in verify(entry.model)] == [Verdict.OK] * 2  # by what was written down
    for path in (entry.model.text_path, entry.model.vision_path):
        assert path.read_bytes() == published[path.name]


def test_fetches_with_progress_and_does_not_fetch_twice(hub, entry, published):
    seen = []
    pair = fetch(entry, endpoint=hub.url, progress=lambda what, done, total: seen.append((what, done, total)))
    assert pair.vision.projector == "glm-4v-9b"
    assert_whole(entry, published)
    name = entry.model.vision_path.name
    assert seen[-1] == (f"checking {name}", len(published[name]), len(published[name]))
    assert (f"fetching {name}", len(published[name]), len(published[name])) in seen
    count = len(hub.requests)
    fetch(entry, endpoint=hub.url)
    assert len(hub.requests) == count


def test_three_cuts_are_resumed(hub, entry, published):
    hub.cuts = 3
    fetch(entry, endpoint=hub.url)
    assert_whole(entry, published)
    starts = [start for method, name, start in hub.requests if method == "GET" and name == entry.model.text_path.name]
    assert starts == [0, 100_000, 200_000, 300_000]


def test_resumes_in_another_process_after_giving_up(hub, entry, published, monkeypatch):
    hub.cuts, hub.cut_after = 1000, 0
    with pytest.raises(ModelFileError, match="breaks off.*what came so far is kept"):
        fetch(entry, endpoint=hub.url)
    part = next(entry.model.text_path.parent.glob("*.part"))
    part.write_bytes(published[entry.model.text_path.name][:70_001])
    hub.cuts = 0
    hub.requests.clear()
    fetch(entry, endpoint=hub.url)
    assert_whole(entry, published)
    assert ("GET", entry.model.text_path.name, 70_001) in hub.requests


def test_one_wrong_byte_is_noticed_and_fetched_again(hub, entry, published):
    hub.wrong = {entry.model.vision_path.name}
    fetch(entry, endpoint=hub.url)
    assert_whole(entry, published)
    gets = [name for method, name, _ in hub.requests if method == "GET"]
    assert gets.count(entry.model.vision_path.name) == 2


def test_wrong_every_time_leaves_no_file(hub, entry):
    hub.wrong, hub.always_wrong = {entry.model.text_path.name}, True
    with pytest.raises(ModelFileError, match="twice with the wrong content"):
        fetch(entry, endpoint=hub.url)
    assert files(entry) == []


def test_a_part_with_a_wrong_byte_from_before_is_replaced(hub, entry, published):
    name = entry.model.text_path.name
    entry.model.text_path.parent.mkdir(parents=True)
    digest = hashlib.sha256(published[name]).hexdigest()
    (entry.model.text_path.parent / f"{name}.{digest[:12]}.part").write_bytes(b"x" + published[name][1:1000])
    fetch(entry, endpoint=hub.url)
    assert_whole(entry, published)


def test_the_disk_runs_full_underway(hub, entry, published):
    """A real refusal by the kernel: no file of this process may grow over 150,000 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, hard))
    try:
        with pytest.raises(ModelFileError, match="the disk is full.*what came so far is kept"):
            fetch(entry, endpoint=hub.url)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [name.endswith(".part") for name in files(entry)] == [True]
    hub.requests.clear()
    fetch(entry, endpoint=hub.url)
    assert_whole(entry, published)
    assert ("GET", entry.model.text_path.name, 150_000) in hub.requests


def test_too_little_disk_is_said_before_anything_is_fetched(hub, entry, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: usage._replace(free=fetching.RESERVE + 1000))
    with pytest.raises(ModelFileError, match="GB free.*GLM4V_MODELS"):
        fetch(entry, endpoint=hub.url)
    assert {method for method, _, _ in hub.requests} == {"HEAD"}


def test_the_catalogues_sha256_outranks_the_hub(hub, entry, published):
    other = replace(entry, model=replace(entry.model, text_sha256="0" * 64))
    with pytest.raises(ModelFileError, match="another.*than the catalogue knows"):
        fetch(other, endpoint=hub.url)


def test_a_damaged_file_that_is_there_is_replaced(hub, entry, published):
    fetch(entry, endpoint=hub.url)
    path = entry.model.vision_path
    path.write_bytes(published[path.name][:-500])  # cut short: seen without a SHA-256
    fetch(entry, endpoint=hub.url)
    assert_whole(entry, published)


def test_missing_repository_and_busy_server(hub, entry):
    with pytest.raises(ModelFileError, match="answers 404.*is there a repository"):
        fetch(replace(entry, repository="org/none"), endpoint=hub.url)
    with pytest.raises(BadRequest, match="published nowhere"):
        fetch(replace(entry, repository=""), endpoint=hub.url)


def test_a_revision_can_be_named(hub, entry, published):
    hub.revision = "65a42de"
    fetch(replace(entry, repository=f"{REPOSITORY}@65a42de"), endpoint=hub.url)
    assert_whole(entry, published)


def test_no_network_says_how_to_go_without(entry):
    with pytest.raises(ModelFileError, match="--from FOLDER"):
        fetch(entry, endpoint="http://127.0.0.1:9")


def test_from_a_folder_and_one_level_down(entry, published, tmp_path):
    stick = tmp_path / "stick"
    for directory in (stick, stick / "tiny"):
        directory.mkdir(parents=True)
        for name, content in published.items():
            (directory / name).write_bytes(content)
        fetch(entry, folder=stick)
        assert_whole(entry, published)
        shutil.rmtree(entry.model.text_path.parent)
        for name in published:
            (directory / name).unlink()
    with pytest.raises(ModelFileError, match="has no"):
        fetch(entry, folder=stick)
    with pytest.raises(ModelFileError, match="plugged in"):
        fetch(entry, folder=tmp_path / "none")


def test_from_a_folder_it_resumes_and_checks(entry, published, tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()
    for name, content in published.items():
        (stick / name).write_bytes(content)
    name = entry.model.text_path.name
    entry.model.text_path.parent.mkdir(parents=True)
    digest = hashlib.sha256(published[name]).hexdigest()
    part = entry.model.text_path.parent / f"{name}.{digest[:12]}.part"
    part.write_bytes(published[name][:1234])
    seen = []
    fetch(entry, folder=stick, progress=lambda what, done, total: seen.append((what, done)))
    assert_whole(entry, published)
    (stick / name).write_bytes(published[name][:-1])
    entry.model.text_path.unlink()
    with pytest.raises(ModelFileError, match="cut short"):
        fetch(entry, folder=stick)
    assert not entry.model.text_path.exists()
