"""Problems and warnings as they are found, and how checking goes on after one."""

from __future__ import annotations

from collections.abc import Callable

from lang.checker.failing import Failed
from lang.problems import names, syntax, values
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

    def keep_text(self, saved: tuple[Found, Found]) -> None:
        """Forget what was found since, but for problems of the text."""
        before, self.warnings = saved
        self.problems = {
            key: problem for key, problem in self.problems.items() if key in before or isinstance(problem, _OF_TEXT)
        }


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


class Untaken(Attempt):
    """An attempt of which only problems of the text are kept, those that do not depend on values."""

    def __init__(self, report: Callable[[Problem], None], findings: Findings) -> None:
        super().__init__(report)
        self._findings = findings

    def __enter__(self) -> None:
        self._saved = self._findings.saved()

    def __exit__(self, kind: object, failure: BaseException | None, trace: object) -> bool:
        stopped = super().__exit__(kind, failure, trace)
        self._findings.keep_text(self._saved)
        return stopped
