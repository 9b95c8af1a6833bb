"""A program that learns: what it is trained on, which outputs are its weights, and how good they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compiler.lowering.scores import ROW, Scores, scores
from compiler.lowering.understand import Meaning
from compiler.words.evaluate import NoSources, evaluate
from compiler.words.integers import Array
from compiler.words.ir import Type
from compiler.words.leaves import type_of
from compiler.words.operations import Entry
from lang import typed
from runtime.authoring.floating import Floats, Loss, Numbers, scored
from runtime.data.load import Loaded
from runtime.data.specs import DatasetSpec, FieldSpec, TensorSpec
from runtime.party.sources import PartySources, kind_of
from runtime.privacy.randomness import RunSecret

LOSSES = {
    typed.Call.LOGISTIC: Loss.LOGISTIC,
    typed.Call.CROSS_ENTROPY: Loss.CROSS_ENTROPY,
    typed.Call.SQUARED: Loss.SQUARED,
}
Rows = Mapping[str, Array]  # of a data set, by field


@dataclass(frozen=True, slots=True)
class Training:
    """The only one of a program, its data set and label, and by variable the output that it is."""

    train: typed.Train
    dataset: typed.Dataset
    label: typed.Field
    features: tuple[typed.Field, ...]
    outputs: Mapping[str, str]


def training(whole: typed.Program) -> Training:
    """Raises ValueError for a program that learns nothing, or that is more than that."""
    trains = [s for s in whole.statements if isinstance(s, typed.Train)]
    if len(trains) != 1 or whole.owners or len(whole.datasets) != 1:
        raise ValueError("there must be one `dpsgd` on one data set of one owner")
    (train,), (dataset,) = trains, whole.datasets
    labels = [f for f in dataset.fields if not f.kind.shape]
    if len(labels) != 1 or len(dataset.fields) < 2:
        raise ValueError(f"one field of `{dataset.name}` alone must be a single number: the label")
    outputs = {
        s.value.variable.name: s.name
        for s in whole.statements
        if isinstance(s, typed.Release) and isinstance(s.value, typed.Read)
    }
    if missing := [v.name for v in train.variables if v.name not in outputs]:
        raise ValueError(f"`{missing[0]}` is trained and no output, so nothing can be predicted with it")
    features = tuple(f for f in dataset.fields if f is not labels[0])
    return Training(train, dataset, labels[0], features, {v.name: outputs[v.name] for v in train.variables})


@dataclass(frozen=True, slots=True)
class Learner:
    meaning: Meaning
    of: Training
    scores: Scores | None  # of a loss that is known

    @staticmethod
    def made(meaning: Meaning) -> Learner:
        """Raises ValueError as `training`."""
        whole = meaning.checked.program
        found = training(whole)
        if found.train.loss is None:
            return Learner(meaning, found, None)
        return Learner(meaning, found, scores(whole, found.train))

    def specs(self) -> tuple[TensorSpec | DatasetSpec, ...]:
        words = self.meaning.words
        return (
            *(TensorSpec(entry.name, kind_of(type), type.shape) for entry, type in words.inputs),
            *(
                DatasetSpec(
                    d.name,
                    tuple(FieldSpec(f.name, kind_of(f.type), f.type.shape, f.norm, f.where) for f in d.fields),
                )
                for d in words.datasets
            ),
        )

    def trained(self, loaded: Mapping[str, Loaded], seed: int) -> dict[str, Array]:
        """The outputs, bit for bit what a run with this seed gives; in integers of their grids."""
        words = self.meaning.words
        values = evaluate(words.block, [], PartySources(loaded, RunSecret.of(seed)))
        return {output.name: value for output, value in zip(words.outputs, values, strict=True)}

    def weights(self, outputs: Mapping[str, Array]) -> list[Floats]:
        """Of the trained variables, in their order, as numbers."""
        return [
            np.asarray(outputs[self.of.outputs[v.name]] * float(type_of(v.kind).scale), dtype=np.float64)
            for v in self.of.train.variables
        ]

    def numbers(self, rows: Rows) -> tuple[Floats, Floats]:
        """Features (n, all of them) and labels of a data set, as numbers."""
        fields = {f.name: rows[f.name] * float(type_of(f.kind).scale) for f in self.of.dataset.fields}
        x = np.hstack([fields[f.name].reshape(len(fields[f.name]), -1) for f in self.of.features])
        return np.asarray(x, dtype=np.float64), np.asarray(fields[self.of.label.name], dtype=np.float64)

    def scored(self, loaded: Mapping[str, Loaded], outputs: Mapping[str, Array], rows: Rows) -> float:
        """How good the weights are on rows, in the program's own arithmetic.  Raises ValueError without a loss."""
        if self.scores is None:
            raise ValueError("a `dpsgd` that has gradients and no `loss` has no scores")
        y = self.numbers(rows)[1]
        given = Given({n: v for n, v in loaded.items() if isinstance(v, np.ndarray)} | self._named(outputs))
        found: list[Array] = []
        for place in range(len(y)):
            given.row = {f.name: rows[f.name][place] for f in self.of.features}
            found += evaluate(self.scores.block, [], given)
        numbers = np.array(found, dtype=np.float64).reshape(len(y), -1) * float(self.scores.type.scale)
        return scored(LOSSES[self.scores.loss], numbers, y)

    def _named(self, outputs: Mapping[str, Array]) -> dict[str, Array]:
        return {variable: outputs[output] for variable, output in self.of.outputs.items()}


def some(rows: Rows, numbers: Numbers) -> dict[str, Array]:
    return {name: values[numbers] for name, values in rows.items()}


class Given(NoSources):
    """Inputs, weights and one row, in integers; a label is 0, of which no score is made."""

    def __init__(self, values: Mapping[str, Array]) -> None:
        self._values = values
        self.row: Mapping[str, Array] = {}

    def input(self, at: Entry, type: Type) -> Array:
        return self.row.get(at.name, np.zeros(type.shape, np.int64)) if at.party == ROW else self._values[at.name]
