"""Problems of a `dpsgd` whose noisy sums are told after each step."""

from __future__ import annotations

from lang.problems.problem import Problem


class LeaksStep(Problem):
    code = "leaks-step"
    title = "each step of this `dpsgd` would tell `{source}` of `{owner}` to `{receiver}`"
    label = "`release = step`: `{receiver}` learns the noisy sum of every step"
    help = "read what is `{receiver}`'s own beside the row, or leave out `release = step`"

    source: str
    owner: str
    receiver: str


class StepStart(Problem):
    code = "step-start"
    title = "`{name}` does not start as `{receiver}`'s own, and `release = step` tells it to `{receiver}`"
    label = "known to others, or made in a loop"
    help = "let it start as an input of `{receiver}`, as a constant, or as what is made of these outside of loops"

    name: str
    receiver: str


class StepPlace(Problem):
    code = "step-place"
    title = "what is told at once stands in a loop"
    label = "not allowed here"
    help = "move it out of the loop, and let `steps` count; a `rate` may depend on the step"


class StepClause(Problem):
    code = "step-clause"
    title = "`{clause}` is for whoever learns the noisy sum of each step"
    label = "a step of this `dpsgd` is told to nobody"
    help = "add `release = step`, or keep to one `rate` for all steps"

    clause: str
