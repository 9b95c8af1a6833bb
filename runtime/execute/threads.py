"""Threads of one party that do parts of one thing at once, and then go on one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future

MOST = 64
"""As many as anybody has cores for one run; each has registers of its own, a megabyte."""


class Threads:
    """So many, whoever asks for something among them; until `close` the others wait for more."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._others = None
        if count > 1:
            from concurrent.futures import ThreadPoolExecutor  # here, because most runs do without, and start faster

            self._others = ThreadPoolExecutor(count - 1, "ccr-share")

    def each(self, parts: int, work: Callable[[int], None]) -> None:
        """work(0), work(1) and so on, each in a thread of its own; returns when all have ended.

        Raises what the first of them failed with, when none is at work any more; after a second Ctrl-C, `close` waits
        for them.
        """
        begun: list[Future[None]] = []
        try:
            for part in range(1, parts):
                assert self._others is not None, "there are no others"
                begun.append(self._others.submit(work, part))
            work(0)
        finally:
            _ended(begun)
        for each in begun:
            each.result()

    def close(self) -> None:
        """Returns when all have ended; a second call does nothing."""
        if self._others is not None:
            self._others.shutdown()

    def __enter__(self) -> Threads:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _ended(begun: list[Future[None]]) -> None:
    for part in begun:
        part.exception()


ALONE = Threads(1)
