"""What other kinds, numbers and options would save, each counted by compiling the program that they make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from compiler.gates.limits import TooManyGates
from compiler.program import Compiled, and_gates
from compiler.savings.changes import Change, Changes, Why
from compiler.schedule.attribution import place_of
from lang.problems.problem import Rejected
from runtime.net.traffic import Traffic
from runtime.report import places
from runtime.report.attribution import attributed
from runtime.report.spent import PLACES
from runtime.report.traffic import traffic
from runtime.report.wording import count, percent, size, table

Line = tuple[str, int]  # a file, a line of it: a change moves columns


@dataclass(frozen=True, slots=True)
class Spending:
    """Of a run."""

    and_gates: int
    bytes: Traffic
    lines: Mapping[Line, tuple[int, int]]  # AND gates and bytes of each line of the text


@dataclass(frozen=True, slots=True)
class Counted:
    """A change and what a run of the program that it makes spends."""

    change: Change
    spending: Spending


@dataclass(frozen=True, slots=True)
class Savings:
    """What is asked for of a program, and what it spends as it is."""

    now: Spending
    narrower: tuple[Counted, ...] | None  # each kind one bit narrower, and all of them
    hints: tuple[Counted, ...] | None  # whatever saves bytes, those that save most first
    evaluator: str

    def as_json(self) -> dict[str, object]:
        parts = {"narrower": self.narrower, "hints": self.hints}
        return {name: [self._json(c) for c in counted] for name, counted in parts.items() if counted is not None}

    def _json(self, counted: Counted) -> dict[str, object]:
        then = counted.spending
        return {
            "change": counted.change.why.value,
            "option": option(counted.change) or None,
            "edits": [
                dict(zip(("file", "line", "column"), place_of(e.span), strict=True))
                | {"written": e.written, "instead": e.instead}
                for e in counted.change.edits
            ],
            "and_gates": then.and_gates,
            "bytes": then.bytes.as_json(),
            "saves": {
                "and_gates": self.now.and_gates - then.and_gates,
                "bytes": self.now.bytes.total - then.bytes.total,
            },
            "lines": [
                {"file": file, "line": line, "and_gates": ands, "bytes": sent}
                for (file, line), (ands, sent) in sorted(then.lines.items())
            ],
        }


def savings(program: Compiled, narrower: bool, hints: bool) -> Savings:
    """Of a program that knows the places of its text; each that is counted is compiled."""
    changes = Changes(program)
    bits = tuple(_counted(changes, changes.narrower()))
    ranked: tuple[Counted, ...] | None = None
    now = spending(program)
    if hints:
        singles = [c for c in bits if len(c.change.edits) == 1]
        found = {(c.change.edits, option(c.change)): c for c in (*singles, *_counted(changes, changes.others()))}
        better = [c for c in found.values() if c.spending.bytes.total < now.bytes.total]
        ranked = tuple(sorted(better, key=lambda c: (c.spending.bytes.total, c.spending.and_gates)))
    return Savings(now, bits if narrower else None, ranked, program.evaluator)


def spending(program: Compiled) -> Spending:
    ands: Counter[Line] = Counter()
    sent: Counter[Line] = Counter()
    for n in attributed(program).lines:
        ands[n.file, n.line] += n.and_gates
        sent[n.file, n.line] += n.bytes
    lines = {line: (ands[line], sent[line]) for line in sent}
    return Spending(and_gates(program.plan), traffic(program), lines)


def _counted(changes: Changes, of: Iterable[Change]) -> Iterator[Counted]:
    """Those that make a program."""
    for change in of:
        try:
            yield Counted(change, spending(changes.compiled(change)))
        except (Rejected, TooManyGates):
            continue


def option(change: Change) -> str:
    """Of the command line; "" where the text changes."""
    if change.products:
        return f"--products {change.products.value}"
    return f"--evaluator {change.evaluator.value}" if change.evaluator else ""


def what(change: Change) -> str:
    """What is to be written, and where."""
    if said := option(change):
        return said
    if len(change.edits) != 1:
        return "all kinds together"
    [edit] = change.edits
    file, line, column = place_of(edit.span)
    return f"{file}:{line}:{column}  `{places.cut(edit.written)}` as `{places.cut(edit.instead)}`"


def meant(change: Change, evaluator: str) -> str:
    """What becomes of the program."""
    match change.why:
        case Why.RANGE:
            return "reaches half as far"
        case Why.PRECISION:
            return "counts in steps twice as large"
        case Why.SPARE:
            return "no value that is bound to it reaches further"
        case Why.FACTOR:
            return "by a power of two a product is a shift"
        case Why.DIVISOR:
            return "by a power of two a quotient is a shift"
        case Why.CLASSES:
            return "another model: a yes-or-no question for each class"
        case Why.CLIP:
            return "another clip: of the error, by structure, not of the gradient's norm"
        case Why.PRODUCTS:
            return "the same outputs"
        case Why.EVALUATOR:
            return f"the same outputs, where both take {evaluator} for honest"
        case _:
            assert_never(change.why)


BITS = {Why.RANGE: "a bit of range less", Why.PRECISION: "a bit after the point less"}
NARROWER = ("one bit narrower", "AND", "bytes", "saves", "of all", "")
HINTS = ("hint", "AND", "bytes", "saves", "of all", "")


def rows(found: Savings, counted: Sequence[Counted]) -> list[tuple[str, ...]]:
    """Of either table; what becomes of the program stands last."""
    now = found.now.bytes.total
    return [
        (
            what(c.change),
            count(c.spending.and_gates),
            size(c.spending.bytes.total),
            size(now - c.spending.bytes.total) if c.spending.bytes.total <= now else "none",
            percent(max(0, now - c.spending.bytes.total), now),
            meant(c.change, found.evaluator),
        )
        for c in counted
    ]


def line_rows(found: Savings) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """What each line costs, and would cost with all kinds one bit narrower: header and rows."""
    wholes = _wholes(found.narrower or ())
    header = ["line", "AND", "bytes"]
    for whole in wholes:
        header += [f"AND, {BITS[whole.change.why]}", "bytes"]
    return tuple(header), [
        (f"{line[0]}:{line[1]}", *_cells(spent), *(cell for w in wholes for cell in _cells(w.spending.lines.get(line))))
        for line, spent in sorted(found.now.lines.items(), key=lambda item: -item[1][1])
    ]


def _wholes(narrower: Sequence[Counted]) -> list[Counted]:
    """Of each bit the change that narrows most kinds."""
    found = {c.change.why: c for c in narrower}  # the last of each is that of all kinds
    return [*found.values()]


def _cells(spent: tuple[int, int] | None) -> tuple[str, str]:
    ands, sent = spent or (0, 0)
    return count(ands), size(sent)


def text(found: Savings) -> list[str]:
    lines: list[str] = []
    if found.narrower is not None:
        header, by_line = line_rows(found)
        lines += [*_drawn(NARROWER, rows(found, found.narrower)), "", *table(header, by_line[:PLACES]), ""]
    if found.hints is not None:
        lines += _drawn(HINTS, rows(found, found.hints)) if found.hints else ["nothing that is known would save bytes"]
    return lines


def _drawn(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    drawn = table(header[:-1], [row[:-1] for row in rows])
    return [f"{line}  {last}".rstrip() for line, last in zip(drawn, ["", *(row[-1] for row in rows)], strict=True)]
