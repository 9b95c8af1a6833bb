"""What a chain of arms leaves: `if`, `else if`, ..., of which one is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from compiler.lowering.choices import Choice, merge
from compiler.lowering.context import Lowering, Scope
from compiler.words.leaves import flatten
from compiler.words.operations import Or
from lang.source import Span

_SHORT = 8  # arms that are chosen from one after another


@dataclass(frozen=True, slots=True)
class Arm:
    """Its words have numbers from `since` on; `after` is what the variables hold behind it."""

    span: Span
    condition: int
    since: int
    after: Scope


def chosen(c: Lowering, arms: Sequence[Arm], last: Scope) -> Scope:
    """What the variables hold behind the first arm whose condition holds, or behind `last`.

    The scope of the lowering is what they held before.  Of many arms one half is chosen first, by whether any of its
    conditions holds: an element that one arm has written would else be chosen again in each arm before it.
    """
    if len(arms) > _SHORT and _in_parts(c, arms):
        middle = len(arms) // 2
        first, (*others, taken) = arms[0], arms[:middle]
        then, after = chosen(c, others, taken.after), chosen(c, arms[middle:], last)
        any_of = reduce(lambda a, b: c.b.logic(Or(), a, b), (arm.condition for arm in arms[:middle]))
        return _merged(c, Arm(first.span, any_of, first.since, then), after)
    for arm in reversed(arms):
        last = _merged(c, arm, last)
    return last


def _in_parts(c: Lowering, arms: Sequence[Arm]) -> bool:
    """Does one of them assign an array?"""
    changed = (
        leaf for arm in arms for number, old in c.scope.items() if arm.after[number] != old for leaf in flatten(old)
    )
    return any(c.b.type(leaf).size > 1 for leaf in changed)


def _merged(c: Lowering, arm: Arm, after: Scope) -> Scope:
    before, c.b.span = c.scope, arm.span
    c.scope = dict(before)
    merge(c, Choice(c.b, arm.condition, arm.since, *arm.after.values(), *after.values()), arm.after, after)
    found, c.scope = c.scope, before
    return found
