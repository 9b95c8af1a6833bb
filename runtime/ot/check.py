"""The consistency check of the extension: did the receiver use one choice vector in all 128 columns?

Keller, Orsini, Scholl, "Actively Secure OT Extension with Optimal Overhead", ePrint 2015/546 as *revised*, its
Figure 10.  A column of l' = 128(m + 1) bits is m + 1 elements of GF(2^128); its fold is

    Σ_{j=1..m} χ_j · block_j + block_{m+1}

the last block being random bits that are thrown away and hide the others.  The receiver sends the folds of its
choice vector x and of every column t^c; the sender folds its q^c = t^c + Δ_c·x and compares *each column*:
q^c = t^c + Δ_c·x.  Adding the columns up first, weighted by X^c, as the paper's first version did, lets a
receiver with error E·X^(-c) in column c pass and learn bits of Δ.  χ is drawn from a hash of the session, the
batch and all of U, so it is known only after the receiver is bound to its columns.
"""

from __future__ import annotations

import hashlib

import numpy as np

from runtime.crypto.labels import LABEL_BITS, LABEL_BYTES
from runtime.crypto.prg import SEED_BYTES, Prg
from runtime.ot.matrix import Words, fold, planes
from runtime.ot.oracle import oracle

ELEMENTS = 1 + LABEL_BITS  # of a proof: the choices' fold, and one for each column
PROOF_BYTES = ELEMENTS * LABEL_BYTES  # an element of the field is as long as a label


def challenge(session: bytes, batch: int, count: int, u: bytes) -> Words:
    """The factors of a batch's blocks as the bit matrix `fold` takes: χ for all but the last, 1 for the last."""
    digest = hashlib.sha256(u).digest()
    seed = oracle(b"challenge", session, batch.to_bytes(8, "little"), count.to_bytes(8, "little"), digest)
    blocks = len(u) // (LABEL_BITS * LABEL_BYTES)
    factors = Prg(seed[:SEED_BYTES]).words(2 * blocks).reshape(blocks, 2)
    factors[-1] = 1, 0
    return planes(factors)


def prove(weights: Words, x: Words, t: Words) -> bytes:
    """The receiver's proof: the folds of the choice vector, shape (words,), and of its columns, (128, words)."""
    return fold(np.vstack((x, t)), weights).astype("<u8", copy=False).tobytes()


def residues(weights: Words, q: Words, delta_mask: Words, proof: bytes) -> Words:
    """q^c - t^c - Δ_c·x for each column c, shape (128, 2): all zero if the receiver was honest.

    `q` has shape (128, words); `delta_mask` has shape (128, 1), all ones where the bit of Δ is 1, else 0.
    """
    folds = np.frombuffer(proof, dtype="<u8").reshape(ELEMENTS, 2).astype(np.uint64, copy=False)
    residue: Words = fold(q, weights) ^ folds[1:] ^ (delta_mask & folds[0])
    return residue
