"""Photographs that packages ship: grounds under plates, and pictures in which nothing can be read (see photos.py)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

FOLDER = Path(__file__).parent.parent / ".photos"

KINDS = {  # what a photograph is asked for: Chinese, English
    "flower": ("花", "flower"),
    "tree": ("树", "tree"),
    "grass": ("草", "grass"),
    "mountain": ("山", "mountain"),
    "sky": ("天空", "sky"),
    "water": ("水", "water"),
}
_16, _20, _MATE = "lomiri-wallpapers-16.04", "lomiri-wallpapers-20.04", "mate-backgrounds"

# NAME: (package, file, which of KINDS it shows, which it may show, as one looks at it). It shows no print.
PHOTOGRAPHS = {
    "train": {
        "bridge": (_16, "Bridge_by_Sander_Klootwijk.jpg", "sky", "water"),
        "dragonfly": (_16, "Dragonfly_by_Bolly.jpg", "", "tree sky grass flower"),
        "fig": (_16, "Picture_0B_by_freespace.jpg", "", ""),
        "brushes": (_16, "Picture_1A_by_freespace.jpg", "", ""),
        "meadow": (_16, "aitzgorri_by_Aitzol_Berasategi.jpg", "mountain grass tree sky", ""),
        "lamps": (_16, "free_by_Peter_Nerlich.jpg", "", "sky"),
        "stream": (_16, "life_by_Aitzol_Berasategi.jpg", "water tree", "grass mountain sky"),
        "peaks": (_16, "picosdeeuropa_by_Aitzol_Berasategi.jpg", "mountain sky", "grass tree"),
        "dandelions": (_16, "seeding_by_Clements_Engelhardt.jpg", "flower grass", "tree sky"),
        "drop": (_MATE, "Aqua.jpg", "water", "sky"),
        "leaf": (_MATE, "Blinds.jpg", "", "tree grass flower"),
        "dune": (_MATE, "Dune.jpg", "grass sky", "water flower mountain"),
        "petals": (_MATE, "FreshFlower.jpg", "flower", "water"),
        "marigold": (_MATE, "Garden.jpg", "flower", "grass tree"),
        "blades": (_MATE, "GreenMeadow.jpg", "grass", ""),
        "ladybird": (_MATE, "LadyBird.jpg", "flower", "grass tree"),
        "dew": (_MATE, "RainDrops.jpg", "", "water grass flower tree"),
        "boards": (_MATE, "Wood.jpg", "", "tree"),
        "pavilion": ("python3-sklearn", "china.jpg", "sky tree", "water mountain"),
        "dahlia": ("python3-sklearn", "flower.jpg", "flower", "tree grass"),
    },
    "test": {
        "dogs": (_16, "friends_by_Aitzol_Berasategi.jpg", "", ""),
        "room": (_16, "Wine_by_Jakkub_Mede.jpg", "", ""),
        "sunset": (_16, "sunset_by_Aitzol_Berasategi.jpg", "sky", "mountain grass tree water"),
        "bird": (_20, "Kleiber_by_Lukas_Baubkus.jpg", "tree", "sky water"),
        "storm": (_MATE, "Storm.jpg", "sky", "grass water tree mountain"),
        "seeds": (_MATE, "TwoWings.jpg", "", "flower grass tree"),
        "sunflower": (_MATE, "YellowFlower.jpg", "flower", ""),
    },
}


@dataclass(frozen=True)
class View:
    """A photograph or a part of one: (height, width, 3) uint8 RGB. `shows` and `hides` are of KINDS: what is surely in it or surely not."""

    image: np.ndarray
    shows: tuple[str, ...]
    hides: tuple[str, ...]


@cache
def views(split: str) -> tuple[View, ...]:
    """All of a split; none where photos.py was not run."""
    found = []
    for name, (_, _, shows, perhaps) in PHOTOGRAPHS[split].items():
        for path in sorted(FOLDER.glob(f"{split}-{name}-*.jpg")):
            image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
            whole = path.stem.endswith("-0")
            hides = tuple(kind for kind in KINDS if kind not in shows.split() + perhaps.split())
            found.append(View(image, tuple(shows.split()) if whole else (), hides))
    return tuple(found)


def laid(rng, view: View, size: tuple[int, int], least: float) -> np.ndarray:
    """A part of the view at (width, height), of at least the share `least` of what fits, writeable; now and then mirrored or dimmed."""
    width, height = size
    rows, columns = view.image.shape[:2]
    scale = min(columns / width, rows / height) * rng.uniform(least, 1.0)
    w, h = max(8, int(width * scale)), max(8, int(height * scale))
    x, y = rng.integers(0, columns - w + 1), rng.integers(0, rows - h + 1)
    part = view.image[y : y + h, x : x + w]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    if rng.random() < 0.4:
        part = cv2.convertScaleAbs(part, alpha=rng.uniform(0.5, 1.1), beta=rng.uniform(0, 40))
    return cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_LINEAR)
