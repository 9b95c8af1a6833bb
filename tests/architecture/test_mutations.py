"""The table of mutations: each still fits the tree, and, in `make test-all`, each is noticed by its test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from tests.mutations.mutation import ROOT, Mutation
from tests.mutations.table import MUTATIONS
from tests.mutations.trial import Tree


@cache
def functions(file: str) -> set[str]:
    return {node.name for node in ast.parse((ROOT / file).read_text()).body if isinstance(node, ast.FunctionDef)}


def test_names_are_distinct() -> None:
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS) >= 60


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_it_fits_the_tree(mutation: Mutation) -> None:
    ast.parse(mutation.applied(ROOT))
    assert mutation.applied(ROOT) != (ROOT / mutation.file).read_text()
    file, _, name = mutation.test.partition("::")
    assert name in functions(file)


def test_a_text_that_moved_is_told() -> None:
    gone = Mutation("gone", "runtime/ot/base.py", "no such text", "", "")
    with pytest.raises(ValueError, match="has the old text 0 times"):
        gone.applied(ROOT)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    yield Tree(tmp_path_factory.mktemp("tree"))


@pytest.mark.slow
@pytest.mark.parametrize("mutation", [m for m in MUTATIONS if not m.equivalent], ids=lambda mutation: mutation.name)
def test_it_is_noticed(tree: Tree, mutation: Mutation) -> None:
    assert tree.tried(mutation) == "caught"


@pytest.mark.slow
def test_the_tests_pass_without_a_fault(tree: Tree) -> None:
    """One that fails in the copy anyway would notice everything."""
    assert tree.ran(sorted({mutation.test for mutation in MUTATIONS}), 600) == 0
