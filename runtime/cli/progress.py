"""How far a run is: a bar on a terminal, a line now and then elsewhere, nothing with --quiet; a log for operators."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from runtime.cli.run_log import RunLog
from runtime.cli.screen import say
from runtime.report.progress import Expected, Standing
from runtime.session.watch import Moment

EVERY = 5.0  # seconds between lines
BAR = 20  # columns

Advance = Callable[[str, Moment], None]  # a party, and where it is
Show = Callable[[Standing], None]


@contextmanager
def meter(expected: Expected, watched: str, quiet: bool, log: RunLog) -> Generator[Advance]:
    """While the block runs, shows how far the `watched` party is, and logs how far each is."""
    with _shown(quiet) as show:
        going_on = False

        def advance(party: str, moment: Moment) -> None:
            nonlocal going_on
            standing = expected.standing(moment)
            log.progress(party, standing)
            if party == watched:
                if moment.first and not (going_on or quiet):
                    say(f"from step {moment.first + 1} on: {expected.foretold(moment.first)}")
                going_on = moment.first > 0
                show(standing)

        yield advance


@contextmanager
def _shown(quiet: bool) -> Generator[Show]:
    if quiet:
        yield lambda standing: None
    elif sys.stderr.isatty():
        from rich.console import Console  # here, because whoever sees no bar need not wait for it
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        columns = BarColumn(BAR), TaskProgressColumn(), TextColumn("{task.description}")
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("setup", total=1.0)
            yield lambda standing: bar.update(task, completed=standing.share, description=standing.brief)
    else:
        yield Lines()


class Lines:
    """A line every few seconds, for a pipe or a file."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: float | None = None  # the run has not begun

    def __call__(self, standing: Standing) -> None:
        if standing.moment.phase == "setup" or standing.moment.ended:
            return
        now = self._clock()
        if self._last is None:
            self._last = now
        elif now - self._last >= EVERY:
            self._last = now
            say(str(standing))
