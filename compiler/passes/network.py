"""A circuit whose gates come and go: who reads each net, and what goes with one that nobody reads any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from compiler.gates.builder import Builder
from compiler.gates.circuit import FALSE, TRUE, Circuit, Gate, GateOp, negate


class Work(NamedTuple):
    ands: int
    xors: int


class Network:
    """Nets are numbered as in the circuit, new ones after them; a literal of a net that has been replaced stands for
    that of its replacement."""

    def __init__(self, circuit: Circuit) -> None:
        first = 1 + circuit.inputs
        self.inputs, self.outputs = circuit.inputs, circuit.outputs
        self.gates: list[Gate | None] = [None] * first
        self.readers: list[set[int]] = [set() for _ in range(first)]
        self.count = [0] * first  # readings of each net, by gates that are read themselves and by outputs
        self.met: list[int] = []  # nets that were there when they were to be made
        self._known: dict[Gate, int] = {}
        self._instead: dict[int, int] = {}
        for gate in circuit.gates:
            self._append(gate)
        self._given = len(self.gates)
        for net in range(first, len(self.gates)):
            for literal in self.operands(net):
                self.count[literal >> 1] += 1
        for literal in circuit.outputs:
            self.count[literal >> 1] += 1

    def now(self, literal: int) -> int:
        while literal >> 1 in self._instead:
            literal = self._instead[literal >> 1] ^ literal & 1
        return literal

    # -- making

    def xor(self, left: int, right: int) -> int:
        inverted, left, right = (left ^ right) & 1, left & ~1, right & ~1
        if left == right or FALSE in (left, right):
            return (left ^ right if left != right else FALSE) ^ inverted
        return self._gate(GateOp.XOR, left, right) ^ inverted

    def and_(self, left: int, right: int) -> int:
        if FALSE in (left, right) or left == negate(right):
            return FALSE
        if left in (TRUE, right):
            return right
        return left if right == TRUE else self._gate(GateOp.AND, left, right)

    def _gate(self, op: GateOp, left: int, right: int) -> int:
        gate = Gate(op, min(left, right), max(left, right))
        if gate not in self._known:
            return 2 * self._append(gate)
        self.met.append(self._known[gate])
        return 2 * self._known[gate]

    def _append(self, gate: Gate) -> int:
        net = len(self.gates)
        self.gates.append(gate)
        self.readers.append(set())
        self.count.append(0)
        self._known.setdefault(gate, net)
        for literal in gate[1:]:
            self.readers[literal >> 1].add(net)
        return net

    def _forget(self, size: int) -> None:
        """The nets from there on, which nobody reads."""
        while len(self.gates) > size:
            gate, net = self.gates.pop(), len(self.gates)
            self.readers.pop()
            self.count.pop()
            for literal in self._of(gate):
                self.readers[literal >> 1].discard(net)
            if gate is not None and self._known.get(gate) == net:
                del self._known[gate]

    # -- counting

    def operands(self, net: int) -> tuple[int, ...]:
        return self._of(self.gates[net])

    @staticmethod
    def _of(gate: Gate | None) -> tuple[int, ...]:
        return () if gate is None else gate[1:]

    def dropped(self, net: int) -> Work:
        """What goes with a net: its gate, and those that nothing else reads."""
        return self._counted(net, -1)

    def taken(self, net: int) -> Work:
        """What comes with a net that nothing has read so far."""
        return self._counted(net, 1)

    def _counted(self, net: int, by: int) -> Work:
        work, waiting = [0, 0], [net]
        while waiting:
            gate = self.gates[waiting.pop()]
            if gate is None:
                continue
            work[gate.op is GateOp.XOR] += 1
            for literal in gate[1:]:
                if by > 0 and not self.count[literal >> 1]:
                    waiting.append(literal >> 1)
                self.count[literal >> 1] += by
                if by < 0 and not self.count[literal >> 1]:
                    waiting.append(literal >> 1)
        return Work(*work)

    def value(self, net: int, values: Mapping[int, int], every: int) -> int:
        """What a gate makes of the values of the nets that it reads."""
        gate = self.gates[net]
        assert gate is not None
        a, b = (values[literal >> 1] ^ every * (literal & 1) for literal in gate[1:])
        return a & b if gate.op is GateOp.AND else a ^ b

    # -- making anew

    def remade(self, net: int, make: Callable[[], int], worth: Callable[[Work], bool]) -> Work | None:
        """What it saves to make a net anew, if that is worth it; else all is as it was.

        `make` finds the net and what it alone needs dropped, and what it meets on its way in `met`; the literal of the
        net itself stands for nothing better.
        """
        self.met.clear()
        dropped, size = self.dropped(net), len(self.gates)
        literal = make()
        new = literal >> 1
        if new != net:
            fresh = not self.count[new]
            added = self.taken(new) if fresh else Work(0, 0)
            saved = Work(dropped.ands - added.ands, dropped.xors - added.xors)
            if worth(saved):
                self.replace(net, literal)
                return saved
            if fresh:
                self.dropped(new)
        self.taken(net)
        self._forget(size)
        return None

    def saving(self, net: int, make: Callable[[], int]) -> Work | None:
        """What it would save, and nothing is done; None if nothing else would come of it."""
        seen: Work | None = None

        def never(saved: Work) -> bool:
            nonlocal seen
            seen = saved
            return False

        self.remade(net, make, never)
        return seen

    def replace(self, net: int, literal: int) -> None:
        """By what has been taken; the net itself has been dropped."""
        self._instead[net] = literal
        self.count[literal >> 1] += self.count[net]
        self.count[net] = 0
        for reader in self.readers[net]:
            gate = self.gates[reader]
            assert gate is not None
            if self._known.get(gate) == reader:
                del self._known[gate]
            left, right = (literal ^ n & 1 if n >> 1 == net else n for n in gate[1:])
            self.gates[reader] = Gate(gate.op, left, right)
            self.readers[literal >> 1].add(reader)
        self.readers[net] = set()

    # -- back

    def circuit(self, beside: Iterable[int] = ()) -> tuple[Circuit, list[int]]:
        """What the outputs need, and nets beside, each gate after those it reads, in the order in which they are first
        needed; and for each net of the circuit that this was the literal that stands for it, or -1."""
        builder = Builder(self.inputs)
        place = {0: FALSE} | {1 + i: builder.input(i) for i in range(self.inputs)}
        outputs = [self.now(literal) for literal in self.outputs]
        for net in self._in_order([*outputs, *(self.now(2 * net) for net in beside)]):
            gate = self.gates[net]
            assert gate is not None
            left, right = (place[literal >> 1] ^ literal & 1 for literal in gate[1:])
            place[net] = builder.and_(left, right) if gate.op is GateOp.AND else builder.xor(left, right)
        made = builder.circuit([place[literal >> 1] ^ literal & 1 for literal in outputs])
        now = [self.now(2 * net) for net in range(self._given)]
        return made, [place[literal >> 1] ^ literal & 1 if literal >> 1 in place else -1 for literal in now]

    def _in_order(self, outputs: list[int]) -> Iterator[int]:
        done = set(range(1 + self.inputs))
        waiting = [literal >> 1 for literal in reversed(outputs)]
        while waiting:
            net = waiting[-1]
            missing = [literal >> 1 for literal in self.operands(net) if literal >> 1 not in done]
            if net in done or not missing:
                waiting.pop()
                if net not in done:
                    done.add(net)
                    yield net
            else:
                waiting += missing[::-1]
