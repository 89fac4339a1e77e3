"""Arrows between rooms run down."""

import ast
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "glm4v_ros"


def imported(path: Path) -> set[str]:
    """Rooms and modules of the package that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "glm4v_ros":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("glm4v_ros."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("glm4v_ros.")}
    return found


def rooms() -> dict[str, set[str]]:
    """What each room uses."""
    uses = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        uses[room] |= imported(path) - {room}
    return uses


def test_no_two_rooms_use_each_other():
    assert {"engine", "llama", "vision", "catalog", "machine"} <= set(TopologicalSorter(rooms()).static_order())


def test_the_engine_knows_no_room_above_it():
    uses = rooms()
    assert uses["engine"] <= {"llama", "vision", "catalog", "machine", "errors", "vendor"}
    assert uses["llama"] <= {"catalog", "machine", "errors"} and uses["errors"] == set()
