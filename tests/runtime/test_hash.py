"""The garbling hash, against one block at a time."""

from __future__ import annotations

import secrets

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from runtime.crypto.hash import TileHash, tweaks
from runtime.crypto.labels import decode, encode, fresh


def permute(key: bytes, block: int) -> int:
    return int.from_bytes(Cipher(AES(key), ECB()).encryptor().update(block.to_bytes(16, "little")), "little")


def one(seed: bytes, row: int, x: int, j: int) -> int:
    key = bytes(a ^ b for a, b in zip(seed, row.to_bytes(16, "little"), strict=True))
    inner = permute(key, x)
    return permute(key, inner ^ j) ^ inner


@pytest.mark.parametrize("row", [0, 1, 255, 1 << 40, (1 << 64) - 1])
@pytest.mark.parametrize("lanes", [1, 3, 96])
def test_every_lane_and_half(row: int, lanes: int) -> None:
    seed, halves = secrets.token_bytes(16), (0, 1, 0, 1)
    hash = TileHash(seed, halves, lanes)
    x = fresh(4 * lanes)
    for used in (0, row):  # a second call leaves nothing of the first
        hash.input[...] = x.reshape(4, lanes, 2)
        hash(used)
    blocks = [int.from_bytes(encode(label[None]), "little") for label in x]
    expected = [one(seed, row, block, 2 * (i % lanes) + halves[i // lanes]) for i, block in enumerate(blocks)]
    assert encode(hash.output.reshape(-1, 2)) == b"".join(n.to_bytes(16, "little") for n in expected)
    assert np.array_equal(hash.input.reshape(-1, 2), x)


def test_tweaks_of_a_tile_are_distinct() -> None:
    used = tweaks((0, 1), 1024).reshape(-1, 2)
    assert len({bytes(encode(t[None])) for t in used}) == 2048
    assert not used[:, 1].any()


def test_known_answer() -> None:
    """AES-128 of FIPS 197's key and block, put through the construction by hand."""
    seed = bytes(range(16))
    hash = TileHash(seed, (0,), 1)
    hash.input[0] = decode(bytes.fromhex("00112233445566778899aabbccddeeff"))
    hash(0)
    inner = bytes.fromhex("69c4e0d86a7b0430d8cdb78070b4c55a")  # FIPS 197, appendix C.1
    outer = Cipher(AES(seed), ECB()).encryptor().update(inner)  # tweak 0
    assert encode(hash.output[0]) == bytes(a ^ b for a, b in zip(inner, outer, strict=True))


def test_a_seed_is_a_key() -> None:
    with pytest.raises(ValueError, match="16 bytes, got 15"):
        TileHash(bytes(15), (0,), 1)
