"""The consistency check of the extension: did the receiver use one choice vector in all 32 trees?

The check of subspace VOLE with the repetition code in Roy, "SoftSpokenOT" (CRYPTO 2022, ePrint 2022/192, section 4):
a linear hash of the choices and of the columns.  A column of l' = 128(m + 1) bits is m + 1 elements of GF(2^128); its
fold, linear and universal, is

    Σ_{j=1..m} χ_j · block_j + block_{m+1}

the last block being random bits that are thrown away and hide the others.  The receiver sends the folds of its
choice vector x and of every column t^c; the sender folds its q^c = t^c + Δ_c·x and compares *each column*:
q^c = t^c + Δ_c·x.  The four columns of a tree have one correction: where that is of another vector than x the receiver
is caught, unless it has guessed all four bits of Δ.  Adding the columns up first, weighted by X^c, would let a receiver
with error E·X^(-c) in column c pass and learn bits of Δ.  χ is drawn from a hash of the session with its trees, the
batch and all of the corrections, so it is known only after the receiver is bound to them.
"""

from __future__ import annotations

import hashlib

import numpy as np

from runtime.crypto.columns import TREES, Columns
from runtime.crypto.labels import LABEL_BITS, LABEL_BYTES
from runtime.crypto.matrix import Words
from runtime.crypto.prg import SEED_BYTES, Prg
from runtime.ot.oracle import oracle

ELEMENTS = 1 + LABEL_BITS  # of a proof: the choices' fold, and one for each column
PROOF_BYTES = ELEMENTS * LABEL_BYTES  # an element of the field is as long as a label


def challenge(session: bytes, batch: int, count: int, corrections: bytes | memoryview) -> Words:
    """The factors of a batch's blocks, shape (blocks, 2): χ for all but the last, 1 for the last."""
    digest = hashlib.sha256(corrections).digest()
    seed = oracle(b"challenge", session, batch.to_bytes(8, "little"), count.to_bytes(8, "little"), digest)
    blocks = len(corrections) // (TREES * LABEL_BYTES)
    # Two streams: of the factors that one of 128 bits can make, many could be fitted by one difference of choices.
    first, second = (Prg(half).words(2 * blocks) for half in (seed[:SEED_BYTES], seed[SEED_BYTES : 2 * SEED_BYTES]))
    factors = (first ^ second).reshape(blocks, 2)
    factors[-1] = 1, 0
    return factors


def prove(by: Columns, factors: Words, x: Words, t: Words) -> bytes:
    """The receiver's proof: the folds of the choice vector, shape (words,), and of its columns, (128, words)."""
    folds = by.fold(x.reshape(1, -1), factors), by.fold(t, factors)
    return np.concatenate(folds).astype("<u8", copy=False).tobytes()


def residues(by: Columns, factors: Words, q: Words, delta_mask: Words, proof: bytes | memoryview) -> Words:
    """q^c - t^c - Δ_c·x for each column c, shape (128, 2): all zero if the receiver was honest.

    `q` has shape (128, words); `delta_mask` has shape (128, 1), all ones where the bit of Δ is 1, else 0.
    """
    folds = np.frombuffer(proof, dtype="<u8").reshape(ELEMENTS, 2).astype(np.uint64, copy=False)
    residue: Words = by.fold(q, factors) ^ folds[1:] ^ (delta_mask & folds[0])
    return residue
