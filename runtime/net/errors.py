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


class Interrupted(NetworkError):
    """Somebody asked this side to end, who has not yet told the peer."""


class Timeout(NetworkError):
    """The peer did not do its part within the time allowed."""


class ProtocolError(NetworkError):
    """The peer sent something that the protocol does not allow here."""


class KeyFileError(Exception):
    """A key or certificate file cannot be written or read; the message names it."""


class KeyNotWritten(KeyFileError):
    """The system does not let it be written; its OSError is the cause."""
