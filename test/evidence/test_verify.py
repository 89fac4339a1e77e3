"""Every way of changing a log is detected."""

import json
import shutil
import threading

import pytest
from evidence_log import MIB, fill, picture

from glm4v_ros.errors import BadRequest
from glm4v_ros.evidence import record
from glm4v_ros.evidence.log import EvidenceLog
from glm4v_ros.evidence.record import PICTURES, segment_name
from glm4v_ros.evidence.verify import verify


@pytest.fixture
def log(tmp_path):
    """Four records in two segments."""
    log = EvidenceLog(tmp_path / "evidence", MIB)
    fill(log, 2, 50_000)
    log.append({"answer": "last but one"}, [picture(3, 50_000)])
    log.append({"answer": "last"}, [picture(4)])
    log.close()
    assert verify(log.directory).problems == [] and len(segments(log)) == 2
    return log


def segments(log):
    return sorted(log.directory.glob("0*"))


def records(log, segment=-1):
    return segments(log)[segment] / "records.jsonl"


def change(path, edit):
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(edit(lines)))


def test_every_byte_counts(log):
    """Of the records of the newest segment, of its pictures and of the head."""
    paths = [records(log), *records(log).parent.glob("pictures/*"), log.directory / "head.json"]
    for path in paths:
        data = bytearray(path.read_bytes())
        for index in range(0, len(data), 1 if len(data) < 2000 else 2_003):
            data[index] ^= 1
            path.write_bytes(data)
            assert verify(log.directory).problems, f"byte {index} of {path}"
            data[index] ^= 1
        path.write_bytes(data)
    assert verify(log.directory).problems == []


@pytest.mark.parametrize("segment", [0, -1])
@pytest.mark.parametrize("index", [0, -1])
def test_a_removed_record(log, segment, index):
    change(records(log, segment), lambda lines: [line for line in lines if line is not lines[index]])
    assert verify(log.directory).problems


def test_removed_records_and_pictures_together(log):
    """The last record, its picture too: only the head knows."""
    change(records(log), lambda lines: lines[:-1])
    for path in records(log).parent.glob(f"pictures/{picture(4).sha256}*"):
        path.unlink()
    (problem,) = verify(log.directory).problems
    assert "missing at the end" in problem


def test_reordered_records(log):
    change(records(log), lambda lines: [lines[1], lines[0], *lines[2:]])
    assert verify(log.directory).problems


def test_a_record_put_in_again(log):
    change(records(log), lambda lines: [lines[0], *lines])
    assert verify(log.directory).problems


@pytest.mark.parametrize("segment", [0, -1])
def test_a_removed_segment(log, segment):
    shutil.rmtree(segments(log)[segment])
    assert verify(log.directory).problems


def test_a_removed_picture(log):
    path = next(segments(log)[0].glob("pictures/*"))
    path.unlink()
    (problem,) = verify(log.directory).problems
    assert path.name in problem


def test_swapped_pictures(log):
    one, other = sorted(segments(log)[0].glob("pictures/*"))[:2]
    first = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(first)
    assert len(verify(log.directory).problems) == 2


def test_a_removed_head(log):
    (log.directory / "head.json").unlink()
    assert any("head.json" in problem for problem in verify(log.directory).problems)


def test_a_chain_forged_from_some_record_on_needs_a_hash_noted_elsewhere(tmp_path, log):
    noted = verify(log.directory).head
    assert verify(log.directory, expect=noted).problems == []
    shutil.rmtree(log.directory)
    forged = EvidenceLog(log.directory, MIB)
    fill(forged, 4)
    forged.close()
    assert verify(log.directory).problems == []
    assert any(noted in problem for problem in verify(log.directory, expect=noted).problems)


def test_names_of_pictures_lead_nowhere_else(log):
    """A record of somebody else's making may name any file."""
    entry = json.loads(records(log).read_bytes().splitlines()[-1])
    entry["pictures"][0]["file"] = "../../../../etc/hostname"
    change(records(log), lambda lines: [*lines[:-1], json.dumps(entry).encode() + b"\n"])
    assert any("no name of a picture" in problem for problem in verify(log.directory).problems)


@pytest.mark.parametrize("line", [b"[]", b"{}", b"null", b"{", b"\xff", b"[" * 100_000, b'{"number": "x", "pictures": [1]}'])
def test_lines_that_are_no_records(log, line):
    change(records(log), lambda lines: [*lines, line + b"\n"])
    assert verify(log.directory).problems


@pytest.mark.parametrize("on_full", ["refuse", "rotate"])
def test_while_it_is_written(tmp_path, on_full):
    """Nothing that is under way counts as damage."""
    log = EvidenceLog(tmp_path / "evidence", (MIB if on_full == "rotate" else 1000 * MIB), on_full)
    fill(log, 1)
    ended = threading.Event()

    def write():
        while not ended.is_set():
            fill(log, 1, 40_000)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(20):
            assert verify(log.directory).problems == []
    finally:
        ended.set()
        writer.join()
        log.close()


def test_the_first_picture_of_a_segment_is_there_before_its_record(log):
    again = EvidenceLog(log.directory, MIB)
    pictures = log.directory / segment_name(again.number + 1) / PICTURES
    pictures.mkdir(parents=True)
    (pictures / "first.png").write_bytes(b"picture")
    assert verify(log.directory).problems == []
    again.close()
    assert verify(log.directory).problems, "nobody writes it any more"


def test_the_first_record_comes_while_the_log_is_read(log, monkeypatch):
    """The head was read before it was there, the record behind it after."""
    again = EvidenceLog(log.directory, MIB)
    heads = iter([None])
    monkeypatch.setattr(record, "read_head", lambda directory, read=record.read_head: next(heads, read(directory)))
    assert verify(log.directory).problems == []
    again.close()


def test_damage_while_it_is_written(log):
    again = EvidenceLog(log.directory, MIB)
    change(records(log), lambda lines: lines[:-1])
    assert verify(log.directory).problems
    again.close()


def test_no_log(tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(BadRequest, match="no evidence log"):
            verify(path)
