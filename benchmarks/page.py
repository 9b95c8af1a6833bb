"""The tables and the plots of docs/benchmarks.md, from a file of figures: `python -m benchmarks.page`.

It reads docs/benchmarks.json, which `python -m benchmarks --output` wrote, and rewrites what stands behind `MARK`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import number
from benchmarks.machine import BUSY

DOCS = Path(__file__).parents[1] / "docs"
FIGURES, PAGE, PLOT = DOCS / "benchmarks.json", DOCS / "benchmarks.md", DOCS / "benchmarks.svg"
MARK = "<!-- what follows is made by `python -m benchmarks.page` -->\n"
TITLES = {
    "kernel": "Gates in memory, on one core",
    "shares": "Corrections of shares, on one core",
    "threads": "Gates in memory, shared among threads",
    "ot": "Oblivious transfer, on one core",
    "channel": "The channel, on loopback",
    "programs": "Programs, between two processes",
    "scaling": "What grows with what",
    "memory": "Memory of the parties",
    "start": "The command's start",
    "counts": "AND gates of the examples, and what compiling takes",
}
PEERS = {"against emp": "ccr against EMP", "against mp-spdz": "ccr against MP-SPDZ"}
Told = dict[str, Any]


def text(told: Told) -> str:
    """All of the page that is made."""
    lines = [*_machine(told["machine"], told["date"]), "", "![throughput and memory](benchmarks.svg)", ""]
    for part in dict.fromkeys(figure["part"] for figure in told["figures"]):
        figures = [figure for figure in told["figures"] if figure["part"] == part]
        lines += [f"## {(TITLES | PEERS)[part]}", "", *_table(figures), ""]
    return "\n".join(lines).rstrip() + "\n"


def _machine(facts: Told, date: str) -> Iterator[str]:
    cpu = f"{facts['cpu']} ({', '.join(facts['flags'])}), {facts['cores']} cores, {facts['memory_gb']} GB"
    versions = f"Python {facts['python']}, numpy {facts['numpy']}, {facts['openssl']}, ccr {facts['ccr']}"
    yield f"Measured {date} on {cpu};"
    yield f"{facts['system']}, {versions}, backend {facts['backend']}."
    yield "Medians; ± is half the spread, and where there is none, it ran once."
    if facts["load"] > BUSY:
        yield ""
        yield f"**The machine was busy (load {facts['load']}): an idle one does better.**"


def _table(figures: list[Told]) -> Iterator[str]:
    """A row a subject, a column a measure; medians, and half the spread in percent of them.  Peers have a ratio."""
    columns = list(dict.fromkeys((figure["measure"], figure["unit"]) for figure in figures))
    if figures[0]["part"].startswith("against "):
        columns = list(dict.fromkeys((figure["measure"], "") for figure in figures))
    peers = [measure for measure, _ in columns if measure != "ccr"] if columns[0][0] == "ccr" else []
    heads = [f"{measure}, {unit}" if unit else measure for measure, unit in columns]
    heads += [f"ccr is faster than {peer}, times" for peer in peers]
    yield f"| | {' | '.join(heads)} |"
    yield f"|---|{'---|' * len(heads)}"
    for subject in dict.fromkeys(figure["subject"] for figure in figures):
        row = {figure["measure"]: figure for figure in figures if figure["subject"] == subject}
        cells = [_cell(row.get(measure), with_unit=not unit) for measure, unit in columns]
        cells += [number(_faster(row["ccr"], row[peer])) for peer in peers]
        yield f"| {subject} | {' | '.join(cells)} |"


def _cell(figure: Told | None, with_unit: bool) -> str:
    if figure is None:
        return ""
    spread = (figure["high"] - figure["low"]) / 2 / figure["median"] if figure["median"] else 0.0
    unit = f" {figure['unit']}" if with_unit else ""
    return number(figure["median"]) + unit + (f" ± {100 * spread:.0f}%" if figure["runs"] > 1 else "")


def _faster(ours: Told, theirs: Told) -> float:
    """By their medians; of seconds the fewer, of rates the more."""
    one, other = ours["median"], theirs["median"]
    return float(other / one if ours["unit"] == "s" else one / other)


def series(told: Told, part: str, measure: str) -> dict[str, list[tuple[float, float]]]:
    """Lines of a plot by name, of subjects such as `vaes256, 16 lanes` or `10 lanes`."""
    found: dict[str, list[tuple[float, float]]] = {}
    for figure in told["figures"]:
        if figure["part"] == part and figure["measure"] == measure:
            name, _, rest = figure["subject"].rpartition(", ")
            at, unit = rest.split(" ", 1)
            found.setdefault(name or unit, []).append((float(at), figure["median"]))
    return found


def draw(told: Told, file: Path) -> None:
    import matplotlib  # a plot's alone, and slow to load

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "ccr", "font.size": 9})
    from matplotlib import pyplot

    lanes = {name: line for name, line in series(told, "scaling", "AND gates a second").items() if "lane" in name}
    memory = {who: line for who in ("garbler", "evaluator") for line in series(told, "memory", who).values()}
    panels = {
        "million ANDs a second, garbled in memory": ("lanes", series(told, "kernel", "garbled")),
        "million ANDs a second, a whole run": ("lanes", lanes),
        "MB of memory at most": ("AND gates", memory),
    }
    figure, axes = pyplot.subplots(1, len(panels), figsize=(11, 3.2), layout="constrained")
    for axis, (title, (below, lines)) in zip(axes, panels.items(), strict=True):
        for name, points in lines.items():
            axis.semilogx(*zip(*points, strict=True), marker="o", markersize=3, label=name)
        axis.set(title=title, xlabel=below)
        if lines:
            axis.legend()
            axis.set_ylim(bottom=0)
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)


def main() -> None:
    told = json.loads(FIGURES.read_text())
    above, _, _ = PAGE.read_text().partition(MARK)
    PAGE.write_text(above + MARK + "\n" + text(told))
    draw(told, PLOT)


if __name__ == "__main__":
    main()
