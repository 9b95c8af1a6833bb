"""Optimisation levels: tuples of passes."""

from __future__ import annotations

from compiler.passes.base import Pass
from compiler.passes.fold import FOLD
from compiler.passes.prune import PRUNE
from compiler.passes.share import SHARE

O0: tuple[Pass, ...] = ()
O1: tuple[Pass, ...] = (FOLD, SHARE, PRUNE)
