"""What a history amounts to: who was granted what, what has been charged, which run is where.  No I/O here.

A charge has three bounds: the data set's budget, the consumer's share of it, and what the contract gives a run and all
its runs together.  `check` refuses whatever would break one, so all of them hold after every event.  Charges of
different runs add up (basic composition, which holds also where one run was chosen upon what others released); those
of the runs of one `pld` contract are one charge, computed from the composition of them all.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from lang.numerals import spelled
from runtime.contract.amounts import NOTHING, Spend, total
from runtime.contract.refused import Refused
from runtime.ledger.charges import Charges, Scope, of_contract, of_data, of_share
from runtime.ledger.events import Allotted, Blocked, Event, Granted, Lifted, Moved, Reserved, State
from runtime.privacy.limits import too_large

MOVES: dict[State, frozenset[State]] = {
    State.RESERVED: frozenset({State.LABELS_SENT, State.ABORTED}),
    State.LABELS_SENT: frozenset({State.RELEASING, State.ABORTED}),
    State.RELEASING: frozenset({State.RELEASED}),
    State.RELEASED: frozenset(),
    State.ABORTED: frozenset(),
}
OPEN = frozenset({State.RESERVED, State.LABELS_SENT})  # may still be given back
ENDED = frozenset({State.RELEASED, State.ABORTED})


class Books:
    def __init__(self) -> None:
        self.granted: dict[str, Granted] = {}
        self.allotted: dict[tuple[str, str], Allotted] = {}  # by data set and consumer
        self.runs: dict[str, Reserved] = {}
        self.states: dict[str, State] = {}
        self.open: dict[str, None] = {}  # runs that may still be given back
        self.blocked: dict[str, Blocked] = {}  # by contract
        self.latest: datetime | None = None  # of all events the last time
        self._charges = Charges()

    def check(self, event: Event) -> None:
        """Raises Refused, with the sums, unless the event may happen now."""
        if not _only_takes_away(event):
            self.in_time(event.at)
        match event:
            case Granted():
                self._grant(event)
            case Allotted():
                self._allot(event)
            case Reserved():
                self._reserve(event)
            case Moved():
                self._move(event)
            case Blocked():
                pass
            case Lifted():
                if event.contract not in self.blocked:
                    raise Refused("not-blocked", "the contract is not blocked")
            case _:
                assert_never(event)

    def take(self, event: Event) -> None:
        """An event that has happened."""
        self.latest = max(self.latest or event.at, event.at)
        match event:
            case Granted():
                self.granted[event.data] = event
            case Allotted():
                self.allotted[event.data, event.consumer] = event
            case Reserved():
                self.runs[event.run], self.states[event.run] = event, State.RESERVED
                self.open[event.run] = None
                self._charges.take(event)
            case Moved():
                self._moved(event.run, State(event.state))
            case Blocked():
                self.blocked[event.contract] = event
            case Lifted():
                self.blocked.pop(event.contract, None)
            case _:
                assert_never(event)

    def charged(self, data: str, consumer: str | None = None) -> Spend:
        """What is taken from a data set's budget, or from one consumer's share of it."""
        return self._charges.total(of_data(data) if consumer is None else of_share(data, consumer))

    def shares(self, data: str) -> Spend:
        """All that is allotted of a data set's budget."""
        return total(a.budget.spend for (of, _), a in self.allotted.items() if of == data)

    def in_time(self, now: datetime) -> None:
        """Raises Refused (clock-behind) where the last event is of a later time."""
        if self.latest is not None and now < self.latest:
            raise Refused(
                "clock-behind",
                f"it is {now:%Y-%m-%d %H:%M:%S} UTC by this machine's clock, and the ledger's last event is of "
                f"{self.latest:%Y-%m-%d %H:%M:%S}: a clock set back would let what has expired run again",
                help="set the clock right",
            )

    def _moved(self, run: str, state: State) -> None:
        self.states[run] = state
        if state not in OPEN:
            self.open.pop(run, None)
        if state is State.ABORTED:
            self._charges.give_back(self.runs[run])

    def _grant(self, event: Granted) -> None:
        budget = _below_one(event.budget.spend)
        if event.records is not None and too_large(budget.delta, {event.label: event.records}):
            raise Refused(
                "delta-above-one-in-n",
                f"a delta of {spelled(budget.delta)} is 1/n or more for the {event.records} records of "
                f"`{event.label}`: to publish a whole record would be allowed",
                help="grant a smaller delta, 1/(10 n) or less",
            )
        _not_below("charged", self.charged(event.data), budget)
        _not_below("allotted", self.shares(event.data), budget)

    def _allot(self, event: Allotted) -> None:
        share = event.budget.spend
        grant = self._granted(event.data)
        _not_below("charged", self.charged(event.data, event.consumer), share)
        before = self.allotted.get((event.data, event.consumer))
        others = self.shares(event.data) - (before.budget.spend if before else NOTHING)
        _fits(
            "above-grant",
            f"the shares of `{grant.label}` would exceed its whole budget",
            share,
            others,
            grant.budget.spend,
            "allot",
        )

    def _reserve(self, event: Reserved) -> None:
        if event.run in self.runs:
            raise Refused("run-known", "a run of this name is in the ledger already")
        if event.contract in self.blocked:
            raise Refused(
                "contract-blocked",
                f"a run under this contract ended in {self.blocked[event.contract].why}, which no honest peer causes",
                help="find out why; `ccr budget lift` allows runs again",
            )
        siblings = of_contract(event.contract)
        _fits(
            "run-budget",
            "the run costs more than the contract gives one run",
            event.cost.spend,
            NOTHING,
            event.per_run.spend,
            "run",
        )
        if self._charges.runs(siblings) >= event.runs:
            raise Refused(
                "contract-runs",
                f"the contract is for {event.runs} runs, and {self._charges.runs(siblings)} have been made",
                help="agree on a new contract: `ccr contract new`",
            )
        self._within(
            "contract-budget",
            "the runs of this contract would cost more than its total",
            event,
            siblings,
            event.total.spend,
        )
        for data in event.data:
            grant, share = self._granted(data), self.allotted.get((data, event.consumer))
            if share is None:
                raise Refused(
                    "nothing-allotted",
                    f"the consumer has no share of the budget of `{grant.label}`",
                    help="`ccr budget allot` gives it one",
                )
            self._within(
                "consumer-budget",
                f"`{share.label}` would use more than its share of `{grant.label}`",
                event,
                of_share(data, event.consumer),
                share.budget.spend,
            )
            self._within(
                "data-budget",
                f"the budget of `{grant.label}` would be exceeded",
                event,
                of_data(data),
                grant.budget.spend,
            )

    def _within(self, reason: str, what: str, event: Reserved, scope: Scope, bound: Spend) -> None:
        _fits(reason, what, self._charges.more(scope, event), self._charges.total(scope), bound, "run")

    def _move(self, event: Moved) -> None:
        before, after = self.states.get(event.run), State(event.state)
        if before is None:
            raise Refused("run-unknown", "the ledger knows no run of this name")
        if after not in MOVES[before]:
            raise Refused("run-state", f"the run is {before}, from which it cannot become {after}")

    def _granted(self, data: str) -> Granted:
        if data not in self.granted:
            raise Refused(
                "nothing-granted",
                "no budget has been granted for these records",
                help="`ccr budget grant`; a file whose records changed is another data set",
            )
        return self.granted[data]


def _only_takes_away(event: Event) -> bool:
    """What gives nobody anything may be written by any clock."""
    return isinstance(event, Blocked) or (isinstance(event, Moved) and State(event.state) in ENDED)


def _fits(reason: str, what: str, asked: Spend, taken: Spend, bound: Spend, verb: str) -> None:
    if (taken + asked).within(bound):
        return
    left = bound - taken
    fits = left.epsilon > 0 and left.delta > 0
    help = (
        f"what fits: epsilon at most {spelled(left.epsilon)}, delta at most {spelled(left.delta)}"
        if fits
        else f"nothing is left to {verb}"
    )
    if fits and verb == "run":
        help += "; `ccr privacy` says with what noise, or for how many steps"
    raise Refused(reason, what, help=help, sums={"bound": bound, "charged": taken, "asked": asked, "left": left})


def _not_below(what: str, taken: Spend, bound: Spend) -> None:
    if not taken.within(bound):
        raise Refused(
            f"below-{what}",
            f"more than that is {what} already",
            help=f"give at least {taken}",
            sums={what: taken, "asked": bound},
        )


def _below_one(amount: Spend) -> Spend:
    if amount.delta >= 1:
        raise Refused("delta-not-below-1", "a delta of 1 or more promises nothing")
    return amount
