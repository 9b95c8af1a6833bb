"""All seeds of each tree but one, and receivers that send trees which fit some values of Δ alone."""

from __future__ import annotations

import secrets
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from runtime.crypto.columns import DEPTH, LEAVES, TREES, Leaves
from runtime.net.errors import ProtocolError
from runtime.ot import trees
from runtime.ot.errors import CheatingDetected
from runtime.ot.oracle import DIGEST_BYTES
from runtime.ot.trees import MESSAGE_BYTES, TAG_BYTES, plant, reach, turned

SESSION = b"session"
TREE = 7  # the one that is attacked
SUMS = TREES * DEPTH * 2 * 16  # bytes of the corrections
Bits = NDArray[np.uint8]


@cache
def planted() -> tuple[tuple[list[bytes], list[bytes]], bytes, Leaves]:
    pads = [secrets.token_bytes(16) for _ in range(128)], [secrets.token_bytes(16) for _ in range(128)]
    return pads, *plant(SESSION, pads)


def choices_with(value: int) -> Bits:
    """Bits of Δ, random but for those of the tree that is attacked."""
    choices = np.frombuffer(secrets.token_bytes(128), np.uint8) & np.uint8(1)
    choices[DEPTH * TREE : DEPTH * (TREE + 1)] = [value >> bit & 1 for bit in range(DEPTH)]
    return choices


def reached(message: bytes, choices: Bits, session: bytes = SESSION) -> Leaves:
    pads = planted()[0]
    return reach(session, [pads[bit][i] for i, bit in enumerate(choices)], choices, message)


def passes(message: bytes, value: int) -> bool:
    try:
        reached(message, choices_with(value))
    except CheatingDetected:
        return False
    return True


def changed(message: bytes, at: int, difference: bytes = b"\x10") -> bytes:
    """With bytes from there on changed."""
    out = bytearray(message)
    for i, each in enumerate(difference):
        out[at + i] ^= each
    return bytes(out)


def correction(bit: int, choice: int) -> int:
    """Where the correction of a level of the attacked tree stands."""
    return ((TREE * DEPTH + bit) * 2 + choice) * 16


@pytest.mark.parametrize("value", range(LEAVES))
def test_the_sender_reaches_all_leaves_but_one(value: int) -> None:
    _, message, leaves = planted()
    choices = choices_with(value)
    seen = reached(message, choices)
    values = choices.reshape(TREES, DEPTH) @ np.array([1, 2, 4, 8], dtype=np.uint8)
    assert values[TREE] == value
    for tree in range(TREES):
        for number in range(1, LEAVES):
            assert np.array_equal(seen[tree, number], leaves[tree, number ^ values[tree]])
    assert not seen[:, 0].any()


def test_a_message_tells_nothing_of_the_leaf_that_is_lacking() -> None:
    """Not its seed, and not its tag but through the total: every seed and every node is of its own place."""
    pads, message, leaves = planted()
    found = {seed.tobytes() for tree in leaves for seed in tree}
    assert len(found) == TREES * LEAVES
    assert not found & {message[i : i + 16] for i in range(len(message) - 15)}
    seeds, tags = trees._leaves(SESSION, leaves)
    assert not {seed.tobytes() for tree in seeds for seed in tree} & {
        tag[start : start + 16].tobytes() for tree in tags for tag in tree for start in range(TAG_BYTES - 15)
    }
    again, others = plant(SESSION, pads)
    assert again != message and not found & {seed.tobytes() for tree in others for seed in tree}


def test_turned_is_its_own_inverse() -> None:
    leaves, choices = planted()[2], choices_with(11)
    assert np.array_equal(turned(turned(leaves, choices), choices), leaves)
    assert np.array_equal(turned(leaves, choices)[TREE, 0], leaves[TREE, 11])


@pytest.mark.parametrize("bit", range(DEPTH))
@pytest.mark.parametrize("choice", [0, 1])
def test_a_wrong_sum_is_a_guess_of_one_bit(bit: int, choice: int) -> None:
    """It is seen by those that take it, eight values of sixteen; the others reach the leaves that were planted."""
    _, message, leaves = planted()
    wrong = changed(message, correction(bit, choice))
    for value in range(LEAVES):
        if value >> bit & 1 == choice:
            assert not passes(wrong, value)
        else:
            choices = choices_with(value)
            assert np.array_equal(reached(wrong, choices)[:, 1:], turned(leaves, choices)[:, 1:])


def test_wrong_sums_of_every_level_are_a_guess_of_all_four_bits() -> None:
    wrong = planted()[1]
    for bit in range(DEPTH):
        wrong = changed(wrong, correction(bit, 1 - (6 >> bit & 1)))
    assert [value for value in range(LEAVES) if passes(wrong, value)] == [6]


@pytest.mark.parametrize("at", [0, TAG_BYTES - 1])
def test_a_wrong_total_is_seen_by_all(at: int) -> None:
    message = planted()[1]
    for tree in (0, TREE, TREES - 1):
        wrong = changed(message, SUMS + tree * TAG_BYTES + at)
        assert not any(passes(wrong, value) for value in range(LEAVES))


@pytest.mark.parametrize("at", [-1, -DIGEST_BYTES])
def test_a_wrong_digest_is_seen_by_all(at: int) -> None:
    wrong = changed(planted()[1], at % MESSAGE_BYTES)
    assert not any(passes(wrong, value) for value in range(LEAVES))


def test_a_digest_fits_one_set_of_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that makes all of its message fit one value of those that see a wrong sum is caught by all others.

    Whoever takes the wrong sum of the lowest level finds it in the leaf next to the one that it lacks, which is another
    one for each of the eight.
    """
    wrong = changed(planted()[1], correction(0, 1))
    seen: list[bytes] = []

    def watched(session: bytes, tags: Bits) -> bytes:
        seen.append(digest(session, tags))
        return seen[-1]

    digest = trees._digest
    for fitted in range(1, LEAVES, 2):
        with monkeypatch.context() as patch:
            patch.setattr(trees, "_digest", watched)
            passes(wrong, fitted)
        fits = wrong[:-DIGEST_BYTES] + seen[-1]
        assert [value for value in range(LEAVES) if passes(fits, value)] == [fitted]


def test_every_tree_is_checked() -> None:
    message = planted()[1]
    for tree in range(TREES):
        wrong = changed(changed(message, tree * DEPTH * 32), tree * DEPTH * 32 + 16)
        assert not passes(wrong, 5), tree


def test_trees_are_of_their_session_and_place() -> None:
    _, message, _ = planted()
    choices = choices_with(3)
    with pytest.raises(CheatingDetected, match="the check of the trees failed"):
        reached(message, choices, b"another")
    node = np.zeros((TREES, 2, 16), dtype=np.uint8)
    grown = [trees._children(session, bit, node) for session in (SESSION, b"another") for bit in (0, 1)]
    assert len(np.unique(np.concatenate(grown)[:, 0].reshape(-1, 16), axis=0)) == 4 * TREES * 2
    seeds, tags = trees._leaves(SESSION, np.zeros((TREES, LEAVES, 16), dtype=np.uint8))
    assert len(np.unique(seeds[:, 0], axis=0)) == len(np.unique(tags[:, 0], axis=0)) == TREES


def test_a_wrong_length_is_refused() -> None:
    with pytest.raises(ProtocolError, match="trees have"):
        reached(planted()[1][:-1], choices_with(0))
