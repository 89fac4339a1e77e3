#!/usr/bin/env python3
"""scripts/cut_rosdep.py FOLDER, after package.xml got a new key: cuts out of rosdep's public rules what it asks for.

FOLDER holds rosdistro's base.yaml and python.yaml, and ros-packages-DISTRO.txt: what DISTRO released, a name a line.
"""

import sys
from pathlib import Path
from xml.etree import ElementTree

import yaml

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "test" / "data" / "rosdep"
COUNTER_EXAMPLE = "python3-huggingface-hub-pip"  # resolves to pip, which Ubuntu 24.04 refuses


def main(folder: Path) -> None:
    elements = ElementTree.parse(ROOT / "package.xml").iter()
    keys = {element.text for element in elements if element.tag.endswith("depend")}
    rules = {}
    for name in ("base.yaml", "python.yaml"):
        rules.update(yaml.safe_load((folder / name).read_text()))
    released = {}
    for path in sorted(folder.glob("ros-packages-*.txt")):
        distro, names = path.stem.rpartition("-")[2], set(path.read_text().split())
        if unknown := sorted(keys - names - rules.keys()):
            sys.exit(f"{distro} knows no {', '.join(unknown)}")
        released[distro] = sorted(names & keys)
    cut = {key: rules[key] for key in sorted(keys & rules.keys() | {COUNTER_EXAMPLE})}
    (TARGET / "rules.yaml").write_text(yaml.safe_dump(cut))
    (TARGET / "released.yaml").write_text(yaml.safe_dump(released))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
