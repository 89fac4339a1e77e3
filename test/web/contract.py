"""Holds every answer that a test gets to openapi.yaml."""

from __future__ import annotations

import functools
import json
import re

import jsonschema
import yaml

from glm4v_ros.web import openapi

_UNDESCRIBED = re.compile("/$|/static/|/openapi.json|/favicon.ico")


@functools.cache
def document() -> dict:
    with open(openapi.__file__.replace(".py", ".yaml"), encoding="utf-8") as file:
        return yaml.safe_load(file)


def check(method: str, path: str, status: int, headers: dict[str, str], body: bytes) -> None:
    """The status is one that the document knows for this operation, and the body has the form it says."""
    path = path.partition("?")[0]
    if _UNDESCRIBED.match(path):
        return
    operations = next((one for known, one in document()["paths"].items() if _pattern(known).fullmatch(path)), None)
    operation = operations and operations.get(method.lower().replace("head", "get"))
    if operation is None:
        assert status in (403, 404, 405, 421) or status == 401, f"{method} {path}: {status} and not in openapi.yaml"
        return
    assert str(status) in operation["responses"], f"{method} {path}: status {status} is not in openapi.yaml"
    content = operation["responses"][str(status)].get("content", {})
    kind = headers.get("content-type", "").partition(";")[0]
    if not content:
        assert not body
        return
    assert any(re.fullmatch(known.replace("*", ".*").replace("+", r"\+"), kind) for known in content), (
        kind,
        list(content),
    )
    if kind == "application/json" and body:
        schema = {**content[kind]["schema"], "components": document()["components"]}
        jsonschema.validate(json.loads(body), schema)
    for header in operation["responses"][str(status)].get("headers", {}):
        assert header.lower() in headers, f"{method} {path}: {status} without {header}"


@functools.cache
def _pattern(path: str) -> re.Pattern:
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))
