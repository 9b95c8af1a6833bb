"""The coordinator's end of its connection to a worker."""

from __future__ import annotations

from contextlib import suppress

from compiler.schedule.plan import Transfer
from runtime.cluster.holdings import NONE, Wires
from runtime.cluster.orders import (
    MOST_BYTES,
    Multiply,
    Order,
    Run,
    decode_shares,
    encode_order,
    encode_wires,
)
from runtime.cluster.parts import Cut
from runtime.cluster.words import WORKED_BYTES, decode_worked
from runtime.crypto.labels import LABEL_BYTES, Labels, decode
from runtime.execute.backend import Numbers
from runtime.net.channel import Channel
from runtime.net.errors import NetworkError, Timeout
from runtime.session.errors import ClusterBroken, PeerWorkerLost, WorkerLost
from runtime.session.helpers import Worked

HELD_BYTES = 1 << 20
FAREWELL = 5.0  # seconds for a worker's last word


class RemoteHand:
    """A worker at the other end of a channel; every call raises WorkerLost once it is gone, and PeerWorkerLost once the
    one of the peer's is with which it works."""

    def __init__(self, number: int, name: str, channel: Channel, life: Channel) -> None:
        self.number, self.name, self._channel, self._life = number, name, channel, life
        self._held = bytearray()  # orders that nobody waits for: they go with the next that somebody does

    def put(self, buffer: int, wires: Wires, labels: Labels) -> None:
        self._hold(Order.PUT, encode_wires(buffer, wires, labels))

    def run(self, step: int, at: Cut, iteration: tuple[int, ...], base: int) -> None:
        self._order(Order.RUN, Run(step, at, iteration, base).encode())

    def free(self, buffer: int) -> None:
        self._hold(Order.FREE, encode_wires(buffer, NONE))

    def ask(self, buffer: int, wires: Wires) -> None:
        self._order(Order.ASK, encode_wires(buffer, wires))

    def labels(self, count: int) -> Labels:
        return decode(self.answer(Order.LABELS, count * LABEL_BYTES))

    def multiply(self, words: Labels, numbers: Numbers | None, shape: Transfer, row: int) -> None:
        self._order(Order.MULTIPLY, Multiply(shape, row, words, numbers).encode())

    def shares(self, shape: Transfer) -> Numbers:
        return decode_shares(self.answer(Order.SHARES, shape.words * shape.shared * shape.number_bytes), shape)

    def clear(self) -> None:
        self._order(Order.CLEAR, b"")

    def stop(self) -> None:
        """The worker wipes what is secret at once and is free.  Never raises."""
        self._life.abort()
        self._channel.abort()

    def end(self) -> None:
        """The worker forgets what it has and is free.  Never raises."""
        with suppress(NetworkError):
            self._channel.send(Order.END, b"")

    def worked(self) -> Worked | None:
        """Behind `end`: what it did, if it still says so.  Never raises."""
        self._channel.timeout = min(self._channel.timeout, FAREWELL)
        try:
            return decode_worked(self.answer(Order.DONE, WORKED_BYTES))
        except NetworkError:
            return None
        finally:
            self.stop()

    def _hold(self, order: Order, payload: bytes) -> None:
        """With what is held already, if it is not too much."""
        if len(self._held) + len(payload) > HELD_BYTES:
            self._leave()
        self._held += encode_order(order, payload)

    def _order(self, order: Order, payload: bytes) -> None:
        """At once, behind what is held."""
        self._hold(order, payload)
        self._leave()

    def _leave(self) -> None:
        """What is held, in one frame."""
        held, self._held = self._held, bytearray()
        if held:
            self.tell(Order.SEVERAL, held)

    def tell(self, order: Order, payload: bytes | bytearray) -> None:
        try:
            self._channel.send(order, payload)
        except NetworkError as error:
            raise self._lost(error) from error

    def answer(self, order: Order, size: int) -> bytes:
        while True:
            try:
                kind, payload = self._channel.receive(MOST_BYTES)
            except NetworkError as error:
                raise self._lost(error) from error
            if kind == Order.ADVANCED:
                continue
            if (last := self._last_word(kind, payload)) is not None:
                raise last
            if kind != order or len(payload) != size:
                raise WorkerLost(self.number, self.name, f"it answered with {len(payload)} bytes of kind {kind}")
            return payload

    def _last_word(self, kind: int, payload: bytes) -> ClusterBroken | None:
        if kind not in (Order.LOST, Order.PARTED):
            return None
        lost = WorkerLost if kind == Order.LOST else PeerWorkerLost
        return lost(self.number, self.name, payload.decode(errors="replace"))

    def _lost(self, error: NetworkError) -> ClusterBroken:
        """Its last word, if it had one, says more than that the connection is gone."""
        if not isinstance(error, Timeout):
            with suppress(NetworkError):
                for _ in range(1000):
                    if (last := self._last_word(*self._channel.receive(MOST_BYTES))) is not None:
                        return last
        return WorkerLost(self.number, self.name, str(error))
