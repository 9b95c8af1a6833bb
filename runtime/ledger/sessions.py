"""Which steps of its runs a ledger has let out, and which runs a later session may go on with.  No I/O here.

A run that tells steps is charged whole before the first one leaves.  From then on its steps are counted: each has one
index, which is allocated once, in order, and is spent from then on.  Stopping early gives nothing back, for whoever
stops upon what was released spends more than the steps that it took (docs/privacy.md); what is left are steps.
"""

from __future__ import annotations

from runtime.contract.refused import Refused
from runtime.ledger.events import Continued, Reserved, State, Stepped, Unbounded

MOST_SESSIONS = 1000  # that go on with one run


class Sessions:
    """Of all runs that tell steps."""

    def __init__(self) -> None:
        self.spent: dict[str, int] = {}  # steps of each run that may have left: the indices below this one
        self.attempts: dict[str, int] = {}  # sessions that have gone on with it
        self.unfinished: dict[str, dict[str, None]] = {}  # by contract: runs that can be gone on with, oldest first
        self._contracts: dict[str, str] = {}  # of those

    def may_step(self, event: Stepped, started: Reserved | Unbounded, state: State) -> None:
        """Raises Refused: run-state, all-steps-used, step-spent."""
        if state is not State.RELEASING:
            raise Refused("run-state", f"the run is {state}, so that no step of it may be told")
        spent = self.spent.get(event.run, 0)
        if spent >= started.steps:
            raise all_steps_used(started.steps)
        if event.index != spent:
            raise Refused("step-spent", f"step {event.index} of the run is not the next one: {spent} are spent")

    def may_continue(self, event: Continued, state: State) -> None:
        """Raises Refused: nothing-to-continue, step-spent, too-many-sessions."""
        if state is not State.RELEASING or event.run not in self._contracts:
            raise Refused("nothing-to-continue", f"the run is {state}: there is nothing to go on with")
        if event.index != self.spent[event.run]:
            raise Refused("step-spent", "another session has gone on with the run in the meantime", help="try again")
        if self.attempts.get(event.run, 0) >= MOST_SESSIONS:
            raise Refused(
                "too-many-sessions",
                f"{MOST_SESSIONS} sessions have gone on with this run, and no more may",
                help="find out why they were cut; agree on a new contract",
            )

    def stepped(self, event: Stepped, contract: str) -> None:
        self.spent[event.run] = event.index + 1
        self._contracts[event.run] = contract
        self.unfinished.setdefault(contract, {})[event.run] = None

    def continued(self, event: Continued) -> None:
        self.attempts[event.run] = self.attempts.get(event.run, 0) + 1

    def over(self, run: str) -> None:
        """No session follows upon this run's last one."""
        contract = self._contracts.pop(run, None)
        if contract is not None:
            del self.unfinished[contract][run]


def all_steps_used(steps: int) -> Refused:
    return Refused(
        "all-steps-used",
        f"all {steps} steps of the run have been told, and what opens at its end",
        help="agree on a new contract: `ccr contract new`",
    )
