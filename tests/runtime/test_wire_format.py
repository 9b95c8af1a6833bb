"""The bytes of tables, held against the paper's formulas on integers, and frozen: every backend makes these."""

from __future__ import annotations

import hashlib
import random

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from support.backends import BACKENDS
from support.small_plans import random_circuit, small_tile

from compiler.gates.circuit import Circuit, GateOp
from runtime.crypto.labels import Labels, encode
from runtime.crypto.prg import Prg
from runtime.crypto.secret import LabelSecret
from runtime.execute.engines import evaluating, garbling

SEED = bytes(range(100, 116))
ROW = (1 << 40) + 5


def fixed(count: int, seed: int) -> Labels:
    return Prg(bytes([seed] * 16)).words(2 * count).reshape(-1, 2)


def fixed_delta() -> Labels:
    return fixed(1, 1) | np.array([1, 0], dtype=np.uint64)


def integers(labels: Labels) -> list[int]:
    return [int(low) | int(high) << 64 for low, high in labels.reshape(-1, 2)]


def garble_by_the_paper(
    circuit: Circuit, zero: list[int], constant: int, delta: int, lane: int
) -> tuple[list[tuple[int, int]], list[int]]:
    """One lane: (T_G, T_E) of every AND gate and the outputs' zero labels (Zahur, Rosulek, Evans, figure 2)."""
    nets = [constant, *zero]
    tables: list[tuple[int, int]] = []
    for op, left, right in circuit.gates:
        a0, b0 = (nets[literal >> 1] ^ delta * (literal & 1) for literal in (left, right))
        if op is GateOp.XOR:
            nets.append(a0 ^ b0)
            continue
        row = ROW + len(tables)
        pa, pb = a0 & 1, b0 & 1

        def h(x: int, half: int, row: int = row) -> int:
            key = (int.from_bytes(SEED, "little") ^ row).to_bytes(16, "little")

            def pi(block: int) -> int:
                data = Cipher(AES(key), ECB()).encryptor().update(block.to_bytes(16, "little"))
                return int.from_bytes(data, "little")

            return pi(pi(x) ^ (2 * lane + half)) ^ pi(x)

        tg = h(a0, 0) ^ h(a0 ^ delta, 0) ^ delta * pb
        te = h(b0, 1) ^ h(b0 ^ delta, 1) ^ a0
        nets.append(h(a0, 0) ^ tg * pa ^ h(b0, 1) ^ (te ^ a0) * pb)
        tables.append((tg, te))
    return tables, [nets[literal >> 1] ^ delta * (literal & 1) for literal in circuit.outputs]


def garble(circuit: Circuit, lanes: int, backend: str) -> tuple[bytes, Labels, Labels]:
    """A backend's tables, the inputs' zero labels and the outputs'."""
    sent, kernel, secret = bytearray(), small_tile(circuit, 128), LabelSecret(fixed_delta())
    engine = garbling(backend, [kernel], secret, SEED, fixed(1, 2), sent.extend)
    zero = fixed(circuit.inputs * lanes, 3).reshape(circuit.inputs, lanes, 2)
    outputs = engine.run(0, zero, ROW)
    return bytes(sent), zero, outputs


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("lanes", [1, 5])
@pytest.mark.parametrize("backend", BACKENDS)
def test_tables_are_the_papers(seed: int, lanes: int, backend: str) -> None:
    circuit = random_circuit(random.Random(seed), 5, 60, 9)
    tables, zero, outputs = garble(circuit, lanes, backend)
    (delta,), (constant,) = integers(fixed_delta()), integers(fixed(1, 2))
    made = [garble_by_the_paper(circuit, integers(zero[:, lane]), constant, delta, lane) for lane in range(lanes)]
    expected = b"".join(
        made[lane][0][row][half].to_bytes(16, "little")
        for row in range(circuit.and_gates)
        for half in (0, 1)
        for lane in range(lanes)
    )
    assert tables == expected
    for lane in range(lanes):
        assert integers(outputs[:, lane]) == made[lane][1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_frozen_bytes(backend: str) -> None:
    """If this changes, so has the wire format: peers of two versions would no longer understand each other."""
    circuit = random_circuit(random.Random(11), 12, 900, 20)
    lanes = 96
    tables, zero, outputs = garble(circuit, lanes, backend)
    assert len(tables) == circuit.and_gates * 2 * lanes * 16
    assert digest(tables) == "f9cf7126027b2aec57e5e1289b3cc222aa079e0b7124db3cee255006552b021f"
    assert digest(encode(outputs.reshape(-1, 2))) == "90368cd7363ca1be6579487b7a10ad7083eaf00e39fa314dfec54a228d4074fd"
    values = np.random.default_rng(1).integers(0, 2, zero.shape[:2]).astype(np.uint64)
    evaluator = evaluating(backend, [small_tile(circuit, 128)], SEED, fixed(1, 2), Reader(tables))
    active = evaluator.run(0, zero ^ fixed_delta() * values[..., None], ROW)
    difference = active ^ outputs
    assert all(not d.any() or np.array_equal(d[None], fixed_delta()) for d in difference.reshape(-1, 2))


class Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def __call__(self, size: int) -> bytes:
        head, self.data = self.data[:size], self.data[size:]
        return head


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
