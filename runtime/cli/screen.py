"""Where words go: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys


def say(text: str) -> None:
    """To the person, as it stands: no markup, no wrapping."""
    print(text, file=sys.stderr, flush=True)


def result(data: dict[str, object], text: str, as_json: bool) -> None:
    """What the command is for: one JSON object, or text."""
    print(json.dumps(data, allow_nan=False) if as_json else text, flush=True)
