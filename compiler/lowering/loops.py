"""Loops: carried, unrolled, or, where the body only adds, one sum over all iterations."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from compiler.lowering.context import Lowering
from compiler.lowering.stores import Added, NotOnlyAdded, only_added, stored
from compiler.words.builder import Builder
from compiler.words.ir import Type, Value
from compiler.words.leaves import kind_types, leaf_names, rebuild
from compiler.words.vmap import sum_slots, vmap
from lang import typed as t
from lang.kinds import Tensor

LANES = 1 << 20  # elements of a value of all iterations of a loop, at most


def repeat(c: Lowering, s: t.Repeat) -> None:
    """The variables that the body assigns are carried around the loop, in order of their first assignment."""
    if c.example:
        for index in range(s.start, s.start + s.count):
            c.scope[s.index.number] = c.b.const([Fraction(index)])
            c.statements(s.body)
        return
    carried = [v for v in stored(s.body) if v.number in c.scope]
    if only_added(s.body, carried):
        try:
            _add_up(c, s, carried)
            return
        except NotOnlyAdded:
            pass
    if c.added:
        raise NotOnlyAdded
    types = [ty for v in carried for ty in kind_types(v.kind)]
    leaves = [c.b.fit(leaf, ty) for leaf, ty in zip(c.leaves(carried), types, strict=True)]
    body = c.inner([Type((), Fraction(1), 0, s.count - 1), *types])
    parameters = iter(range(body.b.first + 1, body.b.first + 1 + len(types)))
    for v in carried:
        body.scope[v.number] = rebuild(c.scope[v.number], parameters)
    names = [name for v in carried for name in leaf_names(v.name, c.scope[v.number])]
    c.watch.carried(body.b, s.span, names, range(body.b.first + 1, body.b.first + 1 + len(types)))
    body.scope[s.index.number] = body.b.affine([(Fraction(1), body.b.first)], Fraction(s.start))
    body.statements(s.body)
    results = [body.b.fit(leaf, ty) for leaf, ty in zip(body.leaves(carried), types, strict=True)]
    after = iter(c.b.loop(s.count, leaves, body.b.block(results)))
    for v in carried:
        c.scope[v.number] = rebuild(c.scope[v.number], after)


def _add_up(c: Lowering, s: t.Repeat, carried: Sequence[t.Variable]) -> None:
    """A loop that only adds: its iterations are lanes, and each variable takes one sum over them."""
    kinds = {v.number: v.kind for v in carried if isinstance(v.kind, Tensor)}
    outer, added = c.added, Added(kinds, s.count * (c.added.trips if c.added else 1))
    body = c.inner([Type((), Fraction(1), 0, s.count - 1)])
    body.added = added
    for v, kind in kinds.items():
        body.scope[v] = body.b.round(body.b.const([Fraction(0)], kind.shape), kind.scalar.scale, 0, 0)
    body.scope[s.index.number] = body.b.affine([(Fraction(1), body.b.first)], Fraction(s.start))
    body.statements(s.body)
    for v in kinds:
        low, high = (Fraction(0), Fraction(0)) if outer else c.b.bounds(c.leaf(v))
        if not added.fits(v, low, high):
            _told(c, s, added, v, (low, high))
            raise NotOnlyAdded
    block = body.b.block([body.leaf(v) for v in kinds])
    if any(not isinstance(i, Value) or s.count * i.type.size > LANES for i in block.items):
        raise NotOnlyAdded
    index = c.b.const([Fraction(i) for i in range(s.count)], (s.count,))
    index = c.b.round(index, Fraction(1), 0, s.count - 1)
    for (v, kind), (number, moves) in zip(kinds.items(), vmap(c.b, block, [index], [True], s.count), strict=True):
        total = sum_slots(c.b, number) if moves else c.b.scaled(number, Fraction(s.count))
        c.scope[v] = _of_scale(c.b, c.b.add2(c.leaf(v), total), kind.scalar.scale)
    if outer:
        outer.take(added)


def _of_scale(b: Builder, number: int, scale: Fraction) -> int:
    """The same multiples of `scale`, in its units: a sum may have coarser ones, and a variable has its kind's."""
    return b.round(number, scale, *(int(end / scale) for end in b.bounds(number)))


def _told(c: Lowering, s: t.Repeat, added: Added, number: int, start: tuple[Fraction, Fraction]) -> None:
    """Of a loop that would be one sum with a wider variable; one that another loop carries is full at its start."""
    kind, (low, high) = added.kinds[number].scalar, start
    least, most = low + added.low.get(number, 0), high + added.high.get(number, 0)
    below, above = least < kind.lo * kind.scale, most > kind.hi * kind.scale
    full = (below and low <= kind.lo * kind.scale) or (above and high >= kind.hi * kind.scale)
    if added.mostly(number) and not (full and c.b.params):
        variable = next(v for v in stored(s.body) if v.number == number)
        c.watch.stepwise(s, variable, least, most)
