"""Where the boxes of a diagram stand, and the arrows between them: across, down, in bends; straight, bent or curved."""

from __future__ import annotations

from math import atan2, cos, hypot, pi, sin

import skia

from training.pictures.sampling import chance, pick
from training.pictures.vector.sheet import Sheet
from training.pictures.vector.sheet import paint as brush

SHAPES = ("box", "box", "box", "round", "round", "pill", "ellipse", "cut", "barrel")


def place(sheet: Sheet, names: list[str], layers: list[list[int]], arrows: list[tuple[int, int]]) -> bool:
    """Draws the diagram if it fits; boxes of a layer stand beside each other across the flow."""
    rng = sheet.rng
    size, least = sheet.draw_em(), sheet.least
    style = sheet.style(size)
    branched = max(len(layer) for layer in layers) > 1
    ways = ["across", "down"] if branched else ["across", "down", "bends", "bends"]
    way = pick(rng, ways)
    margin = rng.uniform(0.02, 0.06) * min(sheet.size)
    most_w, most_h = sheet.width - 2 * margin, sheet.height - 2 * margin
    pad_x, pad_y, gap, even = rng.uniform(0.4, 1.0), rng.uniform(0.3, 0.9), rng.uniform(1.6, 3.0), chance(rng, 0.6)
    shape = pick(rng, SHAPES)
    if shape in ("ellipse", "cut"):
        pad_x, pad_y = pad_x + 0.6, pad_y + 0.35
    while True:
        style = style.at(size)
        widths = [style.width(name) + 2 * pad_x * size for name in names]
        widths = [max(widths)] * len(names) if even or way != "across" else widths
        tall = (1.1 + 2 * pad_y) * size
        centres = spread(layers, widths, tall, gap * size, way, most_w)
        x1 = max(x + widths[i] / 2 for i, (x, _) in enumerate(centres))
        y1 = max(y for _, y in centres) + tall / 2
        if x1 <= most_w and y1 <= most_h:
            break
        if size * 0.93 >= least:
            size *= 0.93
        elif gap > 1.6 or pad_x > 0.95:
            gap, pad_x, pad_y = (
                1.5,
                (0.8 if shape in ("ellipse", "cut") else 0.4),
                (0.5 if shape in ("ellipse", "cut") else 0.25),
            )
        elif any(other != way for other in ways):
            ways = [other for other in ways if other != way]
            way = pick(rng, ways)
        else:
            return False
    grow_x, grow_y = 1 + rng.random() * min(0.8, most_w / x1 - 1), 1 + rng.random() * min(0.8, most_h / y1 - 1)
    x0 = margin + rng.random() * (most_w - x1 * grow_x)
    y0 = margin + rng.random() * (most_h - y1 * grow_y)
    spots = [
        (x0 + widths[i] / 2 + (x - widths[i] / 2) * grow_x, y0 + tall / 2 + (y - tall / 2) * grow_y)
        for i, (x, y) in enumerate(centres)
    ]
    boxes = [(x - widths[i] / 2, y - tall / 2, x + widths[i] / 2, y + tall / 2) for i, (x, y) in enumerate(spots)]
    draw(sheet, names, arrows, boxes, style, shape, way)
    return True


def spread(layers, widths, tall: float, gap: float, way: str, room: float) -> list[tuple[float, float]]:
    """The centres of the boxes from the corner (0, 0)."""
    centres: list[tuple[float, float]] = [(0.0, 0.0)] * len(widths)
    if way == "bends":  # as text runs, or as an ox ploughs
        step = widths[0] + gap
        across = max(1, int((room + gap) / step))
        for k, i in enumerate(layer[0] for layer in layers):
            row, column = divmod(k, across)
            x = (column if row % 2 == 0 else across - 1 - column) * step + widths[i] / 2
            centres[i] = (x, tall / 2 + row * (tall + gap))
        return centres
    if way == "across":
        x, most = 0.0, max(len(layer) for layer in layers)
        for layer in layers:
            wide = max(widths[i] for i in layer)
            for k, i in enumerate(layer):
                centres[i] = (x + wide / 2, tall / 2 + (k + (most - len(layer)) / 2) * (tall + 0.6 * gap))
            x += wide + gap
        return centres
    most, step = max(len(layer) for layer in layers), max(widths) + 0.5 * gap
    for row, layer in enumerate(layers):
        for k, i in enumerate(layer):
            centres[i] = (max(widths) / 2 + (k + (most - len(layer)) / 2) * step, tall / 2 + row * (tall + 0.8 * gap))
    return centres


def draw(sheet: Sheet, names, arrows, boxes, style, shape: str, way: str):
    rng, size = sheet.rng, style.size
    paper = None
    if chance(rng, 0.75):
        paper = pick(rng, [(255, 255, 255), (250, 250, 245), (240, 244, 250), (24, 28, 36), (250, 246, 230)])
        reach = 0.6 * size
        x0, y0 = min(b[0] for b in boxes) - reach, min(b[1] for b in boxes) - reach
        x1, y1 = max(b[2] for b in boxes) + reach, max(b[3] for b in boxes) + reach
        whole = chance(rng, 0.5)
        sheet.fill((0, 0, *sheet.size) if whole else (x0, y0, x1, y1), paper, 0 if whole else pick(rng, [0, 8]))
    pixels = sheet.rgba[:: max(1, sheet.height // 40), :: max(1, sheet.width // 40), :3].reshape(-1, 3).mean(0)
    ground = paper or tuple(int(v) for v in pixels)
    line = sheet.ink_on(ground, 0.5)
    many = chance(rng, 0.3)
    base = tuple(int(v) for v in rng.integers(0, 256, 3))
    fills = [tuple(int(v) for v in rng.integers(0, 256, 3)) if many else base for _ in names]
    if chance(rng, 0.35):
        fills = [ground] * len(names)
    wide, head = max(1.2, rng.uniform(0.05, 0.12) * size), rng.uniform(0.4, 0.75) * size
    form = "straight" if way in ("bends",) else pick(rng, ["straight", "straight", "elbow", "curve"])
    filled, dashed = chance(rng, 0.7), chance(rng, 0.12)
    for a, b in arrows:
        arrow(sheet, boxes[a], boxes[b], line, wide, head, form, filled, dashed, way)
    edge = line if chance(rng, 0.6) else sheet.ink_on(ground)
    soft = chance(rng, 0.25) and shape not in ("ellipse", "cut")
    for name, box, colour in zip(names, boxes, fills):
        if soft:
            sheet.shadow(box, 0.2 * size, 0.15 * size)
        block(sheet, box, colour, edge, wide, shape, size)
        sheet.write_in((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, name, style, sheet.ink(colour))


def block(sheet: Sheet, box, colour, edge, wide: float, shape: str, size: float):
    x0, y0, x1, y1 = box
    tall = y1 - y0
    if shape == "ellipse":
        rect = skia.Rect.MakeLTRB(*box)
        sheet.skia.drawOval(rect, brush(colour))
        sheet.skia.drawOval(rect, brush(edge, Style=skia.Paint.kStroke_Style, StrokeWidth=wide))
        return
    if shape == "cut":
        c = 0.3 * tall
        points = [(x0 + c, y0), (x1 - c, y0), (x1, y0 + tall / 2), (x1 - c, y1), (x0 + c, y1), (x0, y0 + tall / 2)]
        path = skia.Path.Polygon([skia.Point(*p) for p in points], True)
        sheet.skia.drawPath(path, brush(colour))
        sheet.skia.drawPath(path, brush(edge, Style=skia.Paint.kStroke_Style, StrokeWidth=wide))
        return
    radius = {"round": 0.25 * tall, "pill": 0.5 * tall, "barrel": 0.15 * tall}.get(shape, 0.0)
    sheet.fill(box, colour, radius)
    sheet.outline(box, edge, wide, radius)
    if shape == "barrel":
        for x in (x0 + 0.15 * size, x1 - 0.15 * size):
            sheet.stroke((x, y0 + 0.1 * tall), (x, y1 - 0.1 * tall), edge, 0.6 * wide)


def leave(box, way: str, towards) -> tuple[float, float]:
    """The point of a box's edge from which an arrow leaves towards a point."""
    x0, y0, x1, y1 = box
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    dx, dy = towards[0] - x, towards[1] - y
    sideways = abs(dx) > abs(dy) if way == "bends" else way == "across"
    if sideways:
        return (x1 if dx > 0 else x0), y
    return x, (y1 if dy > 0 else y0)


def arrow(sheet: Sheet, one, two, colour, wide: float, head: float, form: str, filled: bool, dashed: bool, way: str):
    middle = lambda box: ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)  # noqa: E731
    start, end = leave(one, way, middle(two)), leave(two, way, middle(one))
    dx, dy = end[0] - start[0], end[1] - start[1]
    path = skia.Path()
    path.moveTo(*start)
    if form == "straight" or min(abs(dx), abs(dy)) < 2:
        length = max(1.0, hypot(dx, dy))
        path.lineTo(end[0] - 0.5 * head * dx / length, end[1] - 0.5 * head * dy / length)
        angle = atan2(dy, dx)
    elif way == "across":
        if form == "elbow":
            path.lineTo(start[0] + dx / 2, start[1])
            path.lineTo(start[0] + dx / 2, end[1])
            path.lineTo(end[0] - 0.5 * head, end[1])
        else:
            path.cubicTo(start[0] + dx / 2, start[1], start[0] + dx / 2, end[1], end[0] - 0.5 * head, end[1])
        angle = 0.0
    else:
        if form == "elbow":
            path.lineTo(start[0], start[1] + dy / 2)
            path.lineTo(end[0], start[1] + dy / 2)
            path.lineTo(end[0], end[1] - 0.5 * head)
        else:
            path.cubicTo(start[0], start[1] + dy / 2, end[0], start[1] + dy / 2, end[0], end[1] - 0.5 * head)
        angle = pi / 2
    stroke = brush(colour, Style=skia.Paint.kStroke_Style, StrokeWidth=wide)
    if dashed:
        stroke.setPathEffect(skia.DashPathEffect.Make([0.4 * head, 0.25 * head], 0.0))
    sheet.skia.drawPath(path, stroke)
    wings = [(end[0] - head * cos(angle + turn), end[1] - head * sin(angle + turn)) for turn in (0.42, -0.42)]
    if filled:
        sheet.outline_polygon([end, *wings], colour)
    else:
        for wing in wings:
            sheet.stroke(end, wing, colour, wide)
