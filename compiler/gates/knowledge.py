"""Who knows the values of a circuit's nets, and what an AND costs where one of them does.

A party knows what it has entered, XORs of that, and constants; the evaluator also ANDs of what it knows.  An AND takes
two ciphertexts, but one where a party knows an operand: one of the two halves of Zahur, Rosulek, Evans, "Two Halves
Make a Whole" (EUROCRYPT 2015), of which a half-gate is the sum.  How each is made is told in
`runtime/execute/portable.py`, why that is sound in docs/security.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum, IntFlag
from itertools import groupby, repeat

from compiler.gates.circuit import Circuit, GateOp


class Knows(IntFlag):
    """Who knows a value; of XORs whoever knows both operands, so it is their `&`."""

    NEITHER = 0
    GARBLER = 1
    EVALUATOR = 2
    BOTH = 3


class Half(Enum):
    """Which halves of an AND there are."""

    BOTH = "both"  # neither party knows an operand
    GARBLERS = "garbler's"  # the garbler knows one
    EVALUATORS = "evaluator's"  # the evaluator knows one
    OWN = "own"  # it knows both, and so what comes out

    @property
    def ciphertexts(self) -> int:
        return 2 if self is Half.BOTH else 1  # of one lane


Runs = tuple[tuple[int, Knows], ...]
"""Inputs one after the other: how many, and who knows them; empty where nobody knows any."""


def runs(inputs: Sequence[tuple[int, Knows]]) -> Runs:
    """In as few runs as can be."""
    joined = ((sum(n for n, _ in run), who) for who, run in groupby(inputs, lambda pair: pair[1]))
    found = tuple((count, who) for count, who in joined if count)
    return found if any(who for _, who in found) else ()


def half(left: Knows, right: Knows) -> Half:
    """Of an AND of operands that these know."""
    if left & right & Knows.EVALUATOR:
        return Half.OWN
    if (left | right) & Knows.GARBLER:
        return Half.GARBLERS
    return Half.EVALUATORS if (left | right) & Knows.EVALUATOR else Half.BOTH


def knowledge(circuit: Circuit, known: Runs) -> list[int]:
    """For each net who knows it, as the number of a Knows, which takes a tenth of the time; where no input is known to
    anybody only the constant is."""
    nets = [int(Knows.BOTH), *(int(who) for count, who in known for _ in range(count))]
    if not known:
        return nets + [0] * (circuit.inputs + len(circuit.gates))
    xor, evaluator = GateOp.XOR, int(Knows.EVALUATOR)
    for op, left, right in circuit.gates:
        both = nets[left >> 1] & nets[right >> 1]
        nets.append(both if op is xor else both & evaluator)
    return nets


def halves(circuit: Circuit, known: Runs) -> Iterator[Half]:
    """Of each AND, in order."""
    if not known:
        return repeat(Half.BOTH, circuit.and_gates)
    nets = knowledge(circuit, known)
    return (_HALVES[nets[left >> 1]][nets[right >> 1]] for op, left, right in circuit.gates if op is GateOp.AND)


def ciphertexts(circuit: Circuit, known: Runs) -> int:
    """Of one lane."""
    return sum(each.ciphertexts for each in halves(circuit, known)) if known else 2 * circuit.and_gates


def outputs(circuit: Circuit, known: Runs) -> list[Knows]:
    """Who knows each output, as who reads its wire may rely on it.

    A constant 1 is a label that only the garbler is told of by its colour, see `runtime/execute/yao.py`.
    """
    nets = knowledge(circuit, known)
    return [
        Knows.GARBLER if literal & 1 and nets[literal >> 1] == Knows.BOTH else Knows(nets[literal >> 1])
        for literal in circuit.outputs
    ]


_HALVES = [[half(Knows(left), Knows(right)) for right in range(4)] for left in range(4)]
