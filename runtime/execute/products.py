"""Products of the garbler's own numbers and joint words, as additive shares: transfers under the wires' own labels.

A wire's two labels are the two keys of an oblivious transfer that has taken place already (Gilboa, CRYPTO 1999, with
the labels of Yao's protocol in place of a transfer of their own).  For a number v of the garbler's, mod 2^l, and bit k
of a joint word, whose labels are K0 and K1 by their colour (lsb) and whose permute bit is p:

    correction              c = H(K0) - H(K1) + (1 - 2p) v     mod 2^(l - k)
    the garbler's share       - H(K0) + p v
    the evaluator's share       H(Ka) + a c                    a the colour of its active label

They add up to (the bit) * v, so weighted with 2^k, or -2^k for the top bit of a signed word, and added over bits and
terms, to shares of the word times v mod 2^l.  Nothing else is sent.

H(x, t) = pi(pi(x) ^ t) ^ pi(x) is the hash of half-gates (`crypto.hash`) under rows of the same numbering.  A row has
one bit of some words, each expanded by a counter to as many numbers as share the word; a word that more share than fit
a row takes several.  The tweak tells word and block
apart, so that no (row, tweak) serves two pairs of labels: where one did, the difference of two corrections would be
that of two of the garbler's numbers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from numpy.typing import NDArray

from compiler.schedule.plan import Transfer, packed_bytes
from runtime.crypto.labels import LABEL_BYTES, Labels
from runtime.crypto.secret import LabelSecret
from runtime.execute.backend import Numbers, ReceiveTables, SendTables

_ECB = ECB()


class BitHash:
    """The hash of one bit of all words, row after row."""

    def __init__(self, seed: bytes, row: int, shape: Transfer) -> None:
        keys = [int.from_bytes(seed, "little") ^ (row + i) for i in range(shape.rows_of_a_bit)]
        self._rows = [Cipher(AES(key.to_bytes(16, "little")), _ECB).encryptor().update_into for key in keys]
        self._shape = shape

    def expand(self, labels: Labels) -> NDArray[Any]:
        """As many numbers as share a word for each of its labels (words, 2): shape (words, shared)."""
        shape = self._shape
        inner = self._permuted(np.repeat(labels, shape.rows_of_a_word, axis=0)[:, None])
        stream = np.repeat(inner, shape.blocks, axis=1)
        stream[:, :, 0] ^= tweaks(shape)
        stream = self._permuted(stream)
        stream ^= inner
        return stream.reshape(shape.words, -1).view(shape.dtype)[:, : shape.shared]

    def _permuted(self, blocks: Labels) -> Labels:
        """AES of blocks (words, n, 2), each under the key of its row."""
        data = np.ascontiguousarray(blocks).reshape(-1).view(np.uint8)
        made = np.empty(len(data) + LABEL_BYTES - 1, dtype=np.uint8)  # `update_into` wants room behind what it writes
        step = self._shape.words_of_a_row * blocks.shape[1] * LABEL_BYTES
        for encrypt, start in zip(self._rows, range(0, len(data), step), strict=True):
            encrypt(data[start : start + step].data, made[start : start + step + LABEL_BYTES - 1].data)
        return made[: len(data)].view(np.uint64).reshape(blocks.shape)


@lru_cache(maxsize=16)
def tweaks(shape: Transfer) -> NDArray[np.uint64]:
    """The number of a block in its row, shape (words times rows of a word, blocks)."""
    word = np.arange(shape.words * shape.rows_of_a_word)[:, None] % shape.words_of_a_row
    found = (word * shape.blocks + np.arange(shape.blocks)).astype(np.uint64)
    found.flags.writeable = False
    return found


class GarblerProducts:
    """The garbler's side; corrections go where tables go."""

    def __init__(self, seed: bytes, secret: LabelSecret, send: SendTables) -> None:
        self._seed, self._secret, self._send = seed, secret, send

    def multiply(self, zero: Labels, numbers: Numbers, shape: Transfer, row: int) -> Numbers:
        """The garbler's shares (words, shared) of the words with zero labels (words, bits, 2)."""
        own: NDArray[Any] = numbers.astype(shape.dtype)
        share: NDArray[Any] = np.zeros_like(own)
        for bit in range(shape.width):
            labels, hashed = zero[:, bit], BitHash(self._seed, row + bit * shape.rows_of_a_bit, shape)
            permute = labels[:, :1] & np.uint64(1)
            with self._secret.in_use() as delta:
                first = labels ^ delta * permute  # the label with colour 0
                second = first ^ delta
            known = hashed.expand(first)
            masked: NDArray[Any] = permute.astype(shape.dtype) * own
            correction = known - hashed.expand(second) + own - masked - masked
            self._send(memoryview(pack(correction, shape.ring - bit)))
            share += weight(shape, bit) * (masked - known)
        return share.astype(np.uint64)


class EvaluatorProducts:
    """The other side."""

    def __init__(self, seed: bytes, receive: ReceiveTables) -> None:
        self._seed, self._receive = seed, receive

    def multiply(self, active: Labels, shape: Transfer, row: int) -> Numbers:
        """The evaluator's shares (words, shared) of the words with active labels (words, bits, 2)."""
        share: NDArray[Any] = np.zeros((shape.words, shape.shared), dtype=shape.dtype)
        for bit in range(shape.width):
            labels, left = active[:, bit], shape.ring - bit
            data = self._receive(packed_bytes(share.size, left))
            corrections: NDArray[Any] = unpack(data, left, share.size).astype(shape.dtype).reshape(share.shape)
            colour: NDArray[Any] = (labels[:, :1] & np.uint64(1)).astype(shape.dtype)
            known = BitHash(self._seed, row + bit * shape.rows_of_a_bit, shape).expand(labels)
            share += weight(shape, bit) * (known + colour * corrections)
        return share.astype(np.uint64)


def weight(shape: Transfer, bit: int) -> Any:
    """2^bit in the numbers' type, or minus that for a sign."""
    negative = shape.signed and bit == shape.width - 1
    return shape.dtype((1 << (8 * shape.number_bytes)) - (1 << bit) if negative else 1 << bit)


# Packed, 64 numbers of `bits` bits are `bits` words of 64 bits; the i-th numbers of all are the i-th 64th in order.


def pack(numbers: NDArray[Any], bits: int) -> bytes:
    """The low bits of every number."""
    flat, mask = numbers.reshape(-1), np.uint64((1 << bits) - 1)
    parts = np.zeros((64, -(-len(flat) // 64)), dtype=np.uint64)
    parts.reshape(-1)[: len(flat)] = flat
    parts &= mask
    packed = np.zeros((bits, parts.shape[1]), dtype=np.uint64)
    for i, part in enumerate(parts):
        word, above = divmod(i * bits, 64)
        packed[word] |= part << np.uint64(above)
        if above + bits > 64:
            packed[word + 1] |= part >> np.uint64(64 - above)
    return packed.tobytes()


def unpack(data: bytes | bytearray | memoryview, bits: int, count: int) -> Numbers:
    """The inverse of `pack`, of so many numbers."""
    packed = np.frombuffer(data, dtype=np.uint64).reshape(bits, -1)
    parts = np.empty((64, packed.shape[1]), dtype=np.uint64)
    for i, part in enumerate(parts):
        word, above = divmod(i * bits, 64)
        np.right_shift(packed[word], np.uint64(above), out=part)
        if above + bits > 64:
            part |= packed[word + 1] << np.uint64(64 - above)
    parts &= np.uint64((1 << bits) - 1)
    return parts.reshape(-1)[:count]
