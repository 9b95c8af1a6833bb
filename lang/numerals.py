"""Exact numbers as decimal digits."""

from __future__ import annotations

from fractions import Fraction


def spelled(value: Fraction) -> str:
    """The canonical numeral of a number that has finitely many decimals; ValueError for one that has not."""
    places = _places(value)
    if places is None:
        raise ValueError(f"{value} has no finite decimal form")
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    whole, part = digits[: len(digits) - places], digits[len(digits) - places :]
    return ("-" if value < 0 else "") + whole + (f".{part}" if part else "")


def exact(value: Fraction) -> str:
    """The canonical numeral, or the fraction where there is none."""
    return str(value) if _places(value) is None else spelled(value)


def _places(value: Fraction) -> int | None:
    """Digits after the point; None for infinitely many."""
    twos, fives, rest = 0, 0, value.denominator
    while rest % 2 == 0:
        twos, rest = twos + 1, rest // 2
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


def _power(value: Fraction) -> str:
    exponent = abs(value.numerator).bit_length() - value.denominator.bit_length()
    return f"{'-' if value < 0 else ''}2^{exponent}"
