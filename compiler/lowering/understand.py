"""From a text to words that tell nobody what is not theirs: all that can be said of a program before it is planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

from compiler.flow import leaks
from compiler.flow.trail import trails
from compiler.gates.netlist import netlist
from compiler.lowering.lost import Lost
from compiler.lowering.lower import lower
from compiler.lowering.watch import Watch
from compiler.words.ir import Words
from compiler.words.prune import prune
from compiler.words.simplify import simplify
from lang import typed as t
from lang.checker.check import Checked, check, deep_stack
from lang.checker.context import Meanings
from lang.checker.declared import Formats
from lang.checker.owners import of_owner
from lang.problems.names import NoOutput, NothingToRun
from lang.problems.problem import Rejected
from lang.problems.syntax import FileMissing
from lang.source import Source, Span
from lang.syntax import load
from lang.syntax.files import Loader, gathered

FORMATS: Formats = {"bristol": netlist}  # what an `extern fn` may be


@dataclass(frozen=True, slots=True)
class Meaning:
    """A program that is allowed to run: its checked tree, its words, which the clear evaluator runs, and its text."""

    checked: Checked
    words: Words
    files: tuple[Source, ...] = ()


def understand(
    source: Source,
    overrides: Mapping[str, str | Fraction] | None = None,
    loader: Loader = load.named,
    party: str = "",
) -> Meaning:
    """Text -> words; raises Rejected with every problem, leaks among them.

    Of data sets with several owners it is the program that `party` runs: its own, or the first owner's.
    """
    checked = _owned(check(source, overrides or {}, loader, FORMATS), party)
    with deep_stack():
        return replace(_meaning(source, checked), files=gathered(source, loader))


def again(files: Sequence[Source], params: Mapping[str, str | Fraction], party: str = "") -> Meaning:
    """As `understand`, of the files of a meaning and no others."""
    texts = {file.name: file for file in files}

    def loader(name: str) -> Source:
        if name not in texts:
            place = Span(files[0], 1, 1, 1, 1)
            raise Rejected([FileMissing(span=place, path=name, reason="it is not among the program's files")])
        return texts[name]

    return understand(files[0], params, loader, party)


def examine(
    source: Source,
    overrides: Mapping[str, str | Fraction] | None = None,
    loader: Loader = load.named,
    meanings: Meanings | None = None,
) -> Checked:
    """As `understand`, but a file of `param`, `type` and `fn` alone passes: it is there to be imported.

    What the names of the text stand for goes to `meanings`, whatever else is wrong.
    """
    checked = _owned(check(source, overrides or {}, loader, FORMATS, meanings), "")
    with deep_stack():
        return checked if checked.program == t.Program((), (), (), ()) else _meaning(source, checked).checked


def _owned(checked: Checked, party: str) -> Checked:
    owners = checked.program.owners
    if not owners:
        return checked
    return replace(checked, program=of_owner(checked.program, party if party in owners else owners[0]))


def _meaning(source: Source, checked: Checked) -> Meaning:
    if not checked.program.parties:
        raise Rejected([NothingToRun(span=Span(source, 1, 1, 1, 1))])
    if not any(isinstance(statement, t.Release) for statement in checked.program.statements):
        end = source.text.rstrip().count("\n") + 1
        column = len(source.line(end).rstrip())
        raise Rejected([NoOutput(span=Span(source, end, max(column, 1), end, column + 1))])
    lost = Lost()
    words = lowered(checked, lost)
    leaks.check(words, _places(checked.program), _ways(checked.program))
    warnings = {(w.code, w.span): w for w in (*checked.warnings, *lost.warnings())}
    return Meaning(replace(checked, warnings=tuple(sorted(warnings.values(), key=lambda w: w.span))), words)


def lowered(checked: Checked, watch: Watch | None = None) -> Words:
    return prune(simplify(lower(checked.program, watch)))


def _places(program: t.Program) -> dict[str, Span]:
    """Where each source is declared: an input's line, the first field of a data set."""
    places = {i.variable.name: i.span for i in program.inputs}
    return places | {d.name: d.fields[0].span if d.fields else d.span for d in program.datasets}


def _ways(program: t.Program) -> leaks.Way:
    """What a source passed on its way to an output; the tree is walked when the first leak is found."""
    walked = cache(lambda: trails(program))
    return lambda output, source: walked().get(output, {}).get((source.name, source.draw), ())
