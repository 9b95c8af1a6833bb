"""Scores over each thing that was tried, in fixed point and in floating point.  Needs matplotlib (the extra `plot`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runtime.authoring.tuning import AXES, Row
from runtime.files import replace


def plot(rows: Sequence[Row], best: Row, what: str, path: Path) -> None:
    """Written whole or not at all; the ending says in which format.  Raises OSError."""
    from matplotlib.figure import Figure

    panels = {axis: found for axis in AXES if len(found := along(rows, best, axis)) > 1}
    figure: Any = Figure(figsize=(3.2 * max(len(panels), 1), 3.2), layout="constrained")
    for axes, (axis, found) in zip(
        figure.subplots(1, max(len(panels), 1), sharey=True, squeeze=False)[0], panels.items(), strict=False
    ):
        _panel(axes, axis, found, best)
    if panels:
        figure.axes[0].set_ylabel(what)
        figure.axes[0].legend(fontsize=8)
    replace(path, lambda file: figure.savefig(file, format=path.suffix[1:]))


def along(rows: Sequence[Row], best: Row, axis: str) -> list[Row]:
    """The rows that differ from the first one, or else from the one that was picked, in this alone."""
    known = [row for row in rows if row.outcome]
    found = max(([r for r in known if _alike(r, from_, axis)] for from_ in (best, rows[0])), key=len)
    return sorted(found, key=lambda row: _place(row, axis))


def _alike(row: Row, other: Row, axis: str) -> bool:
    return all(getattr(row.point, a) == getattr(other.point, a) for a in AXES if a != axis)


def _place(row: Row, axis: str) -> float:
    return float(sum(fix.bits for _, fix in row.point.kinds) if axis == "kinds" else getattr(row.point, axis))


def _panel(axes: Any, axis: str, rows: Sequence[Row], best: Row) -> None:
    places = list(range(len(rows)))  # evenly: what is tried goes by factors
    axes.errorbar(
        places,
        [r.mean for r in rows],
        [r.spread for r in rows],
        marker="o",
        capsize=3,
        label="fixed point",
    )
    if all(r.floating is not None for r in rows):
        axes.plot(places, [r.floating for r in rows], "x--", label="floating point")
    if best in rows:
        axes.axvline(rows.index(best), color="grey", linewidth=0.8)
    axes.set_xticks(places, [r.point.shown(axis) for r in rows], rotation=30 if axis == "kinds" else 0)
    axes.set(xlabel=axis if best not in rows else f"{axis} (the line: picked)")
    axes.grid(alpha=0.3)
