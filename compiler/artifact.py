"""Artifacts (`.ccrc`): a compiled program as bytes that do not depend on the machine, read without running any of it.

    "CCRC"  version (2 bytes)  header length (4)  header  circuits
    notes  their length (4)  SHA-256 of notes and length
    SHA-256 of all before the notes

Integers are little-endian.  The header is canonical JSON of the dataclasses of `Compiled`, field by
field, and a record is decoded against the declared types of its fields; a value of words is its operation's
name, its operands, its type, what the operation knows beside them and, where it makes one, its claim; circuits
are arrays (for each gate its operation, left and right literal; for each net its register).  The digest at the end is
the program's identity, which two parties compare before they run.  The notes say which lines of the
text the gates come from: a file that is renamed, commented or formatted is the same program, so the
digest leaves them out.  They serve reports alone.
"""

from __future__ import annotations

import hashlib
import json
import re
import types
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from compiler.gates.circuit import Circuit, Gate, GateOp
from compiler.program import Compiled, Line, outside
from compiler.schedule import shares
from compiler.schedule.plan import Kernel, Open, Tell
from compiler.schedule.shares import ShareError
from compiler.schedule.verify import PlanError, verify
from compiler.words.ir import Claim, Type, Value, full_range
from compiler.words.operations import NAMES, PUBLIC, Div, Dot, Enter, Exact, Linear, Op, Put, Round, Strided, Sum, View

MAGIC = b"CCRC"
VERSION = 3
LARGEST = 1 << 30  # bytes; a longer file is not read
DIGEST = 32
NESTING = 100
OPERATIONS: dict[str, Any] = {name.upper(): op for op, name in NAMES.items()}
RECORDS: dict[type[Op], str] = {  # what an operation knows beside its operands, where it is not called like it
    Linear: "Weights",
    Sum: "Axes",
    Dot: "Axes",
    Exact: "Divisor",
    Round: "Rounding",
    Div: "ByZero",
    Enter: "Owner",
}


class ArtifactError(Exception):
    """A file that is not an artifact of this version, or was changed since it was written."""


def encode(program: Compiled) -> bytes:
    """The artifact's bytes; the last 32 are its digest."""
    circuits: list[Circuit] = []
    header = json.dumps(_plain(program, circuits), separators=(",", ":"), ensure_ascii=True).encode()
    body = b"".join(map(_circuit_bytes, circuits))
    content = MAGIC + VERSION.to_bytes(2, "little") + len(header).to_bytes(4, "little") + header + body
    notes = json.dumps(_plain(program.lines, []), separators=(",", ":"), ensure_ascii=True).encode()
    return seal(content, notes)


def seal(content: bytes, notes: bytes) -> bytes:
    """Content and notes as a file that the digests of both protect."""
    tail = notes + len(notes).to_bytes(4, "little")
    return content + tail + hashlib.sha256(tail).digest() + hashlib.sha256(content).digest()


def unsealed(data: bytes) -> tuple[bytes, bytes] | None:
    """(content, notes), or None if the digests do not match."""
    end = len(data) - 2 * DIGEST - 4
    if end < 10:
        return None
    start = end - int.from_bytes(data[end : end + 4], "little")
    if start < 10:
        return None
    tail = data[start : -2 * DIGEST]
    if hashlib.sha256(tail).digest() + hashlib.sha256(data[:start]).digest() != data[-2 * DIGEST :]:
        return None
    return data[:start], data[start:end]


def digest(artifact: bytes) -> str:
    return artifact[-DIGEST:].hex()


def kernel_digest(kernel: Kernel) -> str:
    """SHA-256 of a kernel's circuit and registers: equal for equal work, whatever program it stands in."""
    circuits: list[Circuit] = []
    shape = json.dumps([_plain(kernel.circuit, circuits), kernel.registers], separators=(",", ":")).encode()
    return hashlib.sha256(shape + b"".join(map(_circuit_bytes, circuits))).hexdigest()


def decode(data: bytes) -> Compiled:
    """The program; raises ArtifactError for anything but bytes that `encode` of this version made.

    A digest only says that a file is whole: what it describes is held to what a run relies on.
    """
    if data[:4] != MAGIC:
        raise ArtifactError("this is not a compiled ccr program: compile the .ccr file with `ccr compile`")
    version = int.from_bytes(data[4:6], "little")
    if version != VERSION:
        raise ArtifactError(f"the artifact has format {version}, this ccr reads format {VERSION}: compile it again")
    parts = unsealed(data)
    if parts is None:
        raise ArtifactError("the artifact is damaged: its digest does not match its content; compile it again")
    content, notes = parts
    end = 10 + int.from_bytes(content[6:10], "little")
    try:
        reader = _Circuits(content, end, len(content))
        program = _typed(Compiled, json.loads(content[10:end]), reader, 0)
        reader.finish()
        program = replace(program, lines=_typed(tuple[Line, ...], json.loads(notes), reader, 0))
    except (ValueError, TypeError, KeyError, RecursionError, ZeroDivisionError) as error:
        raise ArtifactError(f"the artifact does not describe a program: {error}") from None
    assert isinstance(program, Compiled)
    _check_declared(program)
    try:
        verify(program.plan, outside(program))
        noisy = any(mechanism.noise_multiplier > 0 for mechanism in program.mechanisms)
        shares.verify(program.plan, program.garbler, program.evaluator, noisy)
    except (PlanError, ShareError) as error:
        raise ArtifactError(f"the artifact's plan is not one to run: {error}; compile it again") from None
    _check_manifest(program)
    return program


def _check_declared(program: Compiled) -> None:
    """Raises ArtifactError unless what a party loads, and what an accountant is told, makes sense."""
    wrong = next(_misdeclared(program), None)
    if wrong is not None:
        raise ArtifactError(f"the artifact {wrong}: compile it again")


def _misdeclared(program: Compiled) -> Iterator[str]:
    parties, owners = program.parties, {d.name: d.party for d in program.datasets}
    if len(parties) != 2 or {program.garbler, program.evaluator} != set(parties):
        yield "has parties that are not its garbler and its evaluator"
    asked = [
        *((entry.name, entry.party, [type]) for entry, type, _ in program.inputs),
        *((d.name, d.party, [f.type for f in d.fields]) for d in program.datasets),
    ]
    if len({name for name, _, _ in asked}) < len(asked):
        yield "has two inputs of one name"
    for name, party, kinds in asked:
        if party not in parties:
            yield f"asks `{party}` for `{name}`, who is not a party"
        if not all(map(_of_a_kind, kinds)):
            yield f"asks for a `{name}` that is of no kind"
    for m in program.mechanisms:
        if m.dataset not in owners or m.drawn_by not in (PUBLIC, owners[m.dataset]):
            yield f"has noise on `{m.dataset}` that its owner has no part in"
        counted = 0 < m.batch <= m.slots and min(m.steps, *m.sizes) > 0
        if not (counted and m.clip > 0 and m.noise_multiplier > 0):
            yield f"says of the noise on `{m.dataset}` what cannot be"


def _of_a_kind(type: Type) -> bool:
    """Whole words, with so many bits after the point: what `kind_of` of a party's sources makes of it is true."""
    bits = type.scale.denominator.bit_length() - 1
    whole = (type.lo, type.hi) == full_range(type.width, type.signed)
    return whole and type.scale == Fraction(1, 1 << bits) and all(n > 0 for n in type.shape)


def _check_manifest(program: Compiled) -> None:
    """Raises ArtifactError unless the plan gives each party what the program's list of outputs says."""
    given = [step for step in program.plan.steps if isinstance(step, Open | Tell)]
    if [(step.name, step.to) for step in given] != [(output.name, output.receivers) for output in program.outputs]:
        raise ArtifactError("the artifact's plan gives its outputs to others than it says: compile it again")
    for step, output in zip(given, program.outputs, strict=True):
        if (step.type.shape, step.type.scale) != (output.type.shape, output.type.scale):
            raise ArtifactError(f"the artifact's plan gives another `{output.name}` than it says: compile it again")


# -- dataclasses <-> JSON -------------------------------------------------------------------------


def _plain(value: object, circuits: list[Circuit]) -> Any:
    match value:
        case Circuit():
            circuits.append(value)
            return [value.inputs, len(value.gates), list(value.outputs)]
        case Fraction():
            return str(value)
        case Enum():
            return value.name
        case bool() | int() | str() | None:
            return value
        case tuple():
            return [_plain(v, circuits) for v in value]
        case Value():
            return ["Value", *_operation(value, circuits)]
        case _ if is_dataclass(value):
            cls: type = type(value)
            return [cls.__name__, *(_plain(getattr(value, name), circuits) for name, _ in _fields(cls))]
        case _:
            raise TypeError(f"an artifact cannot hold a {type(value).__name__}")


def _operation(value: Value, circuits: list[Circuit]) -> list[Any]:
    """An operation's name comes before its operands, what it knows beside them after the type."""
    op = value.op
    if isinstance(op, View | Put):
        beside = _plain(op.at, circuits)
    else:
        _, *own = _plain(op, circuits)
        beside = [_record_name(type(op)), *own] if own else None
    parts = [NAMES[type(op)].upper(), _plain(value.args, circuits), _plain(value.type, circuits), beside]
    return [*parts, value.claim.name] if value.claim else parts


def _record_name(op: type[Op]) -> str:
    return RECORDS.get(op, op.__name__)


def _value(data: list[Any], circuits: _Circuits, depth: int) -> Value:
    name, args, kind, beside, *claimed = data
    op = OPERATIONS[name]
    if op in (View, Put):
        made = op(_typed(Strided, beside, circuits, depth))
    elif not _fields(op):
        if beside is not None:
            raise ValueError(f"{name} has no fields")
        made = op()
    elif isinstance(beside, list) and beside[:1] == [_record_name(op)]:
        made = _record(op, beside[1:], circuits, depth)
    else:
        raise ValueError(f"expected {_record_name(op)}")
    numbers, type = _typed(tuple[int, ...], args, circuits, depth), _typed(Type, kind, circuits, depth)
    if len(claimed) > 1:
        raise ValueError("a value claims once")
    return Value(made, numbers, type, claim=Claim[claimed[0]] if claimed else None)


@cache
def _fields(cls: type) -> tuple[tuple[str, Any], ...]:
    """The fields that make a value what it is; places in the source text do not."""
    hints = typing.get_type_hints(cls)
    return tuple((f.name, hints[f.name]) for f in fields(cls) if f.compare)


def _typed(hint: Any, data: Any, circuits: _Circuits, depth: int) -> Any:
    """`data` as a value of the type `hint`; raises ValueError where it is not one."""
    if depth > NESTING:
        raise ValueError("nested too deep")
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _one_of(typing.get_args(hint), data, circuits, depth)
    if origin is tuple:
        return _tuple(typing.get_args(hint), data, circuits, depth)
    if hint is Circuit:
        return circuits.next(data)
    if hint is Fraction and isinstance(data, str):
        return _fraction(data)
    if hint in (int, str, bool) and type(data) is hint:
        return data
    if isinstance(hint, type) and issubclass(hint, Enum) and isinstance(data, str):
        return hint[data]
    if isinstance(hint, type) and is_dataclass(hint) and isinstance(data, list) and data[:1] == [hint.__name__]:
        if hint is Value:
            return _value(data[1:], circuits, depth + 1)
        return _record(hint, data[1:], circuits, depth)
    raise ValueError(f"expected {getattr(hint, '__name__', hint)}")


def _fraction(text: str) -> Fraction:
    """As `_plain` writes it: of `1e999999999` Python would make a number that fills the memory."""
    if not re.fullmatch(r"-?[0-9]+(/[0-9]+)?", text) or str(number := Fraction(text)) != text:
        raise ValueError(f"{text:.40} is not a fraction in lowest terms")
    return number


def _record(cls: type, data: list[Any], circuits: _Circuits, depth: int) -> Any:
    own = _fields(cls)
    if len(data) != len(own):
        raise ValueError(f"{cls.__name__} has {len(own)} fields")
    return cls(**{name: _typed(kind, v, circuits, depth + 1) for (name, kind), v in zip(own, data, strict=True)})


def _one_of(choices: tuple[Any, ...], data: Any, circuits: _Circuits, depth: int) -> Any:
    if data is None and type(None) in choices:
        return None
    for choice in choices:
        if is_dataclass(choice) and isinstance(data, list) and data[:1] == [getattr(choice, "__name__", "")]:
            return _typed(choice, data, circuits, depth)
        if choice is Fraction and isinstance(data, str):
            return _fraction(data)
    raise ValueError("none of the possible types")


def _tuple(items: tuple[Any, ...], data: Any, circuits: _Circuits, depth: int) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise ValueError("expected a list")
    if len(items) == 2 and items[1] is Ellipsis:
        return tuple(_typed(items[0], v, circuits, depth + 1) for v in data)
    return tuple(_typed(hint, v, circuits, depth + 1) for hint, v in zip(items, data, strict=True))


# -- circuits -------------------------------------------------------------------------------------


def _circuit_bytes(circuit: Circuit) -> bytes:
    gates = np.array(circuit.gates, dtype=np.uint32).reshape(-1, 3)
    return gates[:, 0].astype("u1").tobytes() + gates[:, 1:].astype("<u4").tobytes()


class _Circuits:
    """Reads the circuits one after the other, as the header mentions them."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.data, self.at, self.end = data, start, end

    def next(self, header: Any) -> Circuit:
        inputs, count, outputs = header
        if not (isinstance(inputs, int) and isinstance(count, int) and 0 <= count <= (self.end - self.at) // 9):
            raise ValueError("a circuit is longer than the file")
        ops = np.frombuffer(self.data, "u1", count, self.at)
        nets = np.frombuffer(self.data, "<u4", 2 * count, self.at + count).reshape(-1, 2)
        self.at += 9 * count
        gates = tuple(
            Gate(GateOp(op), left, right) for op, (left, right) in zip(ops.tolist(), nets.tolist(), strict=True)
        )
        return Circuit(inputs, gates, _typed(tuple[int, ...], outputs, self, 0))

    def finish(self) -> None:
        if self.at != self.end:
            raise ValueError("bytes left over")
