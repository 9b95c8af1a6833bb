"""An approximation is words of one operand: it makes no Ring of its own, so what it claims holds whatever a Ring is."""

from __future__ import annotations

from fractions import Fraction
from typing import get_args

import pytest

from compiler.functions.approximate.target import Target
from compiler.functions.inexact import function
from compiler.words.builder import Builder
from compiler.words.ir import Type, Value
from compiler.words.operations import Ring
from lang.typed import Call, Inexact

POSITIVE = (Call.LOG, Call.SQRT, Call.RSQRT)


@pytest.mark.parametrize("call", get_args(Inexact))
def test_an_approximation_makes_no_ring(call: Inexact) -> None:
    b = Builder([Type((4,), Fraction(1, 4096), 1 if call in POSITIVE else -20000, 20000)])
    b.rings = lambda b, left, right, exact, terms: True
    assert function(call).value(b, 0, Target(12, Fraction(1, 4096))) is not None
    assert len(b.items) > 1
    assert not [item for item in b.items if isinstance(item, Value) and isinstance(item.op, Ring)]
