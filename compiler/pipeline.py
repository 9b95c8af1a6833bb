"""The whole way on one page; it can be left after any stage.

text                  `examine`     a checked tree
checked tree          `lowered`     words
words                 `understand`  words that tell nobody what is not theirs
words                 `localised`   the same, what one party computes alone apart from joint work
localised words       `joint`       joint work as circuits take it
joint words           `planned`     kernels and schedule
plan                  `build`       a compiled program

Up to the words it is `compiler/lowering/understand.py`, which needs none of what comes after them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from compiler.cells.expand import charged
from compiler.flow import leaks
from compiler.gates.circuit import Circuit
from compiler.gates.limits import PROGRAM_GATES, TooManyGates
from compiler.joint import verify as cuts
from compiler.joint.digits import contractions
from compiler.joint.locality import Evaluator, Roles, localise, roles
from compiler.joint.shares import Products
from compiler.lowering.understand import Meaning, examine, lowered, understand
from compiler.passes.base import Step, traced
from compiler.passes.levels import O1
from compiler.program import Approximation, Compiled, PassCount, Released, lines
from compiler.schedule.charges import charges
from compiler.schedule.emit import emit
from compiler.schedule.lane import Lane
from compiler.schedule.plan import Charge, Plan
from compiler.training import verify as privacy
from compiler.training.estimates import estimate
from compiler.words.ir import Block, Item, Loop, Value, Words
from compiler.words.operations import Bound, Mechanism, Pieces
from compiler.words.prune import prune
from lang import typed as t
from lang.checker.check import deep_stack
from lang.numerals import short
from lang.problems.problem import Rejected
from lang.problems.values import CircuitsTooLarge
from lang.source import Source, Span

__all__ = [
    "Made",
    "Meaning",
    "Minimised",
    "Minimiser",
    "approximations",
    "build",
    "built",
    "compile",
    "examine",
    "joint",
    "localised",
    "lowered",
    "mechanisms",
    "planned",
    "understand",
]


def localised(words: Words, who: Roles, products: Products) -> Words:
    """What one party may compute alone it computes in the clear, and enters it where it meets the other's."""
    return localise(words, who, products)


def joint(localised: Words, who: Roles) -> Words:
    """Contractions as digits, in chunks that each fit a kernel."""
    return prune(contractions(localised, who))


def planned(joint: Words, who: Roles, minimiser: Minimiser) -> Plan:
    return emit(joint, who, minimiser.circuits)


def build(
    meaning: Meaning,
    products: Products = Products.SHARES,
    evaluator: Evaluator = Evaluator.MALICIOUS,
    most_gates: int = PROGRAM_GATES,
    made: Made | None = None,
) -> Compiled:
    """Words -> compiled program; raises TooManyGates where its kernels take more, before the passes."""
    with deep_stack():
        return _build(meaning, products, evaluator, Minimiser(most_gates, made))


def _build(meaning: Meaning, products: Products, evaluator: Evaluator, minimiser: Minimiser) -> Compiled:
    program, words = meaning.checked.program, meaning.words
    who = roles(words, evaluator)
    local = localised(words, who, products)
    ready = joint(local, who)
    privacy.check(words)
    cuts.check(words, local, ready, who, products)
    plan = planned(ready, who, minimiser)
    return Compiled(
        parties=words.parties,
        owners=program.owners,
        garbler=who.garbler,
        evaluator=who.evaluator,
        taken_for=who.taken_for,
        parameters=tuple((name, str(value)) for name, value in meaning.checked.params),
        inputs=tuple(
            (entry, type, str(i.variable.kind)) for (entry, type), i in zip(words.inputs, program.inputs, strict=True)
        ),
        datasets=words.datasets,
        disjoint=program.disjoint,
        mechanisms=tuple(mechanisms(words)),
        approximations=tuple(approximations(words)),
        outputs=tuple(_released(words, program)),
        passes=minimiser.counts(),
        plan=plan,
        lines=lines(plan),
        files=meaning.files,
    )


def compile(
    source: Source,
    overrides: Mapping[str, str | Fraction] | None = None,
    products: Products = Products.SHARES,
    evaluator: Evaluator = Evaluator.MALICIOUS,
    party: str = "",
) -> Compiled:
    """Text -> compiled program; raises Rejected."""
    return built(understand(source, overrides, party=party), products, evaluator)


def built(
    meaning: Meaning,
    products: Products = Products.SHARES,
    evaluator: Evaluator = Evaluator.MALICIOUS,
    made: Made | None = None,
) -> Compiled:
    """As `build`; raises Rejected where there are too many gates, with the place of those that were too many."""
    try:
        return build(meaning, products, evaluator, made=made)
    except TooManyGates as error:
        place = error.place or Span(meaning.files[0], 1, 1, 1, 1)
        raise Rejected([CircuitsTooLarge(span=place, limit=PROGRAM_GATES)]) from None


@dataclass(frozen=True, slots=True)
class Minimised:
    """The kernel of a lane."""

    circuit: Circuit
    charges: tuple[Charge, ...]  # of each item of its block
    steps: tuple[Step, ...]
    gates: int  # before the passes


Made = dict[Block, Minimised]


class Minimiser:
    """Lane blocks -> circuits, with what each pass did to all of them together."""

    def __init__(self, most: int = PROGRAM_GATES, made: Made | None = None) -> None:
        """`most` gates of all kernels together, before the passes; what is `made` already is not made again."""
        self.steps: dict[str, list[Step]] = {}
        self._most = most
        self._made = {} if made is None else made

    def circuits(self, lanes: Sequence[Lane]) -> list[tuple[Circuit, tuple[Charge, ...]]]:
        """The kernel of each lane, and what each item of its block is charged with.

        Raises TooManyGates before any pass has run, which takes longer than to find that.
        """
        left, expanded = self._most, dict[Block, tuple[Circuit, list[int]]]()
        for lane in lanes:
            known = self._made.get(lane.block)
            if known is None or known.gates > left:
                try:
                    expanded[lane.block] = charged(lane.block, left)
                except TooManyGates as error:
                    raise TooManyGates(self._most, error.owner, lane.places[error.owner]) from None
            left -= known.gates if known else len(expanded[lane.block][0].gates)
        for block in [*expanded]:  # each goes as soon as there is a smaller one
            self._made[block] = self._minimised(block, *expanded.pop(block))
        kernels = [self._made[lane.block] for lane in lanes]
        for kernel in kernels:
            for step in kernel.steps:
                self.steps.setdefault(step.name, []).append(step)
        return [(kernel.circuit, kernel.charges) for kernel in kernels]

    def _minimised(self, block: Block, whole: Circuit, owners: Sequence[int]) -> Minimised:
        stages, steps = traced(O1, whole)
        return Minimised(stages[-1].circuit, charges(block, stages, owners), tuple(steps), len(whole.gates))

    def counts(self) -> tuple[PassCount, ...]:
        return tuple(
            PassCount(
                name,
                *(
                    sum(getattr(s, what) for s in steps)
                    for what in ("and_before", "and_after", "xor_before", "xor_after")
                ),
            )
            for name, steps in self.steps.items()
        )


def mechanisms(words: Words) -> list[Mechanism]:
    """Each `dpsgd` with as many steps as a run takes of it, and why its gradients are bounded."""
    found: dict[int, Mechanism] = {}
    for block, times in _blocks(words.block, 1):
        items = dict(block.numbered())
        for number, value in items.items():
            if isinstance(value, Value) and isinstance(value.op, Mechanism):
                found[value.op.draw] = replace(value.op, steps=times, argument=_bound(items, number).argument)
    return [found[draw] for draw in sorted(found)]


def approximations(words: Words) -> list[Approximation]:
    """The functions that are not exact, with every bound of an error that one of them has."""
    pieces = (
        item.op
        for block, _ in _blocks(words.block, 1)
        for item in block.items
        if isinstance(item, Value) and isinstance(item.op, Pieces)
    )
    return sorted({Approximation(p.name, p.error) for p in pieces if p.error})


def _blocks(block: Block, times: int) -> Iterator[tuple[Block, int]]:
    """Every block and how often a run goes through it."""
    yield block, times
    for item in block.items:
        if isinstance(item, Loop):
            yield from _blocks(item.body, times * item.count)


def _bound(items: Mapping[int, Item], released: int) -> Bound:
    """Of the clipped sum that a released value is made from."""
    waiting = [released]
    while waiting:
        item = items.get(waiting.pop())
        if isinstance(item, Value):
            if isinstance(item.op, Bound):
                return item.op
            waiting += item.args
    raise AssertionError("a value leaves its data set without a clipped sum")


def _released(words: Words, program: t.Program) -> Iterator[Released]:
    carried, found = leaks.bare(words), mechanisms(words)
    kinds = {s.span: s.value.type for s in program.statements if isinstance(s, t.Release)}
    for output, number in zip(words.outputs, words.block.results, strict=True):
        type = next(i.type for n, i in words.block.numbered() if n == number and not isinstance(i, Loop))
        written = kinds.get(output.span) if output.span else None
        kind = getattr(written, "kind", None)
        text = str(kind) if kind else f"{'int' if type.signed else 'uint'}<{type.width}>"
        if kind is None and type.scale != 1:
            text += f" * {short(type.scale)}"
        shape = f"[{', '.join(map(str, type.shape))}]" if type.shape else ""
        told = estimate(words.block, number, found)
        yield Released(output.name, type, text + shape, output.receivers, output.revealed, carried[output.name], told)
