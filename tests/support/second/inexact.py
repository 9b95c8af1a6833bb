"""The functions that are not exact: their true values, to 60 digits, and the bound that the page states."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

from support.second.kinds import Kind

DIGITS = 70
SLACK = Fraction(1, 10**50)  # far above the error of DIGITS digits, far below a last bit
UNBOUND = Fraction(1, 256)  # bound to no kind, the result has 8 fraction bits


def decimal(v: Fraction) -> Decimal:
    return Decimal(v.numerator) / Decimal(v.denominator)


def true(name: str, v: Fraction, ends: tuple[Fraction, Fraction], least_positive: Fraction | None) -> Fraction:
    """The value of a function of one number; `ends` of the kind are its value where it has none."""
    with localcontext() as context:
        context.prec = DIGITS
        return _true(name, v, ends, least_positive)


def _true(name: str, v: Fraction, ends: tuple[Fraction, Fraction], least_positive: Fraction | None) -> Fraction:
    if name in ("log", "rsqrt") and v <= 0:
        if least_positive is None:
            return ends[0] if name == "log" else ends[1]
        v = least_positive
    x = decimal(v)
    match name:
        case "sqrt":
            return Fraction(x.sqrt()) if v > 0 else Fraction(0)
        case "rsqrt":
            return Fraction(1 / x.sqrt())
        case "exp":
            return Fraction(x.exp())
        case "log":
            return Fraction(x.ln())
        case "sigmoid":
            return Fraction(1 / (1 + (-x).exp()))
        case _:
            assert name == "tanh"
            up, down = x.exp(), (-x).exp()
            return Fraction((up - down) / (up + down))


def softmax(row: Sequence[Fraction]) -> list[Fraction]:
    with localcontext() as context:
        context.prec = DIGITS
        powers = [decimal(v - max(row)).exp() for v in row]
        return [Fraction(p / sum(powers)) for p in powers]


def norm(numbers: Sequence[Fraction]) -> Fraction:
    with localcontext() as context:
        context.prec = DIGITS
        return Fraction(decimal(sum((v * v for v in numbers), Fraction(0))).sqrt())


def close(found: Fraction, wanted: Fraction, kind: Kind | None, within: Fraction | None) -> bool:
    """Results stop at the ends of their kind and are off by at most one last bit, or by `within`."""
    allowed = within if within is not None else kind.unit if kind else UNBOUND
    if kind:
        wanted = min(max(wanted, kind.least), kind.greatest)
    return abs(found - wanted) <= allowed + SLACK
