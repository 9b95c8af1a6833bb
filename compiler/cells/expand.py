"""One lane of word operations as a Boolean circuit."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from compiler.cells.add import compress
from compiler.cells.columns import Bits, Columns
from compiler.cells.compare import equal, negative, select, select_free
from compiler.cells.multiply import added, product, put_digits, term, triangle
from compiler.cells.noise import gauss
from compiler.cells.power import power
from compiler.cells.private_divide import divide, remainder, square_root
from compiler.cells.round import round_to
from compiler.cells.table import Lookups, apply_pieces
from compiler.cells.word import Number, Word, count_readers
from compiler.gates.builder import Builder, placed
from compiler.gates.circuit import Circuit
from compiler.gates.limits import PROGRAM_GATES
from compiler.words import operations
from compiler.words.evaluate import strided
from compiler.words.extern import Extern
from compiler.words.ir import Block, Type, Value, digit_offset
from compiler.words.operations import (
    NAMES,
    And,
    Compute,
    Constant,
    Digits,
    Div,
    Dot,
    Equal,
    Exact,
    Less,
    Linear,
    Logic,
    Mul,
    Or,
    Pieces,
    Power,
    Remainder,
    Round,
    Select,
    Sqrt,
    Sum,
    Xor,
)
from compiler.words.sampler import Sampler
from compiler.words.triangles import Triangles

Wires = NDArray[Any]  # dtype object: one Word for each element of a tensor


class Unsupported(Exception):
    """An item that is not work of one lane; the cut into kernels must not let it in."""


def expand(block: Block) -> Circuit:
    """The circuit of a lane: ports and results in order, elements row-major, bits LSB first.

    It agrees with `words/evaluate.py` for all ports within their types' lo..hi.
    """
    return charged(block)[0]


def charged(block: Block, most: int = PROGRAM_GATES) -> tuple[Circuit, list[int]]:
    """The circuit of a lane, and for each gate the index of the item that it is charged to.

    Raises TooManyGates for one of more than `most`.

    That is the item whose cell makes the gate, or, for the adders of a sum, the item that the sum began with: a
    bias added to a dot product before that is added up, or the rounding after it, does not take it over.
    """
    builder = Builder(sum(p.size * p.width for p in block.params), most)
    wires = dict(enumerate(_ports(block.params, builder), block.first))
    order: list[Word] = []
    for index, (number, item) in enumerate(block.numbered()):
        if not isinstance(item, Value):
            raise Unsupported(f"item {number} of a lane is a loop")
        before = len(order)
        wires[number] = _wire(number, item, [wires[a] for a in item.args], order)
        for word in order[before:]:
            word.index = index
    results = [word for r in block.results for word in wires[r].flat]
    for word in results:
        word.uses += 2  # a result is resolved, and read as such by whoever else reads it
        word.needed = word.type.width
    count_readers(order)
    lookups = Lookups((id(w.operands[0]), w.op) for w in order if w.uses and isinstance(w.op, Pieces))
    for word in order:
        if word.uses and word.number is None:
            assert word.op is not None
            builder.owner = word.index
            word.number = _cell(builder, word, word.op, lookups)
            if isinstance(word.number, Bits):  # in its type's own width, which readers count on
                word.number = Bits(word.number.resize(word.type.width), word.type.signed)
            elif word.number.owner is None:
                word.number.owner = word.index
    circuit = builder.circuit([literal for word in results for literal in word.bits(builder).literals])
    return circuit, builder.owners()


def _ports(params: Iterable[Type], builder: Builder) -> Iterable[Wires]:
    net = 0
    for type in params:
        words: list[Word] = []
        for _ in range(type.size):
            literals = tuple(builder.input(net + i) for i in range(type.width))
            net += type.width
            words.append(Word(None, (), type, number=Bits(literals, type.signed)))
        yield _array(words, type.shape)


def _array(words: list[Word], shape: tuple[int, ...]) -> Wires:
    array: Wires = np.empty(len(words), dtype=object)
    array[:] = words
    return array.reshape(shape)


def _wire(number: int, item: Value, args: list[Wires], order: list[Word]) -> Wires:
    """The item's elements: the operands' own where it only moves them, else new words in `order`."""
    match item.op:
        case Constant(values):
            words = [Word(None, (), item.type, number=Columns(constant=v)) for v in values]
            return _array(words * item.type.size if len(words) == 1 else words, item.type.shape)
        case operations.View(at):
            return strided(args[0].reshape(-1), at, item.type.shape, _indices(number, args[1:])).copy()
        case operations.Put(at):
            flat = args[0].copy().reshape(-1)
            strided(flat, at, args[1].shape, _indices(number, args[2:]))[...] = args[1]
            return flat.reshape(item.type.shape)
        case operations.Concat():
            return np.concatenate(args)
        case operations.Bound() | operations.Mechanism() | operations.Enter():
            return args[0]
        case Sum() | Dot() | Digits() | Triangles() | Sampler() as op:
            lead = args[0].ndim - (1 if isinstance(op, Sampler) else op.count)
            rows = np.concatenate([a.reshape(*a.shape[:lead], -1) for a in np.broadcast_arrays(*args)], axis=lead)
            made = [Word(op, tuple(row), item.type) for row in rows.reshape(item.type.size, -1)]
        case Extern() as op:
            made = _siblings(op, args, item.type)
        case op if isinstance(op, Compute):
            spread = [np.broadcast_to(a, item.type.shape).reshape(-1) for a in args]
            made = [Word(op, tuple(a[i] for a in spread), item.type) for i in range(item.type.size)]
        case op:
            raise Unsupported(f"item {number} of a lane is `{NAMES[type(op)]}`, which is not work of one lane")
    order += made
    return _array(made, item.type.shape)


def _siblings(op: Extern, args: list[Wires], type: Type) -> list[Word]:
    """The bits of each result; the first of them reads all of its operands, and makes the others."""
    made: list[Word] = []
    for lane in np.ndindex(*type.shape[:-1]):
        operands = tuple(word for a in args for word in a[lane])
        first = Word(op, operands, type)
        first.siblings = (first, *(Word(op, (first,), type) for _ in range(type.shape[-1] - 1)))
        made += first.siblings
    return made


def _indices(number: int, args: list[Wires]) -> list[int]:
    constants = [word.constant for index in args for word in index.flat]
    if None in constants:
        raise Unsupported(f"item {number} of a lane is indexed by a value that is not a constant")
    return [c for c in constants if c is not None]


def _cell(builder: Builder, word: Word, op: Compute, lookups: Lookups) -> Number:
    match op:
        case Linear():
            return _linear(builder, word, op)
        case Mul():
            return _mul(builder, word)
        case Sum():
            return _sum(builder, word)
        case Dot():
            return _dot(builder, word)
        case Digits():
            return _digits(builder, word, op)
        case Triangles():
            return _triangles(builder, word, op)
        case Exact():
            return _exact(builder, word, op)
        case Round():
            return _round(builder, word, op)
        case Less():
            return _less(builder, word)
        case Equal():
            return _equal(builder, word)
        case Power():
            return _power(builder, word)
        case Select():
            return _select(builder, word)
        case And() | Or() | Xor():
            return _bitwise(builder, word, op)
        case Pieces():
            return _apply(builder, word, op, lookups)
        case Sampler():
            return _gauss(builder, word, op)
        case Extern():
            return _through(builder, word, op)
        case Div():
            return _div(builder, word, op)
        case Remainder():
            return _remainder(builder, word)
        case Sqrt():
            return _sqrt(builder, word)
        case _:
            assert_never(op)


def _linear(builder: Builder, word: Word, op: Linear) -> Number:
    total = Columns(constant=op.constant)
    for coefficient, operand in zip(op.coefficients, word.operands, strict=True):
        columns = operand.columns(builder)
        if coefficient.bit_count() > 1 and columns.weight > operand.type.width:
            columns = Columns.of(operand.bits(builder))  # each digit of the coefficient would pay for the sum again
        total.add(columns, coefficient)
    return total


def _mul(builder: Builder, word: Word) -> Number:
    left, right = word.operands
    return _product(builder, left, right, word.needed)


def _product(builder: Builder, left: Word, right: Word, width: int | None) -> Columns:
    """One product; inside a longer sum (width None) or alone."""
    for factor, other in (left, right), (right, left):
        if factor.constant is not None:
            columns = Columns()
            columns.add(other.columns(builder), factor.constant)
            return columns
    a, b = left.bits(builder), right.bits(builder)
    return term(a, b) if width is None else product(builder, a, b, width)


def _dot(builder: Builder, word: Word) -> Number:
    half = len(word.operands) // 2
    total = Columns()
    for left, right in zip(word.operands[:half], word.operands[half:], strict=True):
        total.add(_product(builder, left, right, None))
    return total


def _sum(builder: Builder, word: Word) -> Number:
    total = Columns()
    for operand in word.operands:
        total.add(operand.columns(builder))
    return total


def _digits(builder: Builder, word: Word, op: Digits) -> Number:
    half = len(word.operands) // 2
    total = Columns()
    for left, right in zip(word.operands[:half], word.operands[half:], strict=True):
        assert (op.left, op.right) == (digit_offset(left.type), digit_offset(right.type))
        put_digits(total, left.bits(builder), right.bits(builder))
    return total


def _triangles(builder: Builder, word: Word, op: Triangles) -> Number:
    half = len(word.operands) // 2 if op.pair else 0
    total = Columns()
    for at in range(half or len(word.operands)):
        one = word.operands[at]
        number = one.bits(builder)
        if op.pair:
            other = word.operands[half + at]
            ends = one.type.lo + other.type.lo, one.type.hi + other.type.hi
            number = added(builder, number, other.bits(builder), *ends)
        total.add(triangle(number, op.offset))
    return total


def _exact(builder: Builder, word: Word, op: Exact) -> Number:
    """By 2^k it is a shift of the columns; an odd divisor has an inverse modulo 2^width."""
    assert op.by > 0
    twos = (op.by & -op.by).bit_length() - 1
    quotient = Columns()
    quotient.add(word.operands[0].columns(builder))
    quotient.shift += twos
    odd = op.by >> twos
    if odd == 1:
        return quotient
    width = word.type.width
    scaled = Columns()
    scaled.add(Columns.of(Bits(compress(builder, quotient, width), False)), pow(odd, -1, 1 << width))
    return Bits(compress(builder, scaled, width), word.type.signed)


def _round(builder: Builder, word: Word, op: Round) -> Number:
    [operand] = word.operands
    return round_to(builder, operand.columns(builder), operand.type.lo, operand.type.hi, op, word.type)


def _less(builder: Builder, word: Word) -> Number:
    left, right = word.operands
    difference = Columns()
    difference.add(left.columns(builder))
    difference.add(right.columns(builder), -1)
    below = negative(builder, difference, left.type.lo - right.type.hi, left.type.hi - right.type.lo)
    return Bits((below,), False)


def _equal(builder: Builder, word: Word) -> Number:
    left, right = word.operands
    return Bits((equal(builder, left.bits(builder), right.bits(builder)),), False)


def _power(builder: Builder, word: Word) -> Number:
    [operand] = word.operands
    return Bits(power(builder, operand.bits(builder).literals, operand.type.hi), False)


def _select(builder: Builder, word: Word) -> Number:
    condition, then, other = word.operands
    [bit] = condition.bits(builder).resize(1)
    free = select_free(bit, then.columns(builder), other.columns(builder))
    if free is not None:
        return free
    literals = select(builder, bit, then.bits(builder), other.bits(builder), word.type.width)
    return Bits(literals, word.type.signed)


def _bitwise(builder: Builder, word: Word, op: Logic) -> Number:
    gate = builder.and_ if isinstance(op, And) else builder.or_ if isinstance(op, Or) else builder.xor
    left, right = (operand.bits(builder).resize(word.type.width) for operand in word.operands)
    return Bits(tuple(map(gate, left, right)), word.type.signed)


def _apply(builder: Builder, word: Word, op: Pieces, lookups: Lookups) -> Number:
    [operand] = word.operands
    find = partial(lookups.at, builder, id(operand), op)
    return apply_pieces(builder, operand.bits(builder), operand.type, op, word.type, find)


def _gauss(builder: Builder, word: Word, op: Sampler) -> Number:
    """The operands' bits one after the other, as many from each."""
    bits = [operand.bits(builder).resize(1)[0] for operand in word.operands]
    return gauss(builder, [builder.parity(bits[i :: op.bits]) for i in range(op.bits)], op)


def _through(builder: Builder, word: Word, op: Extern) -> Number:
    """The circuit once, and its outputs to all siblings."""
    bits = [operand.bits(builder).resize(1)[0] for operand in word.operands]
    for sibling, literal in zip(word.siblings, placed(builder, op.circuit, bits), strict=True):
        sibling.number = Bits((literal,), False)
    assert word.number is not None
    return word.number


def _div(builder: Builder, word: Word, op: Div) -> Number:
    a, b = word.operands
    return divide(builder, a.bits(builder), b.bits(builder), (a.type, b.type), op, word.type)


def _remainder(builder: Builder, word: Word) -> Number:
    a, b = word.operands
    return remainder(builder, a.bits(builder), b.bits(builder), (a.type, b.type), word.type)


def _sqrt(builder: Builder, word: Word) -> Number:
    [operand] = word.operands
    return square_root(builder, operand.bits(builder), operand.type.hi)
