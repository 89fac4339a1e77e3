import hashlib

from glm4v_ros.catalog.model import Model
from glm4v_ros.catalog.verify import CHUNK, Verdict, verify


def test_verdicts(tmp_path):
    text, vision = tmp_path / "t.gguf", tmp_path / "v.gguf"
    content = b"weights" * CHUNK
    text.write_bytes(content)
    good = hashlib.sha256(content).hexdigest()

    def verdicts(text_sha256):
        return [check.verdict for check in verify(Model("m", text, vision, text_sha256, good))]

    assert verdicts(good) == [Verdict.OK, Verdict.MISSING]
    assert verdicts("") == [Verdict.UNKNOWN, Verdict.MISSING]
    vision.write_bytes(content[:-1] + b"!")  # one byte in 16 MB
    assert verdicts(good) == [Verdict.OK, Verdict.DAMAGED]


def test_progress(tmp_path):
    for name in ("t", "v"):
        (tmp_path / name).write_bytes(b"x" * (CHUNK + 1))
    seen = []
    verify(Model("m", tmp_path / "t", tmp_path / "v"), lambda *step: seen.append(step))
    assert [(path.name, done, total) for path, done, total in seen] == [
        (name, done, CHUNK + 1) for name in ("t", "v") for done in (CHUNK, CHUNK + 1)
    ]
