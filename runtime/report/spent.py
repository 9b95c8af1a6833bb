"""What a run spends, as tables for people: by source place, by cell and by pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from compiler.schedule.attribution import Place, Spent
from lang.source import Span
from runtime.report.attribution import Attribution, sent
from runtime.report.places import excerpt
from runtime.report.wording import count, percent, size, table

PLACES = 20  # rows of a table that are printed
LINES = ("source", "AND", "bytes", "share")
PASSES = ("pass", "AND before", "after", "XOR before", "after", "AND of a run", "after", "XOR of a run", "after")


def lines(found: Attribution) -> list[tuple[str, ...]]:
    """By place, those with most bytes first."""
    whole = sum(n.bytes for n in found.lines)
    return [
        (named((n.file, n.line, n.column), found.spans), count(n.and_gates), size(n.bytes), percent(n.bytes, whole))
        for n in sorted(found.lines, key=lambda n: -n.bytes)
    ]


def cells_header(found: Attribution) -> tuple[str, ...]:
    return ("source and cell", "kernel", *(f"AND {stage}" for stage in found.stages), "XOR", "bytes", "share")


def cells(found: Attribution) -> list[tuple[str, ...]]:
    """By place, kernel and cell, those with most bytes first."""
    whole = sum(sent(row).total for row in found.rows)
    return [_cell(row, len(found.stages), whole) for row in sorted(found.rows, key=lambda row: -sent(row).total)]


def _cell(row: Spent, stages: int, whole: int) -> tuple[str, ...]:
    file, line, column = row.place
    numbers = (*row.and_gates, row.xor_gates[-1]) if row.kernel is not None else ()
    gates = [*map(count, numbers), *[""] * (stages + 1)][: stages + 1]
    kernel = "" if row.kernel is None else f"k{row.kernel}"
    total = sent(row).total
    return (f"{file}:{line}:{column}  {row.cell}", kernel, *gates, size(total), percent(total, whole))


def passes(found: Attribution) -> list[tuple[str, ...]]:
    """Of one lane of every kernel, then of a run."""
    return [
        (
            p.kernels.name,
            *map(count, (p.kernels.and_before, p.kernels.and_after, p.kernels.xor_before, p.kernels.xor_after)),
            *map(count, (p.and_before, p.and_after, p.xor_before, p.xor_after)),
        )
        for p in found.passes
    ]


def text(found: Attribution) -> Iterator[str]:
    yield from _cut(LINES, lines(found))
    yield ""
    yield from _cut(cells_header(found), cells(found))
    yield ""
    yield from table(PASSES, passes(found))


def named(place: Place, spans: Mapping[Place, Span]) -> str:
    """A place, and what begins there."""
    file, line, column = place
    return f"{file}:{line}:{column}  {excerpt(spans.get(place))}".rstrip()


def _cut(header: Sequence[str], rows: Sequence[tuple[str, ...]]) -> list[str]:
    rest = [f"and {count(len(rows) - PLACES)} more places: see --json"] if len(rows) > PLACES else []
    return [*table(header, rows[:PLACES]), *rest]
