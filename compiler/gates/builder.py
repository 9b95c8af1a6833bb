"""Gates made one by one: NOT is free, constants fold as they appear."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from compiler.gates.circuit import FALSE, TRUE, Circuit, Gate, GateOp, negate
from compiler.gates.limits import PROGRAM_GATES, TooManyGates


class Builder:
    """A circuit that grows; every method takes and gives literals.

    An XOR gate reads plain nets only: an inversion moves through it to its readers, so that two
    XORs that differ in inversions alone are the same gate.

    `owner` is a number of the caller's choice: whom the gates made from now on are charged to.
    """

    def __init__(self, inputs: int, most: int = PROGRAM_GATES) -> None:
        """With more than `most` gates it raises TooManyGates."""
        self.inputs = inputs
        self._most = most
        self._gates: list[Gate] = []
        self._owner = 0
        self._changes = [(0, 0)]  # (gates made before, owner from there on)

    @property
    def owner(self) -> int:
        return self._owner

    @owner.setter
    def owner(self, owner: int) -> None:
        if owner != self._owner:
            self._owner = owner
            self._changes.append((len(self._gates), owner))

    def input(self, index: int) -> int:
        """The literal of input `index`, counted from 0."""
        return 2 * (1 + index)

    def xor(self, left: int, right: int) -> int:
        inverted = (left ^ right) & 1
        left, right = left & ~1, right & ~1
        if left == right:
            return inverted
        if left == FALSE:
            return right ^ inverted
        if right == FALSE:
            return left ^ inverted
        return self._gate(GateOp.XOR, left, right) ^ inverted

    def and_(self, left: int, right: int) -> int:
        if left == FALSE or right == FALSE or left == negate(right):
            return FALSE
        if left in (TRUE, right):
            return right
        if right == TRUE:
            return left
        return self._gate(GateOp.AND, left, right)

    def or_(self, left: int, right: int) -> int:
        return negate(self.and_(negate(left), negate(right)))

    def mux(self, condition: int, then: int, other: int) -> int:
        """`then` if the condition holds, else `other`: one AND."""
        if then in (FALSE, TRUE):
            return self.or_(condition, other) if then else self.and_(negate(condition), other)
        if other in (FALSE, TRUE):
            return self.or_(negate(condition), then) if other else self.and_(condition, then)
        return self.xor(other, self.and_(condition, self.xor(then, other)))

    def all(self, literals: Iterable[int]) -> int:
        """n - 1 ANDs."""
        result = TRUE
        for literal in literals:
            result = self.and_(result, literal)
        return result

    def any(self, literals: Iterable[int]) -> int:
        return negate(self.all(map(negate, literals)))

    def parity(self, literals: Iterable[int]) -> int:
        result = FALSE
        for literal in literals:
            result = self.xor(result, literal)
        return result

    def circuit(self, outputs: Sequence[int]) -> Circuit:
        return Circuit(self.inputs, tuple(self._gates), tuple(outputs))

    def owners(self) -> list[int]:
        """Whom each gate is charged to, in order."""
        ends = [*(start for start, _ in self._changes[1:]), len(self._gates)]
        return [owner for (start, owner), end in zip(self._changes, ends, strict=True) for _ in range(start, end)]

    def expect(self, gates: int) -> None:
        """Raises TooManyGates where so many more are too many."""
        if len(self._gates) + gates > self._most:
            raise TooManyGates(self._most, self._owner)

    def _gate(self, op: GateOp, left: int, right: int) -> int:
        if len(self._gates) >= self._most:
            raise TooManyGates(self._most, self._owner)
        self._gates.append(Gate(op, left, right) if left <= right else Gate(op, right, left))
        return 2 * (self.inputs + len(self._gates))


def placed(builder: Builder, circuit: Circuit, inputs: Sequence[int]) -> list[int]:
    """The literals of a circuit's outputs, once it is made with these as its inputs."""
    literals = [FALSE, *inputs]
    for op, left, right in circuit.gates:
        a, b = literals[left >> 1] ^ (left & 1), literals[right >> 1] ^ (right & 1)
        literals.append(builder.and_(a, b) if op is GateOp.AND else builder.xor(a, b))
    return [literals[literal >> 1] ^ (literal & 1) for literal in circuit.outputs]
