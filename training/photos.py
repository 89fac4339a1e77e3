"""Collects the photographs of pictures/photograph.py out of Debian's packages: ``python -m training.photos``.

Needs apt-get (Debian or Ubuntu) and dpkg-deb; installs nothing. Of each photograph it writes the whole at 576 px and, of a large one,
parts at their own size, as training/.photos/SPLIT-NAME-NUMBER.jpg (git-ignored; photos.md has the licences).
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np

from training.debian import unpacked
from training.pictures.photograph import FOLDER, PHOTOGRAPHS

SIDE = 576  # px of the longer side
PARTS = 2  # of a photograph that is at least twice as large
QUALITY = 80


def scaled(image: np.ndarray, side: int) -> np.ndarray:
    factor = side / max(image.shape[:2])
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else image


def views(image: np.ndarray) -> list[np.ndarray]:
    """The whole, and parts from left to right along the middle."""
    height, width = image.shape[:2]
    found = [scaled(image, SIDE)]
    if min(height, width) >= 2 * SIDE:
        top = (height - SIDE) // 2
        for i in range(PARTS):
            left = (width - SIDE) * (1 + 2 * i) // (2 * PARTS)
            found.append(image[top : top + SIDE, left : left + SIDE])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--debs", type=Path, help="folder of already downloaded .deb files")
    args = parser.parse_args()
    args.out.mkdir(exist_ok=True)
    total = 0
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        for split, photographs in PHOTOGRAPHS.items():
            for name, (package, file, *_) in photographs.items():
                source = next(unpacked(package, root, args.debs).rglob(file))
                for number, view in enumerate(views(cv2.imread(str(source)))):
                    target = args.out / f"{split}-{name}-{number}.jpg"
                    cv2.imwrite(str(target), view, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
                    total += target.stat().st_size
    print(f"{len(list(args.out.glob('*.jpg')))} pictures, {total / 1e6:.1f} MB in {args.out}")


if __name__ == "__main__":
    main()
