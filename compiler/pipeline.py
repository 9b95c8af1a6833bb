"""The whole way on one page: text -> checked tree -> words -> kernels and schedule -> compiled program."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from compiler.gates.circuit import Circuit
from compiler.kernels.expand import expand
from compiler.passes.base import Step, run
from compiler.passes.levels import O1
from compiler.program import Compiled, PassCount, Released
from compiler.schedule.emit import emit
from compiler.words import flow
from compiler.words.digits import contractions
from compiler.words.ir import Block, Loop, Mechanism, Op, Value, Words
from compiler.words.locality import localise, roles
from compiler.words.lower import lower
from compiler.words.prune import prune
from lang import typed as t
from lang.check import Checked, check
from lang.problem import Rejected
from lang.problems.names import NothingToRun
from lang.source import Source, Span


@dataclass(frozen=True, slots=True)
class Meaning:
    """A program that is allowed to run: its checked tree and its words, which the clear evaluator runs."""

    checked: Checked
    words: Words


def understand(source: Source, overrides: Mapping[str, str | Fraction] | None = None) -> Meaning:
    """Text -> words; raises Rejected with every problem, leaks among them."""
    checked = check(source, overrides or {})
    if not checked.program.parties:
        raise Rejected([NothingToRun(span=Span(source, 1, 1, 1, 1))])
    words = prune(lower(checked.program))
    flow.check(words, _places(checked.program))
    return Meaning(checked, words)


def build(meaning: Meaning) -> Compiled:
    """Words -> compiled program."""
    program, words = meaning.checked.program, meaning.words
    who = roles(words)
    ready = prune(contractions(localise(words, who), who))
    minimiser = Minimiser()
    plan = emit(ready, who, minimiser.circuit)
    return Compiled(
        parties=words.parties,
        garbler=who.garbler,
        evaluator=who.evaluator,
        parameters=tuple((name, str(value)) for name, value in meaning.checked.params),
        inputs=tuple((entry, type, str(i.variable.kind))
                     for (entry, type), i in zip(words.inputs, program.inputs, strict=True)),
        datasets=words.datasets,
        mechanisms=tuple(mechanisms(words)),
        outputs=tuple(_released(words, program)),
        passes=minimiser.counts(),
        plan=plan)


def compile(source: Source, overrides: Mapping[str, str | Fraction] | None = None) -> Compiled:
    return build(understand(source, overrides))


class Minimiser:
    """Lane blocks -> circuits, with what each pass did to all of them together."""

    def __init__(self) -> None:
        self.steps: dict[str, list[Step]] = {}

    def circuit(self, block: Block) -> Circuit:
        circuit, steps = run(O1, expand(block))
        for step in steps:
            self.steps.setdefault(step.name, []).append(step)
        return circuit

    def counts(self) -> tuple[PassCount, ...]:
        return tuple(PassCount(name, *(sum(getattr(s, what) for s in steps) for what in
                                       ("and_before", "and_after", "xor_before", "xor_after")))
                     for name, steps in self.steps.items())


def mechanisms(words: Words) -> list[Mechanism]:
    """Each `dpsgd` with as many steps as a run takes of it."""
    found: dict[int, Mechanism] = {}
    for value, times in _values(words.block, 1):
        if value.op is Op.DECLASSIFY and isinstance(value.at, Mechanism):
            found[value.at.draw] = replace(value.at, steps=times)
    return [found[draw] for draw in sorted(found)]


def _values(block: Block, times: int) -> Iterator[tuple[Value, int]]:
    for item in block.items:
        if isinstance(item, Loop):
            yield from _values(item.body, times * item.count)
        elif isinstance(item, Value):
            yield item, times


def _places(program: t.Program) -> dict[str, Span]:
    """Where each source is declared: an input's line, the first field of a data set."""
    places = {i.variable.name: i.span for i in program.inputs}
    return places | {d.name: d.fields[0].span if d.fields else d.span for d in program.datasets}


def _released(words: Words, program: t.Program) -> Iterator[Released]:
    kinds = {s.span: s.value.type for s in program.statements if isinstance(s, t.Release)}
    for output, number in zip(words.outputs, words.block.results, strict=True):
        type = next(i.type for n, i in words.block.numbered() if n == number and not isinstance(i, Loop))
        written = kinds.get(output.span) if output.span else None
        kind = getattr(written, "kind", None)
        text = str(kind) if kind else f"{'int' if type.signed else 'uint'}<{type.width}>"
        if kind is None and type.scale != 1:
            text += f" * {type.scale}"
        shape = f"[{', '.join(map(str, type.shape))}]" if type.shape else ""
        yield Released(output.name, type, text + shape, output.receivers, output.revealed)
