"""And-inverter graphs in the AIGER formats, text and binary (http://fmv.jku.at/aiger), as netlists.

    aag 3 2 0 1 1     largest variable, inputs, latches, outputs, ANDs; `aig` for the binary format
    2                 inputs: literals, 2 * variable + 1 where it is inverted; not in the binary format
    4
    7                 outputs
    6 2 4             ANDs; in the binary format two numbers each, 7 bits a byte: how much smaller each operand is
    i0 a[0]           names: inputs, or outputs, `a[0]`, `a[1]` and so on are one number

Nothing that a file says of its size is believed before the bytes are there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal, NoReturn

from compiler.gates.netlist import GATES, Driven, Netlist
from lang.numerals import counted

BEGINS = (b"aag ", b"aig ")
_DIGITS = 9  # of a number
_INDEXED = re.compile(r"(.*)\[(\d+)\]")

_And = tuple[int, int, int]  # literals: what it drives, and what it reads


class NotAiger(Exception):
    """A file is none that is read here; the message says where and why."""


def aiger(data: bytes) -> Netlist:
    """Raises NotAiger."""
    return _Reader(data).read()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._line = data, 0, 0

    def read(self) -> Netlist:
        binary = self._data.startswith(b"aig ")
        inputs, outputs, ands = self._sizes(binary)
        read = list(range(2, 2 + 2 * inputs, 2)) if binary else [self._numbers(1)[0] for _ in range(inputs)]
        written = [self._numbers(1)[0] for _ in range(outputs)]
        gates = self._deltas(inputs, ands) if binary else self._ands(ands)
        made = _Wires(read)
        made.gates(self._in_order(read, gates))
        made.outputs(written)
        named = self._names()
        return Netlist(_widths(named, "i", inputs), _widths(named, "o", outputs), made.count, tuple(made.driven))

    # -- the parts of a file

    def _sizes(self, binary: bool) -> tuple[int, int, int]:
        """Inputs, outputs, ANDs."""
        words = self._words()[1:]
        if not 5 <= len(words) <= 9:
            self._wrong("the first line has 5 to 9 numbers")
        most, inputs, latches, outputs, ands, *more = (self._number(word) for word in words)
        if latches or any(more):
            self._wrong("latches and properties are not read: ccr computes circuits without memory")
        if most > GATES or inputs + outputs + ands > GATES:
            self._wrong(f"more than {GATES} inputs, outputs and ANDs")
        if not inputs or not outputs:
            self._wrong("no inputs, or no outputs")
        if inputs + ands != most if binary else inputs + ands > most:
            self._wrong(f"{inputs} inputs and {ands} ANDs are not {most} variables")
        return inputs, outputs, ands

    def _ands(self, ands: int) -> list[_And]:
        found: list[_And] = []
        for _ in range(ands):
            target, left, right = self._numbers(3)
            found.append((target, left, right))
        return found

    def _deltas(self, inputs: int, ands: int) -> list[_And]:
        found: list[_And] = []
        for number in range(ands):
            target = 2 * (1 + inputs + number)
            left = target - self._delta(number)
            right = left - self._delta(number)
            if not 0 <= right <= left < target:
                raise NotAiger(f"AND {number} reads what is not before it")
            found.append((target, left, right))
        return found

    def _delta(self, number: int) -> int:
        total = shift = 0
        while True:
            if self._at >= len(self._data) or shift > 28:
                raise NotAiger(f"AND {number} is cut off, or no number")
            byte = self._data[self._at]
            self._at += 1
            total |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return total

    def _in_order(self, inputs: Sequence[int], ands: Sequence[_And]) -> list[_And]:
        """Each after those that it reads."""
        by_variable: dict[int, _And | None] = {0: None}
        for literal, gate in [*((literal, None) for literal in inputs), *((gate[0], gate) for gate in ands)]:
            if literal & 1 or literal >> 1 in by_variable:
                raise NotAiger(f"literal {literal} is driven again, or inverted where it is driven")
            by_variable[literal >> 1] = gate
        done, entered, found = {0, *(literal >> 1 for literal in inputs)}, set[int](), list[_And]()
        for target, *_ in ands:
            waiting = [target >> 1]
            while waiting:
                variable = waiting[-1]
                gate = by_variable.get(variable)
                if variable in done:
                    waiting.pop()
                elif gate is None:
                    raise NotAiger(f"nothing drives literal {2 * variable}")
                elif missing := [literal >> 1 for literal in gate[1:] if literal >> 1 not in done]:
                    if variable in entered:
                        raise NotAiger(f"literal {2 * variable} depends on itself")
                    entered.add(variable)
                    waiting += missing
                else:
                    done.add(waiting.pop())
                    found.append(gate)
        return found

    def _names(self) -> dict[str, str]:
        """By `i0`, `o12` and so on; what comes after `c` is a comment."""
        found: dict[str, str] = {}
        while self._at < len(self._data) and self._data[self._at : self._at + 1] != b"c":
            words = self._text().split(" ", 1)
            if len(words) != 2 or not re.fullmatch(r"[io]\d{1,9}", words[0]):
                self._wrong("a name is written `i0 a[0]` or `o0 sum`")
            found[words[0]] = words[1]
        return found

    # -- lines

    def _text(self) -> str:
        self._line += 1
        end = self._data.find(b"\n", self._at)
        if end < 0:
            self._wrong("the file ends here")
        text = self._data[self._at : end]
        self._at = end + 1
        return text.decode("utf-8", "replace").rstrip("\r")

    def _words(self) -> list[str]:
        return self._text().split()

    def _numbers(self, count: int) -> list[int]:
        words = self._words()
        if len(words) != count:
            self._wrong(f"{counted(len(words), 'word')} instead of {counted(count, 'number')}")
        return [self._number(word) for word in words]

    def _number(self, word: str) -> int:
        if not (word.isascii() and word.isdigit() and len(word) <= _DIGITS):
            self._wrong(f"`{word[:20]}` is no number")
        return int(word)

    def _wrong(self, reason: str) -> NoReturn:
        raise NotAiger(f"line {self._line}: {reason}")


class _Wires:
    """Of a netlist: the inputs, what is made of them, and last the outputs."""

    def __init__(self, inputs: Sequence[int]) -> None:
        self.driven: list[Driven] = []
        self.count = len(inputs)
        self._wires = {literal: wire for wire, literal in enumerate(inputs)}  # by literal

    def gates(self, gates: Iterable[_And]) -> None:
        for target, left, right in gates:
            operands = self._wire(left), self._wire(right)
            self._wires[target] = self._add("AND", *operands)

    def outputs(self, literals: Sequence[int]) -> None:
        wires = [self._wire(literal) for literal in literals]
        for wire in wires:
            self._add("EQW", wire, 0)

    def _wire(self, literal: int) -> int:
        if literal not in self._wires:
            if literal > 1 and literal ^ 1 not in self._wires:
                raise NotAiger(f"nothing drives literal {literal & ~1}")
            self._wires[literal] = (
                self._add("EQ", literal, 0) if literal <= 1 else self._add("INV", self._wires[literal ^ 1], 0)
            )
        return self._wires[literal]

    def _add(self, by: Literal["AND", "INV", "EQW", "EQ"], left: int, right: int) -> int:
        self.driven.append(Driven(by, left, right, self.count))
        self.count += 1
        return self.count - 1


def _widths(names: dict[str, str], sort: str, count: int) -> tuple[int, ...]:
    """Bits of each number: names with an index from 0 on belong together, and so do bits next to one another that have
    no such names."""
    widths: list[int] = []
    before: tuple[str, int] | None = None
    for i in range(count):
        found = _INDEXED.fullmatch(names.get(f"{sort}{i}", ""))
        name = (found[1], int(found[2])) if found else ("", 0)
        continues = before is not None and (
            name[0] == before[0] and name[1] == before[1] + 1 if found else not before[0]
        )
        if continues:
            widths[-1] += 1
        else:
            widths.append(1)
        before = name if found else ("", -1)
    return tuple(widths)
