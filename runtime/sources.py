"""What a party's clear words are made from: its files, its sampling, its noise."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from compiler.program import Compiled
from compiler.words.evaluate import Array
from compiler.words.ir import Draw, Entry, Noise, Type
from runtime.data.load import Loaded, load_inputs
from runtime.data.specs import DatasetSpec, FieldSpec, Kind, TensorSpec
from runtime.privacy.noise import rounded_gaussian
from runtime.privacy.randomness import RunSecret
from runtime.privacy.sampling import EMPTY, sample

VALID = ""                     # the name under which a Draw asks for the valid bit of each slot


def kind_of(type: Type) -> Kind:
    """The kind whose integers a type of a whole word holds."""
    return Kind(type.width, type.scale.denominator.bit_length() - 1, type.signed)


def specs(program: Compiled, parties: frozenset[str]) -> list[TensorSpec | DatasetSpec]:
    """What these parties must bring."""
    tensors = [TensorSpec(entry.name, kind_of(type), type.shape)
               for entry, type, _ in program.inputs if entry.party in parties]
    datasets = [DatasetSpec(d.name, tuple(FieldSpec(f.name, kind_of(f.type), f.type.shape, f.norm) for f in d.fields))
                for d in program.datasets if d.party in parties]
    return [*tensors, *datasets]


def load(program: Compiled, parties: frozenset[str], given: Mapping[str, str]) -> dict[str, Loaded]:
    """The inputs of these parties from files; raises InputError."""
    return load_inputs(specs(program, parties), given)


@dataclass
class PartySources:
    """The Sources of the parties whose inputs were loaded.  A batch is drawn once for all its fields."""

    loaded: Mapping[str, Loaded] = field(repr=False)
    secret: RunSecret
    _batch: tuple[tuple[int, ...], NDArray[np.int64]] | None = field(default=None, repr=False)

    def records(self) -> dict[str, int]:
        """Rows of each data set."""
        return {name: len(next(iter(fields.values()))) for name, fields in self.loaded.items()
                if isinstance(fields, dict)}

    def input(self, at: Entry, type: Type) -> Array:
        value = self.loaded[at.name]
        assert not isinstance(value, dict)
        return value

    def sample(self, at: Draw, type: Type, position: tuple[int, ...]) -> Array:
        fields = self.loaded[at.dataset]
        assert isinstance(fields, dict)
        numbers = self._numbers(at, position, self.records()[at.dataset])
        if at.name == VALID:
            return (numbers != EMPTY).astype(np.int64)
        taken: Array = fields[at.name][numbers]           # EMPTY indexes the last row, which the next line wipes
        taken[numbers == EMPTY] = 0
        return taken

    def _numbers(self, at: Draw, position: tuple[int, ...], n: int) -> NDArray[np.int64]:
        place = (at.draw, *position)
        if self._batch is None or self._batch[0] != place:
            stream = self.secret.stream("batch", place)
            self._batch = place, sample(stream, n, at.batch, at.slots)
        return self._batch[1]

    def noise(self, at: Noise, type: Type, position: tuple[int, ...]) -> Array:
        """Each variable of a `dpsgd` draws from a stream of its own: equal noise on two would cancel."""
        stream = self.secret.stream("noise", (at.draw, at.variable, *position))
        return rounded_gaussian(stream, at.sigma, type.size).reshape(type.shape)
