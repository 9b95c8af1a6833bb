"""Programs that are right and do nothing: quotients that are 0, losses without a gradient, updates rounded off.

Warnings, but for one: what is lost the text does ask for.
"""

from __future__ import annotations

from lang.problems.problem import Problem


class QuotientZero(Problem):
    code = "quotient-zero"
    severity = "warning"
    title = "this quotient of integers is always 0"
    label = "rounded down to a whole number"
    help = "for the exact quotient write {instead}"

    instead: str


class QuotientFloored(Problem):
    code = "quotient-floored"
    severity = "warning"
    title = "this quotient of integers loses its fraction before it {use}"
    label = "rounded down to a whole number"
    help = "write {instead} for the exact one; if it is meant: `({written}) as int<8>`"

    use: str
    instead: str
    written: str


class LossIgnores(Problem):
    code = "loss-ignores"
    title = "the loss does not depend on `{name}`"
    label = "the same whatever `{name}` is"
    help = "let the loss read it, or leave it out of the variables after `dpsgd`"

    name: str


class LossFlat(Problem):
    code = "loss-flat"
    severity = "warning"
    title = "the loss has no gradient for `{name}`: it learns nothing but noise"
    label = "reaches `{name}` through comparisons, conditions or whole numbers alone"
    help = "give the score itself to a loss: `loss logistic(score, row.y);`"

    name: str


class UpdateLost(Problem):
    code = "update-lost"
    severity = "warning"
    title = "no row moves `{name}`: rate * clip / batch is {step}, less than half a last bit of `{kind}`"
    label = "rounded off"
    help = "raise `rate`, or give `{name}` a kind with more fraction bits"

    name: str
    step: str
    kind: str


class MeasureRepeated(Problem):
    code = "measure-repeated"
    severity = "warning"
    title = "`{name}` is measured {times} times, and each costs privacy"
    label = "in a loop"
    help = "measure once, behind the loop; {times} times with {root} times the noise cost about as much as once"

    name: str
    times: int
    root: str


class AddedStepwise(Problem):
    code = "added-stepwise"
    severity = "warning"
    title = "`{name}` may leave `{kind}` on the way, so that each addition to it is clamped by itself"
    label = "may come to {end}"
    help = "declare it `{wider}`: nothing is clamped then, and all additions are one sum, which costs less"

    name: str
    kind: str
    end: str
    wider: str
