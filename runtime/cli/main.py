"""The entry point of `ccr`: imports nothing at first, so that Ctrl-C while the rest is loaded ends quietly too."""

from __future__ import annotations

import sys

from runtime.cli.status import INTERRUPTED


def main() -> None:
    """Run the command line; the exit statuses are in `runtime.cli.faults`."""
    try:
        from runtime.cli.app import app

        app()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
