"""What is written, what survives a crash, and what happens when there is no room."""

import errno
import hashlib
import json
import os
import stat
import subprocess
import sys

import pytest
from evidence_log import MIB, fill, picture

from glm4v_ros.errors import ErrorCode
from glm4v_ros.evidence import log as log_module
from glm4v_ros.evidence.log import RECORD_ROOM, SEGMENTS, EvidenceFailed, EvidenceFull, EvidenceLog
from glm4v_ros.evidence.verify import verify


@pytest.fixture
def log(tmp_path):
    log = EvidenceLog(tmp_path / "evidence", 100 * MIB)
    yield log
    log.close()


def lines(log):
    return [line for path in sorted(log.directory.glob("0*/records.jsonl")) for line in path.read_bytes().splitlines()]


def files(log):
    return sorted(path.name for path in log.directory.glob("0*/pictures/*"))


def disk_full(monkeypatch, after: int = 0, code: int = errno.ENOSPC):
    """The disk takes so many bytes more and then fails."""
    left, write = [after], os.write

    def failing(fd, data):
        if left[0] <= 0:
            raise OSError(code, os.strerror(code))
        written = write(fd, bytes(data)[: left[0]])
        left[0] -= written
        return written

    monkeypatch.setattr(log_module.os, "write", failing)


def test_each_record_carries_the_hash_of_the_one_before(log):
    fill(log, 3)
    written = lines(log)
    entries = [json.loads(line) for line in written]
    assert [entry["number"] for entry in entries] == [1, 2, 3]
    assert [entry["previous"] for entry in entries] == [
        "0" * 64,
        *(hashlib.sha256(line).hexdigest() for line in written[:2]),
    ]
    assert entries[1]["question"] == "型号 2?" and entries[1]["answer"] == "H3U-2"
    assert verify(log.directory).problems == []


def test_pictures_are_files_of_their_own_byte_for_byte(log):
    jpeg, raw = picture(1), picture(2, compressed=False)
    log.append({}, [jpeg, raw])
    (line,) = lines(log)
    named = json.loads(line)["pictures"]
    assert [one["file"] for one in named] == [f"{jpeg.sha256}.jpg", f"{raw.sha256}.raw"]
    folder = next(log.directory.glob("0*/pictures"))
    assert [(folder / one["file"]).read_bytes() for one in named] == [jpeg.data, raw.data]
    assert [one["bytes"] for one in named] == [len(jpeg.data), len(raw.data)] and named[0]["format"] == "jpeg"


def test_a_picture_asked_about_twice_is_kept_once(log):
    log.append({}, [picture(1)])
    log.append({}, [picture(1), picture(1)])
    assert len(files(log)) == 1 and verify(log.directory).pictures == 3


def test_nobody_else_may_read_it(log):
    fill(log, 1)
    for path in [log.directory, *log.directory.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.parametrize("text", ["half a \udc80 pair", "line\u2028break\nand\x00null", "../../etc/passwd", "‮\ufeff"])
def test_whatever_is_said_is_one_line_of_json(log, text):
    log.append({"question": text, "answer": text, "confidence": float("nan")}, [])
    (line,) = lines(log)
    entry = json.loads(line)
    assert entry["question"] == entry["answer"] == text and entry["confidence"] is None


def test_it_goes_on_where_it_was(log):
    fill(log, 2)
    log.close()
    again = EvidenceLog(log.directory, 100 * MIB)
    fill(again, 1)
    again.close()
    report = verify(log.directory)
    assert (report.records, report.number, report.problems) == (3, 3, [])
    assert again.nbytes == sum(path.stat().st_size for path in log.directory.rglob("0*/**/*") if path.is_file())


def test_one_process_at_a_time(log):
    with pytest.raises(EvidenceFailed, match="another process"):
        EvidenceLog(log.directory, 100 * MIB)


def test_a_closed_log_takes_nothing(log):
    log.close()
    with pytest.raises(EvidenceFailed, match="closed"):
        log.append({})


# Crashes.


def test_half_a_record_is_cut_off_and_said(log):
    fill(log, 2)
    log.close()
    path = next(log.directory.glob("0*/records.jsonl"))
    path.write_bytes(path.read_bytes() + b'{"number": 3, "prev')
    stray = path.parent / "pictures" / picture(9).sha256
    stray.write_bytes(b"half")
    assert len(verify(log.directory).problems) == 2
    again = EvidenceLog(log.directory, 100 * MIB)
    again.close()
    assert json.loads(lines(log)[-1])["kind"] == "repaired" and json.loads(lines(log)[-1])["bytes"] == 19
    assert verify(log.directory).problems == [] and not stray.exists()


def test_a_head_that_is_one_behind_is_a_crash_and_not_damage(log):
    fill(log, 2)
    head = (log.directory / "head.json").read_bytes()
    fill(log, 1)
    log.close()
    (log.directory / "head.json").write_bytes(head)
    assert verify(log.directory).problems == []
    EvidenceLog(log.directory, 100 * MIB).close()
    assert json.loads((log.directory / "head.json").read_bytes())["number"] == 3


@pytest.mark.parametrize("delay", [0.02, 0.05, 0.11, 0.2])
def test_killed_while_it_writes(tmp_path, delay):
    """Whatever append returned from is there after SIGKILL, and the log goes on."""
    program = (
        "import sys; from evidence_log import *\n"
        f"log = EvidenceLog({str(tmp_path / 'evidence')!r}, MIB, 'rotate')\n"
        "while True: fill(log, 1, 40_000); print(log.number, flush=True)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment) as process:
        first = process.stdout.readline()
        assert first, "it did not start"
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.kill()
        told = int((first + process.stdout.read()).split()[-1])
    log = EvidenceLog(tmp_path / "evidence", MIB, "rotate")
    assert log.number >= told
    fill(log, 1)
    log.close()
    assert verify(log.directory).problems == []


def test_killed_between_the_two_folders_of_a_segment(tmp_path):
    (tmp_path / "evidence" / "000000000001").mkdir(parents=True)
    log = EvidenceLog(tmp_path / "evidence", MIB, "rotate")
    fill(log, 1)
    log.close()
    assert verify(log.directory).problems == [] and log.number == 1


# No room.


def test_refuse_when_max_bytes_are_reached(tmp_path):
    log = EvidenceLog(tmp_path / "evidence", MIB, "refuse")
    with pytest.raises(EvidenceFull, match="evidence.max_bytes") as caught:
        for _ in range(100):
            fill(log, 1, 50_000)
    assert caught.value.code is ErrorCode.OUT_OF_MEMORY and "rotate" in str(caught.value)
    assert MIB // 2 < log.nbytes <= MIB and log.trouble
    with pytest.raises(EvidenceFull):
        log.check_room(50_000)
    log.close()
    assert verify(log.directory).problems == []


def test_rotate_removes_the_oldest_and_says_so(tmp_path):
    log = EvidenceLog(tmp_path / "evidence", MIB, "rotate")
    for _ in range(60):
        fill(log, 1, 40_000)
        assert log.nbytes <= MIB
    log.close()
    report = verify(log.directory)
    assert report.problems == [] and report.removed > 30 and report.records + report.removed == report.number
    assert len(list(log.directory.glob("0*"))) <= SEGMENTS + 1
    again = EvidenceLog(log.directory, MIB, "rotate")
    fill(again, 1)
    again.close()
    assert verify(log.directory).problems == []


def test_a_smaller_limit_is_reached_by_rotating(tmp_path):
    log = EvidenceLog(tmp_path / "evidence", 4 * MIB, "rotate")
    fill(log, 30, 100_000)
    log.close()
    log = EvidenceLog(tmp_path / "evidence", MIB, "rotate")
    fill(log, 1, 100_000)
    assert log.nbytes <= MIB
    log.close()
    assert verify(log.directory).problems == []


@pytest.mark.parametrize("on_full", ["refuse", "rotate"])
def test_a_record_larger_than_the_log(tmp_path, on_full):
    log = EvidenceLog(tmp_path / "evidence", MIB, on_full)
    with pytest.raises(EvidenceFull):
        fill(log, 1, 2 * MIB)
    fill(log, 1)
    log.close()
    assert verify(log.directory).problems == []


@pytest.mark.parametrize("after", [0, 50, 150, 400])
def test_a_full_disk_leaves_nothing_half_written(log, monkeypatch, after):
    fill(log, 2)
    before = lines(log), files(log)
    with monkeypatch.context() as context:
        disk_full(context, after)
        with pytest.raises(EvidenceFull, match="disk is full") as caught:
            log.append({"question": "?" * 300}, [picture(3)])
    assert caught.value.code is ErrorCode.OUT_OF_MEMORY and log.trouble == str(caught.value)
    assert (lines(log), files(log)) == before
    fill(log, 1)
    assert log.trouble == "" and verify(log.directory).problems == []


def test_a_full_disk_when_only_the_head_is_missing(log, monkeypatch):
    fill(log, 1)
    with monkeypatch.context() as context:
        context.setattr(log_module, "sync_directory", lambda path: None)
        write, seen = log_module.write_new, []

        def failing(path, data):
            seen.append(path.name)
            if "head" in path.name:
                raise OSError(errno.ENOSPC, "full")
            write(path, data)

        context.setattr(log_module, "write_new", failing)
        with pytest.raises(EvidenceFull):
            fill(log, 1)
    assert len(seen) == 2 and len(lines(log)) == 2 and verify(log.directory).problems == []
    fill(log, 1)
    assert verify(log.directory).problems == [] and log.number == 3


def test_a_disk_that_fails_otherwise(log, monkeypatch):
    with monkeypatch.context() as context:
        disk_full(context, code=errno.EIO)
        with pytest.raises(EvidenceFailed, match="Input/output error") as caught:
            fill(log, 1)
    assert caught.value.code is ErrorCode.ENGINE_FAILED
    fill(log, 1)
    assert verify(log.directory).problems == []


def test_a_full_disk_with_rotate(tmp_path, monkeypatch):
    """The oldest goes, as if max_bytes were reached; with refuse nothing does."""
    log = EvidenceLog(tmp_path / "evidence", 8 * MIB, "rotate")
    fill(log, 40, 100_000)
    space = os.statvfs(log.directory)

    def statvfs(path):
        blocks = max(0, 5 * MIB - log.nbytes) // space.f_frsize
        return os.statvfs_result([*space[:4], blocks, *space[5:]])

    monkeypatch.setattr(log_module.os, "statvfs", statvfs)
    fill(log, 30, 100_000)
    assert log.nbytes <= 5 * MIB
    log.on_full = "refuse"
    with pytest.raises(EvidenceFull, match="disk is full"):
        log.check_room(5 * MIB - log.nbytes)
    log.close()
    assert verify(log.directory).problems == [] and verify(log.directory).removed


def test_a_full_disk_is_seen_before_anything_is_written(log, monkeypatch):
    log.check_room(MIB)
    space = os.statvfs(log.directory)
    blocks = RECORD_ROOM // space.f_frsize
    monkeypatch.setattr(log_module.os, "statvfs", lambda path: os.statvfs_result([*space[:4], blocks, *space[5:]]))
    with pytest.raises(EvidenceFull, match="disk is full"):
        log.check_room(MIB)


@pytest.mark.parametrize("place", ["", "file/under"])
def test_a_directory_that_cannot_be_made(tmp_path, place):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EvidenceFailed, match="cannot be written"):
        EvidenceLog(tmp_path / (place or "file"), MIB)


@pytest.mark.parametrize("damage", ["record", "head", "end"])
def test_a_damaged_log_is_not_continued(log, damage):
    fill(log, 3)
    log.close()
    path = next(log.directory.glob("0*/records.jsonl"))
    if damage == "record":
        path.write_bytes(path.read_bytes().replace(b'"number": 2', b'"number": b'))
    elif damage == "head":
        (log.directory / "head.json").write_bytes(b"{}")
    else:
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(EvidenceFailed, match="glm4v evidence verify"):
        EvidenceLog(log.directory, 100 * MIB)
