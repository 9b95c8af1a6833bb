"""`ccr explain`: every code has a page, whose programs show that problem alone, and none when mended."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from compiler.pipeline import built, understand
from lang.problems.explain import Page, page, problems
from lang.problems.problem import Problem, Rejected
from lang.syntax.load import read

PAGES = [page(code) for code in problems()]
FOUND_LAST = {"too-many-gates"}  # after the words
WITHOUT_A_PROGRAM = {"file-missing", "not-utf8"}  # there is no text to show; their pages show the command


def codes(page: Page, name: str, folder: Path) -> set[str]:
    """What is said about one of the page's programs, warnings among it; the others lie beside it."""
    for other, text in page.programs.items():
        (folder / other).write_text(text)
    first = page.programs[name].split("\n")[0]
    overrides = dict(re.findall(r"(\w+)=(\S+)", first)) if first.startswith("// -D ") else {}
    try:
        meaning = understand(read(folder / name), overrides)
        if page.code in FOUND_LAST:
            built(meaning)
        found: list[Problem] = list(meaning.checked.warnings)
    except Rejected as rejected:
        found = rejected.problems
    return {problem.code for problem in found}


def test_every_code_is_defined_once() -> None:
    kinds = all_kinds(Problem)
    assert len(kinds) == len({kind.code for kind in kinds}) == len(PAGES)


def all_kinds(of: type[Problem]) -> list[type[Problem]]:
    return [kind for direct in of.__subclasses__() for kind in (direct, *all_kinds(direct))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
def test_page(page: Page, tmp_path: Path) -> None:
    assert page.text.startswith(f"# {page.code}\n\n{page.summary[:20]}")
    assert len(page.summary) < 130 and page.summary[-1] in ".)"
    assert page.summary.endswith("(A warning.)") == (page.severity == "warning")
    assert max(map(len, page.text.split("\n"))) <= 120 or page.code == "too-deep"
    if page.code in WITHOUT_A_PROGRAM:
        assert f"[{page.code}]" in page.text
        return
    assert codes(page, "wrong", tmp_path) == {page.code}
    assert codes(page, "right", tmp_path) == set()
