"""What a session asks of a party's cluster, if it has one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from compiler.schedule.plan import Plan
from runtime.crypto.secret import LabelSecret, PublicSeeds
from runtime.execute.backend import Engine, Multiplier, Receiver
from runtime.net.channel import Channel
from runtime.session.state import Role


@dataclass(frozen=True, slots=True)
class Worked:
    """What a worker did: bytes as this party counts them, and seconds, of which it waited for orders for some."""

    gates: int
    tables: int  # bytes, from garbler to evaluator
    corrections: int  # likewise
    seconds: float
    waited: float


class Helpers(Protocol):
    """A party's workers."""

    @property
    def count(self) -> int: ...

    def meet(self, guard: Channel, role: Role, count: int) -> None:
        """Each of the first so many meets the peer's worker of the same number; the others go.  Raises NetworkError."""
        ...

    def garbling(
        self,
        plan: Plan,
        secret: LabelSecret,
        seeds: PublicSeeds,
        flush: Callable[[], None],
        engine: Engine,
        multiplier: Multiplier,
    ) -> tuple[Engine, Multiplier]:
        """The garbler's engine and multiplier, with workers; `flush` sends what the peer may wait for."""
        ...

    def evaluating(self, plan: Plan, seeds: PublicSeeds, engine: Engine, receiver: Receiver) -> tuple[Engine, Receiver]:
        """The evaluator's."""
        ...

    def end(self) -> None:
        """All have done what they were told, wipe what is secret, and say what they did.  Never raises; a second call
        does nothing."""
        ...

    def stop(self) -> None:
        """All wipe what is secret at once, whatever they are at.  Never raises; `end` does nothing then."""
        ...

    def worked(self) -> Sequence[Worked | None]:
        """Of each, behind the end; None of one that did not say so."""
        ...


class Helping(Protocol):
    """What has helpers at hand for a party's sessions, one for each program, and sends them off behind."""

    def __call__(
        self, artifacts: Sequence[bytes], listens: bool, stall: float
    ) -> AbstractContextManager[Sequence[Helpers | None]]:
        """`listens`: the party's helpers wait for the peer's, at most `stall` seconds.  Raises NetworkError."""
        ...


@contextmanager
def unhelped(artifacts: Sequence[bytes], listens: bool, stall: float) -> Generator[Sequence[Helpers | None]]:
    """Of a party that has none."""
    yield [None for _ in artifacts]
