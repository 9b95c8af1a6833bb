"""Correlated OT extension: 128 base transfers become any number of labels.

For choice bits r_j the receiver (the evaluator) gets t_j and the sender (the garbler, who holds Δ) gets q_j with

    t_j = q_j ^ r_j·Δ

so q_j is the zero label of an evaluator's input wire and t_j its active label.  Ishai, Kilian, Nissim, Petrank
(CRYPTO 2003) with the consistency check of `check`.  One message a batch, from the receiver:

    U (128 columns of l' bits)  ||  fold of the choices (16 bytes)  ||  folds of the 128 columns (2 KB)

with U^c = PRG(k_c0) ^ PRG(k_c1) ^ x and l' = the count rounded up to 128, plus 128.  Batches of one session read
on in the same streams; position and batch number advance together on both sides.
"""

from __future__ import annotations

import secrets

import numpy as np
from numpy.typing import NDArray

from runtime.crypto.labels import LABEL_BITS, Labels, bits
from runtime.crypto.prg import Prg
from runtime.net.channel import Channel, expect
from runtime.net.errors import ProtocolError
from runtime.net.frames import Frame
from runtime.ot import base, check
from runtime.ot.errors import CheatingDetected, Destroyed
from runtime.ot.matrix import Words, pack, transpose

BATCH = 1 << 20
"""The most transfers in one message (16 MB); longer requests are cut."""


class Receiver:
    """The evaluator's side.  Not safe to share between threads."""

    def __init__(self, session: bytes, seeds: tuple[list[bytes], list[bytes]]) -> None:
        """`seeds`: for each bit the 128 base seeds, from `base.send`."""
        self._session = session
        self._streams = tuple([Prg(seed) for seed in half] for half in seeds)
        self._batch = 0

    @staticmethod
    def setup(channel: Channel, session: bytes) -> Receiver:
        """Run the base transfers with the peer's `Sender.setup`, under a session name both sides know."""
        return Receiver(session, base.send(channel, session))

    def receive(self, channel: Channel, choices: NDArray[np.uint8] | NDArray[np.bool_]) -> Labels:
        """The active labels of `choices`, shape (m,) in and (m, 2) out."""
        parts = [np.empty((0, 2), dtype=np.uint64)]
        for start in range(0, len(choices), BATCH):
            message, labels = self.extend(choices[start : start + BATCH])
            channel.send(Frame.OT_BATCH, message)
            parts.append(labels)
        return np.concatenate(parts)

    def extend(self, choices: NDArray[np.uint8] | NDArray[np.bool_]) -> tuple[bytes, Labels]:
        """One batch, 1 to BATCH choices: the message for the sender and the labels, shape (m, 2)."""
        count = len(choices)
        words = _words(count)
        padded = np.frombuffer(secrets.token_bytes(64 * words), np.uint8) & np.uint8(1)
        padded[:count] = choices.astype(np.uint8)
        if bool((padded > 1).any()):
            raise ValueError("a choice is 0 or 1")
        x = pack(padded)
        t, other = (_read(streams, words) for streams in self._streams)
        u = (t ^ other ^ x).astype("<u8", copy=False).tobytes()
        weights = check.challenge(self._session, self._batch, count, u)
        self._batch += 1
        return u + check.prove(weights, x, t), transpose(t)[:count]


class Sender:
    """The garbler's side; holds Δ until a failure makes it forget.  Not safe to share between threads."""

    def __init__(self, session: bytes, delta: Labels, seeds: list[bytes]) -> None:
        """`delta` of shape (1, 2); `seeds`: the 128 seeds chosen by its bits, from `base.receive`."""
        self._session = session
        self._streams = [Prg(seed) for seed in seeds]
        self._mask: Words = np.negative(bits(delta).astype(np.uint64)).reshape(LABEL_BITS, 1)
        self._batch = 0

    @staticmethod
    def setup(channel: Channel, delta: Labels, session: bytes) -> Sender:
        """Run the base transfers with the peer's `Receiver.setup`; the choice bits are those of Δ."""
        return Sender(session, delta, base.receive(channel, session, bits(delta)))

    def send(self, channel: Channel, count: int) -> Labels:
        """The zero labels of the peer's next `count` choices, shape (count, 2).

        Raises CheatingDetected, after which this object is dead, if the check of a batch fails.
        """
        parts = [np.empty((0, 2), dtype=np.uint64)]
        for size in messages(count):
            parts.append(self.accept(expect(channel, Frame.OT_BATCH, message_bytes(size)), size))
        return np.concatenate(parts)

    def accept(self, message: bytes, count: int) -> Labels:
        """One batch: the zero labels, shape (count, 2), from the receiver's message.

        Raises CheatingDetected or, on a wrong length, ProtocolError; Δ is forgotten before either is raised.
        """
        if not self._streams:
            raise Destroyed("this oblivious transfer ended with a failed check and cannot go on; start a new session")
        if len(message) != message_bytes(count):
            self.destroy()
            raise ProtocolError(
                f"the peer sent {len(message)} bytes for {count} oblivious transfers, not "
                f"{message_bytes(count)}; check that both parties run the same program and version"
            )
        u, proof = message[: -check.PROOF_BYTES], message[-check.PROOF_BYTES :]
        columns = np.frombuffer(u, dtype="<u8").reshape(LABEL_BITS, -1).astype(np.uint64, copy=False)
        q = _read(self._streams, _words(count)) ^ (self._mask & columns)
        weights = check.challenge(self._session, self._batch, count, u)
        if bool(check.residues(weights, q, self._mask, proof).any()):
            batch = self._batch
            self.destroy()
            raise CheatingDetected(
                f"the consistency check of oblivious transfer batch {batch} failed: the peer did "
                "not follow the protocol; end the session and do not resume it"
            )
        self._batch += 1
        return transpose(q)[:count]

    def destroy(self) -> None:
        """Forget Δ and the seeds; every later use raises Destroyed."""
        self._mask[:] = 0
        self._streams = []


def messages(count: int) -> list[int]:
    """Transfers in each of the messages that `count` of them take."""
    return [min(BATCH, count - start) for start in range(0, count, BATCH)]


def request_bytes(count: int) -> int:
    """The length of all messages for `count` transfers."""
    return sum(map(message_bytes, messages(count)))


def message_bytes(count: int) -> int:
    """The length of a batch's message for `count` transfers."""
    return LABEL_BITS * 8 * _words(count) + check.PROOF_BYTES


def _words(count: int) -> int:
    """64-bit words in a column of `count` bits, rounded up to a block of 128, and the block that hides them."""
    return 2 * (-(-count // LABEL_BITS) + 1)


def _read(streams: list[Prg], words: int) -> Words:
    """The next words of every stream, shape (128, words)."""
    return np.stack([stream.words(words) for stream in streams])
