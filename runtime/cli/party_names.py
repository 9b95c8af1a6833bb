"""The names of the two parties of a program that is written."""

from __future__ import annotations

from collections.abc import Callable

from lang.problems.problem import Rejected
from lang.problems.syntax import ReservedWord
from lang.source import Source
from lang.syntax.parse import parse
from runtime.cli.options import UsageError


def checked_names(vendor: str, owner: str, taken: Callable[[str], bool]) -> None:
    """Raises UsageError for what is no name of a party, or is `taken` by something else in the program."""
    for option, name in (("--vendor", vendor), ("--owner", owner)):
        try:
            parse(Source("", f"party {name};"))
        except Rejected as rejected:
            if isinstance(rejected.problems[0], ReservedWord):
                raise UsageError(
                    f"`{option} {name}`: `{name}` is a word of the language", "take another name"
                ) from None
            raise UsageError(f"`{option} {name}` is no name of a party", "write letters, digits and _") from None
        if taken(name):
            raise UsageError(f"`{option} {name}`: the program calls something else so", "take another name")
    if vendor == owner:
        raise UsageError(f"--vendor and --owner are both `{vendor}`", "give them two names")
