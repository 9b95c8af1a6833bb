"""Masking, a value at a time: what becomes of a cell is decided by the cell and by constants of the policy alone."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from fractions import Fraction
from math import floor
from typing import assert_never

from lang.numerals import spelled
from runtime.data.deidentify.cells import plain
from runtime.data.deidentify.masks import Drop, Generalise, Hash, Mask
from runtime.data.deidentify.pseudonyms import PSEUDONYM, pseudonym
from runtime.data.encode import Wrong

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_LONGEST = 1100  # characters of a numeral, as for what a program reads
Masker = Callable[[str], str]  # from a cell's text; raises Wrong, which does not tell the value


def masker(column: str, mask: Hash | Generalise, key: bytes) -> Masker:
    """What becomes of each cell of a column; a gap stays one."""
    match mask:
        case Hash():
            return lambda text: pseudonym(key, column, text)
        case Generalise(prefix=0):
            return lambda text: _numeral(mask, plain(text))
        case Generalise(prefix=length):
            return lambda text: plain(text)[:length].rstrip()
        case _ as never:
            assert_never(never)


def masked(mask: Mask, text: str) -> bool:
    """Whether a cell is such as its mask leaves it: masking twice changes nothing more."""
    if not text:
        return not isinstance(mask, Drop)
    match mask:
        case Drop():
            return False
        case Hash():
            return PSEUDONYM.fullmatch(text) is not None
        case Generalise(prefix=0):
            return _is_number(text) and generalised(mask, Fraction(text)) == Fraction(text)
        case Generalise(prefix=length):
            return len(text) <= length
        case _ as never:
            assert_never(never)


def generalised(mask: Generalise, value: Fraction) -> Fraction:
    """Clamped, then rounded down."""
    if mask.bins:
        return mask.bins[max(bisect_right(mask.bins, value) - 1, 0)]
    if mask.bottom is not None:
        value = max(value, mask.bottom)
    if mask.top is not None:
        value = min(value, mask.top)
    return value if mask.step is None else floor(value / mask.step) * mask.step


def _is_number(text: str) -> bool:
    return len(text) <= _LONGEST and _NUMBER.fullmatch(text) is not None


def _numeral(mask: Generalise, text: str) -> str:
    if not text:
        return ""
    if not _is_number(text):
        raise Wrong("what stands there is no number, and the policy generalises numbers", "mend or empty the cell")
    return spelled(generalised(mask, Fraction(text)))
