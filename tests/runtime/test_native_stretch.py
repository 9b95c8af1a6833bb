"""What waits for nobody, run in C in one go: as the walk runs it one by one, and held to every bound."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.backends import NATIVE
from support.garbled import garbled
from support.in_memory import ROLES, run_both, run_clear
from support.joint_plans import joint_plan
from support.known import as_known
from support.small_plans import entered, random_circuit, small_tile, whole, word

from compiler.gates.circuit import Circuit
from compiler.program import and_gates
from compiler.schedule.plan import Copy, Free, Launch, Open, Plan, Repeat, View
from runtime.crypto.labels import fresh
from runtime.crypto.secret import LabelSecret
from runtime.execute.backend import Joint
from runtime.execute.engines import PORTABLE, garbling
from runtime.execute.instructions import program
from runtime.execute.native.stretch import encode

SEED = bytes(range(16))
needs_c = pytest.mark.skipif(not NATIVE, reason="the C part is not built here")


@needs_c
@settings(deadline=None, max_examples=150)
@given(st.integers(0, 1 << 48))
def test_the_bytes_are_those_of_one_step_after_the_other(seed: int) -> None:
    joint, values = joint_plan(random.Random(seed))
    secret = LabelSecret.fresh()
    for plan in (joint, as_known(joint, ROLES.garbler)):
        expected = garbled(plan, values, PORTABLE, secret)
        assert sum(expected[2]) == and_gates(plan)
        for engine in NATIVE:
            found = garbled(plan, values, engine, secret)
            assert found[:2] == expected[:2]
            assert sum(found[2]) == and_gates(plan)


@needs_c
@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1 << 48))
def test_what_is_opened_is_what_the_clear_run_gives(seed: int) -> None:
    plan, values = joint_plan(random.Random(seed))
    run = run_both(plan, values, engine=NATIVE[0])
    expected = run_clear(plan, values)
    assert {name: bits.tolist() for name, bits in run.evaluator.items()} == {
        name: bits.tolist() for name, bits in expected.items()
    }


@needs_c
def test_a_window_ends_within_a_tile_and_goes_on_in_the_next_launch() -> None:
    """More tables than a window holds, of tiles that it does not divide."""
    kernel = small_tile(random_circuit(random.Random(2), 10, 60, 10), 512)
    wires, lanes = 10 * 700, (700,)
    launch = Launch(0, lanes, (whole(0, 700, 10, 1),), (whole(0, 700, 10, 1),), 0)
    rows = 2 * kernel.circuit.and_gates
    labels, secret = fresh(wires), LabelSecret.fresh()
    made: list[tuple[bytes, bytes]] = []
    for engine in (NATIVE[0], PORTABLE):
        sent, buffers = bytearray(), {0: labels.copy()}
        gates = garbling(engine, [kernel], secret, SEED, labels[:1], sent.extend)
        together = gates.together([Repeat(3, (launch,), 4, rows)], [wires], [0], 0)
        if together is not None:
            together(buffers, (), 9, None)
        else:
            for number in range(3):
                row = 9 + 4 + number * rows
                for start in (0, 512):
                    lane = slice(start, min(700, start + 512))
                    inputs = buffers[0].reshape(700, 10, 2)[lane].swapaxes(0, 1)
                    outputs = gates.run(0, inputs, row)
                    buffers[0].reshape(700, 10, 2)[lane] = outputs.swapaxes(0, 1)
                    row += kernel.circuit.and_gates
        made.append((bytes(sent), buffers[0].tobytes()))
    assert made[0] == made[1]
    assert len(made[0][0]) > 3 * (1 << 18)


@needs_c
@pytest.mark.parametrize(("loops", "axes", "at_once"), [(16, 32, True), (17, 1, False), (1, 33, False)])
def test_more_loops_or_axes_than_c_has_room_for_are_run_one_by_one(loops: int, axes: int, at_once: bool) -> None:
    kernel = small_tile(random_circuit(random.Random(8), 4, 30, 4), 4)
    view = View(0, 0, (4, *(0 for _ in range(axes - 1))), ((4, 1),), (0,) * loops)
    step: Joint = Launch(0, (2, *(1 for _ in range(axes - 1))), (view,), (view,), 0)
    for level in range(loops):
        step = Repeat(2 if level < 3 else 1, (step,), 0, kernel.circuit.and_gates << min(level, 3))
    engine = garbling(NATIVE[0], [kernel], LabelSecret.fresh(), SEED, fresh(1), lambda data: None)
    assert (engine.together([step], [8], [0], 0) is not None) == at_once
    word_of = word((2,), 0, 15)
    plan = Plan((kernel,), (8,), (*entered("hospital", "x", word_of, 0, 0), step, Open("z", 0, word_of, ("vendor",))))
    found = run_both(plan, {"x": [5, 11]}, engine=NATIVE[0]).evaluator["z"]
    assert found.tolist() == run_clear(plan, {"x": [5, 11]})["z"].tolist()


# -- buffers --------------------------------------------------------------------------------------


def test_an_arena_is_as_large_as_what_is_there_at_once() -> None:
    """A hundred buffers, two at a time."""
    steps: list[Any] = []
    for number in range(1, 101):
        steps += [Copy(whole(number - 1, 4, 4), whole(number, 4, 4), (4,))]
        steps += [Free(number - 1)] if number > 1 else []
    code = encode(steps, [16] * 101, [0], [])
    assert code.arena == 2 * 16
    assert code.outer == (0, 100)
    assert code.freed == ()


def test_what_a_loop_leaves_has_a_place_of_its_own() -> None:
    """In the second iteration what is made first would overwrite it, had it the place of what was freed before."""
    narrow = (whole(0, 1, 8, 1), whole(1, 1, 8, 1), whole(2, 1, 8, 1))
    body = (Copy(narrow[0], narrow[1], (1,)), Free(1), Copy(narrow[0], narrow[2], (1,)))
    code = encode([Repeat(2, body, 0, 0), Free(2)], [8, 8, 8], [0], [])
    assert code.arena == 16


@needs_c
def test_reading_before_writing_is_named() -> None:
    engine = garbling(NATIVE[0], [], LabelSecret.fresh(), SEED, fresh(1), lambda data: None)
    with pytest.raises(LookupError, match="buffer 0 is read before it is written"):
        engine.together([Copy(whole(0, 1, 4), whole(1, 1, 4), (1,))], [4, 4], [], 0)


@needs_c
@pytest.mark.parametrize(("offset", "loop"), [(-1, 0), (5, 0), (0, -1), (0, 3), (4, 1)])
def test_a_view_that_leaves_its_buffer_is_refused(offset: int, loop: int) -> None:
    """Before a wire of that step is touched, though the memory would hold it."""
    engine = garbling(NATIVE[0], [], LabelSecret.fresh(), SEED, fresh(1), lambda data: None)
    view, buffers = View(0, offset, (1,), ((4, 1),), (loop,)), {0: fresh(8), 1: fresh(8)}
    together = engine.together([Repeat(3, (Copy(view, whole(1, 1, 4, 1), (1,)),), 0, 0)], [8, 8], [0, 1], 0)
    assert together is not None
    with pytest.raises(IndexError, match="leaves its buffer of 8 wires"):
        together(buffers, (), 0, None)


# -- what C is handed -----------------------------------------------------------------------------


def made(native: Any) -> tuple[Any, NDArray[np.int64]]:
    """A kernel of two inputs and an output, and the code of a loop that runs it and copies what it made."""
    kernel = small_tile(Circuit(2, random_circuit(random.Random(3), 2, 9, 1).gates, (8,)), 4)
    from runtime.execute.native.engine import ready  # here, because a machine without a compiler has none

    launch = Launch(0, (3, 2), (View(0, 1, (4, 2), ((2, 1),), (0,)),), (View(1, 0, (2, 1), ((1, 1),), (6,)),), 0)
    copy = Copy(View(1, 0, (1,), ((2, 3),), (6,)), View(0, 0, (2,), ((2, 1),), (0,)), (3,))
    code = encode([Repeat(2, (launch, copy), 0, 40)], [13, 12], [0, 1], [4])
    return ready(kernel, program(kernel), NATIVE[0]), code.numbers


@needs_c
@settings(deadline=None, max_examples=150)
@given(st.data())
def test_any_code_is_refused_or_stays_in_its_memory(data: st.DataObject) -> None:
    """Numbers of a good code replaced by others, or cut off; the memories have walls behind them."""
    from runtime.execute.native import _kernel  # here, because a machine without a compiler has none

    kernel, numbers = made(_kernel)
    odd = st.one_of(st.integers(-4, 20), st.sampled_from([-(1 << 63), -(1 << 50), 1 << 30, 1 << 50, (1 << 63) - 1]))
    changed = data.draw(st.lists(st.tuples(st.integers(0, len(numbers) - 1), odd), max_size=3))
    for at, number in changed:
        numbers[at] = number
    numbers = numbers[: data.draw(st.one_of(st.just(len(numbers)), st.integers(0, len(numbers))))].copy()
    walls = [np.full((length + 8, 2), 7, dtype=np.uint64) for length in (0, 13, 12, 200)]
    memories = tuple(wall[4:-4] for wall in walls)
    registers, parts = np.zeros(2048, np.uint64), data.draw(st.integers(1, 3))
    try:
        stretch = _kernel.Stretch((kernel,), numbers, 0, data.draw(st.integers(0, 1)))
        stretch.begin((), 5)
        for _ in range(3):
            size, _ = stretch.ahead(1 << 12)
            for part in range(parts):
                stretch.garble(part, parts, memories[:3], registers, fresh(1), SEED, fresh(1), np.zeros(size, np.uint8))
            stretch.passed()
    except (ValueError, IndexError, MemoryError):
        pass
    for wall in walls:
        assert (wall[:4] == 7).all() and (wall[-4:] == 7).all()


def wrong_calls(stretch: Any, size: int) -> list[tuple[str, Callable[[], object]]]:
    """What is told, and what is called."""
    memories = (fresh(0), fresh(13), fresh(12))
    registers, label, tables = np.zeros(4096, np.uint64), fresh(1), np.zeros(size, np.uint8)
    good = [memories, registers, label, SEED, label, tables]

    def garble(at: int, instead: object) -> Callable[[], object]:
        return lambda: stretch.garble(0, 1, *(instead if i == at else each for i, each in enumerate(good)))

    return [
        ("parts have", lambda: stretch.garble(1, 1, *good)),
        ("parts have", lambda: stretch.garble(0, 0, *good)),
        ("memories have", garble(0, memories[:2])),
        ("memories have", garble(0, (*memories, fresh(1)))),
        ("memories have", garble(0, (fresh(0), fresh(12), fresh(12)))),
        ("registers have", garble(1, np.zeros(8, np.uint64))),
        ("seeds, or labels that are one, have", garble(2, fresh(2))),
        ("seeds, or labels that are one, have", garble(3, SEED[:15])),
        ("seeds, or labels that are one, have", garble(4, fresh(2))),
        ("indices have", lambda: stretch.begin((1,), 0)),
        ("tables have", garble(5, np.zeros(size + 1, np.uint8))),
    ]


@needs_c
def test_wrong_lengths_are_refused() -> None:
    from runtime.execute.native import _kernel  # here, because a machine without a compiler has none

    kernel, numbers = made(_kernel)
    stretch = _kernel.Stretch((kernel,), numbers, 0, 0)
    assert stretch.is_over()  # until it begins
    stretch.begin((), 0)
    for told, call in wrong_calls(stretch, stretch.ahead(1 << 18)[0]):
        with pytest.raises(ValueError, match=told):
            call()
    pretender: Any = type("Pretender", (), {"__class__": _kernel.Kernel})()
    assert isinstance(pretender, _kernel.Kernel)
    for other in ("kernel", pretender):
        with pytest.raises(TypeError):
            _kernel.Stretch((kernel, other), numbers, 0, 0)
    for code, told in [([9], "no such step"), ([4], "no such step"), ([3, 2, 0, 0], "cut short"), ([1, 1], "cut")]:
        with pytest.raises(ValueError, match=told):
            _kernel.Stretch((kernel,), np.array(code, np.int64), 0, 0)
    for reads, writes in [(7, 1), (1, 2)]:  # of a kernel of 7 registers, the constant's included, and one output
        view = (1, 0, 16, 0, 1)
        launch = [1, 0, 1, 0, 1, 1, 0, *view, reads, 1, *view, writes, 1]
        with pytest.raises(ValueError, match="what its kernel has not"):
            _kernel.Stretch((kernel,), np.array(launch, np.int64), 0, 0)
    with pytest.raises(ValueError, match="too deep"):
        _kernel.Stretch((kernel,), np.array([3, 2, 0, 0] * 20, np.int64), 0, 0)
