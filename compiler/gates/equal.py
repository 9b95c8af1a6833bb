"""A proof that two circuits compute the same: both written down in one normal form, where equal means equal.

Every net is the sum, mod 2, of inputs, of products and perhaps of 1; a product is known by its factors, which are
such sums; one that is a factor of another gives it its own factors.  What this shows to be equal is equal for every
input.  Circuits that differ in more than the order and the grouping of sums and of products, constants and repeated
gates it does not decide.
"""

from __future__ import annotations

from itertools import count

from compiler.gates.circuit import Circuit, GateOp

LONGEST = 512  # terms of a sum, or factors of a product, beyond which it is a term, or a factor, by itself
_Sum = frozenset[int]
ONE = 0  # the term 1
NOTHING: _Sum = frozenset()
WHOLE: _Sum = frozenset({ONE})


def proved(one: Circuit, other: Circuit) -> bool:
    """False says nothing."""
    if one.inputs != other.inputs or len(one.outputs) != len(other.outputs):
        return False
    table = _Table(one.inputs)
    return table.outputs(one) == table.outputs(other)


class _Table:
    """Terms by number, shared by all circuits that are written down here."""

    def __init__(self, inputs: int) -> None:
        self._inputs = inputs
        self._known: dict[frozenset[_Sum] | tuple[_Sum, _Sum], int] = {}
        self._products: dict[int, frozenset[_Sum]] = {}  # the factors, by term
        self._numbers = count(1 + inputs)

    def outputs(self, circuit: Circuit) -> list[_Sum]:
        nets: list[_Sum] = [NOTHING, *(frozenset({1 + i}) for i in range(self._inputs))]

        def at(literal: int) -> _Sum:
            return nets[literal >> 1] ^ WHOLE if literal & 1 else nets[literal >> 1]

        for op, left, right in circuit.gates:
            nets.append(self._product(at(left), at(right)) if op is GateOp.AND else self._sum(at(left), at(right)))
        return [at(literal) for literal in circuit.outputs]

    def _product(self, left: _Sum, right: _Sum) -> _Sum:
        if not left or not right or left ^ right == WHOLE:
            return NOTHING
        if left == right or right == WHOLE:
            return left
        if left == WHOLE:
            return right
        factors = self._factors(left) | self._factors(right)
        if len(factors) > LONGEST:
            factors = frozenset((left, right))
        if any(factor ^ WHOLE in factors for factor in factors):
            return NOTHING
        return self._term(factors)

    def _factors(self, sum: _Sum) -> frozenset[_Sum]:
        """Of a sum that is one product these, else itself."""
        known = self._products.get(next(iter(sum))) if len(sum) == 1 else None
        return frozenset({sum}) if known is None else known

    def _sum(self, left: _Sum, right: _Sum) -> _Sum:
        total = left ^ right
        if len(total) <= LONGEST:
            return total
        rest = total - WHOLE
        return self._term((rest, rest)) ^ (total & WHOLE)

    def _term(self, key: frozenset[_Sum] | tuple[_Sum, _Sum]) -> _Sum:
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = next(self._numbers)
            if isinstance(key, frozenset):
                self._products[number] = key
        return frozenset({number})
