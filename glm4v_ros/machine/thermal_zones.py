"""The kernel's thermal zones: every Linux board has them, Jetsons included."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from glm4v_ros.machine.readings import Readings, Temperature

ROOT = Path("/sys/class/thermal")
_PLAUSIBLE = (1.0, 150.0)  # degrees; a zone that is switched off says 0 or nonsense


def connect(root: Path = ROOT) -> Callable[[], Readings]:
    """Reads them; OSError if there are none."""
    zones = sorted(root.glob("thermal_zone*"))
    if not zones:
        raise OSError(f"{root} has no thermal zones")
    return lambda: Readings(tuple(filter(None, map(_zone, zones))))


def _zone(zone: Path) -> Temperature | None:
    try:
        celsius = _celsius(zone / "temp")
        name = (zone / "type").read_text().strip()
    except (OSError, ValueError):  # switched off, as a GPU's may be
        return None
    if celsius is None:
        return None
    limits: dict[str, float] = {}
    for path in zone.glob("trip_point_*_type"):
        try:
            kind = path.read_text().strip()
            limit = _celsius(path.with_name(re.sub("type$", "temp", path.name)))
        except (OSError, ValueError):
            continue
        if limit is not None:
            limits[kind] = min(limit, limits.get(kind, limit))
    return Temperature(name, celsius, limits.get("passive", limits.get("hot")), limits.get("critical"))


def _celsius(path: Path) -> float | None:
    """The file has thousandths of a degree; None: not plausible."""
    celsius = int(path.read_text()) / 1000
    return celsius if _PLAUSIBLE[0] <= celsius <= _PLAUSIBLE[1] else None
