"""Requests of AskImage as robots, careless people and broken drivers make them, and how they must end."""

from __future__ import annotations

import random
import struct
import zlib
from array import array

import fuzz
import numpy as np
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration, Time
from fuzz import Outcomes
from glm4v_ros.action import AskImage
from glm4v_ros.msg import Answer, AskOptions, Exchange, Sampling
from hypothesis import strategies as st
from robot import compressed, duration, eventually, image, plain, wait
from sensor_msgs.msg import CompressedImage, Image, RegionOfInterest

from glm4v_ros.action_caller import ActionCaller
from glm4v_ros.errors import ErrorCode

FLAWED = 60  # per cent of the requests; some of what is odd must be answered all the same
HANGS = 120.0  # s; a machine with much else to do is slow
SOON = 0.05  # s; for what can only end with its deadline
COLOUR = plain((10, 20, 200))
UINT32 = st.sampled_from((0, 1, 3, 2**16, 2**31, 2**32 - 1)) | st.integers(0, 2**32 - 1)


# Pictures.


def _noise(seed: int, width: int, height: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


_sizes = st.sampled_from((1, 2, 28, 31, 60))
_arrays = st.builds(_noise, st.integers(0, 3), _sizes, _sizes) | st.builds(
    _noise, st.integers(0, 10**6), st.integers(1, 60), st.integers(1, 60)
)
_raw = st.builds(lambda rgb, encoding: image(rgb, Time(), encoding), _arrays, st.sampled_from(("rgb8", "bgr8")))
_packed = st.builds(lambda rgb, format: compressed(rgb, Time(), format), _arrays, st.sampled_from(("png", "jpg")))
_encodings = st.sampled_from(
    ("rgb8", "mono8", "mono16", "32FC1", "16UC1", "bayer_rggb8", "bayer_gbrg16", "uyvy", "nv12", "nv21", "nv24", "rgba16", "8UC4",
     "64FC4", "", "jpeg", "RGB8", "rgb8; drop", "x" * 5000, "\ufffd", "../..")
)  # fmt: skip


@st.composite
def _odd_raw(draw) -> Image:
    """Fields that may contradict each other, or be those of another encoding by chance."""
    message = draw(_raw)
    for name in draw(st.lists(st.sampled_from(("encoding", "width", "height", "step", "data")), min_size=1, max_size=3)):
        if name == "encoding":
            message.encoding = draw(_encodings)
        elif name == "data":
            size = draw(st.integers(0, 2 * len(message.data)))
            message.data = array("B", random.Random(size).randbytes(size))
        else:
            setattr(message, name, draw(UINT32))
    message.is_bigendian = draw(st.integers(0, 255))
    message.header.stamp = Time(sec=draw(st.sampled_from((0, -1, 2**31 - 1))), nanosec=draw(UINT32))
    return message


@st.composite
def _matching_raw(draw) -> Image:
    """Any encoding and size with as many bytes as they need, whatever these are."""
    encoding, width, height = draw(_encodings), draw(st.integers(1, 20)), draw(st.integers(1, 20))
    step = width * draw(st.sampled_from((1, 2, 3, 4, 6, 8)))
    rows = height * 3 // 2 if encoding in ("nv12", "nv21") else height * 3 if encoding == "nv24" else height
    message = Image(encoding=encoding, width=width, height=height, step=step)
    message.data = array("B", random.Random(width * height).randbytes(step * rows))
    return message


def _png(width: int, height: int, *more: bytes) -> bytes:
    """A PNG that begins rightly and claims a size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(b"a" * 5_000_000))  # a bomb of its own
    return b"\x89PNG\r\n\x1a\n" + header + text + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def _jpeg_with_scans(count: int) -> bytes:
    whole = bytes(compressed(COLOUR, Time(), "jpg").data)
    scan = whole.index(b"\xff\xda")
    return whole[:scan] + whole[scan:-2] * count + whole[-2:]


_BYTES = (b"", b"\xff\xd8\xff", b"GIF89a" + b"\0" * 50, b"\x89PNG\r\n\x1a\n", _png(2**31 - 1, 2**31 - 1), _png(60000, 60000),
          _png(0, 5), _png(30, 30), _jpeg_with_scans(5), _jpeg_with_scans(500), b"<svg/>", bytes(4000))  # fmt: skip


@st.composite
def _odd_packed(draw) -> CompressedImage:
    message = draw(_packed)
    kind = draw(st.sampled_from(("bytes", "flip", "cut", "format")))
    if kind == "bytes":
        message.data = array("B", draw(st.sampled_from(_BYTES) | st.binary(max_size=60)))
    elif kind == "flip":
        for _ in range(draw(st.integers(1, 8))):
            message.data[draw(st.integers(0, len(message.data) - 1))] = draw(st.integers(0, 255))
    elif kind == "cut":
        message.data = message.data[: draw(st.integers(0, len(message.data)))]
    message.format = draw(
        st.sampled_from(("jpeg", "png", "", "bgr8; jpeg compressed bgr8", "bayer_rggb8; png compressed ", "16UC1; png compressed ",
                         "16UC1; compressedDepth", "tiff", "x" * 5000, "\ufffd"))
    )  # fmt: skip
    return message


# Requests.


def _right(draw) -> tuple[dict, dict]:
    """Fields and options of a request that must be answered; the camera front has a picture."""
    texts = fuzz.texts.filter(lambda text: not text.startswith(("fail", "slow", "tell")))  # which the scripted engine obeys
    fields = dict(question=draw(texts), session_id=draw(fuzz.session_ids))
    shown = draw(st.sampled_from(("camera", "default", "raw", "raw", "packed", "both")))
    if shown == "camera":
        fields["cameras"] = ["front"]
    if shown in ("raw", "both"):
        fields["images"] = draw(st.lists(_raw, min_size=1, max_size=2))
    if shown in ("packed", "both"):
        fields["compressed_images"] = [draw(_packed)]
    options = dict(
        preset=draw(st.sampled_from(("", "default", "inspection", "companion"))),
        language=draw(fuzz.languages),
        max_tokens=draw(st.integers(1, 4)),
        max_image_tokens=draw(st.sampled_from((0, 64, 10**6))),
        enhance=draw(st.sampled_from(("", "none", "auto"))),
        prefer=draw(st.sampled_from(("", "auto", "newest", "encoded"))),
        priority=draw(st.integers(0, 255)),
        deterministic=draw(st.integers(0, 9)) == 0,
        retry_on_crash=draw(st.booleans()),
        speak=draw(st.booleans()),
        verify=draw(st.sampled_from(("", "off", "auto", "required"))),
        zoom=draw(st.sampled_from(("", "off", "auto"))),
        stop=draw(st.sampled_from(([], ["\n"], ["。", "x" * 200]))),
        system_prompt=draw(st.just("") | fuzz.texts),
        sampling=draw(st.just([]) | st.builds(lambda **given: [Sampling(**given)], temperature=st.floats(0, 2), top_p=st.floats(0, 1),
                                              top_k=st.integers(0, 10**6), seed=st.integers(0, 2**64 - 1))),
        local_only=draw(st.booleans()),
        timeout=draw(st.sampled_from((Duration(), duration(60), duration(3600)))),
        max_image_age=draw(st.sampled_from((Duration(), Duration(sec=2**31 - 1)))),
    )
    kind = draw(st.integers(0, 5))
    if kind == 0:
        options["choices"] = draw(fuzz.choices)
    elif kind == 1:
        options["json_schema"], options["verify"] = draw(fuzz.schemas), ""
    elif kind == 2:
        options["logprobs"], options["top_logprobs"] = True, draw(st.integers(0, 20))
    elif kind == 3:
        options["hints"], options["verify"] = "lines", draw(st.sampled_from(("off", "auto")))
    if not fields["session_id"] and draw(st.booleans()):
        options["past"] = [Exchange(question=draw(texts), answer=draw(st.just("") | texts))]
    return fields, options


_durations = st.builds(Duration, sec=st.sampled_from((-(2**31), -1, 0, 3601, 2**31 - 1)), nanosec=UINT32)
_regions = st.builds(RegionOfInterest, x_offset=UINT32, y_offset=UINT32, width=UINT32, height=UINT32)
_FIELDS = {
    "question": fuzz.bad_texts | st.sampled_from(("words " * 60, "a" * 100_000, "a\0b")),
    "session_id": fuzz.bad_session_ids | st.just("a\0b"),
    "cameras": st.sampled_from((["rear"], ["left"], ["front", "left"], ["front"] * 2, ["front"] * 9, [""], ["\ufffd" * 999])),
    "images": st.lists(_odd_raw() | _matching_raw(), min_size=1, max_size=2),
    "compressed_images": st.lists(_odd_packed(), min_size=1, max_size=2),
}
_OPTIONS = {
    "preset": st.sampled_from(("none", "eldercare", "DEFAULT", "x" * 9999, "\ufffd")),
    "language": fuzz.bad_languages,
    "choices": fuzz.bad_choices,
    "json_schema": fuzz.odd_schemas.filter(lambda text: text.isascii() or "\ud800" not in text),
    "max_tokens": st.sampled_from((1_000_001, 2**31, 2**32 - 1)),
    "max_image_tokens": st.sampled_from((1, 2, 1_000_001, 2**32 - 1)),
    "enhance": st.sampled_from(("magic", "AUTO", "\ufffd")),
    "prefer": st.sampled_from(("oldest", "Newest", "\ufffd")),
    "verify": st.sampled_from(("always", "AUTO", "\ufffd")),
    "zoom": st.sampled_from(("in", "lines")),
    "hints": st.sampled_from(("words", "auto", "lines")),
    "stop": st.sampled_from(([""], ["x" * 201], ["x"] * 17, ["\ufffd"])),
    "system_prompt": st.sampled_from(("a" * 32_001, "\ufffd", "a\0b")),
    "sampling": st.lists(st.builds(Sampling, temperature=st.floats(), top_p=st.floats(), min_p=st.floats(), repeat_penalty=st.floats(),
                                   top_k=UINT32), min_size=1, max_size=2),
    "past": st.lists(st.builds(Exchange, question=fuzz.texts | fuzz.bad_texts, answer=fuzz.texts, pictures=UINT32), min_size=1, max_size=2),
    "top_logprobs": st.sampled_from((1, 20, 21, 255)),
    "text_only": st.just(True),
    "rois": st.lists(_regions, min_size=1, max_size=3),
    "timeout": _durations,
    "max_image_age": _durations,
    "not_before": st.builds(Time, sec=st.sampled_from((-5, 0, 2**31 - 1)), nanosec=UINT32),
}


@st.composite
def requests(draw) -> tuple[dict, str]:
    """(fields of AskImage, how it is asked)."""
    fields, options = _right(draw)
    by = draw(st.sampled_from(("service",) * 5 + ("action", "action", "cancel")))
    flaw = None
    if draw(st.integers(0, 99)) < FLAWED:
        flaw = draw(st.sampled_from((*_FIELDS, *_FIELDS, *_OPTIONS)))
    if flaw in _FIELDS:
        fields[flaw] = draw(_FIELDS[flaw])
    elif flaw:
        options[flaw] = draw(_OPTIONS[flaw])
    if flaw in ("not_before", "max_image_age") or "left" in fields.get("cameras", ()):
        options["timeout"] = duration(SOON)  # no such picture will come
    fields["options"] = options
    return fields, by


class Asked:
    """What is asked of a node, and how it ends."""

    def __init__(self, robot):
        self.robot = robot
        self.action = ActionCaller(AskImage, "/vqa/ask_image_stream", robot.node)
        self.outcomes = Outcomes()
        self.published = robot.listen(Answer, "/vqa/answers")

    def ask(self, fields: dict, by: str) -> None:
        if by == "service":
            reply = wait(self.robot.start(**fields), HANGS)
        else:
            goal = self.action.start(AskImage.Goal(**{**fields, "options": AskOptions(**fields["options"])}))
            if by == "cancel":
                goal.cancel()
            status, reply = goal.result(HANGS)
            assert status == {
                ErrorCode.NONE: GoalStatus.STATUS_SUCCEEDED,
                ErrorCode.CANCELED: GoalStatus.STATUS_CANCELED,
            }.get(reply.error_code, GoalStatus.STATUS_ABORTED)
        code = ErrorCode(reply.error_code)
        assert code not in (ErrorCode.UNKNOWN, ErrorCode.ENGINE_FAILED, ErrorCode.NOT_ACTIVE), f"{code.name}: {reply.error_msg}"
        assert reply.success == (code is ErrorCode.NONE) == (reply.error_msg == "")
        assert reply.success or code in (ErrorCode.TIMEOUT, ErrorCode.CANCELED) or reply.answer.text == ""
        self.outcomes[code] += 1

    def close(self) -> None:
        self.action.close()

    def check(self) -> None:
        """Every accepted question was published, once."""
        accepted = self.outcomes[ErrorCode.NONE]
        eventually(lambda: len(self.published) >= accepted)
        assert len({answer.request_id for answer in self.published}) == len(self.published) == accepted
        self.outcomes.check_shares()
