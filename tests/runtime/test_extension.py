"""The correlated extension: agreement, continuing batches, and receivers that cheat."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from support.backends import BACKENDS
from support.memory_channel import pair

from runtime.crypto.columns import DEPTH, LEAVES, TREES, Leaves
from runtime.crypto.labels import LABEL_BITS, Labels, bits, fresh_delta
from runtime.crypto.matrix import Words
from runtime.execute.engines import columns_of
from runtime.net.errors import ProtocolError
from runtime.ot import check, extension, trees
from runtime.ot.errors import CheatingDetected, Destroyed
from runtime.ot.extension import Receiver, Sender
from runtime.ot.trees import turned

SESSION = b"session"
SIZES = [0, 1, 5, 128, 1000, 10007]
FIRST = 128 * 4  # bytes of the corrections of one block
BY = columns_of(BACKENDS[-1])  # the same as any other, and faster
ONES = np.full((1, 2), ~np.uint64(0))


def random_choices(count: int) -> NDArray[np.uint8]:
    return np.frombuffer(secrets.token_bytes(count), np.uint8) & np.uint8(1)


def random_leaves() -> Leaves:
    return np.frombuffer(secrets.token_bytes(TREES * LEAVES * 16), np.uint8).reshape(TREES, LEAVES, 16)


def all_but_one(leaves: Leaves, delta: Labels) -> Leaves:
    """What the sender has of them."""
    seen = turned(leaves, bits(delta)).copy()
    seen[:, 0] = 0
    return seen


def parties(delta: Labels, leaves: Leaves | None = None) -> tuple[Receiver, Sender]:
    """Both ends, as if base transfers and trees had given them their seeds."""
    leaves = random_leaves() if leaves is None else leaves
    return Receiver(SESSION, leaves), Sender(SESSION, delta, all_but_one(leaves, delta))


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


def test_the_challenges_are_of_the_trees() -> None:
    """Who knew them before could grow trees that fit: two of them have equal folds after 2^64 trials."""
    names: list[bytes] = []
    for _ in range(2):
        left, right = pair()
        with ThreadPoolExecutor() as pool:
            sender = pool.submit(Sender.setup, left, fresh_delta(), SESSION)
            receiver = Receiver.setup(right, SESSION)
        assert sender.result()._session == receiver._session
        names.append(receiver._session)
    assert len({*names, SESSION}) == 3
    message = bytes(trees.MESSAGE_BYTES)
    changed = [message[:at] + b"\1" + message[at + 1 :] for at in range(0, len(message), 61)]
    assert len({trees.name(SESSION, each) for each in (message, *changed)}) == 1 + len(changed)
    assert trees.name(SESSION, message) != trees.name(b"another", message)


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
    leaves = random_leaves()
    first, second = (Receiver(SESSION, leaves).extend(np.zeros(128, dtype=np.uint8)) for _ in range(2))
    assert np.array_equal(first[1], second[1])
    assert first[0][-check.PROOF_BYTES :] != second[0][-check.PROOF_BYTES :]


def test_the_challenge_depends_on_everything_before_it() -> None:
    u = secrets.token_bytes(FIRST * 3)
    inputs = [
        (SESSION, 0, 256, u),
        (b"another", 0, 256, u),
        (SESSION, 1, 256, u),
        (SESSION, 0, 255, u),
        (SESSION, 0, 256, bytes(1) + u[1:]),
    ]
    assert len({check.challenge(*given).tobytes() for given in inputs}) == len(inputs)
    # The last block, which hides the others, is added as it is.
    assert check.challenge(*inputs[0])[-1].tolist() == [1, 0]


def test_factors_are_of_all_of_their_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 256 bits of it: of 128, one difference of choices could be made to fit as many challenges as it has blocks."""
    u, seed = bytes(FIRST * 3), secrets.token_bytes(64)
    found: list[bytes] = []
    for at in (None, 0, 15, 16, 31):
        flipped = bytes(byte ^ (index == at) for index, byte in enumerate(seed))
        monkeypatch.setattr(check, "oracle", lambda *given, flipped=flipped: flipped)
        found.append(check.challenge(SESSION, 0, 256, u).tobytes())
    assert len(set(found)) == 5


def test_the_challenge_is_of_every_part_of_the_columns() -> None:
    u = secrets.token_bytes(FIRST * 3)
    own = check.challenge(SESSION, 0, 256, u).tobytes()
    for position in (*range(0, len(u), 97), len(u) - 1):
        changed = bytes(byte ^ (index == position) for index, byte in enumerate(u))
        assert check.challenge(SESSION, 0, 256, changed).tobytes() != own, position


def test_every_block_has_a_factor_of_its_own() -> None:
    """With one factor for two of them, an error in both is none."""
    factors = check.challenge(SESSION, 0, 512, secrets.token_bytes(FIRST * 5))
    assert len(np.unique(factors, axis=0)) == 5


@pytest.mark.parametrize("offset", [0, 40, -1, -2064, -2049, -2048])
def test_every_part_of_the_message_is_checked(offset: int) -> None:
    # All bits of Δ are ones, so that no error goes unseen for lack of effect.
    receiver, sender = parties(ONES)
    message = bytearray(receiver.extend(random_choices(300))[0])
    message[offset] ^= 4
    with pytest.raises(CheatingDetected, match="batch 0"):
        sender.accept(bytes(message), 300)


def test_a_failure_destroys_the_sender_and_its_delta() -> None:
    delta = ONES.copy()
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


def test_a_destroyed_sender_has_wiped_its_seeds() -> None:
    sender = parties(fresh_delta())[1]
    streams = sender._streams
    assert streams is not None
    sender.destroy()
    with pytest.raises(ValueError, match="wiped"):
        streams.read(2)


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
    delta, leaves = fresh_delta(), random_leaves()
    _, sender = parties(delta, leaves)
    message, _ = Receiver(b"another", leaves).extend(random_choices(64))
    with pytest.raises(CheatingDetected):
        sender.accept(message, 64)


def combine(columns: Words) -> Words:
    """Σ_c X^c · column c in GF(2^128): what a check that adds up the columns first compares."""
    total = np.zeros((1, 2), dtype=np.uint64)
    for column in columns[::-1]:
        total = times_x(total) ^ column
    return total


def times_x(element: Words) -> Words:
    """In GF(2^128), shape (1, 2)."""
    value = (int(element[0, 1]) << 64 | int(element[0, 0])) << 1
    value ^= (value >> 128) * (1 << 128 | 0x87)
    return np.array([[value & (1 << 64) - 1, value >> 64]], dtype=np.uint64)


def divide_by_x(element: Words) -> Words:
    """The inverse of `times_x`."""
    low, high = int(element[0, 0]), int(element[0, 1])
    value = high << 64 | low
    value = ((value ^ 0x87) >> 1 | 1 << 127) if value & 1 else value >> 1
    return np.array([[value & (1 << 64) - 1, value >> 64]], dtype=np.uint64)


@cache
def planted() -> tuple[Leaves, Words, Words]:
    """Trees, and the columns and sums of their first 256 bits."""
    leaves = random_leaves()
    sums, columns = BY.streams(leaves).read(4)
    return leaves, columns, sums


class Cheater:
    """A receiver that adds errors to the corrections of its trees and otherwise does as it should."""

    def __init__(self, delta: Labels, errors: dict[int, Words]) -> None:
        """`errors`: for each tree attacked what is added to its first block, shape (1, 2)."""
        leaves, t, u = planted()
        self.leaves, self.delta, count, words = all_but_one(leaves, delta), delta, 128, 4
        x = np.frombuffer(secrets.token_bytes(8 * words), dtype=np.uint64)
        u = u ^ x
        for tree, error in errors.items():
            u[tree, :2] ^= error[0]
        self.factors = check.challenge(SESSION, 0, count, u.tobytes())
        self.u, self.proof = u, check.prove(BY, self.factors, x, t)
        self.mask = np.negative(bits(delta).astype(np.uint64)).reshape(128, 1)
        self.q = BY.streams(self.leaves).corrected(u, self.mask)

    def guess(self, tree: int, error: Words, value: int) -> None:
        """Answer as if the bits of Δ at a tree were `value`, with that error in its corrections."""
        folds = np.frombuffer(self.proof, np.uint64).reshape(-1, 2).copy()
        column = np.concatenate((error.reshape(1, -1), np.zeros((1, 2), np.uint64)), axis=1)
        fold = BY.fold(column, self.factors)[0]
        for bit in range(DEPTH):
            folds[1 + DEPTH * tree + bit] ^= fold * np.uint64(value >> bit & 1)
        self.proof = folds.tobytes()

    def residues(self) -> Words:
        return check.residues(BY, self.factors, self.q, self.mask, self.proof)

    def passes_the_check_of_combined_columns(self) -> bool:
        return not bool(combine(self.residues()).any())

    def passes(self) -> bool:
        try:
            Sender(SESSION, self.delta, self.leaves, BY).accept(self.u.tobytes() + self.proof, 128)
        except CheatingDetected:
            return False
        return True


def delta_with(ones: list[int], zeros: list[int]) -> Labels:
    chosen = np.unpackbits(fresh_delta().view(np.uint8), bitorder="little")
    chosen[ones], chosen[zeros] = 1, 0
    return np.packbits(chosen, bitorder="little").view(np.uint64).reshape(1, 2)


def delta_at(tree: int, value: int) -> Labels:
    bits_of_tree = range(DEPTH * tree, DEPTH * (tree + 1))
    ones = [column for bit, column in enumerate(bits_of_tree) if value >> bit & 1]
    return delta_with(ones, [column for column in bits_of_tree if column not in ones])


ERROR = np.array([[1 << 17, 0]], dtype=np.uint64)


def test_a_cheater_without_errors_passes() -> None:
    assert Cheater(fresh_delta(), {}).passes()


@pytest.mark.parametrize("tree", [0, 1, 15, 16, 31])
def test_an_error_in_one_tree_is_caught_where_it_matters(tree: int) -> None:
    # Where its four bits of Δ are 0 an error changes nothing: passing then is the guess that any such check allows.
    assert not Cheater(delta_at(tree, 1), {tree: ERROR}).passes()
    assert not Cheater(delta_at(tree, 8), {tree: ERROR}).passes()
    assert Cheater(delta_at(tree, 0), {tree: ERROR}).passes()


def test_an_error_is_a_guess_of_all_four_bits() -> None:
    """Of the sixteen values that a tree's bits of Δ may have a receiver passes with the one that it guessed."""
    for value in range(LEAVES):
        cheater = Cheater(delta_at(9, value), {9: ERROR})
        answers = cheater.proof
        for guess in range(LEAVES):
            cheater.proof = answers
            cheater.guess(9, ERROR, guess)
            assert bool(cheater.residues().any()) == (guess != value)
        cheater.proof = answers
        cheater.guess(9, ERROR, value)
        assert cheater.passes()


def test_errors_in_two_trees_are_two_guesses() -> None:
    other = times_x(ERROR)
    for first, second, passes in ((3, 12, True), (3, 13, False), (2, 12, False)):
        delta = delta_with([16, 17, 82, 83], [18, 19, 80, 81])  # 3 and 12
        cheater = Cheater(delta, {4: ERROR, 20: other})
        cheater.guess(4, ERROR, first)
        cheater.guess(20, other, second)
        assert cheater.passes() == passes


def test_an_error_is_caught_in_every_column() -> None:
    """Each column of a tree by itself, and every one of them in the receiver's answer."""
    for column in range(LABEL_BITS):
        tree, bit = divmod(column, DEPTH)
        cheater = Cheater(delta_at(tree, 1 << bit), {tree: ERROR})
        assert np.flatnonzero(cheater.residues().any(axis=1)).tolist() == [column]
        assert bit != tree % DEPTH or not cheater.passes()


@pytest.mark.parametrize("word", range(2))
def test_every_fold_of_the_answer_is_compared(word: int) -> None:
    """Whatever Δ is: nothing makes a wrong fold of a column right."""
    cheater = Cheater(fresh_delta(), {})
    folds = np.frombuffer(cheater.proof, np.uint64).reshape(-1, 2)
    for column in range(LABEL_BITS):
        changed = folds.copy()
        changed[1 + column, word] ^= np.uint64(1 << 63)
        cheater.proof = changed.tobytes()
        assert np.flatnonzero(cheater.residues().any(axis=1)).tolist() == [column]


def test_equal_errors_of_two_trees_do_not_cancel() -> None:
    assert not Cheater(delta_with([20, 24], []), {5: ERROR, 6: ERROR}).passes()


@pytest.mark.parametrize("attacked", [range(1, 32), range(2, 6)])
def test_the_check_of_combined_columns_is_fooled_and_ours_is_not(attacked: range) -> None:
    errors: dict[int, Words] = {}
    error = ERROR
    for tree in range(attacked.stop):
        if tree in attacked:
            errors[tree] = error
        for _ in range(DEPTH):
            error = divide_by_x(error)
    # Of the attacked trees an even number has Δ_i = 1, and the others 0: errors E·X^(-4i) cancel weighted by X^(4i).
    firsts = [DEPTH * tree for tree in attacked]
    others = [DEPTH * tree + bit for tree in attacked for bit in range(1, DEPTH)]
    for ones in (2, 4):
        cheater = Cheater(delta_with(firsts[:ones], firsts[ones:] + others), errors)
        assert cheater.passes_the_check_of_combined_columns()
        assert not cheater.passes()
    odd = Cheater(delta_with(firsts[:1], firsts[1:] + others), errors)
    assert not odd.passes_the_check_of_combined_columns(), "so passing it tells one bit of Δ"
