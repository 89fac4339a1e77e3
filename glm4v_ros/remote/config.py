"""Which server answers, and under what terms."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from urllib.parse import SplitResult, urlsplit

from glm4v_ros.catalog.model import Model
from glm4v_ros.errors import BadRequest

KEY_VARIABLE = "GLM4V_REMOTE_KEY"
ENCODINGS = ("jpeg", "png")


@dataclass(frozen=True)
class RemoteConfig:
    """Raises BadRequest for an address to which no picture may go. Durations are seconds."""

    worker: ClassVar[str] = "glm4v_ros.remote.worker"
    gpu_layers: ClassVar[int] = 0
    memory_limit_mib: ClassVar[int] = 0

    url: str  # such as https://gpu.example:8000; /v1 is added where it has no path
    model_id: str  # as the server calls it
    key: str = field(default="", repr=False)
    patience: float = 30.0  # without a byte from the server
    encoding: str = "jpeg"  # of pictures: jpeg (quality 92) or png, which loses nothing
    image_max_tokens: int = 0  # of a picture, whatever its question says; 0: any number
    max_parallel: int = 8
    max_queue: int = 16
    session_idle_s: float = 600.0  # a conversation unused for so long is forgotten
    watchdog_timeout: float = 60.0  # seconds without a sign of life of the process here

    def __post_init__(self):
        parts = self._parts
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
            raise BadRequest(f"remote_url is https://HOST[:PORT][/v1] without user, key and query, not {self.url[:200]!r}")
        if parts.scheme == "http" and not self.loopback:
            raise BadRequest(
                f"remote_url is http://{parts.hostname}: pictures leave this machine over https alone; give the server a "
                "certificate, or reach it through a tunnel that ends on 127.0.0.1"
            )
        if not self.model_id:
            raise BadRequest("remote_model is empty: name the model as the server does (GET /v1/models)")
        if not self.key.isascii() or not self.key.isprintable():
            raise BadRequest("the key of the remote server has characters that no HTTP header carries")
        if self.encoding not in ENCODINGS:
            raise BadRequest(f"pictures are sent as {' or '.join(ENCODINGS)}, not {self.encoding!r}")

    @property
    def _parts(self) -> SplitResult:
        try:
            parts = urlsplit(self.url)
            parts.port  # noqa: B018  raises
            return parts
        except ValueError as error:
            raise BadRequest(f"remote_url is no address: {error}") from error

    @property
    def base_url(self) -> str:
        """With the API's path."""
        parts = self._parts
        return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/') or '/v1'}"

    @property
    def loopback(self) -> bool:
        """Whether the server is on this machine, as far as its address says."""
        host = self._parts.hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def name(self) -> str:
        """Who speaks, in Answer.model: no model on this machine is called so."""
        return f"{self.model_id}@{self._parts.netloc}"

    @property
    def model(self) -> Model:
        """Without files here."""
        return Model(self.name, Path(), Path())

    @property
    def portable(self) -> RemoteConfig:
        return self


def read_key(file: str) -> str:
    """The key in the first line of a file; without a file that of the environment, empty if there is none. BadRequest."""
    if not file:
        return os.environ.get(KEY_VARIABLE, "").strip()
    try:
        lines = Path(file).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"remote_key_file {file} cannot be read: {error}") from error
    key = lines[0].strip() if lines else ""
    if not key:
        raise BadRequest(f"remote_key_file {file} has no key in its first line")
    return key
