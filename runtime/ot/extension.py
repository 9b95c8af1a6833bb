"""Correlated OT extension: 128 base transfers become any number of labels, 4 bytes of messages each.

For choice bits r_j the receiver (the evaluator) gets t_j and the sender (the garbler, who holds Δ) gets q_j with

    t_j = q_j ^ r_j·Δ

so q_j is the zero label of an evaluator's input wire and t_j its active label.  Roy, "SoftSpokenOT" (CRYPTO 2022,
ePrint 2022/192), with k = 4: Δ is 32 elements of GF(16), and in each of 32 trees (`trees`) the receiver knows all 16
leaves, the sender all but the one at Δ_i.  With PRG_y for the stream of leaf y,

    u_i = Σ_y PRG_y    v_i = Σ_y y·PRG_y    w_i = Σ_y (Δ_i + y)·PRG_y = v_i + Δ_i·u_i

which the sender can compute, since the leaf that it lacks counts for nothing.  The bits of v_i are columns 4i .. 4i + 3
of t, and as every choice is to be the same in all trees, one message a batch goes from the receiver:

    u_i ^ x (32 columns of l' bits)  ||  fold of the choices (16 bytes)  ||  folds of the 128 columns of t (2 KB)

with l' = the count rounded up to 128, plus 128; w_i + Δ_i·(u_i ^ x) = v_i + Δ_i·x.  The check is that of `check`.
Batches of one session read on in the same streams; position and batch number advance together on both sides.
"""

from __future__ import annotations

import secrets

import numpy as np
from numpy.typing import NDArray

from runtime.crypto.columns import PORTABLE, TREES, Columns, Leaves, Streams
from runtime.crypto.labels import LABEL_BITS, Labels, bits
from runtime.crypto.matrix import Words
from runtime.net.channel import Channel, expect
from runtime.net.errors import ProtocolError
from runtime.net.frames import Frame
from runtime.ot import base, check, trees
from runtime.ot.errors import CheatingDetected, Destroyed

BATCH = 1 << 19
"""The most transfers in one message (2 MB); longer requests are cut."""


class Receiver:
    """The evaluator's side.  Not safe to share between threads."""

    def __init__(self, session: bytes, leaves: Leaves, by: Columns = PORTABLE) -> None:
        """`session`: its `trees.name`; `leaves`: all seeds, from `trees.plant`."""
        self._session, self._by = session, by
        self._streams = by.streams(leaves)
        self._batch = 0

    @staticmethod
    def setup(channel: Channel, session: bytes, by: Columns = PORTABLE) -> Receiver:
        """Run the base transfers with the peer's `Sender.setup`, under a session name both sides know."""
        message, leaves = trees.plant(session, base.send(channel, session))
        channel.send(Frame.TREES, message)
        return Receiver(trees.name(session, message), leaves, by)

    def receive(self, channel: Channel, choices: NDArray[np.uint8] | NDArray[np.bool_]) -> Labels:
        """The active labels of `choices`, shape (m,) in and (m, 2) out."""
        parts: list[Labels] = []
        for start in range(0, len(choices), BATCH):
            message, labels = self.extend(choices[start : start + BATCH])
            channel.send(Frame.OT_BATCH, message)
            parts.append(labels)
        return _joined(parts)

    def extend(self, choices: NDArray[np.uint8] | NDArray[np.bool_]) -> tuple[memoryview, Labels]:
        """One batch, 1 to BATCH choices: the message for the sender and the labels, shape (m, 2)."""
        count = len(choices)
        x = _padded(choices)
        u, t = self._streams.read(len(x))
        message = np.empty(message_bytes(count), dtype=np.uint8)
        sent, proof = message[: -check.PROOF_BYTES], message[-check.PROOF_BYTES :]
        np.bitwise_xor(u, x, out=sent.view("<u8").reshape(u.shape))
        factors = check.challenge(self._session, self._batch, count, sent.data)
        proof[:] = np.frombuffer(check.prove(self._by, factors, x, t), np.uint8)
        self._batch += 1
        return message.data, self._by.transpose(t)[:count]


class Sender:
    """The garbler's side; holds Δ until a failure makes it forget.  Not safe to share between threads."""

    def __init__(self, session: bytes, delta: Labels, leaves: Leaves, by: Columns = PORTABLE) -> None:
        """As the receiver's; `delta` of shape (1, 2), and of `leaves` all but those at its bits, from `trees.reach`."""
        self._session, self._by = session, by
        self._streams: Streams | None = by.streams(leaves)
        self._mask: Words = np.negative(bits(delta).astype(np.uint64)).reshape(LABEL_BITS, 1)
        self._batch = 0

    @staticmethod
    def setup(channel: Channel, delta: Labels, session: bytes, by: Columns = PORTABLE) -> Sender:
        """Run the base transfers with the peer's `Receiver.setup`; the choice bits are those of Δ.

        Raises CheatingDetected if a check of the base transfers or of the trees fails.
        """
        choices = bits(delta)
        pads = base.receive(channel, session, choices)
        message = expect(channel, Frame.TREES, trees.MESSAGE_BYTES)
        leaves = trees.reach(session, pads, choices, message)
        return Sender(trees.name(session, message), delta, leaves, by)

    def send(self, channel: Channel, count: int) -> Labels:
        """The zero labels of the peer's next `count` choices, shape (count, 2).

        Raises CheatingDetected, after which this object is dead, if the check of a batch fails.
        """
        return _joined(
            [self.accept(expect(channel, Frame.OT_BATCH, message_bytes(size)), size) for size in messages(count)]
        )

    def accept(self, message: bytes | memoryview, count: int) -> Labels:
        """One batch: the zero labels, shape (count, 2), from the receiver's message.

        Raises CheatingDetected or, on a wrong length, ProtocolError; Δ is forgotten before either is raised.
        """
        if self._streams is None:
            raise Destroyed("this oblivious transfer ended with a failed check and cannot go on; start a new session")
        if len(message) != message_bytes(count):
            self.destroy()
            raise ProtocolError(
                f"the peer sent {len(message)} bytes for {count} oblivious transfers, not "
                f"{message_bytes(count)}; check that both parties run the same program and version"
            )
        data = memoryview(message)
        sent, proof = data[: -check.PROOF_BYTES], data[-check.PROOF_BYTES :]
        corrections = np.frombuffer(sent, dtype="<u8").reshape(TREES, -1).astype(np.uint64, copy=False)
        q = self._streams.corrected(corrections, self._mask)
        factors = check.challenge(self._session, self._batch, count, sent)
        if bool(check.residues(self._by, factors, q, self._mask, proof).any()):
            batch = self._batch
            self.destroy()
            raise CheatingDetected(
                f"the consistency check of oblivious transfer batch {batch} failed: the peer did "
                "not follow the protocol; end the session and do not resume it"
            )
        self._batch += 1
        return self._by.transpose(q)[:count]

    def destroy(self) -> None:
        """Forget Δ and the seeds; every later use raises Destroyed."""
        self._mask[:] = 0
        if self._streams is not None:
            self._streams.wipe()
        self._streams = None


def _joined(parts: list[Labels]) -> Labels:
    """The labels of all messages of a request."""
    return parts[0] if len(parts) == 1 else np.concatenate([np.empty((0, 2), dtype=np.uint64), *parts])


def messages(count: int) -> list[int]:
    """Transfers in each of the messages that `count` of them take."""
    return [min(BATCH, count - start) for start in range(0, count, BATCH)]


def request_bytes(count: int) -> int:
    """The length of all messages for `count` transfers."""
    return sum(map(message_bytes, messages(count)))


def message_bytes(count: int) -> int:
    """The length of a batch's message for `count` transfers."""
    return TREES * 8 * _words(count) + check.PROOF_BYTES


def _words(count: int) -> int:
    """64-bit words in a column of `count` bits, rounded up to a block of 128, and the block that hides them."""
    return 2 * (-(-count // LABEL_BITS) + 1)


def _padded(choices: NDArray[np.uint8] | NDArray[np.bool_]) -> Words:
    """The choice vector: the choices, and behind them random bits."""
    if len(choices) and int(choices.max()) > 1:
        raise ValueError("a choice is 0 or 1")
    octets = np.frombuffer(secrets.token_bytes(8 * _words(len(choices))), np.uint8).copy()
    whole, rest = divmod(len(choices), 8)
    packed = np.packbits(choices, bitorder="little")
    octets[:whole] = packed[:whole]
    if rest:
        octets[whole] = octets[whole] >> rest << rest | packed[whole]
    return octets.view("<u8").astype(np.uint64, copy=False)
