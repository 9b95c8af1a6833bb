"""Problems and warnings as they are found, and how checking goes on after one."""

from __future__ import annotations

from collections.abc import Callable

from lang.checker.failing import Failed
from lang.problems import flow, names, shapes, syntax, values
from lang.problems.problem import Problem
from lang.source import Span

# Problems that an arm has whether it is taken or not.
_OF_TEXT = (
    names.UnknownName,
    names.UsedBeforeBound,
    names.BoundTwice,
    names.BuiltinName,
    names.NotAValue,
    names.OutsideFunction,
    names.NotAssignable,
    names.NotAPlace,
    names.UnknownKind,
    names.NotAKind,
    names.UnknownFunction,
    names.NotAFunction,
    names.ArgumentCount,
    names.UnknownOption,
    names.UnknownField,
    names.Recursion,
    names.CallsNeeded,
    syntax.TooDeep,
    values.IfWithoutElse,
    values.ArmWithoutValue,
)

# Problems that only a value has: of an index that never arises they say nothing.
_OF_VALUES = (
    shapes.IndexRange,
    shapes.SliceRange,
    shapes.SliceBackwards,
    shapes.KindRange,
    shapes.SizeNegative,
    shapes.ShapeRange,
    shapes.ValueTooLarge,
    shapes.WrongAxis,
    names.OptionValue,
    values.NotWhole,
    values.DivisionByZero,
    values.ExponentRange,
    values.ShiftRange,
    flow.ClauseValue,
    flow.PrivateIndexBounds,
)

Found = dict[tuple[str, Span], Problem]  # one of a kind at a place: the first


class Findings:
    """All problems and warnings so far, in the order in which they were found."""

    def __init__(self) -> None:
        self.problems: Found = {}
        self.warnings: Found = {}

    def add(self, problem: Problem) -> None:
        found = self.warnings if problem.severity == "warning" else self.problems
        found.setdefault((problem.code, problem.span), problem)

    def saved(self) -> tuple[Found, Found]:
        return dict(self.problems), dict(self.warnings)

    def restore(self, saved: tuple[Found, Found]) -> None:
        """Forget what was found since."""
        self.problems, self.warnings = saved

    def keep(self, saved: tuple[Found, Found], judged: Callable[[Problem], bool]) -> None:
        """Forget what was found since, but for problems that are judged to be ones all the same."""
        before, self.warnings = saved
        self.problems = {key: problem for key, problem in self.problems.items() if key in before or judged(problem)}


def of_text(problem: Problem) -> bool:
    """Has an arm the problem whether it is taken or not?"""
    return isinstance(problem, _OF_TEXT)


def of_no_value(problem: Problem) -> bool:
    """Has a loop's body the problem whatever the index is?"""
    return not isinstance(problem, _OF_VALUES)


class Attempt:
    """A `with` that records what fails inside it and goes on after it."""

    def __init__(self, report: Callable[[Problem], None]) -> None:
        self._report = report

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, failure: BaseException | None, trace: object) -> bool:
        if not isinstance(failure, Failed):
            return False
        for problem in failure.problems:
            self._report(problem)
        return True
