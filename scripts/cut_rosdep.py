#!/usr/bin/env python3
"""Cuts out of rosdep's public rules what package.xml asks for: scripts/cut_rosdep.py FOLDER, after package.xml got a new key.

FOLDER holds rosdistro's base.yaml and python.yaml, and ros-packages-DISTRO.txt with the names that DISTRO released, one a line.
"""

import sys
from pathlib import Path
from xml.etree import ElementTree

import yaml

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "test" / "data" / "rosdep"
COUNTER_EXAMPLE = "python3-huggingface-hub-pip"  # resolves to pip, which Ubuntu 24.04 refuses


def main(folder: Path) -> None:
    keys = {element.text for element in ElementTree.parse(ROOT / "package.xml").iter() if element.tag.endswith("depend")}
    rules = {**yaml.safe_load((folder / "base.yaml").read_text()), **yaml.safe_load((folder / "python.yaml").read_text())}
    released = {path.stem.rpartition("-")[2]: set(path.read_text().split()) for path in folder.glob("ros-packages-*.txt")}
    for distro, names in sorted(released.items()):
        if unknown := sorted(keys - names - rules.keys()):
            sys.exit(f"{distro} knows no {', '.join(unknown)}")
    cut = {key: rules[key] for key in sorted(keys & rules.keys() | {COUNTER_EXAMPLE})}
    (TARGET / "rules.yaml").write_text(yaml.safe_dump(cut))
    (TARGET / "released.yaml").write_text(yaml.safe_dump({distro: sorted(names & keys) for distro, names in released.items()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
