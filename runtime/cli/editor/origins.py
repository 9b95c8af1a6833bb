"""Whose values go into each variable: those of parties, by inputs and data sets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import assert_never

from lang import typed
from lang.source import Span
from lang.traverse import walk

Origins = Mapping[Span, frozenset[str]]  # parties, by the place that binds


def origins(program: typed.Program) -> Origins:
    """Of all variables; one that is not there is made of public values alone."""
    found = _Origins({dataset.name: dataset.owners or (dataset.party,) for dataset in program.datasets})
    for given in program.inputs:
        found.add(given.variable, {given.party})
    while found.grown:  # a loop may read what it writes below
        found.grown = False
        found.run(program.statements, frozenset())
    return found.of


class _Origins:
    def __init__(self, owners: Mapping[str, Sequence[str]]) -> None:
        self.of: defaultdict[Span, frozenset[str]] = defaultdict(frozenset)
        self.grown = True
        self._owners = owners

    def add(self, variable: typed.Variable, parties: Iterable[str]) -> None:
        before = self.of[variable.span]
        self.of[variable.span] = before | set(parties)
        self.grown |= self.of[variable.span] != before

    def run(self, statements: Sequence[typed.Statement], around: frozenset[str]) -> None:
        """`around` are those of the conditions, the data sets around the statements."""
        for statement in statements:
            match statement:
                case typed.Bind(variable=variable, value=value) | typed.Store(variable=variable, value=value):
                    self.add(variable, around | self._within([value, *_indices(statement)], around))
                case typed.Repeat(body=body):
                    self.run(body, around)
                case typed.When(condition=condition, then=then, otherwise=otherwise):
                    inner = around | self._within([condition], around)
                    self.run([*then, *otherwise], inner)
                case typed.Train():
                    self._train(statement, around | set(self._owners[statement.dataset]))
                case typed.Measure():
                    inner = around | set(self._owners[statement.dataset])
                    self.run(statement.body, inner)
                    self.add(statement.variable, inner | self._within([statement.value], inner))
                case typed.Release(value=value):
                    self._within([value], around)
                case _:
                    assert_never(statement)

    def _train(self, train: typed.Train, inner: frozenset[str]) -> None:
        self.run(train.body, inner)
        values = [value for value in (train.loss, *(value for _, value in train.grads)) if value is not None]
        parties = inner | self._within(values, inner)
        for variable in train.variables:
            self.add(variable, parties)

    def _within(self, nodes: Sequence[typed.Expr], around: frozenset[str]) -> frozenset[str]:
        """Of what expressions read; what is bound inside them is told too."""
        parties = frozenset[str]()
        for node in walk(nodes):
            if isinstance(node, typed.Read):
                parties |= self.of[node.variable.span]
            elif isinstance(node, typed.Scope):
                self.run(node.statements, around)
        return parties


def _indices(statement: typed.Bind | typed.Store) -> Iterator[typed.Expr]:
    places = statement.places if isinstance(statement, typed.Store) else ()
    return (place.index for place in places if isinstance(place, typed.At))
