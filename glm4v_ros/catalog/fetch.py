"""A named model's files onto this machine: from Hugging Face, a mirror of it, or a folder such as a USB stick.

A file gets its name only when it is whole and its SHA-256 is right; until then it lies beside it as ``.part`` and the
next attempt, in this process or another, goes on where the last one ended.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from glm4v_ros.catalog import manifest
from glm4v_ros.catalog.catalog import Entry
from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.catalog.pair import Pair
from glm4v_ros.catalog.verify import sha256
from glm4v_ros.errors import BadRequest, ModelFileError

ATTEMPTS = 5  # in a row that bring nothing, before giving up
RESERVE = 64 << 20  # bytes of disk that are left alone
_PIECE = 4 << 20

Progress = Callable[[str, int, int], None]
"""(what is being done, bytes done, of how many)"""


@dataclass(frozen=True)
class _File:
    """One file to be brought: where from, where to, and what it must be."""

    source: str  # URL or path
    target: Path
    bytes: int
    sha256: str  # empty: nobody says
    version: str  # tells one content from another under the same name

    @property
    def part(self) -> Path:
        return self.target.with_name(f"{self.target.name}.{self.version[:12]}.part")


def fetch(
    entry: Entry, *, endpoint: str = "", folder: str | Path = "", progress: Progress = lambda what, done, total: None
) -> Pair:
    """Brings what is missing of ``entry``'s files and returns their headers.

    ``endpoint`` is a mirror's URL (default: HF_ENDPOINT, else Hugging Face). ``folder`` is searched for the two files
    instead, also one level down. Files that are there and right stay untouched.

    Raises BadRequest for a model that nobody publishes, ModelFileError when a file cannot be had, does not fit on the
    disk or is not what it should be. Nothing is lost by any of these: fetch again.
    """
    model = entry.model
    wanted = [
        (path, expected)
        for path, expected in ((model.text_path, model.text_sha256), (model.vision_path, model.vision_sha256))
        if not _present(path, expected, progress)
    ]
    if folder:
        files = [_in_folder(Path(folder).expanduser(), path, expected, progress) for path, expected in wanted]
        bring: Callable[[_File, Progress], None] = _copy
    else:
        if wanted and not entry.repository:
            raise BadRequest(
                f"{model.name} is published nowhere as GGUF; {entry.notes or 'its entry names no repository'}"
            )
        files = [_remote(entry.repository, path, expected, endpoint) for path, expected in wanted]
        bring = _download
    _check_disk(files)
    for file in files:
        try:
            _bring(file, bring, progress)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise ModelFileError(
                    f"the disk is full: {file.target.parent} has no room for {file.target.name} "
                    f"({file.bytes / 1e9:.2f} GB); free some and fetch again, what came so far is kept"
                ) from None
            raise ModelFileError(f"{file.target.name} could not be stored or fetched: {error}; fetch again") from error
    return Pair.of(model)


def _present(path: Path, expected: str, progress: Progress) -> bool:
    if not path.is_file():
        return False
    if expected:
        return _hash(path, progress) == expected
    try:
        Gguf.read(path)  # whole, as far as can be told
        return True
    except ModelFileError:
        return False


def _bring(file: _File, bring: Callable[[_File, Progress], None], progress: Progress) -> None:
    file.target.parent.mkdir(parents=True, exist_ok=True)
    for attempt in (1, 2):
        bring(file, progress)
        found = _hash(file.part, progress, file.target.name)
        if found == (file.sha256 or found):
            break
        # Which byte is wrong cannot be told, so all of them go.
        file.part.unlink()
        if attempt == 2:
            raise ModelFileError(
                f"{file.target.name} came twice with the wrong content (SHA-256 {found}, should be {file.sha256}); "
                "try another endpoint, or check the catalogue's entry"
            )
    _sync(file.part)
    file.part.replace(file.target)
    Gguf.read(file.target)
    known = manifest.read(file.target.parent)
    known["files"][file.target.name] = {"bytes": file.target.stat().st_size, "sha256": found, "source": file.source}
    manifest.write(file.target.parent, known)


def _remote(repository: str, target: Path, expected: str, endpoint: str) -> _File:
    hub = _hub()
    repository, _, revision = repository.partition("@")
    url = hub.hf_hub_url(repository, target.name, revision=revision or None, endpoint=endpoint or None)
    try:
        metadata = hub.get_hf_file_metadata(url, endpoint=endpoint or None)
    except hub.errors.GatedRepoError:
        raise ModelFileError(
            f"{repository} wants you to accept its licence on its page and to log in with `hf auth login`"
        )
    except hub.errors.HfHubHTTPError as error:
        status = error.response.status_code
        raise ModelFileError(
            f"{url} answers {status}; is there a repository {repository} with {target.name}?"
        ) from None
    except _network_errors() as error:
        raise ModelFileError(
            f"no answer from {url} ({error}); without a network, copy the files from another machine and "
            "fetch with --from FOLDER"
        ) from None
    etag = metadata.etag or ""
    # For the large files of Hugging Face the etag is the SHA-256; a catalogue's own figure outranks it.
    published = etag if len(etag) == 64 and not etag.strip("0123456789abcdef") else ""
    if expected and published and published != expected:
        raise ModelFileError(
            f"{repository} offers another {target.name} (SHA-256 {published}) than the catalogue knows ({expected}); "
            "it was replaced there: check it and enter the new SHA-256 into your own models.yaml"
        )
    return _File(url, target, metadata.size or 0, expected or published, etag or "unversioned")


def _download(file: _File, progress: Progress) -> None:
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    failures = 0
    while True:
        with file.part.open("ab") as part:
            start = part.tell()
            try:
                if file.bytes and start > file.bytes:
                    part.truncate(0)
                    start = 0
                http_get(
                    file.source, part, resume_size=start, headers=headers, expected_size=file.bytes or None,
                    displayed_filename=file.target.name, tqdm_class=_reporter(file, progress),
                )  # fmt: skip
                return
            except (*_network_errors(), OSError) as error:
                part.flush()
                if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                    raise
                moved = os.fstat(part.fileno()).st_size > start
                failures = 1 if moved else failures + 1
                if failures >= ATTEMPTS:
                    raise ModelFileError(
                        f"{file.target.name} breaks off at {start / 1e6:.0f} of {file.bytes / 1e6:.0f} MB ({error}); "
                        "fetch again when the network is back, what came so far is kept"
                    ) from None
        time.sleep(2 ** (failures - 1))


def _in_folder(folder: Path, target: Path, expected: str, progress: Progress) -> _File:
    if not folder.is_dir():
        raise ModelFileError(f"there is no folder {folder}; is the stick plugged in and mounted?")
    found = next(
        (path for path in (folder / target.name, *sorted(folder.glob(f"*/{target.name}"))) if path.is_file()), None
    )
    if found is None:
        raise ModelFileError(f"{folder} has no {target.name}, neither in itself nor one level down")
    Gguf.read(found)
    # Whatever the catalogue says, the copy must equal the original.
    original = _hash(found, progress)
    if expected and original != expected:
        raise ModelFileError(f"{found} is damaged or another version: SHA-256 is {original}, should be {expected}")
    return _File(str(found), target, found.stat().st_size, original, original)


def _copy(file: _File, progress: Progress) -> None:
    with open(file.source, "rb") as source, file.part.open("ab") as part:
        if part.tell() > file.bytes:
            part.truncate(0)
        done = source.seek(part.tell())
        while piece := source.read(_PIECE):
            part.write(piece)
            done += len(piece)
            progress(f"copying {file.target.name}", done, file.bytes)


def _check_disk(files: list[_File]) -> None:
    """All files at once, so that the second does not fail after the first has taken an hour."""
    needed: dict[Path, int] = {}
    for file in files:
        there = file.part.stat().st_size if file.part.is_file() else 0
        place = next(path for path in (file.target.parent, *file.target.absolute().parents) if path.exists())
        needed[place] = needed.get(place, 0) + max(0, file.bytes - there)
    for place, size in needed.items():
        free = shutil.disk_usage(place).free
        if free < size + RESERVE:
            raise ModelFileError(
                f"{place} has {free / 1e9:.2f} GB free, {size / 1e9:.2f} GB are still to come; free some, or set "
                "GLM4V_MODELS to a directory on a larger disk"
            )


def _hash(path: Path, progress: Progress, name: str = "") -> str:
    return sha256(path, lambda _, done, total: progress(f"checking {name or path.name}", done, total))


def _sync(path: Path) -> None:
    """Onto the disk before it is renamed, so that a power cut cannot leave half a file under the final name."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _hub():
    try:
        import huggingface_hub
        import huggingface_hub.errors  # noqa: F401
    except ImportError:
        raise ModelFileError(
            "fetching needs the Python package huggingface_hub, which the build of this package brings (docs/install.md); "
            "without it, copy the files from another machine and fetch with --from FOLDER"
        ) from None
    return huggingface_hub


def _network_errors() -> tuple[type[Exception], ...]:
    import httpx  # huggingface_hub's own client

    return (httpx.HTTPError,)


def _reporter(file: _File, progress: Progress):
    """What huggingface_hub takes for a tqdm class."""

    class Reporter:
        def __init__(self, *_args, initial: int = 0, **_kwargs):
            self._done = initial

        def update(self, size: float) -> None:
            self._done += size
            progress(f"fetching {file.target.name}", int(self._done), file.bytes)

        def __enter__(self):
            return self

        def __exit__(self, *_exception) -> None:
            pass

    return Reporter
