"""How far a run is: in a notebook, on a terminal, or in lines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from html import escape
from importlib import import_module
from time import monotonic
from typing import Any

from compiler.program import and_gates
from runtime.cli.progress import meter
from runtime.cli.screen import say
from runtime.program import Program
from runtime.report.forecast.seconds import seconds
from runtime.report.traffic import traffic
from runtime.report.wording import count, duration, size

Progress = Callable[[str, int], None]  # a party, and its AND gates since the last call


@contextmanager
def progress_of(program: Program, runs: Mapping[str, Program], wanted: bool | None) -> Generator[Progress]:
    """Shows a run, of all owners' programs, while the block runs; if it is not said, to whoever looks."""
    total = sum(and_gates(own.compiled.plan) for own in runs.values())
    sent = sum(traffic(own.compiled).total for own in runs.values())
    foreseen = sum(seconds(own.compiled) for own in runs.values())
    watched = program.compiled.evaluator
    display = None if wanted is False else notebook()
    if display is not None:
        bar = Bar(display, program.name, total, sent, foreseen)
        yield lambda party, gates: bar.advance(gates) if party == watched else None
        bar.end()
        return
    quiet = not (sys.stderr.isatty() if wanted is None else wanted)
    if not quiet:
        say(f"{program.name}: {count(total)} AND gates, {size(sent)}, about {duration(foreseen)}")
    with meter(total, sent, quiet) as advance:
        yield lambda party, gates: advance(gates) if party == watched else None


def notebook() -> Any:
    """What shows something in the notebook that this runs in; None elsewhere."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    shown: Any = import_module("IPython.display")  # which nothing here needs otherwise
    return lambda html, **named: shown.display(shown.HTML(html), **named)


class Bar:
    """One line of a notebook's output, which is replaced."""

    def __init__(self, display: Any, name: str, total: int, sent: int, foreseen: float) -> None:
        self._name, self._total, self._sent, self._done = name, total, sent, 0
        self._start = monotonic()
        self._handle = display(self._html(f"about {duration(foreseen)} of work"), display_id=True)
        self._display = display

    def advance(self, gates: int) -> None:
        self._done += gates
        left = (self._total - self._done) * (monotonic() - self._start) / self._done
        self._show(f"about {duration(left)} left")

    def end(self) -> None:
        self._done = self._total
        self._show(f"done in {duration(monotonic() - self._start)}")

    def _show(self, said: str) -> None:
        self._display(self._html(said), display_id=self._handle.display_id, update=True)

    def _html(self, said: str) -> str:
        share = self._done / self._total if self._total else 0.0
        what = f"{count(self._done)} of {count(self._total)} AND gates, {size(self._sent * share)}"
        return (
            f'<div><progress value="{share:.3f}" style="width: 16rem"></progress> '
            f"{escape(self._name)}: {escape(what)}, {escape(said)}</div>"
        )
