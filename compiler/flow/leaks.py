"""Information flow: which inputs and data sets a value still carries, and who may learn it.

A source is an input, a data set, or a data set as read through the row of one `dpsgd`; the last is
what that `dpsgd`'s mechanism takes away, and nothing else.  A value that reaches a receiver must
carry only the receiver's own sources, unless both sides agreed to `reveal` it.

Noise has no source.  But noise that one party drew by itself protects nothing from that party, so what carries it goes
to others only, revealed or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import assert_never

from compiler.words.ir import Block, Loop, Result, Value, Words
from compiler.words.operations import (
    Bound,
    Coins,
    Compute,
    Constant,
    Draw,
    Enter,
    Entry,
    Learn,
    Mechanism,
    Noise,
    Sharing,
    Telling,
    Wiring,
)
from lang.problems import LeaksData, LeaksInput, LeaksStep, NoiseKnown
from lang.problems.problem import Problem, Rejected
from lang.source import Span


@dataclass(frozen=True, slots=True, order=True)
class Source:
    name: str
    party: str
    draw: int | None  # a data set read through the row of that `dpsgd`; None: an input


@dataclass(frozen=True, slots=True)
class Drawn:
    """The noise of one `dpsgd` or `measure` that a party drew on its own."""

    party: str
    draw: int
    word: str
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Untold:
    """The noisy sum of one `dpsgd` or `measure` that nobody is told before the end."""

    name: str  # of the data set
    draw: int
    party: str  # whose it is
    word: str
    span: Span | None = field(default=None, compare=False)


Sources = frozenset[Source | Drawn | Untold]


Way = Callable[[Span, Source], tuple[tuple[Span, str], ...]]  # (output, source) -> what it passed


def check(program: Words, places: dict[str, Span], way: Way = lambda output, source: ()) -> None:
    """Raises Rejected with every output that tells a receiver what is not theirs; `places` has each input's and each
    data set's declaration, `way` the places between that and an output."""
    carried = sources(program.block)
    steps = list(_of_steps(program.block, carried, places))
    told = {problem.source for problem in steps}  # what leaves with the first step is not told again of the outputs
    problems: list[Problem] = []
    for output in program.outputs:
        assert output.span is not None
        for receiver in output.receivers:
            found = carried[output.value]
            foreign = {
                s.name: s
                for s in sorted((s for s in found if isinstance(s, Source)), reverse=True)
                if s.party != receiver
            }
            for name, source in () if output.revealed else sorted(foreign.items()):
                if name in told:
                    continue
                first = ((places[name], "comes from here"),) if name in places else ()
                problems.append(_leak(output.name, output.span, source, receiver, first + way(output.span, source)))
            known = [s for s in found if isinstance(s, Drawn) and s.party == receiver]
            if known:
                problems.append(_known(output.name, output.span, min(known, key=lambda s: s.draw)))
    problems += steps
    if problems:
        raise Rejected(problems)


def _of_steps(block: Block, carried: dict[int, Sources], places: dict[str, Span]) -> Iterator[LeaksStep]:
    """What is told after each step is an output too: of each training the first source that is not its receiver's.

    A noisy sum that was not told before is none of the receiver's either: a step would tell it ahead of the end, at
    which alone it counts where a run is ended early, and every session that goes on with a run draws it anew.
    """
    for item in block.items:
        if not isinstance(item, Loop):
            continue
        inside = dict(carried)
        for told, found in _told(item, inside):
            assert told.span is not None and isinstance(told.op, Learn)
            foreign = [s for s in found if not isinstance(s, Drawn) and s.party != told.op.party]
            if foreign:
                source = min(foreign, key=lambda s: (isinstance(s, Untold), s.name, s.draw or 0))
                first = _from(source, places)
                yield LeaksStep(
                    span=_word(told.span),
                    source=source.name,
                    owner=source.party,
                    receiver=told.op.party,
                    related=first,
                )
                break
        yield from _of_steps(item.body, inside, places)


def _from(source: Source | Untold, places: dict[str, Span]) -> tuple[tuple[Span, str], ...]:
    if isinstance(source, Source):
        return ((places[source.name], "comes from here"),) if source.name in places else ()
    return () if source.span is None else ((_word(source.span, source.word), "its noisy sum is told at the end"),)


def _told(loop: Loop, found: dict[int, Sources]) -> list[tuple[Value, Sources]]:
    """What a loop's body tells a party, with its sources; adds those of the body's values to `found`."""
    carried = _loop(loop, found)
    found.update(enumerate([frozenset[Source](), *carried], loop.body.first))
    _block(loop.body, found)
    values = ((number, item) for number, item in loop.body.numbered() if isinstance(item, Value))
    return [(item, found[number]) for number, item in values if isinstance(item.op, Learn)]


def bare(program: Words) -> dict[str, tuple[str, ...]]:
    """Of each output the data sets that it still carries, where a receiver is not their owner: no mechanism took them
    away, a `reveal` lets them out."""
    carried = sources(program.block)
    return {
        output.name: tuple(
            sorted(
                {
                    s.name
                    for s in carried[output.value]
                    if isinstance(s, Source) and s.draw is not None and set(output.receivers) - {s.party}
                }
            )
        )
        for output in program.outputs
    }


def _leak(output: str, span: Span, source: Source, receiver: str, related: tuple[tuple[Span, str], ...]) -> Problem:
    if source.draw is None:
        return LeaksInput(
            span=span, output=output, source=source.name, owner=source.party, receiver=receiver, related=related
        )
    return LeaksData(span=span, output=output, owner=source.party, receiver=receiver, related=related)


def _known(output: str, span: Span, noise: Drawn) -> Problem:
    related: tuple[tuple[Span, str], ...] = ()
    if noise.span is not None:
        related = ((_word(noise.span, noise.word), f"its noise is drawn by `{noise.party}`"),)
    return NoiseKnown(span=span, output=output, party=noise.party, related=related)


def _word(statement: Span, word: str = "dpsgd") -> Span:
    """What it begins with."""
    return replace(statement, end_line=statement.line, end_column=statement.column + len(word))


def sources(block: Block) -> dict[int, Sources]:
    """The sources of every value of the program's outermost block."""
    found: dict[int, Sources] = {}
    _block(block, found)
    return found


def _block(block: Block, found: dict[int, Sources]) -> None:
    loops: dict[int, list[Sources]] = {}
    for number, item in block.numbered():
        match item:
            case Value():
                found[number] = _value(item, [found[a] for a in item.args])
            case Loop():
                loops[number] = _loop(item, found)
                found[number] = frozenset()
            case Result():
                found[number] = loops[item.loop][item.position]


def _loop(loop: Loop, found: dict[int, Sources]) -> list[Sources]:
    """The least sets that hold before and after every iteration."""
    carried = [found[i] for i in loop.init]
    while True:
        inside = dict(found)
        inside.update(enumerate([frozenset[Source](), *carried], loop.body.first))
        _block(loop.body, inside)
        joined = [before | inside[r] for before, r in zip(carried, loop.body.results, strict=True)]
        if joined == carried:
            return carried
        carried = joined


def _value(item: Value, args: list[Sources]) -> Sources:
    joined: Sources = frozenset().union(*args)
    op = item.op
    if isinstance(op, Constant | Noise | Coins | Compute | Wiring | Bound | Enter | Telling | Sharing):
        return joined
    match op:
        case Entry(name, party):
            return frozenset({Source(name, party, None)})
        case Draw(dataset, _, party, draw):
            return frozenset({Source(dataset, party, draw)})
        case Mechanism():
            return _noisy(op, item.span, joined)
        case _:
            assert_never(op)


def _noisy(op: Mechanism, span: Span | None, joined: Sources) -> Sources:
    """What a noisy sum carries: not the rows that it is of, but who drew its noise, and whose it is till it is told."""
    own = frozenset(s for s in joined if isinstance(s, Source) and (s.name, s.draw) == (op.dataset, op.draw))
    word, found = "measure" if op.whole else "dpsgd", set(joined - own)
    if op.drawn_by:
        found.add(Drawn(op.drawn_by, op.draw, word, span))
    if not op.to:
        found.update(Untold(op.dataset, op.draw, source.party, word, span) for source in own)
    return frozenset(found)
