"""A recogniser that dies, hangs or grows as the picture's first pixel says, and reads a nameplate in any other picture."""

from print_lines import plate
from scripted_recogniser import READ, Scripted, missing

__all__ = ["load", "missing"]


def load(config):
    return Faulty()


class Faulty(Scripted):
    def lines(self, rgb):
        if rgb[0, 0, 0] != READ:
            return super().lines(rgb)
        return plate("型号 XK-7")
