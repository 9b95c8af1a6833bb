"""Plain JSON as records again: each is held to the declared types of its fields, and no number or list is too long.

Nothing is computed with what is read here but where a record's own constructor does.
"""

from __future__ import annotations

import re
import types
import typing
from dataclasses import is_dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

from compiler.artifact.circuits import Circuits
from compiler.artifact.plain import DECIMAL, own_fields, ratio, record_name
from compiler.gates.circuit import Circuit
from compiler.words.ir import Claim, Type, Value
from compiler.words.operations import NAMES, Put, Strided, View

NESTING = 100
BITS = DECIMAL  # of an integer in decimals
LONGEST = 1 << 17  # of an integer, a numerator or a denominator in hexadecimal
DIGITS = 2500  # of one in decimals
LONG = re.compile(r"-?0x[1-9a-f][0-9a-f]*", re.ASCII)
CHARACTERS = 1000  # of a string, the text itself aside
RANK = 64  # axes, of whatever
LENGTHS = {  # most entries of the lists that are multiplied up, by record and field
    **dict.fromkeys((("Type", "shape"), ("View", "lane"), ("View", "port"), ("View", "loop")), RANK),
    **dict.fromkeys((("Launch", "lanes"), ("Copy", "lanes"), ("Product", "terms")), RANK),
    **dict.fromkeys((("Strided", "strides"), ("Strided", "steps")), RANK),
    ("Sampler", "coins"): 2048,
}
OPERATIONS: dict[str, Any] = {name.upper(): op for op, name in NAMES.items()}


def typed(hint: Any, data: Any, circuits: Circuits, depth: int = 0) -> Any:
    """`data` as a value of the type `hint`; raises ValueError where it is not one."""
    if depth > NESTING:
        raise ValueError("nested too deep")
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _one_of(typing.get_args(hint), data, circuits, depth)
    if origin is tuple:
        return _tuple(typing.get_args(hint), data, circuits, depth)
    if hint is Circuit:
        return circuits.next(*_tuple((int, int, tuple[int, ...]), data, circuits, depth))
    if hint is Fraction and isinstance(data, str):
        return fraction(data)
    if hint is int and isinstance(data, str) and LONG.fullmatch(data):
        return _long(data)
    if hint in (int, str, bool) and type(data) is hint:
        return _short(data)
    if isinstance(hint, type) and issubclass(hint, Enum) and isinstance(data, str):
        return hint[data]
    if isinstance(hint, type) and is_dataclass(hint) and isinstance(data, list) and data[:1] == [hint.__name__]:
        if hint is Value:
            return _value(data[1:], circuits, depth + 1)
        return _record(hint, data[1:], circuits, depth)
    raise ValueError(f"expected {getattr(hint, '__name__', hint)}")


def fraction(data: str) -> Fraction:
    """As `plain` writes it: of `1e999999999` Python would make a number that fills the memory."""
    if "x" in data:
        number = Fraction(*(_hexadecimal(part) for part in data.split("/", 1)))
    elif len(data) <= 2 * DIGITS and re.fullmatch(r"-?[0-9]+(/[0-9]+)?", data, re.ASCII):
        number = Fraction(data)
    else:
        raise ValueError(f"{data:.40} is not a fraction in lowest terms")
    if ratio(number) != data:
        raise ValueError(f"{data:.40} is not a fraction in lowest terms")
    return number


def _long(data: str) -> int:
    if (number := _hexadecimal(data)).bit_length() <= DECIMAL:
        raise ValueError(f"{data:.40} in hexadecimal")
    return number


def _hexadecimal(data: str) -> int:
    if len(data) > LONGEST // 4 + 3 or not (LONG.fullmatch(data) or data == "0x0"):
        raise ValueError(f"{data:.40} is not an integer")
    number = int(data, 16)
    if number.bit_length() > LONGEST:
        raise ValueError(f"an integer of more than {LONGEST} bits")
    return number


def _short(data: int | str) -> int | str:
    if isinstance(data, str):
        if len(data) > CHARACTERS or not data.isprintable():
            raise ValueError(f"a string of more than {CHARACTERS} characters, or of some that cannot be printed")
    elif data.bit_length() > BITS:
        raise ValueError(f"an integer of more than {BITS} bits")
    return data


def _value(data: list[Any], circuits: Circuits, depth: int) -> Value:
    name, args, kind, beside, *claimed = data
    op = OPERATIONS[name]
    if op in (View, Put):
        made = op(typed(Strided, beside, circuits, depth))
    elif not own_fields(op):
        if beside is not None:
            raise ValueError(f"{name} has no fields")
        made = op()
    elif isinstance(beside, list) and beside[:1] == [record_name(op)]:
        made = _record(op, beside[1:], circuits, depth)
    else:
        raise ValueError(f"expected {record_name(op)}")
    numbers, type = typed(tuple[int, ...], args, circuits, depth), typed(Type, kind, circuits, depth)
    if len(claimed) > 1:
        raise ValueError("a value claims once")
    return Value(made, numbers, type, claim=Claim[claimed[0]] if claimed else None)


def _record(cls: type, data: list[Any], circuits: Circuits, depth: int) -> Any:
    own = own_fields(cls)
    if len(data) != len(own):
        raise ValueError(f"{cls.__name__} has {len(own)} fields")
    for (name, _), value in zip(own, data, strict=True):
        most = LENGTHS.get((cls.__name__, name))
        if most is not None and isinstance(value, list) and len(value) > most:
            raise ValueError(f"{name} of a {cls.__name__} has {len(value)} entries, more than {most}")
    return cls(**{name: typed(kind, v, circuits, depth + 1) for (name, kind), v in zip(own, data, strict=True)})


def _one_of(choices: tuple[Any, ...], data: Any, circuits: Circuits, depth: int) -> Any:
    if data is None and type(None) in choices:
        return None
    for choice in choices:
        if is_dataclass(choice) and isinstance(data, list) and data[:1] == [getattr(choice, "__name__", "")]:
            return typed(choice, data, circuits, depth)
        if choice is Fraction and isinstance(data, str):
            return fraction(data)
    raise ValueError("none of the possible types")


def _tuple(items: tuple[Any, ...], data: Any, circuits: Circuits, depth: int) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise ValueError("expected a list")
    if len(items) == 2 and items[1] is Ellipsis:
        return tuple(typed(items[0], v, circuits, depth + 1) for v in data)
    return tuple(typed(hint, v, circuits, depth + 1) for hint, v in zip(items, data, strict=True))
