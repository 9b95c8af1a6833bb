"""Outputs as numbers: for JSON, for a terminal."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from compiler.words.integers import Array
from compiler.words.ir import Type
from lang.numerals import exact

SHOWN = 64  # elements that are printed; more are counted
EXACT = 53  # bits of a float64's significand
SMALL = 1000  # bits of a denominator that every float64 of so many bits can have


def numbers(value: Array, type: Type) -> Any:
    """The numbers of an output, nested like its shape; see `number`."""
    found = np.empty(value.shape, dtype=object)
    found.reshape(-1)[:] = [number(int(n) * type.scale) for n in value.reshape(-1)]
    return found.tolist()


def number(value: Fraction) -> int | float | str:
    """For JSON: a number where float64, as which most read it, holds it exactly, else a string of all its decimals.

    One that has infinitely many decimals is the nearest float64, or where that tells too little a fraction as a string.
    """
    if abs(value.numerator) > 1 << EXACT or value.denominator.bit_length() > SMALL:
        return exact(value)
    return value.numerator if value.denominator == 1 else float(value)


def text(value: Array, type: Type, most: int = SHOWN) -> str:
    """The numbers of an output, exactly; a tensor of more than so many elements is cut short."""
    flat = value.reshape(-1)
    if value.ndim == 0:
        return exact(int(flat[0]) * type.scale)
    shown = ", ".join(exact(int(n) * type.scale) for n in flat[:most])
    rest = f", ... ({len(flat)} in all)" if len(flat) > most else ""
    return f"[{shown}{rest}]"
