"""A plan as text.  Kernels are k0, k1, ..., buffers b0, ..., clear words w0, ..., loop indices i0 (outermost), ...

A view is its buffer and offset, then the strides by lane, `extent:stride` of each port and the strides by loop:

    b2+128 lane 16 port 4:4 4:1 loop 64

A step's number, outer Repeats first, is the one that `verify` names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from compiler.schedule.plan import (
    Carry,
    Clear,
    Copy,
    Disclose,
    Enter,
    Free,
    Hand,
    Kernel,
    Launch,
    Open,
    Plan,
    Product,
    Repeat,
    Step,
    Tell,
    Told,
    View,
    lane_count,
    table_rows,
)
from compiler.words.ir import Block, Loop, Result
from compiler.words.operations import NAMES


def lines(plan: Plan) -> list[str]:
    """Kernels, buffers, then the steps in order, those of a Repeat indented under it."""
    return [
        *(_kernel(number, kernel) for number, kernel in enumerate(plan.kernels)),
        *(f"b{number}: {wires} wires" for number, wires in enumerate(plan.buffers)),
        *_body(plan, plan.steps, "", 0),
    ]


def _kernel(number: int, kernel: Kernel) -> str:
    circuit = kernel.circuit
    return (
        f"k{number} ({kernel.name}): {circuit.and_gates} ANDs, {kernel.ciphertexts} ciphertexts, "
        f"{circuit.xor_gates} XORs, {circuit.inputs} inputs, {len(circuit.outputs)} outputs, "
        f"{kernel.register_count} registers, tile {kernel.tile}"
    )


def _body(plan: Plan, steps: Sequence[Step], prefix: str, depth: int) -> Iterator[str]:
    indent = "  " * depth
    for number, step in enumerate(steps):
        label = f"{indent}{prefix}{number}"
        first, *rest = _step(plan, step, depth)
        yield f"{label}  {first}"
        yield from (f"{indent}    {line}" for line in rest)
        if isinstance(step, Repeat):
            yield from _body(plan, step.body, f"{prefix}{number}.", depth + 1)


def _step(plan: Plan, step: Step, depth: int) -> Iterator[str]:
    """A line, and one for each view of a launch."""
    match step:
        case Launch():
            rows = table_rows(plan.kernels[step.kernel], lane_count(step))
            yield f"launch k{step.kernel}, {_lanes(step.lanes)}, {_rows(step.row, rows)}"
            yield from (f"read {_view(view)}" for view in step.reads)
            yield from (f"write {_view(view)}" for view in step.writes)
        case Repeat():
            index = f"i{depth} in 0..{step.count - 1}"
            yield f"repeat {index}, {_rows(step.row, step.count * step.rows)}, {step.rows} each time"
        case Clear():
            given = ", ".join([*(f"i{level}" for level in range(depth)), *map(_word, step.reads)])
            done = ", ".join(dict.fromkeys(_operations(step.block)))
            made = " of ".join(part for part in (done, given) if part)
            yield f"clear {_party(step.party)}: {', '.join(map(_word, step.writes))} = {made}"
        case Product():
            shape = step.transfer
            yield (
                f"product {_lanes(step.extents)}: {', '.join(map(_word, step.shares))} = shares of "
                f"{_word(step.own)} and {shape.words} joint words of {shape.width} bits as {step.type}, "
                f"{_rows(step.row, shape.rows)}"
            )
            yield f"read {_view(step.joint)}"
        case Enter():
            yield f"enter {_party(step.party)}: b{step.buffer} = {_word(step.clear)} as {step.type}"
        case Copy():
            yield f"copy {_lanes(step.lanes)}: {_view(step.target)} = {_view(step.source)}"
        case Open():
            yield f"open {step.name} to {', '.join(step.to)}: b{step.buffer} as {step.type}"
        case Tell():
            yield f"tell {step.name} to {', '.join(step.to)}: {_word(step.clear)} as {step.type}"
        case Disclose(told=told):
            yield f"disclose {_told(told)} to {step.to}: {_word(step.clear)} = b{step.buffer} as {step.type}"
        case Hand(told=told):
            halves = f"{_word(step.own)} + {_word(step.other)}"
            yield f"hand {_told(told)} to {step.to}: {_word(step.clear)} = {halves} as {step.type}"
        case Carry():
            pairs = zip(step.targets, step.sources, strict=True)
            yield f"carry {_party(step.party)}: {', '.join(f'{_word(t)} = {_word(s)}' for t, s in pairs)}"
        case Free():
            yield f"free b{step.buffer}"
        case _:
            assert_never(step)


def _operations(block: Block) -> Iterator[str]:
    for item in block.items:
        if isinstance(item, Loop):
            yield "loop"
            yield from _operations(item.body)
        elif not isinstance(item, Result):
            yield NAMES[type(item.op)]


def _view(view: View) -> str:
    parts = [f"b{view.buffer}+{view.offset}"]
    if view.lane:
        parts.append("lane " + " ".join(map(str, view.lane)))
    parts.append("port " + " ".join(f"{extent}:{stride}" for extent, stride in view.port))
    if view.loop:
        parts.append("loop " + " ".join(map(str, view.loop)))
    return " ".join(parts)


def _rows(first: int, count: int) -> str:
    return f"rows {first}..{first + count - 1}" if count else "no rows"


def _lanes(lanes: Sequence[int]) -> str:
    return f"lanes {'x'.join(map(str, lanes))}" if lanes else "one lane"


def _told(told: Told) -> str:
    return f"dpsgd {told.draw}, variable {told.variable}"


def _party(name: str) -> str:
    return name or "both"


def _word(number: int) -> str:
    return f"w{number}"
