"""What runs a schedule: one interface, served in the clear, by a garbler and by an evaluator.

A backend's *wires* are an array whose first axis counts them: bits of shape (n,), labels of shape (n, 2).

Bytes on the wire
-----------------
Tables.  A launch runs tile after tile.  A tile of n lanes sends its kernel's AND gates in gate order; each is one
*row* of 2n ciphertexts of 16 bytes, (2 halves, n lanes, 16 bytes) in C order: the garbler's halves of lanes 0..n-1,
then the evaluator's halves.  Where a party knows an operand the row is of n ciphertexts, that one half.

There is nothing between rows, tiles and launches, so the tables of a run are one stream of bytes; how a channel cuts it
into messages is its own matter.  Rows are made and asked for in chunks of about CHUNK_BYTES.
Row numbers count AND gates over tiles through the whole run, see `compiler.schedule.plan`.

Labels of the garbler's inputs and of constants: none.  Both parties read the public label stream (AES-128-CTR under
the label seed, 16 bytes a label, of which the lowest bit becomes 0): first the label of every kernel's constant net,
then one label for each wire of an `Enter` of the garbler or of PUBLIC, in schedule order.  That is the active label.
The evaluator's inputs are one correlated OT for each wire, in schedule order, and then the colours of `yao`.

Noisy sums that are told after their step: the garbler's decoding bits of the wires, packed, least significant first;
or its share with the noise in it, packed as corrections are (`products.pack`).

Outputs, after the last launch: the evaluator's active labels of all wires opened to the garbler, in schedule order,
16 bytes each; then the garbler's decoding bits of all wires opened to the evaluator, in schedule order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

from compiler.schedule.plan import Copy, Free, Launch, Open, Repeat, Step, Transfer
from runtime.crypto.labels import LABEL_BYTES, Labels

Wires = NDArray[Any]
Bits = NDArray[np.uint8]
Numbers = NDArray[np.uint64]  # mod 2^64; whoever reads them keeps the low bits
Shares = tuple[Numbers | None, Numbers | None]  # the garbler's and the evaluator's; None where it is not known

HALVES = 2
CHUNK_BYTES = 1 << 20
PIECE = 1 << 19  # wires that are entered at once at most: a message of transfers, so that no request is cut elsewhere


@dataclass(frozen=True, slots=True)
class Roles:
    """The names of the two parties, as the schedule calls them."""

    garbler: str
    evaluator: str


@dataclass(frozen=True, slots=True)
class StepSum:
    """A noisy sum that is told after its step."""

    index: int  # of the step among all that the program tells
    variable: int


Joint = Launch | Copy | Free | Repeat
"""A step that waits for nobody; of a Repeat, all that it repeats are such steps."""


def is_joint(step: Step) -> TypeGuard[Joint]:
    return isinstance(step, Launch | Copy | Free) or (isinstance(step, Repeat) and all(map(is_joint, step.body)))


def body(step: Repeat) -> list[Joint]:
    """Of a Repeat that is joint."""
    return [each for each in step.body if is_joint(each)]


Next = Callable[[int], Wires]
"""So many of the next wires of a word."""

Progress = Callable[[int], None]  # AND gates done since the last call


class Together(Protocol):
    """Joint steps that are run in one go."""

    def __call__(
        self,
        buffers: MutableMapping[int, Wires],
        iteration: tuple[int, ...],
        row: int,
        progress: Progress | None,
    ) -> None:
        """In an iteration of the Repeats around them, the body that they stand in beginning with this table row."""
        ...


class Backend(Protocol):
    """What `walk` needs.  Kernels are called by their number in the plan that the backend was made for."""

    def empty(self, wires: int) -> Wires:
        """A buffer of so many wires."""
        ...

    def enter(self, party: str, bits: Bits | None, count: int) -> Iterator[Wires]:
        """Wires of a party's `count` bits, or of PUBLIC ones, in order and piece by piece.  They are given where this
        process knows them.

        All pieces are asked for before anything else is; each may change with the next one.
        """
        ...

    @property
    def by_lanes(self) -> bool:
        """Whether lanes of a launch may be run apart, some after the others, see `lanes`."""
        ...

    def words(self, party: str, bits: Bits | None, sizes: Sequence[int]) -> list[Next]:
        """As `enter`, of words of so many wires each, one after the other: what gives the wires of each of them.  What
        the peer is needed for is asked for at once."""
        ...

    def run(self, kernel: int, inputs: Wires, row: int) -> Wires:
        """One tile: wires (inputs, lanes, ...) to new wires (outputs, lanes, ...); its first table row is `row`."""
        ...

    def together(
        self, steps: Sequence[Joint], sizes: Sequence[int], filled: Collection[int], depth: int
    ) -> Together | None:
        """The steps, `depth` Repeats deep, to be run in one go, if this backend has such a way; else they are run one
        by one.  `sizes` are wires of all buffers, of which those `filled` are in use before."""
        ...

    def multiply(self, words: Wires, numbers: Numbers | None, shape: Transfer, row: int) -> Shares:
        """Shares of joint words (words, width, ...) times the garbler's numbers (words, shared), see `products`.

        The numbers are given where this process owns them, and it returns the shares it knows; the first row is `row`.
        """
        ...

    def disclose(self, sum: StepSum, wires: Wires) -> Bits | None:
        """The bits of a noisy sum, for the evaluator; None where this process is not it."""
        ...

    def hand(self, sum: StepSum, numbers: Numbers | None, count: int, ring: int) -> Numbers | None:
        """The garbler's share of a noisy sum, `count` numbers mod 2^ring, for the evaluator.

        They are given where this process owns them, and returned where it is the evaluator.
        """
        ...

    def kept(self, output: Open, wires: Wires) -> Wires:
        """What `open` needs of an output's wires, which may change afterwards."""
        ...

    def open(self, outputs: Sequence[tuple[Open, Wires]]) -> list[Bits | None]:
        """Open all outputs of a run, given what was kept of each, once, at its end; None where this process is not a
        receiver."""
        ...


class Engine(Protocol):
    """The part of a garbling or evaluating backend that depends on the machine; all as in Backend."""

    @property
    def by_lanes(self) -> bool: ...

    def run(self, kernel: int, inputs: Labels, row: int) -> Labels: ...

    def together(
        self, steps: Sequence[Joint], sizes: Sequence[int], filled: Collection[int], depth: int
    ) -> Together | None: ...


class Multiplier(Protocol):
    """The garbler's part of `multiply` that depends on the machine."""

    def multiply(self, zero: Labels, numbers: Numbers, shape: Transfer, row: int) -> Numbers: ...


class Receiver(Protocol):
    """The evaluator's part of it."""

    def multiply(self, active: Labels, shape: Transfer, row: int) -> Numbers: ...


SendTables = Callable[[memoryview], None]
"""Takes the next bytes of the table stream, which change once it returns."""

ReceiveTables = Callable[[int], bytes | bytearray | memoryview]
"""Gives the next so many bytes of the table stream, which must stay unchanged until the next call."""


class GarblerOutputs(Protocol):
    """The garbler's end of the last step.  Each call is made once, in this order, even for no wires."""

    def receive_output_labels(self, count: int) -> Labels:
        """The evaluator's active labels, shape (count, 2)."""
        ...

    def send_decoding_bits(self, bits: Bits) -> None:
        """Release the outputs: whatever must be durable before that is made so in here.  Shape (count,)."""
        ...

    def send_noisy_sum(self, sum: StepSum, payload: bytes) -> None:
        """As `send_decoding_bits`, in the middle of the run: what opens a noisy sum of a step."""
        ...


class EvaluatorOutputs(Protocol):
    """The other end of GarblerOutputs."""

    def receive_noisy_sum(self, sum: StepSum, size: int) -> bytes:
        """So many bytes."""
        ...

    def send_output_labels(self, labels: Labels) -> None: ...

    def receive_decoding_bits(self, count: int) -> Bits: ...


class CotSender(Protocol):
    """Correlated OT with the garbler's Δ."""

    def send(self, count: int) -> Labels:
        """Zero labels of `count` of the evaluator's wires, shape (count, 2)."""
        ...


class CotReceiver(Protocol):
    def receive(self, choices: Bits) -> Labels:
        """For each choice bit the zero label, plus Δ where it is 1; shape (count, 2)."""
        ...


def ciphertext_bytes(lanes: int) -> int:
    """Bytes of one ciphertext of each of `lanes` lanes."""
    return lanes * LABEL_BYTES


def chunks(ciphertexts: Sequence[int], lanes: int) -> Iterator[range]:
    """A tile's rows, cut into what is garbled between two calls of SendTables; each has so many ciphertexts a lane."""
    start = held = 0
    for row, more in enumerate(ciphertexts):
        if held and ciphertext_bytes(lanes) * (held + more) > CHUNK_BYTES:
            yield range(start, row)
            start, held = row, 0
        held += more
    if held:
        yield range(start, len(ciphertexts))
