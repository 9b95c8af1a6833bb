"""The steps of a training: when their noisy sums are told, and how the weights follow them."""

from __future__ import annotations

from enum import Enum


class Moment(Enum):
    """When what a `dpsgd` lets out is told."""

    END = "end"  # as outputs, which open behind the last step
    STEP = "step"  # each step's noisy sums, behind that step, to the party that is not the data set's owner
