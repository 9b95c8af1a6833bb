"""What can end an oblivious transfer."""

from __future__ import annotations


class ObliviousTransferError(Exception):
    """An oblivious transfer cannot go on."""


class CheatingDetected(ObliviousTransferError):
    """The peer sent something that no honest party sends.  The session must end, and not be resumed."""


class Destroyed(ObliviousTransferError):
    """The object was used after a failure had destroyed its secrets."""
