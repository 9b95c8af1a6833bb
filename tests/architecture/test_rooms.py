"""How large the house may be: rooms in a package, floors between them, lines in a file and in a function.

A *room* is a folder or module directly in a package, its `__init__` aside; *floors* are the longest chain of imports
between rooms.  That no import leads back is import-linter's (`make lint`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("lang", "compiler", "runtime")
# rooms, floors; the last of runtime are authoring, which writes programs as no room of a run does, and cluster, without
# which a run is whole
MOST = {"lang": (10, 7), "compiler": (14, 7), "runtime": (18, 8)}
FILE, FUNCTION = 400, 60  # lines
SOURCES = [
    path for folder in (*PACKAGES, "ccr", "benchmarks", "examples") for path in sorted((ROOT / folder).rglob("*.py"))
]


@cache
def below(package: str) -> dict[str, frozenset[str]]:
    """Each room of a package, and the rooms beside it that it imports from."""
    graph = _graph()
    rooms = graph.find_children(package)
    return {
        room: frozenset(
            other
            for other in rooms - {room}
            if graph.direct_import_exists(importer=room, imported=other, as_packages=True)
        )
        for room in rooms
    }


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, cache_dir=None)


def floors(rooms: dict[str, frozenset[str]]) -> int:
    """Rooms on the longest chain; RecursionError where there is a circle."""

    @cache
    def height(room: str) -> int:
        return 1 + max(map(height, rooms[room]), default=0)

    return max(map(height, rooms))


def long_functions(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION:
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {lines} lines"


@pytest.mark.parametrize("package", PACKAGES)
def test_rooms_and_floors(package: str) -> None:
    rooms = below(package)
    most_rooms, most_floors = MOST[package]
    assert len(rooms) <= most_rooms, sorted(rooms)
    assert floors(rooms) <= most_floors


def test_floors_are_counted() -> None:
    tower = {"a": frozenset({"b", "c"}), "b": frozenset({"c"}), "c": frozenset[str]()}
    assert floors(tower) == 3
    with pytest.raises(RecursionError):
        floors(tower | {"c": frozenset({"a"})})


def test_files_fit() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: lines for name, lines in lengths.items() if lines > FILE} == {}


def test_functions_fit_a_screen() -> None:
    assert [said for path in SOURCES for said in long_functions(path)] == []
