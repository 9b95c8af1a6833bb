"""What each expression of a program is as a word: its exact range, its scale, its width, and what binding it does.

Lowering tells (`Watch`), so these are the ranges that the circuit is made for and not a second analysis.  What is
lowered more than once (a function called twice, an unrolled loop) is shown with the ranges of all its times together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from compiler.functions.approximate.target import target_of
from compiler.lowering.lower import lower
from compiler.lowering.watch import Watch
from compiler.words.arithmetic import common_scale, round_integer
from compiler.words.builder import Builder
from compiler.words.ir import Block, Item, Loop, Result, Type, Value
from compiler.words.leaves import type_of
from compiler.words.operations import Bound, Div, Linear, Mechanism, Noise, Pieces, Round
from compiler.words.sampler import Sampler
from lang import typed as t
from lang.kinds import Scalar
from lang.source import Span


@dataclass(frozen=True, slots=True)
class Binding:
    """What becomes of a value that is bound to a kind."""

    kind: str
    rounds: str  # "no" (it lies on the kind's grid), "nearest" or "floor"
    overflow: str  # "none" (proved, so no gates look for it), "saturates" or "wraps"


@dataclass(frozen=True, slots=True)
class Approximation:
    """A function that is not exact."""

    function: str
    allowed: Fraction | None  # the largest error that the language allows; None: part of a loss, whose error counts
    reached: Fraction | None  # a bound on the error of what was built, where it is known more closely


@dataclass(frozen=True, slots=True)
class Width:
    """The expression at `span`; with a name, what is called so and made there."""

    span: Span
    name: str
    type: Type
    binding: Binding | None = None
    approximation: Approximation | None = None


def widths(program: t.Program) -> tuple[Width, ...]:
    """Every width of a program, in the order of the text; raises Rejected as `lower` does."""
    watch = Widths()
    for i in program.inputs:
        watch.add("input", Width(i.span, f"input {i.variable.name}", type_of(i.variable.kind)))
    for d in program.datasets:
        for f in d.fields:
            watch.add("field", Width(f.span, f"{d.name}.{f.name}", type_of(f.kind)))
    lower(program, watch)
    return tuple(sorted(watch.rows.values(), key=lambda row: (row.span.source.name, row.span.line, row.span.column)))


Key = tuple[Span, str, tuple[int, ...]]  # where, which of the things made there, its shape


@dataclass
class Widths(Watch):
    rows: dict[Key, Width] = field(default_factory=dict[Key, Width])

    def expression(self, b: Builder, e: t.Expr, word: int, bound: Scalar | None = None) -> None:
        if isinstance(e, t.Operate | t.Choose):
            self.add("value", Width(e.span, "", b.type(word), approximation=_approximation(b, e, word, bound)))

    def conversion(self, b: Builder, e: t.Convert, before: int, after: int) -> None:
        kind, type = e.kind, b.type(before)
        at = Round(
            (type.scale / kind.scale).numerator,
            (type.scale / kind.scale).denominator,
            kind.lo,
            kind.hi,
            not e.floor,
            e.wrap,
        )
        self.add("bound", Width(e.value.span, "", b.type(after), _binding(str(kind), type, at)))

    def variable(self, b: Builder, name: str, value: t.Expr, words: Sequence[int]) -> None:
        """The value's own row gets the name, if it has one."""
        span = value.value.span if isinstance(value, t.Convert) else value.span
        for position, word in enumerate(words):
            type = b.type(word)
            called = name if len(words) == 1 else f"{name}.{position}"
            same = [
                key
                for key in ((span, "bound", type.shape), (span, "value", type.shape))
                if len(words) == 1 and key in self.rows
            ]
            if same:
                self.rows[same[0]] = replace(self.rows[same[0]], name=called)
            else:
                self.add(called, Width(span, called, type))

    def carried(self, b: Builder, span: Span, names: Sequence[str], words: Sequence[int]) -> None:
        for name, word in zip(names, words, strict=True):
            self.add(f"carried {name}", Width(span, f"{name}, carried by the loop", b.type(word)))

    def training(self, b: Builder, s: t.Train, after: Sequence[int]) -> None:
        """The sums that leave the data set, their noise, the step of each variable, and the loss's own functions."""
        body = _body(b, after[0])
        items = dict(body.numbered())
        for v, stepped in zip(s.variables, body.results, strict=False):  # an optimizer carries more
            self.add(f"step {v.name}", _step(items, s.span, v, stepped))
            self._made(items, s.span, f"the gradients of {v.name}", v.name, stepped)
        for item in items.values():
            if s.loss and isinstance(item, Value) and isinstance(item.op, Pieces) and item.span == s.loss.span:
                name = f"{item.op.name} of the loss"
                found = Approximation(item.op.name, None, item.op.error)
                self.add(name, Width(s.loss.span, name, item.type, approximation=found))

    def measuring(self, b: Builder, s: t.Measure, after: int) -> None:
        """The sum that leaves the data set, and its noise."""
        body = _body(b, after)
        self._made(dict(body.numbered()), s.span, s.variable.name, s.variable.name, body.results[0])

    def _made(self, items: Mapping[int, Item], span: Span, summed: str, name: str, start: int) -> None:
        for what, test in MADE.items():
            made = _first(items, start, test)
            if made is not None:
                called = what.format(summed if what.startswith("sum") else name)
                self.add(f"{what} {name}", Width(span, called, made.type))

    def add(self, what: str, row: Width) -> None:
        key = row.span, what, row.type.shape
        self.rows[key] = _joined(self.rows[key], row) if key in self.rows else row


MADE: Mapping[str, Callable[[Value], bool]] = {
    "sum of {}": lambda item: isinstance(item.op, Bound),
    "noise of {}": lambda item: isinstance(item.op, Noise | Sampler),
    "noisy sum of {}": lambda item: isinstance(item.op, Mechanism),
}


def _body(b: Builder, after: int) -> Block:
    """Of the loop that a value is a Result of."""
    result = b.item(after)
    assert isinstance(result, Result)
    loop = b.item(result.loop)
    assert isinstance(loop, Loop)
    return loop.body


def _first(items: Mapping[int, Item], start: int, test: Callable[[Value], bool]) -> Value | None:
    """The first value that passes the test among those that `start` is made from, itself among them."""
    waiting, seen = [start], set[int]()
    while waiting:
        number = waiting.pop()
        item = items.get(number)
        if number in seen or not isinstance(item, Value):
            continue
        seen.add(number)
        if test(item):
            return item
        waiting += item.args
    return None


def _step(items: Mapping[int, Item], span: Span, v: t.Variable, stepped: int) -> Width:
    """A trained variable's new value: bound to its kind by the result, or by what the result only fits into a word."""
    item = items[stepped]
    assert isinstance(item, Value)
    type, name = item.type, f"{v.name} after a step"
    if isinstance(item.op, Linear) and len(item.args) == 1:
        inner = items.get(item.args[0])
        item = inner if isinstance(inner, Value) else item
    before = items.get(item.args[0]) if isinstance(item.op, Round) else None
    if not (isinstance(item.op, Round) and isinstance(before, Value)):
        return Width(span, name, type)
    return Width(span, name, type, _binding(str(v.kind).split("[")[0], before.type, item.op))


def _binding(kind: str, before: Type, at: Round) -> Binding:
    ratio = Fraction(at.numerator, at.denominator)
    low, high = (round_integer(n, ratio, at.nearest) for n in (before.lo, before.hi))
    rounds = "no" if at.denominator == 1 else "nearest" if at.nearest else "floor"
    return Binding(kind, rounds, "none" if at.lo <= low and high <= at.hi else "wraps" if at.wrap else "saturates")


def _approximation(b: Builder, e: t.Operate | t.Choose, word: int, bound: Scalar | None) -> Approximation | None:
    """One last bit of the kind that the value is bound to, or the call's `within`."""
    if not isinstance(e, t.Operate):
        return None
    item = b.item(word)
    divides = e.call is t.Call.DIVIDE and not e.type.integer and isinstance(item, Value) and isinstance(item.op, Div)
    if e.call not in t.INEXACT and not divides:
        return None
    at = item.op if isinstance(item, Value) else None
    reached = at.error if isinstance(at, Pieces) and at.name == e.call.value else None
    return Approximation(e.call.value, target_of(bound, e.within).within, reached)


ROUNDS = ("no", "floor", "nearest")
OVERFLOW = ("none", "saturates", "wraps")


def _joined(a: Width, b: Width) -> Width:
    """Both times the row was made: the ranges' hull, and of what binding and approximating do the most."""
    scale = common_scale([a.type.scale, b.type.scale])
    ends = [int(n * x.type.scale / scale) for x in (a, b) for n in (x.type.lo, x.type.hi)]
    binding, approximation = b.binding, b.approximation
    if a.binding and binding:
        binding = Binding(
            binding.kind,
            max(a.binding.rounds, binding.rounds, key=ROUNDS.index),
            max(a.binding.overflow, binding.overflow, key=OVERFLOW.index),
        )
    if a.approximation and approximation and a.approximation.reached and approximation.reached:
        approximation = replace(approximation, reached=max(a.approximation.reached, approximation.reached))
    return Width(a.span, a.name or b.name, Type(a.type.shape, scale, min(ends), max(ends)), binding, approximation)
