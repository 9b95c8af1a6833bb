"""How a party's process begins: it is told what to do through a pipe, and does not run its parent's script again."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any


def begin(pipe: Connection) -> None:
    """The process's whole life.  What it needs is imported only when its parent need no longer wait for it."""
    told = pipe.recv_bytes()
    work: Callable[[Connection, Any], None]
    work, task = pickle.loads(told)
    work(pipe, task)
