"""The real reader. CI has requirements/reader.txt; without it these tests are skipped, and the rest works."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from glm4v_ros.errors import NotRead
from glm4v_ros.reader import model_files
from glm4v_ros.reader.client import SecondReader
from glm4v_ros.reader.config import ReaderConfig
from glm4v_ros.vision.decoder import read_picture
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.region import Region

if model_files.missing():
    pytest.skip(model_files.missing(), allow_module_level=True)

from glm4v_ros.reader.rapid_recogniser import load  # noqa: E402

DATA = Path(__file__).parents[1] / "data"
PATIENCE = 120


@pytest.fixture(scope="module")
def recogniser():
    return load(ReaderConfig())


def printed(text, size, at, em, ground="white"):
    """A picture, and where the text's ink is in it."""
    picture = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(picture)
    draw.text(at, text, fill="black", font_size=em)
    x0, y0, x1, y1 = draw.textbbox(at, text, font_size=em)
    return np.asarray(picture), Region(int(x0), int(y0), int(x1 - x0), int(y1 - y0))


def test_a_nameplate_in_a_process_of_its_own():
    frame = Frame(read_picture(DATA / "nameplate.png"))
    with SecondReader() as reader:
        lines = reader.read(frame).result(PATIENCE)
    text = " ".join(line.text for line in lines)
    assert all(word in text for word in ("10.152.64.108", "LVV9-70S1-9", "57F77A0C", "南京河鼎气动集团"))
    assert all(0.9 < line.confidence <= 1 for line in lines)


def test_each_character_has_its_place(recogniser):
    rgb, _ = printed("Serial: X7-204", (500, 160), (40, 50), 40)
    (line,) = recogniser.lines(rgb)
    start = line.text.index("X7")
    _, value = printed("X7-204", (500, 160), (0, 0), 40)
    found = line.region(500, 160, start, len(line.text))
    whole = line.region(500, 160)
    assert found.overlap(Region(whole.x + whole.width - value.width, whole.y, value.width, whole.height)) > 0.8


@pytest.mark.parametrize("size, at", [((2600, 1900), (700, 900)), ((1500, 90), (600, 20)), ((90, 1100), (5, 500))])
def test_regions_are_in_the_frame_s_own_pixels(recogniser, size, at):
    rgb, place = printed("A7", size, at, 60 if size[0] < 2000 else 140)
    (line,) = recogniser.lines(rgb)
    assert line.text == "A7" and line.region(*size).overlap(place) > 0.5


def test_a_picture_without_print(recogniser):
    assert recogniser.lines(np.full((80, 120, 3), 128, np.uint8)) == []
    assert recogniser.lines(np.zeros((1, 1, 3), np.uint8)) == []


def test_no_socket_is_ever_used(recogniser, monkeypatch):
    """RapidOCR fetches a model that it misses or finds changed; ours never comes to that."""
    used, watching = [], True

    def watch(event, arguments):
        if watching and event.startswith("socket.") and event != "socket.__new__":
            used.append(event)

    sys.addaudithook(watch)  # which cannot be taken away again
    try:
        load(ReaderConfig()).lines(read_picture(DATA / "nameplate.png"))
        monkeypatch.setattr(model_files, "DETECTION", "absent.onnx")
        monkeypatch.setitem(model_files.SHA256, "absent.onnx", "0" * 64)
        with pytest.raises(NotRead, match="absent.onnx cannot be read"):
            load(ReaderConfig())
        monkeypatch.undo()
        monkeypatch.setitem(model_files.SHA256, model_files.RECOGNITION, "0" * 64)
        with pytest.raises(NotRead, match="not the one that was tested"):
            load(ReaderConfig())
    finally:
        watching = False
    assert used == []


def test_it_can_be_interrupted(recogniser):
    import threading

    from glm4v_ros.reader.recogniser import Interrupted

    rgb = read_picture(DATA / "nameplate.png")
    stopped = []
    timer = threading.Timer(0.15, lambda: (stopped.append(1), recogniser.interrupt()))
    timer.start()
    with pytest.raises(Interrupted):
        while not stopped:
            recogniser.lines(rgb)
        recogniser.lines(rgb[:1, :1])  # it came between two pictures
        raise Interrupted
    assert recogniser.lines(rgb)
