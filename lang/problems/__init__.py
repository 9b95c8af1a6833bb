"""Every problem that checking and compiling can report, by theme; each is data with a code."""

from __future__ import annotations

from lang.problems.flow import (
    LeaksData,
    LeaksInput,
    LeaksStep,
    NoiseByReceiver,
    NoiseKnown,
    NotYet,
    PrivateIndexBounds,
    QuotientKind,
    RangeTooWide,
    ResultTooWide,
    WithinUnmet,
)

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
