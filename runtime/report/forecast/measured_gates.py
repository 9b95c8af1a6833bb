"""What gates take: a kernel of AND gates and one of XOR gates, over one lane and over many, each as an engine runs it.

One lane tells what a row costs, many what a lane of it does.  A kernel is made ready when it is first run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.schedule.plan import Kernel, Launch, Repeat, View
from runtime.crypto.labels import fresh
from runtime.crypto.prg import SEED_BYTES
from runtime.crypto.secret import LabelSecret
from runtime.execute.backend import Engine
from runtime.execute.engines import evaluating, garbling

INPUTS, GATES, LANES, LAUNCHES = 64, 512, 256, 500
_SEED = bytes(SEED_BYTES)
READY = {"instruction": GateOp.XOR, "and_instruction": GateOp.AND}
Shortest = Callable[[Callable[[], object]], float]  # seconds


def gates(backend: str, shortest: Shortest) -> dict[str, float]:
    """By the names of `Rates`; `tile` and `wire` where the backend runs launches in one go."""
    rows, lanes = dict[str, float](), dict[str, float]()
    for op, kernel in ((GateOp.AND, _kernel(GateOp.AND, GATES)), (GateOp.XOR, _kernel(GateOp.XOR, GATES))):
        for name, of in (("garble", garbler), ("evaluate", evaluator)):
            narrow, wide = (_alone(of(backend, kernel), count, shortest) for count in (1, LANES))
            nothing = _alone(of(backend, _kernel(op, 1)), 1, shortest)
            lane = max(wide - narrow, 0.0) / GATES / (LANES - 1)
            rows[f"{name} {op}"] = max((narrow - nothing) / (GATES - 1) - lane, 0.0)
            lanes[f"{name} {op}"] = lane
    xor_row, xor = (min(of[f"{side} {GateOp.XOR}"] for side in ("garble", "evaluate")) for of in (rows, lanes))
    found = {f"{side}_row": rows[f"{side} {GateOp.AND}"] for side in ("garble", "evaluate")}
    found |= {f"{side}_gate": lanes[f"{side} {GateOp.AND}"] for side in ("garble", "evaluate")}
    ready = {name: _ready(backend, op, shortest) for name, op in READY.items()}
    found |= {"xor_row": xor_row, "xor": xor, **ready}
    return found | _launches(backend, shortest)


class _Tape:
    """Tables are dropped, and those that are read are zeros: evaluating takes as long whatever they are."""

    def __init__(self) -> None:
        self._nothing = bytes(1 << 20)

    def send(self, tables: memoryview) -> None:
        pass

    def receive(self, size: int) -> memoryview:
        return memoryview(self._nothing)[:size]


def garbler(backend: str, kernel: Kernel) -> Engine:
    return garbling(backend, [kernel], LabelSecret.fresh(), _SEED, fresh(1), _Tape().send)


def evaluator(backend: str, kernel: Kernel) -> Engine:
    return evaluating(backend, [kernel], _SEED, fresh(1), _Tape().receive)


def _alone(engine: Engine, lanes: int, shortest: Shortest) -> float:
    labels = fresh(INPUTS * lanes).reshape(INPUTS, lanes, 2)
    engine.run(0, labels, 0)
    return shortest(lambda: engine.run(0, labels, 0))


def _ready(backend: str, op: GateOp, shortest: Shortest) -> float:
    """Seconds of one gate of a kernel that is run for the first time."""
    kernel, labels = _kernel(op, 8 * GATES), fresh(INPUTS).reshape(INPUTS, 1, 2)
    first = shortest(lambda: garbler(backend, kernel).run(0, labels, 0))
    return max(first - _alone(garbler(backend, kernel), 1, shortest), 0.0) / (8 * GATES)


def _launches(backend: str, shortest: Shortest) -> dict[str, float]:
    """Many launches of nothing over one lane, and over many."""
    kernel, took = _kernel(GateOp.XOR, 0), list[float]()
    for lanes in (1, LANES):
        engine, wires = garbler(backend, kernel), INPUTS * lanes
        views = [View(buffer, 0, (1,), ((INPUTS, lanes),), (0,)) for buffer in (0, 1)]
        launch = Launch(0, (lanes,), (views[0],), (views[1],), 0)
        many = engine.together([Repeat(LAUNCHES, (launch,), 0, 0)], (wires, wires), (0, 1), 0)
        if many is None:
            return {}
        buffers = {0: fresh(wires), 1: fresh(wires)}
        took.append(shortest(partial(many, buffers, (), 0, None)) / LAUNCHES)
    wire = max(took[1] - took[0], 0.0) / (2 * INPUTS * (LANES - 1))
    return {"tile": max(took[0] - 2 * INPUTS * wire, 0.0), "wire": wire}


def _kernel(op: GateOp, count: int) -> Kernel:
    """So many gates, each of the last and of one some way before, in no more registers than are in use at once."""
    gates = tuple(Gate(op, 2 * (INPUTS + i), 2 * (INPUTS + i - INPUTS // 2)) for i in range(count))
    places = (*range(1 + INPUTS), *(1 + INPUTS + i % INPUTS for i in range(count)))
    last = range(count + 1, count + 1 + INPUTS)
    return Kernel("measured", Circuit(INPUTS, gates, tuple(2 * net for net in last)), places, 1 + 2 * INPUTS, LANES)
