"""What a coordinator and a worker say before and behind the orders of a run, see `orders`."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

from runtime.crypto.hash import HASH_SEED_BYTES
from runtime.crypto.labels import Labels, decode, encode
from runtime.crypto.prg import SEED_BYTES
from runtime.crypto.secret import PublicSeeds

_PORT = struct.Struct("<H")


def encode_port(port: int) -> bytes:
    return _PORT.pack(port)


def decode_port(data: bytes) -> int:
    port: int = _PORT.unpack(data)[0]
    return port


def encode_call(certificate: bytes, host: str, port: int) -> bytes:
    return encode_port(port) + struct.pack("<H", len(host.encode())) + host.encode() + certificate


def decode_call(data: bytes) -> tuple[bytes, str, int]:
    length = _PORT.unpack_from(data, _PORT.size)[0]
    at = 2 * _PORT.size
    return data[at + length :], data[at : at + length].decode(), decode_port(data[: _PORT.size])


@dataclass(frozen=True, slots=True)
class Begin:
    """The plan and the seeds; the correlation, which a garbler's workers are given."""

    artifact: bytes
    seeds: PublicSeeds
    delta: Labels | None  # (1, 2)

    def encode(self) -> bytes:
        delta = b"" if self.delta is None else encode(self.delta)
        return bytes([len(delta)]) + delta + self.seeds.hash + self.seeds.labels + self.artifact

    @staticmethod
    def decode(data: bytes) -> Begin:
        at = 1 + data[0]
        delta = decode(data[1:at]) if data[0] else None
        behind = at + HASH_SEED_BYTES
        seeds = PublicSeeds(data[at:behind], data[behind : behind + SEED_BYTES])
        return Begin(data[behind + SEED_BYTES :], seeds, delta)


_DONE = struct.Struct("<QQQdd")


@dataclass(frozen=True, slots=True)
class Done:
    """What a worker did: gates, bytes to and from its peer, and seconds of which it waited for orders for some."""

    gates: int
    sent: int
    received: int
    seconds: float
    waited: float

    SIZE: ClassVar[int] = _DONE.size

    def encode(self) -> bytes:
        return _DONE.pack(self.gates, self.sent, self.received, self.seconds, self.waited)

    @staticmethod
    def decode(data: bytes) -> Done:
        return Done(*_DONE.unpack(data))
