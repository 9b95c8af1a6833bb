"""What a model has that no program is made of."""

from __future__ import annotations


class Untaken(ValueError):
    """`what` names the node or the part, with its type, `why` says what about it."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} cannot be taken: {why}")
