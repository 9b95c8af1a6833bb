"""How checking stops at a wrong expression and goes on after it."""

from __future__ import annotations

from lang import typed
from lang.problems.problem import Problem


class Failed(Exception):
    """An expression or declaration is wrong.  With no problems: they were already recorded."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(f"{len(problems)} problem(s)")
        self.problems = problems


class NeedsIndex(Exception):
    """The value of a loop's index is needed: the loop around must be unrolled."""

    def __init__(self, index: typed.Variable) -> None:
        super().__init__(index.name)
        self.index = index


class GivenUp(Exception):
    """The program is too large to go on with; the problem is recorded."""
