"""Panels with lamps of the second hand: rows, columns, grids and stacks, with things on them that are no lamps."""

from __future__ import annotations

from dataclasses import dataclass

from training.pictures import free, lamp, lamp_topics
from training.pictures.marks import mark
from training.pictures.picture import Topic
from training.pictures.questions import ask
from training.pictures.sampling import chance, pick
from training.pictures.vector import lens
from training.pictures.vector.sheet import Sheet, Style, mixed

FACES = (
    *((34, 36, 40), (210, 212, 214), (235, 232, 222), (110, 114, 120), (58, 72, 92), (20, 20, 22), (170, 160, 140)),
    *((84, 100, 84), (250, 250, 250), (30, 60, 120), (180, 60, 50), (240, 200, 60), (60, 130, 110)),
)
PLACES = ("below", "below", "above", "right", "right", "left")
TITLES_ZH = "控制面板 状态指示 信号灯 运行状态 主控柜 指示面板 报警盘 配电柜 机组状态".split()
TITLES_EN = "CONTROL PANEL|STATUS|SIGNALS|Indicators|MAIN PANEL|Alarm Panel|OPERATION|Unit status|MONITOR".split("|")

AT_ZH = "{c}灯标着什么？|{c}灯旁边写的是什么？|{c}灯叫什么？|{c}的灯标的是什么？|{c}灯对应的文字是什么？|{c}灯写着什么？".split("|")
AT_EN = (
    "What is written at the {c} lamp?|What does it say at the {c} light?|What is the {c} lamp called?|"
    "What is the label of the {c} lamp?|Which word stands at the {c} lamp?|What is the {c} light for?"
).split("|")


@dataclass(frozen=True)
class Grid:
    """Cells of (wide, tall) px, so many across and down; lamps of radius r, their words at `place` in px `size`."""

    across: int
    down: int
    wide: float
    tall: float
    r: float
    place: str
    size: float


def words_of(rng, count: int, chinese: bool) -> list[str]:
    """What is written at the lamps: as often words on no list."""
    pool = [str(word) for word in rng.permutation(lamp.LABELS[int(chinese)])]
    listed = pick(rng, [0.0, 0.5, 1.0])
    words: list[str] = []
    while len(words) < count:
        if chance(rng, 0.08):
            word = f"{pick(rng, 'HLPKDA')}{len(words) + 1}"
        elif pool and chance(rng, listed):
            word = pool.pop()
        else:
            word = free.hanzi(rng, 2, 4) if chinese else free.latin(rng, 1, 2)
            word = word.upper() if chance(rng, 0.6) else word
            word += str(len(words)) if chance(rng, 0.1) else ""
        if word not in words:
            words.append(word)
    return words


def states(rng, count: int) -> list[bool]:
    lit = [
        bool(v)
        for v in rng.random(count) < rng.choice([0.0, 0.2, 0.5, 0.5, 0.8, 1.0], p=[0.08, 0.22, 0.3, 0.2, 0.15, 0.05])
    ]
    if chance(rng, 0.4):
        lit = [False] * count
        lit[int(rng.integers(count))] = True
    return lit


def arrange(
    sheet: Sheet, count: int, style: Style, words: list[str], across: int, place: str, look: lens.Design
) -> Grid | None:
    """The grid nearest to `across` columns with room for every word; None where there is none."""
    margin = 0.04 * min(sheet.size)
    wide, tall = sheet.width - 2 * margin, sheet.height - 2 * margin
    longest, size = max([style.width(word) for word in words] or [0.0]), style.size
    beside = bool(words) and place in ("left", "right")
    half = max(lens.WIDE.get(look.shape, (1, 1)))
    for a in sorted(range(1, count + 1), key=lambda a: abs(a - across)):
        down = -(-count // a)
        cell_w, cell_h = wide / a, tall / down
        r = min(
            (cell_w - (longest + 0.8 * size if beside else 0)) / (3.2 * half),
            (cell_h - (1.6 * size if words and not beside else 0)) / (3.0 * half),
        )
        if r >= 12 * sheet.unit and (beside or longest <= cell_w * 0.96):
            r = max(12 * sheet.unit, r * sheet.rng.uniform(0.35, 1.0))
            need_w = 3.2 * half * r + longest + 0.8 * size if beside else max(3.2 * half * r, longest * 1.08)
            need_h = 3.0 * half * r + (1.6 * size if words and not beside else 0)
            need_h = max(need_h, 1.3 * size)
            grow = sheet.rng.uniform(0.9, 1.5, 2)
            return Grid(
                a,
                down,
                min(cell_w, max(need_w * 0.96, need_w * grow[0])),
                min(cell_h, max(need_h * 0.96, need_h * grow[1])),
                r,
                place,
                size,
            )
    return None


def face(sheet: Sheet, box) -> tuple[int, int, int]:
    """Draws the panel; returns its colour."""
    rng = sheet.rng
    colour = pick(rng, FACES) if chance(rng, 0.5) else tuple(int(v) for v in rng.integers(5, 252, 3))
    x0, y0, x1, y1 = box
    radius = pick(rng, [0, 0.02, 0.08, 0.2]) * min(x1 - x0, y1 - y0)
    if chance(rng, 0.7):
        sheet.shadow(box, radius, 0.015 * min(sheet.size))
    sheet.fill(
        box,
        colour,
        radius,
        mixed(colour, pick(rng, [(128, 128, 128), (0, 0, 0), (255, 255, 255)]), 0.25) if chance(rng, 0.5) else None,
    )
    if chance(rng, 0.4):
        for inset in (2, 6) if chance(rng, 0.3) else (3,):
            sheet.outline(
                (x0 + inset, y0 + inset, x1 - inset, y1 - inset), sheet.ink(colour), rng.uniform(0.7, 3), radius
            )
    return colour


def furniture(sheet: Sheet, box, room: float):
    """Screws in the corners, and slots, a switch or a key in what is left free at the right."""
    rng, (x0, y0, x1, y1) = sheet.rng, box
    if chance(rng, 0.35):
        r = max(2.5, 0.008 * min(sheet.size))
        for x in (x0 + 2.5 * r, x1 - 2.5 * r):
            for y in (y0 + 2.5 * r, y1 - 2.5 * r):
                sheet.disc(x, y, r, (205, 205, 208), (90, 90, 94))
                sheet.stroke((x - 0.6 * r, y - 0.6 * r), (x + 0.6 * r, y + 0.6 * r), (50, 50, 54), 0.8)
    if room < 30:
        return
    x, y, kind = x1 - room / 2, (y0 + y1) / 2, rng.integers(3)
    w = min(0.32 * room, 0.3 * (y1 - y0))
    if kind == 0:  # ventilation
        for i in range(-3, 4):
            sheet.fill((x - w, y + 0.25 * i * w - 0.06 * w, x + w, y + 0.25 * i * w + 0.06 * w), (15, 15, 16), 0.05 * w)
    elif kind == 1:  # rocker switch
        sheet.fill((x - 0.55 * w, y - w, x + 0.55 * w, y + w), (25, 26, 28), 0.1 * w)
        sheet.fill((x - 0.42 * w, y - 0.85 * w, x + 0.42 * w, y), (70, 72, 76), 0.08 * w, (40, 41, 44))
    else:  # key lock
        sheet.fill((x - w, y - w, x + w, y + w), (150, 152, 156), 0.2 * w, (90, 92, 96))
        sheet.fill((x - 0.08 * w, y - 0.5 * w, x + 0.08 * w, y + 0.5 * w), (20, 20, 20))


def paint(sheet: Sheet) -> list[Topic]:
    rng, level = sheet.rng, sheet.level
    look = lens.design(rng)
    stacked = level > 0.2 and chance(rng, 0.1)  # a traffic light, a signal tower
    count = int(rng.integers(2, 5)) if stacked else int(rng.integers(1, 4 if level < 0.2 else 10))
    colours = [str(pick(rng, lamp_topics.LAMPS)) for _ in range(count)]
    if count <= len(lamp_topics.LAMPS) and (stacked or chance(rng, 0.5)):
        colours = [str(c) for c in rng.permutation(lamp_topics.LAMPS)[:count]]
    elif chance(rng, 0.2):
        colours = [colours[0]] * count
    lit = states(rng, count)
    named = level > 0.15 and chance(rng, 0.3 if stacked else 0.75)
    chinese = chance(rng, 0.5)
    words = words_of(rng, count, chinese) if named else []
    place = str(pick(rng, ["left", "right"] if stacked else PLACES))
    across = (
        1
        if stacked
        else count
        if chance(rng, 0.2)
        else 1
        if chance(rng, 0.25)
        else int(rng.integers(1, min(count, 5) + 1))
    )
    size = max(17 * sheet.unit, min(sheet.draw_em(), 34 * sheet.unit))
    grid = None
    while grid is None:
        style = sheet.style(size, clear=False)
        grid = arrange(sheet, count, style, words, across, place, look)
        if grid is None and size > 18 * sheet.unit:
            size = max(17 * sheet.unit, 0.8 * size)
        elif grid is None and words:
            words = []
        elif grid is None:
            count -= 1
            colours, lit = colours[:count], lit[:count]
    draw(sheet, grid, style, look, colours, lit, words, chinese, stacked)
    return lamp_topics.topics(rng, sheet.split, colours, lit, words) + written(rng, sheet.split, colours, words)


def written(rng, split: str, colours: list[str], words: list[str]) -> list[Topic]:
    """What stands at the lamp of a colour that only one has."""
    result = []
    for colour, word in zip(colours, words):
        if colours.count(colour) == 1 and chance(rng, 0.4):
            named = ask(
                rng, split, AT_ZH, AT_EN, word, c=lambda language, colour=colour: lamp_topics.colour_word(colour, language)
            )
            result.append(Topic("lamp", "written", named))
    return result


def draw(sheet: Sheet, grid: Grid, style: Style, look: lens.Design, colours, lit, words, chinese: bool, stacked: bool):
    rng, size, r = sheet.rng, style.size, grid.r
    spare_w, spare_h = sheet.width - grid.wide * grid.across, sheet.height - grid.tall * grid.down
    title = pick(rng, TITLES_ZH if chinese else TITLES_EN) if spare_h > 2.4 * size and chance(rng, 0.25) else ""
    if title and chance(rng, 0.5):
        title = free.hanzi(rng, 3, 5) if chinese else free.latin(rng, 1, 3)
    if title and style.width(title) > 0.95 * grid.wide * grid.across:
        title = ""
    head = 1.5 * size if title else 0.0
    room = rng.uniform(0, 0.5) * spare_w if spare_w > 60 and chance(rng, 0.25) else 0.0
    panel_w, panel_h = grid.wide * grid.across + room, grid.tall * grid.down + head
    x0, y0 = rng.random() * (sheet.width - panel_w), rng.random() * (sheet.height - panel_h)
    box = (x0, y0, x0 + panel_w, y0 + panel_h)
    ground = face(sheet, box)
    furniture(sheet, box, room)
    ink = sheet.ink(ground)
    if title:
        sheet.write_in(x0 + (panel_w - room) / 2, y0 + 0.75 * size, title, style, ink, asked=False)
        if chance(rng, 0.4):
            sheet.stroke((x0, y0 + head), (box[2] - room, y0 + head), ink, 0.05 * size)
    if stacked:
        black = (22, 23, 25)
        cx = x0 + (1.6 * r if not words or grid.place == "right" else grid.wide - 1.6 * r)
        sheet.fill((cx - 1.5 * r, y0 + head, cx + 1.5 * r, box[3]), black, 0.4 * r, mixed(black, (90, 90, 90), 0.4))
    cells = chance(rng, 0.15) and not stacked
    half = max(lens.WIDE.get(look.shape, (1, 1)))
    wide = grid.wide
    for i, (colour, on) in enumerate(zip(colours, lit)):
        left, top = x0 + wide * (i % grid.across), y0 + head + grid.tall * (i // grid.across)
        x, y = left + wide / 2, top + grid.tall / 2
        if cells:
            sheet.outline((left + 1.5, top + 1.5, left + wide - 1.5, top + grid.tall - 1.5), ink, 0.04 * size)
        if stacked and not words:
            x = x0 + 1.6 * r
        if words and grid.place in ("left", "right"):
            reach = 1.6 * half * r
            if grid.place == "right":
                x = left + reach
                sheet.write(x + 1.4 * half * r + 0.3 * size, y + 0.36 * size, words[i], style, ink)
            else:
                x = left + wide - reach
                sheet.write(
                    x - 1.4 * half * r - 0.3 * size - style.width(words[i]), y + 0.36 * size, words[i], style, ink
                )
        elif words:
            down = 1 if grid.place == "below" else -1
            y -= 0.75 * size * down
            high = lens.WIDE.get(look.shape, (1, 1.05))[1]
            sheet.write_in(
                x,
                y + ((1.4 * high if look.bezel != "plate" else 1.4 * half) * r + 0.6 * size) * down,
                words[i],
                style,
                ink,
            )
        sheet.keep(x, y, 1.5 * half * r)
        sheet.mark(mark("lamp", colour, on), x, y)
        lens.shine(sheet, x, y, r, colour, on, look)
    sheet.em = min(sheet.em, 2.2 * r)
