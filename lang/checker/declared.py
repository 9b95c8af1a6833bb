"""What the files of a program declare, besides what their names stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, count

from lang import typed
from lang.calls import Body
from lang.checker.context import Context
from lang.checker.failing import Failed
from lang.checker.symbols import PartyName
from lang.problems.names import UnknownParty
from lang.source import Source, Span
from lang.syntax import tree
from lang.syntax.files import Loader

Formats = Mapping[str, Callable[[Source], Body]]  # by its name, what reads a file of it; that raises Rejected


@dataclass(slots=True)
class Declared:
    """Grows as the items are checked; `overrides` gives params other values, `loader` reads imported files."""

    overrides: Mapping[str, str | Fraction]
    loader: Loader
    formats: Formats  # of the files of `extern fn`
    parties: list[tree.Name] = field(default_factory=list[tree.Name])
    inputs: list[typed.Input] = field(default_factory=list[typed.Input])
    datasets: list[typed.Dataset] = field(default_factory=list[typed.Dataset])
    several: bool = False  # a data set names more than one owner, right or wrong
    disjoint: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    param_names: list[str] = field(default_factory=list[str])  # also those whose value is wrong
    params: dict[str, Fraction] = field(default_factory=dict[str, Fraction])
    functions: list[tree.Fn] = field(default_factory=list[tree.Fn])
    outputs: dict[str, Span] = field(default_factory=dict[str, Span])  # names that are taken
    unnamed: Iterator[str] = field(default_factory=lambda: chain(["out"], map("out{}".format, count(2))))
    imported: set[str] = field(default_factory=set[str])  # paths
    bodies: dict[str, Body | None] = field(default_factory=dict[str, "Body | None"])  # by path; None: is none


def owner(context: Context, declared: Declared, name: tree.Name) -> str:
    """A name that must be a party's; raises Failed."""
    symbol = context.meaning(name)
    if isinstance(symbol, PartyName):
        return name.name
    known = [party.name for party in declared.parties]
    listed = " or ".join(f"`{party}`" for party in known)
    hint = context.near(name.name, known) or (f"the parties are {listed}" if known else f"write `party {name.name};`")
    raise Failed(UnknownParty(span=name.span, name=name.name, hint=hint))
