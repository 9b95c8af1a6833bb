"""Every problem that checking and compiling can report, by theme; each is data with a code."""

from __future__ import annotations

from lang.problems.flow import (
    LeaksData,
    LeaksInput,
    NoiseByReceiver,
    NoiseKnown,
    NotYet,
    PrivateIndexBounds,
    QuotientKind,
    RangeTooWide,
    ResultTooWide,
    WithinUnmet,
)
from lang.problems.steps import LeaksStep

__all__ = [
    "LeaksData",
    "LeaksInput",
    "LeaksStep",
    "NoiseByReceiver",
    "NoiseKnown",
    "NotYet",
    "PrivateIndexBounds",
    "QuotientKind",
    "RangeTooWide",
    "ResultTooWide",
    "WithinUnmet",
]
