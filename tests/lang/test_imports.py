"""Imports by paths that are not written the shortest way: a file is one file, whatever it is called."""

from __future__ import annotations

import pytest

from lang.checker.check import check
from lang.problems.problem import Rejected
from lang.source import Source

MAIN = "party p; party q; input x: uint<4> from p; input y: uint<4> from q;\noutput reveal(f(x) + y) to p;\n"
F = "fn f(v: uint<4>) -> uint<4> { v }\n"


def problems(main: str, name: str, files: dict[str, str]) -> list[tuple[str, str]]:
    """(code, place) of each; a file that is asked for by another name than its own is missing."""
    try:
        check(Source(name, main), loader=lambda path: Source(path, files[path]))
    except Rejected as rejected:
        return [(p.code, f"{p.span.source.name}:{p.span.line}") for p in rejected.problems]
    return []


@pytest.mark.parametrize("path", ["b.ccr", "./b.ccr", "./a/../b.ccr", "a/.././b.ccr", ".//b.ccr"])
def test_a_file_that_imports_itself(path: str) -> None:
    found = problems(f'import "lib/b.ccr";\n{MAIN}', "main.ccr", {"lib/b.ccr": f'{F}import "{path}";\n'})
    assert found == [("import-circular", "lib/b.ccr:2")]


@pytest.mark.parametrize("path", ["c.ccr", "./a/../c.ccr", "../lib/c.ccr", "../x/../lib/./c.ccr"])
@pytest.mark.parametrize("back", ["b.ccr", "./a/../b.ccr", "../lib/b.ccr"])
def test_two_files_that_import_each_other(path: str, back: str) -> None:
    files = {"lib/b.ccr": f'{F}import "{path}";\n', "lib/c.ccr": f'import "{back}";\n'}
    assert problems(f'import "./lib/b.ccr";\n{MAIN}', "main.ccr", files) == [("import-circular", "lib/c.ccr:1")]


@pytest.mark.parametrize("name", ["main.ccr", "./main.ccr", "a/../main.ccr"])
def test_a_file_that_imports_the_program(name: str) -> None:
    files = {"b.ccr": f'{F}import "./a/../main.ccr";\n', "main.ccr": MAIN}
    assert problems(f'import "b.ccr";\n{MAIN}', name, files) == [("import-circular", "b.ccr:2")]


def test_a_file_that_is_imported_by_two_paths_is_read_once() -> None:
    files = {"b.ccr": F, "c.ccr": 'import "./a/../b.ccr";\n'}
    assert problems(f'import "b.ccr";\nimport "./b.ccr";\nimport "c.ccr";\n{MAIN}', "main.ccr", files) == []
