"""SIGTERM ends a command as Ctrl-C does: what it has begun is taken back, and said."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn

from runtime.cli.status import INTERRUPTED, TERMINATED
from runtime.net.errors import Terminated


def heed() -> None:
    """From now on the first SIGTERM raises Terminated; a second one ends the process at once."""
    signal.signal(signal.SIGTERM, _terminated)


def told(ended: KeyboardInterrupt) -> tuple[str, int]:
    """What is said of it, and the exit status."""
    return ("terminated by SIGTERM", TERMINATED) if isinstance(ended, Terminated) else ("interrupted", INTERRUPTED)


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise Terminated
