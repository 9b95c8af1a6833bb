"""Problems of who learns what: information flow, outputs, and the `dpsgd` door."""

from __future__ import annotations

from lang.problems.problem import Problem


class LeaksData(Problem):
    code = "leaks-data"
    title = "`{output}` carries records of `{owner}` to `{receiver}` without a privacy mechanism"
    label = "learned by `{receiver}` here"
    help = "let it out by a `dpsgd` or a `measure` with noise, or write `reveal({output})` if both sides agree to that"

    output: str
    owner: str
    receiver: str


class LeaksInput(Problem):
    code = "leaks-input"
    title = "`{output}` carries the input `{source}` of `{owner}` to `{receiver}`"
    label = "learned by `{receiver}` here"
    help = "send it to `{owner}` alone, or write `reveal({output})` if both sides agree to this release"

    output: str
    source: str
    owner: str
    receiver: str


class NoiseKnown(Problem):
    code = "noise-known"
    title = "`{output}` goes to `{party}`, who drew the noise in it and could take it off again"
    label = "learned by `{party}` here"
    help = "leave out `drawn by {party}`, so that both parties draw the noise and neither knows it"

    output: str
    party: str


class RevealPlace(Problem):
    code = "reveal-place"
    title = "`reveal` stands only directly in an `output`"
    label = "not an output"
    help = "compute with the value itself, and write `output reveal(...) to PARTY;` where it is released"


class OutputToNobody(Problem):
    code = "output-to-nobody"
    title = "this output is sent to nobody"
    label = "no receiver"
    help = "say who learns it: `output {output} to {party};`"

    output: str
    party: str


class OutputTwice(Problem):
    code = "output-twice"
    title = "two outputs are called `{name}`"
    label = "the second one"
    help = "give one of them another name: `output {name}2 = ...`"

    name: str


class ReceiverTwice(Problem):
    code = "receiver-twice"
    title = "`{party}` is named twice as a receiver of this output"
    label = "already named"
    help = "name each receiver once"

    party: str


class DatasetOutside(Problem):
    code = "dataset-outside"
    title = "the data set `{name}` is named outside `on`"
    label = "rows never leave this way"
    help = "read `row.FIELD` in `dpsgd VARIABLE on {name}(...) as row {{ ... }}` or in `measure NAME on {name}(...)`"

    name: str


class RowOutside(Problem):
    code = "row-outside"
    title = "`{name}` is a row of `{dataset}`, not a value"
    label = "name one of its fields"
    help = "its fields are {fields}"

    name: str
    dataset: str
    fields: str


class DpsgdPrivate(Problem):
    code = "dpsgd-private"
    title = "`{word}` under a private condition"
    label = "whether this runs would tell the condition"
    help = "move it out of the `if`: `{word}` stands at top level, in a loop, or under a public condition"

    word: str


class DpsgdInside(Problem):
    code = "dpsgd-inside"
    title = "`{word}` inside {where}"
    label = "not allowed here"
    help = "`{word}` stands at top level, in a loop, or under a public condition"

    word: str
    where: str


class DpsgdAssigns(Problem):
    code = "dpsgd-assigns"
    title = "the body of `{word}` assigns `{name}`, which lives outside it"
    label = "would carry a record out"
    help = "declare a `var` inside the body, or train `{name}` by naming it after `dpsgd`"

    word: str
    name: str


class DpsgdUnbounded(Problem):
    code = "dpsgd-unbounded"
    title = "this `dpsgd` has no bound on the gradient of a record"
    label = "no clause `clip`"
    help = "write `clip = 1.0`: each record's gradient is scaled down to at most that norm"


class DpsgdNeedsLoss(Problem):
    code = "dpsgd-needs-loss"
    title = "this `dpsgd` says neither its `loss` nor {missing}"
    label = "nothing to learn from"
    help = "end the body with `loss EXPRESSION;` or with one `grad VARIABLE = EXPRESSION;` for each variable"

    missing: str


class LossTwice(Problem):
    code = "loss-twice"
    title = "{what}"
    label = "one too many"
    help = "a `dpsgd` has one `loss`, or one `grad` for each of its variables, as its last statements"

    what: str


class LossPlace(Problem):
    code = "loss-place"
    title = "`{word}` outside the body of a `dpsgd`"
    label = "nothing is trained here"
    help = "`{word}` stands directly in the body of a `dpsgd`"

    word: str


class NotTrainable(Problem):
    code = "not-trainable"
    title = "`{name}` cannot be trained: it is {what}"
    label = "not a `var`"
    help = "bind a variable first: `var w = {name};`, then train `w`"

    name: str
    what: str


class TrainedTwice(Problem):
    code = "trained-twice"
    title = "`{name}` is trained twice by this `dpsgd`"
    label = "already named"
    help = "name each variable once"

    name: str


class ClausePrivate(Problem):
    code = "clause-private"
    title = "the clause `{clause}` is not public"
    label = "known to one party only"
    help = "both parties must know it: write a number or a `param`"

    clause: str


class ClauseValue(Problem):
    code = "clause-value"
    title = "`{clause}` must be {wanted}"
    label = "is {value}"
    help = "write {clause} = {example}"

    clause: str
    wanted: str
    value: str
    example: str


class ClauseMissing(Problem):
    code = "clause-missing"
    title = "`{word}` lacks {missing}"
    label = "here"
    help = "write `on {dataset}({example})`"

    word: str
    example: str
    missing: str
    dataset: str


class ClauseUnknown(Problem):
    code = "clause-unknown"
    title = "`{word}` has no clause `{clause}`"
    label = "unknown"
    help = "{hint}"

    word: str
    clause: str
    hint: str


class ClauseTwice(Problem):
    code = "clause-twice"
    title = "the clause `{clause}` is given twice"
    label = "again"
    help = "keep one of them"

    clause: str


class NoiseByReceiver(Problem):
    code = "noise-by-receiver"
    title = "noise for records of `{owner}` would be drawn by `{party}`, who could take it off again"
    label = "draws the noise"
    help = "leave out `drawn by {party}`, so that both parties draw it, or write `drawn by {owner}`"

    party: str
    owner: str


class DatasetOwners(Problem):
    code = "dataset-owners"
    title = "data sets of two parties: `{first}` and `{second}`"
    label = "the second owner"
    help = "one party owns all data sets; let `{second}` give an `input` instead"

    first: str
    second: str


class DisjointParts(Problem):
    code = "disjoint-parts"
    title = "`disjoint` names {what}"
    label = "here"
    help = "name data sets, two or more, and each once in all: `disjoint records, holdout;`"

    what: str


class WhereForm(Problem):
    code = "where-form"
    title = "a `where` must be a bound on its own field's norm, or comparisons of fields"
    label = "not of this form"
    help = "write `where norm2({field}) <= 1.0`, or `where 0 <= {field} && {field} < 3`"

    field: str


class LabelRange(Problem):
    code = "label-range"
    title = "`{loss}` judges by labels {ends}"
    label = "may be {least} to {most}"
    help = "{hint}"

    loss: str
    ends: str
    least: str
    most: str
    hint: str


class NotYet(Problem):
    """Part of the language, but not of what this version can compile."""

    code = "not-yet"
    title = "this version cannot compile {what}"
    label = "here"
    help = "{instead}"

    what: str
    instead: str = ""


class RangeTooWide(Problem):
    """A non-linear function whose argument takes more bits than an approximation is made for."""

    code = "range-too-wide"
    title = "`{function}` of a value of {bits} bits"
    label = "too wide a range"
    help = "bind its argument to a narrower kind first: `let z: fix<16, 8> = ...;`"

    function: str
    bits: int


class QuotientKind(Problem):
    """A quotient of exact numbers that is bound to no kind: what it is for a divisor of 0 has no bound."""

    code = "quotient-kind"
    title = "a division by a private value needs a kind: x / 0 is the end of its range"
    label = "neither the dividend nor the quotient has one"
    help = "bind the quotient, `let q: int<16> = a / b;`, or give the dividend a kind, `(x as int<16>) / b`"


class ResultTooWide(Problem):
    """A function that is not bound to a kind, whose result takes more bits than such a result may have."""

    code = "result-too-wide"
    title = "`{function}` may take {bits} bits here"
    label = "bound to no kind"
    help = "bind it to the kind that is needed, at whose ends it stops: `let y: fix<16, 8> = {function}(...);`"

    function: str
    bits: int


class WithinUnmet(Problem):
    code = "within-unmet"
    title = "`{function}` cannot be computed within {within}"
    label = "the best reached is {reached}"
    help = "allow a larger error, or bind the argument to a narrower kind first"

    function: str
    within: str
    reached: str


class PrivateIndexBounds(Problem):
    code = "private-index"
    title = "this private index may be {lo} to {hi}, but the axis has {size} elements"
    label = "may be out of bounds"
    help = "clamp it: `clamp(i, 0, {last})`, or give the index a narrower kind"

    lo: int
    hi: int
    size: int
    last: int
