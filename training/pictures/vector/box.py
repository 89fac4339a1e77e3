"""Pill boxes, bottles, blister cards, pouches and stickers of the second hand, with print laid out in any order."""

from __future__ import annotations

import skia

from training.pictures.picture import Topic
from training.pictures.sampling import chance, pick
from training.pictures.vector import carton
from training.pictures.vector.sheet import NoRoom, Sheet, mixed
from training.pictures.vector.stack import lay

PAPERS = (
    *((255, 255, 255), (246, 250, 252), (250, 246, 236), (232, 244, 238), (214, 230, 246), (252, 232, 230)),
    *((20, 60, 130), (15, 90, 80), (120, 20, 40), (30, 32, 38)),
)


def paint(sheet: Sheet) -> list[Topic]:
    rng = sheet.rng
    for attempt in range(40):
        content = carton.fill(rng, sheet.split, sheet.level)
        if lay(sheet, content, 1.0 if attempt < 6 else 0.7, package):
            return content.topics(rng, sheet.split)
    raise NoRoom


def package(sheet: Sheet, box) -> tuple[int, int, int]:
    """Draws a carton, a bottle, a blister card, a pouch or a sticker; returns the colour that is printed on."""
    rng, (x0, y0, x1, y1) = sheet.rng, box
    wide, tall, white, black = x1 - x0, y1 - y0, (255, 255, 255), (0, 0, 0)
    paper = pick(rng, PAPERS) if chance(rng, 0.6) else tuple(int(v) for v in rng.integers(10, 252, 3))
    kind = pick(rng, ["carton", "carton", "carton", "bottle", "blister", "pouch", "sticker", "plain"])
    radius = pick(rng, [0, 0, 0.03, 0.1]) * min(wide, tall)
    tint, reach = tuple(int(v) for v in rng.integers(0, 235, 3)), 0.02 * min(sheet.size)
    if kind == "bottle":
        glass, radius = (
            pick(rng, [(120, 70, 20), (240, 240, 240), (210, 225, 235), (40, 90, 60)]),
            0.06 * min(wide, tall),
        )
        sheet.fill(
            (x0 - 6 * reach, y0 - 3 * reach, x1 + 6 * reach, y1 + 4 * reach), glass, 4 * reach, mixed(glass, black, 0.5)
        )
        sheet.fill(
            (x0 + 0.25 * wide, y0 - 12 * reach, x1 - 0.25 * wide, y0 - 3 * reach), tint, reach, mixed(tint, white, 0.4)
        )
    elif kind == "blister":
        sheet.fill(
            (x0 - 5 * reach, y0 - 5 * reach, x1 + 5 * reach, y1 + 5 * reach),
            (196, 198, 202),
            2 * reach,
            (120, 122, 128),
        )
        for i in range(6):
            for y in (y0 - 2.6 * reach, y1 + 2.6 * reach):
                sheet.disc(x0 + (i + 0.5) * wide / 6, y, 1.8 * reach, mixed(tint, white, 0.3), mixed(tint, black, 0.2))
    else:
        sheet.shadow(box, radius, reach * rng.uniform(0.3, 1.5))
    if kind == "carton":
        depth = rng.uniform(1, 3) * reach
        sheet.outline_polygon(
            [(x1, y0), (x1 + depth, y0 - depth), (x1 + depth, y1 - depth), (x1, y1)], mixed(paper, black, 0.3)
        )
        sheet.outline_polygon(
            [(x0, y0), (x0 + depth, y0 - depth), (x1 + depth, y0 - depth), (x1, y0)], mixed(paper, black, 0.15)
        )
    toward = pick(rng, [(180, 190, 200), (128, 128, 128), white])
    sheet.fill(box, paper, radius, mixed(paper, toward, rng.uniform(0.1, 0.5)) if chance(rng, 0.5) else None)
    if kind == "pouch":
        for i in range(int(wide / (1.5 * reach))):
            sheet.stroke(
                (x0 + 1.5 * reach * i, y0), (x0 + 1.5 * reach * i + reach, y0 + reach), mixed(paper, black, 0.4), 1
            )
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
