"""Long contractions are cut by the limit that kernels are filled to: no chunk is a kernel of its own by its size."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

from compiler.gates.limits import KERNEL_GATES
from compiler.joint import chunks as cutting
from compiler.schedule import cut
from compiler.words.builder import Builder
from compiler.words.ir import Type, Value, full_range
from compiler.words.operations import Contraction, Digits, Dot, Sum
from compiler.words.triangles import Triangles

TERMS = 200


@pytest.mark.parametrize("op", [Dot(1), Sum(1), Digits(1, 1, 1), Triangles(1, 1, True), Triangles(1, 1, False)])
def test_every_chunk_of_several_terms_fits_a_kernel(op: Contraction) -> None:
    for left, right in product((1, 4, 12, 17, 24, 32, 48, 64, 90), repeat=2):
        for terms, gates in chunks(op, left, right):
            assert terms == 1 or gates <= KERNEL_GATES, (left, right)


def chunks(op: Contraction, left: int, right: int) -> list[tuple[int, int]]:
    """(terms, gates by the estimate that fills kernels) of one lane of each piece."""
    b = Builder([Type((TERMS,), Fraction(1), *full_range(width, True)) for width in (left, right)])
    args = (0,) if isinstance(op, Sum) or op == Triangles(1, 1, False) else (0, 1)
    bound = TERMS << (2 * max(left, right) + 2)
    cutting.chunked(b, Value(op, args, Type((), Fraction(1), -bound, bound)), op)
    found: list[tuple[int, int]] = []
    for item in b.items:
        if isinstance(item, Value) and isinstance(item.op, type(op)):
            types = [b.type(a) for a in item.args]
            found.append((types[0].shape[-1], cut.estimate(item, types)))
    assert found
    return found
