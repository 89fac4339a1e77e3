"""How a table is drawn: ruled on paper or a screen, or as a spreadsheet with letters, numbers and a selected cell."""

from __future__ import annotations

from dataclasses import dataclass

from training.pictures.sampling import chance, pick
from training.pictures.vector.sheet import NoRoom, Sheet, mixed


@dataclass
class Grid:
    """Rows of text, the heads first and the names at the left. `selected`: row and column from 0, in a spreadsheet."""

    rows: list[list[str]]
    title: str = ""
    spreadsheet: bool = False
    selected: tuple[int, int] | None = None

    def without_last_row(self) -> bool:
        if len(self.rows) <= 3:
            return False
        self.rows.pop()
        return True

    def without_last_column(self) -> bool:
        if len(self.rows[0]) <= 2:
            return False
        self.rows = [row[:-1] for row in self.rows]
        return True


def address(row: int, column: int) -> str:
    """A spreadsheet's name of a cell, both counted from 0: B3."""
    return f"{'ABCDEFGHIJ'[column]}{row + 1}"


def draw(sheet: Sheet, grid: Grid):
    """Draws the grid, leaving out last rows and columns where there is no room; raises NoRoom."""
    rng = sheet.rng
    size = sheet.draw_em()
    style = sheet.style(size)
    margin, pad_x, pad_y = rng.uniform(0.01, 0.08) * min(sheet.size), rng.uniform(0.3, 1.0), rng.uniform(0.2, 0.7)
    letters = 1 if grid.spreadsheet else 0
    bar = grid.spreadsheet and chance(rng, 0.4)  # the line that shows the selected cell
    while True:
        style = style.at(size)
        columns = range(len(grid.rows[0]))
        widths = [max(style.width(row[j]) for row in grid.rows) + 2 * pad_x * size for j in columns]
        gutter = style.width("00") + 0.8 * size if letters else 0.0
        tall = (1 + 2 * pad_y) * size
        above = (1.5 * size if grid.title else 0.0) + (1.5 * size if bar else 0.0)
        wide = max(sum(widths) + gutter, style.width(grid.title))
        high = tall * (len(grid.rows) + letters) + above
        if wide <= sheet.width - 2 * margin and high <= sheet.height - 2 * margin:
            break
        if size * 0.93 >= sheet.least:
            size *= 0.93
        elif pad_x > 0.3 or pad_y > 0.2:
            pad_x, pad_y = 0.3, 0.2
        elif grid.title or bar:
            grid.title, bar = "", False
        elif not (high > sheet.height - 2 * margin and grid.without_last_row()) and not grid.without_last_column():
            raise NoRoom
    if grid.selected and (grid.selected[0] >= len(grid.rows) or grid.selected[1] >= len(grid.rows[0])):
        grid.selected = (len(grid.rows) - 1, len(grid.rows[0]) - 1)
    spare_x, spare_y = sheet.width - 2 * margin - wide, sheet.height - 2 * margin - high
    if chance(rng, 0.6):
        widths = [w + spare_x * rng.random() * 0.8 / len(widths) for w in widths]
        tall += spare_y * rng.random() * 0.6 / (len(grid.rows) + letters)
    wide, high = max(sum(widths) + gutter, wide), tall * (len(grid.rows) + letters) + above
    x0 = margin + rng.random() * max(0.0, sheet.width - 2 * margin - wide)
    y0 = margin + rng.random() * max(0.0, sheet.height - 2 * margin - high)
    paper = pick(rng, [(255, 255, 255), (250, 250, 246), (240, 244, 250), (30, 32, 36), (44, 48, 58)])
    if chance(rng, 0.3) and not grid.spreadsheet:
        paper = tuple(int(v) for v in rng.integers(150, 256, 3))
    if chance(rng, 0.3):
        sheet.shadow((x0, y0, x0 + wide, y0 + high), 0, 0.012 * min(sheet.size))
    sheet.fill((x0, y0, x0 + wide, y0 + high), paper)
    ink = sheet.ink(paper)
    if grid.title:
        sheet.write(
            x0 + (wide - style.width(grid.title)) * pick(rng, [0, 0.5]),
            y0 + 1.1 * size,
            grid.title,
            style,
            ink,
            asked=False,
        )
    if bar:
        y = y0 + above - 1.5 * size
        sheet.fill((x0, y, x0 + wide, y + 1.4 * size), mixed(paper, (128, 128, 128), 0.12))
        if grid.selected:
            sheet.write(x0 + 0.4 * size, y + 1.05 * size, address(*grid.selected), style, ink)
            sheet.stroke((x0 + 3.2 * size, y), (x0 + 3.2 * size, y + 1.4 * size), mixed(paper, ink, 0.4), 1.0)
    body = (x0 + gutter, y0 + above + letters * tall, x0 + gutter + sum(widths), y0 + high)
    cells(sheet, grid, style, body, widths, tall, paper, ink, pad_x)
    if grid.spreadsheet:
        frame(sheet, grid, style, body, widths, tall, gutter, paper, ink)


def cells(sheet: Sheet, grid: Grid, style, body, widths, tall: float, paper, ink, pad_x: float):
    rng, size, (x0, y0, x1, y1) = sheet.rng, style.size, body
    headed = chance(rng, 0.25 if grid.spreadsheet else 0.6)
    band = mixed(paper, tuple(rng.integers(0, 256, 3)), rng.uniform(0.1, 0.9)) if headed else paper
    sheet.fill((x0, y0, x1, y0 + tall), band)
    if chance(rng, 0.1 if grid.spreadsheet else 0.4):
        for i in range(2, len(grid.rows), 2):
            sheet.fill((x0, y0 + i * tall, x1, y0 + (i + 1) * tall), mixed(paper, ink, 0.08))
    lines = "all" if grid.spreadsheet else pick(rng, ["all", "all", "rows", "none", "columns"])
    edge = max(1.0, rng.uniform(0.02, 0.06) * size)
    shade = mixed(paper, ink, rng.uniform(0.12, 0.35) if grid.spreadsheet else rng.uniform(0.25, 1.0))
    for i in range(len(grid.rows) + 1) if lines in ("all", "rows") else ():
        sheet.stroke((x0, y0 + i * tall), (x1, y0 + i * tall), shade, edge)
    align, head_ink, x = pick(rng, ["left", "right", "middle"]), sheet.ink(band), x0
    for j, width in enumerate(widths):
        if lines in ("all", "columns"):
            sheet.stroke((x, y0), (x, y1), shade, edge)
        for i, row in enumerate(grid.rows):
            free_width = width - style.width(row[j]) - 2 * pad_x * size
            side = {"left": 0.0, "right": 1.0, "middle": 0.5}[align if j else "left"]
            left = x + pad_x * size + free_width * side
            sheet.cell = i + 1, j + 1
            sheet.write(left, y0 + (i + 0.5) * tall + 0.36 * size, row[j], style, head_ink if i == 0 else ink)
        x += width
    sheet.cell = 0, 0
    if lines in ("all", "columns"):
        sheet.stroke((x, y0), (x, y1), shade, edge)


def frame(sheet: Sheet, grid: Grid, style, body, widths, tall: float, gutter: float, paper, ink):
    """A spreadsheet's letters above and numbers at the left, and the selected cell."""
    rng, size, (x0, y0, x1, y1) = sheet.rng, style.size, body
    head = mixed(paper, (128, 128, 128), rng.uniform(0.08, 0.25))
    strong = pick(rng, [(33, 115, 70), (26, 115, 232), (200, 90, 30), (120, 60, 160)])
    sheet.fill((x0 - gutter, y0 - tall, x1, y0), head)
    sheet.fill((x0 - gutter, y0, x0, y1), head)
    faint, shade, x = sheet.ink(head), mixed(head, ink, 0.3), x0
    for j, width in enumerate(widths):
        chosen = grid.selected is not None and grid.selected[1] == j
        if chosen:
            sheet.fill((x, y0 - tall, x + width, y0), mixed(head, strong, 0.3))
        sheet.stroke((x, y0 - tall), (x, y0), shade, 1.0)
        sheet.write_in(x + width / 2, y0 - tall / 2, address(0, j)[0], style, faint)
        x += width
    for i in range(len(grid.rows)):
        if grid.selected is not None and grid.selected[0] == i:
            sheet.fill((x0 - gutter, y0 + i * tall, x0, y0 + (i + 1) * tall), mixed(head, strong, 0.3))
        sheet.stroke((x0 - gutter, y0 + i * tall), (x0, y0 + i * tall), shade, 1.0)
        sheet.write_in(x0 - gutter / 2, y0 + (i + 0.5) * tall, str(i + 1), style, faint)
    if grid.selected is not None:
        i, j = grid.selected
        left = x0 + sum(widths[:j])
        sheet.outline((left, y0 + i * tall, left + widths[j], y0 + (i + 1) * tall), strong, max(2.0, 0.1 * size))
