"""Problems of circuits that come from a file."""

from __future__ import annotations

from lang.problems.problem import Problem


class CircuitLine(Problem):
    code = "circuit-line"
    title = "no line of a Bristol circuit: {reason}"
    label = "here"
    help = "{hint}"

    reason: str
    hint: str = "a gate is written `2 1 0 32 64 AND`: how many wires it reads and drives, which, and what it is"


class CircuitTooLarge(Problem):
    code = "circuit-too-large"
    title = "the circuit has {count} {what}, more than {limit}"
    label = "stated here"
    help = "cut it into several circuits"

    count: str
    what: str
    limit: int


class CircuitMissing(Problem):
    code = "circuit-missing"
    title = "cannot read the circuit `{path}`: {reason}"
    label = "read here"
    help = "the path is relative to the file that names it"

    path: str
    reason: str


class CircuitFormat(Problem):
    code = "circuit-format"
    title = "`{format}` is no format of circuits"
    label = "not known"
    help = 'write `= bristol("FILE")`, for the old Bristol format and for Bristol Fashion'

    format: str


class CircuitWidths(Problem):
    code = "circuit-widths"
    title = "{declared}, the circuit has {wanted}"
    label = "does not fit"
    help = "`ccr circuit show {path}` prints a declaration that does"

    declared: str
    wanted: str
    path: str
