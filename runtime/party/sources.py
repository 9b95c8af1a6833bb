"""What a party's clear words are made from: its files, its sampling, its noise."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from compiler.program import Compiled
from compiler.schedule.plan import (
    Carry,
    Clear,
    Copy,
    Disclose,
    Enter,
    Free,
    Hand,
    Launch,
    Open,
    Product,
    Repeat,
    Step,
    Tell,
)
from compiler.words.integers import Array
from compiler.words.ir import Block, Loop, Result, Type, Value
from compiler.words.operations import Coins, Draw, Entry, Noise, Pooled
from runtime.data.columns import NONE, Chosen
from runtime.data.errors import InputError
from runtime.data.load import Loaded, count, known_columns, load_inputs
from runtime.data.marks import MARK, alike
from runtime.data.memory import Input, called
from runtime.data.specs import DatasetSpec, FieldSpec, Kind, TensorSpec
from runtime.privacy.draws import draw_batch, draw_coins, draw_noise, draw_whole, gather
from runtime.privacy.randomness import RunSecret
from runtime.privacy.sampling import EMPTY

VALID = ""  # the name under which a Draw asks for the valid bit of each slot


def kind_of(type: Type) -> Kind:
    """The kind whose integers a type of a whole word holds."""
    return Kind(type.width, type.scale.denominator.bit_length() - 1, type.signed)


def specs(program: Compiled, parties: frozenset[str]) -> list[TensorSpec | DatasetSpec]:
    """What these parties must bring."""
    tensors = [
        TensorSpec(entry.name, kind_of(type), type.shape) for entry, type, _ in program.inputs if entry.party in parties
    ]
    datasets = [
        DatasetSpec(d.name, tuple(FieldSpec(f.name, kind_of(f.type), f.type.shape, f.norm, f.where) for f in d.fields))
        for d in program.datasets
        if d.party in parties
    ]
    return [*tensors, *datasets]


def load(
    program: Compiled, parties: frozenset[str], given: Mapping[str, Input], columns: Chosen = NONE
) -> dict[str, Loaded]:
    """The inputs of these parties from files; raises InputError."""
    known_columns(specs(program, frozenset(program.parties)), columns)
    brings = {entry.name: entry.party for entry, _, _ in program.inputs} | {d.name: d.party for d in program.datasets}
    elsewhere = {name: party for name, party in brings.items() if party not in parties}
    loaded = load_inputs(specs(program, parties), given, columns, elsewhere)
    for draw in _draws(program.plan.steps):
        fields = loaded.get(draw.dataset)
        n = draw.batch if fields is None or isinstance(fields, np.ndarray) else count(fields)
        if draw.whole and n != draw.batch:
            raise InputError(
                f"it has {n} records, where `measure` counts {draw.batch}",
                help=f"write `rows = {n}` in the program, or give it as a `param`",
                file=called(given[draw.dataset]),
            )
        if n < draw.batch:
            raise InputError(
                f"its records are fewer than one batch of {draw.batch}",
                help="lower the program's batch",
                file=called(given[draw.dataset]),
            )
    for names in program.disjoint:
        _disjoint({name: given[name] for name in names if name in loaded})
    return loaded


def _disjoint(files: Mapping[str, Input]) -> None:
    """Data sets that are said to have no person in common have at least no record; raises InputError."""
    seen = dict[bytes, str]()
    for (name, path), own in zip(files.items(), alike(list(files.values()), os.urandom(MARK)), strict=True):
        if common := own & seen.keys():
            raise InputError(
                f"{len(common)} of its records are in `{seen[min(common)]}` too, alike in every column, and the "
                "program says `disjoint`",
                help="give parts that have no person in common; where other people only look alike, keep a column in "
                "both files that tells them apart, such as a number of each person: the program need not read it",
                file=called(path),
            )
        seen |= dict.fromkeys(own, name)


def _draws(steps: Iterable[Step]) -> Iterator[Draw]:
    """Every batch that a schedule samples."""
    for step in steps:
        match step:
            case Repeat():
                yield from _draws(step.body)
            case Clear():
                yield from _sampled(step.block)
            case Launch() | Product() | Enter() | Open() | Tell() | Disclose() | Hand() | Carry() | Copy() | Free():
                pass
            case _:
                assert_never(step)


def _sampled(block: Block) -> Iterator[Draw]:
    for item in block.items:
        match item:
            case Loop():
                yield from _sampled(item.body)
            case Value():
                if isinstance(item.op, Draw):
                    yield item.op
            case Result():
                pass
            case _:
                assert_never(item)


Pooling = Callable[[Pooled, Array, tuple[int, ...]], Array]  # as `Pool.pooled`, of one owner's run


@dataclass
class PartySources:
    """The Sources of the parties whose inputs were loaded.  A batch is drawn once for all its fields."""

    loaded: Mapping[str, Loaded] = field(repr=False)
    secret: RunSecret
    spent: bool = False  # a run has begun that draws its batches and coins from this secret
    pool: Pooling | None = field(default=None, repr=False)  # where the runs with several owners meet
    _batch: tuple[tuple[int, ...], NDArray[np.int64]] | None = field(default=None, repr=False)

    def records(self) -> dict[str, int]:
        """Rows of each data set."""
        return {name: count(fields) for name, fields in self.loaded.items() if not isinstance(fields, np.ndarray)}

    def input(self, at: Entry, type: Type) -> Array:
        value = self.loaded[at.name]
        assert isinstance(value, np.ndarray)
        return value

    def sample(self, at: Draw, type: Type, position: tuple[int, ...]) -> Array:
        fields = self.loaded[at.dataset]
        assert not isinstance(fields, np.ndarray)
        numbers = self._numbers(at, position, self.records()[at.dataset])
        if at.name == VALID:
            return np.asarray(numbers != EMPTY, dtype=np.int64)
        return gather(fields[at.name], numbers)

    def _numbers(self, at: Draw, position: tuple[int, ...], n: int) -> NDArray[np.int64]:
        place = (at.draw, *position)
        if self._batch is None or self._batch[0] != place:
            batch = (
                draw_whole(self.secret, at.draw, position, n=n, slots=at.slots)
                if at.whole
                else draw_batch(self.secret, at.draw, position, n=n, batch=at.batch, slots=at.slots)
            )
            self._batch = place, batch
        return self._batch[1]

    def noise(self, at: Noise, type: Type, position: tuple[int, ...]) -> Array:
        drawn = draw_noise(self.secret, at.draw, at.variable, position, sigma=at.sigma, count=type.size)
        shaped: Array = drawn.reshape(type.shape)
        return shaped

    def coins(self, at: Coins, type: Type, position: tuple[int, ...]) -> Array:
        drawn = draw_coins(self.secret, at.party, at.draw, at.variable, position, count=type.size)
        shaped: Array = drawn.reshape(type.shape)
        return shaped

    def pooled(self, at: Pooled, own: Array, position: tuple[int, ...]) -> Array:
        if self.pool is None:
            raise LookupError("the sums of several owners are added by whoever runs with all of them")
        return self.pool(at, own, position)
