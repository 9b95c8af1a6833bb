"""Clear words that wait for joint work: what a party makes of its shares, and of what it is told in the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from compiler.joint.locality import Owners, Roles, learned_by, share_of, told
from compiler.words.ir import Item, Loop, Result, Value
from compiler.words.operations import Enter, Learn, Share, Transfer


def tells(item: Item) -> bool:
    """Is it a loop with joint work whose carried values are one party's?"""
    return isinstance(item, Loop) and told(item) is not None


@dataclass(frozen=True, slots=True)
class Late:
    """Of one block."""

    items: Mapping[int, Item]
    owners: Owners
    roles: Roles

    def __call__(self, number: int) -> bool:
        """Is the value made of a share, or of what was learned, also in a loop?"""
        item = self.items.get(number)
        after = isinstance(item, Result) and tells(self.items[item.loop])
        return after or self.party(number) is not None

    def party(self, number: int) -> str | None:
        """Whose clear word a value is that is late, a loop's results aside."""
        parties = self.roles.garbler, self.roles.evaluator
        return next((p for p in parties if self.owners[number] in (share_of(p), learned_by(p))), None)

    def learned(self, number: int) -> bool:
        return self.owners[number] == learned_by(self.roles.evaluator)

    def words(self, joint: Iterable[tuple[int, Item]], results: Iterable[int]) -> list[int]:
        """Those that something else reads than clear words of the same party: shares and what is learned themselves,
        what enters or is told of them, what a loop carries."""
        found = {n for n in results if n in self.items and self(n)}
        for _, item in joint:
            match item:
                case Value(op=Enter() | Transfer()):
                    found.update(n for n in item.args[:1] if self(n))
                case Loop() if tells(item):
                    found.update(n for n in item.init if self(n))
                case _:
                    pass
        for number, item in self.items.items():
            match item:
                case Value(op=Share()):
                    found.add(number)
                case Value(op=Learn()):
                    found.update(n for n in (number, *item.args) if self(n))
                case _:
                    pass
        return sorted(found)
