"""The widths of a program, for people and as JSON: `ccr inspect --ranges`."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from compiler.lowering.widths import Binding, Width
from compiler.schedule.attribution import place_of
from lang.numerals import ratio, short, show_number
from runtime.report.places import excerpt
from runtime.report.values import number
from runtime.report.wording import table

OVERFLOW = {"none": "cannot overflow", "saturates": "saturates", "wraps": "wraps"}
ROUNDS = {"no": "exact", "nearest": "rounds to nearest", "floor": "rounds down"}
HEADER = ("expression", "from", "to", "scale", "bits", "")


def as_json(rows: Sequence[Width]) -> list[dict[str, object]]:
    """The integers of a value lie in lo..hi and count `scale`s; errors are exact fractions."""
    return [_json(row) for row in rows]


def _json(row: Width) -> dict[str, object]:
    file, line, column = place_of(row.span)
    binding, function, type = row.binding, row.approximation, row.type
    return {
        "file": file,
        "line": line,
        "column": column,
        "name": row.name or None,
        "text": excerpt(row.span),
        "shape": list(type.shape),
        "lo": number(Fraction(type.lo)),
        "hi": number(Fraction(type.hi)),
        "scale": ratio(type.scale),
        "bits": type.width,
        "kind": binding.kind if binding else None,
        "rounds": binding.rounds if binding else None,
        "overflow": binding.overflow if binding else None,
        "function": function.function if function else None,
        "error_allowed": _fraction(function.allowed) if function else None,
        "error_reached": _fraction(function.reached) if function else None,
    }


def _fraction(value: Fraction | None) -> str | None:
    return None if value is None else ratio(value)


def cells(row: Width) -> tuple[str, ...]:
    """One line of the table, see HEADER."""
    file, line, column = place_of(row.span)
    text = f"{row.name} = {excerpt(row.span)}" if row.name.isidentifier() else row.name or excerpt(row.span)
    type = row.type
    return (
        f"{file}:{line}:{column}  {text}",
        _short(type.lo * type.scale),
        _short(type.hi * type.scale),
        _scale(type.scale),
        str(type.width),
        "; ".join([*_binding(row.binding), *_function(row)]),
    )


def lines(rows: Sequence[Width]) -> list[str]:
    """A table; what happens when a value is bound to a kind, and how exact a function is, stands last."""
    drawn = table(HEADER[:-1], [cells(row)[:-1] for row in rows])
    last = ["", *(cells(row)[-1] for row in rows)]
    return [f"{line}  {words}".rstrip() for line, words in zip(drawn, last, strict=True)]


def _binding(binding: Binding | None) -> list[str]:
    return [f"{binding.kind}: {ROUNDS[binding.rounds]}, {OVERFLOW[binding.overflow]}"] if binding else []


def _function(row: Width) -> list[str]:
    found = row.approximation
    if found is None:
        return []
    bound = found.allowed if found.reached is None else found.reached
    return [f"{found.function} off by at most {_short(bound)}"] if bound is not None else []


def _short(value: Fraction) -> str:
    """Exactly where that takes few digits, else to six, or to a power of two where float64 ends."""
    exact = show_number(value)
    return exact if len(exact) <= 9 or not 1e-300 < abs(value) < 1e300 else f"{float(value):.6g}"


def _scale(scale: Fraction) -> str:
    """2^-10, or the fraction where it is not a power of two."""
    top, bottom = scale.numerator, scale.denominator
    if scale == 1 or top & (top - 1) or bottom & (bottom - 1):
        return short(scale)
    return f"2^{top.bit_length() - bottom.bit_length()}"
