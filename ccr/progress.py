"""How far a run is: in a notebook, on a terminal, or in lines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from html import escape
from importlib import import_module
from time import monotonic
from typing import Any

from runtime.cli.progress import meter
from runtime.cli.run_log import RunLog
from runtime.cli.screen import say
from runtime.program import Program
from runtime.report.progress import Expected, Standing
from runtime.report.wording import duration
from runtime.session.watch import Moment

Progress = Callable[[str, Moment], None]  # a party, and where it is


@contextmanager
def progress_of(program: Program, runs: Mapping[str, Program], wanted: bool | None) -> Generator[Progress]:
    """Shows a run, of all owners' programs, while the block runs; if it is not said, to whoever looks."""
    expected = Expected(tuple(own.compiled for own in runs.values()))
    foretold, watched = expected.foretold(0), program.compiled.evaluator
    display = None if wanted is False else notebook()
    if display is not None:
        bar = Bar(display, program.name, foretold.seconds())
        yield lambda party, now: bar.advance(expected.standing(now)) if party == watched else None
        bar.end()
        return
    quiet = not (sys.stderr.isatty() if wanted is None else wanted)
    if not quiet:
        say(f"{program.name}: {foretold}, about {duration(foretold.seconds())}")
    with meter(expected, watched, quiet, RunLog(None)) as advance:
        yield advance


def notebook() -> Any:
    """What shows something in the notebook that this runs in; None elsewhere."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    shown: Any = import_module("IPython.display")  # which nothing here needs otherwise
    return lambda html, **named: shown.display(shown.HTML(html), **named)


class Bar:
    """One line of a notebook's output, which is replaced."""

    def __init__(self, display: Any, name: str, foreseen: float) -> None:
        self._name, self._share = name, 0.0
        self._start = monotonic()
        self._handle = display(self._html(f"about {duration(foreseen)}"), display_id=True)
        self._display = display

    def advance(self, standing: Standing) -> None:
        self._share = standing.share
        self._show(str(standing))

    def end(self) -> None:
        self._share = 1.0
        self._show(f"done in {duration(monotonic() - self._start)}")

    def _show(self, said: str) -> None:
        self._display(self._html(said), display_id=self._handle.display_id, update=True)

    def _html(self, said: str) -> str:
        return (
            f'<div><progress value="{self._share:.3f}" style="width: 16rem"></progress> '
            f"{escape(self._name)}: {escape(said)}</div>"
        )
