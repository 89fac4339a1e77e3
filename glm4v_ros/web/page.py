"""The page's own files. No path of a request ever becomes a path of a file: the few there are are read at the start."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from glm4v_ros.web.problem import Problem

_DIRECTORY = Path(__file__).parent / "static"
_TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
          ".svg": "image/svg+xml"}  # fmt: skip


class Page:
    def __init__(self):
        self._files = {
            path.relative_to(_DIRECTORY).as_posix(): path.read_bytes()
            for path in sorted(_DIRECTORY.rglob("*")) if path.suffix in _TYPES
        }  # fmt: skip
        self._tags = {name: f'"{hashlib.sha256(data).hexdigest()[:20]}"' for name, data in self._files.items()}

    async def index(self, request: Request):
        return self._file("index.html", request)

    async def static(self, request: Request):
        return self._file(request.path_params["name"], request)

    def _file(self, name: str, request: Request) -> Response:
        if name not in self._files:
            raise Problem(404, "there is no such page", code="not_found")
        headers = {"cache-control": "no-cache", "etag": self._tags[name]}
        if request.headers.get("if-none-match") == self._tags[name]:
            return Response(status_code=304, headers=headers)
        return Response(self._files[name], media_type=_TYPES[Path(name).suffix], headers=headers)
