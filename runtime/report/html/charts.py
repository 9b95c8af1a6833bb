"""Bars that stand in the rows of a table, and a curve: drawn in percent, so that text keeps its size at any width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from html import escape
from itertools import pairwise
from math import floor, log10

from lang.numerals import counted
from runtime.net.traffic import Traffic
from runtime.privacy.accountant import upward
from runtime.report.html.document import Markup, closed, table, wide
from runtime.report.wording import count

KINDS = tuple(f.name for f in fields(Traffic))
TICKS = 6  # at most, of an axis
FAR = 3  # times the curve, up to which a bound is drawn


def bar(parts: Sequence[tuple[str, float]]) -> Markup:
    """Pieces one after the other, each of a class and a share of the whole width.  Its row says the same in numbers."""
    drawn: list[str] = []
    start = 0.0
    for name, share in parts:
        drawn.append(f'<rect class="of-{name}" x="{start:.2%}" width="{share:.2%}" height="100%"/>')
        start += share
    return Markup(f'<svg class="bar" aria-hidden="true">{"".join(drawn)}</svg>')


def barred(said: str, drawn: Markup) -> Markup:
    """What a cell says, on one line, and the bar below."""
    return Markup(f'<div class="one-line">{said if isinstance(said, Markup) else escape(said)}</div>{drawn}')


def of_bytes(sent: Traffic, whole: int) -> Markup:
    """A bar of what is sent, by what it carries."""
    return bar([(kind, getattr(sent, kind) / whole) for kind in KINDS if getattr(sent, kind)])


def legend(sent: Traffic) -> str:
    """Which colour is which kind of bytes."""
    found = [f'<li><span class="of-{kind}"></span>{kind}</li>' for kind in KINDS if getattr(sent, kind)]
    return f'<ul class="legend">{"".join(found)}</ul>'


def bars(name: str, header: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    """A table with a bar in each row, in its first cell, below what that says."""
    return wide(name, table(header, rows).replace("<table>", '<table class="bars">', 1))


@dataclass(frozen=True, slots=True)
class Curve:
    """Epsilon over steps: finite points, where the program itself stands, and what a contract allows, if one does."""

    points: tuple[tuple[int, float], ...]
    here: tuple[int, float]
    delta: float
    owner: str = ""  # whose epsilon it is, where there are several owners
    allowed: float | None = None


def curve(shown: Curve) -> str:
    highest = max(y for _, y in shown.points)
    bound = shown.allowed if shown.allowed and shown.allowed <= FAR * highest else None  # farther it flattens the curve
    top, right = 1.08 * max(highest, bound or 0) or 1.0, max(x for x, _ in shown.points)

    def at(x: float, y: float) -> tuple[str, str]:
        return f"{x / right:.2%}", f"{1 - y / top:.2%}"

    places = [at(*point) for point in shown.points]
    return "\n".join(
        [
            f'<figure class="plot"><svg role="img" aria-label="{escape(said(shown))}">',
            *(_across(at(0, y)[1], f"{y:g}") for y in ticks(top)),
            *(_below(at(x, 0)[0], count(round(x))) for x in ticks(right, 1)),
            *(
                f'<line class="line" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'
                for (x1, y1), (x2, y2) in pairwise(places)
            ),
            *(_bound(at(0, bound)[1], f"allowed: {bound:g}") if bound else []),
            *_here(shown, *at(*shown.here)),
            "</svg></figure>",
            closed("The curve as a table", _points(shown)),
        ]
    )


def said(shown: Curve) -> str:
    """The curve in a sentence."""
    steps, epsilon = shown.here
    whose = f" of {shown.owner}, the dearest," if shown.owner else ""
    bound = f"; the contract allows {shown.allowed:g}" if shown.allowed else ""
    after = f"{upward(epsilon)} after {counted(steps, 'step')}{bound}"
    return f"Epsilon{whose} over steps at delta {shown.delta:g}: {after}"


def _points(shown: Curve) -> str:
    return wide("Epsilon over steps", table(("steps", "epsilon"), [(count(x), upward(y)) for x, y in shown.points]))


def _across(y: str, text: str) -> str:
    return (
        f'<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/>'
        f'<text x="0" y="{y}" dx="-.7em" dy=".33em" text-anchor="end">{text}</text>'
    )


def _below(x: str, text: str) -> str:
    return f'<text x="{x}" y="100%" dy="1.5em" text-anchor="middle">{text}</text>'


def _here(shown: Curve, x: str, y: str) -> list[str]:
    steps, epsilon = shown.here
    told = f"ε {upward(epsilon)} at {counted(steps, 'step')}"
    return [
        f'<line class="mark" x1="{x}" x2="{x}" y1="{y}" y2="100%"/>',
        f'<circle class="dot" cx="{x}" cy="{y}" r="5"/>',
        f'<text class="said" x="{x}" y="{y}" dx=".4em" dy="1.6em">{told}</text>',
    ]


def _bound(y: str, text: str) -> list[str]:
    return [
        f'<line class="bound" x1="0" x2="100%" y1="{y}" y2="{y}"/>',
        f'<text class="said" x="0" y="{y}" dx=".4em" dy="-.5em">{text}</text>',
    ]


def ticks(top: float, least: float = 0.0) -> list[float]:
    """Round numbers from 0 up to `top`, above 0, TICKS of them besides 0 at most, and at least `least` apart."""
    power = 10.0 ** floor(log10(top / TICKS))
    step = max(least, next(power * n for n in (1, 2, 5, 10, 20) if top / (power * n) <= TICKS))
    return [round(n * step, 12) for n in range(floor(top / step) + 1)]
