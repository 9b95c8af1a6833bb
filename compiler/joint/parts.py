"""Products as sums of products of parts, so that squares are of numbers that are short and about as wide as each other.

    a b = a b0 + 2^k a b1                                                   the wider factor cut, into two or more
    a b = (1 - 2^h) a0 b0 + 2^h (a0 + a1)(b0 + b1) + (2^2h - 2^h) a1 b1     both halved (Karatsuba, Ofman 1962)

Parts are wires of the factor, or made once for all lanes that share it, in the clear where it is entered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from compiler.words.builder import Builder
from compiler.words.ir import Type, Value, full_range
from compiler.words.operations import Enter, Linear, View

MOST_PARTS = 4  # of one factor


@dataclass(frozen=True, slots=True)
class Part:
    """The number that a word's bits from `start` on are: up to `stop`, or with its sign; those below added if `both`.

    With a `bias`, half of each part but the last, they are digits of both signs: it is added before, and taken away.
    """

    start: int = 0
    stop: int | None = None
    both: bool = False
    bias: int = 0

    def type(self, of: Type) -> Type:
        if self.both:
            low, high = (part.type(of) for part in self._halves())
            return replace(of, lo=low.lo + high.lo, hi=low.hi + high.hi)
        lo, hi = (n + self.bias >> self.start for n in (of.lo, of.hi))
        if self.stop is not None:
            lo, hi = full_range(self.stop - self.start, self.bias > 0)
        return replace(of, scale=of.scale * (1 << self.start), lo=lo, hi=hi)

    def ands(self, of: Type) -> int:
        """That it takes to make."""
        return self.type(of).width if self.both or (self.bias and self.start) else 0

    def _halves(self) -> tuple[Part, Part]:
        return Part(0, self.start), Part(self.start)

    def of(self, b: Builder, number: int, entering: tuple[str, ...]) -> int:
        """Of a joint word; what these parties have entered they add up themselves."""
        item = b.item(number)
        if self == WHOLE:
            return number
        if isinstance(item, Value) and isinstance(item.op, View) and b.type(item.args[0]).size <= item.type.size:
            part = self.of(b, item.args[0], entering)
            return b.view(part, item.op.at, item.type.shape, item.args[1:])
        if (
            self.ands(b.type(number))
            and isinstance(item, Value)
            and isinstance(item.op, Enter)
            and item.op.party in entering
        ):
            clear = self.made(b, item.args[0])
            type = b.type(clear)
            lo, hi = full_range(type.width, type.signed)
            return b.add(item.op, (clear,), replace(type, lo=lo, hi=hi))
        return self.made(b, number)

    def made(self, b: Builder, number: int) -> int:
        """Of a word of any owner, in its place."""
        if self == WHOLE:
            return number
        type = self.type(b.type(number))
        if self.both:
            return b.add(Linear((1, 1)), [part.made(b, number) for part in self._halves()], type)
        if self.bias:
            number = b.add(Linear((1,), self.bias), (number,), shifted(b.type(number), self.bias))
        if self.stop is None or not self.bias:
            return b.round(number, type.scale, type.lo, type.hi, nearest=False, wrap=self.stop is not None)
        natural = shifted(type, -type.lo)
        made = b.round(number, type.scale, natural.lo, natural.hi, nearest=False, wrap=True)
        return b.add(Linear((1,), type.lo), (made,), type)


def shifted(type: Type, by: int) -> Type:
    return replace(type, lo=type.lo + by, hi=type.hi + by)


WHOLE = Part()


class Term(NamedTuple):
    """A product of a part of each factor, times an integer."""

    coefficient: int
    parts: tuple[Part, Part]

    @property
    def shift(self) -> int:
        """Low bits of the whole that the product has no part in."""
        return (self.coefficient & -self.coefficient).bit_length() - 1

    @property
    def rows(self) -> int:
        """How often it is added: digits of the coefficient that are not 0, of -1 to 1, the fewest there are."""
        times = abs(self.coefficient)
        return (times ^ 3 * times).bit_count()


Terms = tuple[Term, ...]


def ways(one: Type, other: Type) -> Iterator[Terms]:
    """Of writing a product; the first is as it is."""
    yield (Term(1, (WHOLE, WHOLE)),)
    width, narrow = sorted((one.width, other.width), reverse=True)
    for count in range(2, MOST_PARTS + 1):
        if count <= width:
            cuts = [width * i // count for i in range(count)]
            for bias in 0, sum(1 << cut - 1 for cut in cuts[1:]):
                ends = zip(cuts, [*cuts[1:], None], strict=True)
                parts = [Part(start, stop, bias=bias) for start, stop in ends]
                first = one.width == width
                yield tuple(Term(1 << p.start, (p, WHOLE) if first else (WHOLE, p)) for p in parts)
    half = width // 2
    if half < narrow:
        low, high, both = Part(0, half), Part(half), Part(half, both=True)
        yield (
            Term(1 - (1 << half), (low, low)),
            Term(1 << half, (both, both)),
            Term((1 << 2 * half) - (1 << half), (high, high)),
        )
