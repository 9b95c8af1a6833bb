"""Data sets of several owners: what such a program may say, and which program each owner runs.

The owners do not know each other.  Each has a run of its own with the one other party, of the program in which it is
the only owner; what that party is told after a step it adds up over its runs, and so they go on in step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from lang import typed
from lang.checker.context import Context
from lang.checker.declared import Declared
from lang.checker.symbols import PartyName
from lang.problems.names import PartyMissing, TooManyParties
from lang.problems.owners import OwnersRelease, SeveralOwners
from lang.syntax import tree
from lang.typed import Moment


def owned(dataset: typed.Dataset) -> tuple[str, ...]:
    """All who own records of it."""
    return dataset.owners or (dataset.party,)


def receiver(program: typed.Program) -> str:
    """The party that owns no data set, to which those of several owners tell their noisy sums."""
    return next(party for party in program.parties if party not in program.owners)


def of_owner(program: typed.Program, owner: str) -> typed.Program:
    """The program that one of its owners runs with the receiver."""
    other = receiver(program)
    return replace(
        program,
        parties=tuple(party for party in program.parties if party in (owner, other)),
        datasets=tuple(replace(dataset, party=owner) for dataset in program.datasets),
        statements=_own(program.statements, owner, program.owners.index(owner)),
    )


def _own(statements: Sequence[typed.Statement], owner: str, place: int) -> tuple[typed.Statement, ...]:
    """The owner's own batches and rows, and where the first owner draws noise, it does."""
    found: list[typed.Statement] = []
    for statement in statements:
        match statement:
            case typed.Train():
                drawn_by = owner if statement.drawn_by is not None else None
                found.append(replace(statement, drawn_by=drawn_by, batch=statement.batches[place]))
            case typed.Measure():
                drawn_by = owner if statement.drawn_by is not None else None
                found.append(replace(statement, drawn_by=drawn_by, rows=statement.each[place]))
            case typed.Repeat():
                found.append(replace(statement, body=_own(statement.body, owner, place)))
            case typed.Bind() | typed.Store() | typed.When() | typed.Release():  # a `when`, of a private condition,
                found.append(statement)  # has neither in it
            case _:
                assert_never(statement)
    return tuple(found)


# -- what is wrong ------------------------------------------------------------------------------


def of_several(context: Context, node: tree.Dpsgd | tree.Measure, owners: Sequence[str], release: Moment) -> Moment:
    """When it tells its sums, which it does at once; records what is wrong."""
    for clause in node.clauses:
        if clause.drawn_by is not None and clause.drawn_by.name != "both":
            advice = "leave out `drawn by`: each owner draws noise for its own sum"
            context.report(SeveralOwners(span=clause.drawn_by.span, what="noise that one party draws", advice=advice))
    if isinstance(node, tree.Dpsgd) and release is Moment.END:
        others = [party for party in context.scopes.outermost(PartyName) if party not in owners]
        context.report(OwnersRelease(span=node.dataset.span, receiver=others[0] if others else "the other party"))
    return Moment.STEP


def check_parties(context: Context, declared: Declared, done: Sequence[typed.Statement]) -> None:
    """How many there are, and what those of a program with several owners bring and learn."""
    parties = declared.parties
    owners = declared.datasets[0].owners if declared.datasets else ()
    if len(parties) == 1:
        context.report(PartyMissing(span=parties[0].span, name=parties[0].name))
    if owners:
        _several(context, declared, owners, done)
    elif len(parties) > 2 and not declared.several:
        third, related = parties[2], tuple((name.span, "a party") for name in parties[:2])
        context.report(TooManyParties(span=third.span, name=third.name, related=related))


def _several(context: Context, declared: Declared, owners: tuple[str, ...], done: Sequence[typed.Statement]) -> None:
    others = [party for party in declared.parties if party.name not in owners]
    if len(others) != 1:
        place = others[1] if others else declared.parties[-1]
        what = f"`{place.name}` is a second party that owns none" if others else "every party is one"
        advice = "let one party own no data set: the one that each owner tells its noisy sums"
        context.report(SeveralOwners(span=place.span, what=what, advice=advice))
    for given in declared.inputs:
        if given.party in owners:
            what = f"`{given.variable.name}`, an input of one of them"
            advice = "the owners' runs share nothing: let the other party give it, or write it into the data set"
            context.report(SeveralOwners(span=given.span, what=what, advice=advice))
    for release in done:
        if isinstance(release, typed.Release) and (told := sorted(set(release.receivers) & set(owners))):
            what = f"`{release.name}`, an output to `{told[0]}`"
            advice = "name the other party alone: it can send the owners what it has learned"
            context.report(SeveralOwners(span=release.span, what=what, advice=advice))
