"""What a mutation is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Mutation:
    """A fault as somebody might make it: `old`, which its file has once, becomes `new`, and then `test` must fail.

    One that is argued `equivalent` changes nothing that a peer or an owner could tell; it is not run.
    """

    name: str
    file: str
    old: str
    new: str
    test: str  # file::function
    equivalent: str = ""

    def applied(self, root: Path) -> str:
        """The text of its file with the fault.  Raises ValueError unless the old text is there once."""
        text = (root / self.file).read_text()
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.file} has the old text {text.count(self.old)} times, not once")
        return text.replace(self.old, self.new)
