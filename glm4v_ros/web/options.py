"""What only this server knows of a question: the field ``glm4v`` of a body, or headers for clients that cannot add
fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from glm4v_ros.policy.verification import MODES as VERIFY_MODES
from glm4v_ros.vision.enhance import MODES
from glm4v_ros.web.asker import Region
from glm4v_ros.web.conversation import MOST_PICTURES
from glm4v_ros.web.fields import Fields
from glm4v_ros.web.problem import invalid

_MOST_SIDE = 16384  # pixels, as vision/converter.py has it
#: Headers in place of fields, with the fields' names.
HEADERS = {
    "x-glm4v-preset": "preset", "x-glm4v-session": "session", "x-glm4v-timeout": "timeout",
    "x-glm4v-language": "language",
    "x-glm4v-image-tokens": "max_image_tokens", "x-glm4v-enhance": "enhance", "x-glm4v-verify": "verify",
    "x-glm4v-deterministic": "deterministic",
}  # fmt: skip
_TYPES = {"timeout": float, "max_image_tokens": int, "deterministic": lambda text: {"true": True, "false": False}.get(text, text)}


@dataclass(frozen=True)
class Options:
    session: str = ""
    preset: str = ""
    language: str = ""
    timeout: float = 0.0  # seconds; 0: the server's default
    max_image_tokens: int = 0
    enhance: str = "none"
    verify: str = ""  # empty: the server's default
    regions: tuple[Region | None, ...] = ()
    deterministic: bool = False
    progress: bool = False  # a stream tells the stages too


def read_options(body: Fields, headers: Mapping[str, str]) -> Options:
    """Raises Problem. A field outranks its header."""
    given = dict(body.object("glm4v").values)
    for header, name in HEADERS.items():
        if header in headers and given.get(name) is None:
            try:
                given[name] = _TYPES.get(name, str)(headers[header])
            except ValueError:
                raise invalid(f"the header {header} is a number", header) from None
    fields = Fields(given, "glm4v")
    return Options(
        session=fields.text("session", "", most=200), preset=fields.text("preset", "", most=64),
        language=fields.text("language", "", most=35), timeout=fields.number("timeout", 0.0, 0, 86400),
        max_image_tokens=fields.integer("max_image_tokens", 0, 0, 1_000_000), enhance=fields.one_of("enhance", MODES,
            "none"),
        verify=fields.one_of("verify", VERIFY_MODES, ""),
        regions=tuple(_region(fields, item) for item in fields.items("rois", MOST_PICTURES)),
        deterministic=fields.flag("deterministic"), progress=fields.flag("progress"),
    )  # fmt: skip


def _region(fields: Fields, item) -> Region | None:
    """null, or an object: its pixels are those of the picture upright."""
    if item is None:
        return None
    if not isinstance(item, dict):
        raise invalid("'glm4v.rois' has an object with x, y, width and height for each picture, or null", "glm4v.rois")
    one = Fields(item, fields.path("rois"))
    return Region(
        one.integer("x", 0, 0, _MOST_SIDE), one.integer("y", 0, 0, _MOST_SIDE),
        one.integer("width", 0, 1, _MOST_SIDE), one.integer("height", 0, 1, _MOST_SIDE),
    )  # fmt: skip
