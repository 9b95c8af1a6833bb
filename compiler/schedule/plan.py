"""The schedule: what both parties walk.  Every number here is in the artifact and in its digest.

Joint values live in *buffers* of wires, local and public ones as integer arrays in *clear words*.
A kernel is one Boolean circuit; a launch runs it on many lanes at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

from compiler.gates.circuit import Circuit
from compiler.words.ir import Block, Type
from compiler.words.operations import PUBLIC as PUBLIC
from lang.source import Span


@dataclass(frozen=True, slots=True)
class Kernel:
    """A circuit and where its nets live while it runs.

    Net n is in register registers[n]; the constant is net 0 in register 0, input i is net i + 1 in
    register i + 1, and a gate may reuse the register of a net that nobody reads any more.
    """

    name: str
    circuit: Circuit
    registers: tuple[int, ...]  # one for each net
    register_count: int
    tile: int  # lanes that run at once; a power of two
    charges: tuple[int, ...] = field(default=(), compare=False)  # AND gates of each word fused into it, for reports


@dataclass(frozen=True, slots=True)
class View:
    """Wires of one buffer: address = offset + lane . lane_strides + port . port_strides + iteration . loop_strides."""

    buffer: int
    offset: int
    lane: tuple[int, ...]  # stride for each lane axis, 0 = broadcast
    port: tuple[tuple[int, int], ...]  # (extent, stride) inside one lane, the bits of a word innermost
    loop: tuple[int, ...]  # stride for each enclosing Repeat, outermost first


@dataclass(frozen=True, slots=True)
class Launch:
    """Run a kernel: its inputs are the wires of `reads` in order, its outputs go to the wires of `writes`.

    Each write equals a read of the same lane or is disjoint from all reads of the launch.  `row` is the
    number of the launch's first table row within the enclosing body; see `Repeat.rows`.
    """

    kernel: int
    lanes: tuple[int, ...]
    reads: tuple[View, ...]
    writes: tuple[View, ...]
    row: int
    places: tuple[Span | None, ...] = field(default=(), compare=False)  # of the kernel's words, see `Kernel.charges`


@dataclass(frozen=True, slots=True)
class Clear:
    """One party's words (or, for PUBLIC, both parties'), computed in the clear in step with the loops.

    The block's parameters are the indices of all enclosing Repeats, outermost first, then the clear words `reads`;
    its results become the clear words `writes`.
    """

    party: str
    block: Block
    reads: tuple[int, ...]
    writes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Enter:
    """Clear word -> labels in a buffer, element after element, bits LSB first."""

    party: str  # PUBLIC: constants known to both
    clear: int
    type: Type
    buffer: int


@dataclass(frozen=True, slots=True)
class Open:
    """An output: wires of a buffer (bits LSB first) -> integers of `type` for the receivers, at the very end."""

    name: str
    buffer: int
    type: Type
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tell:
    """An output that its receivers can compute on their own: a clear word."""

    name: str
    clear: int
    type: Type
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """Wires to wires, no gates; `lanes` is the shape copied.  Source and target share no wire."""

    source: View
    target: View
    lanes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Free:
    buffer: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """`count` times the body; iteration i of the body starts at table row (own row) + i * rows."""

    count: int
    body: tuple[Step, ...]
    row: int  # within the enclosing body
    rows: int  # table rows of one iteration


Step = Launch | Clear | Enter | Open | Tell | Copy | Free | Repeat


@dataclass(frozen=True, slots=True)
class Plan:
    kernels: tuple[Kernel, ...]
    buffers: tuple[int, ...]  # wires of each buffer
    steps: tuple[Step, ...]


def lane_count(launch: Launch) -> int:
    return prod(launch.lanes)


def table_rows(kernel: Kernel, lanes: int) -> int:
    """Rows (one AND gate over one tile of lanes) of one launch."""
    return -(-lanes // kernel.tile) * kernel.circuit.and_gates


def addresses(view: View, lanes: tuple[int, ...], iteration: tuple[int, ...]) -> NDArray[np.int64]:
    """The wires of a view, shape (wires of one lane, lanes): what a kernel's consecutive inputs read."""
    start = view.offset + sum(s * i for s, i in zip(view.loop, iteration, strict=True))
    port = grid([n for n, _ in view.port], [s for _, s in view.port])
    return start + port[:, None] + grid(lanes, view.lane)[None, :]


def grid(extents: Iterable[int], strides: Iterable[int]) -> NDArray[np.int64]:
    """All sums of index * stride, row-major, flat."""
    result = np.zeros(1, dtype=np.int64)
    for extent, stride in zip(extents, strides, strict=True):
        result = (result[:, None] + np.arange(extent, dtype=np.int64) * stride).reshape(-1)
    return result
