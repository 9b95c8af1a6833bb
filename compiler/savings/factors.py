"""Public factors and divisors that are no powers of two: by one a product is a shift, and takes no gates."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from compiler.savings.edits import Edit
from lang import typed as t
from lang.numerals import show_number
from lang.source import Source, Span
from lang.syntax import tree
from lang.syntax.parse import parse
from lang.traverse import Node, walk


def powers(program: t.Program, file: Source) -> list[tuple[bool, Edit]]:
    """For each such number of the program the power of two that is nearest, and whether it divides.

    The rate of a `dpsgd` counts by what of it moves a weight: over the batch.  `file` is the program's own.
    """
    found: dict[Span, tuple[bool, Edit]] = {}
    for node in walk(_nodes(program)):
        if isinstance(node, t.Operate) and (of := _factor(node)) is not None:
            number, divides = of
            found[number.span] = divides, Edit(number.span, show_number(nearest(number.values[0])))
    return [*found.values(), *((False, edit) for edit in _rates(program, file))]


def nearest(value: Fraction) -> Fraction:
    """The power of two, with the sign of the value, from which it differs by the least factor; it is not 0."""
    size = abs(value)
    below = Fraction(2) ** (size.numerator.bit_length() - size.denominator.bit_length())
    if below > size:
        below /= 2
    power = below if size**2 <= 2 * below**2 else 2 * below
    return power if value > 0 else -power


def _nodes(program: t.Program) -> Iterator[Node]:
    """All statements, those of each `dpsgd` and `measure` too."""
    yield from program.statements
    for node in [*walk(program.statements)]:
        if isinstance(node, t.Train):
            yield from (*node.body, *([node.loss] if node.loss else []), *(e for _, e in node.grads))
        elif isinstance(node, t.Measure):
            yield from (*node.body, node.value)


def _factor(node: t.Operate) -> tuple[t.Const, bool] | None:
    """The number that a private value is multiplied or divided by, where it is no power of two."""
    divides = node.call in (t.Call.DIVIDE, t.Call.MODULO)
    if node.call is not t.Call.MUL and not divides:
        return None
    for number in node.args[1:] if divides else node.args:
        if isinstance(number, t.Const) and len(set(number.values)) == 1 and number.values[0]:
            return (number, divides) if nearest(number.values[0]) != number.values[0] else None
    return None


def _rates(program: t.Program, file: Source) -> Iterator[Edit]:
    written = {(n.span.line, n.span.column): n for n in parse(file).items if isinstance(n, tree.Dpsgd)}
    for node in walk(program.statements):
        if isinstance(node, t.Train) and len(node.update.rates) == 1 and node.update.rates[0]:
            [rate] = node.update.rates
            moves = nearest(rate / node.batch) * node.batch
            place = written.get((node.span.line, node.span.column))
            for clause in place.clauses if place and moves != rate else ():
                if clause.name.name == "rate":
                    yield Edit(clause.value.span, show_number(moves))
