"""What a frame is, by the number in its first byte."""
from __future__ import annotations

from enum import IntEnum


class Frame(IntEnum):
    """The kinds of frames; the numbers are part of the wire format."""

    READY = 0
    """The listening side trusts the connecting one; empty."""

    HELLO = 1

    BASE_CHOICES = 16
    BASE_OFFER = 17
    BASE_ANSWER = 18
    OT_BATCH = 19
