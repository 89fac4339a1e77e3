"""Pieces of print in one or two columns, broken and set smaller until they fit; each on a ground of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import skia

from training.pictures.sampling import chance, pick
from training.pictures.vector.sheet import Sheet, Style, mixed
from training.pictures.vector.sheet import paint as brush

DRESSES = ("none", "none", "none", "none", "band", "band", "patch", "frame", "rule", "bar")


@dataclass
class Piece:
    """A part of the print that stays together: its lines, how large it is, and whether a line may be broken."""

    role: str
    lines: list[str]
    scale: float = 1.0
    breaks: bool = False
    strong: bool = False  # set in the face of headings


class Content:
    """What is to be set: `pieces` from top to bottom."""

    pieces: list[Piece]

    def drop(self) -> bool:
        """Leaves out what is asked about least; False where nothing can be left out."""
        raise NotImplementedError

    def smaller(self) -> bool:
        """Sets the largest piece smaller; False where that is not allowed."""
        piece = max(self.pieces, key=lambda piece: piece.scale)
        if piece.scale <= 1.0:
            return False
        piece.scale = max(1.0, 0.85 * piece.scale)
        return True


def broken(text: str, style: Style, room: float) -> list[str]:
    """The text in as many lines as it takes: broken at spaces, and Chinese anywhere."""
    widths = [width for face, run in style.runs(text) for width in style.advances(face, run)]
    if sum(widths) <= room:
        return [text]
    lines, start, space, used = [], 0, -1, 0.0  # the line's first character, its last space, its width
    for i, character in enumerate(text):
        if character == " ":
            space = i
        used += widths[i]
        if used > room and i > start:
            if character == " " or ord(character) >= 0x2E80 or space <= start:
                cut, following = i, i + (character == " ")
            else:
                cut, following = space, space + 1
            lines.append(text[start:cut])
            start, space, used = following, -1, sum(widths[following : i + 1])
    return [*lines, text[start:]]


class Column:
    """Pieces under each other, `room` px wide at most."""

    def __init__(
        self, pieces: list[Piece], body: Style, head: Style, size: float, least: float, room: float, pitch: float
    ):
        self.parts, self.pitch = [], pitch
        self.width = self.height = 0.0
        for piece in pieces:
            style = (head if piece.strong else body).at(max(least, size * piece.scale))
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


def lay(sheet: Sheet, content: Content, ease: float, ground) -> bool:
    """Prints the content on what `ground(sheet, box)` draws, which returns its colour; False where it does not fit."""
    rng = sheet.rng
    size, least = sheet.draw_em(), max(17 * sheet.unit, sheet.least_em * ease)
    body = sheet.style(size)
    head = body if chance(rng, 0.4) else sheet.style(size)
    if chance(rng, 0.3):  # a logo's letters
        head = replace(head, slant=rng.uniform(0, 0.3), stretch=rng.uniform(0.72, 1.15), bold=chance(rng, 0.4))
    margin, pad, pitch = rng.uniform(0.01, 0.1) * min(sheet.size), rng.uniform(0.5, 1.5), rng.uniform(1.15, 1.8)
    most_w, most_h = sheet.width - 2 * margin, sheet.height - 2 * margin
    if chance(rng, 0.3):  # a narrow box breaks its lines
        most_w *= rng.uniform(0.45, 0.9)
    pieces = content.pieces
    two = len(pieces) > 2 and sheet.width > 1.1 * sheet.height and chance(rng, 0.3)
    at = int(rng.integers(1, max(2, len(pieces))))
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
        if size * 0.92 >= least:
            size *= 0.92
        elif content.smaller():
            continue
        elif two:
            two = False
        elif most_w < sheet.width - 2 * margin:
            most_w = sheet.width - 2 * margin
        elif content.drop():
            pieces, two = content.pieces, False
        else:
            return False
    grow_x, grow_y = rng.random(2) ** 1.5 * (sheet.width - 2 * margin - width, most_h - height)
    x0 = margin + rng.random() * (sheet.width - 2 * margin - width - grow_x)
    y0 = margin + rng.random() * (most_h - height - grow_y)
    box = (x0, y0, x0 + width + grow_x, y0 + height + grow_y)
    paper = ground(sheet, box)
    side = chance(rng, 0.3)
    left, bottom = x0 + pad * size + grow_x * (0.0 if side else rng.random()), box[3] - pad * size
    for column in set_:
        spread(sheet, column, (left, y0 + pad * size, left + column.width, bottom), box, paper, size, len(set_) == 1)
        left += column.width + gap
    if chance(rng, 0.2):  # gloss over the print
        x, wide = rng.uniform(x0, box[2]), rng.uniform(0.05, 0.3) * (box[2] - x0)
        path = skia.Path.Polygon(
            [skia.Point(x, y0), skia.Point(x + wide, y0), skia.Point(x, box[3]), skia.Point(x - wide, box[3])], True
        )
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
        dress = pick(rng, DRESSES) if piece.strong or chance(rng, 0.2) else "none"
        colour = ink if chance(rng, 0.6) else sheet.ink_on(paper, 0.6)
        tint = tuple(int(v) for v in rng.integers(0, 256, 3))
        lean = align if chance(rng, 0.85) else pick(rng, [0.0, 0.5, 1.0])
        left = x0 + (x1 - x0 - width) * lean
        near = (left - 0.25 * size, y - 0.05 * size, left + width + 0.25 * size, y + height)
        if dress == "band":
            full = (
                (box[0], near[1], box[2], near[3]) if wide else (x0 - 0.25 * size, near[1], x1 + 0.25 * size, near[3])
            )
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
            sheet.write(
                left + (width - style.width(line)) * lean, y + 0.5 * lead + 0.36 * style.size, line, style, colour
            )
            y += lead
        y += 0.25 * size + between
