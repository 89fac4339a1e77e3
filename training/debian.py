"""Packages of Debian or Ubuntu, unpacked and not installed. Needs apt-get and dpkg-deb."""

from __future__ import annotations

import subprocess
from pathlib import Path


def unpacked(package: str, root: Path, debs: Path | None) -> Path:
    """The package's files in ROOT/PACKAGE, once; from a .deb in the folder `debs`, else downloaded."""
    folder = root / package
    if not folder.exists():
        found = sorted((debs or root).glob(f"{package}_*.deb"))
        if not found:
            subprocess.run(["apt-get", "download", package], cwd=root, check=True)
            found = sorted(root.glob(f"{package}_*.deb"))
        subprocess.run(["dpkg-deb", "-x", found[-1], folder], check=True)
    return folder
