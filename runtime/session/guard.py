"""A channel that only lets through what the session's state allows."""

from __future__ import annotations

import re
from contextlib import suppress
from math import inf

from runtime.net.channel import Channel
from runtime.net.errors import ConnectionLost, NetworkError, PeerClosed, ProtocolError
from runtime.net.frames import Frame
from runtime.ot.extension import BATCH, message_bytes
from runtime.session.errors import PeerAborted, PeerRefused, PeerWithoutWorker
from runtime.session.state import Role, State, Way, follow
from runtime.session.tables import TABLE_FRAME

REASON_BYTES = 512
LONGEST = max(TABLE_FRAME, message_bytes(BATCH))  # bytes of a frame in the middle of a run
REFUSED = "refused"  # the reason of a party whose contract or ledger does not allow the run
_WORKER = re.compile(r"worker [1-9][0-9]? (here|there) is gone", re.ASCII)


class Guard:
    """The channel of one session; itself a Channel, so that transfers and garbled rows are held to it too."""

    def __init__(self, channel: Channel, role: Role) -> None:
        self._channel = channel
        self.role = role
        self.state = State.START
        self.timeout, self.deadline = channel.timeout, channel.deadline

    @property
    def sent_bytes(self) -> int:
        return self._channel.sent_bytes

    @property
    def received_bytes(self) -> int:
        return self._channel.received_bytes

    def send(self, kind: int, payload: bytes | bytearray | memoryview) -> None:
        """As Channel.send; raises PeerAborted if the connection has ended and the peer had said why."""
        self.state = follow(self.role, self.state, Way.SEND, kind)
        try:
            self._channel.send(kind, payload)
        except (PeerClosed, ConnectionLost):
            self._last_word()
            raise

    def receive(self, limit: int) -> tuple[int, bytes]:
        """As Channel.receive; raises PeerAborted with the peer's reason if it ended the session."""
        kind, payload = self._channel.receive(max(limit, REASON_BYTES))
        self.state = follow(self.role, self.state, Way.RECEIVE, kind)
        if kind == Frame.ABORT:
            raise _aborted(payload)
        if len(payload) > limit:
            raise ProtocolError(f"the peer sent {len(payload)} bytes where at most {limit} belong")
        return kind, payload

    def _last_word(self) -> None:
        """A party that only sends does not see the peer's farewell before its own sending fails: it stands behind
        whatever the peer had sent before."""
        reason = None
        with suppress(NetworkError):  # then it has not said why
            while reason is None:
                kind, payload = self._channel.receive(LONGEST)
                reason = payload if kind == Frame.ABORT else None
        if reason is not None:
            self.state = State.ENDED
            raise _aborted(reason)

    def last_word(self, patience: float) -> None:
        """Raises PeerAborted if what has come, or comes within so many seconds, is that the peer ended the session."""
        self._channel.timeout = min(self._channel.timeout, patience)
        self._last_word()

    def flush(self) -> None:
        self._channel.flush()

    def close(self) -> None:
        self._channel.close()

    def interrupt(self, what: str) -> None:
        self._channel.interrupt(what)

    def abort(self) -> None:
        self._channel.abort()

    def give_up(self, reason: str) -> None:
        """Tell the peer why, as far as it still listens, and close."""
        with suppress(NetworkError):
            if self.state not in (State.ENDED, State.DONE):
                self.send(Frame.ABORT, reason.encode()[:REASON_BYTES])
        with suppress(NetworkError):  # also where the peer is gone: the resources are this party's
            self._channel.timeout, self._channel.deadline = min(self._channel.timeout, 2.0), inf
            self._channel.close()


def _aborted(reason: bytes) -> PeerAborted:
    """The peer's words, without anything that would steer a terminal."""
    text = reason.decode(errors="replace")
    if text == REFUSED:
        return PeerRefused("the peer refused the run: its contract or its ledger does not allow it")
    said = "the peer ended the session: " + "".join(c if c.isprintable() else "?" for c in text)
    return PeerWithoutWorker(said) if _WORKER.fullmatch(text) else PeerAborted(said)


def without_worker(number: int, own: bool) -> str:
    """The reason of a party that ends the session because a worker is gone, its own or the peer's, counted from 0: as
    the peer reads it."""
    return f"worker {number + 1} {'there' if own else 'here'} is gone"
