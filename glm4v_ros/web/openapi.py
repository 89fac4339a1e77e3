"""/openapi.json."""

from __future__ import annotations

from pathlib import Path

import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse

from glm4v_ros import __version__


class OpenApi:
    """The endpoint; openapi.yaml beside this file describes every other."""

    def __init__(self):
        document = yaml.safe_load(Path(__file__).with_name("openapi.yaml").read_text(encoding="utf-8"))
        del document["x-parts"]
        document["info"]["version"] = __version__
        self._document = document

    async def get(self, _: Request):
        return JSONResponse(self._document)
