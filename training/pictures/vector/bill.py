"""Where an invoice's print stands: heads in one or two columns, items in a table, totals; sheets and till rolls."""

from __future__ import annotations

from training.pictures import free
from training.pictures.picture import Topic
from training.pictures.sampling import chance, pick
from training.pictures.vector import invoice
from training.pictures.vector.invoice import Invoice
from training.pictures.vector.invoice_topics import topics
from training.pictures.vector.sheet import NoRoom, Sheet, Style, mixed

TOTALS = ("subtotal", "tax", "total")
THANKS = (
    "谢谢惠顾|欢迎下次光临|开票人：|收款人：|请妥善保管|盖章有效".split("|"),
    "Thank you|Paid in cash|Payable in 30 days|Signature|See you soon|No refund".split("|"),
)


def paint(sheet: Sheet) -> list[Topic]:
    rng = sheet.rng
    most, full = (1, 0.4) if sheet.level < 0.2 else (6, 1.0)
    for _ in range(24):
        content = invoice.make(rng, sheet.split, most, full)
        if lay(sheet, content):
            return topics(rng, sheet.split, content)
        most, full = max(1, most - 1), max(0.25, full * 0.88)
    raise NoRoom


class Plan:
    """Every size at an em of `size` px: heads (rows of label and value), columns of the items, totals."""

    def __init__(self, content: Invoice, style: Style, size: float, loose: float, two: bool, colon: str):
        self.style, self.size, self.pitch = style.at(size), size, size * loose
        width = self.style.width
        heads = [(label + colon, value) for name, (label, value) in content.fields.items() if name not in TOTALS]
        self.rows = [heads[i : i + 2] for i in range(0, len(heads), 2)] if two else [[head] for head in heads]
        self.halves = [max([width(a + b) for a, b in heads[i :: 1 + two]] or [0]) for i in range(1 + two)]
        self.names = list(content.columns)
        self.widths = [
            max([width(content.columns[n])] + [width(item[n]) for item in content.items]) for n in self.names
        ]
        self.totals = [(label + colon, value) for name, (label, value) in content.fields.items() if name in TOTALS]
        self.gap = 0.9 * size
        table = sum(self.widths) + self.gap * (len(self.names) - 1)
        self.width = max(sum(self.halves) + self.gap * two, table, max(width(a + b) for a, b in self.totals))
        self.lines = len(self.rows) + 1 + len(content.items) + len(self.totals)


def lay(sheet: Sheet, content: Invoice) -> bool:
    rng = sheet.rng
    size, least = sheet.draw_em(), sheet.least
    style, head = sheet.style(size), sheet.style(size)
    head = style if chance(rng, 0.5) else head
    margin, pad, loose = rng.uniform(0.01, 0.06) * min(sheet.size), rng.uniform(0.5, 1.2), rng.uniform(1.2, 1.6)
    two, big = chance(rng, 0.5), rng.uniform(1.0, 1.6)
    colon = pick(rng, ["：", "："] if content.chinese else [": ", ": ", "  "])
    foot = pick(rng, THANKS[not content.chinese]) if chance(rng, 0.3) else ""
    while True:
        plan = Plan(content, style, size, loose, two, colon)
        title = head.at(big * size)
        width = max(plan.width, title.width(content.title), plan.style.width(foot)) + 2 * pad * size
        height = (plan.lines + bool(foot) + 0.8) * plan.pitch + 1.4 * title.size + 2 * pad * size
        if width <= sheet.width - 2 * margin and height <= sheet.height - 2 * margin:
            break
        if size * 0.93 >= least:
            size *= 0.93
        elif two:
            two = False
        elif loose > 1.2 or pad > 0.5 or big > 1.0 or foot:
            loose, pad, big, foot = 1.18, 0.4, 1.0, ""
        else:
            return False
    spare_w, spare_h = sheet.width - 2 * margin - width, sheet.height - 2 * margin - height
    grow_w, grow_h = rng.random() ** 1.5 * spare_w, rng.random() ** 1.5 * spare_h
    x0, y0 = margin + rng.random() * (spare_w - grow_w), margin + rng.random() * (spare_h - grow_h)
    box = (x0, y0, x0 + width + grow_w, y0 + height + grow_h)
    paper = pick(
        rng,
        [
            (255, 255, 255),
            (250, 250, 245),
            (248, 240, 220),
            (226, 238, 226),
            (234, 240, 250),
            (250, 232, 236),
            (36, 38, 44),
        ],
    )
    if chance(rng, 0.7):
        sheet.shadow(box, 0, 0.012 * min(sheet.size))
    sheet.fill(box, paper, 0, mixed(paper, (150, 150, 150), 0.15) if chance(rng, 0.4) else None)
    inner = (x0 + pad * size, y0 + pad * size, box[2] - pad * size, box[3] - pad * size)
    write(sheet, content, plan, title, inner, paper, foot, grow_h / (plan.lines + 3))
    return True


def write(sheet: Sheet, content: Invoice, plan: Plan, title: Style, inner, paper, foot: str, extra: float):
    """Prints the invoice from the top; `extra` px are added between its parts."""
    rng, style, size, pitch = sheet.rng, plan.style, plan.size, plan.pitch
    x0, y, x1, _ = inner
    ink, middle = sheet.ink_on(paper, 0.2), (x0 + x1) / 2
    accent = sheet.ink_on(paper, 0.7)
    at = pick(
        rng,
        [
            x0,
            middle - title.width(content.title) / 2,
            middle - title.width(content.title) / 2,
            x1 - title.width(content.title),
        ],
    )
    sheet.write(at, y + 1.0 * title.size, content.title, title, accent, asked=False)
    y += 1.4 * title.size + extra
    second = (
        max(x0 + plan.halves[0] + plan.gap, x0 + rng.uniform(0.3, 1.0) * (x1 - x0 - plan.halves[-1]))
        if len(plan.halves) > 1
        else x0
    )
    for row in plan.rows:
        for left, (label, value) in zip((x0, second), row):
            end = sheet.write(left, y + 0.85 * size, label, style, ink)
            sheet.write(end, y + 0.85 * size, value, style, ink)
        y += pitch
    y += 0.3 * pitch + extra
    room = x1 - x0 - sum(plan.widths) - plan.gap * (len(plan.names) - 1)
    stretch = rng.random() * room / len(plan.names) if chance(rng, 0.7) else 0.0
    edges, x = [], x0
    for width in plan.widths:
        edges.append((x, x + width + stretch))
        x += width + stretch + plan.gap
    right = edges[-1][1]
    top, rules = y, pick(rng, ["none", "rows", "all", "head", "dots"])
    shade = mixed(paper, ink, rng.uniform(0.3, 1.0))
    if chance(rng, 0.3):
        band = mixed(paper, tuple(rng.integers(0, 256, 3)), rng.uniform(0.2, 0.9))
        sheet.fill((x0 - 0.3 * size, y - 0.08 * size, right + 0.3 * size, y + pitch - 0.08 * size), band)
        head_ink = sheet.ink(band)
    else:
        head_ink = ink
    lines = [content.columns, *content.items]
    sides = {name: pick(rng, [0.0, 1.0, 1.0]) if name != "item" else 0.0 for name in plan.names}
    for i, line in enumerate(lines):
        if rules in ("rows", "all") or (rules in ("head", "dots") and i < 2):
            height = y - 0.1 * size
            if rules == "dots":
                for k in range(int((right - x0) / (0.5 * size))):
                    sheet.stroke(
                        (x0 + 0.5 * size * k, height), (x0 + 0.5 * size * k + 0.25 * size, height), shade, 0.06 * size
                    )
            else:
                sheet.stroke((x0 - 0.3 * size, height), (right + 0.3 * size, height), shade, 0.05 * size)
        for name, (a, b) in zip(plan.names, edges):
            text = line[name]
            sheet.write(
                a + (b - a - style.width(text)) * sides[name], y + 0.85 * size, text, style, head_ink if i == 0 else ink
            )
        y += pitch
    if rules in ("rows", "all", "head"):
        sheet.stroke((x0 - 0.3 * size, y - 0.1 * size), (right + 0.3 * size, y - 0.1 * size), shade, 0.05 * size)
    if rules == "all":
        for x in [x0 - 0.3 * size, *((a[1] + b[0]) / 2 for a, b in zip(edges, edges[1:])), right + 0.3 * size]:
            sheet.stroke((x, top - 0.1 * size), (x, y - 0.1 * size), shade, 0.05 * size)
    y += 0.4 * pitch + extra
    apart, flush = chance(rng, 0.4), chance(rng, 0.6)
    for label, value in plan.totals:
        wide = style.width(label + value)
        left = x0 if apart or not flush else max(x0, right - wide)
        end = sheet.write(left, y + 0.85 * size, label, style, ink)
        end = max(end, right - style.width(value)) if apart else end
        sheet.write(end, y + 0.85 * size, value, style, ink)
        y += pitch
    if foot:
        sheet.write_in(middle, y + extra + 0.5 * pitch, foot, style, shade, asked=False)
    if chance(rng, 0.12) and not sheet.level < 0.3:  # a stamp beside the totals
        r = 1.3 * size
        if x1 - r > right + r or not apart and not flush:
            sheet.outline((x1 - 2 * r, y - 2 * r, x1, y), (210, 40, 40), 0.08 * size, r)
            sheet.write_in(x1 - r, y - r, free.hanzi(rng, 2, 2), style, (210, 40, 40), asked=False)
