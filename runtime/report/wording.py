"""Quantities as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from lang.numerals import spelled
from runtime.contract.amounts import Spend
from runtime.net.traffic import Traffic


def count(number: int) -> str:
    """19 431 168"""
    return f"{number:,}".replace(",", " ")


def honest(evaluator: str) -> str:
    return f"{evaluator} is TAKEN FOR HONEST: what it computes of its own inputs nothing checks (evaluator: honest)"


def in_one_alone(names: Sequence[str]) -> str:
    """What an epsilon rests on where data sets are charged as disjoint."""
    return f"no person is in two of {listing(names)}, as their owner says: epsilon is of whichever loses most"


def size(count: float) -> str:
    """621.8 MB; a MB is 10^6 bytes, as networks count."""
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count:.0f} bytes"


def traffic(sent: Traffic) -> str:
    """17.2 MB: 11.0 MB of tables, ...; what there is none of is left out."""
    parts = [f"{size(getattr(sent, f.name))} of {f.name}" for f in fields(sent) if getattr(sent, f.name)]
    return f"{size(sent.total)}" + (f": {', '.join(parts)}" if parts else "")


def percent(part: int, whole: int) -> str:
    """12.3 %"""
    tenths = round(1000 * part / whole) if whole else 0
    return f"{tenths // 10}.{tenths % 10} %"


def rate(per_second: float) -> str:
    """AND gates a second: 2.1 M/s."""
    return f"{per_second / 1e6:.2f} M/s" if per_second >= 1e5 else f"{per_second:.0f}/s"


def duration(seconds: float) -> str:
    """8.3 s, 4 min 05 s"""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def listing(names: Sequence[str]) -> str:
    """`a`, `b` and `c`"""
    quoted = [f"`{name}`" for name in names]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Aligned columns: the first to the left, the others, which are numbers, to the right."""
    cells = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    return [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in cells
    ]


def amount(spend: Spend) -> dict[str, str]:
    """Exact decimals."""
    return {"epsilon": spelled(spend.epsilon), "delta": spelled(spend.delta)}


def indent(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
