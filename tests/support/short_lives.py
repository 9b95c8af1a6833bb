"""What a party's process may do instead of its work."""

from __future__ import annotations

import os
import signal
import sys
import time
from multiprocessing.connection import Connection


def killed(_: Connection, __: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def left(_: Connection, status: int) -> None:
    os._exit(status)


def slept(_: Connection, seconds: float) -> None:
    time.sleep(seconds)


def told(pipe: Connection, task: object) -> None:
    """What it was given, where it looks for modules, and whether it hears Ctrl-C."""
    pipe.send((task, sys.path, signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())))
