"""Records as plain JSON: a record is its class and its fields, in order.

A value of words is its operation's name, its operands, its type, what the operation knows beside them and, where it
makes one, its claim.  Places in the text and what serves reports alone are left out.
"""

from __future__ import annotations

import hashlib
import json
import typing
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from functools import cache
from typing import Any

from compiler.artifact.circuits import circuit_bytes
from compiler.gates.circuit import Circuit
from compiler.schedule.plan import Kernel
from compiler.words.ir import Value
from compiler.words.operations import NAMES, Div, Dot, Enter, Exact, Linear, Op, Put, Round, Sum, View

DECIMAL = 8192  # bits of the longest number in decimals, which take long, and which `json` reads to a length only
RECORDS: dict[type[Op], str] = {  # what an operation knows beside its operands, where it is not called like it
    Linear: "Weights",
    Sum: "Axes",
    Dot: "Axes",
    Exact: "Divisor",
    Round: "Rounding",
    Div: "ByZero",
    Enter: "Owner",
}


def ratio(value: Fraction) -> str:
    """`-1/3` or `5`; in hexadecimal where either is long."""
    parts = (value.numerator, value.denominator)[: 1 + (value.denominator != 1)]
    long = max(n.bit_length() for n in parts) > DECIMAL
    return "/".join(hex(n) if long else str(n) for n in parts)


def text(data: Any) -> bytes:
    """JSON in the one spelling that an artifact has."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=True).encode()


def kernel_digest(kernel: Kernel) -> str:
    """SHA-256 of a kernel's circuit and registers: equal for equal work, whatever program it stands in."""
    circuits: list[Circuit] = []
    shape = text([plain(kernel.circuit, circuits), kernel.registers])
    return hashlib.sha256(shape + b"".join(map(circuit_bytes, circuits))).hexdigest()


def plain(value: object, circuits: list[Circuit]) -> Any:
    """As `json` takes it; the circuits are collected, in the order in which they are mentioned."""
    match value:
        case Circuit():
            circuits.append(value)
            return [value.inputs, len(value.gates), list(value.outputs)]
        case Fraction():
            return ratio(value)
        case Enum():
            return value.name
        case bool() | str() | None:
            return value
        case int():
            return value if value.bit_length() <= DECIMAL else hex(value)
        case tuple():
            return [plain(v, circuits) for v in value]
        case Value():
            return ["Value", *_operation(value, circuits)]
        case _ if is_dataclass(value):
            cls: type = type(value)
            return [cls.__name__, *(plain(getattr(value, name), circuits) for name, _ in own_fields(cls))]
        case _:
            raise TypeError(f"an artifact cannot hold a {type(value).__name__}")


def _operation(value: Value, circuits: list[Circuit]) -> list[Any]:
    """An operation's name comes before its operands, what it knows beside them after the type."""
    op = value.op
    if isinstance(op, View | Put):
        beside = plain(op.at, circuits)
    else:
        _, *own = plain(op, circuits)
        beside = [record_name(type(op)), *own] if own else None
    parts = [NAMES[type(op)].upper(), plain(value.args, circuits), plain(value.type, circuits), beside]
    return [*parts, value.claim.name] if value.claim else parts


def record_name(op: type[Op]) -> str:
    return RECORDS.get(op, op.__name__)


@cache
def own_fields(cls: type) -> tuple[tuple[str, Any], ...]:
    """The fields that make a value what it is; places in the source text do not."""
    hints = typing.get_type_hints(cls)
    return tuple((f.name, hints[f.name]) for f in fields(cls) if f.compare)
