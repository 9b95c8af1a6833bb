"""The run secret: every random choice of a run (sampling, noise) is a function of it and of a schedule position.

It is one of three secrets.  Labels and OT never draw from it, so fixing it with `--seed` makes a run repeatable
without making its garbling predictable; but whoever knows the seed knows the noise, so such a run is not private.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from dataclasses import dataclass, field

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from numpy.typing import NDArray

_DOMAIN = b"ccr run secret 1\0"


class Stream:
    """An endless string of uniform bytes under one key: ChaCha20 from counter zero.

    A key belongs to one (label, position) and is read from its start once, so no byte serves two purposes.
    """

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        self._cipher: CipherContext = Cipher(ChaCha20(key, bytes(16)), mode=None).encryptor()

    def bytes(self, count: int) -> bytes:
        """The next `count` bytes."""
        return self._cipher.update(bytes(count))

    def uint64(self, count: int) -> NDArray[np.uint64]:
        """The next `count` 64-bit words, uniform; shape (count,)."""
        return np.frombuffer(self.bytes(8 * count), dtype="<u8").astype(np.uint64)

    def below(self, bound: int) -> int:
        """A uniform integer in [0, bound), bound <= 2^64: words past the last multiple of `bound` are redrawn."""
        if not 0 < bound <= 1 << 64:
            raise ValueError(f"bound must lie in 1..2^64: {bound}")
        fair = (1 << 64) - (1 << 64) % bound
        while True:
            word = int.from_bytes(self.bytes(8), "little")
            if word < fair:
                return word % bound


@dataclass(frozen=True, slots=True)
class RunSecret:
    """32 bytes that fix what is random in a run.  `seeded` means they came from `--seed`: the run is not private."""

    key: bytes = field(repr=False)
    seeded: bool

    @staticmethod
    def of(seed: int | None, owner: str = "") -> RunSecret:
        """The secret of a seed, or without one a fresh one from the operating system.

        The runs of several owners draw for the same places: each has a secret of its own of one seed.
        """
        return RunSecret.from_os() if seed is None else RunSecret.from_seed(seed, owner)

    @staticmethod
    def from_os() -> RunSecret:
        """A fresh secret from the operating system."""
        return RunSecret(os.urandom(32), seeded=False)

    @staticmethod
    def from_seed(seed: int, owner: str = "") -> RunSecret:
        """The secret that `--seed` names: repeatable, hence known to whoever knows the seed."""
        name = f"{seed}\0{owner}" if owner else str(seed)
        return RunSecret(hashlib.sha256(b"ccr run seed 1\0" + name.encode()).digest(), seeded=True)

    def stream(self, label: str, position: tuple[int, ...]) -> Stream:
        """The stream of one purpose at one place of the schedule.

        HMAC-SHA256 is the PRF.  Lengths go before contents, so no two (label, position) encode alike.
        """
        name = label.encode()
        message = struct.pack(f">QQ{len(position)}Q", len(name), len(position), *position) + name
        return Stream(hmac.digest(self.key, _DOMAIN + message, "sha256"))
