"""What can end the walk over a schedule."""

from __future__ import annotations


class ForgedOutput(Exception):
    """The evaluator returned something that is neither label of an output wire."""

    def __init__(self, output: str) -> None:
        super().__init__(
            f"the evaluator returned a forged label for output `{output}`: the result was refused and the "
            "session's label secret destroyed; do not run with this peer again before it is explained"
        )
        self.output = output
