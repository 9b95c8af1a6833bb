"""Problems of data sets that several parties own, each with records of its own."""

from __future__ import annotations

from lang.problems.problem import Problem


class SeveralOwners(Problem):
    code = "several-owners"
    title = "with data of several owners: {what}"
    label = "here"
    help = "{advice}"

    what: str
    advice: str


class OwnersRelease(Problem):
    code = "owners-release"
    title = "a `dpsgd` on data of several owners that tells nothing before its end"
    label = "`{receiver}` is to learn each owner's noisy sums step by step"
    help = "add `release = step`: the owners do not meet, so that only `{receiver}` can add what they tell it"

    receiver: str
