"""What the contract or the ledger does not allow; the command ends with exit status 3."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from runtime.contract.amounts import Spend


class Refused(Exception):
    """A run may not start, or may not release.

    `reason` names the rule that was broken, one word for each rule, so that programs can tell them apart; `what` says
    what was found, `sums` holds the amounts that were compared (by name), `help` says what would fit or
    what to do.
    """

    more: Mapping[str, object] = MappingProxyType({})  # what else programs are told

    def __init__(self, reason: str, what: str, *, help: str = "", sums: Mapping[str, Spend] | None = None) -> None:
        self.reason = reason
        self.what = what
        self.help = help
        self.sums = dict(sums or {})
        told = "".join(f"\n  {name}: {amount}" for name, amount in self.sums.items())
        super().__init__(f"refused ({reason}): {what}{told}" + (f"\n  = help: {help}" if help else ""))
