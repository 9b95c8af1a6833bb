"""How far a run is: a bar on a terminal, a line now and then elsewhere, nothing with --quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TimeRemainingColumn
from rich.text import Text

from runtime.cli.screen import say
from runtime.report.wording import count, duration, rate, size

EVERY = 5.0  # seconds between lines

Advance = Callable[[int], None]  # AND gates done since the last call


@contextmanager
def meter(total: int, sent: int, quiet: bool) -> Generator[Advance]:
    """Shows the progress of `total` AND gates, and of the bytes `sent` in step with them, while the block runs."""
    if quiet:
        yield lambda gates: None
    elif sys.stderr.isatty():
        with Progress(
            BarColumn(),
            TaskProgressColumn(),
            _Work(sent),
            TimeRemainingColumn(),
            "left",
            console=Console(stderr=True),
            transient=True,
        ) as bar:
            task = bar.add_task("", total=total)
            yield lambda gates: bar.advance(task, gates)
    else:
        yield Lines(total, sent)


class _Work(ProgressColumn):
    """AND gates done, AND gates a second, bytes."""

    def __init__(self, sent: int) -> None:
        super().__init__()
        self._sent = sent

    def render(self, task: Task) -> Text:
        speed = rate(task.speed) if task.speed else "-/s"
        return Text(
            f"{count(int(task.completed))} ANDs  {speed}  {size(self._sent * task.completed / (task.total or 1))}"
        )


class Lines:
    """A line every few seconds, for logs."""

    def __init__(self, total: int, sent: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._total, self._sent, self._clock = total, sent, clock
        self._done = 0
        self._start = self._last = 0.0

    def __call__(self, gates: int) -> None:
        now = self._clock()
        if not self._done:  # what came before the first gates was setup
            self._start = self._last = now
        self._done += gates
        if now - self._last < EVERY:
            return
        self._last = now
        speed = self._done / (now - self._start)
        say(
            f"{count(self._done)} of {count(self._total)} AND gates, {rate(speed)}, "
            f"{size(self._sent * self._done / self._total)}, {duration((self._total - self._done) / speed)} left"
        )
