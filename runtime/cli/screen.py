"""Where words go: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress

from runtime.cli.ink import coloured, painted


class NotShown(Exception):
    """Standard output takes nothing: its disk is full, whoever read it is gone, or it is closed."""


def say(text: str) -> None:
    """To the person, as it stands: no markup, no wrapping; nobody is told where standard error takes nothing."""
    with suppress(OSError, ValueError):
        print(painted(text) if coloured(sys.stderr) else text, file=sys.stderr, flush=True)


def write(text: str, end: str = "\n") -> None:
    """On standard output.  Raises NotShown."""
    if sys.stdout is None:  # as Python has it where it was closed from the beginning
        raise NotShown("it is closed")
    try:
        print(text, end=end, flush=True)
    except (OSError, ValueError) as error:
        _leave_standard_output()
        raise NotShown(getattr(error, "strerror", None) or str(error)) from None


def result(data: dict[str, object], text: str, as_json: bool) -> None:
    """What the command is for: one JSON object, or text.  Raises NotShown."""
    write(_told(data, text, as_json))


def learned(
    data: dict[str, object], text: str, as_json: bool, once: tuple[dict[str, object], str] | None = None
) -> None:
    """As `result`; where standard output takes nothing, what of it is there but `once`, if anything, goes to standard
    error: an object, or text."""
    try:
        result(data, text, as_json)
    except NotShown:
        if once is not None:
            say(_told(*once, as_json))
        raise


def _told(data: dict[str, object], text: str, as_json: bool) -> str:
    return json.dumps(data, allow_nan=False) if as_json else text


def _leave_standard_output() -> None:
    """What is left in its buffer goes nowhere, or Python would try once more at its end, and say so in its own way."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
