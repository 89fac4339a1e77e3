"""Photographs with things painted into them: is there a ... in the picture?"""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np

from training.pictures import free, photograph
from training.pictures.canvas import Canvas
from training.pictures.count import shape
from training.pictures.count_topics import name_of
from training.pictures.marks import mark
from training.pictures.picture import Topic
from training.pictures.questions import unseen_fields, wording, yes_or_no
from training.pictures.sampling import chance, pick
from training.pictures.words import COLOURS, UNSEEN

IN_ZH = (
    "图中有{n}吗？|图里有没有{n}？|照片里有{n}吗？|画面中有{n}吗?|能看到{n}吗？|照片上有没有{n}|图片中是否有{n}？|"
    "看得到{n}吗？|这张图里有{n}吗？|请问图中有{n}吗？|镜头里有没有{n}？|你看到{n}了吗？"
).split("|")
IN_EN = (
    "Is there {n} in the picture?|Is there {n} in this photo?|Can you see {n}?|Do you see {n} in the image?|Is {n} visible?|"
    "Does the picture show {n}?|is there {n} in the picture|Is {n} to be seen?|Does this photograph contain {n}?|"
    "Look at the picture: is there {n}?|Is there {n} anywhere?|Do you see {n}?"
).split("|")
PRINT_ZH = "标签上写着什么？|标签上的字是什么？|读一下标签。|标签写的是什么？|请读出标签上的文字。|标签上印着什么？".split("|")
PRINT_EN = (
    "What is written on the label?|What does the label say?|Read the label.|What is printed on the label?|"
    "Please read the label.|Which text is on the label?"
).split("|")
THINGS = {  # name: (Chinese, English)
    "label": ("标签", "label"),
    "lamp": ("指示灯", "indicator lamp"),
    "barcode": ("条形码", "barcode"),
    "code": ("二维码", "QR code"),
    "arrow": ("箭头", "arrow"),
    "warning": ("警告标志", "warning sign"),
    "gauge": ("指针仪表", "dial gauge"),
}
MASS = ("grass", "sky", "water")  # English nouns without an article
SHAPES = ("star", "nut", "bolt", "gear")  # of PARTS: what none of THINGS looks like


def label(canvas: Canvas, x: float, y: float, r: float) -> str:
    """A sticker with a word of its own; returns the word, or nothing where it would be too small to read."""
    rng = canvas.rng
    text = pick(rng, [free.hanzi, free.hanzi, free.latin, free.code])
    text = free.hanzi(rng, 2, 5) if text is free.hanzi else text(rng, *((2, 3) if text is free.latin else (3, 8)))
    type = canvas.type()
    size = max(19 * canvas.unit, min(canvas.draw_em(), 1.7 * r / type.width("A" * 5, 100) * 100))
    wide = type.width(text, round(size)) / 2 + 0.5 * size
    if wide > r * 1.45:
        return ""
    paper = pick(rng, [(250, 250, 248), (255, 235, 90), (245, 245, 225), (30, 90, 170), (200, 30, 40), (35, 35, 38)])
    box = (x - wide, y - 0.95 * size, x + wide, y + 0.95 * size)
    canvas.rectangle(box, paper, pick(rng, [0, 0, 0.2]) * size)
    canvas.text_in(x, y, text, type, size, canvas.ink(paper))
    return text


def lamp(canvas: Canvas, x: float, y: float, r: float):
    rng = canvas.rng
    tint = pick(rng, ["red", "green", "yellow", "blue", "white"])
    rgb, lit = np.array(COLOURS[tint][2]), chance(rng, 0.6)
    canvas.circle(x, y, r, pick(rng, [(60, 62, 66), (190, 192, 196), (25, 25, 27)]))
    canvas.circle(x, y, 0.78 * r, rgb * (1.0 if lit else 0.4))
    if lit:
        for share in (0.55, 0.35, 0.18):
            canvas.circle(x, y, share * r, rgb + (255 - rgb) * (1 - share))
    canvas.mark(mark("lamp", tint, lit), x, y)


def barcode(canvas: Canvas, x: float, y: float, r: float):
    rng, unit = canvas.rng, max(1.5 * canvas.unit, r / 32)
    canvas.rectangle((x - r, y - 0.6 * r, x + r, y + 0.6 * r), (250, 250, 250))
    left = x - 0.85 * r
    while left < x + 0.82 * r:
        wide = unit * rng.integers(1, 4)
        canvas.rectangle((left, y - 0.5 * r, min(left + wide, x + 0.85 * r), y + 0.5 * r), (15, 15, 15))
        left += wide + unit * rng.integers(1, 4) + 1


def code(canvas: Canvas, x: float, y: float, r: float):
    count = int(canvas.rng.integers(17, 26))
    cells = canvas.rng.random((count, count)) < 0.5
    for top, left in ((0, 0), (0, count - 7), (count - 7, 0)):
        rows, columns = np.mgrid[:7, :7] - 3
        ring = np.maximum(abs(rows), abs(columns))
        cells[max(0, top - 1) : top + 8, max(0, left - 1) : left + 8] = False
        cells[top : top + 7, left : left + 7] = ring != 2
    side = 1.7 * r / count
    canvas.rectangle((x - r, y - r, x + r, y + r), (252, 252, 252))
    for row, column in np.argwhere(cells):
        a, b = x - 0.85 * r + column * side, y - 0.85 * r + row * side
        canvas.rectangle((a, b, a + side - 1, b + side - 1), (10, 10, 12))


def arrow(canvas: Canvas, x: float, y: float, r: float):
    rng = canvas.rng
    turn, half = rng.uniform(0, 2 * pi), rng.uniform(0.12, 0.3)
    outline = [(-1, -half), (0.2, -half), (0.2, -0.6), (1, 0), (0.2, 0.6), (0.2, half), (-1, half)]
    points = [(x + r * (a * cos(turn) - b * sin(turn)), y + r * (a * sin(turn) + b * cos(turn))) for a, b in outline]
    canvas.polygon(points, pick(rng, list(COLOURS.values()))[2])
    canvas.polygon(points, pick(rng, [(250, 250, 250), (15, 15, 15)]), max(1.0, 0.05 * r))


def warning(canvas: Canvas, x: float, y: float, r: float):
    corner = lambda k: [(x + k * r * sin(2 * pi * i / 3), y + 0.2 * r - k * r * cos(2 * pi * i / 3)) for i in range(3)]  # noqa: E731
    canvas.polygon(corner(1.1), (20, 20, 20))
    canvas.polygon(corner(0.9), (250, 205, 20))
    canvas.polygon(
        [(x - 0.09 * r, y - 0.35 * r), (x + 0.09 * r, y - 0.35 * r), (x + 0.04 * r, y + 0.25 * r), (x - 0.04 * r, y + 0.25 * r)], (20, 20, 20)
    )
    canvas.circle(x, y + 0.42 * r, 0.09 * r, (20, 20, 20))


def gauge(canvas: Canvas, x: float, y: float, r: float):
    rng = canvas.rng
    canvas.circle(x, y, r, pick(rng, [(30, 30, 32), (175, 177, 180), (185, 155, 85)]))
    canvas.circle(x, y, 0.88 * r, (248, 248, 244))
    for i in range(11):
        angle = 0.75 * pi + 1.5 * pi * i / 10
        canvas.line(
            (x + 0.68 * r * cos(angle), y + 0.68 * r * sin(angle)), (x + 0.82 * r * cos(angle), y + 0.82 * r * sin(angle)), (20, 20, 20), 0.05 * r
        )
    angle = 0.75 * pi + 1.5 * pi * rng.random()
    canvas.line((x - 0.15 * r * cos(angle), y - 0.15 * r * sin(angle)), (x + 0.7 * r * cos(angle), y + 0.7 * r * sin(angle)), (200, 25, 25), 0.07 * r)
    canvas.circle(x, y, 0.1 * r, (40, 40, 40))


DRAW = {"label": label, "lamp": lamp, "barcode": barcode, "code": code, "arrow": arrow, "warning": warning, "gauge": gauge}


def paint(canvas: Canvas) -> list[Topic]:
    """Raises FileNotFoundError where ``python -m training.photos`` was not run."""
    rng, split = canvas.rng, canvas.split
    views = photograph.views(split)
    if not views:
        raise FileNotFoundError(f"{photograph.FOLDER} has no photographs: run python -m training.photos first")
    view = pick(rng, views)
    shape_of = view.image.shape[1] / view.image.shape[0] * canvas.height / canvas.width
    whole = chance(rng, 0.6) and 0.7 < shape_of < 1 / 0.7  # or what it shows may be cut off
    canvas.backdrop = "photograph"
    canvas.pixels = photograph.laid(rng, view, canvas.size, 0.9 if whole else 0.35)
    columns, rows = (3, 2) if canvas.width > canvas.height else (2, 3)
    cell = min(canvas.width / columns, canvas.height / rows)
    spots = rng.permutation(columns * rows)[: int(rng.integers(0, 4))]
    there: list[str] = []  # in order: a set's is another in each process
    text = ""
    for spot in spots:
        r = cell * rng.uniform(0.22, 0.42)
        x = (spot % columns + 0.5) * canvas.width / columns + rng.uniform(-1, 1) * 0.06 * cell
        y = (spot // columns + 0.5) * canvas.height / rows + rng.uniform(-1, 1) * 0.06 * cell
        name = "label" if chance(rng, 0.25) else pick(rng, list(THINGS) if chance(rng, 0.6) else SHAPES)
        if name in there:
            continue
        if name == "label":
            text = label(canvas, x, y, r)
            if not text:
                continue
        elif name in DRAW:
            DRAW[name](canvas, x, y, r)
        else:
            tint = pick(rng, list(COLOURS))
            shape(canvas, name, x, y, r, COLOURS[tint][2], rng.uniform(0, 2 * pi))
            canvas.mark(mark(name, tint), x, y)
        canvas.keep(x, y, 1.15 * r)
        there.append(name)
    canvas.em = min(canvas.em, 40 * canvas.unit)
    return topics(rng, split, there, text, view, whole)


def topics(rng, split: str, there: list[str], text: str, view: photograph.View, whole: bool) -> list[Topic]:
    def asked(name: str, truth: bool) -> Topic:
        def words(language):
            noun = name_of(name, None, language, 1) if name in SHAPES else (THINGS | photograph.KINDS)[name][language == "en"]
            return {"n": f"{'an' if noun[0] in 'ai' else 'a'} {noun}" if language == "en" and name not in MASS else noun}

        return yes_or_no(rng, split, name, IN_ZH, IN_EN, truth, words, tag="photo")

    # What a scene shows beside what was painted into it: the same number of things that are there and that are not.
    seen = [*there, *rng.permutation(view.shows if whole else ())[:2]]
    missing = [*rng.permutation([name for name in (*THINGS, *SHAPES) if name not in there])[:4], *rng.permutation(view.hides)[:1]]
    seen, missing = [str(n) for n in seen], [str(n) for n in rng.permutation(missing)]
    result = [asked(name, True) for name in seen] + [asked(name, False) for name in missing[: max(1, len(seen))]]
    question = lambda language: wording(rng, split, PRINT_ZH if language == "zh" else PRINT_EN)  # noqa: E731
    if text or chance(rng, 0.3):
        answer = lambda language, follow: (question(language), text or UNSEEN[language])  # noqa: E731
        result.append(Topic("photo" if text else "absent", "print", answer))
    if chance(rng, 0.3):
        result.append(
            yes_or_no(rng, split, "print", IN_ZH, IN_EN, bool(text), lambda language: {"n": "文字" if language == "zh" else "text"}, tag="photo")
        )
    return result + unseen_fields(rng, split)
