"""Functions that are one another but for an affine change of their variables and what is added of these: found by their
Walsh spectra, whose numbers move in the same way.

The spectrum of f has at u the sum over all x of (-1)^(f(x) + u x).  If f(x) = g(Ax + b) + c x + d, it is that of g at
B(u + c), where B is the inverse of A transposed, but for a sign that is affine in u.  So the numbers of the one are
laid upon those of the other, point by point, as long as they agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class _Laid(NamedTuple):
    """A point of one spectrum upon one of another, and whether their signs differ."""

    at: int
    upon: int
    differs: int


def spectrum(function: int, rows: int) -> list[int]:
    return _transformed([1 - 2 * (function >> v & 1) for v in range(rows)])


def signature(spectrum: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What no such change touches: the sizes of the numbers, and those of the autocorrelation."""
    power = _transformed([n * n for n in spectrum])
    return tuple(sorted(map(abs, spectrum))), tuple(sorted(abs(n) // len(spectrum) for n in power))


def changes(one: Sequence[int], other: Sequence[int]) -> Iterator[list[int]]:
    """By their spectra: each y = Ax + b by which one function is the other of y, but for what is added; of each y the
    mask of what it is the sum of, bit 0 for 1, then the variables."""
    frame = _frame(one)
    yield from (_solved(points) for points in _laid(one, other, frame, []))


def _transformed(numbers: list[int]) -> list[int]:
    step = 1
    while step < len(numbers):
        for start in range(0, len(numbers), 2 * step):
            for i in range(start, start + step):
                numbers[i], numbers[i + step] = numbers[i] + numbers[i + step], numbers[i] - numbers[i + step]
        step *= 2
    return numbers


def _frame(spectrum: Sequence[int]) -> list[int]:
    """Points of which all others are sums, an odd number of them each; rare numbers first, since they fit seldom."""
    often = Counter(map(abs, spectrum))
    first, *order = sorted(range(len(spectrum)), key=lambda u: (not spectrum[u], often[abs(spectrum[u])], u))
    frame, span = [first], {0}
    for u in order:
        if u ^ first not in span:
            span |= {u ^ first ^ other for other in span}
            frame.append(u)
    return frame


def _laid(one: Sequence[int], other: Sequence[int], frame: Sequence[int], points: list[_Laid]) -> Iterator[list[_Laid]]:
    """All ways of going on: `points` are sums of those before, in the order of a number's bits, the first a corner."""
    if not frame:
        yield points
        return
    at, *rest = frame
    taken = {point.upon for point in points}
    for upon in range(len(other)):
        if upon not in taken and abs(other[upon]) == abs(one[at]):
            for differs in (0, 1) if not one[at] else (one[at] != other[upon],):
                laid = _Laid(at, upon, int(differs))
                corner = points[0] if points else laid
                more = [_Laid(*(a ^ b ^ c for a, b, c in zip(laid, corner, point, strict=True))) for point in points]
                if all(one[u] == (-other[v] if differs else other[v]) for u, v, differs in more):
                    yield from _laid(one, other, rest, [*points, *more] if points else [laid])


def _solved(points: Sequence[_Laid]) -> list[int]:
    """A and b, from u -> v = Bu + e and the sign, which is v b but for a constant."""
    variables = len(points).bit_length() - 1
    rows = [[n ^ first for n, first in zip(points[1 << i], points[0], strict=True)] for i in range(variables)]
    for bit in range(variables):
        pivot = next(i for i in range(bit, variables) if rows[i][1] >> bit & 1)
        rows[bit], rows[pivot] = rows[pivot], rows[bit]
        for i in range(variables):
            if i != bit and rows[i][1] >> bit & 1:
                rows[i] = [a ^ b for a, b in zip(rows[i], rows[bit], strict=True)]
    return [at << 1 | differs for at, _, differs in rows]
