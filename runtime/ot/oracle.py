"""The random oracle of the transfers: SHA-512 over a domain and length-prefixed parts."""

from __future__ import annotations

import hashlib

DIGEST_BYTES = 64
_PROTOCOL = b"ccr/ot/1/"


def oracle(domain: bytes, *parts: bytes | memoryview) -> bytes:
    """A 64-byte digest.  Each part is prefixed by its length, so no two lists of parts hash the same bytes."""
    digest = hashlib.sha512()
    for part in (_PROTOCOL + domain, *parts):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()
