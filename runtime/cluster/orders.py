"""What passes between a coordinator and a worker of its party: one frame an order, one an answer.

Both ends are of one party and of one version (`dasks.py` asks), so nothing is described twice: sizes follow from the
plan that both hold.  Numbers are little-endian; labels are 16 bytes each, as everywhere.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from compiler.schedule.plan import Transfer
from runtime.cluster.holdings import Wires
from runtime.cluster.parts import Cut
from runtime.crypto.labels import Labels, decode, encode
from runtime.execute.backend import Numbers
from runtime.net.channel import HEADER
from runtime.net.errors import ProtocolError

MOST_BYTES = 1 << 30  # of a frame


class Order(IntEnum):
    """The kinds of frames."""

    PROGRAM = 31
    """The artifact."""
    DOOR = 32
    """The certificate of the peer's worker, which is to be waited for."""
    OPEN = 33
    """The port where it is."""
    CALL = 34
    """The certificate of the peer's worker and its address, which is to be called."""
    PAIRED = 35
    """The peer's worker is there."""
    BEGIN = 36
    """What labels are made and read with."""

    PUT = 1
    RUN = 2
    FREE = 3
    ASK = 4
    MULTIPLY = 5
    END = 6
    """Nothing more comes: what is secret is wiped."""
    CLEAR = 7
    """All labels have been asked for that anybody needs: the buffers go."""
    SEVERAL = 8
    """Orders one behind the other, each as in a frame of its own: to send one, and to wake for it, takes longer than
    most of them."""
    LABELS = 16
    SHARES = 17
    ADVANCED = 18
    """The worker goes on; empty."""
    LOST = 19
    """The worker gives up: why."""
    PARTED = 21
    """Likewise, because the peer's worker is gone: how it knows."""
    DONE = 20
    """The worker's last word: what it did."""


def encode_order(order: Order, payload: bytes | bytearray) -> bytes:
    """One of several."""
    return HEADER.pack(order, len(payload)) + payload


def decode_orders(data: bytes) -> Iterator[tuple[Order, bytes]]:
    """All of them.  Raises ProtocolError where they do not fill it, or are several themselves."""
    at = 0
    while at < len(data):
        kind, size = HEADER.unpack(data[at : at + HEADER.size].ljust(HEADER.size, b"\xff"))
        at += HEADER.size + size
        if at > len(data) or kind == Order.SEVERAL:
            raise ProtocolError("a coordinator's orders do not fill their frame")
        yield Order(kind), data[at - size : at]


_BUFFER = struct.Struct("<QQ")  # buffer, wires
_RUN = struct.Struct("<QQQQQB")  # step, axis, start, stop, base, loops
_MULTIPLY = struct.Struct("<QQQQQB?")  # words, width, shared, ring, row, signed, with numbers


@dataclass(frozen=True, slots=True)
class Run:
    """A part of a step, in an iteration of the loops around it, whose innermost body begins with row `base`."""

    step: int
    at: Cut
    iteration: tuple[int, ...]
    base: int

    def encode(self) -> bytes:
        head = _RUN.pack(self.step, self.at.axis, self.at.start, self.at.stop, self.base, len(self.iteration))
        return head + struct.pack(f"<{len(self.iteration)}Q", *self.iteration)

    @staticmethod
    def decode(data: bytes) -> Run:
        step, axis, start, stop, base, loops = _RUN.unpack_from(data)
        return Run(step, Cut(axis, start, stop), struct.unpack_from(f"<{loops}Q", data, _RUN.size), base)


def encode_wires(buffer: int, wires: Wires, labels: Labels | None = None) -> bytes:
    """Wires of a buffer, and their labels."""
    return (
        _BUFFER.pack(buffer, len(wires)) + wires.astype("<u8").tobytes() + (b"" if labels is None else encode(labels))
    )


def decode_wires(data: bytes) -> tuple[int, Wires, Labels]:
    """The inverse; no labels where none were given."""
    buffer, count = _BUFFER.unpack_from(data)
    at = _BUFFER.size + 8 * count
    wires = np.frombuffer(data, "<u8", count, _BUFFER.size).astype(np.int64)
    return buffer, wires, decode(data[at:])


@dataclass(frozen=True, slots=True)
class Multiply:
    """Words times numbers, which the garbler's workers are given."""

    shape: Transfer
    row: int
    words: Labels = field(repr=False)  # (words, width, 2)
    numbers: Numbers | None = field(repr=False)  # (words, shared)

    def encode(self) -> bytes:
        s = self.shape
        head = _MULTIPLY.pack(s.words, s.width, s.shared, s.ring, self.row, s.signed, self.numbers is not None)
        rest = b"" if self.numbers is None else self.numbers.astype(s.dtype).tobytes()
        return head + encode(self.words.reshape(-1, 2)) + rest

    @staticmethod
    def decode(data: bytes) -> Multiply:
        words, width, shared, ring, row, signed, given = _MULTIPLY.unpack_from(data)
        shape, at = Transfer(words, width, bool(signed), shared, ring), _MULTIPLY.size
        labels = decode(data[at : at + 16 * words * width]).reshape(words, width, 2)
        numbers = np.frombuffer(data, shape.dtype, offset=at + 16 * words * width) if given else None
        return Multiply(
            shape, row, labels, None if numbers is None else numbers.reshape(words, shared).astype(np.uint64)
        )


def encode_shares(shares: Numbers, shape: Transfer) -> bytes:
    return shares.astype(shape.dtype).tobytes()


def decode_shares(data: bytes, shape: Transfer) -> Numbers:
    return np.frombuffer(data, shape.dtype).reshape(shape.words, shape.shared).astype(np.uint64)
