"""The random oracle of the transfers: SHA-512 over a domain and length-prefixed parts."""

from __future__ import annotations

import hashlib

DIGEST_BYTES = 64
_PROTOCOL = b"ccr/ot/1/"


class Oracle:
    """What has been said to it so far: for many questions that begin alike."""

    __slots__ = ("_digest",)

    def __init__(self, domain: bytes, *parts: bytes | memoryview) -> None:
        self._digest = hashlib.sha512()
        for part in (_PROTOCOL + domain, *parts):
            self._say(part)

    def _say(self, part: bytes | memoryview) -> None:
        """Each part is prefixed by its length, so no two lists of parts hash the same bytes."""
        self._digest.update(len(part).to_bytes(8, "little"))
        self._digest.update(part)

    def answer(self) -> bytes:
        """A 64-byte digest."""
        return self._digest.digest()

    def of(self, last: bytes) -> bytes:
        """The answer with one part more, which is forgotten again."""
        digest = self._digest.copy()
        digest.update(len(last).to_bytes(8, "little") + last)
        return digest.digest()


def oracle(domain: bytes, *parts: bytes | memoryview) -> bytes:
    """A 64-byte digest."""
    return Oracle(domain, *parts).answer()
