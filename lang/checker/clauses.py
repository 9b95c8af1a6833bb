"""The clauses of a `dpsgd` or `measure`: how records are drawn, bounded and covered with noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from lang import typed
from lang.checker.context import Context
from lang.checker.failing import Failed
from lang.checker.infer import describe
from lang.checker.owners import of_several
from lang.checker.public import constant, indices
from lang.checker.symbols import PartyName
from lang.checker.updates import CLAUSES, Updates
from lang.numerals import show_number
from lang.problems.flow import (
    ClauseMissing,
    ClausePrivate,
    ClauseTwice,
    ClauseUnknown,
    ClauseValue,
    DpsgdUnbounded,
    NoiseByReceiver,
)
from lang.problems.names import UnknownParty
from lang.syntax import tree
from lang.typed import Moment, Update

# clause -> what it must be, the test for it, an example
_CLAUSES: dict[str, tuple[str, Callable[[Fraction], bool], str]] = {
    "rows": ("a whole number above 1", lambda v: v > 1 and v.denominator == 1, "114"),
    "batch": ("a whole number above 0", lambda v: v > 0 and v.denominator == 1, "64"),
    "steps": ("a whole number above 0", lambda v: v > 0 and v.denominator == 1, "20"),
    "clip": ("above 0", lambda v: v > 0, "1.0"),
    "noise": ("at least 0", lambda v: v >= 0, "1.69"),
}
SIZES = ("batch", "rows")  # each owner's own, where they are several
BOTH = "both"  # in place of a party: the noise is drawn by the two together
# statement -> its clauses, in the order of an example
_OF: dict[str, tuple[str, ...]] = {
    "dpsgd": ("batch", "steps", "clip", "noise", "rate"),
    "measure": ("rows", "clip", "noise"),
}
# statement -> those that may be left out
_MORE: dict[str, tuple[str, ...]] = {
    "dpsgd": ("release", *(name for name in CLAUSES if name != "rate")),
    "measure": (),
}
_EXAMPLES = {name: example for name, (_, _, example) in _CLAUSES.items()} | {"rate": "8.0"}
NO_UPDATE = Update(())  # of a `measure`


@dataclass(frozen=True, slots=True)
class Clauses:
    """`values` has one for each clause; `sizes` the batch or the rows of each owner, where they are several."""

    values: dict[str, Fraction]
    sizes: tuple[int, ...]
    drawn_by: str | None  # None: both parties together
    release: Moment
    update: Update


def clauses_of(context: Context, node: tree.Dpsgd | tree.Measure, dataset: typed.Dataset | None) -> Clauses:
    """All clauses, each checked whatever is wrong with the others; raises Failed."""
    word = "dpsgd" if isinstance(node, tree.Dpsgd) else "measure"
    wanted, known = _OF[word], _OF[word] + _MORE[word]
    values: dict[str, Fraction] = {}
    drawn_by: str | None = None
    release, updates = Moment.END, Updates()
    given: set[str] = set()
    sizes: tuple[int, ...] = ()
    for clause in node.clauses:
        name = clause.name.name
        if name not in known:
            context.report(
                ClauseUnknown(
                    span=clause.name.span,
                    word=word,
                    clause=name,
                    hint=context.near(name, known) or f"clauses are {', '.join(known[:-1])} and {known[-1]}",
                )
            )
            continue
        if name in given:
            context.report(ClauseTwice(span=clause.name.span, clause=name))
        given.add(name)
        with context.attempt():
            if name == "release":
                release = _release(clause)
            elif name in CLAUSES:
                updates.given.setdefault(name, clause)
            else:
                owners = dataset.owners if dataset is not None and name in SIZES else ()
                found = _clause(context, clause, len(owners))
                values[name] = found[0]
                sizes = tuple(map(int, found)) if owners else sizes
        if clause.drawn_by is not None:
            with context.attempt():
                drawn_by = _drawn_by(context, word, clause, clause.drawn_by, dataset)
    missing = [name for name in wanted if name not in given]
    if word == "dpsgd" and "clip" in missing:
        context.report(DpsgdUnbounded(span=node.dataset.span))
        missing.remove("clip")
    if missing:
        example = ", ".join(f"{name} = {_EXAMPLES[name]}" for name in wanted)
        said, dataset_name = _listed([f"`{name}`" for name in missing]), node.dataset.name
        raise Failed(
            ClauseMissing(span=node.dataset.span, word=word, missing=said, dataset=dataset_name, example=example)
        )
    update = None
    with context.attempt():
        update = updates.update(context, int(values.get("steps", 1)), release) if updates.given else NO_UPDATE
    if len(values) < sum(name in _CLAUSES for name in wanted) or update is None:
        raise Failed
    if dataset is not None and dataset.owners:
        release = of_several(context, node, dataset.owners, release)
    if release is Moment.STEP:
        _hidden(node, values["noise"])
        if dataset is not None and not any(c.drawn_by for c in node.clauses):
            drawn_by = dataset.party  # nothing of it enters the circuit, where it would cost gates
    return Clauses(values, sizes, drawn_by, release, update)


def _hidden(node: tree.Dpsgd | tree.Measure, noise: Fraction) -> None:
    """A sum that is told has noise; raises Failed."""
    if not noise:
        span = next(clause.value.span for clause in reversed(node.clauses) if clause.name.name == "noise")
        wanted = "above 0 where the sums are told after each step"
        raise Failed(ClauseValue(span=span, clause="noise", wanted=wanted, value="0", example="1.69"))


def _release(clause: tree.Clause) -> Moment:
    said = clause.value.name if isinstance(clause.value, tree.Name) else ""
    moment = next((moment for moment in Moment if moment.value == said), None)
    if moment is None:
        raise Failed(
            ClauseValue(
                span=clause.value.span,
                clause="release",
                wanted="`end` or `step`",
                value="something else",
                example="step",
            )
        )
    return moment


def _clause(context: Context, clause: tree.Clause, owners: int) -> tuple[Fraction, ...]:
    """A number; of several owners one for each, which may be written as one for all."""
    name = clause.name.name
    expr = context.expr(clause.value)
    if indices(expr) is None:
        raise Failed(ClausePrivate(span=clause.value.span, clause=name))
    const = constant(expr, f"`{name}`")
    wanted, test, example = _CLAUSES[name]
    of_each = bool(owners) and const.type.shape == (owners,)
    if (const.type.shape and not of_each) or not all(map(test, const.values)):
        shown = describe(const.type) if const.type.shape else show_number(const.values[0])
        wanted += f", or a list of {owners} such, one for each owner" if owners else ""
        raise Failed(ClauseValue(span=clause.value.span, clause=name, wanted=wanted, value=shown, example=example))
    return const.values if of_each else const.values[:1] * max(1, owners)


def _drawn_by(
    context: Context, word: str, clause: tree.Clause, party: tree.Name, dataset: typed.Dataset | None
) -> str | None:
    """The party that draws the noise; None for `both`."""
    if clause.name.name != "noise":
        raise Failed(
            ClauseUnknown(
                span=party.span,
                word=word,
                clause=f"{clause.name.name} ... drawn by",
                hint="`drawn by PARTY` goes with `noise`",
            )
        )
    if party.name == BOTH and context.scopes.find(BOTH) is None:
        return None
    if not isinstance(context.meaning(party), PartyName):
        parties = context.scopes.outermost(PartyName)
        raise Failed(UnknownParty(span=party.span, name=party.name, hint=context.near(party.name, parties)))
    if dataset is not None and not dataset.owners and party.name != dataset.party:
        raise Failed(
            NoiseByReceiver(
                span=party.span,
                party=party.name,
                owner=dataset.party,
                related=((dataset.span, f"belongs to `{dataset.party}`"),),
            )
        )
    return party.name


def _listed(names: list[str]) -> str:
    """`clip`, `noise` and `rate`, with the noun before them."""
    if len(names) == 1:
        return f"the clause {names[0]}"
    return f"the clauses {', '.join(names[:-1])} and {names[-1]}"
