"""What a run of a program would cost, as lenses and hovers tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from compiler import pipeline
from compiler.lowering.widths import Width, widths
from compiler.program import Compiled, and_gates
from compiler.words.operations import Mechanism
from lang import typed
from lang.problems.problem import Rejected
from lang.source import Source
from lang.syntax import tree
from lang.syntax.files import Loader
from lang.syntax.parse import parse
from lang.traverse import walk
from runtime.report.attribution import LineWork, attributed
from runtime.report.forecast.seconds import seconds
from runtime.report.privacy import privacy
from runtime.report.traffic import traffic
from runtime.report.wording import count, duration, size

_RECORDS = (1_000, 10_000, 100_000, 1_000_000)
_TIMES = 10  # as many slots of a step a data set should hold at least


@dataclass(frozen=True, slots=True)
class Costs:
    """Sentences; `functions` by name, `trainings` in the order in which a run comes to them."""

    whole: str
    functions: Mapping[str, str]
    trainings: tuple[str, ...]
    lines: Mapping[int, str]  # of the program's own file
    widths: tuple[Width, ...]


def costs(source: Source, loader: Loader) -> Costs | None:
    """None for a text that compiles to nothing: with a problem, or there to be imported.  Takes up to seconds."""
    try:
        meaning = pipeline.understand(source, loader=loader)
        compiled = pipeline.built(meaning)
    except Rejected:
        return None
    own = [line for line in attributed(compiled).lines if line.file == meaning.files[0].name]
    return Costs(
        _whole(compiled),
        {
            item.name.name: _spent([line for line in own if item.span.line <= line.line <= item.span.end_line])
            for item in parse(source).items
            if isinstance(item, tree.Fn)
        },
        tuple(_epsilon(compiled, mechanism) for mechanism in compiled.mechanisms),
        {number: _spent([line for line in own if line.line == number]) for number in {line.line for line in own}},
        widths(meaning.checked.program),
    )


def trainings(program: typed.Program) -> list[int]:
    """The lines of those that a run goes through, in the order of `Costs.trainings`."""
    return [node.span.line for node in walk(program.statements) if isinstance(node, typed.Train | typed.Measure)]


def _whole(compiled: Compiled) -> str:
    return (
        f"{count(and_gates(compiled.plan))} AND gates, {size(traffic(compiled).total)}, "
        f"about {duration(seconds(compiled))}"
    )


def _spent(lines: list[LineWork]) -> str:
    return f"{count(sum(line.and_gates for line in lines))} AND gates, {size(sum(line.bytes for line in lines))}"


def _epsilon(compiled: Compiled, mechanism: Mechanism) -> str:
    """Of the whole program, for data sets of some sizes: how many records there are the text does not say."""
    if mechanism.whole:
        return _at(compiled, {})
    enough = [n for n in _RECORDS if n >= _TIMES * mechanism.slots][:2]
    return "; ".join(_at(compiled, {m.dataset: n for m in compiled.mechanisms}) for n in enough)


def _at(compiled: Compiled, records: Mapping[str, int]) -> str:
    found = privacy(compiled, records, None)
    many = f" for {count(next(iter(records.values())))} records" if records else ""
    epsilon = "no epsilon" if found.epsilon is None else f"epsilon {found.epsilon:.3g} at delta {found.delta:.2g}"
    return f"{epsilon}{many}"
