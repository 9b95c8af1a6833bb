"""What an evaluator must not find: Δ, from wrong hashes (and not from the right one), and label pairs on the wire.

The attacker holds what an honest-but-curious evaluator holds: active labels of every operand and all tables.  Each
wrong hash replaces the portable backend's; the attack's code is one function, and the right hash survives it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from numpy.typing import NDArray
from support.in_memory import run_both, run_clear
from support.known import as_known
from support.small_plans import loop_plan, one_launch, small_tile

from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.gates.knowledge import Knows, Runs
from compiler.program import ciphertexts
from runtime.crypto.hash import TileHash, tweaks
from runtime.crypto.labels import Labels, encode, fresh, fresh_delta
from runtime.crypto.secret import LabelSecret
from runtime.execute import one_sided, portable
from runtime.execute.instructions import And
from runtime.execute.masks import Views
from runtime.execute.portable import PortableEvaluator, PortableGarbler
from runtime.execute.yao import PublicLabels

SEED = bytes(range(16))
Truth = NDArray[np.int64]
Setting = tuple[Circuit, Labels, Truth]  # the operands' active labels, and their values
KnownSetting = tuple[Circuit, Runs, Labels, Truth]
ONE_AND = Circuit(2, (Gate(GateOp.AND, 2, 4),), (6,))


class RightIgnored(TileHash):
    """Half 1 hashes the first operand too: the second is dropped."""

    def __call__(self, row: int) -> None:
        self.input[1::2] = self.input[0::2]
        super().__call__(row)


class NoTweak(TileHash):
    def __init__(self, seed: bytes, halves: tuple[int, ...], lanes: int) -> None:
        super().__init__(seed, halves, lanes)
        self._tweaks[...] = 0


class LanesAlike(TileHash):
    """The tweak is the half alone."""

    def __init__(self, seed: bytes, halves: tuple[int, ...], lanes: int) -> None:
        super().__init__(seed, halves, lanes)
        self._tweaks[...] = tweaks(halves, 1)


class RowsAlike(TileHash):
    """One key for all rows, and no row in the tweak."""

    def __call__(self, row: int) -> None:
        super().__call__(0)


def twice(x: Labels) -> Labels:
    """BKR13's doubling in GF(2^128); linear, which is the trouble."""
    low, high = x[..., 0], x[..., 1]
    one, top = np.uint64(1), np.uint64(63)
    return np.stack([low << one ^ (high >> top) * np.uint64(0x87), high << one | low >> top], axis=-1)


class LinearMask(TileHash):
    """Bellare, Hoang, Keelveedhi, Rogaway 2013: pi(K) ^ K with K = 2x ^ j."""

    def __call__(self, row: int) -> None:
        mask = twice(self.input) ^ self._tweaks
        self._middle[...] = mask  # one call of pi, through the same buffers
        key = AES((self._seed ^ row).to_bytes(16, "little"))
        Cipher(key, ECB()).encryptor().update_into(self._from_middle, self._to_output)
        self.output ^= mask


def integer(label: Labels) -> int:
    return int(label[..., 0].item()) | int(label[..., 1].item()) << 64


def words(tables: bytes) -> list[int]:
    return [int.from_bytes(tables[i : i + 16], "little") for i in range(0, len(tables), 16)]


def attack(tables: bytes, active: Labels) -> set[int]:
    """Sums of up to two ciphertexts and up to two active operand labels: everything linear worth a try."""
    known = {integer(label) for label in active.reshape(-1, 2)}
    offsets = {0, *known, *(a ^ b for a, b in combinations(known, 2))}
    sent = words(tables)
    sums = {*sent, *(a ^ b for a, b in combinations(sent, 2))}
    return {s ^ o for s in sums for o in offsets}


def garbled(circuit: Circuit, active: Labels, values: Truth, delta: Labels, known: Runs = ()) -> bytes:
    """Tables for operands with the given active labels (operands, lanes, 2) and truth values (operands, lanes)."""
    sent: list[bytes] = []
    kernel = replace(small_tile(circuit, 4), known=known)
    engine = PortableGarbler([kernel], LabelSecret(delta), SEED, fresh(1), lambda data: sent.append(bytes(data)))
    engine.run(0, active ^ delta * values[..., None].astype(np.uint64), 9)
    return b"".join(sent)


def shared_operand() -> Setting:
    """Two lanes that share B (a broadcast weight) with different values of A, and then A with different B."""
    active = np.stack([fresh(4), fresh(4)])
    active[1, 1], active[0, 3] = active[1, 0], active[0, 2]
    return ONE_AND, active, np.array([[0, 1, 1, 1], [1, 1, 0, 1]])


def one_wire_squared() -> Setting:
    active = fresh(1).reshape(1, 1, 2)
    active[..., 0] |= np.uint64(1)
    return Circuit(1, (Gate(GateOp.AND, 2, 2),), (4,)), active, np.array([[1]])


def two_rows() -> Setting:
    circuit = Circuit(3, (Gate(GateOp.AND, 2, 4), Gate(GateOp.AND, 6, 4)), (8, 10))
    return circuit, fresh(3).reshape(3, 1, 2), np.array([[0], [1], [1]])


def related_labels() -> Setting:
    """B in two lanes with 2B ^ j equal: their tweaks 1 and 3 differ by 2, so the labels by 1."""
    active = np.stack([fresh(2), fresh(2)])
    active[1, 1] = active[1, 0] ^ np.array([1, 0], dtype=np.uint64)
    return ONE_AND, active, np.array([[0, 1], [0, 0]])


ATTACKS = [
    (NoTweak, one_wire_squared),
    (NoTweak, shared_operand),
    (LanesAlike, shared_operand),
    (RowsAlike, two_rows),
    (LinearMask, related_labels),
]


@pytest.mark.parametrize(("wrong", "setting"), ATTACKS)
def test_a_wrong_hash_gives_delta_away(
    monkeypatch: pytest.MonkeyPatch, wrong: type[TileHash], setting: Callable[[], Setting]
) -> None:
    circuit, active, values = setting()
    delta = fresh_delta()
    assert integer(delta) not in attack(garbled(circuit, active, values, delta), active)
    monkeypatch.setattr(portable, "TileHash", wrong)
    assert integer(delta) in attack(garbled(circuit, active, values, delta), active)


def coloured(active: Labels, values: Truth, known: Runs) -> Labels:
    """As whoever knows an operand has them: the garbler's are even, the evaluator's show their values."""
    for operand, who in enumerate(who for count, who in known for _ in range(count)):
        if who:
            own = values[operand].astype(np.uint64) if who & Knows.EVALUATOR else np.uint64(0)
            active[operand, :, 0] = active[operand, :, 0] & ~np.uint64(1) | own
    return active


KNOWN_BY_THE_GARBLER: Runs = ((1, Knows.NEITHER), (1, Knows.GARBLER))
KNOWN_BY_THE_EVALUATOR: Runs = ((1, Knows.NEITHER), (1, Knows.EVALUATOR))
ITS_OWN: Runs = ((2, Knows.EVALUATOR),)


def garblers_bits() -> KnownSetting:
    """One joint operand in all lanes with either bit of the garbler's."""
    active = np.stack([fresh(4), fresh(4)])
    active[0] = active[0, 0]
    values = np.array([[1, 1, 1, 1], [0, 1, 0, 1]])
    return ONE_AND, KNOWN_BY_THE_GARBLER, coloured(active, values, KNOWN_BY_THE_GARBLER), values


def evaluators_bit(known: Runs) -> KnownSetting:
    """One bit of the evaluator's in all lanes, as a broadcast selector is, with other operands of both values."""
    active = np.stack([fresh(4), fresh(4)])
    active[1] = active[1, 0]
    values = np.array([[0, 1, 0, 1], [1, 1, 1, 1]])
    return ONE_AND, known, coloured(active, values, known), values


def rows_of_one(known: Runs) -> KnownSetting:
    """Two rows that hash one label, with operands of both values."""
    circuit = Circuit(3, (Gate(GateOp.AND, 4, 2), Gate(GateOp.AND, 6, 2)), (8, 10))
    if known == KNOWN_BY_THE_GARBLER:
        known = ((1, Knows.NEITHER), (2, Knows.GARBLER))
    else:
        known = ((1, Knows.EVALUATOR), (2, Knows.NEITHER if known == KNOWN_BY_THE_EVALUATOR else Knows.EVALUATOR))
    values = np.array([[1], [0], [1]])
    return circuit, known, coloured(fresh(3).reshape(3, 1, 2), values, known), values


def related_known_labels() -> KnownSetting:
    """As `related_labels`: of the garbler's half with tweaks 0 and 2."""
    circuit, active, _ = related_labels()
    active = active[::-1].copy()
    values = np.array([[0, 0], [0, 1]])
    return circuit, KNOWN_BY_THE_GARBLER, coloured(active, values, KNOWN_BY_THE_GARBLER), values


ONE_SIDED_ATTACKS = [
    (NoTweak, garblers_bits),
    (NoTweak, lambda: evaluators_bit(KNOWN_BY_THE_EVALUATOR)),
    (NoTweak, lambda: evaluators_bit(ITS_OWN)),
    (LanesAlike, garblers_bits),
    (LanesAlike, lambda: evaluators_bit(KNOWN_BY_THE_EVALUATOR)),
    (LanesAlike, lambda: evaluators_bit(ITS_OWN)),
    (RowsAlike, lambda: rows_of_one(KNOWN_BY_THE_GARBLER)),
    (RowsAlike, lambda: rows_of_one(KNOWN_BY_THE_EVALUATOR)),
    (RowsAlike, lambda: rows_of_one(ITS_OWN)),
    (LinearMask, related_known_labels),
]


@pytest.mark.parametrize(("wrong", "setting"), ONE_SIDED_ATTACKS)
def test_a_wrong_hash_of_one_operand_gives_delta_away(
    monkeypatch: pytest.MonkeyPatch, wrong: type[TileHash], setting: Callable[[], KnownSetting]
) -> None:
    circuit, known, active, values = setting()
    delta = fresh_delta()
    assert integer(delta) not in attack(garbled(circuit, active, values, delta, known), active)
    monkeypatch.setattr(one_sided, "TileHash", wrong)
    assert integer(delta) in attack(garbled(circuit, active, values, delta, known), active)


class OtherOperand(one_sided.OneSidedGarbler):
    """Hashes the operand that is known where the other one is to be, and the other way round."""

    def garble(self, views: Views, gate: And, row: int, table: Labels) -> None:
        left, right, out = views
        super().garble((right, left, out), gate, row, table)


@pytest.mark.parametrize("mine", [1, 2])
def test_hashing_the_other_operand_does_not_even_compute(monkeypatch: pytest.MonkeyPatch, mine: int) -> None:
    """The garbler's half is of what it does not know, the evaluator's of what it does; inputs 0 and 1 are joint."""
    gates = (Gate(GateOp.AND, 2, 6), Gate(GateOp.AND, 8, 6 - 2 * (mine == 2)))
    plan = as_known(one_launch(Circuit(3, gates, (10,)), 8, 8, mine, ("vendor",)), "hospital")
    values = {"x": [v % (1 << mine) for v in range(8)], "y": [v >> mine for v in range(8)]}
    assert ciphertexts(plan) < 4 * 8
    assert run_both(plan, values).evaluator["z"].tolist() == run_clear(plan, values)["z"].tolist()
    monkeypatch.setattr(portable, "OneSidedGarbler", OtherOperand)
    results = [run_both(plan, values).evaluator["z"].tolist() for _ in range(8)]
    assert any(result != run_clear(plan, values)["z"].tolist() for result in results)


@pytest.mark.parametrize("wrong", [NoTweak, LanesAlike, RowsAlike, LinearMask])
def test_a_wrong_hash_still_computes_so_only_an_attack_tells(
    monkeypatch: pytest.MonkeyPatch, wrong: type[TileHash]
) -> None:
    monkeypatch.setattr(portable, "TileHash", wrong)
    plan, values = loop_plan(random.Random(2))
    assert run_both(plan, values).evaluator["state"].tolist() == run_clear(plan, values)["state"].tolist()


def test_ignoring_the_right_operand_does_not_even_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = one_launch(ONE_AND, 8, 4, 1, ("vendor",))
    values = {"x": [0, 0, 1, 1, 0, 0, 1, 1], "y": [0, 1, 0, 1, 0, 1, 0, 1]}
    assert run_both(plan, values).evaluator["z"].tolist() == run_clear(plan, values)["z"].tolist()
    monkeypatch.setattr(portable, "TileHash", RightIgnored)
    results = [run_both(plan, values).evaluator["z"].tolist() for _ in range(8)]
    assert any(result != run_clear(plan, values)["z"].tolist() for result in results)


@pytest.mark.parametrize("second", [True, False])
def test_four_row_gates_need_both_operands(second: bool) -> None:
    """The classic gate with one ciphertext a row of inputs: dropping the second operand opens two rows to one label."""
    delta, zero = fresh_delta(), fresh(3)
    hash = TileHash(SEED, (0, 1), 1)

    def pad(a: Labels, b: Labels) -> int:
        hash.input[0], hash.input[1] = a, b
        hash(3)
        return integer(hash.output[0]) ^ (integer(hash.output[1]) if second else 0)

    rows = {
        (x, y): pad(zero[0] ^ delta[0] * np.uint64(x), zero[1] ^ delta[0] * np.uint64(y))
        ^ integer(zero[2])
        ^ integer(delta) * (x & y)
        for x in (0, 1)
        for y in (0, 1)
    }
    opened = rows[1, 0] ^ rows[1, 1]  # with the label of x = 1 and one of y
    assert (opened == integer(delta)) is not second


@pytest.mark.parametrize("seed", range(4))
def test_no_label_pair_is_ever_on_the_wire(seed: int) -> None:
    """Everything either party sends, in all its 16-byte words, and the public labels: no two differ by Δ."""
    plan, values = loop_plan(random.Random(seed))
    run = run_both(plan, values)
    assert len(run.returned) > 0
    public = encode(PublicLabels(run.seeds.labels).next(1000))
    seen = {*words(run.tables), *words(run.returned), *words(run.seeds.hash + run.seeds.labels), *words(public)}
    delta = integer(run.delta)
    assert delta not in seen
    assert not any(word ^ delta in seen for word in seen)


def test_the_pair_search_finds_a_pair() -> None:
    plan, values = loop_plan(random.Random(0))
    run = run_both(plan, values)
    seen = {*words(run.tables), words(run.returned)[0] ^ integer(run.delta), *words(run.returned)}
    assert any(word ^ integer(run.delta) in seen for word in seen)


def test_evaluating_with_another_hash_seed_fails() -> None:
    rng = np.random.default_rng(0)
    kernel = small_tile(ONE_AND, 64)
    sent: list[bytes] = []
    delta, values = fresh_delta(), rng.integers(0, 2, (2, 64))
    zero = fresh(128).reshape(2, 64, 2)
    garbler = PortableGarbler([kernel], LabelSecret(delta), SEED, fresh(1), lambda data: sent.append(bytes(data)))
    out = garbler.run(0, zero, 0)
    active = zero ^ delta * values[..., None].astype(np.uint64)
    truth = out ^ delta * (values[0] & values[1])[None, :, None].astype(np.uint64)
    for seed, row, good in ((SEED, 0, True), (bytes(16), 0, False), (SEED, 1, False)):
        evaluator = PortableEvaluator([kernel], seed, fresh(1), lambda size: b"".join(sent))
        assert np.array_equal(evaluator.run(0, active, row), truth) is good
