"""More pieces of HTML for the hand that training never sees: spreadsheets, invoices, block diagrams.

As in browser.py, layouts, colours, names and faces are this file's own; questions and answers are those of vector/.
"""

from __future__ import annotations

from html import escape

from training.pictures.browser_names import GLYPHS, HEADS, TAILS, digits, hanzi, maker, pick
from training.pictures.vector import diagram as diagrams
from training.pictures.vector import table as tables
from training.pictures.vector.grid import address
from training.pictures.vector.invoice import Invoice
from training.pictures.vector.invoice_topics import topics as invoice_topics

MOST_QUESTIONS = 4


def words(rng, chinese: bool, count: int) -> list[str]:
    """Different names."""
    names: list[str] = []
    while len(names) < count:
        name = hanzi(rng, GLYPHS, int(rng.integers(2, 4))) if chinese else pick(rng, HEADS) + pick(rng, TAILS)
        if not any(name in known or known in name for known in names):
            names.append(name)
    return names


def asked(rng, topics, tag: str) -> list[tuple[str, str, str]]:
    """Question, answer and language of some topics of a skill, each of another field, and of one that cannot be seen."""
    chosen, fields = [], set()
    for i in rng.permutation(len(topics)):
        topic = topics[i]
        if topic.tag == tag and topic.field not in fields and len(fields) < MOST_QUESTIONS:
            fields.add(topic.field)
            chosen.append(topic)
    chosen += [topic for topic in topics if topic.tag == "absent"][:1]
    result = []
    for topic in chosen:
        language = pick(rng, topic.languages)
        result.append((*topic.ask(language, False), language))
    return result


def table(rng, size, card, em: float):
    zh, sheet = rng.random() < 0.5, rng.random() < 0.5
    rows, columns = int(rng.integers(3, 7)), int(rng.integers(2, 5))
    heads = [str(v) for v in rng.permutation(tables.HEADS_ZH if zh else tables.HEADS_EN)[:columns]]
    names = words(rng, zh, rows)
    cells = [
        [str(rng.integers(1, 1000)) if rng.random() < 0.7 else f"{rng.uniform(0, 99):.1f}" for _ in heads]
        for _ in names
    ]
    selected = (int(rng.integers(1, rows + 1)), int(rng.integers(1, columns + 1))) if sheet else None
    edge = pick(rng, ["1px solid #bbb", "1px solid #777", "2px solid #ddd"])
    side = pick(rng, ["left", "right", "center"])
    cell = lambda text, more="", at=None: (  # noqa: E731
        f"<td style='border:{edge};padding:.2em .7em;text-align:{side};{more}"
        f"{';outline:3px solid #1a73e8' if at is not None and at == selected else ''}'>{escape(text)}</td>"
    )
    grey = "background:#e8eaed;color:#444;text-align:center"
    html = ""
    if sheet:
        html += (
            "<tr>"
            + "".join(cell(text, grey) for text in ["", *(address(0, j)[0] for j in range(columns + 1))])
            + "</tr>"
        )
    for i, row in enumerate([["", *heads], *([name, *line] for name, line in zip(names, cells))]):
        first = cell(str(i + 1), grey) if sheet else ""
        bold = "font-weight:700" if i == 0 else ""
        html += "<tr>" + first + "".join(cell(text, bold, (i, j)) for j, text in enumerate(row)) + "</tr>"
    body = f"<table style='border-collapse:collapse;background:#fff;color:#222'>{html}</table>"
    return card(body, em), asked(rng, tables.topics(rng, "test", heads, names, cells, sheet, selected), "table")


def invoice(rng, size, card, em: float):
    zh = rng.random() < 0.5
    sign = pick(rng, ["¥", "$", "€", ""])
    items, total = [], 0
    for name in words(rng, zh, int(rng.integers(1, 4))):
        count, price = int(rng.integers(1, 20)), int(rng.integers(100, 30000))
        total += count * price
        items.append(
            {"item": name, "count": str(count), "price": f"{price / 100:.2f}", "amount": f"{count * price / 100:.2f}"}
        )
    columns = {
        "item": "品名" if zh else "Item",
        "count": "数量" if zh else "Qty",
        "price": "单价" if zh else "Price",
        "amount": "金额" if zh else "Amount",
    }
    bill = Invoice("发票" if zh else "Invoice", columns, items, sign, zh)
    bill.fields["number"] = ("发票号码" if zh else "Invoice No.", digits(rng, 8))
    if rng.random() < 0.7:
        bill.fields["issued"] = (
            "开票日期" if zh else "Date",
            f"{rng.integers(2018, 2032)}-{rng.integers(1, 13):02}-{rng.integers(1, 29):02}",
        )
    if rng.random() < 0.6:
        bill.fields["seller"] = ("销售方" if zh else "Seller", maker(rng, zh))
    if rng.random() < 0.6:
        bill.fields["buyer"] = ("购买方" if zh else "Bill to", words(rng, zh, 1)[0])
    bill.fields["total"] = ("合计" if zh else "Total", f"{sign}{total / 100:.2f}")
    heads = "".join(
        f"<div><span style='opacity:.7'>{escape(k)}</span> {escape(v)}</div>"
        for n, (k, v) in bill.fields.items()
        if n != "total"
    )
    lines = [columns, *items]
    body = "".join(
        "<tr>"
        + "".join(
            f"<td style='padding:.1em .8em .1em 0;border-bottom:1px dotted #888'>{escape(line[n])}</td>"
            for n in columns
        )
        + "</tr>"
        for line in lines
    )
    k, v = bill.fields["total"]
    html = (
        f"<div style='font-size:1.4em;letter-spacing:.1em'>{bill.title}</div>{heads}<table style='margin-top:.5em'>{body}</table>"
        f"<div style='text-align:right;font-weight:700'>{escape(k)} {escape(v)}</div>"
    )
    return card(html, em), asked(rng, invoice_topics(rng, "test", bill), "invoice")


def diagram(rng, size, card, em: float):
    zh, fork = rng.random() < 0.5, rng.random() < 0.4
    count = int(rng.integers(3, 6 if size[1] > 450 else 5))
    names = words(rng, zh, count)
    layers = [[i] for i in range(count - 2)] + [[count - 2, count - 1]] if fork else [[i] for i in range(count)]
    arrows = [(a, b) for one, two in zip(layers, layers[1:]) for a in one for b in two]
    graph = diagrams.Graph(names, layers, arrows)
    wide, tall = max(len(name) for name in names) * em * (1.1 if zh else 0.65) + em, 2.2 * em
    across = (wide + 2.5 * em) * len(layers) < size[0] * 0.95
    step = wide + 2.2 * em if across else tall + 1.8 * em
    spots = {}
    for row, layer in enumerate(layers):
        for k, i in enumerate(layer):
            off = (k - (len(layer) - 1) / 2) * ((tall + em) if across else (wide + em))
            spots[i] = (row * step, off) if across else (off, row * step)
    left, top = min(x for x, _ in spots.values()), min(y for _, y in spots.values())
    right, bottom = max(x for x, _ in spots.values()) + wide, max(y for _, y in spots.values()) + tall
    line = pick(rng, ["#333", "#1565c0", "#b71c1c"])
    marks, boxes = "", ""
    for a, b in arrows:
        (x0, y0), (x1, y1) = spots[a], spots[b]
        start = (x0 + wide, y0 + tall / 2) if across else (x0 + wide / 2, y0 + tall)
        end = (x1 - 2, y1 + tall / 2) if across else (x1 + wide / 2, y1 - 2)
        marks += (
            f"<line x1='{start[0] - left:.0f}' y1='{start[1] - top:.0f}' x2='{end[0] - left:.0f}' y2='{end[1] - top:.0f}' "
            f"stroke='{line}' stroke-width='2' marker-end='url(#tip)'/>"
        )
    look = pick(rng, ["border-radius:0", "border-radius:8px", f"border-radius:{tall:.0f}px"])
    for i, name in enumerate(names):
        x, y = spots[i]
        boxes += (
            f"<div style='position:absolute;left:{x - left:.0f}px;top:{y - top:.0f}px;width:{wide:.0f}px;height:{tall:.0f}px;border:2px solid {line};"
            f"box-sizing:border-box;{look};display:flex;align-items:center;justify-content:center;line-height:1'>{escape(name)}</div>"
        )
    svg = (
        f"<svg width='{right - left:.0f}' height='{bottom - top:.0f}' style='position:absolute;left:0;top:0'><defs><marker id='tip' markerWidth='9' "
        f"markerHeight='8' refX='8' refY='4' orient='auto'><path d='M0,0 L9,4 L0,8 z' fill='{line}'/></marker></defs>{marks}</svg>"
    )
    html = f"<div style='position:relative;width:{right - left:.0f}px;height:{bottom - top:.0f}px'>{svg}{boxes}</div>"
    return card(html, em), asked(rng, diagrams.topics(rng, "test", graph), "diagram")
