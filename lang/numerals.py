"""Exact numbers as decimal digits, of any length; and numbers of things."""

from __future__ import annotations

from fractions import Fraction

_CHUNK = 600  # digits that `str` always makes; it refuses more than PYTHONINTMAXSTRDIGITS, which is 640 at least


def decimal(n: int) -> str:
    """The digits of an integer, without lifting that limit for others."""
    if abs(n).bit_length() <= 3 * _CHUNK:
        return str(n)
    length = _CHUNK
    while abs(n) >= 10**length:
        length *= 2
    return "-" * (n < 0) + _padded(abs(n), length).lstrip("0")


def _padded(n: int, length: int) -> str:
    """So many digits, a power of two times _CHUNK, with leading zeros."""
    if length == _CHUNK:
        return str(n).zfill(length)
    high, low = divmod(n, 10 ** (length // 2))
    return _padded(high, length // 2) + _padded(low, length // 2)


def counted(number: int, noun: str) -> str:
    """1 run, 1 200 runs"""
    return f"{number:,}".replace(",", " ") + f" {noun}" + ("" if number == 1 else "s")


def ratio(value: Fraction) -> str:
    """As `str` has it: 5, or -1/3."""
    return decimal(value.numerator) + (f"/{decimal(value.denominator)}" if value.denominator != 1 else "")


def spelled(value: Fraction) -> str:
    """The canonical numeral of a number that has finitely many decimals; ValueError for one that has not."""
    places = _places(value)
    if places is None:
        raise ValueError(f"{ratio(value)} has no finite decimal form")
    digits = decimal(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    whole, part = digits[: len(digits) - places], digits[len(digits) - places :]
    return ("-" if value < 0 else "") + whole + (f".{part}" if part else "")


def exact(value: Fraction) -> str:
    """The canonical numeral, or the fraction where there is none."""
    return ratio(value) if _places(value) is None else spelled(value)


def _places(value: Fraction) -> int | None:
    """Digits after the point; None for infinitely many."""
    twos = (value.denominator & -value.denominator).bit_length() - 1
    fives, rest = 0, value.denominator >> twos
    while rest % 5 == 0:
        fives, rest = fives + 1, rest // 5
    return max(twos, fives) if rest == 1 else None


def show_number(value: Fraction) -> str:
    """A public number as one would write it."""
    if value.denominator == 1:
        return str(value) if value.numerator.bit_length() < 64 else f"about {_power(value)}"
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > 64:
        return f"about {_power(value)}"
    return str(value) if _places(value) is None else f"{float(value):.15g}"


def short(value: Fraction) -> str:
    """Exactly, as a power of two where it is a long one, but about where that takes many digits."""
    top, bottom = value.as_integer_ratio()
    if max(top, bottom).bit_length() <= 300:
        return ratio(value)
    return _power(value) if top.bit_count() == bottom.bit_count() == 1 else show_number(value)


def _power(value: Fraction) -> str:
    exponent = abs(value.numerator).bit_length() - value.denominator.bit_length()
    return f"{'-' if value < 0 else ''}2^{exponent}"
