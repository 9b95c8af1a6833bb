"""What is wrong with a number on the command line, in words of ours: typer tells what pydantic says of it."""

from __future__ import annotations

from typing import Any

_OURS = {
    "int_parsing": "`{input}` is not a whole number",
    "float_parsing": "`{input}` is not a number",
    "greater_than_equal": "{input} is below {ge}, the least",
    "less_than_equal": "{input} is above {le}, the most",
}
_VALIDATOR = "Value error, "  # whom it concerns that a library checks the choices


def told(error: Any) -> str:
    """The message of a usage error (click's); as it is where there are no better words for it."""
    cause = error.__cause__
    for found in cause.errors() if hasattr(cause, "errors") else ():
        if (words := _OURS.get(found["type"])) is not None:
            return words.format(input=found["input"], **found.get("ctx", {}))
    return str(error.message).replace(_VALIDATOR, "")
