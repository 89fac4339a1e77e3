"""Finds out whether an evidence log is what was written."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from glm4v_ros.errors import BadRequest
from glm4v_ros.evidence import record as form

_LOOKS = 3  # at a log whose oldest segment may be rotated out at this moment, or whose head be written


@dataclass
class Report:
    """What was found. ``problems`` are sentences for a person; none: every record and picture is as it was written."""

    problems: list[str] = field(default_factory=list)
    records: int = 0
    pictures: int = 0
    removed: int = 0  # records that the log itself rotated out
    number: int = 0  # of the newest record
    head: str = form.NOTHING  # its hash; whoever notes it elsewhere can prove later that nothing before it was changed


def verify(directory: str | Path, expect: str = "") -> Report:
    """Reads every record and picture. ``expect`` is a hash noted earlier, which must still be in the chain.

    The log may be written meanwhile. Raises BadRequest if there is none.
    """
    directory = Path(directory).expanduser()
    if not directory.is_dir() or not (form.segments(directory) or (directory / form.HEAD).exists()):
        raise BadRequest(f"{directory} holds no evidence log")
    for _ in range(_LOOKS):
        live = _is_written(directory)
        report = _verify(directory, expect, live)
        if not (report.problems and live):
            break
    return report


def _is_written(directory: Path) -> bool:
    """Whether a process has the log open to write it."""
    try:
        with open(directory / form.LOCK, "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _verify(directory: Path, expect: str, live: bool) -> Report:
    report = Report()
    before = _head(directory, report)
    hashes: dict[int, str] = {}
    removals: dict[int, str] = {}
    first: dict[str, Any] | None = None
    segments = form.segments(directory)
    for segment in segments:
        growing = live and segment == segments[-1]
        named: dict[str, tuple[str, int]] = {}
        opening = True
        for where, line, entry in _records(segment, report, growing):
            digest = form.sha256_of(line)
            number = entry.get("number")
            if opening and segment.name != form.segment_name(number if isinstance(number, int) else 0):
                report.problems.append(f"{where}: the segment {segment.name} should begin with its own record")
            opening = False
            if first is None:
                first = entry
            elif number != report.number + 1 or entry.get("previous") != report.head:
                report.problems.append(
                    f"{where}: record {number} does not follow record {report.number}: something was altered, removed or "
                    f"reordered at or before it"
                )
            if isinstance(number, int):
                hashes[number] = digest
                report.number = number
            report.head = digest
            report.records += 1
            if entry.get("kind") == form.REMOVED:
                removals[entry.get("through")] = entry.get("sha256")
            for picture in entry.get("pictures") or ():
                report.pictures += 1
                _check_picture(segment, where, picture, named, report)
        if not growing:
            _check_strays(segment, named, report)
    if first is not None:
        _check_first(first, removals, report)
    after = _head(directory, Report())
    _check_end(before, after, hashes, report)
    if expect and expect.lower() not in hashes.values():
        report.problems.append(f"no record has the hash {expect}: the log was changed since it was noted, or rotated")
    return report


def _head(directory: Path, report: Report) -> tuple[int, str] | None:
    try:
        return form.read_head(directory)
    except (ValueError, OSError) as error:
        report.problems.append(str(error))
        return None


def _records(segment: Path, report: Report, growing: bool) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    path = segment / form.RECORDS
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        if not growing and any((segment / form.PICTURES).glob("*")):  # a picture is there before its record is
            report.problems.append(f"{path} is gone")
        return
    except OSError as error:
        report.problems.append(f"{path} cannot be read: {error}")
        return
    *lines, rest = content.split(b"\n")
    for index, line in enumerate(lines, 1):
        where = f"{path}:{index}"
        try:
            entry = json.loads(line)
            if not isinstance(entry, dict):
                raise ValueError("it is no object")
        except (ValueError, RecursionError) as error:
            report.problems.append(f"{where}: not a record: {error}")
            continue
        yield where, line, entry
    if rest and not growing:
        report.problems.append(
            f"{path}: half a record at the end: cut off, or left by a crash, which the node puts right when it starts"
        )


def _check_picture(segment: Path, where: str, picture: Any, named: dict[str, tuple[str, int]], report: Report) -> None:
    name = picture.get("file") if isinstance(picture, dict) else None
    if not isinstance(name, str) or not form.PICTURE_NAME.fullmatch(name):
        report.problems.append(f"{where}: {str(name)[:80]!r} is no name of a picture")
        return
    path = segment / form.PICTURES / name
    if name not in named:
        try:
            data = path.read_bytes()
        except OSError as error:
            report.problems.append(f"{where}: the picture {path} is gone or cannot be read: {error.strerror}")
            named[name] = ("", -1)
            return
        named[name] = (form.sha256_of(data), len(data))
    sha256, size = named[name]
    if size >= 0 and (sha256 != picture.get("sha256") or size != picture.get("bytes") or name[:64] != sha256):
        report.problems.append(f"{where}: the picture {path} was altered")


def _check_strays(segment: Path, named: dict[str, tuple[str, int]], report: Report) -> None:
    pictures = segment / form.PICTURES
    for path in sorted(pictures.iterdir()) if pictures.is_dir() else ():
        if path.name not in named:
            report.problems.append(
                f"{path} belongs to no record: its record was removed, or a crash kept it from being written, which the "
                f"node puts right when it starts"
            )


def _check_first(first: dict[str, Any], removals: dict[int, str], report: Report) -> None:
    number, previous = first.get("number"), first.get("previous")
    if number == 1 and previous == form.NOTHING:
        return
    if isinstance(number, int) and removals.get(number - 1) == previous:
        report.removed = number - 1
        return
    report.problems.append(f"the log begins with record {number}, and no record says that those before were rotated out")


def _check_end(
    before: tuple[int, str] | None, after: tuple[int, str] | None, hashes: dict[int, str], report: Report
) -> None:
    if before is None:
        if hashes and not any(form.HEAD in problem for problem in report.problems):
            report.problems.append(f"{form.HEAD} is gone, so that nobody can say whether records are missing at the end")
        return
    number, digest = before
    if hashes.get(number) != digest:
        report.problems.append(
            f"the newest record was number {number}, which is altered or gone: records are missing at the end"
            if number >= report.number
            else f"record {number} is not the one that {form.HEAD} names"
        )
    # One record more is what a crash leaves between the record and the head.
    if report.number > max(number, after[0] if after else 0) + 1:
        report.problems.append(f"{form.HEAD} names record {number}, but there are records up to {report.number}")
