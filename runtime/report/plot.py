"""Epsilon over the steps of a program and over delta, as a picture.  Needs matplotlib (the extra `plot`)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from io import BytesIO
from math import isfinite
from pathlib import Path
from typing import Any

from lang.numerals import counted
from runtime.files import replace
from runtime.privacy.accountant import ADJACENCY, UNIT
from runtime.report.spending import Spending, over_delta, over_steps, steps_of

ENDINGS = (".png", ".svg", ".pdf")


def available() -> bool:
    return find_spec("matplotlib") is not None


def plot(spending: Spending, path: Path) -> None:
    """Write the picture, whole or not at all; its ending, one of ENDINGS, says in which format.  Raises OSError."""
    drawn = figure(spending)
    replace(path, lambda file: drawn.savefig(file, format=path.suffix[1:]))


def figure(spending: Spending) -> Any:
    """A Figure of matplotlib, which notebooks show whether or not they know of matplotlib."""
    from matplotlib.figure import Figure

    class Picture(Figure):
        def _repr_png_(self) -> bytes:
            stream = BytesIO()
            self.savefig(stream, format="png")
            return stream.getvalue()

    figure: Any = Picture(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    delta, told = spending.privacy.delta, spending.told
    steps = steps_of(told)
    _draw(left, over_steps(told, delta))
    left.axvline(steps, color="grey", linewidth=0.8)
    left.set(xlabel="steps (the line: the program's)", ylabel="epsilon", title=f"delta = {delta:g}")
    _draw(right, [(g.delta, g.epsilon) for g in over_delta(told)])
    right.set(xlabel="delta", ylabel="epsilon", xscale="log", title=counted(steps, "step"))
    figure.suptitle(f"{ADJACENCY}; {UNIT}; {spending.each[0].accountant}", fontsize=9)
    return figure


def _draw(axes: Any, points: Sequence[tuple[float, float]]) -> None:
    finite = [(x, y) for x, y in points if isfinite(y)]
    axes.plot([x for x, _ in finite], [y for _, y in finite], marker="o", markersize=3)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
