"""Which policies a ledger has, and which data set may be under which: what a policy says is not looked at here.

From the first policy on nothing is granted and no run starts without one, and a data set stays under its own: a newer
version of that may take its place, nothing else.
"""

from __future__ import annotations

from runtime.contract.refused import Refused
from runtime.ledger.events import Adopted


class Policies:
    def __init__(self) -> None:
        self._adopted: dict[str, Adopted] = {}  # by digest

    def __contains__(self, policy: str | None) -> bool:
        return policy in self._adopted

    def __getitem__(self, policy: str) -> Adopted:
        return self._adopted[policy]

    def newest(self) -> list[Adopted]:
        """Of each the last version."""
        return list({_identity(e): e for e in sorted(self._adopted.values(), key=lambda e: e.version)}.values())

    def check(self, event: Adopted) -> None:
        """Raises Refused (policy-version): two texts with one name and version could not be told apart by people."""
        for known in self._adopted.values():
            same = (_identity(known), known.version) == (_identity(event), event.version)
            if same and known.policy != event.policy:
                raise Refused(
                    "policy-version",
                    f"the ledger knows another text of {_called(known)}",
                    help="a policy that was changed needs a higher version",
                )

    def take(self, event: Adopted) -> None:
        self._adopted[event.policy] = event

    def may_follow(self, before: str | None, after: str | None) -> None:
        """A data set under `before` may be granted under `after`.  Raises Refused: policy-left-out, policy-unknown,
        other-policy, policy-older."""
        if after is None:
            if self._adopted:
                raise Refused(
                    "policy-left-out",
                    "the ledger has policies, so nothing is granted in it without one",
                    help="give --policy FILE",
                )
            return
        if after not in self._adopted:
            raise Refused("policy-unknown", "the grant is under a policy that the ledger does not know")
        if before is None:
            return
        old, new = self._adopted[before], self._adopted[after]
        if _identity(old) != _identity(new):
            raise Refused(
                "other-policy",
                f"the data set is granted under {_called(old)}, not under {_called(new)}",
                help="it stays under that policy; a newer version of it may take its place",
            )
        if new.version < old.version:
            raise Refused(
                "policy-older",
                f"the data set is granted under {_called(old)} already, and this is version {new.version}",
                help="give the newest version",
            )

    def same(self, granted: str | None, named: str | None) -> None:
        """A contract that names the policy `named` may read a data set granted under `granted`, or before the ledger
        had any.  Raises Refused: policy-left-out, other-policy."""
        if named is None and self._adopted:
            raise Refused(
                "policy-left-out",
                "the ledger has policies, and the contract is made under none",
                help="agree on a new contract: `ccr contract new --policy FILE`",
            )
        known = [self._adopted[granted]] if granted is not None else self.newest()
        if known and named not in {event.policy for event in known}:
            found = (
                _called(self._adopted[named]) if named in self._adopted else "a policy that the ledger does not know"
            )
            raise Refused(
                "other-policy",
                f"the records are under {' or '.join(map(_called, known))}, and the contract is made under {found}",
                help="agree on a new contract: `ccr contract new --policy FILE`",
            )


def _identity(event: Adopted) -> tuple[str, str]:
    """What is the same in all versions of a policy."""
    return event.name, event.issued_by


def _called(event: Adopted) -> str:
    return f"policy `{event.name}` version {event.version} of {event.issued_by}"
