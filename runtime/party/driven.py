"""A training whose weights follow what a program in Python makes of each step's noisy sums.

The party that is told them is a process of this machine, as in `both`; after each step it asks here what it carries on.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compiler.schedule.told import Training, trainings
from compiler.words.integers import Array
from compiler.words.ir import Type
from runtime.data.encode import encode_floats
from runtime.execute.follow import Made
from runtime.party.both import collect
from runtime.party.child import Advanced, Child
from runtime.party.run import Report
from runtime.party.sources import kind_of
from runtime.program import Program

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trained:
    """One `dpsgd` whose steps are told."""

    training: Training
    names: tuple[str, ...]  # of its variables
    types: tuple[Type, ...]
    averages: bool


def trained(program: Program) -> tuple[Trained, ...]:
    """Raises ValueError for a program that tells no steps."""
    from lang import typed  # here, because most runs are of no text

    statements = program.understood().checked.program.statements
    told = [s for s in statements if isinstance(s, typed.Train) and s.release is typed.Moment.STEP]
    found: list[Trained] = []
    for training, statement in zip(trainings(program.compiled.plan), told, strict=True):
        names = tuple(variable.name for variable in statement.variables)
        types = training.carried[: len(names)]
        found.append(Trained(training, names, types, bool(statement.update.average)))
    if not found:
        raise ValueError("the program tells nothing after a step: its `dpsgd` needs `release = step`")
    return tuple(found)


class Driven:
    """A session of which each step is one turn of a loop:

        with api.session(program, inputs) as session:
            for noisy in session:
                session.weights = {"w": session.weights["w"] - 0.125 * noisy["w"]}
        session.reports["vendor"].outputs["w"]

    `noisy` has the step's noisy sums, float64 by variable.  `weights` are those that the step began with; what is
    assigned to them is what the next one begins with, rounded to the grid of the variable's kind and cut to its ends.
    Where nothing is assigned the program's own update stands.  Leaving the loop ends the run there; steps that are left
    can be used by a later session under the same contract.
    """

    def __init__(self, program: Program, at_work: AbstractContextManager[Mapping[str, Child]]) -> None:
        """Raises ValueError for a program that tells no steps."""
        self._trained, self._at_work = trained(program), at_work
        self._children: Mapping[str, Child] = {}
        self._weights: dict[str, Floats] = {}
        self._given: dict[str, Array] = {}
        self._own: Trained | None = None
        self._entered = self._looped = False
        self.index = -1  # of the step, from 0
        self.reports: dict[str, Report] = {}  # by party, once the loop has ended

    def __enter__(self) -> Driven:
        """Raises ValueError the second time."""
        if self._entered:
            raise ValueError("a session is begun once: `session` makes another")
        self._entered = True
        self._children = self._at_work.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._children, self._own = {}, None
        self._at_work.__exit__(kind, error, trace)

    @property
    def weights(self) -> Mapping[str, Floats]:
        """Float64 by variable; it is replaced as a whole, and not changed."""
        return MappingProxyType(self._weights)

    @weights.setter
    def weights(self, values: Mapping[str, ArrayLike]) -> None:
        """Raises ValueError for a variable that is not trained, another shape, or no number."""
        if self._own is None:
            raise ValueError("there is no step whose weights could be replaced")
        if not isinstance(cast(object, values), Mapping):
            what = type(values).__name__
            raise ValueError(f"weights are given by name, as {{{self._own.names[0]!r}: ...}}, and not as {what}")
        for name, value in values.items():
            if name not in self._own.names:
                raise ValueError(f"`{name}` is not trained: {', '.join(self._own.names)}")
            if self._own.averages:
                raise ValueError("the program averages its own weights: leave out `average` where they are replaced")
            self._given[name] = rounded(name, value, self._own.types[self._own.names.index(name)])

    def __iter__(self) -> Iterator[Mapping[str, Floats]]:
        """Raises PartyFailed, Refused, and ValueError outside of its context and for a second loop."""
        if self._looped:
            raise ValueError("a session is one loop, which has begun: what steps are left another session goes on with")
        if not self._children:
            raise ValueError("a session is begun by a `with` statement, and its loop stands inside")
        self._looped = True
        heard = collect(self._children)
        self.reports = yield from self._steps(heard)
        self._own = None

    def _steps(
        self, heard: Generator[tuple[Child, Advanced | Made], None, dict[str, Report]]
    ) -> Generator[Mapping[str, Floats], None, dict[str, Report]]:
        while True:
            try:
                child, told = next(heard)
            except StopIteration as ended:
                reports: dict[str, Report] = ended.value
                return reports
            if isinstance(told, Made):
                yield self._begin(told)
                child.pipe.send(self._carried(told))

    def _begin(self, made: Made) -> dict[str, Floats]:
        own = self._own = next(t for t in self._trained if t.training.first <= made.index < t.training.after)
        self.index, self._given = made.index, {}
        self._weights = {n: floats(v, t) for n, v, t in zip(own.names, made.before, own.types, strict=False)}
        return {own.names[variable]: floats(made.sums[variable], type) for variable, type in own.training.sums}

    def _carried(self, made: Made) -> Sequence[Array] | None:
        assert self._own is not None
        if not self._given:
            return None
        own = [self._given.get(name, value) for name, value in zip(self._own.names, made.after, strict=False)]
        return [*own, *made.after[len(own) :]]


def floats(values: Array, type: Type) -> Floats:
    """On the grid of a type; exact up to 53 bits."""
    scaled: Floats = np.asarray(values, np.float64) * float(type.scale)
    return scaled


def rounded(name: str, value: ArrayLike, type: Type) -> Array:
    """To the nearest point of the grid of a type, half up, and cut to its ends.  Raises ValueError."""
    try:
        given = np.asarray(value, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{name}` is not an array of numbers: {error}") from None
    if given.shape != type.shape:
        raise ValueError(f"`{name}` has the shape {list(type.shape)}, and the value {list(given.shape)}")
    if np.isnan(given).any():
        raise ValueError(f"`{name}` has no number in some places (NaN)")
    cut = np.clip(given, type.lo * float(type.scale), type.hi * float(type.scale))
    return encode_floats(cut.reshape(-1), kind_of(type)).reshape(type.shape)
