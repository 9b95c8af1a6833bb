"""How a party's process begins: it is told what to do through a pipe, and does not run its parent's script again.

It is an interpreter of its own (`begin`), or a fork of one that has loaded what parties need (`attend`).
"""

from __future__ import annotations

import gc
import os
import pickle
import socket
from array import array
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

THREADS = "OPENBLAS_NUM_THREADS"  # which numpy reads when it is loaded
_LOADED = ("runtime.party.here", "runtime.execute.native.engine", "runtime.execute.native.shares")
_ENDS = 2  # that come with each wish: of the pipe to the party, and of the one that tells of its life


def begin(pipe: Connection) -> None:
    """The process's whole life.  What it needs is imported only when its parent need no longer wait for it."""
    told = pipe.recv_bytes()
    work: Callable[[Connection, Any], None]
    work, task = pickle.loads(told)
    work(pipe, task)


def attend(number: int) -> None:
    """The life of the interpreter that is forked: one thread, nothing secret, until nobody asks for a process.

    `number` is that of the socket over which it is asked.
    """
    os.environ[THREADS] = "1"  # none, which a fork would not bring along
    with socket.socket(fileno=number) as control:
        _load()
        alive: dict[int, tuple[BaseProcess, Connection]] = {}
        asked: list[socket.socket | int] = [control]
        while asked or alive:
            for ready in wait([*asked, *alive]):
                if ready is not control:
                    assert isinstance(ready, int)
                    _buried(*alive.pop(ready))
                elif ends := _ends(control):
                    pipe, telling = ends
                    process, life = _forked(pipe, telling, control, alive)
                    alive[process.sentinel] = process, life
                else:
                    asked.clear()
    os._exit(0)  # there is nothing to take down, and somebody waits


def _load() -> None:
    """What is not there costs the party that needs it what it costs otherwise."""
    gc.disable()
    for module in _LOADED:
        with suppress(ImportError):
            import_module(module)
    engines = import_module("runtime.execute.engines")
    with suppress(engines.NoSuchBackend):  # a party says so
        engines.chosen()
    gc.freeze()
    gc.enable()


def _ends(control: socket.socket) -> list[int]:
    """Those that came with a wish for a process; none once nobody is there to wish."""
    ends = array("i")
    with suppress(ConnectionError):
        _, told, _, _ = control.recvmsg(1, socket.CMSG_SPACE(_ENDS * ends.itemsize))
        for _, _, data in told:
            ends.frombytes(data)
    return ends.tolist()


def _forked(
    theirs: int, telling: int, control: socket.socket, others: dict[int, tuple[BaseProcess, Connection]]
) -> tuple[BaseProcess, Connection]:
    from multiprocessing import get_context

    pipe, life = Connection(theirs), Connection(telling)

    def party() -> None:
        control.close()
        life.close()
        for _, other in others.values():
            other.close()
        begin(pipe)

    process = get_context("fork").Process(target=party)
    process.start()
    pipe.close()
    with suppress(OSError):
        life.send(process.pid)
    return process, life


def _buried(process: BaseProcess, life: Connection) -> None:
    process.join()
    with suppress(OSError), life:
        life.send(process.exitcode)
    process.close()
