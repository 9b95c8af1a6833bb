"""What a broken pass would make of the words of a `dpsgd`, change by change (`damaged_words.py` makes them)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from support.damaged_words import Change, op

from compiler.words.builder import BIT, Builder
from compiler.words.ir import Claim, Loop, Value, Words, full_range
from compiler.words.operations import (
    Coins,
    Constant,
    Dot,
    Draw,
    Less,
    Linear,
    Mechanism,
    Op,
    Pieces,
    Remainder,
    Ring,
    Round,
    Select,
    Strided,
    View,
)


def both(*changes: Change) -> Change:
    def changed(b: Builder, v: Value) -> int | None:
        return next((n for n in (c(b, v) for c in changes) if n is not None), None)

    return changed


def narrowed(hi: int) -> Change:
    """Every value of a sum's ring by a bit less."""

    def changed(b: Builder, v: Value) -> int | None:
        if v.type.hi != hi:
            return None
        type = replace(v.type, lo=v.type.lo // 2, hi=hi // 2)
        made = replace(v.op, lo=type.lo, hi=type.hi) if isinstance(v.op, Round) else v.op
        return b.emit(replace(v, op=made, type=type))

    return changed


def extreme(other: Callable[[Builder, int], int]) -> Change:
    """One arm of an extreme is another value than the one that was compared."""

    def changed(b: Builder, v: Value) -> int | None:
        if v.claim is not Claim.EXTREME:
            return None
        return b.emit(replace(v, args=(*v.args[:2], other(b, v.args[2]))))

    return changed


def again(op: type[Ring] | type[Dot]) -> Callable[[Builder, int], int]:
    """The same sum of products once more, its factors changed about."""

    def made(b: Builder, number: int) -> int:
        ring = b.item(number)
        assert isinstance(ring, Value) and isinstance(ring.op, Ring)
        return b.emit(Value(op(ring.op.count), ring.args[::-1], ring.type))

    return made


def remainder(lo: int = 0, hi: int = 0) -> Change:
    """A remainder whose range ends so much further in."""

    def changed(b: Builder, v: Value) -> int | None:
        if v.claim is not Claim.REMAINDER and not isinstance(v.op, Remainder):
            return None
        return b.emit(replace(v, type=replace(v.type, lo=v.type.lo + lo, hi=v.type.hi - hi)))

    return changed


def uneven(b: Builder, v: Value) -> int | None:
    """One number for all slots is another in the last of them."""
    if not (isinstance(v.op, Constant) and v.type.shape and len(v.op.values) == 1):
        return None
    [value] = v.op.values
    other = value - 1 if value else 1
    type = replace(v.type, lo=min(value, other), hi=max(value, other))
    return b.emit(replace(v, op=Constant((value,) * (v.type.size - 1) + (other,)), type=type))


def norm(change: Callable[[Value], Value]) -> Change:
    return lambda b, v: b.emit(change(v)) if v.claim is Claim.NORM else None


def table(name: str, change: Callable[[tuple[int, ...]], tuple[int, ...]]) -> Change:
    def changed(b: Builder, v: Value) -> int | None:
        if not (isinstance(v.op, Pieces) and v.op.name == name):
            return None
        base = change(v.op.base)
        return b.emit(replace(v, op=replace(v.op, base=base), type=replace(v.type, hi=max(base))))

    return changed


def squared_otherwise(b: Builder, v: Value) -> int | None:
    """A square is of one element of what is scaled, again and again."""
    if not isinstance(v.op, Dot) or v.args[0] != v.args[1] or b.type(v.args[0]).shape != (21, 8):
        return None
    part = b.view(v.args[0], Strided(0, (8, 0)), (21, 8))
    return b.emit(replace(v, args=(part, part)))


def instead(old: Linear, new: Linear, *kept: int) -> Change:
    """Another sum, of all operands or of some, whatever its type was."""

    def changed(b: Builder, v: Value) -> int | None:
        if v.op != old:
            return None
        args = tuple(v.args[k] for k in kept) if kept else v.args
        ends = [sorted((c * b.type(a).lo, c * b.type(a).hi)) for c, a in zip(new.coefficients, args, strict=True)]
        lo, hi = (new.constant + sum(e[i] for e in ends) for i in (0, 1))
        return b.emit(replace(v, op=new, args=args, type=replace(v.type, lo=lo, hi=hi)))

    return changed


def moved(change: Change) -> Change:
    """Of a squared norm that moves up by eight places where a bit is set."""

    def changed(b: Builder, v: Value) -> int | None:
        up = b.item(v.args[1]) if v.op == Select() else None
        return change(b, v) if isinstance(up, Value) and up.op == Linear((256,)) else None

    return changed


def rounded(change: Callable[[Round], Round]) -> Change:
    """Of a product that moves down by eight places."""

    def changed(b: Builder, v: Value) -> int | None:
        here = isinstance(v.op, Round) and v.op.denominator == 256 and not v.op.nearest and len(v.type.shape) == 2
        return b.emit(replace(v, op=change(v.op))) if here and isinstance(v.op, Round) else None

    return changed


def viewed(shape: tuple[int, ...], of: type[Op], strides: tuple[int, ...]) -> Change:
    """A view of so many elements of such a value shows others."""

    def changed(b: Builder, v: Value) -> int | None:
        whole = b.item(v.args[0]) if isinstance(v.op, View) and v.type.shape == shape else None
        if not isinstance(whole, Value) or not isinstance(whole.op, of):
            return None
        return b.emit(replace(v, op=View(Strided(0, strides))))

    return changed


def drawn(b: Builder, name: str) -> int:
    return next(
        b.first + len(b.params) + n
        for n, i in enumerate(b.items)
        if isinstance(i, Value) and isinstance(i.op, Draw) and i.op.name == name
    )


def unmasked(b: Builder, v: Value) -> int | None:
    return v.args[1] if v.op == Select() and v.args[0] == drawn(b, "") else None


def alike(b: Builder, v: Value) -> int | None:
    """Two of three bins are for one number."""
    return b.emit(replace(v, op=Constant((0, 1, 1)))) if v.op == Constant((0, 1, 2)) else None


def one_draw(b: Builder, v: Value) -> int | None:
    """The third of several measures is made by the first one's batch and coins, and so with its noise."""
    here = isinstance(v.op, Draw | Coins | Mechanism) and v.op.draw == 2
    return b.emit(replace(v, op=replace(v.op, draw=0))) if here and isinstance(v.op, Draw | Coins | Mechanism) else None


def unclamped(b: Builder, v: Value) -> int | None:
    """A number that is clamped to the clip, and was longer, is not."""
    here = isinstance(v.op, Round) and v.op.lo == -v.op.hi and v.op.denominator == 1 and not v.op.wrap
    return v.args[0] if here else None


def other_mantissa(b: Builder, v: Value) -> int | None:
    if v.type.shape != (21,) or v.args[0] == v.args[1] or v.type.hi != 255 * 63:
        return None
    return b.mul(v.args[0], b.select(drawn(b, ""), b.const([Fraction(32)], (21,)), b.const([Fraction(0)], (21,))))


def of_the_row(b: Builder, v: Value) -> int | None:
    """The mantissa's last bit."""
    if v.op != Linear((-16, -8, -4, -2, -1), 31):
        return None
    return b.emit(replace(v, args=(*v.args[:-1], drawn(b, "y"))))


def at_most_6(b: Builder, v: Value) -> int | None:
    """The exponent, which is 7 for some norms."""
    return b.round(b.emit(v), Fraction(1), 1, 6) if v.op == Linear((-1,), 8) else None


def at_least_9(b: Builder, v: Value) -> int | None:
    """The mantissa, which is 1 for the longest gradients."""
    return b.round(b.emit(v), Fraction(1), 9, 63) if v.op == Linear((2,), 1) else None


def strides(*strides: int) -> Change:
    return op(View, 0, at=Strided(0, strides))


def ring_of(b: Builder, number: int) -> None:
    lo, hi = full_range(40, True)
    type = b.type(number)
    b.add(Ring(0), (number, number), replace(type, scale=type.scale**2, lo=lo, hi=hi))


def early(words: Words) -> Value:
    """The first batch that a step draws."""
    [loop] = [i for i in words.block.items if isinstance(i, Loop)]
    return next(i for i in loop.body.items if isinstance(i, Value) and isinstance(i.op, Draw))


def clamped(b: Builder, v: Value) -> int | None:
    """The last threshold is one more than its table says: its word begins there."""
    if not (isinstance(v.op, Pieces) and v.op.name == "thresholds" and len(v.op.base) == 128):
        return None
    base = (*v.op.base[:-1], -(10**6))
    return b.emit(replace(v, op=replace(v.op, base=base), type=replace(v.type, lo=v.op.base[-1] + 1)))


def other_arm(b: Builder, v: Value) -> int | None:
    return b.emit(replace(v, args=(v.args[0], v.args[2], v.args[1]))) if v.claim is Claim.EXTREME else None


def stunted(b: Builder, v: Value) -> int | None:
    """A quotient by 7 that is held to -1..1."""
    if not (isinstance(v.op, Round) and v.op.denominator == 7):
        return None
    return b.emit(replace(v, op=replace(v.op, lo=-1, hi=1), type=replace(v.type, lo=-1, hi=1)))


def diagonal(b: Builder, v: Value) -> int | None:
    """Of the features turned over, the norm has the first 12 of a row, and its gradient those from its slot on."""
    if not isinstance(v.op, View) or v.args != (drawn(b, "x"),):
        return None
    turned = b.add(View(Strided(0, (1, 24))), v.args, replace(b.type(v.args[0]), shape=(24, 12)))
    at = {(24, 1): (1, 12), (1, 24): (12, 13), (1, 0, 24): (12, 0, 13)}[v.op.at.strides]
    return b.emit(replace(v, op=View(Strided(0, at)), args=(turned,)))


def within_slots(b: Builder, v: Value) -> int | None:
    """A sum over the features instead of the rows, of which there are as many."""
    if not isinstance(v.op, Ring) or b.type(v.args[0]).shape != (12, 12):
        return None
    parts = [b.item(a) for a in v.args]
    turned = [
        b.emit(replace(p, op=View(Strided(0, p.op.at.strides[::-1]))))
        for p in parts
        if isinstance(p, Value) and isinstance(p.op, View)
    ]
    return b.emit(replace(v, args=tuple(turned))) if len(turned) == 2 else None


def compared(b: Builder, v: Value, number: int) -> None:
    """One more reader."""
    b.add(Less(), (number, number), replace(BIT, shape=v.type.shape))
