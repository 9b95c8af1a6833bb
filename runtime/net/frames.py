"""What a frame is, by the number in its first byte."""

from __future__ import annotations

from enum import IntEnum


class Frame(IntEnum):
    """The kinds of frames; the numbers are part of the wire format."""

    READY = 0
    """The listening side trusts the connecting one; empty."""

    HELLO = 1
    """Who this is and what it is about to run."""

    SEEDS = 2
    """The garbler's public seeds."""

    WORKERS = 8
    """Certificates of the sender's workers for this run, if both parties have some."""

    DOORS = 9
    """Where the workers of the listening side wait for those of the other."""

    BASE_CHOICES = 16
    BASE_OFFER = 17
    BASE_ANSWER = 18
    OT_BATCH = 19
    TREES = 20
    """The evaluator's trees, behind the base transfers."""

    TABLES = 32
    """The next bytes of the table stream."""

    NOISY_SUM = 33
    """What opens a noisy sum of a step to the evaluator: decoding bits, or the garbler's share with the noise in it."""

    OUTPUT_LABELS = 48
    """The evaluator's active labels of the outputs that the garbler receives."""

    DECODING = 49
    """The garbler's decoding bits of the outputs that the evaluator receives, packed eight to a byte."""

    DONE = 50
    """The evaluator has its outputs; empty."""

    ABORT = 127
    """The sender ends the session: a reason in words."""
