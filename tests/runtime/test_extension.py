"""The correlated extension: agreement, continuing batches, and receivers that cheat."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray
from support.memory_channel import pair

from runtime.crypto.labels import LABEL_BITS, Labels, bits, fresh_delta
from runtime.crypto.prg import Prg
from runtime.net.errors import ProtocolError
from runtime.ot import check, extension
from runtime.ot.errors import CheatingDetected, Destroyed
from runtime.ot.extension import Receiver, Sender
from runtime.ot.matrix import Words, times_x

SESSION = b"session"
SIZES = [0, 1, 5, 128, 1000, 10007]
Pairs = tuple[list[bytes], list[bytes]]


def random_choices(count: int) -> NDArray[np.uint8]:
    return np.frombuffer(secrets.token_bytes(count), np.uint8) & np.uint8(1)


def random_seeds() -> Pairs:
    return [secrets.token_bytes(16) for _ in range(128)], [secrets.token_bytes(16) for _ in range(128)]


def parties(delta: Labels, seeds: Pairs | None = None) -> tuple[Receiver, Sender]:
    """Both ends, as if base transfers had given them their seeds."""
    seeds = seeds or random_seeds()
    chosen = [seeds[bit][column] for column, bit in enumerate(bits(delta))]
    return Receiver(SESSION, seeds), Sender(SESSION, delta, chosen)


def assert_correlated(q: Labels, t: Labels, choices: NDArray[np.uint8], delta: Labels) -> None:
    assert q.shape == t.shape == (len(choices), 2)
    assert np.array_equal(t, np.where(choices[:, None] == 1, q ^ delta, q))


def test_whole_protocol_over_a_channel() -> None:
    delta = fresh_delta()
    left, right = pair()

    def garbler() -> list[Labels]:
        sender = Sender.setup(left, delta, SESSION)
        return [sender.send(left, size) for size in SIZES]

    choices = [random_choices(size) for size in SIZES]
    with ThreadPoolExecutor() as pool:
        zeros = pool.submit(garbler)
        receiver = Receiver.setup(right, SESSION)
        actives = [receiver.receive(right, chosen) for chosen in choices]
    for q, t, chosen in zip(zeros.result(), actives, choices, strict=True):
        assert_correlated(q, t, chosen, delta)
    every = np.concatenate([*zeros.result(), *(q ^ delta for q in zeros.result())])
    assert len(np.unique(every, axis=0)) == 2 * sum(SIZES)


def test_boolean_choices_and_requests_longer_than_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extension, "BATCH", 256)
    delta = fresh_delta()
    receiver, sender = parties(delta)
    left, right = pair()
    choices = random_choices(700)
    t = receiver.receive(right, choices.astype(np.bool_))
    assert_correlated(sender.send(left, 700), t, choices, delta)
    assert left.received_bytes == 3 * 5 + 2 * extension.message_bytes(256) + extension.message_bytes(188)


def test_nothing_is_sent_for_no_transfers() -> None:
    receiver, sender = parties(fresh_delta())
    left, right = pair()
    assert receiver.receive(right, random_choices(0)).shape == (0, 2)
    assert sender.send(left, 0).shape == (0, 2)
    assert right.sent_bytes == 0


def test_a_choice_is_a_bit() -> None:
    with pytest.raises(ValueError, match="0 or 1"):
        parties(fresh_delta())[0].extend(np.array([0, 2], dtype=np.uint8))


def test_the_discarded_choices_hide_the_folds() -> None:
    # With the same choices and the same streams, two messages differ in the last block, and so in the proof.
    seeds = random_seeds()
    first, second = (Receiver(SESSION, seeds).extend(np.zeros(128, dtype=np.uint8)) for _ in range(2))
    assert np.array_equal(first[1], second[1])
    assert first[0][-check.PROOF_BYTES :] != second[0][-check.PROOF_BYTES :]


def test_the_challenge_depends_on_everything_before_it() -> None:
    u = secrets.token_bytes(2048 * 3)
    inputs = [
        (SESSION, 0, 256, u),
        (b"another", 0, 256, u),
        (SESSION, 1, 256, u),
        (SESSION, 0, 255, u),
        (SESSION, 0, 256, bytes(1) + u[1:]),
    ]
    assert len({check.challenge(*given).tobytes() for given in inputs}) == len(inputs)
    # The last block, which hides the others, is added as it is.
    identity = np.packbits(np.eye(128, dtype=np.uint8), axis=1, bitorder="little").view(np.uint64)
    assert np.array_equal(check.challenge(*inputs[0])[:, -2:], identity)


def test_the_challenge_is_of_every_part_of_the_columns() -> None:
    u = secrets.token_bytes(2048 * 3)
    own = check.challenge(SESSION, 0, 256, u).tobytes()
    for position in (*range(0, len(u), 97), len(u) - 1):
        changed = bytes(byte ^ (index == position) for index, byte in enumerate(u))
        assert check.challenge(SESSION, 0, 256, changed).tobytes() != own, position


def test_every_block_has_a_factor_of_its_own() -> None:
    """With one factor for two of them, an error in both is none."""
    weights = check.challenge(SESSION, 0, 512, secrets.token_bytes(2048 * 5))
    assert len({weights[:, block : block + 2].tobytes() for block in range(0, 10, 2)}) == 5


@pytest.mark.parametrize("offset", [0, 40, -1, -2064, -2049, -2048])
def test_every_part_of_the_message_is_checked(offset: int) -> None:
    # All bits of Δ are ones, so that no error goes unseen for lack of effect.
    receiver, sender = parties(np.full((1, 2), ~np.uint64(0)))
    message = bytearray(receiver.extend(random_choices(300))[0])
    message[offset] ^= 4
    with pytest.raises(CheatingDetected, match="batch 0"):
        sender.accept(bytes(message), 300)


def test_a_failure_destroys_the_sender_and_its_delta() -> None:
    delta = np.full((1, 2), ~np.uint64(0))
    receiver, sender = parties(delta)
    good, _ = receiver.extend(random_choices(5))
    bad = bytearray(good)
    bad[0] ^= 1
    with pytest.raises(CheatingDetected):
        sender.accept(bytes(bad), 5)
    assert not any(bool(value.any()) for value in vars(sender).values() if isinstance(value, np.ndarray))
    with pytest.raises(Destroyed):
        sender.accept(good, 5)
    assert bool(delta.all()), "the caller's own copy is the caller's"


def test_a_wrong_length_is_refused() -> None:
    receiver, sender = parties(fresh_delta())
    message, _ = receiver.extend(random_choices(5))
    with pytest.raises(ProtocolError, match="5 oblivious transfers"):
        sender.accept(message[:-1], 5)
    with pytest.raises(Destroyed):
        sender.accept(message, 5)


def test_a_batch_cannot_be_replayed() -> None:
    receiver, sender = parties(fresh_delta())
    message, _ = receiver.extend(random_choices(64))
    sender.accept(message, 64)
    with pytest.raises(CheatingDetected, match="batch 1"):
        sender.accept(message, 64)


def test_another_session_fails() -> None:
    delta, seeds = fresh_delta(), random_seeds()
    _, sender = parties(delta, seeds)
    message, _ = Receiver(b"another", seeds).extend(random_choices(64))
    with pytest.raises(CheatingDetected):
        sender.accept(message, 64)


def combine(columns: Words) -> Words:
    """Σ_c X^c · column c in GF(2^128): what a check that adds up the columns first compares."""
    total = np.zeros((1, 2), dtype=np.uint64)
    for column in columns[::-1]:
        total = times_x(total) ^ column
    return total


def divide_by_x(element: Words) -> Words:
    """The inverse of `times_x`."""
    low, high = int(element[0, 0]), int(element[0, 1])
    value = high << 64 | low
    value = ((value ^ 0x87) >> 1 | 1 << 127) if value & 1 else value >> 1
    return np.array([[value & (1 << 64) - 1, value >> 64]], dtype=np.uint64)


class Cheater:
    """A receiver that adds errors to its columns and otherwise does as it should."""

    def __init__(self, delta: Labels, errors: dict[int, Words]) -> None:
        """`errors`: for each column attacked what is added to its first block, shape (1, 2)."""
        self.delta, count, words = delta, 128, 4
        seeds = random_seeds()
        self.sender = parties(delta, seeds)[1]
        t, other = (np.stack([Prg(seed).words(words) for seed in half]) for half in seeds)
        x = np.frombuffer(secrets.token_bytes(8 * words), dtype=np.uint64)
        u = t ^ other ^ x
        for column, error in errors.items():
            u[column, :2] ^= error[0]
        weights = check.challenge(SESSION, 0, count, u.tobytes())
        proof = check.prove(weights, x, t)
        self.message = u.tobytes() + proof
        mask = np.negative(bits(delta).astype(np.uint64)).reshape(128, 1)
        chosen = np.stack([Prg(seeds[bit][column]).words(words) for column, bit in enumerate(bits(delta))])
        self.residues = check.residues(weights, chosen ^ (mask & u), mask, proof)

    def passes_the_check_of_combined_columns(self) -> bool:
        return not bool(combine(self.residues).any())

    def passes(self) -> bool:
        try:
            self.sender.accept(self.message, 128)
        except CheatingDetected:
            return False
        return True


def delta_with(ones: list[int], zeros: list[int]) -> Labels:
    chosen = np.unpackbits(fresh_delta().view(np.uint8), bitorder="little")
    chosen[ones], chosen[zeros] = 1, 0
    return np.packbits(chosen, bitorder="little").view(np.uint64).reshape(1, 2)


ERROR = np.array([[1 << 17, 0]], dtype=np.uint64)


def test_a_cheater_without_errors_passes() -> None:
    assert Cheater(fresh_delta(), {}).passes()


@pytest.mark.parametrize("column", [1, 63, 64, 127])
def test_an_error_in_one_column_is_caught_where_it_matters(column: int) -> None:
    # An error in a column where Δ is 0 changes nothing: passing then is the guess that any such check allows.
    assert not Cheater(delta_with([column], []), {column: ERROR}).passes()
    assert Cheater(delta_with([], [column]), {column: ERROR}).passes()


def test_an_error_is_caught_in_every_column() -> None:
    seen = [Cheater(delta_with([column], []), {column: ERROR}).passes() for column in range(LABEL_BITS)]
    assert seen == [False] * 128


def test_equal_errors_of_two_columns_do_not_cancel() -> None:
    assert not Cheater(delta_with([5, 6], []), {5: ERROR, 6: ERROR}).passes()


@pytest.mark.parametrize("attacked", [range(1, 128), range(5, 9)])
def test_the_check_of_combined_columns_is_fooled_and_ours_is_not(attacked: range) -> None:
    errors: dict[int, Words] = {}
    error = ERROR
    for column in range(attacked.stop):
        if column in attacked:
            errors[column] = error
        error = divide_by_x(error)
    # An even number of ones among the attacked bits of Δ: the errors E·X^(-c) cancel once weighted by X^c.
    for ones in (2, 4):
        columns = list(attacked)
        delta = delta_with(columns[:ones], columns[ones:])
        cheater = Cheater(delta, errors)
        assert cheater.passes_the_check_of_combined_columns()
        assert not cheater.passes()
    odd = Cheater(delta_with(list(attacked)[:1], list(attacked)[1:]), errors)
    assert not odd.passes_the_check_of_combined_columns(), "so passing it tells one bit of Δ"
