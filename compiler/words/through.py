"""What a circuit from a file makes of bits, in the clear: all its lanes at once."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from compiler.gates.simulate import simulate
from compiler.words.extern import Extern
from compiler.words.integers import Array


def through(op: Extern, args: Sequence[Array]) -> Array:
    """The result for operands of 0 and 1."""
    lead = np.broadcast_shapes(*(a.shape[:-1] for a in args))
    count = prod(lead)
    spread = [np.broadcast_to(a, (*lead, a.shape[-1])).reshape(count, -1) for a in args]
    inputs = [_packed(column) for a in spread for column in a.T]
    outputs = simulate(op.circuit, inputs, count)
    bits = [np.frombuffer(made.to_bytes(-(-count // 8), "little"), "u1") for made in outputs]
    unpacked = np.unpackbits(np.array(bits).reshape(len(outputs), -1), axis=1, count=count, bitorder="little")
    return np.ascontiguousarray(unpacked.T).astype(np.int64).reshape(*lead, len(outputs))


def _packed(column: Array) -> int:
    """Bit v is that of the v-th element."""
    return int.from_bytes(np.packbits(column.astype("u1"), bitorder="little").tobytes(), "little")
