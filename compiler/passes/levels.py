"""The optimisation levels: the passes in their order.  Programs are compiled at O1, which takes linear time."""

from __future__ import annotations

from compiler.passes.base import Pass
from compiler.passes.cones import CONES
from compiler.passes.conjunctions import CONJOIN
from compiler.passes.fold import FOLD
from compiler.passes.observed import OBSERVED
from compiler.passes.prune import PRUNE
from compiler.passes.quadratic import QUADRATIC
from compiler.passes.rewrite import ONCE_MORE, REWRITE
from compiler.passes.share import SHARE
from compiler.passes.sums import SUMS
from compiler.passes.windows import WINDOWS

O1: tuple[Pass, ...] = (FOLD, SHARE, PRUNE)
O2: tuple[Pass, ...] = (*O1, CONJOIN, CONES, REWRITE, SUMS, QUADRATIC, WINDOWS, OBSERVED, ONCE_MORE, *O1)
LEVELS = {1: O1, 2: O2}
