"""One text, tried: how good it is on what is held out, in the program's arithmetic and in floating point, by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from compiler.lowering.understand import understand
from lang.source import Source
from runtime.authoring import counterpart
from runtime.authoring.floating import Net, score
from runtime.authoring.folds import held_out, repeated
from runtime.authoring.knobs import knobs
from runtime.authoring.learner import Learner, Rows, some
from runtime.data.columns import Chosen
from runtime.data.load import Loaded, load_dataset, load_inputs, whole
from runtime.data.memory import Input
from runtime.data.rows import Records
from runtime.data.specs import DatasetSpec, TensorSpec

_FIRST = 1  # the seed by which a counterpart is seen to be one


@dataclass(frozen=True, slots=True)
class Outcome:
    fixed: tuple[float, ...]  # by seed
    floating: tuple[float, ...] | None  # None where no counterpart is known


@dataclass
class Trials:
    """`held` are records to be scored on; without them each seed holds out another fifth of its own.  `records` is how
    many a run will have: those that there are are repeated up to as many."""

    given: Mapping[str, Input]
    seeds: int
    records: int
    columns: Chosen
    held: Input | None = None
    _read: dict[object, tuple[Mapping[str, Loaded], Rows | None]] = field(
        default_factory=dict[object, tuple[Mapping[str, Loaded], Rows | None]]
    )
    _net: Net | None = None
    _sought: bool = False

    def outcome(self, source: Source) -> Outcome:
        """Raises Rejected, InputError, and ValueError for a program that cannot be scored."""
        learner = Learner.made(understand(source))
        loaded, held = self.read(learner)
        if not self._sought:
            self._sought, self._net = True, self._counterpart(source, learner, loaded)
        net = self._net
        if net is None and learner.scores is None:
            raise ValueError("nothing is known of its scores: it has gradients of its own, not those of a linear model")
        fixed, floating = list[float](), list[float]()
        for seed in range(1, self.seeds + 1):
            mine, rows = self._parts(learner, loaded, held, seed)
            found = learner.trained(mine, seed)
            if net is None:
                fixed.append(learner.scored(mine, found, rows))
                continue
            x, y = learner.numbers(rows)
            fixed.append(score(net, learner.weights(found), x, y))
            floating.append(score(net, counterpart.trained(learner, net, mine, seed), x, y))
        return Outcome(tuple(fixed), tuple(floating) if net is not None else None)

    def read(self, learner: Learner) -> tuple[Mapping[str, Loaded], Rows | None]:
        """The inputs in the kinds of this text, each of which is read once."""
        specs = learner.specs()
        if specs not in self._read:
            inputs = load_inputs(specs, self.given, self.columns)
            loaded = {name: whole(found) if isinstance(found, Records) else found for name, found in inputs.items()}
            held = None if self.held is None else load_dataset(_dataset(specs), self.held, self.columns)
            self._read[specs] = loaded, held
        return self._read[specs]

    def _parts(
        self, learner: Learner, loaded: Mapping[str, Loaded], held: Rows | None, seed: int
    ) -> tuple[dict[str, Loaded], Rows]:
        """The inputs of a training, and what it is scored on."""
        name = learner.of.dataset.name
        rows = loaded[name]
        assert isinstance(rows, dict)
        y = learner.numbers(rows)[1]
        if held is not None:
            return {**loaded, name: some(rows, repeated(np.arange(len(y)), self.records))}, held
        train, out = held_out(y, seed)
        return {**loaded, name: some(rows, repeated(train, self.records))}, some(rows, out)

    def _counterpart(self, source: Source, learner: Learner, loaded: Mapping[str, Loaded]) -> Net | None:
        """What one step of the program agrees with."""
        known = knobs(source)
        if "steps" not in known.places or not any(counterpart.candidates(learner)):
            return None
        once = Learner.made(understand(known.turned({"steps": "1"})))
        mine, _ = self._parts(once, loaded, None, _FIRST)
        found = once.trained(mine, _FIRST)
        return next((n for n in counterpart.candidates(once) if counterpart.agrees(once, n, mine, _FIRST, found)), None)


def _dataset(specs: Sequence[TensorSpec | DatasetSpec]) -> DatasetSpec:
    return next(spec for spec in specs if isinstance(spec, DatasetSpec))
