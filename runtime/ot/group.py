"""The prime-order group of edwards25519, written additively, as encoded points of 32 bytes.

libsodium through PyNaCl's bindings; scalars are 32 bytes, little-endian, below the group order.
"""

from __future__ import annotations

import secrets

from nacl import bindings

from runtime.ot.oracle import oracle

POINT_BYTES = 32


def scalar() -> bytes:
    """A uniform scalar from the operating system's randomness."""
    return bindings.crypto_core_ed25519_scalar_reduce(secrets.token_bytes(64))


def base(exponent: bytes) -> bytes:
    """exponent · G."""
    return bindings.crypto_scalarmult_ed25519_base_noclamp(exponent)


def multiply(exponent: bytes, point: bytes) -> bytes:
    """exponent · point, for a valid point and a non-zero scalar."""
    return bindings.crypto_scalarmult_ed25519_noclamp(exponent, point)


def add(left: bytes, right: bytes) -> bytes:
    """left + right."""
    return bindings.crypto_core_ed25519_add(left, right)


def subtract(left: bytes, right: bytes) -> bytes:
    """left - right."""
    return bindings.crypto_core_ed25519_sub(left, right)


def is_valid(point: bytes) -> bool:
    """Whether these bytes are the canonical encoding of a point of the prime-order group, not its identity."""
    return len(point) == POINT_BYTES and bindings.crypto_core_ed25519_is_valid_point(point)


def hash_to_group(domain: bytes, *parts: bytes) -> bytes:
    """A point nobody knows the discrete logarithm of: the sum of two Elligator images of one SHA-512 digest.

    One image alone reaches only about half of the group; the sum of two is indistinguishable from uniform.
    """
    digest = oracle(domain, *parts)
    return add(
        bindings.crypto_core_ed25519_from_uniform(digest[:32]), bindings.crypto_core_ed25519_from_uniform(digest[32:])
    )
