"""Messages of a request: who said what, with which pictures."""

from __future__ import annotations

import base64
import binascii
import re
import urllib.parse
from dataclasses import dataclass, field

from glm4v_ros.engine.question import Exchange
from glm4v_ros.errors import BadImage
from glm4v_ros.web.fields import Fields, checked
from glm4v_ros.web.pictures import PictureStore, StoredPicture
from glm4v_ros.web.problem import Problem, invalid, unsupported

MOST_MESSAGES = 256
MOST_PARTS = 256
MOST_PICTURES = 16  # as policy/question_check.py has it

_KEY = re.compile(r"(?:sha256:|/v1/pictures/)([0-9a-f]{64})")
_CAMERA = re.compile(r"camera:(.{1,64})")
_DATA = re.compile(r"data:image/[a-z0-9.+-]{1,32}(;[a-z0-9=+-]{1,32})*;base64,", re.ASCII | re.IGNORECASE)
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


@dataclass
class Turn:
    """What one side said, messages in a row joined."""

    role: str  # system, user, assistant
    texts: list[str] = field(default_factory=list)
    urls: list[tuple[str, str]] = field(default_factory=list)  # of pictures, each with its field's path

    @property
    def text(self) -> str:
        return "\n".join(filter(None, self.texts))


@dataclass(frozen=True)
class Conversation:
    """A system prompt, what went before, and the question of now."""

    system: str
    past: tuple[Exchange, ...]
    text: str
    pictures: tuple[StoredPicture, ...] = field(repr=False)  # those of the past first
    cameras: tuple[str, ...] = ()


def read_input(body: Fields) -> list[Turn]:
    """The field ``input`` of decisions and responses: a text, or a list of messages. Raises Problem."""
    if isinstance(body.raw("input"), str):
        return [Turn("user", [body.text("input")])]
    turns: list[Turn] = []
    for item in body.objects("input", MOST_MESSAGES):
        kind = item.text("type", "message")
        if kind != "message":
            raise unsupported(f"'{item.path('type')}': messages are taken, no '{kind[:40]}'", item.path("type"))
        read_message(turns, item)
    if not turns:
        raise invalid("'input' is a text or a list of messages", "input", "missing_required_parameter")
    return turns


def read_message(turns: list[Turn], message: Fields) -> None:
    """Adds a message in OpenAI's form to ``turns``. Raises Problem."""
    role = message.text("role")
    if role not in _ROLES:
        raise unsupported(f"'{message.path('role')}' is {', '.join(_ROLES)}, not '{role[:40]}'", message.path("role"))
    read_content(turns, _ROLES[role], message)


def read_content(turns: list[Turn], role: str, message: Fields) -> None:
    """The same for ``content`` alone: a string or a list of parts."""
    turn = turns[-1] if turns and turns[-1].role == role else Turn(role)
    content = message.raw("content")
    if content is None or isinstance(content, str):
        turn.texts.append(checked(content or "", message.path("content")))
    else:
        for part in message.objects("content", MOST_PARTS):
            _read_part(turn, role, part)
    if not turns or turns[-1] is not turn:
        turns.append(turn)


def _read_part(turn: Turn, role: str, part: Fields) -> None:
    kind = part.text("type")
    if kind in ("text", "input_text", "output_text"):
        turn.texts.append(part.text("text"))
    elif kind == "refusal":
        turn.texts.append(part.text("refusal"))
    elif kind in ("image_url", "input_image"):
        if role != "user":
            raise invalid(f"'{part.path('type')}': only the user shows pictures", part.path("type"))
        if isinstance(part.raw("image_url"), dict):
            image = part.object("image_url")
            turn.urls.append((image.text("url", most=1 << 30), image.path("url")))
        else:
            turn.urls.append((part.text("image_url", most=1 << 30), part.path("image_url")))
    elif kind == "input_json":
        turn.texts.append(str(part.raw("json")))
    else:
        raise unsupported(f"'{part.path('type')}': a part is a text or a picture, not '{kind[:40]}'", part.path("type"))


async def read_conversation(
    turns: list[Turn], owner: str, pictures: PictureStore, param: str, *, silent: bool = False
) -> Conversation:
    """What the turns say, in the engine's terms; ``silent``: the last may have no text. Raises Problem. Pictures are
    stored,
    so that they can be named later."""
    system = "\n".join(turn.text for turn in turns if turn.role == "system")
    said = [turn for turn in turns if turn.role != "system"]
    merged: list[Turn] = []
    for turn in said:  # a system message between two of the user's does not part them
        if merged and merged[-1].role == turn.role:
            merged[-1].texts += turn.texts
            merged[-1].urls += turn.urls
        else:
            merged.append(turn)
    if not merged or merged[-1].role != "user":
        raise invalid("the last message is the user's: a question to answer", param)
    if merged[0].role == "assistant":
        merged.insert(0, Turn("user", ["..."]))
    stored, cameras, past = [], [], []
    count = sum(len(turn.urls) for turn in merged)
    if count > MOST_PICTURES:
        raise invalid(f"at most {MOST_PICTURES} pictures in one conversation, not {count}", param)
    for turn in merged:
        for url, path in turn.urls:
            camera = _CAMERA.fullmatch(url)
            if camera and turn is merged[-1]:
                cameras.append(camera[1])
            else:
                stored.append(await _picture(url, path, owner, pictures))
    if cameras and stored:
        raise invalid("pictures and cameras do not go together in one conversation", param)
    for question, answer in zip(merged[:-1:2], merged[1::2]):
        past.append(Exchange(question.text or "...", answer.text, len(question.urls)))
    text = merged[-1].text
    if not silent and not text.strip():
        raise invalid("the question is empty", param)
    return Conversation(system, tuple(past), text, tuple(stored), tuple(cameras))


async def _picture(url: str, path: str, owner: str, pictures: PictureStore) -> StoredPicture:
    key = _KEY.fullmatch(url)
    if key:
        picture = pictures.get(owner, key[1])
        if picture is None:
            raise Problem(
                404, "no picture of this key is here any more: send it again", param=path, code="unknown_picture"
            )
        return picture
    head = _DATA.match(url[:200])
    if head is None:
        if urllib.parse.urlsplit(url[:2000]).scheme in ("http", "https"):
            raise unsupported(
                "no address is fetched: send the picture itself as a data URL, or PUT it to /v1/pictures", path
            )
        raise invalid(
            "a picture is data:image/...;base64,... or sha256:KEY of one sent before", path, "invalid_image_url"
        )
    try:
        data = base64.b64decode(url[head.end() :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid(f"the data URL is not base64: {error}", path, "invalid_base64") from error
    try:
        return await pictures.put(owner, data)
    except BadImage as error:
        raise invalid(str(error), path, "invalid_image") from error
