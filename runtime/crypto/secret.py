"""The label secret: what a garbler must never let out, in one object that can be destroyed."""

from __future__ import annotations

import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock

import numpy as np

from runtime.crypto.hash import HASH_SEED_BYTES
from runtime.crypto.labels import Labels, fresh_delta
from runtime.crypto.prg import SEED_BYTES


class SecretDestroyed(Exception):
    """The label secret was destroyed after a failed check; nothing more may be garbled in this session."""

    def __init__(self) -> None:
        super().__init__("the label secret of this session was destroyed; start a new session with fresh labels")


class LabelSecret:
    """The correlation Δ: the two labels of every wire differ by it, and its permute bit is 1.

    Always from the operating system, never from `--seed`.  All copies of Δ made here, and the memory that is
    `entrusted`, are wiped by `destroy`, which may be called from another thread: it waits for the chunk of rows that is
    being garbled, since rows made with a half-wiped Δ could betray it.
    """

    __slots__ = ("_copies", "_destroyed", "_entrusted", "_lock")

    def __init__(self, delta: Labels) -> None:
        if delta.shape != (1, 2) or not int(delta[0, 0]) & 1:
            raise ValueError("Δ is one label with permute bit 1")
        self._copies: dict[int, Labels] = {1: delta.copy()}
        self._entrusted: list[Labels] = []
        self._destroyed = False
        self._lock = RLock()  # re-entrant: a thread may ask for copies of Δ while it uses it

    @staticmethod
    def fresh() -> LabelSecret:
        return LabelSecret(fresh_delta())

    def __repr__(self) -> str:
        return "LabelSecret(destroyed)" if self._destroyed else "LabelSecret(...)"

    @contextmanager
    def in_use(self) -> Generator[Labels, None, None]:
        """Δ, shape (1, 2), safe from `destroy` until the block ends.  Raises SecretDestroyed."""
        with self._lock:
            if self._destroyed:
                raise SecretDestroyed
            yield self._copies[1]

    def spread(self, count: int) -> Labels:
        """Δ `count` times, shape (count, 2), only to be read inside `in_use`.  Raises SecretDestroyed."""
        with self._lock:
            if self._destroyed:
                raise SecretDestroyed
            if count not in self._copies:
                self._copies[count] = np.repeat(self._copies[1], count, axis=0)
            return self._copies[count]

    def entrusted(self, memory: Labels) -> Labels:
        """The same memory, in which Δ or a pair of labels will lie: `destroy` wipes it too.  Raises SecretDestroyed."""
        with self._lock:
            if self._destroyed:
                raise SecretDestroyed
            self._entrusted.append(memory)
            return memory

    def destroy(self) -> None:
        """Wipe Δ; every later use raises SecretDestroyed."""
        with self._lock:
            self._destroyed = True
            for copy in (*self._copies.values(), *self._entrusted):
                copy.fill(0)


@dataclass(frozen=True, slots=True)
class PublicSeeds:
    """What the garbler draws and sends before its first label: no secrets, but unpredictable until then."""

    hash: bytes  # of the garbling hash
    labels: bytes  # of the public label stream

    @staticmethod
    def fresh() -> PublicSeeds:
        return PublicSeeds(secrets.token_bytes(HASH_SEED_BYTES), secrets.token_bytes(SEED_BYTES))
