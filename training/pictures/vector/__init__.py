"""Pictures of a second hand: Skia instead of OpenCV and Pillow, with layouts, faces and colours of its own."""

from __future__ import annotations

from training.pictures.vector import bill, box, diagram, dial, label, meter, panel, plate, table
from training.pictures.vector.sheet import NoRoom, Sheet

__all__ = ["PAINTERS", "NoRoom", "Sheet"]

PAINTERS = {
    "nameplate": plate.paint,
    "pillbox": box.paint,
    "lamp": panel.paint,
    "display": meter.paint,
    "gauge": dial.paint,
    "label": label.paint,
    "table": table.paint,
    "invoice": bill.paint,
    "diagram": diagram.paint,
}
