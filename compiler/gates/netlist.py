"""Text of a Bristol circuit -> a netlist: the old format and Bristol Fashion.

    376 504          gates and wires              375 439
    2 64 64          inputs, and bits of each     32 32   33      bits of both inputs and of the output
    1 64             outputs, and bits of each
    2 1 63 127 376 XOR                            2 1 0 32 406 XOR

Nothing that a file says of its size is believed before the lines are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, NoReturn

from lang.numerals import counted
from lang.problems.circuits import CircuitLine, CircuitTooLarge
from lang.problems.problem import Rejected
from lang.source import Source, Span

GATES = 1 << 19
WIRES = 1 << 20
_DIGITS = 9  # of a number
_READS = {"XOR": 2, "AND": 2, "OR": 2, "INV": 1, "NOT": 1, "EQ": 1, "EQW": 1}
_HEAD = "the first line has the numbers of gates and of wires, the next the inputs: `2 64 64` is two of 64 bits"


class Driven(NamedTuple):
    """How a wire of a netlist comes about; what reads one wire has it on the left, and on the right 0."""

    by: Literal["XOR", "AND", "OR", "INV", "EQW", "EQ"]  # EQW is a copy, EQ the constant that stands on its left
    left: int
    right: int
    wire: int


@dataclass(frozen=True, slots=True)
class Netlist:
    """A circuit of somebody else: wires in words, the least significant bit of each first.

    The inputs are the first wires, the outputs the last; every wire is driven once, before it is read.
    """

    inputs: tuple[int, ...]  # bits of each
    outputs: tuple[int, ...]
    wires: int
    gates: tuple[Driven, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    number: int  # counted from 1
    words: list[str]


def netlist(source: Source) -> Netlist:
    """The circuit; raises Rejected with the first line that is wrong."""
    return _Reader(source).read()


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        lines = enumerate(source.text.split("\n"), 1)
        self.lines = [_Line(number, words) for number, text in lines if (words := text.split())]

    def read(self) -> Netlist:
        gates, wires = self._sizes()
        inputs, outputs, rest = self._words()
        head = self.lines[1]
        if sum(inputs) > wires or sum(outputs) > wires:
            self._wrong(head, f"{sum(inputs)} bits of inputs and {sum(outputs)} of outputs in {wires} wires")
        if len(rest) != gates:
            what = f"{counted(gates, 'gate')} stated, {counted(len(rest), 'line')} of gates there"
            odd = self.lines[-1] if len(rest) < gates else rest[gates]
            self._wrong(odd, what, "is the file whole?" if len(rest) < gates else "this line is one more than stated")
        known = bytearray(wires)
        known[: sum(inputs)] = b"\1" * sum(inputs)
        made: list[Driven] = []
        for line in rest:
            made += self._gate(line, known)
        if (missing := known.find(0, wires - sum(outputs))) >= 0:
            self._wrong(self.lines[0], f"nothing drives wire {missing}, which is of an output", "is the file whole?")
        return Netlist(inputs, outputs, wires, tuple(made))

    # -- the lines before the gates

    def _sizes(self) -> tuple[int, int]:
        if not self.lines:
            self._wrong(_Line(1, []), "the file is empty", _HEAD)
        first = self.lines[0]
        numbers = self._numbers(first, first.words, _HEAD)
        if len(numbers) != 2:
            self._wrong(first, f"{counted(len(numbers), 'number')} instead of 2", _HEAD)
        for count, what, limit in ((numbers[0], "gates", GATES), (numbers[1], "wires", WIRES)):
            if count > limit:
                self._reject(CircuitTooLarge(span=self._span(first), count=str(count), what=what, limit=limit))
        return numbers[0], numbers[1]

    def _words(self) -> tuple[tuple[int, ...], tuple[int, ...], Sequence[_Line]]:
        """Bits of each input and of each output, and the lines of gates."""
        if len(self.lines) < 2:
            self._wrong(self.lines[0], "the line of the inputs is missing", _HEAD)
        second = self.lines[1]
        numbers = self._numbers(second, second.words, _HEAD)
        if len(self.lines) == 2 or not self.lines[2].words[-1].isdigit():  # the old format has gates here
            if len(numbers) != 3:
                self._wrong(second, f"{counted(len(numbers), 'number')} instead of 3", _HEAD)
            return tuple(n for n in numbers[:2] if n), (numbers[2],), self.lines[2:]
        return self._widths(second, "input"), self._widths(self.lines[2], "output"), self.lines[3:]

    def _widths(self, line: _Line, what: str) -> tuple[int, ...]:
        count, *widths = self._numbers(line, line.words, _HEAD)
        if count != len(widths):
            self._wrong(line, f"{counted(count, what)} stated, {counted(len(widths), 'width')} there", _HEAD)
        if 0 in widths:
            self._wrong(line, f"an {what} of no bits", _HEAD)
        return tuple(widths)

    # -- gates

    def _gate(self, line: _Line, known: bytearray) -> list[Driven]:
        """The wires that a line drives, marked in `known`."""
        *words, op = line.words
        numbers = self._numbers(line, words)
        if op not in _READS and op != "MAND":
            self._wrong(line, f"`{op[:20]}` is no gate", f"the gates are {', '.join(_READS)} and MAND")
        if len(numbers) < 2 or len(numbers) != 2 + numbers[0] + numbers[1]:
            self._wrong(line, "the wires are not as many as it begins with")
        reads, drives = numbers[0], numbers[1]
        if op == "MAND":
            if not drives or reads != 2 * drives:
                self._wrong(line, f"`MAND` of {counted(drives, 'AND')} reads {reads} wires instead of {2 * drives}")
        elif (reads, drives) != (_READS[op], 1):
            self._wrong(line, f"`{op}` reads {_READS[op]} and drives 1, not {reads} and {drives}")
        operands, targets = numbers[2 : 2 + reads], numbers[2 + reads :]
        if op == "EQ":
            if operands[0] > 1:
                self._wrong(line, f"`EQ` makes the constant 0 or 1, not {operands[0]}", "a copy is `EQW`")
        else:
            for wire in operands:
                if wire >= len(known) or not known[wire]:
                    self._wrong(line, f"reads wire {wire}, which nothing before it drives")
        for wire in targets:
            if wire >= len(known):
                self._wrong(line, f"drives wire {wire} of {len(known)}")
            if known[wire]:
                self._wrong(line, f"drives wire {wire} again")
            known[wire] = 1
        return _driven(op, operands, targets)

    # -- what is wrong

    def _numbers(self, line: _Line, words: Sequence[str], hint: str | None = None) -> list[int]:
        for word in words:
            if not (word.isascii() and word.isdigit()):
                self._wrong(line, f"`{word[:20]}` is no number", hint)
            if len(word) > _DIGITS:
                self._wrong(line, f"`{word[:20]}` has more than {_DIGITS} digits", hint)
        return [int(word) for word in words]

    def _wrong(self, line: _Line, reason: str, hint: str | None = None) -> NoReturn:
        span = self._span(line)
        self._reject(
            CircuitLine(span=span, reason=reason) if hint is None else CircuitLine(span=span, reason=reason, hint=hint)
        )

    def _reject(self, problem: CircuitLine | CircuitTooLarge) -> NoReturn:
        raise Rejected([problem])

    def _span(self, line: _Line) -> Span:
        return Span(self.source, line.number, 1, line.number, len(self.source.line(line.number).rstrip()) + 1)


def _driven(op: str, operands: Sequence[int], targets: Sequence[int]) -> list[Driven]:
    match op:
        case "XOR" | "AND" | "OR":
            return [Driven(op, operands[0], operands[1], targets[0])]
        case "MAND":
            half = len(targets)
            return [Driven("AND", *wires) for wires in zip(operands[:half], operands[half:], targets, strict=True)]
        case "INV" | "NOT":
            return [Driven("INV", operands[0], 0, targets[0])]
        case "EQ" | "EQW":
            return [Driven(op, operands[0], 0, targets[0])]
        case _:
            raise AssertionError(f"`{op}` is in no table of gates")
