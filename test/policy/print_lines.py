"""Lines as a reader would find them, for tests without one."""

from glm4v_ros.reader.line import Line

EM = 40  # px: a line's height; a Latin character is half as wide


def line(text, x=0.0, y=0.0, confidence=0.99, slope=0.0):
    """At (x, y), with a place for each character; ``slope``: how far it falls, px a px."""

    def quad(begin, end):
        top = [(at, y + slope * (at - x)) for at in (begin, end)]
        return (*top, *((at, height + EM) for at, height in reversed(top)))

    places, at = [], x
    for character in text:
        width = EM if ord(character) > 0x2E80 else EM / 2
        if not character.isspace():
            places.append(quad(at, at + width))
        at += width
    return Line(text, quad(x, at), confidence, tuple(places))


def plate(*rows, column=400, slope=0.0, confidence=0.99):
    """Rows from the top; a row is a text, or texts that begin at every ``column`` px."""
    return [
        line(text, number * column, 60 * row + slope * number * column, confidence, slope)
        for row, texts in enumerate(rows)
        for number, text in enumerate([texts] if isinstance(texts, str) else texts)
    ]
