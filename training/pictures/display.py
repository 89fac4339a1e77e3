"""Seven-segment and text displays with units."""

from __future__ import annotations

from training.pictures import character_display
from training.pictures.canvas import Canvas
from training.pictures.display_topics import topics
from training.pictures.picture import Topic
from training.pictures.quantities import PLAIN, QUANTITIES, join, number
from training.pictures.sampling import chance, pick
from training.pictures.seven_segment import seven, seven_width
from training.pictures.splits import FACES
from training.pictures.typeface import Type

LOOKS = (  # screen, lit
    ((15, 5, 5), (255, 40, 30)),
    ((5, 12, 6), (60, 255, 90)),
    ((12, 10, 3), (255, 180, 30)),
    ((5, 6, 16), (80, 150, 255)),
    ((8, 8, 8), (240, 245, 250)),
    ((165, 180, 150), (28, 34, 30)),
    ((190, 200, 190), (20, 20, 24)),
    ((120, 170, 90), (16, 30, 12)),
    ((30, 70, 200), (235, 240, 255)),
    ((25, 12, 4), (255, 110, 20)),
    ((5, 14, 16), (60, 230, 240)),
    ((225, 228, 225), (30, 30, 34)),
)
CHARACTERS = 0.3  # share of character displays, in training


def segments(rng, split: str) -> Type:
    face = pick(rng, list(FACES["segment", split]))
    return Type(face, face)


def paint(canvas: Canvas) -> list[Topic]:
    rng, level, split = canvas.rng, canvas.level, canvas.split
    if split == "train" and chance(rng, CHARACTERS):
        return character_display.paint(canvas)
    count = 1 if level < 0.15 else int(rng.choice([1, 2, 3, 4], p=[0.5, 0.26, 0.16, 0.08]))
    names = list(rng.choice(sorted(PLAIN), size=count, replace=False))
    if "temperature_now" in names and count < 4 and chance(rng, 0.3):
        names.insert(names.index("temperature_now") + 1, "setpoint")
    readings = {}
    for name in names:
        text, unit = number(rng, name, split), pick(rng, QUANTITIES[name][3])
        if name == "setpoint":
            unit = readings["temperature_now"][1]
        readings[name] = (text, unit)
    count = len(readings)
    labelled = count > 1 or chance(rng, 0.5)
    with_unit = {
        name: bool(unit) and (count == 1 or chance(rng, 0.85)) and chance(rng, 0.85)
        for name, (_, unit) in readings.items()
    }

    # The case and its screens.
    margin = rng.uniform(0.02, 0.12) * min(canvas.size)
    across = 2 if count == 4 or (count == 2 and canvas.width > canvas.height and chance(rng, 0.5)) else 1
    down = -(-count // across)
    case_w, case_h = canvas.width - 2 * margin, canvas.height - 2 * margin
    aspect = rng.uniform(1.1, 2.4) * across / down
    if case_w / case_h > aspect * 1.2:
        case_w = case_h * aspect * 1.2
    elif case_w / case_h < aspect:
        case_h = case_w / aspect
    scale = 1.0 if level < 0.2 else rng.uniform(0.62, 1.0)
    case_w, case_h = case_w * scale, case_h * scale
    x0, y0 = (
        margin + rng.random() * (canvas.width - 2 * margin - case_w),
        margin + rng.random() * (canvas.height - 2 * margin - case_h),
    )
    case = pick(
        rng,
        [(40, 42, 46), (215, 215, 210), (90, 95, 100), (240, 240, 240), (25, 25, 25), (60, 80, 110), (200, 190, 160)],
    )
    canvas.rectangle((x0, y0, x0 + case_w, y0 + case_h), case, pick(rng, [0, 0.04, 0.08]) * case_h)
    case_ink = canvas.ink(case)
    screen, lit = pick(rng, LOOKS)
    one_screen = chance(rng, 0.4)
    pad = 0.05 * min(case_w, case_h)
    if one_screen:
        canvas.rectangle((x0 + pad, y0 + pad, x0 + case_w - pad, y0 + case_h - pad), screen, 0.02 * case_h)
    kind = pick(rng, ["font", "font", "drawn", "text"])
    digits_type = segments(rng, split) if kind == "font" else canvas.type()
    small_type = canvas.type()
    slant, bold = (
        rng.uniform(0, 0.15) * (rng.random() < 0.6),
        rng.uniform(0.11, 0.2) if split == "train" else rng.uniform(0.09, 0.17),
    )
    most = 0.13 if split == "test" else 0.3  # of the light, in segments that are not lit
    ghost = tuple(int(s + (v - s) * rng.uniform(0.05, most)) for s, v in zip(screen, lit)) if chance(rng, 0.4) else None
    pieces = {}
    for index, (name, (text, unit)) in enumerate(readings.items()):
        column, row = index % across, index // across
        cell_w, cell_h = (case_w - 2 * pad) / across, (case_h - 2 * pad) / down
        cx, cy = x0 + pad + column * cell_w, y0 + pad + row * cell_h
        label = pick(rng, QUANTITIES[name][2]) if labelled else ""
        ground, ink = (screen, lit) if one_screen else (case, case_ink)
        label_size = max(17 * canvas.unit, min(0.2 * cell_h, 30 * canvas.unit))
        top = cy + cell_h * 0.04
        if label:
            used = 1.25 * label_size
            canvas.text_in(
                cx + cell_w / 2
                if chance(rng, 0.5)
                else cx + cell_w * 0.05 + small_type.width(label, round(label_size)) / 2,
                top + label_size * 0.6,
                label,
                small_type,
                label_size,
                ink,
            )
        else:
            used = 0
        inner = (cx + 0.03 * cell_w, top + used, cx + 0.97 * cell_w, cy + 0.94 * cell_h)
        unit_outside = not one_screen and kind != "text" and chance(rng, 0.3)
        unit_text = unit if with_unit[name] else ""
        unit_size = max(17 * canvas.unit, min((inner[3] - inner[1]) * rng.uniform(0.25, 0.5), 48 * canvas.unit))
        unit_width = small_type.width(unit_text, round(unit_size)) + 0.3 * unit_size if unit_text else 0
        if not one_screen:
            canvas.rectangle(
                (inner[0], inner[1], inner[2] - (unit_width if unit_outside else 0), inner[3]), screen, 0.02 * cell_h
            )
        room_w, room_h = inner[2] - inner[0] - unit_width - 0.06 * cell_w, (inner[3] - inner[1]) * 0.8
        shown = text if kind == "text" else text.replace(" ", "")
        if kind == "drawn":
            height = min(room_h, room_h * room_w / max(1, seven_width(shown, room_h, bold) + slant * room_h))
            height *= 1.0 if level < 0.2 else rng.uniform(0.7, 1.0)
            width = seven_width(shown, height, bold) + slant * height
        else:
            size = room_h * (0.98 if kind == "font" else 1.2)
            size = min(size, size * room_w / max(1.0, digits_type.width(shown, int(size))))
            size = max(10.0, size * (1.0 if level < 0.2 else rng.uniform(0.7, 1.0)))
            height, width = size * (1.0 if kind == "font" else 0.72), digits_type.width(shown, int(size))
        left = inner[0] + 0.03 * cell_w + rng.random() * max(0, room_w - width)
        baseline = (inner[1] + inner[3]) / 2 + height / 2
        if kind == "drawn":
            canvas.em = min(canvas.em, height * 1.2)
            canvas.keep(left + width / 2, baseline - height / 2, width / 2 + 0.1 * height)
            right = seven(canvas, left, baseline, shown, height, lit, ghost, slant, bold)
        else:
            if kind == "font" and ghost:
                canvas.text(
                    left,
                    baseline,
                    "".join("8" if c.isdigit() or c == "-" else c for c in shown),
                    digits_type,
                    size,
                    ghost,
                    asked=False,
                    noted=False,
                )
            right = canvas.text(left, baseline, shown, digits_type, size, lit)
        if unit_text:
            if unit_outside:
                canvas.text(
                    inner[2] - unit_width + 0.2 * unit_size, baseline, unit_text, small_type, unit_size, case_ink
                )
            else:
                canvas.text(
                    min(right + 0.25 * unit_size, inner[2] - unit_width + 0.15 * unit_size),
                    baseline,
                    unit_text,
                    small_type,
                    unit_size,
                    lit,
                )
        answer = join(text, unit_text)
        pieces[name] = (text, unit_text, answer, label)

    return topics(rng, split, pieces, labelled, readings)
