"""What can end a run between two processes of this machine."""

from __future__ import annotations


class PartyFailed(Exception):
    """A party's process could not finish; the message names it and says why."""
