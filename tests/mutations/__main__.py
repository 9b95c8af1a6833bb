"""Faults put into a copy of the tree, one at a time: `python -m tests.mutations [NAME ...]` says which a test noticed.

Each fault has the one test that must fail with it, which is run there with a time limit; one that does not end in time
counts as not noticed.  The exit status is 1 if a fault survived, or stands nowhere any more.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.mutations.table import MUTATIONS
from tests.mutations.trial import Tree


def main(names: list[str]) -> int:
    """The exit status."""
    if unknown := set(names) - {m.name for m in MUTATIONS}:
        print(f"there is no mutation {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    chosen = [m for m in MUTATIONS if not m.equivalent and (not names or m.name in names)]
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(Path(folder))
        for mutation in chosen:
            found = tree.tried(mutation)
            missed += found != "caught"
            print(f"{found:9} {mutation.name}", flush=True)
    argued = sum(bool(m.equivalent) for m in MUTATIONS)
    print(f"{len(chosen) - missed} of {len(chosen)} caught; {argued} more argued equivalent")
    return int(bool(missed))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
