"""What a coordinator and a worker say before and behind the orders of a run, see `orders`."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from runtime.crypto.hash import HASH_SEED_BYTES
from runtime.crypto.labels import Labels, decode, encode
from runtime.crypto.prg import SEED_BYTES
from runtime.crypto.secret import PublicSeeds
from runtime.session.helpers import Worked

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
    """The seeds, and the correlation, which a garbler's workers are given."""

    seeds: PublicSeeds
    delta: Labels | None = field(repr=False)  # (1, 2)

    def encode(self) -> bytearray:
        """To be wiped by whoever has sent it."""
        return bytearray(self.seeds.hash + self.seeds.labels) + (b"" if self.delta is None else encode(self.delta))

    @staticmethod
    def decode(data: bytes) -> Begin:
        at = HASH_SEED_BYTES + SEED_BYTES
        seeds = PublicSeeds(data[:HASH_SEED_BYTES], data[HASH_SEED_BYTES:at])
        return Begin(seeds, decode(data[at:]) if data[at:] else None)


_WORKED = struct.Struct("<QQQdd")
WORKED_BYTES = _WORKED.size


def encode_worked(done: Worked) -> bytes:
    return _WORKED.pack(done.gates, done.tables, done.corrections, done.seconds, done.waited)


def decode_worked(data: bytes) -> Worked:
    return Worked(*_WORKED.unpack(data))
