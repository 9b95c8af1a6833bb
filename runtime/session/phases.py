"""Where the time of a run goes: phases that do not overlap and add up to the whole."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager


class Phases:
    """Seconds by phase; one phase runs at a time, from the first `enter` on."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._current = ""
        self._since = time.perf_counter()

    @property
    def current(self) -> str:
        return self._current

    def enter(self, name: str) -> str:
        """The phase that ends here is charged; its name is returned.  An empty name stops the clock."""
        now = time.perf_counter()
        if self._current:
            self.seconds[self._current] = self.seconds.get(self._current, 0.0) + now - self._since
        before, self._current, self._since = self._current, name, now
        return before

    @contextmanager
    def during(self, name: str) -> Generator[None]:
        """A phase inside another one."""
        outer = self.enter(name)
        try:
            yield
        finally:
            self.enter(outer)
