"""How large a delta may be beside the number of records n.

A mechanism that publishes each record, whole, with chance delta is (0, delta) private: from 1/n on somebody's record is
expected to leave.  So 1/n is refused where it binds (contract, ledger), and 1/(10 n) is where one is warned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from lang.numerals import counted

USUAL = Fraction(1, 10**5)
_DIGITS = 8  # significant, of a default: an amount of a contract is a decimal number


def default_delta(records: Iterable[int]) -> Fraction:
    """The smaller of USUAL and 1/(10 n), rounded down, n the largest of the numbers of records; USUAL without any."""
    n = max(records, default=1)
    places = len(str(10 * n)) - 1 + _DIGITS
    return min(USUAL, Fraction(10**places // (10 * n), 10**places))


def too_large(delta: Fraction, records: Mapping[str, int]) -> str:
    """The data set, if any, for which `delta` is 1/n or more."""
    return next((name for name, n in sorted(records.items()) if delta * n >= 1), "")


def warning(delta: Fraction | float, records: Mapping[str, int]) -> str:
    """A sentence where `delta` is above 1/(10 n); else nothing."""
    for name, n in sorted(records.items(), key=lambda item: -item[1]):
        if Fraction(delta) * 10 * n > 1:
            return (
                f"delta {float(delta):g} is above 1/(10 n), which is {1 / (10 * n):.2g} for the "
                f"{counted(n, 'record')} of `{name}`"
                + (": from 1/n on it promises nothing" if Fraction(delta) * n >= 1 else "")
            )
    return ""
