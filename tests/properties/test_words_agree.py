"""Random programs of words: the clear evaluator, the circuits and the garbled run give the same bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.in_memory import Inputs, run_both, run_clear

from compiler.cells.expand import expand
from compiler.gates.circuit import Circuit
from compiler.joint.digits import contractions
from compiler.joint.locality import localise, roles
from compiler.joint.shares import Products
from compiler.schedule.emit import emit
from compiler.schedule.lane import Lane
from compiler.words.builder import Builder
from compiler.words.evaluate import evaluate
from compiler.words.ir import Block, Dataset, Loop, Output, Result, Type, Value, Words
from compiler.words.operations import And, Entry, Or, Strided, Xor
from compiler.words.prune import prune
from compiler.words.verify import verify

PARTIES = ("hospital", "vendor")
SHAPES = [(), (3,), (2, 3)]
CARRIED = Type((3,), Fraction(1, 4), -128, 127)
WIDEST = 40


@dataclass
class Grower:
    """Adds random well-typed words to a block."""

    draw: st.DrawFn
    b: Builder
    pool: list[int] = field(default_factory=list[int])

    def pick(self) -> int:
        return self.draw(st.sampled_from(self.pool))

    def grow(self, steps: int, nested: bool) -> None:
        for _ in range(steps):
            choice = self.draw(
                st.sampled_from(
                    [
                        "affine",
                        "mul",
                        "round",
                        "compare",
                        "select",
                        "logic",
                        "view",
                        "put",
                        "concat",
                        "sum",
                        "dot",
                        "loop",
                    ]
                )
            )
            if choice == "loop":
                if not nested:
                    self.loop()
                continue
            new = getattr(self, choice)()
            if self.b.type(new).width <= WIDEST and self.b.type(new).size <= 64:
                self.pool.append(new)

    def pair(self) -> tuple[int, int]:
        """Two values of one shape."""
        x, y = self.pick(), self.pick()
        if self.b.type(x).shape != self.b.type(y).shape:
            y = x if self.draw(st.booleans()) else self.b.const([Fraction(self.draw(st.integers(-5, 5)), 4)])
        return x, y

    def affine(self) -> int:
        x, y = self.pair()
        factors = st.sampled_from([Fraction(1), Fraction(-1), Fraction(3), Fraction(5, 8), Fraction(-1, 2)])
        constant = Fraction(self.draw(st.integers(-9, 9)), 4)
        return self.b.affine([(self.draw(factors), x), (self.draw(factors), y)], constant)

    def mul(self) -> int:
        return self.b.mul(*self.pair())

    def round(self) -> int:
        scale = self.draw(st.sampled_from([Fraction(1), Fraction(1, 4), Fraction(1, 2)]))
        bits = self.draw(st.integers(2, 9))
        signed = self.draw(st.booleans())
        lo, hi = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
        return self.b.round(self.pick(), scale, lo, hi, nearest=self.draw(st.booleans()), wrap=self.draw(st.booleans()))

    def compare(self) -> int:
        return (self.b.less if self.draw(st.booleans()) else self.b.equal)(*self.pair())

    def select(self) -> int:
        condition, (x, y) = self.b.less(*self.pair()), self.pair()
        shapes = {self.b.type(n).shape for n in (condition, x, y)} - {()}
        return self.b.select(condition if len(shapes) < 2 else self.b.less(x, y), x, y)

    def logic(self) -> int:
        return self.b.logic(self.draw(st.sampled_from([And(), Or(), Xor()])), *self.pair())

    def view(self) -> int:
        x = self.pick()
        shape = self.b.type(x).shape
        if not shape:
            return self.b.broadcast(x, self.draw(st.sampled_from(SHAPES)))
        match self.draw(st.sampled_from(["transpose", "row", "broadcast", "flat"])):
            case "transpose":
                return self.b.transpose(x, self.draw(st.permutations(range(len(shape)))))
            case "row":
                start = self.draw(st.integers(0, shape[0] - 1))
                unit = Strided(0, tuple(int(np.prod(shape[i + 1 :])) for i in range(len(shape))))
                return self.b.view(x, Strided(start * unit.strides[0], unit.strides), (shape[0] - start, *shape[1:]))
            case "broadcast":
                return self.b.broadcast(x, (2, *shape)) if len(shape) < 2 else x
            case _:
                return self.b.reshape(x, (int(np.prod(shape)),))

    def put(self) -> int:
        x = self.pick()
        shape = self.b.type(x).shape
        if not shape:
            return x
        part = self.b.round(
            self.b.const([Fraction(self.draw(st.integers(0, 3)))], shape[1:]), self.b.type(x).scale, -8, 8
        )
        if self.b.type(part).scale != self.b.type(x).scale:
            return x
        row = int(np.prod(shape[1:]))
        at = self.draw(st.integers(0, shape[0] - 1))
        return self.b.put(x, part, Strided(at * row, tuple(int(np.prod(shape[i + 1 :])) for i in range(1, len(shape)))))

    def concat(self) -> int:
        x, y = self.pair()
        shape = self.b.type(x).shape
        return self.b.concat([x, self.b.broadcast(y, shape)]) if shape else x

    def sum(self) -> int:
        x = self.pick()
        axes = len(self.b.type(x).shape)
        return self.b.sum(x, self.draw(st.integers(1, axes))) if axes else x

    def dot(self) -> int:
        x, y = self.pair()
        shape = self.b.type(x).shape
        return self.b.dot(x, self.b.broadcast(y, shape), self.draw(st.integers(1, len(shape)))) if shape else x

    def loop(self) -> None:
        """Two carried vectors; the body may index with the loop's index and read what is outside."""
        start = self.b.fit(
            self.b.broadcast(self.b.round(self.b.sum(self.pick_vector(), 1), CARRIED.scale, -128, 127), (3,)), CARRIED
        )
        zero = self.b.fit(self.b.round(self.b.const([Fraction(1)], (3,)), CARRIED.scale, -128, 127), CARRIED)
        count = self.draw(st.integers(1, 3))
        inner = Builder([Type((), Fraction(1), 0, count - 1), CARRIED, CARRIED], self.b)
        body = Grower(self.draw, inner, [*self.pool[-4:], inner.first + 1, inner.first + 2])
        element = inner.view(inner.first + 1, Strided(0, (), (1,)), (), [inner.first])
        body.pool.append(element)
        body.grow(self.draw(st.integers(1, 5)), nested=True)
        results = [self._carried(inner, body.pick()), inner.first + self.draw(st.integers(1, 2))]
        self.pool.extend(self.b.loop(count, [start, zero], inner.block(results)))

    def pick_vector(self) -> int:
        x = self.pick()
        return self.b.reshape(x, (self.b.type(x).size,))

    @staticmethod
    def _carried(b: Builder, number: int) -> int:
        total = b.sum(b.reshape(number, (b.type(number).size,)), 1)
        return b.fit(b.broadcast(b.round(total, CARRIED.scale, -128, 127), (3,)), CARRIED)


@st.composite
def programs(draw: st.DrawFn) -> Words:
    b = Builder()
    entries: list[tuple[Entry, Type]] = []
    for position in range(draw(st.integers(2, 4))):
        signed = draw(st.booleans())
        type = Type(
            draw(st.sampled_from(SHAPES)),
            draw(st.sampled_from([Fraction(1), Fraction(1, 4)])),
            -8 if signed else 0,
            7 if signed else 15,
        )
        entries.append((Entry(f"i{position}", PARTIES[position % 2]), type))
        b.add(entries[-1][0], (), type)
    grower = Grower(draw, b, list(range(len(entries))))
    grower.grow(draw(st.integers(2, 12)), nested=False)
    results = draw(st.lists(st.sampled_from(grower.pool), min_size=1, max_size=3))
    outputs = tuple(
        Output(f"o{i}", r, draw(st.sampled_from([PARTIES, PARTIES[:1], PARTIES[1:]])), True)
        for i, r in enumerate(results)
    )
    return prune(Words(PARTIES, tuple(entries), (Dataset("none", "hospital", ()),), b.block(results), outputs))


def check(words: Words, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values: dict[str, Any] = {e.name: rng.integers(t.lo, t.hi + 1, t.shape) for e, t in words.inputs}
    expected = dict(zip([o.name for o in words.outputs], evaluate(words.block, [], Inputs(values)), strict=True))
    in_range(words.block, values)
    who = roles(words)
    local = localise(words, who, Products.GATES)
    ready = prune(contractions(local, who))
    verify(words)
    verify(local, entered=True)
    verify(ready, entered=True)
    plan = emit(ready, who, uncharged)
    clear = run_clear(plan, values)
    garbled = run_both(plan, values)
    for output in words.outputs:
        assert np.array_equal(clear[output.name], expected[output.name])
        for party, got in (("hospital", garbled.garbler), ("vendor", garbled.evaluator)):
            if party in output.receivers:
                assert np.array_equal(got[output.name], expected[output.name])
            else:
                assert output.name not in got


def uncharged(lanes: Sequence[Lane]) -> list[tuple[Circuit, tuple[int, ...]]]:
    """The lanes' circuits without any pass; nobody asks what they cost."""
    return [(expand(lane.block), ()) for lane in lanes]


def in_range(block: Block, values: dict[str, Any]) -> None:
    """Every value of the outermost block lies in the range that its type states."""
    kept = [(n, i.type) for n, i in block.numbered() if isinstance(i, Value | Result) and not isinstance(i, Loop)]
    everything = Block(block.first, block.params, block.items, tuple(n for n, _ in kept))
    for (_, type), value in zip(kept, evaluate(everything, [], Inputs(values)), strict=True):
        assert np.all(value >= type.lo) and np.all(value <= type.hi)


@settings(deadline=None, max_examples=60)
@given(programs(), st.integers(0, 2**32))
def test_random_programs(words: Words, seed: int) -> None:
    check(words, seed)


@pytest.mark.slow
@settings(deadline=None, max_examples=2000)
@given(programs(), st.integers(0, 2**32))
def test_many_random_programs(words: Words, seed: int) -> None:
    check(words, seed)
