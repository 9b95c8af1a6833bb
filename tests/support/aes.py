"""The S-box of AES, made as FIPS 197 (5.1.1) says: the inverse in GF(2^8), and an affine map of its bits."""

from __future__ import annotations

POLYNOMIAL = 0x11B


def times(a: int, b: int) -> int:
    """In GF(2^8)."""
    product = 0
    for bit in range(8):
        product ^= (a << bit) * (b >> bit & 1)
    for bit in reversed(range(8, 15)):
        product ^= (POLYNOMIAL << (bit - 8)) * (product >> bit & 1)
    return product


def substituted(byte: int) -> int:
    inverse = 1
    for _ in range(254):
        inverse = times(inverse, byte)
    turned = 0x63
    for bit in range(5):
        turned ^= (inverse << bit | inverse >> (8 - bit)) & 0xFF
    return turned


S_BOX = tuple(map(substituted, range(256)))
