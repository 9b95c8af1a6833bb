"""Which of a lane's words the gates of its kernel are for."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.gates.circuit import GateOp
from compiler.passes.base import Stage
from compiler.schedule.plan import Charge
from compiler.words.ir import Block, Value
from compiler.words.operations import NAMES


def charges(block: Block, made: Sequence[Stage], owners: Sequence[int]) -> tuple[Charge, ...]:
    """What each item of a lane is charged with; `owners` are the items that made the first stage's gates."""
    ands, xors = ([[0] * len(made) for _ in block.items] for _ in range(2))
    for at, stage in enumerate(made):
        for gate, origin in zip(stage.circuit.gates, stage.origins, strict=True):
            (ands if gate.op is GateOp.AND else xors)[owners[origin]][at] += 1
    last = made[-1]
    whose = [owners[o] for gate, o in zip(last.circuit.gates, last.origins, strict=True) if gate.op is GateOp.AND]
    own: list[list[int]] = [[] for _ in block.items]
    for number, item in enumerate(whose):
        own[item].append(number)
    cells = [NAMES[type(item.op)] if isinstance(item, Value) else "" for item in block.items]
    rows = zip(cells, ands, xors, own, strict=True)
    return tuple(Charge(cell, tuple(a), tuple(x), tuple(gates)) for cell, a, x, gates in rows)
