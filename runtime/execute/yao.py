"""The two parties of a garbled circuit as backends: whose label is whose, whatever engine does the gates.

Colours of what a party enters are such that it can tell the value of whatever is an XOR of that: all active labels of
the garbler's have colour 0, so that the zero label's is the value, and all zero labels of the evaluator's, so that the
active label's is.  The first are drawn so.  For the second each party moves both labels of a wire by the colour of the
zero label, which the garbler sees, and the evaluator, that knows its bit and its label, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial

import numpy as np

from compiler.schedule.plan import PUBLIC, Open, Transfer, packed_bytes
from runtime.crypto.labels import Labels
from runtime.crypto.prg import Prg
from runtime.crypto.secret import LabelSecret
from runtime.execute.backend import (
    PIECE,
    Bits,
    CotReceiver,
    CotSender,
    Engine,
    EvaluatorOutputs,
    GarblerOutputs,
    Joint,
    Multiplier,
    Next,
    Numbers,
    Receiver,
    Roles,
    Shares,
    StepSum,
    Together,
    Wires,
)
from runtime.execute.errors import ForgedOutput
from runtime.execute.joint import fill, in_turn
from runtime.execute.products import pack, unpack

OWN_PIECE = 1 << 13  # wires whose labels are made at once without the peer, 128 KiB of them: they stay in the cache


class PublicLabels:
    """Active labels that both parties can compute, in the order in which wires are entered."""

    def __init__(self, seed: bytes) -> None:
        self._seed, self._at = seed, 0
        self._stream = Prg(seed)
        self.constant = self.next(1)  # of every kernel's net 0; shape (1, 2)

    def next(self, count: int) -> Labels:
        """The next labels, of colour 0; shape (count, 2)."""
        self._at += count
        return _next(self._stream, count)

    def later(self, count: int) -> Next:
        """What gives the next so many labels when it is asked, and so many of them; `next` goes on behind them."""
        stream = Prg(self._seed, self._at)
        self._at += count
        self._stream = Prg(self._seed, self._at)
        return partial(_next, stream)


def _next(stream: Prg, count: int) -> Labels:
    return coloured(stream.words(2 * count).reshape(count, 2), 0)


def coloured(labels: Labels, bits: Bits | int) -> Labels:
    """The labels, which get these colours."""
    first = labels[:, 0]
    first &= ~np.uint64(1)
    first |= np.asarray(bits, dtype=np.uint64)
    return labels


def pieces(count: int, most: int) -> Iterator[slice]:
    """So many wires, at most so many at once."""
    return (slice(start, min(start + most, count)) for start in range(0, count, most))


class GarblerBackend:
    """Wires are zero labels, shape (n, 2)."""

    def __init__(
        self,
        roles: Roles,
        secret: LabelSecret,
        public: PublicLabels,
        engine: Engine,
        multiplier: Multiplier,
        cot: CotSender,
        outputs: GarblerOutputs,
    ) -> None:
        self._roles, self._secret, self._public = roles, secret, public
        self._engine, self._multiplier, self._cot, self._outputs = engine, multiplier, cot, outputs

    def empty(self, wires: int) -> Labels:
        return np.zeros((wires, 2), dtype=np.uint64)

    def enter(self, party: str, bits: Bits | None, count: int) -> Iterator[Labels]:
        """Of what is not the evaluator's the active label is public, so the zero label is it or it plus Δ: nothing is
        sent."""
        if party == self._roles.evaluator:
            for piece in pieces(count, PIECE):
                yield coloured(self._cot.send(piece.stop - piece.start), 0)
            return
        own = self._own(party, bits)
        for piece in pieces(count, OWN_PIECE):
            yield self._zero(self._public.next(piece.stop - piece.start), own[piece])

    def _own(self, party: str, bits: Bits | None) -> Bits:
        if party not in (self._roles.garbler, PUBLIC) or bits is None:
            raise ValueError(f"the garbler `{self._roles.garbler}` cannot enter a word of `{party}`")
        return bits

    def _zero(self, active: Labels, bits: Bits) -> Labels:
        """The zero labels of these bits' active ones, which they replace."""
        own = bits.astype(np.uint64)
        with self._secret.in_use() as delta:
            for half in (0, 1):
                active[:, half] ^= own * delta[0, half]
        return active

    @property
    def by_lanes(self) -> bool:
        return self._engine.by_lanes

    def words(self, party: str, bits: Bits | None, sizes: Sequence[int]) -> list[Next]:
        if party == self._roles.evaluator:
            wires = self.empty(sum(sizes))
            fill([wires], self.enter(party, bits, sum(sizes)))
            return in_turn(wires, sizes)
        each = in_turn(self._own(party, bits), sizes)
        return [partial(self._word, own, self._public.later(size)) for own, size in zip(each, sizes, strict=True)]

    def _word(self, own: Next, active: Next, count: int) -> Labels:
        return self._zero(active(count), own(count))

    def run(self, kernel: int, inputs: Labels, row: int) -> Labels:
        return self._engine.run(kernel, inputs, row)

    def together(
        self, steps: Sequence[Joint], sizes: Sequence[int], filled: Collection[int], depth: int
    ) -> Together | None:
        return self._engine.together(steps, sizes, filled, depth)

    def multiply(self, words: Labels, numbers: Numbers | None, shape: Transfer, row: int) -> Shares:
        if numbers is None:
            raise ValueError("the first factor of a product is the garbler's own")
        return self._multiplier.multiply(words, numbers, shape, row), None

    def disclose(self, sum: StepSum, wires: Labels) -> Bits | None:
        self._outputs.send_noisy_sum(sum, np.packbits(_lsb(wires), bitorder="little").tobytes())
        return None

    def hand(self, sum: StepSum, numbers: Numbers | None, count: int, ring: int) -> Numbers | None:
        if numbers is None:
            raise ValueError("the share that is handed over is the garbler's own")
        self._outputs.send_noisy_sum(sum, pack(numbers, ring))
        return None

    def kept(self, output: Open, wires: Labels) -> Wires:
        return _kept(output, wires, self._roles)

    def open(self, outputs: Sequence[tuple[Open, Wires]]) -> list[Bits | None]:
        """The garbler's outputs are checked before any decoding bit leaves.  Raises ForgedOutput."""
        own = [(step.name, zero) for step, zero in outputs if self._roles.garbler in step.to]
        opened = self._decode(own)
        bits = [_bits(zero) for step, zero in outputs if self._roles.evaluator in step.to]
        self._outputs.send_decoding_bits(np.concatenate(bits) if bits else np.zeros(0, dtype=np.uint8))
        return [opened.pop(0) if self._roles.garbler in step.to else None for step, _ in outputs]

    def _decode(self, outputs: list[tuple[str, Labels]]) -> list[Bits]:
        active = self._outputs.receive_output_labels(sum(len(zero) for _, zero in outputs))
        opened: list[Bits] = []
        for name, zero in outputs:
            mine, active = active[: len(zero)], active[len(zero) :]
            bits = _lsb(mine) ^ _lsb(zero)
            with self._secret.in_use() as delta:
                wrong = mine ^ zero ^ delta * bits[:, None].astype(np.uint64)
            if len(mine) != len(zero) or wrong.any():
                self._secret.destroy()
                raise ForgedOutput(name)
            opened.append(bits)
        return opened


class EvaluatorBackend:
    """Wires are active labels, shape (n, 2)."""

    def __init__(
        self,
        roles: Roles,
        public: PublicLabels,
        engine: Engine,
        multiplier: Receiver,
        cot: CotReceiver,
        outputs: EvaluatorOutputs,
    ) -> None:
        self._roles, self._public, self._engine, self._multiplier = roles, public, engine, multiplier
        self._cot, self._outputs = cot, outputs

    def empty(self, wires: int) -> Labels:
        return np.zeros((wires, 2), dtype=np.uint64)

    def enter(self, party: str, bits: Bits | None, count: int) -> Iterator[Labels]:
        if party in (self._roles.garbler, PUBLIC):
            for piece in pieces(count, OWN_PIECE):
                yield self._public.next(piece.stop - piece.start)
            return
        if party != self._roles.evaluator or bits is None:
            raise ValueError(f"the evaluator `{self._roles.evaluator}` cannot enter a word of `{party}`")
        for piece in pieces(count, PIECE):
            yield coloured(self._cot.receive(bits[piece]), bits[piece])

    @property
    def by_lanes(self) -> bool:
        return self._engine.by_lanes

    def words(self, party: str, bits: Bits | None, sizes: Sequence[int]) -> list[Next]:
        if party in (self._roles.garbler, PUBLIC):
            return list(map(self._public.later, sizes))
        wires = self.empty(sum(sizes))
        fill([wires], self.enter(party, bits, sum(sizes)))
        return in_turn(wires, sizes)

    def run(self, kernel: int, inputs: Labels, row: int) -> Labels:
        return self._engine.run(kernel, inputs, row)

    def together(
        self, steps: Sequence[Joint], sizes: Sequence[int], filled: Collection[int], depth: int
    ) -> Together | None:
        return self._engine.together(steps, sizes, filled, depth)

    def multiply(self, words: Labels, numbers: Numbers | None, shape: Transfer, row: int) -> Shares:
        return None, self._multiplier.multiply(words, shape, row)

    def disclose(self, sum: StepSum, wires: Labels) -> Bits | None:
        decoding = self._outputs.receive_noisy_sum(sum, -(-len(wires) // 8))
        return _lsb(wires) ^ np.unpackbits(np.frombuffer(decoding, np.uint8), bitorder="little", count=len(wires))

    def hand(self, sum: StepSum, numbers: Numbers | None, count: int, ring: int) -> Numbers | None:
        return unpack(self._outputs.receive_noisy_sum(sum, packed_bytes(count, ring)), ring, count)

    def kept(self, output: Open, wires: Labels) -> Wires:
        return _kept(output, wires, self._roles)

    def open(self, outputs: Sequence[tuple[Open, Wires]]) -> list[Bits | None]:
        returned = [active for step, active in outputs if self._roles.garbler in step.to]
        self._outputs.send_output_labels(np.concatenate(returned) if returned else self.empty(0))
        own = [active for step, active in outputs if self._roles.evaluator in step.to]
        decoding = self._outputs.receive_decoding_bits(sum(map(len, own)))
        opened: list[Bits | None] = []
        for step, active in outputs:
            if self._roles.evaluator in step.to:
                opened.append(_bits(active) ^ decoding[: len(active)])
                decoding = decoding[len(active) :]
            else:
                opened.append(None)
        return opened


def _kept(output: Open, wires: Labels, roles: Roles) -> Wires:
    """The labels that are compared where the garbler learns the output; else their colours are enough."""
    return wires.copy() if roles.garbler in output.to else _lsb(wires)


def _bits(kept: Wires) -> Bits:
    """The colours of what was kept."""
    bits: Bits = _lsb(kept) if kept.ndim == 2 else kept
    return bits


def _lsb(labels: Labels) -> Bits:
    return labels[:, 0].astype(np.uint8) & np.uint8(1)
