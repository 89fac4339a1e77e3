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
PATIENCE = 300


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


def test_small_print_in_a_picture_of_12_megapixels_is_read_in_its_own_pixels(recogniser):
    """It is found at half the size, where it is 10 px high."""
    picture = Image.fromarray(np.random.default_rng(0).integers(190, 210, (3000, 4000, 3), np.uint8))
    draw, values = ImageDraw.Draw(picture), []
    for number, (x, y) in enumerate(((2900, 2200), (300, 400), (1500, 1500), (3000, 300))):
        values.append((f"48209-51{number}", x, y))
        draw.text((x, y), values[-1][0], fill="black", font_size=20)
        draw.text((x, y + 34), "MODEL: KX-300", fill="black", font_size=20)
    lines = recogniser.lines(np.asarray(picture))
    for text, x, y in values:
        (line,) = [line for line in lines if line.text == text]
        place = Region(*map(int, draw.textbbox((x, y), text, font_size=20)))
        assert line.region(4000, 3000).overlap(Region.around([place[:2], place[2:]], 4000, 3000)) > 0.4


def test_memory_is_flat():
    """Of the process, over pictures of many sizes; benchmarks/reader.py reads 2,000. From picture to picture it goes up and down by a
    tenth, so that the middle of twelve counts, once the first twelve have made every buffer."""

    def picture(number):
        rgb, _ = printed(f"FRAME {number}", ((300, 200), (640, 480), (400, 300), (260, 340))[number % 4], (10, 60), 24)
        return Frame(rgb)

    resident = []
    with SecondReader(ReaderConfig(timeout=PATIENCE)) as reader:
        for number in range(36):
            reader.read(picture(number)).result(PATIENCE)
            with open(f"/proc/{reader.pid}/statm") as statm:
                resident.append(int(statm.read().split()[1]))
    assert np.median(resident[24:]) < 1.15 * np.median(resident[12:24])


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
