"""What the parties choose of how they compute together."""

from __future__ import annotations

from enum import Enum


class Products(Enum):
    """How the sums of products of a `dpsgd` are computed."""

    GATES = "gates"
    SHARES = "shares"


class Evaluator(Enum):
    """What the parties take the evaluator for."""

    MALICIOUS = "malicious"  # it enters its inputs, coins and shares, and nothing that it would compute from them
    HONEST = "honest"  # it follows the protocol: what depends on its inputs alone it computes by itself
