"""A lane block's circuit run on many lanes at once: words to bits and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compiler.gates.circuit import Circuit
from compiler.gates.simulate import simulate
from compiler.words.integers import Array, dtype_of
from compiler.words.ir import Block, Item, Loop, Type


def run_vectors(circuit: Circuit, block: Block, arrays: Sequence[Array]) -> list[Array]:
    """A lane block's circuit on many lanes: arrays (lanes, *shape) for the ports, the same for the results."""
    if len(arrays) != len(block.params):
        raise ValueError(f"the block has {len(block.params)} ports, {len(arrays)} arrays were given")
    count = len(arrays[0]) if arrays else 1
    inputs = [bits for array, type in zip(arrays, block.params, strict=True) for bits in pack(array, type)]
    outputs = iter(simulate(circuit, inputs, count))
    types = dict(enumerate(block.params, block.first)) | {n: item_type(item) for n, item in block.numbered()}
    return [
        unpack([next(outputs) for _ in range(types[r].size * types[r].width)], types[r], count) for r in block.results
    ]


def item_type(item: Item) -> Type:
    if isinstance(item, Loop):
        raise TypeError("a lane block holds values only, not loops")
    return item.type


def pack(array: Array, type: Type) -> list[int]:
    """The bits of (lanes, *shape) words, elements row-major, bits LSB first, each over all lanes."""
    count = len(array)
    flat = np.asarray(array).reshape(count, type.size)
    flat = flat.astype(dtype_of(type))
    packed: list[int] = []
    for element in range(type.size):
        for bit in range(type.width):
            column = ((flat[:, element] >> bit) & 1).astype(np.uint8)
            packed.append(int.from_bytes(np.packbits(column, bitorder="little").tobytes(), "little"))
    return packed


def unpack(bits: Sequence[int], type: Type, count: int) -> Array:
    """The inverse of `pack`."""
    flat: Array = np.zeros((count, type.size), dtype=dtype_of(type))
    for position, column in enumerate(bits):
        element, bit = divmod(position, type.width)
        data = np.frombuffer(column.to_bytes((count + 7) // 8, "little"), dtype=np.uint8)
        lanes = np.unpackbits(data, bitorder="little")[:count].astype(flat.dtype)
        weight = -(1 << bit) if type.signed and bit == type.width - 1 else 1 << bit
        flat[:, element] += lanes * weight
    return flat.reshape(count, *type.shape)
