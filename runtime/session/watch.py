"""How far a run is, told now and then while it goes: nothing that is secret, and nothing that the peer is not told."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock

from runtime.net.channel import Channel
from runtime.session.phases import Phases

EVERY = 0.2  # seconds from one telling to the next


@dataclass(frozen=True, slots=True)
class Moment:
    """Of a run of this party."""

    phase: str  # as of `Phases`
    step: int  # of the training's, that was begun last; 0 before
    and_gates: int  # that are done
    bytes: int  # that have passed, of both directions, set-up and headers among them
    seconds: float  # since the greeting
    streaming: float = 0.0  # of them, since the first step
    first: int = 0  # the index of the step that the run began with
    ended: bool = False
    records: Mapping[str, int] = field(default_factory=dict[str, int])  # rows of each data set, as both know them


Watching = Callable[[Moment], None]


@dataclass
class Watch:
    """Of one session; made before its greeting."""

    watching: Watching | None
    channel: Channel
    phases: Phases
    first: int = 0
    records: Mapping[str, int] = field(default_factory=dict[str, int])
    clock: Callable[[], float] = time.monotonic
    _step: int = 0
    _gates: int = 0
    _last: float = 0.0
    _streaming: float | None = None

    def __post_init__(self) -> None:
        self._begun = self._last = self.clock()

    def gates(self, count: int) -> None:
        self._gates += count
        self._now_and_then()

    def stepped(self, index: int) -> None:
        """The step of this index begins."""
        self._step = index + 1
        self._now_and_then()

    def streams(self) -> None:
        """The first step begins."""
        self._streaming = self.clock()
        self.tell()

    def tell(self, ended: bool = False) -> None:
        if self.watching is not None:
            now = self._last = self.clock()
            passed = self.channel.sent_bytes + self.channel.received_bytes
            self.watching(
                Moment(
                    self.phases.current,
                    self._step,
                    self._gates,
                    passed,
                    now - self._begun,
                    0.0 if self._streaming is None else now - self._streaming,
                    self.first,
                    ended,
                    self.records,
                )
            )

    def _now_and_then(self) -> None:
        if self.watching is not None and self.clock() - self._last >= EVERY:
            self.tell()


class Sessions:
    """What sessions side by side, which are threads, tell of themselves, as of one."""

    def __init__(self, watching: Watching) -> None:
        self._watching, self._one = watching, Lock()
        self._of: dict[str, Moment] = {}

    def session(self, name: str) -> Watching:
        def told(moment: Moment) -> None:
            with self._one:
                self._of[name] = moment
                each = self._of.values()
                self._watching(
                    replace(
                        moment,
                        step=min(m.step for m in each),
                        and_gates=sum(m.and_gates for m in each),
                        bytes=sum(m.bytes for m in each),
                        ended=all(m.ended for m in each),
                        records={
                            f"{owner}.{n}": rows for owner, m in self._of.items() for n, rows in m.records.items()
                        },
                    )
                )

        return told
