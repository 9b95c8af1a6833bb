"""The optimisation level that is compiled at: the passes in their order."""

from __future__ import annotations

from compiler.passes.base import Pass
from compiler.passes.fold import FOLD
from compiler.passes.prune import PRUNE
from compiler.passes.share import SHARE

O1: tuple[Pass, ...] = (FOLD, SHARE, PRUNE)
