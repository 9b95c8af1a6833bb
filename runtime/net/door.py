"""The door of a party that listens: whoever calls is heard until one has shown to be the agreed peer.

Anybody may call a port that is open: scanners, browsers, a peer with another certificate, a caller that says nothing.
None of them ends the wait or holds it up.  All are heard at the same time by one thread; each has HANDSHAKE seconds
and a bounded number of bytes, and MOST of them are inside at once: where one more comes, one goes of which least has
been heard.  Nobody gets a byte of a session before its certificate has been compared.
"""

from __future__ import annotations

import errno
import selectors
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from runtime.net.errors import NetworkError, Timeout
from runtime.net.link import CHUNK, Link

HANDSHAKE = 10.0  # seconds from the first byte to the last
MOST = 128  # callers at once
_AT_ONCE = 16  # callers let in before those inside are heard again
_PARTING = 1.0  # seconds in which one that was turned away may read why
_SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_OUT_OF_HANDLES = 0.1  # seconds before the next try where the system has no more

Told = Callable[[NetworkError], None]


@dataclass(eq=False, slots=True)
class _Caller:
    link: Link
    until: float  # time.monotonic()
    parting: bool = False  # turned away, and told so


class Door:
    """What stands between a listening socket and the first link that may carry a session; a context that closes it."""

    def __init__(self, listening: socket.socket, context: ssl.SSLContext, expected: bytes, told: Told) -> None:
        """`expected` is the peer's certificate (DER); `told` hears why a caller was turned away."""
        self._listening, self._context, self._expected, self._told = listening, context, expected, told
        self._callers: dict[_Caller, None] = {}  # in the order of their coming
        self._selector = selectors.DefaultSelector()
        listening.setblocking(False)
        self._selector.register(listening, selectors.EVENT_READ)
        self.turned_away = 0
        self.last: NetworkError | None = None
        """Why the last caller was turned away."""

    def __enter__(self) -> Door:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for caller in list(self._callers):
            self._drop(caller)
        self._selector.close()

    def admit(self, deadline: float) -> Link | None:
        """The link to the agreed peer, its handshake done; None if it did not come by then (time.monotonic)."""
        while time.monotonic() < deadline:
            for key, _ in self._selector.select(self._pause(deadline)):
                caller: _Caller | None = key.data
                if caller is None:
                    self._let_in()
                elif caller in self._callers and self._heard(caller):
                    self._leave(caller)
                    return caller.link
            self._expire()
        return None

    def _pause(self, deadline: float) -> float:
        """Seconds to the first time at which something must be done; an hour at most, which the system can count."""
        now = time.monotonic()
        return max(0.0, min([deadline, now + 3600.0, *(caller.until for caller in self._callers)]) - now)

    def _let_in(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                sock, address = self._listening.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _SCARCE and not self._make_room():
                    time.sleep(_OUT_OF_HANDLES)
                return  # else it hung up in the meantime
            if len(self._callers) >= MOST:
                self._make_room()
            sock.setblocking(False)
            link = Link(sock, self._context, True, f"the caller at {address[0]}:{address[1]}")
            caller = _Caller(link, time.monotonic() + HANDSHAKE)
            self._callers[caller] = None
            self._selector.register(sock, selectors.EVENT_READ, caller)

    def _make_room(self) -> bool:
        """One caller goes: of those told to go, else of those without an answer, else of all the first to come."""
        if not self._callers:
            return False
        out = min(self._callers, key=lambda caller: (not caller.parting, caller.link.answered, caller.until))
        if not out.parting:
            self._tell(Timeout(f"{out.link.peer} had to make room for others that called at the same time"))
        self._drop(out)
        return True

    def _heard(self, caller: _Caller) -> bool:
        """Whether this is the peer."""
        try:
            if caller.parting:
                if not caller.link.socket.recv(CHUNK):
                    self._drop(caller)
                return False
            while not caller.link.shake(self._expected):
                pass
        except BlockingIOError:
            return False
        except NetworkError as error:
            self._turn_away(caller, error)
            return False
        except OSError:
            self._drop(caller)
            return False
        return True

    def _expire(self) -> None:
        now = time.monotonic()
        for caller in [caller for caller in self._callers if caller.until <= now]:
            if caller.parting:
                self._drop(caller)
            else:
                self._turn_away(
                    caller,
                    Timeout(f"{caller.link.peer} did not finish the TLS handshake within {HANDSHAKE:g} s"),
                )

    def _turn_away(self, caller: _Caller, error: NetworkError) -> None:
        self._tell(error)
        caller.link.part()
        caller.parting, caller.until = True, time.monotonic() + _PARTING

    def _tell(self, error: NetworkError) -> None:
        self.turned_away, self.last = self.turned_away + 1, error
        self._told(error)

    def _leave(self, caller: _Caller) -> None:
        del self._callers[caller]
        self._selector.unregister(caller.link.socket)

    def _drop(self, caller: _Caller) -> None:
        self._leave(caller)
        with suppress(OSError):
            caller.link.socket.close()
