"""The entry point of `ccr`: imports nothing at first, so that Ctrl-C while the rest is loaded ends quietly too."""

from __future__ import annotations

import sys

from runtime.cli.status import FAILED, INTERRUPTED


def main() -> None:
    """Run the command line; the exit statuses are in `runtime.cli.status`."""
    try:
        from runtime.cli.app import app

        app()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except OSError:  # the help and the version are told by others
        from runtime.cli.screen import NotShown, write

        try:
            write("", end="")  # what is still to be written
        except NotShown as error:
            print(f"error: standard output takes nothing: {error}", file=sys.stderr)
            sys.exit(FAILED)
        raise
