"""Exit statuses; a module of its own, since the entry point needs one before anything else is loaded."""

from __future__ import annotations

FAILED = 1  # the work failed
WRONG = 2  # the command line, the program or an input is wrong; nothing was sent
REFUSED = 3  # by the contract or the ledger, here or at the peer
INTERRUPTED = 130
TERMINATED = 143
