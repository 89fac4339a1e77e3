"""Pill boxes, bottles, blister cards, pouches and stickers of the second hand, with print laid out in any order."""

from __future__ import annotations

import skia

from training.pictures.picture import Topic
from training.pictures.values import chance, pick
from training.pictures.vector import carton
from training.pictures.vector.carton import Piece
from training.pictures.vector.sheet import NoRoom, Sheet, Style, mixed
from training.pictures.vector.sheet import paint as brush

PAPERS = (
    *((255, 255, 255), (246, 250, 252), (250, 246, 236), (232, 244, 238), (214, 230, 246), (252, 232, 230)),
    *((20, 60, 130), (15, 90, 80), (120, 20, 40), (30, 32, 38)),
)
DRESSES = ("none", "none", "none", "none", "band", "band", "patch", "frame", "rule", "bar")


def broken(text: str, style: Style, room: float) -> list[str]:
    """The text in as many lines as it takes: broken at spaces, and Chinese anywhere."""
    lines, line = [], ""
    for i, character in enumerate(text):
        if line and style.width(line + character) > room:
            cut = line.rfind(" ")
            if character == " " or ord(character) >= 0x2E80 or cut <= 0:
                lines.append(line)
                line = "" if character == " " else character
            else:
                lines.append(line[:cut])
                line = line[cut + 1 :] + character
        else:
            line += character
    return [*lines, line]


class Column:
    """Pieces under each other, `room` px wide at most."""

    def __init__(self, pieces: list[Piece], body: Style, head: Style, size: float, least: float, room: float, pitch: float):
        self.parts, self.pitch = [], pitch
        self.width = self.height = 0.0
        for piece in pieces:
            style = (head if piece.role in ("name", "brand") else body).at(max(least, size * piece.scale))
            lines = []
            for text in piece.lines:
                lines += broken(text, style, room) if piece.breaks else [text]
            width = max(style.width(line) for line in lines)
            # A name in more than three lines, or with single letters on one, is no longer a name.
            if len(lines) > 3 or (len(lines) > 1 and min(len(line) for line in lines) < 2):
                width = 1e9
            height = len(lines) * style.size * pitch
            self.parts.append((piece, style, lines, width, height))
            self.width = max(self.width, width)
            self.height += height + 0.25 * size


def paint(sheet: Sheet) -> list[Topic]:
    rng = sheet.rng
    for attempt in range(40):
        content = carton.fill(rng, sheet.split, sheet.level)
        if lay(sheet, content, 1.0 if attempt < 6 else 0.7):
            return content.topics(rng, sheet.split)
    raise NoRoom


def lay(sheet: Sheet, content: carton.Carton, ease: float) -> bool:
    rng = sheet.rng
    size, least = sheet.draw_em(), max(17 * sheet.unit, sheet.least_em * ease)
    body = sheet.style(size)
    head = body if chance(rng, 0.4) else sheet.style(size)
    margin, pad, pitch = rng.uniform(0.01, 0.1) * min(sheet.size), rng.uniform(0.5, 1.5), rng.uniform(1.15, 1.8)
    most_w, most_h = sheet.width - 2 * margin, sheet.height - 2 * margin
    if chance(rng, 0.3):  # a narrow box breaks its lines
        most_w *= rng.uniform(0.45, 0.9)
    pieces = carton.ordered(rng, content.pieces)
    two = len(pieces) > 2 and sheet.width > 1.1 * sheet.height and chance(rng, 0.3)
    at = int(rng.integers(1, len(pieces)))
    while True:
        gap = 1.2 * size
        room = most_w - 2 * pad * size
        columns = [pieces[:at], pieces[at:]] if two else [pieces]
        share = (room - gap) / 2 if two else room
        set_ = [Column(c, body, head, size, least, share, pitch) for c in columns if c]
        width = sum(c.width for c in set_) + gap * (len(set_) - 1) + 2 * pad * size
        height = max(c.height for c in set_) + 2 * pad * size
        if width <= most_w and height <= most_h:
            break
        name = next(piece for piece in pieces if piece.role == "name")
        if size * 0.92 >= least:
            size *= 0.92
        elif carton.smaller(name):
            continue
        elif two:
            two = False
        elif most_w < sheet.width - 2 * margin:
            most_w = sheet.width - 2 * margin
        elif content.drop():
            pieces = [piece for piece in pieces if any(piece is kept for kept in content.pieces)]
            at = min(at, len(pieces) - 1)
        else:
            return False
    grow_x, grow_y = rng.random(2) ** 1.5 * (sheet.width - 2 * margin - width, most_h - height)
    x0 = margin + rng.random() * (sheet.width - 2 * margin - width - grow_x)
    y0 = margin + rng.random() * (most_h - height - grow_y)
    box = (x0, y0, x0 + width + grow_x, y0 + height + grow_y)
    paper = package(sheet, box)
    side = chance(rng, 0.3)
    left, bottom = x0 + pad * size + grow_x * (0.0 if side else rng.random()), box[3] - pad * size
    for column in set_:
        spread(sheet, column, (left, y0 + pad * size, left + column.width, bottom), box, paper, size, len(set_) == 1)
        left += column.width + gap
    if chance(rng, 0.2):  # gloss over the print
        x, wide = rng.uniform(x0, box[2]), rng.uniform(0.05, 0.3) * (box[2] - x0)
        path = skia.Path.Polygon([skia.Point(x, y0), skia.Point(x + wide, y0), skia.Point(x, box[3]), skia.Point(x - wide, box[3])], True)
        sheet.skia.drawPath(path, brush((255, 255, 255), rng.uniform(0.08, 0.25)))
    return True


def spread(sheet: Sheet, column: Column, place, box, paper, size: float, wide: bool):
    """Prints a column's pieces into `place`, each with or without a ground of its own."""
    rng = sheet.rng
    x0, y, x1, bottom = place
    spare = max(0.0, bottom - y - column.height) / max(1, len(column.parts))
    between, ink = spare * rng.random(), sheet.ink_on(paper)
    align = pick(rng, [0.0, 0.0, 0.0, 0.5, 0.5, 1.0])
    y += (spare - between) * len(column.parts) * rng.random()
    for piece, style, lines, width, height in column.parts:
        dress = pick(rng, DRESSES) if piece.role in ("name", "brand") or chance(rng, 0.2) else "none"
        colour = ink if chance(rng, 0.6) else sheet.ink_on(paper, 0.6)
        tint = tuple(int(v) for v in rng.integers(0, 256, 3))
        lean = align if chance(rng, 0.85) else pick(rng, [0.0, 0.5, 1.0])
        left = x0 + (x1 - x0 - width) * lean
        near = (left - 0.25 * size, y - 0.05 * size, left + width + 0.25 * size, y + height)
        if dress == "band":
            full = (box[0], near[1], box[2], near[3]) if wide else (x0 - 0.25 * size, near[1], x1 + 0.25 * size, near[3])
            sheet.fill(full, tint, 0, mixed(tint, (255, 255, 255), 0.2) if chance(rng, 0.3) else None)
            colour = sheet.ink_on(tint)
        elif dress == "patch":
            sheet.fill(near, tint, pick(rng, [0, 0.2, 0.5]) * height)
            colour = sheet.ink_on(tint)
        elif dress == "frame":
            sheet.outline(near, colour, rng.uniform(0.03, 0.12) * size, pick(rng, [0, 0.3]) * size)
        elif dress == "rule":
            sheet.stroke((x0, near[3]), (x1, near[3]), tint, 0.06 * size)
        elif dress == "bar":
            sheet.fill((left - 0.35 * size, near[1], left - 0.15 * size, near[3]), tint)
        lead = style.size * column.pitch
        for line in lines:
            sheet.write(left + (width - style.width(line)) * lean, y + 0.5 * lead + 0.36 * style.size, line, style, colour)
            y += lead
        y += 0.25 * size + between


def package(sheet: Sheet, box) -> tuple[int, int, int]:
    """Draws a carton, a bottle, a blister card, a pouch or a sticker; returns the colour that is printed on."""
    rng, (x0, y0, x1, y1) = sheet.rng, box
    wide, tall, white, black = x1 - x0, y1 - y0, (255, 255, 255), (0, 0, 0)
    paper = pick(rng, PAPERS) if chance(rng, 0.6) else tuple(int(v) for v in rng.integers(10, 252, 3))
    kind = pick(rng, ["carton", "carton", "carton", "bottle", "blister", "pouch", "sticker", "plain"])
    radius = pick(rng, [0, 0, 0.03, 0.1]) * min(wide, tall)
    tint, reach = tuple(int(v) for v in rng.integers(0, 235, 3)), 0.02 * min(sheet.size)
    if kind == "bottle":
        glass, radius = pick(rng, [(120, 70, 20), (240, 240, 240), (210, 225, 235), (40, 90, 60)]), 0.06 * min(wide, tall)
        sheet.fill((x0 - 6 * reach, y0 - 3 * reach, x1 + 6 * reach, y1 + 4 * reach), glass, 4 * reach, mixed(glass, black, 0.5))
        sheet.fill((x0 + 0.25 * wide, y0 - 12 * reach, x1 - 0.25 * wide, y0 - 3 * reach), tint, reach, mixed(tint, white, 0.4))
    elif kind == "blister":
        sheet.fill((x0 - 5 * reach, y0 - 5 * reach, x1 + 5 * reach, y1 + 5 * reach), (196, 198, 202), 2 * reach, (120, 122, 128))
        for i in range(6):
            for y in (y0 - 2.6 * reach, y1 + 2.6 * reach):
                sheet.disc(x0 + (i + 0.5) * wide / 6, y, 1.8 * reach, mixed(tint, white, 0.3), mixed(tint, black, 0.2))
    else:
        sheet.shadow(box, radius, reach * rng.uniform(0.3, 1.5))
    if kind == "carton":
        depth = rng.uniform(1, 3) * reach
        sheet.outline_polygon([(x1, y0), (x1 + depth, y0 - depth), (x1 + depth, y1 - depth), (x1, y1)], mixed(paper, black, 0.3))
        sheet.outline_polygon([(x0, y0), (x0 + depth, y0 - depth), (x1 + depth, y0 - depth), (x1, y0)], mixed(paper, black, 0.15))
    toward = pick(rng, [(180, 190, 200), (128, 128, 128), white])
    sheet.fill(box, paper, radius, mixed(paper, toward, rng.uniform(0.1, 0.5)) if chance(rng, 0.5) else None)
    if kind == "pouch":
        for i in range(int(wide / (1.5 * reach))):
            sheet.stroke((x0 + 1.5 * reach * i, y0), (x0 + 1.5 * reach * i + reach, y0 + reach), mixed(paper, black, 0.4), 1)
    sheet.skia.save()
    sheet.skia.clipRRect(sheet.rect(box, radius), skia.ClipOp.kIntersect, True)
    look = rng.integers(9)
    if look == 0:
        sheet.disc(x1, y0, 0.25 * min(wide, tall), tint, None, 0.0, 0.25)
    elif look == 1:
        for i in range(4):
            sheet.stroke((x0, y1 - (0.6 * i + 0.3) * reach), (x1, y1 - (0.6 * i + 0.3) * reach), tint, 0.3 * reach)
    elif look == 2:
        sheet.outline_polygon([(x0, y1), (x0, y1 - 0.1 * tall), (x1, y1)], tint)
    elif look == 3:
        sheet.fill((x0, y0, x0 + 0.6 * reach, y1), tint)
    elif look == 4:
        sheet.outline((x0 + 2, y0 + 2, x1 - 2, y1 - 2), tint, 0.15 * reach, radius)
    elif look == 5:  # faint tablets behind the print
        for _ in range(6):
            sheet.disc(rng.uniform(x0, x1), rng.uniform(y0, y1), rng.uniform(0.05, 0.2) * tall, tint, None, 0.0, 0.12)
    sheet.skia.restore()
    return paper
