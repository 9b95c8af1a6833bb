"""The engines that this machine has; each makes the same bytes."""

from __future__ import annotations

from runtime.execute.engines import PORTABLE
from runtime.execute.native.built import built

NATIVE = built().paths
BACKENDS = (PORTABLE, *NATIVE)
