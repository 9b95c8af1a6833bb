"""128 random oblivious transfers from public-key operations, the seeds of the extension.

Canetti, Sarkar, Wang, "Blazing Fast OT for Three-Round UC OT Extension" (PKC 2020, ePrint 2020/110), the
protocol of their Figure 8, over edwards25519: secure against malicious parties under CDH with an observable
random oracle, up to *selective failure*: a cheating sender may guess choice bits and is caught at the first
wrong guess, which the extension tolerates.  In the paper's symbols, written additively (i = 1..128):

    receiver -> sender   seed, B_i = a_i·G + b_i·T                  with T = H1(seed)
    sender -> receiver   z = r·G, challenge_i = H3(p_i0) ^ H3(p_i1), proof = H3(answer)
                         with p_i0 = H2(r·B_i), p_i1 = H2(r·(B_i - T)), answer = H4(H3(p_10), H3(p_20), ...)
    receiver -> sender   answer' = H4(H3(p_ib) ^ b_i·challenge_i, ...)   with p_ib = H2(a_i·z)

The receiver checks H3(answer') = proof before it answers, the sender that answer' = answer.  Every hash is
bound to the session; H2 also to the index (without it a receiver repeats one B_i and gets equal pads: McQuoid,
Rosulek, Roy, "Batching Base Oblivious Transfers", ePrint 2021/682), the bit and the whole transcript.
In a session of garbled circuits the garbler is the receiver, with the bits of Δ; the evaluator is the sender.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runtime.crypto.labels import LABEL_BITS
from runtime.crypto.prg import SEED_BYTES
from runtime.net.channel import Channel, expect
from runtime.net.errors import ProtocolError
from runtime.net.frames import Frame
from runtime.ot import group
from runtime.ot.errors import CheatingDetected
from runtime.ot.oracle import DIGEST_BYTES, oracle

COUNT = LABEL_BITS  # the choices are the bits of Δ
CHOICES_BYTES = DIGEST_BYTES + COUNT * group.POINT_BYTES
OFFER_BYTES = group.POINT_BYTES + COUNT * DIGEST_BYTES + DIGEST_BYTES


@dataclass(frozen=True, repr=False)
class Choosing:
    """The receiver between its two messages."""

    session: bytes
    choices: NDArray[np.uint8]
    scalars: tuple[bytes, ...]
    message: bytes

    def answer(self, offer: bytes) -> tuple[bytes, list[bytes]]:
        """The answer to the sender's offer, and for each transfer the chosen seed of 16 bytes.

        Raises ProtocolError on a wrong length, CheatingDetected if the point or the proof does not hold.
        """
        _check_length(offer, OFFER_BYTES, "offer")
        z, rest = offer[: group.POINT_BYTES], offer[group.POINT_BYTES :]
        if not group.is_valid(z):
            raise CheatingDetected("the base transfers' sender offered a point outside the group; end the session")
        transcript = _transcript(self.session, self.message, z)
        pads = [
            _pad(transcript, index, int(bit), group.multiply(a, z))
            for index, (bit, a) in enumerate(zip(self.choices, self.scalars, strict=True))
        ]
        own = np.frombuffer(b"".join(_commit(transcript, pad) for pad in pads), np.uint8).reshape(COUNT, -1)
        challenges = np.frombuffer(rest, np.uint8)[:-DIGEST_BYTES].reshape(COUNT, -1)
        response = own ^ (_mask(self.choices) & challenges)
        answer = oracle(b"answer", transcript, response.tobytes())
        if not hmac.compare_digest(_commit(transcript, answer), rest[-DIGEST_BYTES:]):
            raise CheatingDetected(
                "the base transfers' sender sent a challenge that its proof contradicts; "
                "end the session: it may have guessed at secret bits"
            )
        return answer, [_seed(transcript, pad) for pad in pads]


@dataclass(frozen=True, repr=False)
class Offered:
    """The sender after its one message."""

    expected: bytes
    seeds: tuple[list[bytes], list[bytes]]
    message: bytes

    def accept(self, answer: bytes) -> tuple[list[bytes], list[bytes]]:
        """For each bit the 128 seeds of 16 bytes, once the receiver has shown that it knows one pad of each pair.

        Raises ProtocolError on a wrong length, CheatingDetected on a wrong answer.
        """
        _check_length(answer, DIGEST_BYTES, "answer")
        if not hmac.compare_digest(answer, self.expected):
            raise CheatingDetected("the base transfers' receiver gave a wrong answer to the challenge; end the session")
        return self.seeds


def choose(session: bytes, choices: NDArray[np.uint8]) -> Choosing:
    """The receiver's first message for 128 choice bits, shape (128,)."""
    if choices.shape != (COUNT,) or bool((choices > 1).any()):
        raise ValueError(f"{COUNT} choice bits are needed")
    seed = secrets.token_bytes(DIGEST_BYTES)
    target = group.hash_to_group(b"target", session, seed)
    scalars = tuple(group.scalar() for _ in range(COUNT))
    zero = [group.base(a) for a in scalars]
    one = [group.add(point, target) for point in zero]
    # Both points are made for every bit, and the choice is a mask: no branch and no index depends on a secret.
    left, right = (np.frombuffer(b"".join(points), np.uint8).reshape(COUNT, -1) for points in (zero, one))
    points = left ^ (_mask(choices) & (left ^ right))
    return Choosing(session, choices.copy(), scalars, seed + points.tobytes())


def offer(session: bytes, choices: bytes) -> Offered:
    """The sender's message in reply to the receiver's first.

    Raises ProtocolError on a wrong length, CheatingDetected if a point is not one an honest receiver sends.
    """
    _check_length(choices, CHOICES_BYTES, "choices")
    seed, packed = choices[:DIGEST_BYTES], choices[DIGEST_BYTES:]
    points = [packed[start : start + group.POINT_BYTES] for start in range(0, len(packed), group.POINT_BYTES)]
    target = group.hash_to_group(b"target", session, seed)
    # A point equal to T would make r·(B - T) the identity.
    if not all(group.is_valid(point) and point != target for point in points):
        raise CheatingDetected("the base transfers' receiver sent a point outside the group; end the session")
    r = group.scalar()
    z = group.base(r)
    transcript = _transcript(session, choices, z)
    shift = group.multiply(r, target)
    shared = [group.multiply(r, point) for point in points]
    zero = [_pad(transcript, i, 0, point) for i, point in enumerate(shared)]
    one = [_pad(transcript, i, 1, group.subtract(point, shift)) for i, point in enumerate(shared)]
    first = b"".join(_commit(transcript, pad) for pad in zero)
    second = b"".join(_commit(transcript, pad) for pad in one)
    challenges = np.frombuffer(first, np.uint8) ^ np.frombuffer(second, np.uint8)
    answer = oracle(b"answer", transcript, first)
    seeds = ([_seed(transcript, pad) for pad in zero], [_seed(transcript, pad) for pad in one])
    return Offered(answer, seeds, z + challenges.tobytes() + _commit(transcript, answer))


def receive(channel: Channel, session: bytes, choices: NDArray[np.uint8]) -> list[bytes]:
    """The receiver's side: 128 choice bits in, 128 chosen seeds out."""
    choosing = choose(session, choices)
    channel.send(Frame.BASE_CHOICES, choosing.message)
    answer, seeds = choosing.answer(expect(channel, Frame.BASE_OFFER, OFFER_BYTES))
    channel.send(Frame.BASE_ANSWER, answer)
    return seeds


def send(channel: Channel, session: bytes) -> tuple[list[bytes], list[bytes]]:
    """The sender's side: 128 seeds for each bit out."""
    offered = offer(session, expect(channel, Frame.BASE_CHOICES, CHOICES_BYTES))
    channel.send(Frame.BASE_OFFER, offered.message)
    return offered.accept(expect(channel, Frame.BASE_ANSWER, DIGEST_BYTES))


def _mask(choices: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """0 for a choice of 0 and 255 for a choice of 1, shape (128, 1)."""
    return np.negative(choices).reshape(-1, 1)


def _transcript(session: bytes, choices: bytes, z: bytes) -> bytes:
    return oracle(b"transcript", session, choices, z)


def _pad(transcript: bytes, index: int, bit: int, point: bytes) -> bytes:
    """H2."""
    return oracle(b"pad", transcript, index.to_bytes(2, "little"), bytes((bit,)), point)


def _commit(transcript: bytes, value: bytes) -> bytes:
    """H3."""
    return oracle(b"commit", transcript, value)


def _seed(transcript: bytes, pad: bytes) -> bytes:
    return oracle(b"seed", transcript, pad)[:SEED_BYTES]


def _check_length(message: bytes, length: int, name: str) -> None:
    if len(message) != length:
        raise ProtocolError(
            f"the peer's {name} message of the base transfers has {len(message)} bytes, "
            f"not {length}; check that both parties run the same version"
        )
