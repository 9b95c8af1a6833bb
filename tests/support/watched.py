"""A channel and a permit that write down what happens to them."""

from __future__ import annotations

from typing import Any

from runtime.net.channel import Channel
from runtime.net.errors import NetworkError
from runtime.net.frames import Frame
from runtime.session.permit import Charge, Permit


class Watched:
    """A channel that writes down what it sends and gets, and may break before it receives a frame."""

    def __init__(self, channel: Channel, log: list[str], breaks_at: Frame | None = None) -> None:
        self._channel, self._log, self._breaks_at = channel, log, breaks_at
        self.timeout = channel.timeout

    def send(self, kind: int, payload: Any) -> None:
        self._log.append(f"> {Frame(kind).name}")
        if kind == self._breaks_at:
            self._channel.abort()
        self._channel.send(kind, payload)

    def receive(self, limit: int) -> tuple[int, bytes]:
        kind, payload = self._channel.receive(limit)
        self._log.append(f"< {Frame(kind).name}")
        if kind == self._breaks_at:
            self._channel.abort()
            raise NetworkError("broken by the test")
        return kind, payload

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)


class Cheating(Watched):
    """A vendor whose first batch of transfers is not what it should be."""

    def send(self, kind: int, payload: Any) -> None:
        if kind == Frame.OT_BATCH:
            payload = bytes(payload[:-1]) + bytes([payload[-1] ^ 1])
        super().send(kind, payload)


class Logged(Permit):
    """A permit that writes down when it is asked."""

    def __init__(self, inner: Permit, log: list[str]) -> None:
        super().__init__(inner.contract)
        self._inner, self._log = inner, log

    @property
    def charged(self) -> Charge | None:
        return self._inner.charged

    def opening(self) -> None:
        self._log.append("opening")
        self._inner.opening()

    def labels(self) -> None:
        self._log.append("labels")
        self._inner.labels()

    def releasing(self) -> None:
        self._log.append("releasing")
        self._inner.releasing()

    def released(self) -> None:
        self._log.append("released")
        self._inner.released()

    def attacked(self, why: str) -> None:
        self._log.append(why)
        self._inner.attacked(why)

    def failed(self, error: BaseException) -> None:
        self._inner.failed(error)

    def ended(self) -> None:
        self._log.append("ended")
        self._inner.ended()
