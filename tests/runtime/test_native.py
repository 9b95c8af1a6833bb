"""The C engines: the portable engines' bytes on every path that this CPU has, and nothing left behind."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.backends import BACKENDS, NATIVE
from support.known import knowing
from support.small_plans import random_circuit, small_tile
from support.threads import counts_meanwhile

from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.schedule.plan import Kernel
from runtime.crypto.labels import Labels, fresh, fresh_delta
from runtime.crypto.secret import LabelSecret, SecretDestroyed
from runtime.execute import engines
from runtime.execute.engines import PORTABLE, Choice, NoSuchBackend, choose, evaluating, garbling
from runtime.execute.native import built as module
from runtime.execute.native.built import Built, built

SEED = bytes(range(16))


class Reader:
    def __init__(self, data: bytes | bytearray) -> None:
        self.data = memoryview(data)

    def __call__(self, size: int) -> memoryview:
        head, self.data = self.data[:size], self.data[size:]
        return head


def made(backend: str, kernel: Kernel, secret: LabelSecret, labels: Labels, row: int) -> tuple[bytes, bytes, bytes]:
    """Tables, and the outputs' labels of a garbler and an evaluator that both take `labels` for the inputs'."""
    tables, constant = bytearray(), labels[:1, 0]
    zero = garbling(backend, [kernel], secret, SEED, constant, tables.extend).run(0, labels, row)
    active = evaluating(backend, [kernel], SEED, constant, Reader(tables)).run(0, labels, row)
    return bytes(tables), zero.tobytes(), active.tobytes()


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 1 << 32),
    st.one_of(st.integers(1, 20), st.integers(1, 150)),
    st.integers(0, 70),
    st.integers(0, (1 << 64) - 200),
)
def test_every_path_makes_the_portable_bytes(seed: int, lanes: int, gates: int, row: int) -> None:
    rng = random.Random(seed)
    joint = small_tile(random_circuit(rng, 5, gates, 7), 256)
    secret, labels = LabelSecret.fresh(), fresh(5 * lanes).reshape(5, lanes, 2)
    for kernel in (joint, knowing(joint, rng)):
        expected = made(PORTABLE, kernel, secret, labels, row)
        for backend in NATIVE:
            assert made(backend, kernel, secret, labels, row) == expected


@pytest.mark.parametrize("backend", NATIVE)
@pytest.mark.parametrize("lanes", [2, 500, 1024])
def test_a_tile_of_many_chunks(backend: str, lanes: int) -> None:
    gates = 6_000 // lanes + 90
    rng = random.Random(lanes)
    kernel = knowing(small_tile(random_circuit(rng, 40, gates, 50), 1024), rng)
    secret, labels = LabelSecret.fresh(), fresh(40 * lanes).reshape(40, lanes, 2)
    assert made(backend, kernel, secret, labels, 7) == made(PORTABLE, kernel, secret, labels, 7)


@pytest.mark.parametrize("backend", NATIVE)
@pytest.mark.parametrize("gates", [(), (Gate(GateOp.XOR, 3, 4), Gate(GateOp.XOR, 6, 1))])
def test_kernels_without_rows(backend: str, gates: tuple[Gate, ...]) -> None:
    """They send nothing; constants and inputs may be outputs, as they are or inverted."""
    literals = range(2 * (3 + len(gates)))
    kernel = small_tile(Circuit(2, gates, tuple(literals)), 8)
    secret, labels = LabelSecret.fresh(), fresh(2 * 5).reshape(2, 5, 2)
    found = made(backend, kernel, secret, labels, 0)
    assert found == made(PORTABLE, kernel, secret, labels, 0)
    assert not found[0]


@pytest.mark.parametrize("backend", NATIVE)
def test_one_engine_runs_kernels_and_numbers_of_lanes_by_turns(backend: str) -> None:
    """In the same registers: what another tile left in them is not read."""
    kernels = [small_tile(random_circuit(random.Random(n), 4, 30 * n, 6), 64) for n in (1, 2, 3)]
    secret, constant = LabelSecret.fresh(), fresh(1)
    sent = bytearray(), bytearray()
    mine = garbling(backend, kernels, secret, SEED, constant, sent[0].extend)
    theirs = garbling(PORTABLE, kernels, secret, SEED, constant, sent[1].extend)
    for kernel, lanes in [(0, 64), (2, 3), (1, 33), (0, 1), (2, 64)]:
        labels = fresh(4 * lanes).reshape(4, lanes, 2)
        assert np.array_equal(mine.run(kernel, labels, 5), theirs.run(kernel, labels, 5))
    assert sent[0] == sent[1]
    with pytest.raises(ValueError, match="64 lanes at once, not 65"):
        mine.run(0, fresh(4 * 65).reshape(4, 65, 2), 0)


@pytest.mark.parametrize("backend", NATIVE)
def test_inputs_that_do_not_lie_together(backend: str) -> None:
    kernel = small_tile(random_circuit(random.Random(3), 5, 40, 7), 16)
    secret, labels = LabelSecret.fresh(), fresh(5 * 9).reshape(9, 5, 2).swapaxes(0, 1)
    assert made(backend, kernel, secret, labels, 1) == made(PORTABLE, kernel, secret, labels, 1)


# -- secrets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", NATIVE)
def test_the_registers_are_wiped(backend: str) -> None:
    kernel = small_tile(random_circuit(random.Random(4), 5, 40, 7), 16)
    secret = LabelSecret(fresh_delta())
    engine: Any = garbling(backend, [kernel], secret, SEED, fresh(1), lambda data: None)
    engine.run(0, fresh(5 * 16).reshape(5, 16, 2), 0)
    assert engine._registers[0].any()
    secret.destroy()
    assert not engine._registers[0].any()
    with pytest.raises(SecretDestroyed):
        engine.run(0, fresh(5 * 16).reshape(5, 16, 2), 0)
    with pytest.raises(SecretDestroyed):
        garbling(backend, [kernel], secret, SEED, fresh(1), lambda data: None)


@pytest.mark.parametrize("backend", NATIVE)
def test_other_threads_go_on(backend: str) -> None:
    """While a tile is garbled."""
    kernel = small_tile(random_circuit(random.Random(4), 5, 100, 7), 1024)
    engine: Any = garbling(backend, [kernel], LabelSecret.fresh(), SEED, fresh(1), lambda data: None)
    stretch = engine._one(0, 1024)._native
    stretch.begin((), 0)
    tables, delta = np.empty(stretch.ahead(1 << 30)[0], dtype=np.uint8), fresh_delta()
    memories, label = (fresh(0), fresh(5 * 1024), fresh(7 * 1024)), fresh(1)
    assert counts_meanwhile(
        lambda: stretch.garble(0, 1, memories, engine._registers[0], label, SEED, delta, tables),
        lambda: stretch.begin((), 0),
    )


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", NATIVE)
def test_wrong_programs_are_refused(backend: str) -> None:
    from runtime.execute.native import _kernel  # here, because a machine without a compiler has none

    code, outputs = np.array([[1, 0, 1, 2]], np.int32), np.array([[2, 0]], np.int32)
    of_registers = [(1, 3, 0, 0), (0, 0, -1, 0), (1, 0, 0, 3)]
    for op, left, right, out in of_registers + [(op, 0, 0, 0) for op in (-1, 2, 8, 16, 25, 33, 41, 64, 65)]:
        with pytest.raises(ValueError, match="instruction 0 is none for 3 registers"):
            _kernel.Kernel(backend, 3, np.array([[op, left, right, out]], np.int32), outputs)
    with pytest.raises(ValueError, match="output 0 is none of 3 registers"):
        _kernel.Kernel(backend, 3, code, np.array([[3, 0]], np.int32))
    with pytest.raises(ValueError, match="no path `abacus`"):
        _kernel.Kernel("abacus", 3, code, outputs)
    for registers in (-1, 1 << 60):  # of which 16 lanes would take 2^64, which is none
        with pytest.raises(ValueError, match="no kernel has"):
            _kernel.Kernel(backend, registers, code, outputs)


# -- which one runs -------------------------------------------------------------------------------

FOUND = Built(("fast", "slow"), ("faster",))


def test_the_fastest_that_works_is_chosen() -> None:
    assert choose(FOUND, lambda path: True, "").backend == "fast"
    assert choose(FOUND, lambda path: path == "slow", "").backend == "slow"
    assert choose(FOUND, lambda path: False, "") == Choice(PORTABLE, "nothing else works on this CPU")
    assert choose(Built((), (), "no compiler"), lambda path: True, "") == Choice(PORTABLE, "no compiler")


@pytest.mark.parametrize("wanted", ["fast", "slow", PORTABLE])
def test_another_is_named_by_the_environment(wanted: str) -> None:
    assert choose(FOUND, lambda path: False, wanted) == Choice(wanted, "CCR_BACKEND names it")


@pytest.mark.parametrize("wanted", ["faster", "abacus"])
def test_one_that_is_not_there_is_refused(wanted: str) -> None:
    with pytest.raises(NoSuchBackend, match=f"names `{wanted}`, and this machine has fast, slow, portable"):
        choose(FOUND, lambda path: True, wanted)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_environment_is_read(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCR_BACKEND", backend)
    assert engines.chosen().backend == backend


def test_what_was_built_for_another_version_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "VERSION", 999)
    found = built()
    assert found.paths == ()
    assert "install ccr again" in found.missing or not NATIVE


@pytest.mark.parametrize("backend", NATIVE)
def test_the_self_test_sees_one_wrong_bit(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from runtime.execute.native import selftest  # here, because a machine without a compiler has none

    assert selftest.works(backend)
    monkeypatch.setattr(selftest, "PortableGarbler", _flipping(selftest.PortableGarbler))
    assert not selftest.works(backend)


def _flipping(engine: Any) -> Any:
    class Flipping(engine):  # type: ignore[misc]  # whose class is given
        def run(self, kernel: int, inputs: Labels, row: int) -> Labels:
            changed = inputs.copy()
            changed[-1, -1, 1] ^= np.uint64(1 << 63)
            outputs: Labels = super().run(kernel, changed, row)
            return outputs

    return Flipping
