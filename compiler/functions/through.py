"""A call of a circuit from a file -> words: bits in, the circuit, and a number of the result's kind."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from compiler.gates.apart import Apart, apart
from compiler.gates.bristol import circuit_of
from compiler.gates.netlist import Netlist
from compiler.words.arithmetic import broadcast_shapes
from compiler.words.builder import BIT, Builder
from compiler.words.extern import Extern
from compiler.words.operations import Bits, Strided
from compiler.words.strides import row_major
from lang.kinds import Scalar
from lang.typed import Number, Through


@lru_cache(maxsize=8)
def _circuits(netlist: Netlist) -> Apart:
    return apart(circuit_of(netlist), netlist.inputs)


def through(b: Builder, e: Through, args: list[int]) -> int:
    """What one argument decides alone is made of it first, whoever has it, and once where many share it."""
    outside, kind, netlist = e.outside, e.type.kind, e.outside.body
    assert kind is not None and isinstance(netlist, Netlist)
    fronts = [b.type(a).shape[: len(b.type(a).shape) - own] for a, own in zip(args, outside.axes, strict=True)]
    lead, made, operands = broadcast_shapes(fronts), _circuits(netlist), list[int]()
    for arg, front, of, bits, part in zip(args, fronts, e.args, netlist.inputs, made.parts, strict=True):
        assert isinstance(of.type, Number) and of.type.kind is not None
        flat = b.reshape(_bits(b, arg, of.type.kind), (*front, bits))
        if part is not None:
            flat = b.add(Extern(outside.name, part), (flat,), replace(BIT, shape=(*front, len(part.outputs))))
        operands.append(b.broadcast(flat, (*lead, *b.type(flat).shape[-1:])))
    result = replace(BIT, shape=(*lead, sum(netlist.outputs)))
    return _number(b, b.add(Extern(outside.name, made.rest), operands, result), kind, e.type.shape)


def _bits(b: Builder, number: int, kind: Scalar) -> int:
    """Along a new last axis, as many as the kind has whatever is known of the value."""
    type = b.type(number)
    whole = b.fit(number, replace(type, lo=kind.lo, hi=kind.hi))
    return b.add(Bits(), (whole,), replace(BIT, shape=(*type.shape, kind.bits)))


def _number(b: Builder, number: int, kind: Scalar, shape: tuple[int, ...]) -> int:
    """Bits as numbers of a kind: the sum of what they stand for, in which no two meet."""
    bits = b.reshape(number, (*shape, kind.bits))
    unit = row_major((*shape, kind.bits))[: len(shape)]
    terms = [(kind.scale * (1 << i), b.view(bits, Strided(i, unit), shape)) for i in range(kind.bits)]
    if kind.lo < 0:
        terms[-1] = (-terms[-1][0], terms[-1][1])
    return b.affine(terms)
