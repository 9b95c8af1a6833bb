"""All but one of 16 seeds, 32 times over, from 128 base transfers: the punctured trees of SoftSpoken.

Roy, "SoftSpokenOT" (CRYPTO 2022, ePrint 2022/192): each 4 bits of Δ choose a leaf of a tree of Goldreich, Goldwasser
and Micali that the receiver of the extension (the evaluator) grows from a root of its own; the sender (the garbler)
learns all leaves but that one.  For each level, whose bit of Δ is α, it gets the sum of all nodes on the other side
than α, from a base transfer whose choice is α:

    corrections    pad of choice b ^ sum of all nodes on side 1 - b, for both b

It knows all nodes of a level but one, hence all of the next level but the two below that one, and by the sum one of
them.  A receiver that sends other sums makes leaves depend on Δ.  Therefore every leaf has, beside its seed, a *tag* of
32 bytes:

    totals         of each tree the sum of its tags, from which the sender gets the tag that it lacks
    digest         of all tags

so that for all Δ that pass the leaves are the same: what a wrong message does is to guess, of some trees, a set in
which these bits of Δ are, and to be caught if they are not.

The sender numbers nodes relative to the one it lacks, y = x ^ α: that is number 0 at each level, and no branch and no
address depends on Δ.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from runtime.crypto.columns import DEPTH, LEAVES, TREES, Leaves
from runtime.crypto.prg import SEED_BYTES
from runtime.net.errors import ProtocolError
from runtime.ot import base
from runtime.ot.errors import CheatingDetected
from runtime.ot.oracle import DIGEST_BYTES, Oracle, oracle

TAG_BYTES = 32
_CORRECTIONS = 2 * base.COUNT * SEED_BYTES
_TOTALS = TREES * TAG_BYTES
MESSAGE_BYTES = _CORRECTIONS + _TOTALS + DIGEST_BYTES

Octets = NDArray[np.uint8]


def plant(session: bytes, pads: tuple[list[bytes], list[bytes]]) -> tuple[bytes, Leaves]:
    """The receiver's side: its message and all seeds, from both pads of every base transfer."""
    by_choice = [_octets(b"".join(half), TREES, DEPTH, SEED_BYTES) for half in pads]
    nodes = _octets(secrets.token_bytes(TREES * SEED_BYTES), TREES, 1, SEED_BYTES)
    corrections = np.empty((TREES, DEPTH, 2, SEED_BYTES), dtype=np.uint8)
    for bit in reversed(range(DEPTH)):
        children = _children(session, bit, nodes)
        sums = np.bitwise_xor.reduce(children, axis=1)
        for choice in (0, 1):
            corrections[:, bit, choice] = by_choice[choice][:, bit] ^ sums[:, 1 - choice]
        nodes = children.reshape(TREES, -1, SEED_BYTES)
    leaves, tags = _leaves(session, nodes)
    totals = np.bitwise_xor.reduce(tags, axis=1)
    return corrections.tobytes() + totals.tobytes() + _digest(session, tags), leaves


def reach(session: bytes, pads: list[bytes], choices: Octets, message: bytes) -> Leaves:
    """The sender's side, from the chosen pads: seed y of a tree is leaf y ^ (its bits of Δ), and seed 0 is zeros.

    `choices` are the 128 bits of Δ.  Raises ProtocolError on a wrong length, CheatingDetected if the tags differ.
    """
    if len(message) != MESSAGE_BYTES:
        raise ProtocolError(
            f"the peer's trees have {len(message)} bytes, not {MESSAGE_BYTES}; check that both parties run the same "
            "version"
        )
    corrections = _octets(message[:_CORRECTIONS], TREES, DEPTH, 2, SEED_BYTES)
    totals = _octets(message[_CORRECTIONS:-DIGEST_BYTES], TREES, TAG_BYTES)
    chosen = _octets(b"".join(pads), TREES, DEPTH, SEED_BYTES)
    mask = np.negative(choices).reshape(TREES, DEPTH, 1)
    sums = chosen ^ corrections[:, :, 0] ^ (mask & (corrections[:, :, 0] ^ corrections[:, :, 1]))
    nodes = np.zeros((TREES, 1, SEED_BYTES), dtype=np.uint8)
    for bit in reversed(range(DEPTH)):
        pairs = _children(session, bit, nodes)
        pairs ^= mask[:, bit, None, None] & (pairs ^ pairs[:, :, ::-1])
        nodes = pairs.reshape(TREES, -1, SEED_BYTES)
        nodes[:, :2] = 0
        nodes[:, 1] = sums[:, bit] ^ np.bitwise_xor.reduce(nodes[:, 1::2], axis=1)
    leaves, tags = _leaves(session, nodes)
    leaves[:, 0] = 0
    tags[:, 0] = totals ^ np.bitwise_xor.reduce(tags[:, 1:], axis=1)
    if not hmac.compare_digest(_digest(session, turned(tags, choices)), message[-DIGEST_BYTES:]):
        raise CheatingDetected(
            "the check of the trees failed: the peer did not follow the protocol; end the session and do not resume it"
        )
    return leaves


def name(session: bytes, message: bytes) -> bytes:
    """What the transfers that stand on these trees are a session of.

    Their checks' challenges are hashes of it: a receiver that knew a challenge before it had to grow its trees could
    try leaves of one tree against leaves of another until their folds agree, which the birthday paradox makes cheap.
    """
    return oracle(b"trees", session, message)


def turned(leaves: Octets, choices: Octets) -> Octets:
    """Of each tree what stands at x ^ (its bits of `choices`) for each x; shape (TREES, LEAVES, bytes) in and out."""
    mask = np.negative(choices).reshape(TREES, DEPTH, 1, 1, 1)
    for bit in range(DEPTH):
        halves = leaves.reshape(TREES, LEAVES >> bit + 1, 2, -1)
        halves = halves ^ (mask[:, bit] & (halves ^ halves[:, :, ::-1]))
        leaves = halves.reshape(leaves.shape)
    return leaves


def _children(session: bytes, bit: int, nodes: Octets) -> Octets:
    """Both children of every node, shape (TREES, n, SEED_BYTES) in, (TREES, n, 2, SEED_BYTES) out; `bit` is of the
    leaves' numbers, in which they differ."""
    grown = b"".join(
        asked.of(node)[: 2 * SEED_BYTES]
        for number, tree in enumerate(nodes)
        for asked in (Oracle(b"node", session, bytes((bit,)), bytes((number,))),)
        for node in _seeds(tree)
    )
    return _octets(grown, TREES, -1, 2, SEED_BYTES).copy()


def _leaves(session: bytes, nodes: Octets) -> tuple[Leaves, Octets]:
    """The seeds and the tags of the nodes of the last level."""
    grown = b"".join(
        asked.of(node)[: SEED_BYTES + TAG_BYTES]
        for number, tree in enumerate(nodes)
        for asked in (Oracle(b"leaf", session, bytes((number,))),)
        for node in _seeds(tree)
    )
    both = _octets(grown, TREES, LEAVES, SEED_BYTES + TAG_BYTES)
    return both[:, :, :SEED_BYTES].copy(), both[:, :, SEED_BYTES:].copy()


def _seeds(tree: Octets) -> Iterator[bytes]:
    """Rows of SEED_BYTES as bytes."""
    data = tree.tobytes()
    return (data[start : start + SEED_BYTES] for start in range(0, len(data), SEED_BYTES))


def _digest(session: bytes, tags: Octets) -> bytes:
    return oracle(b"tags", session, tags.tobytes())


def _octets(data: bytes, *shape: int) -> Octets:
    return np.frombuffer(data, np.uint8).reshape(shape)
