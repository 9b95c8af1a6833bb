"""Garbage collection, kept away from what lives."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def paused() -> Generator[None]:
    """No collection inside: a tree is all live objects, and looking for dead ones takes a third of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@contextmanager
def settled() -> Generator[None]:
    """Inside no collection looks at what is there by now: it lives, and is much more than a run makes."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
