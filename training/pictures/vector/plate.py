"""Nameplates of the second hand: tables with lines, cards, lists and running text on metal, plastic or paper."""

from __future__ import annotations

from training.pictures import companies, free, nameplate_rows, nameplate_topics, values
from training.pictures.canvas import luminance
from training.pictures.picture import Topic
from training.pictures.sampling import chance, pick
from training.pictures.vector.sheet import NoRoom, Sheet, Style, mixed
from training.pictures.vector.sheet import paint as brush

CALM = (
    *((250, 250, 250), (225, 228, 230), (190, 194, 198), (35, 36, 40), (18, 42, 96)),
    *((250, 214, 60), (196, 30, 40), (16, 92, 70), (236, 226, 200), (120, 126, 132)),
)


def material(sheet: Sheet, box, radius: float):
    """Draws an empty plate; returns its colour."""
    rng = sheet.rng
    colour = pick(rng, CALM) if chance(rng, 0.6) else tuple(int(v) for v in rng.integers(15, 250, 3))
    reach = rng.uniform(0.004, 0.02) * min(sheet.size)
    if chance(rng, 0.5):
        sheet.shadow(box, radius, reach)
    gradient = (
        mixed(colour, pick(rng, [(255, 255, 255), (0, 0, 0)]), rng.uniform(0, 0.25)) if chance(rng, 0.6) else None
    )
    sheet.fill(box, colour, radius, gradient)
    if chance(rng, 0.25) and sheet.level > 0.2:  # brushed
        light = (255, 255, 255) if luminance(colour) < 128 else (90, 90, 90)
        x0, y0, x1, y1 = box
        for y in rng.uniform(y0, y1, int((y1 - y0) / 3)):
            sheet.skia.drawLine(x0, y, x1, y, brush(light, rng.uniform(0.02, 0.14), StrokeWidth=1.0))
    return colour


def fit(sheet: Sheet, rows, style: Style, label: Style, kind: str, columns: int, room: float, size: float):
    """(width, height, cells): each cell is label, value and their places, from the block's corner."""
    style, label, gap = style.at(size), label.at(size * (0.72 if kind == "cards" else 1.0)), 0.55 * size
    if label.size < sheet.least_em:
        label = label.at(sheet.least_em)
    pitch = size * sheet.pitch
    cells, widths = [], [0.0] * columns
    lines = -(-len(rows) // columns)
    if kind == "running":
        x, y, width = 0.0, 0.0, 0.0
        for row in rows:
            a, b = label.width(row.label + " "), style.width(row.value)
            if x and x + a + b > room:
                x, y = 0.0, y + pitch
            cells.append((row, x, y + 0.85 * size, x + a, y + 0.85 * size))
            width, x = max(width, x + a + b), x + a + b + 1.4 * size
        return width, y + pitch, cells, label, style
    step = pitch + (label.size * 1.15 if kind == "cards" else 0)
    firsts = [max([label.width(row.label) for row in rows[i * lines : (i + 1) * lines]] or [0]) for i in range(columns)]
    for i in range(columns):
        for row in rows[i * lines : (i + 1) * lines]:
            if kind == "cards":
                widths[i] = max(widths[i], label.width(row.label), style.width(row.value))
            elif kind == "list":
                widths[i] = max(widths[i], label.width(row.label + sheet.colon) + style.width(row.value))
            else:
                widths[i] = max(
                    widths[i], firsts[i] + gap + style.width(row.value) if row.label else style.width(row.value)
                )
    left = 0.0
    for i in range(columns):
        for j, row in enumerate(rows[i * lines : (i + 1) * lines]):
            y = j * step
            if kind == "cards":
                cells.append((row, left, y + 0.85 * label.size, left, y + label.size * 1.15 + 0.85 * size))
            elif kind == "list":
                cells.append(
                    (
                        row,
                        left,
                        y + 0.85 * size,
                        left + label.width(row.label + sheet.colon) * bool(row.label),
                        y + 0.85 * size,
                    )
                )
            else:
                cells.append((row, left, y + 0.85 * size, left + (firsts[i] + gap) * bool(row.label), y + 0.85 * size))
        left += widths[i] + 1.3 * size
    return left - 1.3 * size, lines * step, cells, label, style


def paint(sheet: Sheet) -> list[Topic]:
    rng, level, split = sheet.rng, sheet.level, sheet.split
    rows, language = nameplate_rows.rows(rng, split, level, 1 if level < 0.1 else 2 + int(round(8 * level)))
    printed = {}
    heading = ""
    if level > 0.2 and chance(rng, 0.45):
        if chance(rng, 0.5):
            heading = pick(rng, values.PRODUCTS_EN if language == "en" else values.PRODUCTS_ZH)
            if chance(rng, 0.3):
                heading = free.hanzi(rng, 2, 6) if language != "en" else f"{free.latin(rng)} {free.latin(rng)}"
            printed["product"] = heading
        elif all(row.name != "manufacturer" for row in rows):
            printed["brand"] = heading = companies.brand(rng, split)
    return place(sheet, rows, heading, printed, lambda shown: nameplate_topics.topics(rng, split, shown))


def place(sheet: Sheet, rows, heading: str, printed: dict, topics) -> list[Topic]:
    """Lays rows (name, label, value) out on a plate, leaving out what does not fit; `topics(printed)` are asked."""
    rng = sheet.rng
    sheet.pitch, sheet.colon = rng.uniform(1.25, 2.1), pick(rng, [": ", "：", " ", ": ", "  ", " = ", " - "])
    kind = pick(rng, ["table", "table", "grid", "list", "list", "cards", "running"])
    columns = pick(rng, [1, 1, 2]) if len(rows) > 3 and kind != "running" else 1
    size = sheet.draw_em()
    style, label = sheet.style(size), sheet.style(size, clear=False)
    if chance(rng, 0.6):
        label = style
    least = sheet.least
    if any("O" in row.value and "0" in row.value or "I" in row.value and "1" in row.value for row in rows):
        least = max(least, 22 * sheet.unit)
    margin, pad = rng.uniform(0.01, 0.09) * min(sheet.size), rng.uniform(0.5, 1.6)
    big = rng.uniform(1.0, 1.9)
    foot = footer(sheet, rows)
    rows = [row for row in rows if row is not foot]
    while True:
        room = sheet.width - 2 * (margin + pad * size)
        width, height, cells, small, main = fit(sheet, rows, style, label, kind, columns, room, size)
        top = size * big * 1.6 if heading else 0.0
        bottom = 1.6 * size if foot else 0.0
        head, base = style.at(size * big), style.at(max(least, 0.85 * size))
        width = max(width, base.width(foot.value) if foot else 0)
        wide = max(width, head.width(heading) if heading else 0) + 2 * pad * size
        tall = height + top + bottom + 2 * pad * size
        if wide <= sheet.width - 2 * margin and tall <= sheet.height - 2 * margin:
            break
        if size * 0.93 >= least:
            size *= 0.93
        elif columns > 1:
            columns = 1
        elif pad > 0.5:
            pad = 0.4
        elif heading and big > 1.05:
            big = 1.0
        elif len(rows) > 1:
            longest = max(rows, key=lambda row: len(row.label) + len(row.value))
            rows = [row for row in rows if row is not (longest if wide > sheet.width - 2 * margin else rows[-1])]
        elif foot:
            foot = None
        elif heading:
            heading, printed = "", {}
        else:
            raise NoRoom
    grow_x, grow_y = rng.random(2) ** 2 * (sheet.width - 2 * margin - wide, sheet.height - 2 * margin - tall)
    x0 = margin + rng.random() * (sheet.width - 2 * margin - wide - grow_x)
    y0 = margin + rng.random() * (sheet.height - 2 * margin - tall - grow_y)
    box = (x0, y0, x0 + wide + grow_x, y0 + tall + grow_y)
    radius = pick(rng, [0, 0, 0.03, 0.08, 0.2]) * min(wide, tall)
    ground = material(sheet, box, radius)
    ink = sheet.ink_on(ground)
    faint = ink if chance(rng, 0.6) else sheet.ink_on(ground)
    relief = mixed(ground, (255, 255, 255) if luminance(ink) < 128 else (0, 0, 0), 0.7) if chance(rng, 0.12) else None
    if chance(rng, 0.4):
        inset = rng.uniform(0.1, 0.4) * pad * size
        sheet.outline(
            (box[0] + inset, box[1] + inset, box[2] - inset, box[3] - inset),
            ink,
            rng.uniform(0.02, 0.1) * size,
            radius * 0.8,
        )
    if chance(rng, 0.3):
        r, inset = 0.3 * size, 0.45 * pad * size
        for x in (box[0] + inset, box[2] - inset):
            for y in (box[1] + inset, box[3] - inset):
                sheet.disc(x, y, r * 0.8, (215, 215, 218), (80, 80, 84))
    left = x0 + pad * size + grow_x * rng.random()
    y = y0 + pad * size + grow_y * rng.random()
    if heading:
        if chance(rng, 0.3):
            band = sheet.ink_on(ground)
            sheet.fill((box[0], y0, box[2], y + top * 0.9), band, radius)
            head_ink = sheet.ink(band)
        else:
            head_ink = ink
        sheet.write(left, y + 0.95 * head.size, heading, head, head_ink)
        y += top
    if kind == "grid":
        edge = max(1.0, 0.04 * size)
        for row, lx, ly, vx, vy in cells:
            bottom = y + ly + 0.36 * size
            sheet.stroke((left - 0.2 * size, bottom), (left + width + 0.2 * size, bottom), faint, edge)
    for row, lx, ly, vx, vy in cells:
        if row.label:
            end = sheet.write(left + lx, y + ly, row.label, small, faint)
            if kind in ("list", "running"):
                mark = sheet.colon.rstrip() if kind == "list" else ""
                if mark:
                    sheet.write(end, y + ly, mark, small, faint)
        sheet.write(left + vx, y + vy, row.value, main, ink, relief=relief)
    if foot:
        y += height + 0.2 * size
        if chance(rng, 0.3):
            sheet.stroke((left, y), (left + width, y), faint, max(1.0, 0.04 * size))
        sheet.write(left + pick(rng, [0, 0.5, 1]) * (width - base.width(foot.value)), y + 1.1 * base.size, foot.value, base, faint)
    printed = dict(printed) | {row.name: row.value for row in (*rows, foot) if row}
    return topics(printed)


def footer(sheet: Sheet, rows):
    """A maker whose name stands alone, to be set below the others in training; None where there is none."""
    alone = [row for row in rows if row.name == "manufacturer" and not row.label and len(rows) > 1]
    return alone[0] if alone and sheet.split == "train" and chance(sheet.rng, 0.6) else None
