"""Which files are programs, by their names."""

from __future__ import annotations

from pathlib import Path

from runtime.cli.options import UsageError

SOURCE, ARTIFACT = ".ccr", ".ccrc"
STDIN = "-"


def is_program(file: str) -> bool:
    """By its name."""
    return Path(file).suffix in (SOURCE, ARTIFACT)


def no_data(file: str) -> None:
    """Raises UsageError for a file of data."""
    if is_program(file):
        return
    # Here, because a program needs none of the formats, which take longer to load than a program to check.
    from runtime.data.formats import format_of

    if format_of(file) is not None:
        raise UsageError(f"{file} is a file of data, not a program", "give a .ccr file")


def source_only(file: str) -> None:
    """Raises UsageError for a file of data and for an artifact."""
    no_data(file)
    if Path(file).suffix == ARTIFACT:
        raise UsageError(f"{file} is an artifact, which has been compiled already", "give the .ccr file")
