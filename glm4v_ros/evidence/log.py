"""Writes an evidence log."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import threading
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from glm4v_ros.errors import EngineFailed, OutOfMemory
from glm4v_ros.evidence import record as form
from glm4v_ros.evidence.durable import sync_directory, write_all, write_new
from glm4v_ros.evidence.picture import Evidence

ON_FULL = ("refuse", "rotate")
SEGMENTS = 8  # so many make up max_bytes; rotating removes the oldest
RECORD_ROOM = 64 << 10  # bytes that are kept free for a record itself, head and directories
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class EvidenceFull(OutOfMemory):
    """There is no room for a record: ``max_bytes`` is reached with ``refuse``, or the disk is full."""


class EvidenceFailed(EngineFailed):
    """The log cannot be written or cannot be continued for another reason than room."""


class EvidenceLog:
    """Appends records, each durable (fsync) when ``append`` returns. May be used by any thread; one process writes.

    ``max_bytes`` bounds all files together. When it is reached, ``on_full`` "refuse" raises EvidenceFull and "rotate"
    removes the oldest segment, which a record of its own says; likewise when the disk is full. Raises EvidenceFull and
    EvidenceFailed.
    """

    def __init__(self, directory: str | Path, max_bytes: int, on_full: str = "refuse"):
        if on_full not in ON_FULL:
            raise ValueError(f"on_full is one of {', '.join(ON_FULL)}, not {on_full!r}")
        self.directory = Path(directory).expanduser()
        self.max_bytes = max_bytes
        self.on_full = on_full
        self.trouble = ""  # why the last append failed; empty: it did not
        self._mutex = threading.Lock()
        self._number, self._hash = 0, form.NOTHING
        self._sizes: dict[Path, int] = {}  # of the segments, oldest first
        self._names: set[str] = set()  # pictures of the newest segment
        self._lock = -1
        try:
            self._open()
        except OSError as error:
            self.close()
            raise self._error(error) from error
        except BaseException:
            self.close()
            raise

    @property
    def number(self) -> int:
        """Of the newest record; 0: none."""
        return self._number

    @property
    def nbytes(self) -> int:
        """Of all records and pictures."""
        return sum(tuple(self._sizes.values()))

    def close(self) -> None:
        with self._mutex:
            if self._lock >= 0:
                os.close(self._lock)
                self._lock = -1

    def disk_space(self) -> int:
        """Bytes that are left on the log's disk; waits as long as the disk does. Raises EvidenceFailed."""
        try:
            return self._disk_space
        except OSError as error:
            raise self._error(error) from error

    def check_room(self, picture_bytes: int = 0, space: int | None = None) -> None:
        """Raises EvidenceFull if a record with pictures of this size could not be kept; removes nothing.

        ``space`` is what ``disk_space`` said a moment ago; without it the disk is asked.
        """
        need = picture_bytes + RECORD_ROOM
        if need > self.max_bytes or (self.on_full == "refuse" and self.nbytes + need > self.max_bytes):
            raise self._full(f"it holds {self.nbytes} of at most {self.max_bytes} bytes (evidence.max_bytes)")
        space = self.disk_space() if space is None else space
        if self.on_full == "rotate":
            space += sum(tuple(self._sizes.values())[:-1])
        if space < need:
            raise self._full("its disk is full")

    def append(self, fields: dict[str, Any], pictures: Sequence[Evidence] = ()) -> int:
        """Writes one record of kind ANSWER with its pictures; its number.

        When it fails it leaves nothing behind, or a whole record whose head could not be written.
        """
        with self._mutex:
            if self._lock < 0:
                raise EvidenceFailed(f"the evidence log {self.directory} is closed")
            try:
                self._append_answer(fields, pictures)
            except OSError as error:
                failure = self._error(error)
                self.trouble = str(failure)
                raise failure from error
            except (EvidenceFull, EvidenceFailed) as error:
                self.trouble = str(error)
                raise
            self.trouble = ""
            return self._number

    # Opening.

    def _open(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(self.directory / form.LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EvidenceFailed(
                f"another process writes the evidence log {self.directory}; give each node a directory of its own"
            ) from None
        for leftover in self.directory.glob(".*.removed"):
            shutil.rmtree(leftover)
        torn = self._read_end()
        try:
            head = form.read_head(self.directory)
        except ValueError as error:
            raise self._broken(str(error)) from None
        if head and (head[0] > self._number or (head[0] == self._number and head[1] != self._hash)):
            raise self._broken(f"record {head[0]} was there and is not any more, or is another")
        if torn:
            self._append({"kind": form.REPAIRED, "bytes": torn})
        if self._number:
            self._write_head()

    def _read_end(self) -> int:
        """Takes up what the newest records say; the bytes of a half record that a crash left and that were cut off."""
        torn = 0
        for segment in form.segments(self.directory):
            self._sizes[segment] = sum(path.stat().st_size for path in segment.rglob("*") if path.is_file())
        for segment in reversed(self._sizes):
            path = segment / form.RECORDS
            content = path.read_bytes() if path.exists() else b""
            whole, _, rest = content.rpartition(b"\n")
            if rest:
                torn = len(rest)
                os.truncate(path, len(content) - torn)
                self._sizes[segment] -= torn
            lines = whole.split(b"\n") if whole else []
            try:
                records = [json.loads(line) for line in lines]
                named = {picture["file"] for record in records for picture in record.get("pictures", ())}
                number = records[-1]["number"] if records else 0
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise self._broken(f"{path} is damaged: {error}") from None
            if segment == next(reversed(self._sizes)):
                self._names = named
                self._sweep(segment)
            if lines:
                self._number, self._hash = number, form.sha256_of(lines[-1])
                break
        return torn

    def _sweep(self, segment: Path) -> None:
        """Removes the pictures of a record that a crash kept from being written, and makes their folder if it came before that."""
        pictures = segment / form.PICTURES
        pictures.mkdir(mode=0o700, exist_ok=True)
        for path in pictures.iterdir():
            if path.name not in self._names:
                self._sizes[segment] -= path.stat().st_size
                path.unlink()

    # Writing.

    def _append_answer(self, fields: dict[str, Any], pictures: Sequence[Evidence]) -> None:
        names = [form.picture_name(picture.sha256, picture.data, picture.compressed) for picture in pictures]
        entry = {
            "kind": form.ANSWER,
            **fields,
            "pictures": [
                {"file": name, "sha256": picture.sha256, "bytes": len(picture.data), **picture.about}
                for name, picture in zip(names, pictures, strict=True)
            ],
        }
        unique = dict(zip(names, pictures, strict=True))
        need = sum(len(picture.data) for picture in unique.values()) + len(form.line_of(entry)) + RECORD_ROOM
        self._make_room(need)
        segment = self._newest
        fresh: list[Path] = []
        try:
            for name, picture in unique.items():
                if name not in self._names:
                    path = segment / form.PICTURES / name
                    fresh.append(path)
                    write_new(path, picture.data)
            if fresh:
                sync_directory(segment / form.PICTURES)
            self._append(entry)
        except BaseException:
            for path in fresh:
                path.unlink(missing_ok=True)
            raise
        self._names.update(path.name for path in fresh)
        self._sizes[segment] += sum(path.stat().st_size for path in fresh)
        self._write_head()

    @property
    def _newest(self) -> Path:
        return next(reversed(self._sizes))

    def _make_room(self, need: int) -> None:
        self.check_room(need - RECORD_ROOM)
        if not self._sizes or (
            self._sizes[self._newest] and self._sizes[self._newest] + need - RECORD_ROOM > self.max_bytes // SEGMENTS
        ):
            segment = self.directory / form.segment_name(self._number + 1)
            for folder in (segment, segment / form.PICTURES):
                folder.mkdir(mode=0o700, exist_ok=True)
            sync_directory(self.directory)
            self._sizes[segment] = 0
            self._names = set()
        while (self.nbytes + need > self.max_bytes or self._disk_space < need) and len(self._sizes) > 1:
            self._remove(next(iter(self._sizes)))

    @property
    def _disk_space(self) -> int:
        """Bytes that are left on the log's disk."""
        space = os.statvfs(self.directory)
        return space.f_bavail * space.f_frsize

    def _remove(self, segment: Path) -> None:
        """The record that says so comes first: a segment that is gone without one was taken away by somebody else."""
        lines = (segment / form.RECORDS).read_bytes().split(b"\n")[:-1]
        if lines:
            through = json.loads(lines[-1])["number"]
            self._append({"kind": form.REMOVED, "through": through, "sha256": form.sha256_of(lines[-1])})
            self._write_head()
        removed = segment.with_name(f".{segment.name}.removed")
        segment.rename(removed)
        del self._sizes[segment]
        sync_directory(self.directory)
        shutil.rmtree(removed)

    def _append(self, entry: dict[str, Any]) -> None:
        now = datetime.now(timezone.utc).isoformat(timespec="microseconds")
        line = form.line_of({"number": self._number + 1, "previous": self._hash, "time": now, **entry})
        path = self._newest / form.RECORDS
        new = not path.exists()
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            before = os.fstat(fd).st_size
            try:
                write_all(fd, line + b"\n")
                os.fsync(fd)
            except OSError:
                os.ftruncate(fd, before)
                raise
        finally:
            os.close(fd)
        if new:
            sync_directory(path.parent)
        self._sizes[self._newest] += len(line) + 1
        self._number, self._hash = self._number + 1, form.sha256_of(line)

    def _write_head(self) -> None:
        part = self.directory / f".{form.HEAD}.part"
        part.unlink(missing_ok=True)
        write_new(part, json.dumps({"number": self._number, "sha256": self._hash}).encode() + b"\n")
        part.replace(self.directory / form.HEAD)
        sync_directory(self.directory)

    # Errors.

    def _full(self, why: str) -> EvidenceFull:
        return EvidenceFull(
            f"the evidence log {self.directory} has no room: {why}. No question is answered that cannot be recorded; give "
            f"it more room, move it away, or set evidence.on_full to rotate"
        )

    def _broken(self, why: str) -> EvidenceFailed:
        return EvidenceFailed(
            f"the evidence log {self.directory} cannot be continued: {why}. Look at it with `glm4v evidence verify`, keep "
            f"it, and set evidence.directory to another directory"
        )

    def _error(self, error: OSError) -> EvidenceFull | EvidenceFailed:
        if error.errno in _FULL:
            return self._full("its disk is full")
        return EvidenceFailed(f"the evidence log {self.directory} cannot be written: {error}")
