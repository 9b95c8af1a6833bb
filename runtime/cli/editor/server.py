"""`ccr lsp`: the command that serves an editor."""

from __future__ import annotations

from importlib.util import find_spec

from runtime.cli.faults import faults
from runtime.cli.options import UsageError


def lsp() -> None:
    """Serve an editor, by the Language Server Protocol on standard input and output."""
    with faults(False):
        if find_spec("pygls") is None:
            raise UsageError("ccr lsp needs pygls, which is not installed", "pip install 'ccr-lang[lsp]'")
        from runtime.cli.editor.features import served  # here, because it needs what may not be installed

        served().start_io()
