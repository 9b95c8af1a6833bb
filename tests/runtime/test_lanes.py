"""Wide launches some lanes at a time: the bytes and the outputs of all lanes at once."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from support.backends import BACKENDS
from support.garbled import garbled
from support.in_memory import ROLES, run_both, run_clear
from support.small_plans import entered, random_circuit, small_tile, whole, word

from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.schedule.plan import Copy, Free, Launch, Open, Plan, Step, View
from runtime.crypto.prg import Prg
from runtime.crypto.secret import LabelSecret
from runtime.execute import lanes
from runtime.execute.lanes import Chain
from runtime.execute.yao import PublicLabels

LANES, FEW, NEVER = 21, 8 * 18, 1 << 40  # wires that are there at once: 8 lanes, or all
BOTH = (ROLES.garbler, ROLES.evaluator)
Behind = Callable[[Launch, tuple[str, ...]], list[Step]]


def words(*numbered: tuple[str, str, int]) -> list[Step]:
    """Words of 3 bits; all are made before the first is entered."""
    each = [entered(party, name, word((LANES,), 0, 7), number, number) for name, party, number in numbered]
    return [step for step, _ in each] + [enter for _, enter in each]


def plan(seed: int, behind: Behind, to: tuple[str, ...]) -> Plan:
    """Of hospital's x and u, and vendor's y and v: x ^ y, without a table, then what that makes with u, v and the same
    bits s of vendor's for all lanes."""
    xor = Circuit(6, tuple(Gate(GateOp.XOR, 2 + 2 * i, 8 + 2 * i) for i in range(3)), (14, 16, 18))
    mixed = random_circuit(random.Random(seed), 3 + 3 + 3 + 4, 60, 6)
    kernels = small_tile(xor, 8), small_tile(mixed, 4)
    given = words(("x", "hospital", 0), ("u", "hospital", 1), ("y", "vendor", 2), ("v", "vendor", 3))
    clear, enter = entered("vendor", "s", word((), 0, 15), 4, 4)
    views = [whole(i, LANES, 3) for i in range(4)]
    first = Launch(0, (LANES,), (views[0], views[2]), (whole(5, LANES, 3),), 0)
    reads = (views[1], views[3], whole(5, LANES, 3), View(4, 0, (0,), ((4, 1),), ()))
    second = Launch(1, (LANES,), reads, (whole(6, LANES, 6),), 0)
    steps = [clear, *given, enter, first, Free(0), Free(2), second, *behind(second, to)]
    return Plan(kernels, (*[3 * LANES] * 4, 4, 3 * LANES, 6 * LANES, 6 * LANES), tuple(steps))


def opened(_: Launch, to: tuple[str, ...]) -> list[Step]:
    """At once, so that no wire of the output stays."""
    of = word((LANES,), 0, 63)
    return [*map(Free, (1, 3, 5)), Open("z", 6, of, ("vendor",)), Open("all", 6, of, to), Free(6)]


def copied(_: Launch, to: tuple[str, ...]) -> list[Step]:
    """What comes behind reads all of it, and an input."""
    last = Open("z", 7, word((LANES,), 0, 63), to)
    return [
        Free(3),
        Copy(whole(6, LANES, 6), whole(7, LANES, 6), (LANES,)),
        last,
        Open("u", 1, word((LANES,), 0, 7), to),
    ]


def again(launch: Launch, to: tuple[str, ...]) -> list[Step]:
    """Tables of two launches would change places."""
    rows = 6 * 60
    second = Launch(launch.kernel, launch.lanes, launch.reads, (whole(7, LANES, 6),), rows)
    return [second, Open("z", 6, word((LANES,), 0, 63), to), Open("w", 7, word((LANES,), 0, 63), to)]


def values() -> dict[str, Any]:
    rng = random.Random(5)
    return {name: [rng.randint(0, 7) for _ in range(LANES)] for name in "xuyv"} | {"s": 11}


@pytest.mark.parametrize("engine", BACKENDS)
@pytest.mark.parametrize("behind", [opened, copied, again])
def test_no_byte_and_no_output_depends_on_it(engine: str, behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    chains: list[Chain] = []
    made = lanes.Lanes.run

    def run(self: lanes.Lanes, *given: Any) -> Any:
        chains.append(self.chain)
        return made(self, *given)

    monkeypatch.setattr(lanes.Lanes, "run", run)
    of, alone, secret = plan(3, behind, BOTH), plan(3, behind, BOTH[1:]), LabelSecret.fresh()
    monkeypatch.setattr(lanes, "AT_ONCE", NEVER)
    expected, outputs = garbled(alone, values(), engine, secret)[:2], run_clear(of, values())
    assert not chains
    monkeypatch.setattr(lanes, "AT_ONCE", FEW)
    assert garbled(alone, values(), engine, secret)[:2] == expected
    both = run_both(of, values(), engine=engine)
    for found in (both.evaluator, both.garbler, run_clear(of, values())):
        assert {name: each.tolist() for name, each in found.items()} == {name: outputs[name].tolist() for name in found}
    assert len(chains) == 4
    assert all(chain.at_once == 8 for chain in chains)
    assert {len(chain.opens) for chain in chains} == ({2} if behind is opened else {0})


def chains_of(size: int, view: View) -> list[Chain]:
    """Of a launch that reads a buffer of this size so."""
    kernel = small_tile(random_circuit(random.Random(1), 3, 9, 3), 4)
    _, enter = entered("hospital", "x", word((LANES,), 0, 7), 0, 0)
    launch = Launch(0, (LANES,), (view,), (whole(1, LANES, 3),), 0)
    of = Plan((kernel,), (size, 3 * LANES), (enter, launch, Free(0)))
    return [each for each in lanes.chained([[enter], (launch, Free(0))], of) if isinstance(each, Chain)]


@pytest.mark.parametrize(
    ("view", "chained"),
    [
        (View(0, 0, (3,), ((3, 1),), ()), True),
        (View(0, 2, (3,), ((3, -1),), ()), True),
        (View(0, 1, (3,), ((3, 1),), ()), False),  # of the next lane, too
        (View(0, 60, (-3,), ((3, 1),), ()), False),
        (View(0, 0, (1,), ((3, LANES),), ()), False),  # lanes side by side
    ],
)
def test_lanes_are_cut_where_each_has_its_own_wires(view: View, chained: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "AT_ONCE", 8 * 6)
    assert len(chains_of(3 * LANES, view)) == chained
    assert not chains_of(3 * LANES + 3, view)  # a buffer that ends elsewhere


def test_public_labels_are_the_same_whenever_they_are_made() -> None:
    seed, whole_stream = bytes(range(16)), PublicLabels(bytes(range(16)))
    expected = whole_stream.next(60)
    public = PublicLabels(seed)
    first, second = public.later(20), public.later(30)
    assert public.next(10).tolist() == expected[50:].tolist()
    parts = [second(7), first(20), second(23)]
    assert [label for part in (parts[1], parts[0], parts[2]) for label in part.tolist()] == expected[:50].tolist()
    assert Prg(seed, 3).bytes(32).tolist() == Prg(seed).bytes(80)[48:].tolist()
