"""A panel meter with a seven-segment display, as SVG on standard output."""

SEGMENTS = dict(zip("0123456789", "abcdef bc abged abgcd fgbc afgcd afgecd abc abcdefg abcdfg".split()))
BARS = {  # ends of each bar in a cell of 60 x 120
    "a": (8, 0, 52, 0), "b": (60, 8, 60, 52), "c": (60, 68, 60, 112), "d": (8, 120, 52, 120),
    "e": (0, 68, 0, 112), "f": (0, 8, 0, 52), "g": (8, 60, 52, 60),
}  # fmt: skip
print('<svg xmlns="http://www.w3.org/2000/svg" width="720" height="420"><rect width="720" height="420" fill="#20242a"/>')
print('<rect x="40" y="40" width="640" height="340" rx="18" fill="#0a0a0a" stroke="#777" stroke-width="6"/>')
print('<g transform="translate(110 130) skewX(-6)" stroke-width="15" stroke-linecap="round">')
for place, digit in enumerate("864"):
    for bar, (x1, y1, x2, y2) in BARS.items():
        colour = "#1fe0ff" if bar in SEGMENTS[digit] else "#0d2327"
        left = 130 * place + 1.3 * 10
        print(f'<path d="M{x1 * 1.3 + left} {y1 * 1.3}L{x2 * 1.3 + left} {y2 * 1.3}" stroke="{colour}"/>')
print('<circle cx="248" cy="158" r="11" fill="#1fe0ff"/></g>')
print('<g fill="#ddd" font-family="DejaVu Math TeX Gyre"><text x="560" y="200" font-size="64">°C</text>')
print('<text x="80" y="96" font-size="34">TEMPERATURE</text></g></svg>')
