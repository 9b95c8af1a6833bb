"""The entry point of `ccr`: imports little at first, so that Ctrl-C while the rest is loaded ends quietly too."""

from __future__ import annotations

import gc
import sys

from runtime.cli import signals
from runtime.cli.status import FAILED

SELDOM = 1 << 17  # new objects between two collections: what a command loads lives, and is not looked through so often


def main() -> None:
    """Run the command line; the exit statuses are in `runtime.cli.status`."""
    try:
        signals.heed()
        gc.set_threshold(SELDOM)
        from runtime.cli.app import app

        app()
    except KeyboardInterrupt as signal:
        said, status = signals.told(signal)
        print(said, file=sys.stderr)
        sys.exit(status)
    except OSError:  # the help and the version are told by others
        from runtime.cli.screen import NotShown, write

        try:
            write("", end="")  # what is still to be written
        except NotShown as error:
            print(f"error: standard output takes nothing: {error}", file=sys.stderr)
            sys.exit(FAILED)
        raise
