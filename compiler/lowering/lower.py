"""The checked tree -> words: private branches become selects, assignments become new values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod

from compiler.functions.operate import operate
from compiler.functions.order import element, placed
from compiler.lowering.indices import linear_parts
from compiler.lowering.stores import Added, NotOnlyAdded, only_added, stored
from compiler.lowering.watch import Watch
from compiler.training.dpsgd import train
from compiler.training.grad import reverse
from compiler.training.loss import seeds
from compiler.words import strides
from compiler.words.builder import Builder
from compiler.words.ir import Dataset, Field, Output, Type, Value, Words
from compiler.words.leaves import Word, flatten, kind_types, leaf_names, rebuild, type_of
from compiler.words.operations import Entry, Strided
from compiler.words.vmap import sum_slots, vmap
from lang import typed as t
from lang.kinds import Tensor
from lang.problems import NotYet, PrivateIndexBounds
from lang.problems.problem import Problem, Rejected
from lang.source import Span

Scope = dict[int, Word]  # variable number -> its present value
LANES = 1 << 20  # elements of a value of all iterations of a loop, at most


def lower(program: t.Program, watch: Watch | None = None) -> Words:
    """The whole program as words; raises Rejected with everything that this compiler cannot do."""
    lowering = Lowering(Builder(), program, watch or Watch())
    for i in program.inputs:
        type = type_of(i.variable.kind)
        lowering.scope[i.variable.number] = lowering.b.add(Entry(i.variable.name, i.party), (), type, i.span)
    lowering.statements(program.statements)
    if lowering.problems:
        raise Rejected(list(lowering.problems.values()))
    return Words(
        parties=program.parties,
        inputs=tuple((Entry(i.variable.name, i.party), type_of(i.variable.kind)) for i in program.inputs),
        datasets=tuple(
            Dataset(d.name, d.party, tuple(Field(f.name, type_of(f.kind), f.norm) for f in d.fields))
            for d in program.datasets
        ),
        block=lowering.b.block([o.value for o in lowering.outputs]),
        outputs=tuple(lowering.outputs),
    )


@dataclass
class Lowering:
    """One block being lowered: its builder, and what each variable holds at this point of the text."""

    b: Builder
    program: t.Program
    watch: Watch
    scope: Scope = field(default_factory=dict[int, Word])
    row: dict[str, int] = field(default_factory=dict[str, int])  # fields of the current row
    outputs: list[Output] = field(default_factory=list[Output])
    problems: dict[tuple[str, Span], Problem] = field(default_factory=dict[tuple[str, Span], Problem])
    example: bool = False  # inside `dpsgd`: loops are unrolled, so that they can be differentiated
    trainings: Iterator[int] = field(default_factory=lambda: iter(range(1 << 30)))
    added: Added | None = None  # in the body of a loop that only adds: the variables are what it adds

    def inner(self, params: Sequence[Type]) -> Lowering:
        """The lowering of a nested block."""
        return Lowering(
            Builder(params, self.b),
            self.program,
            self.watch,
            dict(self.scope),
            dict(self.row),
            self.outputs,
            self.problems,
            trainings=self.trainings,
        )

    # -- statements -----------------------------------------------------------------------------

    def statements(self, statements: Sequence[t.Statement]) -> None:
        """One after the other; what is wrong with one is kept, what it would have bound is 0, and the rest goes on."""
        outer = self.b.span
        for statement in statements:
            self.b.span = statement.span
            try:
                self._statement(statement)
            except Rejected as rejected:
                self.problems |= {(p.code, p.span): p for p in rejected.problems}
                if isinstance(statement, t.Bind):
                    self.scope[statement.variable.number] = self._zero(statement.value.type)
        self.b.span = outer

    def _statement(self, statement: t.Statement) -> None:
        match statement:
            case t.Bind():
                word = self.scope[statement.variable.number] = self.expression(statement.value)
                self.watch.variable(self.b, statement.variable.name, statement.value, flatten(word))
            case t.Store():
                self._store(statement)
            case t.Repeat():
                self._repeat(statement)
            case t.When():
                self._when(statement)
            case t.Train():
                self._train(statement)
            case t.Release():
                self._release(statement)

    def _zero(self, type: t.TypeOf) -> Word:
        if isinstance(type, t.Pair):
            return tuple(map(self._zero, type.fields))
        word, kind = self.b.const([Fraction(0)], type.shape), type.kind
        return word if kind is None else self.b.round(word, kind.scale, kind.lo, kind.hi)

    def _store(self, s: t.Store) -> None:
        number = s.variable.number
        value = self._sum(s) if self.added and number in self.added.kinds else self.expression(s.value)
        if not (s.fields or s.places):
            self.watch.variable(self.b, s.variable.name, s.value, flatten(value))
        self.scope[number] = self._replaced(self.scope[number], s.fields, s.places, value)

    def _sum(self, s: t.Store) -> int:
        """What has been added to a place so far, and what is added now."""
        assert self.added and s.added and isinstance(s.value.type, t.Number)
        old, new = self.scope[s.variable.number], self.number(s.added)
        assert isinstance(old, int)
        private = any(isinstance(p, t.At) and p.private for p in s.places)
        size = prod(self.b.type(old).shape if private else s.value.type.shape)
        self.added.note(s.variable.number, self.b.type(new), size)
        old = self._picked(old, s.places) if s.places else old
        total = self.b.add2(old, self.b.broadcast(new, self.b.type(old).shape))
        scale = self.added.kinds[s.variable.number].scalar.scale
        return self.b.round(total, scale, *(int(end / scale) for end in self.b.bounds(total)))

    def _replaced(self, old: Word, fields: tuple[int, ...], places: tuple[t.Place, ...], value: Word) -> Word:
        if fields:
            assert isinstance(old, tuple)
            changed = self._replaced(old[fields[0]], fields[1:], places, value)
            return (*old[: fields[0]], changed, *old[fields[0] + 1 :])
        if not places:
            return value
        assert isinstance(old, int) and isinstance(value, int)
        private = [axis for axis, p in enumerate(places) if isinstance(p, t.At) and p.private]
        if private:
            index = places[private[0]]
            assert isinstance(index, t.At)
            if private != [0]:
                raise Rejected(
                    [
                        NotYet(
                            span=index.index.span,
                            what="an assignment at a private index of a later axis",
                            instead="let the first axis be the one with the private index",
                        )
                    ]
                )
            word, size = self._in_bounds(index.index, self.b.type(old).shape[0]), self.b.type(old).shape[1:]
            if places[1:] and any(
                not isinstance(p, t.Along) or p.count != n for p, n in zip(places[1:], size, strict=True)
            ):
                raise Rejected([NotYet(span=index.index.span, what="an assignment to part of a private index")])
            return placed(self.b, old, word, value)
        at, shape, indices = self._places(self.b.type(old).shape, places)
        picked = tuple(p.count for p in places if isinstance(p, t.Along))
        return self.b.put(old, self.b.reshape(self.b.broadcast(value, picked), shape), at, indices)

    def _repeat(self, s: t.Repeat) -> None:
        """The variables that the body assigns are carried around the loop, in order of their first assignment."""
        if self.example:
            for index in range(s.start, s.start + s.count):
                self.scope[s.index.number] = self.b.const([Fraction(index)])
                self.statements(s.body)
            return
        carried = [v for v in stored(s.body) if v.number in self.scope]
        if only_added(s.body, carried):
            try:
                self._add_up(s, carried)
                return
            except NotOnlyAdded:
                pass
        if self.added:
            raise NotOnlyAdded
        types = [ty for v in carried for ty in kind_types(v.kind)]
        leaves = [self.b.fit(leaf, ty) for leaf, ty in zip(self._leaves(carried), types, strict=True)]
        body = self.inner([Type((), Fraction(1), 0, s.count - 1), *types])
        parameters = iter(range(body.b.first + 1, body.b.first + 1 + len(types)))
        for v in carried:
            body.scope[v.number] = rebuild(self.scope[v.number], parameters)
        names = [name for v in carried for name in leaf_names(v.name, self.scope[v.number])]
        self.watch.carried(body.b, s.span, names, range(body.b.first + 1, body.b.first + 1 + len(types)))
        body.scope[s.index.number] = body.b.affine([(Fraction(1), body.b.first)], Fraction(s.start))
        body.statements(s.body)
        results = [body.b.fit(leaf, ty) for leaf, ty in zip(body._leaves(carried), types, strict=True)]
        after = iter(self.b.loop(s.count, leaves, body.b.block(results)))
        for v in carried:
            self.scope[v.number] = rebuild(self.scope[v.number], after)

    def _add_up(self, s: t.Repeat, carried: Sequence[t.Variable]) -> None:
        """A loop that only adds: its iterations are lanes, and each variable takes one sum over them."""
        kinds = {v.number: v.kind for v in carried if isinstance(v.kind, Tensor)}
        outer, added = self.added, Added(kinds, s.count * (self.added.trips if self.added else 1))
        body = self.inner([Type((), Fraction(1), 0, s.count - 1)])
        body.added = added
        for v, kind in kinds.items():
            body.scope[v] = body.b.round(body.b.const([Fraction(0)], kind.shape), kind.scalar.scale, 0, 0)
        body.scope[s.index.number] = body.b.affine([(Fraction(1), body.b.first)], Fraction(s.start))
        body.statements(s.body)
        for v in kinds:
            low, high = (Fraction(0), Fraction(0)) if outer else self.b.bounds(self.leaf(v))
            if not added.fits(v, low, high):
                raise NotOnlyAdded
        block = body.b.block([body.leaf(v) for v in kinds])
        if any(not isinstance(i, Value) or s.count * i.type.size > LANES for i in block.items):
            raise NotOnlyAdded
        index = self.b.const([Fraction(i) for i in range(s.count)], (s.count,))
        index = self.b.round(index, Fraction(1), 0, s.count - 1)
        for v, (number, moves) in zip(kinds, vmap(self.b, block, [index], [True], s.count), strict=True):
            total = sum_slots(self.b, number) if moves else self.b.scaled(number, Fraction(s.count))
            self.scope[v] = self.b.add2(self.leaf(v), total)
        if outer:
            outer.take(added)

    def leaf(self, variable: int) -> int:
        word = self.scope[variable]
        assert isinstance(word, int)
        return word

    def _leaves(self, variables: Sequence[t.Variable]) -> list[int]:
        return [leaf for v in variables for leaf in flatten(self.scope[v.number])]

    def _when(self, s: t.When) -> None:
        condition = self.number(s.condition)
        then, otherwise = self._arm(s.then), self._arm(s.otherwise)
        self._merge(condition, then, otherwise)

    def _arm(self, statements: Sequence[t.Statement]) -> Scope:
        """What the variables hold after the statements; this lowering's own scope is left as it was."""
        before = dict(self.scope)
        self.statements(statements)
        after, self.scope = self.scope, before
        return after

    def _merge(self, condition: int, then: Scope, otherwise: Scope) -> None:
        for number, old in list(self.scope.items()):
            if then[number] != old or otherwise[number] != old:
                self.scope[number] = self._select(condition, then[number], otherwise[number])

    def _select(self, condition: int, then: Word, otherwise: Word) -> Word:
        if isinstance(then, int) and isinstance(otherwise, int):
            return self.b.select(condition, then, otherwise)
        assert isinstance(then, tuple) and isinstance(otherwise, tuple)
        return tuple(self._select(condition, a, b) for a, b in zip(then, otherwise, strict=True))

    def _train(self, s: t.Train) -> None:
        weights = [self.scope[v.number] for v in s.variables]

        def gradients(inside: Builder, row: dict[str, int], values: list[int], mask: int | None) -> list[int]:
            """The body for one row, then the gradient of each variable."""
            example = Lowering(
                inside, self.program, self.watch, dict(self.scope), row, self.outputs, self.problems, example=True
            )
            example.scope.update(zip((v.number for v in s.variables), values, strict=True))
            example.statements(s.body)
            if s.loss is None:
                given = [example.number(e) for _, e in s.grads]
                return given if mask is None else [inside.select(mask, g, inside.const([Fraction(0)])) for g in given]
            inside.span = s.loss.span
            start = seeds(inside, example, s.loss, mask)
            inside.span = s.span
            return reverse(inside, start, values)

        after = train(
            self.b, s, self.program, [leaf for w in weights for leaf in flatten(w)], gradients, next(self.trainings)
        )
        self.watch.training(self.b, s, after)
        self.scope.update(zip((v.number for v in s.variables), after, strict=True))

    def _release(self, s: t.Release) -> None:
        for position, leaf in enumerate(leaves := flatten(self.expression(s.value))):
            name = s.name if len(leaves) == 1 else f"{s.name}.{position}"
            self.outputs.append(Output(name, leaf, s.receivers, s.reveal, s.span))

    # -- expressions ----------------------------------------------------------------------------

    def number(self, e: t.Expr) -> int:
        """The word of an expression that is not a tuple."""
        word = self.expression(e)
        assert isinstance(word, int)
        return word

    def expression(self, e: t.Expr) -> Word:
        outer, self.b.span = self.b.span, e.span
        word = self._expression(e)
        kind = e.type.kind if isinstance(e.type, t.Number) else None
        if kind is not None and isinstance(word, int):  # a value of a kind has its scale, whatever its digits
            word = self.b.round(word, kind.scale, kind.lo, kind.hi)
        self.b.span = outer
        if isinstance(word, int):
            self.watch.expression(self.b, e, word)
        return word

    def _expression(self, e: t.Expr) -> Word:
        match e:
            case t.Const():
                return self.b.const(e.values, e.type.shape)
            case t.Read() | t.IndexOf():
                if self.added and e.variable.number in self.added.kinds:
                    raise NotOnlyAdded
                return self.scope[e.variable.number]
            case t.RowField():
                return self.row[e.name]
            case t.Operate():
                return operate(self.b, e, [self.number(a) for a in e.args])
            case t.Convert():
                return self._convert(e)
            case t.Choose():
                return self._choose(e)
            case t.Pick():
                return self._picked(self.number(e.base), e.places)
            case t.Part():
                base = self.expression(e.base)
                assert isinstance(base, tuple)
                return base[e.position]
            case t.Pack():
                return tuple(self.expression(i) for i in e.items)
            case t.Stack():
                items = [self.number(i) for i in e.items]
                return self.b.concat([self.b.reshape(i, (1, *self.b.type(i).shape)) for i in items])
            case t.Scope():
                self.statements(e.statements)
                return self.expression(e.value)

    def _convert(self, e: t.Convert) -> int:
        inner = e.value
        self.b.span = inner.span  # of `v += e` that is the whole statement
        if isinstance(inner, t.Operate):  # what is not exact is rounded once, to the kind it is bound to
            word = operate(self.b, inner, [self.number(a) for a in inner.args], e.kind, e.wrap)
            self.watch.expression(self.b, inner, word, e.kind)
        else:
            word = self.number(inner)
        after = self.b.round(word, e.kind.scale, e.kind.lo, e.kind.hi, nearest=not e.floor, wrap=e.wrap)
        self.watch.conversion(self.b, e, word, after)
        return after

    def _choose(self, e: t.Choose) -> Word:
        condition = self.number(e.condition)
        before = dict(self.scope)
        then = self.expression(e.then)
        after_then, self.scope = self.scope, dict(before)
        otherwise = self.expression(e.otherwise)
        after_otherwise, self.scope = self.scope, before
        self._merge(condition, after_then, after_otherwise)
        return self._select(condition, then, otherwise)

    def _picked(self, base: int, picks: Sequence[t.Place]) -> int:
        for axis in reversed(range(len(picks))):
            place = picks[axis]
            if isinstance(place, t.At) and place.private:
                base = self._by_private_index(base, axis, place.index)
        places = [p for p in picks if not (isinstance(p, t.At) and p.private)]
        at, shape, indices = self._places(self.b.type(base).shape, places)
        kept = [n for n, place in zip(shape, places, strict=True) if isinstance(place, t.Along)]
        strip = [s for s, place in zip(at.strides, places, strict=True) if isinstance(place, t.Along)]
        return self.b.view(base, Strided(at.offset, tuple(strip), at.steps), tuple(kept), indices)

    def _by_private_index(self, base: int, axis: int, index: t.Expr) -> int:
        """The elements at one private index of an axis, which goes."""
        rank = len(self.b.type(base).shape)
        first = self.b.transpose(base, [axis, *(i for i in range(rank) if i != axis)])
        return element(self.b, first, self._in_bounds(index, self.b.type(first).shape[0]))

    def _in_bounds(self, index: t.Expr, size: int) -> int:
        word = self.number(index)
        type = self.b.type(word)
        lo, hi = type.lo * type.scale, type.hi * type.scale
        if not (type.scale.denominator == 1 and lo >= 0 and hi < size):
            raise Rejected([PrivateIndexBounds(span=index.span, lo=int(lo), hi=int(hi), size=size, last=size - 1)])
        return self.b.round(word, Fraction(1), int(lo), int(hi))

    def _places(self, shape: tuple[int, ...], places: Sequence[t.Place]) -> tuple[Strided, tuple[int, ...], list[int]]:
        """A view that keeps every axis (an At has extent 1), its shape, and the loop indices it moves with."""
        offset = 0
        extents: list[int] = []
        steps: dict[int, int] = {}
        unit = strides.row_major(shape)
        for place, stride in zip(places, unit, strict=True):
            if isinstance(place, t.Along):
                offset += place.start * stride
                extents.append(place.count)
                continue
            constant, moves = self._affine(place.index)
            offset += constant * stride
            for index, factor in moves.items():
                steps[index] = steps.get(index, 0) + factor * stride
            extents.append(1)
        return Strided(offset, unit, tuple(steps.values())), tuple(extents), list(steps)

    def _affine(self, e: t.Expr) -> tuple[int, dict[int, int]]:
        """An index as constant + sum of factor * loop index."""
        word = self.number(e)
        constant = self.b.constant(word)
        if constant is not None:
            return int(constant), {}
        parts = linear_parts(self.b, word)
        if parts is None:
            raise Rejected([NotYet(span=e.span, what="an index that is not a sum of multiples of loop indices")])
        return parts
