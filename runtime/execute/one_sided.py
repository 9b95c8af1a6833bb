"""ANDs of which a party knows an operand, on numpy: one half of a half-gate (`portable`), one ciphertext a lane.

With the operand B known, colours as `yao` makes them, and a, b = lsb A, lsb B of zero labels:

    to the garbler, v = b its value       T = H(A, jG) + H(A+Δ, jG) + vΔ
    zero label of the result              H(A+aΔ, jG) + avΔ
    evaluator, active A'                  H(A', jG) + lsb(A') T

    to the evaluator, b = 0               T = H(B, jE) + H(B+Δ, jE) + A
    zero label of the result              H(B, jE)
    evaluator, active A', B', lsb B' = v  H(B', jE) + lsb(B') (T + A')

An inversion flips a or v in the first.  What it adds in the second is linear, A where B is inverted and B where A is;
the constant is left to whoever reads the register, so that nothing is moved by Δ.  Where the evaluator knows A, too, T
and hashes lose their lowest bit: as lsb A = 0 and lsb A' is A's value, the result has these colours again.
"""

from __future__ import annotations

import numpy as np

from compiler.gates.knowledge import Half
from runtime.crypto.hash import TileHash
from runtime.crypto.labels import Labels
from runtime.crypto.secret import LabelSecret
from runtime.execute.instructions import And
from runtime.execute.masks import Masks, Views

EVEN = ~np.uint64(1)


class OneSidedGarbler:
    """Garbles one AND of whose right operand a party knows the value."""

    def __init__(self, hash_seed: bytes, secret: LabelSecret, lanes: int, half: Half) -> None:
        tweaks = (0, 0) if half is Half.GARBLERS else (1, 1)
        self._half, self._hash, self._masks = half, TileHash(hash_seed, tweaks, lanes), Masks(lanes)
        secret.entrusted(self._masks.both)
        self._zero, self._one = secret.entrusted(self._hash.input)
        self._hash_zero, self._hash_one = self._hash.output
        self._delta = secret.spread(lanes)

    def garble(self, views: Views, gate: And, row: int, table: Labels) -> None:
        """Zero labels in, zero labels and the row's `table`, shape (lanes, 2), out."""
        if self._half is Half.GARBLERS:
            self._by_the_garbler(views, gate, row, table)
        else:
            self._by_the_evaluator(views, gate, row, table)

    def _by_the_garbler(self, views: Views, gate: And, row: int, table: Labels) -> None:
        left, right, out = views
        xor, masks = np.bitwise_xor, self._masks
        masks.take(left, right)
        np.bitwise_and(masks.left, self._delta, masks.left)  # aΔ of the register
        np.bitwise_and(masks.right, self._delta, masks.right)  # vΔ of the register
        xor(left, masks.left, self._zero)
        xor(self._zero, self._delta, self._one)
        self._hash(row)
        if gate.invert_left:
            xor(masks.left, self._delta, masks.left)
        if gate.invert_right:
            xor(masks.right, self._delta, masks.right)
        xor(self._hash_zero, self._hash_one, table)
        xor(table, masks.right, table)
        np.bitwise_and(masks.left, masks.right, masks.left)  # avΔ
        xor(self._hash_zero, masks.left, out)

    def _by_the_evaluator(self, views: Views, gate: And, row: int, table: Labels) -> None:
        left, right, out = views
        np.copyto(self._zero, right)
        np.bitwise_xor(right, self._delta, self._one)
        self._hash(row)
        np.bitwise_xor(self._hash_zero, self._hash_one, table)
        np.bitwise_xor(table, left, table)
        if self._half is Half.OWN:
            table[:, 0] &= EVEN
            self._hash_zero[:, 0] &= EVEN
        _add_linear(self._hash_zero, views, gate)
        np.copyto(out, self._hash_zero)


class OneSidedEvaluator:
    """Evaluates one AND of whose right operand a party knows the value."""

    def __init__(self, hash_seed: bytes, lanes: int, half: Half) -> None:
        self._half, self._masks = half, Masks(lanes)
        self._hash = TileHash(hash_seed, (0,) if half is Half.GARBLERS else (1,), lanes)
        [self._input], [self._output] = self._hash.input, self._hash.output

    def evaluate(self, views: Views, gate: And, row: int, table: Labels) -> None:
        """Active labels and the row's `table`, shape (lanes, 2), in, active labels out."""
        left, right, out = views
        masks, sums = self._masks, self._output
        masks.take(left, right)
        np.copyto(self._input, left if self._half is Half.GARBLERS else right)
        self._hash(row)
        if self._half is Half.GARBLERS:
            np.bitwise_and(masks.left, table, masks.left)
            np.bitwise_xor(sums, masks.left, out)
            return
        if self._half is Half.OWN:
            sums[:, 0] &= EVEN
        np.bitwise_and(masks.right, left ^ table, masks.right)
        np.bitwise_xor(sums, masks.right, sums)
        _add_linear(sums, views, gate)
        np.copyto(out, sums)


def _add_linear(sums: Labels, views: Views, gate: And) -> None:
    """What inversions add where the evaluator knows an operand."""
    left, right, _ = views
    if gate.invert_right:
        np.bitwise_xor(sums, left, sums)
    if gate.invert_left:
        np.bitwise_xor(sums, right, sums)
