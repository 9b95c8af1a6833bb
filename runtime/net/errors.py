"""What can go wrong between two parties.

Every message says what happened, with whom, and what to do; none carries a secret.
"""

from __future__ import annotations


class NetworkError(Exception):
    """The connection cannot do what was asked of it."""


class CannotListen(NetworkError):
    """The address to listen on cannot be used."""


class PeerUnreachable(NetworkError):
    """Nobody answered at the peer's address."""


class PeerNotTrusted(NetworkError):
    """One side's certificate is not the one that the other expects."""


class PeerClosed(NetworkError):
    """The peer ended the connection in an orderly way, or this side did."""


class ConnectionLost(NetworkError):
    """The connection broke without a farewell: a crash, or the network."""


class Terminated(KeyboardInterrupt):
    """Somebody asked the process to end, by SIGTERM, who is not at its terminal."""


def was(ended: KeyboardInterrupt) -> str:
    """What happened to the process, of Ctrl-C and of SIGTERM."""
    return "terminated" if isinstance(ended, Terminated) else "interrupted"


class Interrupted(NetworkError):
    """This side is to end and has not yet told the peer; `what` it was is as `was` says."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"it was {self.what} here"


class Timeout(NetworkError):
    """The peer did not do its part within the time allowed."""


class ProtocolError(NetworkError):
    """The peer sent something that the protocol does not allow here."""


class KeyFileError(Exception):
    """A key or certificate file cannot be written or read; the message names it."""


class KeyNotWritten(KeyFileError):
    """The system does not let it be written; its OSError is the cause."""
