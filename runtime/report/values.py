"""Outputs as numbers: for JSON, for a terminal."""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.words.integers import Array
from compiler.words.ir import Type
from lang.numerals import exact

SHOWN = 64  # elements that are printed; more are counted


def numbers(value: Array, type: Type) -> Any:
    """The numbers of an output, nested like its shape: int where the scale is whole, else float."""
    if type.scale.denominator == 1:
        return (value * type.scale.numerator).tolist()
    flat = [float(int(n) * type.scale) for n in value.reshape(-1)]
    return np.array(flat).reshape(value.shape).tolist()


def text(value: Array, type: Type, most: int = SHOWN) -> str:
    """The numbers of an output, exactly; a tensor of more than so many elements is cut short."""
    flat = value.reshape(-1)
    if value.ndim == 0:
        return exact(int(flat[0]) * type.scale)
    shown = ", ".join(exact(int(n) * type.scale) for n in flat[:most])
    rest = f", ... ({len(flat)} in all)" if len(flat) > most else ""
    return f"[{shown}{rest}]"
