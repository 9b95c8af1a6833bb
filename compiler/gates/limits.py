"""How large a circuit may grow before work is cut into several."""

from __future__ import annotations

KERNEL_GATES = 30_000  # of one kernel, XORs counted
