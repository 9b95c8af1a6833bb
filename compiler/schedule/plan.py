"""The schedule: what both parties walk.  Every number here is in the artifact and in its digest.

Joint values live in *buffers* of wires, local and public ones as integer arrays in *clear words*.
A kernel is one Boolean circuit; a launch runs it on many lanes at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import prod

import numpy as np
from numpy.typing import NDArray

from compiler.gates.circuit import Circuit
from compiler.gates.knowledge import Runs, ciphertexts
from compiler.words.ir import Block, Type
from compiler.words.operations import PUBLIC as PUBLIC
from lang.source import Span


@dataclass(frozen=True, slots=True)
class Charge:
    """Gates of one lane that a word fused into a kernel is charged with: as they were made, then after each pass."""

    cell: str  # its operation, whose cell made them
    and_gates: tuple[int, ...]
    xor_gates: tuple[int, ...]
    last: tuple[int, ...]  # which ANDs of the kernel these are in the end, counted from 0


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
    known: Runs = ()  # inputs that a party knows in every launch, whose ANDs take one ciphertext
    charges: tuple[Charge, ...] = field(default=(), compare=False)  # of each word fused into it, for reports

    @property
    def ciphertexts(self) -> int:
        """Of one lane."""
        return ciphertexts(self.circuit, self.known)


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


WIDEST_RING = 60  # bits; shares are added in 64
HASHED = 2048  # blocks of one row of a transfer, as many as a tile of an AND gate takes for one colour


@dataclass(frozen=True, slots=True)
class Transfer:
    """The shape of a product of joint words and numbers of the garbler's, of which `shared` go with each word."""

    words: int
    width: int  # bits of a word
    signed: bool
    shared: int
    ring: int  # the shares are integers mod 2^ring

    @property
    def number_bytes(self) -> int:
        """What one hash gives for one number."""
        return 4 if self.ring <= 32 else 8

    @property
    def dtype(self) -> type[np.uint32] | type[np.uint64]:
        return np.uint32 if self.number_bytes == 4 else np.uint64

    @property
    def blocks(self) -> int:
        """Blocks of 16 bytes that one label is expanded to in one row."""
        return -(-self._whole // self.rows_of_a_word)

    @property
    def rows_of_a_word(self) -> int:
        """One, or as many as its blocks take."""
        return -(-self._whole // HASHED)

    @property
    def words_of_a_row(self) -> int:
        """As many as take HASHED blocks, or part of one."""
        return max(1, HASHED // self.blocks)

    @property
    def rows_of_a_bit(self) -> int:
        return -(-self.words * self.rows_of_a_word // self.words_of_a_row)

    @property
    def _whole(self) -> int:
        return -(-self.shared * self.number_bytes // 16)

    @property
    def rows(self) -> int:
        return self.width * self.rows_of_a_bit

    @property
    def correction_bytes(self) -> int:
        """What the garbler sends for all of it."""
        return sum(packed_bytes(self.words * self.shared, self.ring - bit) for bit in range(self.width))


def packed_bytes(count: int, bits: int) -> int:
    """The length of so many numbers of so many bits: they go by 64."""
    return -(-count // 64) * 8 * bits


@dataclass(frozen=True, slots=True)
class Product:
    """Shares of a sum of products: one of the garbler's, one of the evaluator's, which add up to it in a ring.

    The first factor is the garbler's clear word `own`, integers of the shape of `type` and then `terms`; the other the
    joint words that `joint` shows for all of them, its ports their bits.  Where `joint` does not move along an axis the
    words share their labels' hashes.  The products are added over the terms, mod 2^w for w the width of `type`, which
    is signed and has all its values.
    """

    parties: tuple[str, str]  # the garbler, the evaluator
    own: int
    joint: View
    terms: tuple[int, ...]
    signed: bool  # are the joint words
    type: Type  # of either share
    shares: tuple[int, int]  # clear words: the garbler's, the evaluator's
    row: int  # as of a launch
    place: Span | None = field(default=None, compare=False)  # in the text, for reports

    @property
    def extents(self) -> tuple[int, ...]:
        return (*self.type.shape, *self.terms)

    @property
    def transfer(self) -> Transfer:
        extents = self.extents
        shared = [n for n, stride in zip(extents, self.joint.lane, strict=True) if not stride]
        words = [n for n, stride in zip(extents, self.joint.lane, strict=True) if stride]
        return Transfer(prod(words), self.joint.port[-1][0], self.signed, prod(shared), self.type.width)


@dataclass(frozen=True, slots=True)
class Enter:
    """Clear word -> labels in a buffer, element after element, bits LSB first."""

    party: str  # PUBLIC: constants known to both
    clear: int
    type: Type
    buffer: int
    place: Span | None = field(default=None, compare=False)  # in the text, for reports


@dataclass(frozen=True, slots=True)
class Open:
    """An output: wires of a buffer (bits LSB first) -> integers of `type` for the receivers, at the very end."""

    name: str
    buffer: int
    type: Type
    to: tuple[str, ...]
    place: Span | None = field(default=None, compare=False)  # in the text, for reports


@dataclass(frozen=True, slots=True)
class Told:
    """Which of a step's noisy sums is told; the step is the index of the innermost Repeat."""

    draw: int  # which `dpsgd` of the program
    variable: int  # which of those that it trains


@dataclass(frozen=True, slots=True)
class Disclose:
    """A noisy sum of a step: wires of a buffer (bits LSB first) -> integers of `type`, a clear word of one party's."""

    told: Told
    buffer: int
    type: Type
    to: str
    clear: int
    place: Span | None = field(default=None, compare=False)  # in the text, for reports


@dataclass(frozen=True, slots=True)
class Hand:
    """The same where the sum is two shares: the garbler's, its clear word `own` with the noise in it, is sent as it is,
    numbers mod 2^w for w the width of `type`, and the evaluator adds its own, the clear word `other`."""

    told: Told
    own: int
    other: int
    type: Type
    to: str
    clear: int
    place: Span | None = field(default=None, compare=False)  # in the text, for reports


@dataclass(frozen=True, slots=True)
class Carry:
    """What a loop carries of one party's, in clear words: all at once, the words `sources` become the words `targets`.

    In front of the loop it makes them, at the end of its body it replaces them.
    """

    party: str
    sources: tuple[int, ...]
    targets: tuple[int, ...]
    types: tuple[Type, ...]


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


Step = Launch | Clear | Product | Enter | Open | Tell | Disclose | Hand | Carry | Copy | Free | Repeat


@dataclass(frozen=True, slots=True)
class Plan:
    kernels: tuple[Kernel, ...]
    buffers: tuple[int, ...]  # wires of each buffer
    steps: tuple[Step, ...]


def counted(steps: tuple[Step, ...], times: int = 1) -> Iterator[tuple[Step, int]]:
    """Every step but the Repeats, and how many times it runs."""
    for step in steps:
        if isinstance(step, Repeat):
            yield from counted(step.body, times * step.count)
        else:
            yield step, times


def launches(steps: tuple[Step, ...]) -> Iterator[tuple[Launch, int]]:
    """Every launch and how many times it runs."""
    return ((step, times) for step, times in counted(steps) if isinstance(step, Launch))


def transfers(steps: tuple[Step, ...]) -> Iterator[tuple[Product, int]]:
    """Every product that goes as shares, and how many times it is made."""
    return ((step, times) for step, times in counted(steps) if isinstance(step, Product))


def stages(body: Sequence[Step], evaluator: str) -> list[tuple[Enter, ...]]:
    """What the evaluator enters in a body, inner Repeats aside; Enters in a row are one request of transfers."""
    runs = [tuple(run) for _, run in groupby(body, lambda step: isinstance(step, Enter))]
    own = [tuple(step for step in run if isinstance(step, Enter) and step.party == evaluator) for run in runs]
    return [stage for stage in own if stage]


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
