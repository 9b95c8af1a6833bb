"""Which party knows the wires of each buffer, and kernels made for what is known where they are launched.

What a party enters it knows; a copy is known to whoever knows all that is copied, a launch's outputs as the kernel says
(`compiler/gates/knowledge.py`).  A buffer is known to whoever knows everything that is ever written to it, whatever the
order: so loops ask for nothing more, and one joint bit makes all of a buffer joint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from math import prod

from compiler.gates.knowledge import Half, Knows, Runs, halves, outputs, runs
from compiler.gates.limits import PROGRAM_GATES
from compiler.schedule.plan import PUBLIC, Copy, Enter, Kernel, Launch, Plan, Repeat, Step, View, counted, launches


class KnowledgeError(Exception):
    """A kernel is made for more than a party knows where it is launched."""


Outputs = Callable[[int, Runs], Sequence[Knows]]
"""Who knows the outputs of a kernel, by its number, where its inputs are known so."""


def specialised(
    steps: Sequence[Step], kernels: Sequence[Kernel], buffers: int, garbler: str
) -> tuple[tuple[Step, ...], tuple[Kernel, ...]]:
    """The steps with a kernel for each way in which one is launched, in the order of kernels and then of launches."""
    made = cache(lambda number, known: outputs(kernels[number].circuit, known))
    useful = cache(lambda number, known: known if _uses(kernels[number], known) else ())
    known = _buffers(steps, buffers, garbler, made)
    wanted: list[dict[Runs, None]] = [{} for _ in kernels]
    for launch, _ in launches(tuple(steps)):
        wanted[launch.kernel][useful(launch.kernel, _inputs(launch, known))] = None
    if sum(len(k.circuit.gates) * len(ways) for k, ways in zip(kernels, wanted, strict=True)) > PROGRAM_GATES:
        return tuple(steps), tuple(kernels)
    pairs = [(number, way) for number, ways in enumerate(wanted) for way in ways]
    place = {pair: position for position, pair in enumerate(pairs)}

    def moved(body: Iterable[Step]) -> Iterator[Step]:
        for step in body:
            if isinstance(step, Launch):
                yield replace(step, kernel=place[step.kernel, useful(step.kernel, _inputs(step, known))])
            else:
                yield replace(step, body=tuple(moved(step.body))) if isinstance(step, Repeat) else step

    return tuple(moved(steps)), tuple(replace(kernels[number], known=way) for number, way in pairs)


def verify(plan: Plan, garbler: str) -> None:
    """Raises KnowledgeError unless every launch of a kernel knows what its kernel says, which is all or nothing.

    By induction on the run: what is read was written before, and a write is as well known as what it was made from.
    """
    for number, kernel in enumerate(plan.kernels):
        counts = [count for count, _ in kernel.known]
        if counts and (min(counts) < 1 or sum(counts) != kernel.circuit.inputs):
            raise KnowledgeError(
                f"kernel {number} has {kernel.circuit.inputs} inputs, and says who knows {sum(counts)}"
            )
    made = cache(lambda number, _: outputs(plan.kernels[number].circuit, plan.kernels[number].known))
    known = _buffers(plan.steps, len(plan.buffers), garbler, made)
    for launch, _ in launches(plan.steps):
        stated = plan.kernels[launch.kernel].known
        if stated and stated != _inputs(launch, known):
            raise KnowledgeError(
                f"kernel {launch.kernel} is made for inputs that are known as {_named(stated)}, and is launched where "
                f"they are known as {_named(_inputs(launch, known))}"
            )


def _named(known: Runs) -> str:
    return " ".join(f"{count}:{who.name}" for count, who in known) or "nobody's"


def _inputs(launch: Launch, known: Sequence[Knows]) -> Runs:
    """Who knows the inputs of a launch's kernel."""
    return runs([(_ports(view), known[view.buffer]) for view in launch.reads])


def _ports(view: View) -> int:
    return prod(extent for extent, _ in view.port)


def _uses(kernel: Kernel, known: Runs) -> bool:
    """Does it help to know the inputs?"""
    if outputs(kernel.circuit, known) != outputs(kernel.circuit, ()):
        return True
    return any(each is not Half.BOTH for each in halves(kernel.circuit, known))


def _buffers(steps: Sequence[Step], count: int, garbler: str, made: Outputs) -> list[Knows]:
    """Who knows each buffer: at first everybody, and less with every write, until nothing changes."""
    known = [Knows.BOTH] * count
    writers = [step for step, _ in counted(tuple(steps)) if isinstance(step, Enter | Copy | Launch)]
    before = None
    while known != before:
        before = [*known]
        for step in writers:
            for buffer, who in _written(step, known, garbler, made):
                known[buffer] &= who
    return known


def _written(
    step: Enter | Copy | Launch, known: Sequence[Knows], garbler: str, made: Outputs
) -> Iterator[tuple[int, Knows]]:
    """Who knows what it writes to which buffer; constants are entered as the garbler's."""
    match step:
        case Enter(party=party):
            yield step.buffer, Knows.GARBLER if party in (PUBLIC, garbler) else Knows.EVALUATOR
        case Copy():
            yield step.target.buffer, known[step.source.buffer]
        case Launch():
            whose = iter(made(step.kernel, _inputs(step, known)))
            for view in step.writes:
                for who in islice(whose, _ports(view)):
                    yield view.buffer, who
