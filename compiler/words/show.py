"""Words as text, a line for each value:

%12 = linear 3*%4 - %7 + 2 : 96x31 -4..3 * 1/1024   // tumour.ccr:26:19

The type is a shape, the range of the integers and the scale that they are multiplied with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import assert_never

from compiler.words.extern import Extern
from compiler.words.ir import Block, Dataset, Field, Item, Loop, Output, Result, Value, Words, interval
from compiler.words.operations import (
    NAMES,
    And,
    Bits,
    Bound,
    Coins,
    Concat,
    Constant,
    Digits,
    Div,
    Dot,
    Draw,
    Enter,
    Entry,
    Equal,
    Exact,
    Held,
    Learn,
    Less,
    Linear,
    Mark,
    Mechanism,
    Mul,
    Noise,
    Op,
    Or,
    Pieces,
    Pooled,
    Power,
    Put,
    Remainder,
    Ring,
    Round,
    Select,
    Share,
    Sqrt,
    Strided,
    Sum,
    Telling,
    Transfer,
    View,
    Xor,
)
from compiler.words.sampler import Sampler
from compiler.words.triangles import Triangles
from lang.numerals import decimal
from lang.source import Span

INDENT = "  "
MOST_NUMBERS = 8  # of a constant


def lines(words: Words) -> list[str]:
    """A whole program: its data sets, its block, its outputs."""
    return [
        f"parties {', '.join(words.parties)}",
        *map(_dataset, words.datasets),
        *block_lines(words.block),
        *map(_output, words.outputs),
    ]


def block_lines(block: Block) -> list[str]:
    """A block: its parameters, its items, its results."""
    params = [f"%{n} : {type}" for n, type in enumerate(block.params, block.first)]
    items = [line for number, item in block.numbered() for line in _item(number, item)]
    return [*params, *items, f"give {_list(block.results)}"]


def _dataset(d: Dataset) -> str:
    fields = (f"{f.name} {f.type}" + (f" of norm {f.norm}" if f.norm is not None else "") + _where(f) for f in d.fields)
    return f"data {d.name} of {d.party}: {', '.join(fields)}"


def _where(f: Field) -> str:
    return f" where {' && '.join(map(str, f.where))}" if f.where else ""


def _output(o: Output) -> str:
    return f"{'reveal' if o.revealed else 'output'} {o.name} = %{o.value} to {', '.join(o.receivers)}{_place(o.span)}"


def _item(number: int, item: Item) -> Iterator[str]:
    match item:
        case Value(op, args, type, span, claim):
            claimed = f" ! {claim.value}" if claim else ""
            made = f"{NAMES[op.__class__]} {_operation(op, [f'%{a}' for a in args])}".rstrip()
            yield f"%{number} = {made} : {type}{claimed}{_place(span)}"
        case Loop(count, init, body, span):
            yield f"%{number} = loop {count} from {_list(init)}{_place(span)}"
            yield from (INDENT + line for line in block_lines(body))
        case Result(loop, position, type):
            yield f"%{number} = result {position} of %{loop} : {type}"
        case _:
            assert_never(item)


def _list(numbers: Sequence[int]) -> str:
    return ", ".join(f"%{n}" for n in numbers) or "nothing"


def _place(span: Span | None) -> str:
    return f"   // {PurePath(span.source.name).name}:{span.line}:{span.column}" if span else ""


def _operation(op: Op, args: Sequence[str]) -> str:
    """The operands, with what the operation knows beside them."""
    match op:
        case Constant(values):
            return " ".join(map(decimal, values[:MOST_NUMBERS])) + (" .." if len(values) > MOST_NUMBERS else "")
        case Linear(coefficients, constant):
            return _sum([*zip(coefficients, args, strict=True)], constant)
        case Sum(count) | Dot(count) | Transfer(count):
            return f"{', '.join(args)} over {count}"
        case Ring(count, more):
            return f"{', '.join(args)} over {count}" + (f" + {more}" if more else "")
        case Digits(count, left, right):
            return f"({_sum([(2, args[0])], left)}) ({_sum([(2, args[1])], right)}) over {count}"
        case Triangles(count, offset):
            return f"{' + '.join(args)} with {offset} over {count}"
        case Exact(by):
            return f"{args[0]} / {decimal(by)}"
        case Round(up, down, lo, hi, nearest, wrap):
            how = f"{'nearest' if nearest else 'down'}, {'wrap' if wrap else 'clamp'}"
            return f"{args[0]} * {decimal(up)}/{decimal(down)} {how} {interval(lo, hi)}"
        case Div(lo, hi):
            return f"{', '.join(args)} or {decimal(lo)}, {decimal(hi)}"
        case Pieces():
            return f"{_pieces(op)} {args[0]}"
        case Extern(name):
            return f"{name} of {', '.join(args)}"
        case Sampler(sigma):
            return f"{', '.join(args)} of deviation {sigma} from {op.bits} bits"
        case View(at):
            return f"{args[0]}[{_strided(at, args[1:])}]"
        case Put(at):
            return f"{args[0]}[{_strided(at, args[2:])}] <- {args[1]}"
        case (
            Mul()
            | Remainder()
            | Sqrt()
            | Less()
            | Equal()
            | Select()
            | And()
            | Or()
            | Xor()
            | Bits()
            | Concat()
            | Power()
        ):
            return ", ".join(args)
        case Entry() | Draw() | Noise() | Coins():
            return _source(op)
        case Bound() | Mechanism() | Enter() | Learn() | Held() | Pooled():
            return _passed(op, " + ".join(args))
        case Share(party):
            return f"{args[0]} of {party}"
        case _:
            assert_never(op)


def _sum(terms: Sequence[tuple[int, str]], constant: int) -> str:
    """3*%4 - %7 + 2."""
    parts = [(c, a if abs(c) == 1 else f"{decimal(abs(c))}*{a}") for c, a in terms]
    if constant or not parts:
        parts.append((constant, decimal(abs(constant))))
    first = ("-" if parts[0][0] < 0 else "") + parts[0][1]
    return first + "".join(f" {'-' if sign < 0 else '+'} {text}" for sign, text in parts[1:])


def _strided(at: Strided, indices: Sequence[str]) -> str:
    """4 + (96 1) + 3*%2: the offset, the stride of each axis, the step of each index."""
    axes = [(1, f"({' '.join(map(str, at.strides))})")] if at.strides else []
    return _sum([(1, str(at.offset)), *axes, *zip(at.steps, indices, strict=True)], 0)


def _pieces(op: Pieces) -> str:
    table = f"{len(op.base)} {'cells' if any(op.slope) else 'entries'} of 2^{op.shift}"
    return (
        f"{op.name} ({table}, drop {op.drop}, limit {op.limit}, guard {op.guard}, centre {op.center}, off {op.error})"
    )


def _source(op: Entry | Draw | Noise | Coins) -> str:
    match op:
        case Entry(name, party):
            return f"{name} of {party}"
        case Draw(dataset, name, party, draw, batch, slots, whole):
            drawn = f"measure {draw}, all {slots} rows" if whole else f"dpsgd {draw}, {batch} in {slots} slots"
            return f"{dataset}.{name or 'valid'} of {party}, {drawn}"
        case Noise(party, draw, sigma, variable):
            return f"of {party}, dpsgd {draw}, variable {variable}, deviation {sigma}"
        case Coins(party, draw, variable):
            return f"of {party}, dpsgd {draw}, variable {variable}"
        case _:
            assert_never(op)


def _passed(op: Mark | Enter | Telling, arg: str) -> str:
    match op:
        case Bound(norm, argument):
            return f"{arg} to {norm} ({argument})"
        case Mechanism(dataset=dataset, draw=draw, clip=clip, noise_multiplier=noise, drawn_by=party, whole=whole):
            word = "measure" if whole else "dpsgd"
            return f"{arg} of {dataset}, {word} {draw}, clip {clip}, noise {noise} by {party or 'both'}"
        case Enter(party):
            return f"{arg} of {party or 'both'}"
        case Learn(party, draw, variable):
            return f"{arg} to {party}, dpsgd {draw}, variable {variable}"
        case Held(party):
            return f"{arg} by {party}"
        case Pooled(party, draw, variable, most, together, _):
            return f"{arg} by {party}, dpsgd {draw}, variable {variable}, up to {most} with others up to {together}"
        case _:
            assert_never(op)
