"""What a history amounts to: who was granted what, what has been charged, which run is where.  No I/O here.

A charge has three bounds: the data set's budget, the consumer's share of it, and what the contract gives a run and all
its runs together.  `check` refuses whatever would break one, so all of them hold after every event.  Charges of
different runs add up (basic composition, which holds also where one run was chosen upon what others released); those
of the runs of one `pld` contract are one charge, computed from the composition of them all.

What tells records at an infinite epsilon fits no bound: it passes where the grant names it, and is written down.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from shlex import quote
from typing import assert_never

from lang.numerals import counted, spelled
from runtime.contract.amounts import NOTHING, Spend
from runtime.contract.refused import Refused
from runtime.ledger.charges import Charges, Scope, of_consumer, of_contract, of_data, of_share
from runtime.ledger.endings import agree, ended, may_end
from runtime.ledger.events import (
    Adopted,
    Allotted,
    Blocked,
    Continued,
    Contracted,
    Corrected,
    CutOff,
    Denied,
    Event,
    Granted,
    Lifted,
    Moved,
    Reserved,
    Revoked,
    State,
    Stepped,
    Unbounded,
)
from runtime.ledger.fits import below_one, fits, not_below
from runtime.ledger.keeping import keeps_to, only_takes_away, same_terms
from runtime.ledger.policies import Policies
from runtime.ledger.sessions import Sessions
from runtime.privacy.limits import too_large

MOVES: dict[State, frozenset[State]] = {
    State.RESERVED: frozenset({State.LABELS_SENT, State.ABORTED}),
    State.LABELS_SENT: frozenset({State.RELEASING, State.ABORTED}),
    State.RELEASING: frozenset({State.FINISHING, State.STOPPED, State.RELEASED}),
    State.FINISHING: frozenset({State.RELEASED}),
    State.STOPPED: frozenset(),
    State.RELEASED: frozenset(),
    State.ABORTED: frozenset(),
}
OPEN = frozenset({State.RESERVED, State.LABELS_SENT})  # may still be given back


class Books:
    def __init__(self) -> None:
        self.policies = Policies()
        self.granted: dict[str, Granted] = {}  # by the first of the data sets that have one budget
        self.same: dict[str, str] = {}  # a data set -> that first one
        self.marks: dict[str, str] = {}  # a data set -> the hash of its records' marks
        self.named: dict[str, str] = {}  # the hash of marks -> the data set that has them
        self.allotted: dict[tuple[str, str], Allotted] = {}  # by data set, as in `granted`, and consumer
        self._shares: dict[str, Spend] = {}  # all that is allotted, by data set as in `granted`
        self.runs: dict[str, Reserved | Unbounded] = {}
        self.states: dict[str, State] = {}
        self.open: dict[str, None] = {}  # runs that may still be given back
        self.releasing: dict[str, None] = {}  # runs of which nobody has said how they ended
        self.contracts: dict[str, dict[str, Contracted]] = {}  # by contract, then by step
        self.denied: dict[str, Denied] = {}  # the last one of those that repeat one another
        self.sessions = Sessions()  # of the runs that tell steps
        self.blocked: dict[str, Blocked] = {}  # by contract
        self.revoked: dict[str, Revoked] = {}  # by contract
        self.latest: datetime | None = None  # of all events since the clock was corrected the last time
        self._charges = Charges()

    def check(self, event: Event) -> None:
        """Raises Refused, with the sums, unless the event may happen now."""
        if not (only_takes_away(event) or isinstance(event, Corrected)):
            self.in_time(event.at)
        match event:
            case Adopted():
                self.policies.check(event)
            case Granted():
                self._grant(event)
            case Allotted():
                self._allot(event)
            case Reserved() | Unbounded():
                self._start(event)
            case Moved():
                self._move(event)
            case CutOff():
                if event.run not in self.releasing:
                    raise Refused("run-state", "the run is not releasing, so nobody wonders how it ended")
            case Contracted():
                same_terms(self.contracts.get(event.contract, {}), event)
            case Stepped():
                self.may_go_on(self._started(event.run).contract)
                self.sessions.may_step(event, self._started(event.run), self.states[event.run])
            case Continued():
                self.may_go_on(self._started(event.run).contract)
                self._may_tell(self._started(event.run))
                self.sessions.may_continue(event, self.states[event.run])
            case Denied() | Blocked() | Revoked():
                pass
            case Lifted():
                if event.contract not in self.blocked:
                    raise Refused("not-blocked", "the contract is not blocked")
            case Corrected():
                if self.latest != event.ahead or event.at >= event.ahead:
                    raise Refused("clock-not-behind", "no event of the ledger is of a time that is still to come")
            case _:
                assert_never(event)

    def take(self, event: Event) -> None:
        """An event that has happened."""
        self.latest = max(self.latest or event.at, event.at)
        match event:
            case Adopted():
                self.policies.take(event)
            case Granted():
                if event.same_as is not None:
                    self.same[event.data] = self.first(event.same_as)
                if event.marks is not None:
                    self.marks[event.data] = event.marks
                    self.named.setdefault(event.marks, event.data)
                self.granted[self.first(event.data)] = event
            case Allotted():
                whose = self.first(event.data), event.consumer
                before = self.allotted[whose].budget.spend if whose in self.allotted else NOTHING
                self._shares[whose[0]] = self.shares(event.data) - before + event.budget.spend
                self.allotted[whose] = event
            case Reserved() | Unbounded():
                self.runs[event.run], self.states[event.run] = event, State.RESERVED
                self.open[event.run] = None
                if isinstance(event, Reserved):
                    self._charges.take(event, self._firsts(event))
            case Moved():
                self._moved(event.run, State(event.state))
            case CutOff():
                self.releasing.pop(event.run, None)
            case Contracted():
                self.contracts.setdefault(event.contract, {}).setdefault(event.step, event)
            case Denied():
                self.denied[event.about] = event
            case Stepped():
                self.sessions.stepped(event, self.runs[event.run].contract)
            case Continued():
                self.sessions.continued(event)
                self.releasing[event.run] = None
            case Blocked():
                self.blocked[event.contract] = event
            case Lifted():
                self.blocked.pop(event.contract, None)
            case Revoked():
                self.revoked.setdefault(event.contract, event)
            case Corrected():
                self.latest = event.at
            case _:
                assert_never(event)

    def charged(self, data: str, consumer: str | None = None) -> Spend:
        """What is taken from a data set's budget, or from one consumer's share of it."""
        first = self.first(data)
        return self._charges.total(of_data(first) if consumer is None else of_share(first, consumer))

    def with_run(self, run: Reserved) -> tuple[Spend, tuple[tuple[str, Spend], ...]]:
        """What its consumer, and everybody on each of its data sets, by label, would have been charged if it started
        now.  Raises Refused (nothing-granted)."""
        return self._after(of_consumer(run.consumer), run), tuple(
            (self._granted(data).label, self._after(of_data(data), run)) for data in self._firsts(run)
        )

    def _after(self, scope: Scope, run: Reserved) -> Spend:
        return self._charges.total(scope) + self._charges.more(scope, run)

    def under(self, data: str) -> str | None:
        """The digest of the policy under which a data set is granted."""
        grant = self.granted.get(self.first(data))
        return None if grant is None else grant.policy

    def first(self, data: str) -> str:
        """The first of the data sets with which this one has one budget; itself if it has its own."""
        return self.same.get(data, data)

    def unmarked(self) -> list[str]:
        """Data sets of whose records nothing was kept: older versions granted them."""
        return [data for data in {**self.granted, **self.same} if data not in self.marks]

    def concerns(self, run: Reserved | Unbounded, data: str) -> bool:
        """Whether a run is charged to the budget of this data set."""
        return self.first(data) in self._firsts(run)

    def _firsts(self, run: Reserved | Unbounded) -> tuple[str, ...]:
        """The budgets that a run is charged to: known since it started, for a data set never changes its budget."""
        return tuple(dict.fromkeys(map(self.first, run.data)))

    def shares(self, data: str) -> Spend:
        """All that is allotted of a data set's budget."""
        return self._shares.get(self.first(data), NOTHING)

    def revealed(self, data: str) -> list[str]:
        """Outputs that may have told a data set's records as they are, once for each run."""
        started = [run for name, run in self.runs.items() if self.states[name] is not State.ABORTED]
        first = self.first(data)
        return [reveal.output for run in started for reveal in run.reveals if first in map(self.first, reveal.data)]

    def in_force(self, contract: str) -> None:
        """Raises Refused (revoked) for a contract that a party has revoked."""
        if contract in self.revoked:
            raise Refused(
                "revoked",
                f"`{self.revoked[contract].party}` has revoked the contract",
                help="agree on a new one: `ccr contract new`",
            )

    def may_go_on(self, contract: str) -> None:
        """Raises Refused (contract-blocked, revoked)."""
        self._not_blocked(contract)
        self.in_force(contract)

    def _not_blocked(self, contract: str) -> None:
        if contract in self.blocked:
            raise Refused(
                "contract-blocked",
                f"a run under this contract ended in {self.blocked[contract].why}, which no honest peer causes",
                help="find out why; `ccr budget lift` allows runs again",
            )

    def may_reveal(self, output: str, data: Iterable[str]) -> None:
        """An output may tell these data sets' records at an infinite epsilon.  Raises Refused: infinite-epsilon,
        nothing-granted."""
        for grant in map(self._granted, data):
            if output not in grant.reveals:
                raise Refused(
                    "infinite-epsilon",
                    f"`{output}` would tell records of `{grant.label}` at an infinite epsilon, which no budget covers",
                    help=f"`ccr budget grant ... --reveal {output}` lets it through, if that is what you want",
                )

    def in_time(self, now: datetime) -> None:
        """Raises Refused (clock-behind) where the last event is of a later time."""
        if self.latest is not None and now < self.latest:
            raise Refused(
                "clock-behind",
                f"it is {now:%Y-%m-%d %H:%M:%S} UTC by this machine's clock, and the ledger's last event is of "
                f"{self.latest:%Y-%m-%d %H:%M:%S}: a clock set back would let what has expired run again",
                help="set the clock right; if it was ahead then and is right now: `ccr budget clock --was-ahead`",
            )

    def _moved(self, run: str, state: State) -> None:
        self.states[run] = state
        if state not in OPEN:
            self.open.pop(run, None)
            self.releasing.pop(run, None)
        if state in (State.RELEASING, State.FINISHING):
            self.releasing[run] = None
        if state in (State.FINISHING, State.STOPPED, State.RELEASED):
            self.sessions.over(run)
        started = self.runs[run]
        if isinstance(started, Reserved) and state in (State.ABORTED, State.STOPPED):
            self._charges.give_back(started, self._firsts(started))
            if state is State.STOPPED:
                self.runs[run] = after = ended(started, self.sessions.spent.get(run, 0))
                self._charges.take(after, self._firsts(after))

    def _grant(self, event: Granted) -> None:
        budget, of = below_one(event.budget.spend), event.data
        if event.same_as is not None:
            of = self.first(event.same_as)
            self._granted(of)
            if event.data != of and (event.data in self.granted or self.same.get(event.data, of) != of):
                raise Refused("own-budget", "these records have a budget of their own already, which stays with them")
        if event.records is not None and too_large(budget.delta, {event.label: event.records}):
            raise Refused(
                "delta-above-one-in-n",
                f"a delta of {spelled(budget.delta)} is 1/n or more for the {counted(event.records, 'record')} of "
                f"`{event.label}`: to publish a whole record would be allowed",
                help="grant a smaller delta, 1/(10 n) or less",
            )
        self.policies.may_follow(self.under(of), event.policy)
        not_below("charged", self.charged(of), budget)
        not_below("allotted", self.shares(of), budget)

    def _allot(self, event: Allotted) -> None:
        share = event.budget.spend
        grant = self._granted(event.data)
        not_below("charged", self.charged(event.data, event.consumer), share)
        before = self.allotted.get((self.first(event.data), event.consumer))
        others = self.shares(event.data) - (before.budget.spend if before else NOTHING)
        fits(
            "above-grant",
            f"the shares of `{grant.label}` would exceed its whole budget",
            share,
            others,
            grant.budget.spend,
            "allot",
        )

    def _start(self, event: Reserved | Unbounded) -> None:
        if event.run in self.runs:
            raise Refused("run-known", "a run of this name is in the ledger already")
        self.may_go_on(event.contract)
        keeps_to(self.contracts.get(event.contract, {}), event)
        self._may_tell(event)
        if isinstance(event, Reserved):
            self._reserve(event)

    def _may_tell(self, run: Reserved | Unbounded) -> None:
        """Under the policy that its data has now, and what it reveals."""
        for data in self._firsts(run):
            self.policies.same(self.under(data), run.policy)
        for reveal in run.reveals:
            self.may_reveal(reveal.output, reveal.data)

    def _reserve(self, event: Reserved) -> None:
        agree(event)
        siblings = of_contract(event.contract)
        fits(
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
                f"the contract is for {counted(event.runs, 'run')}, and {self._charges.runs(siblings)} have been made",
                help=(
                    "`ccr run --continue` goes on with the one that was cut"
                    if self.sessions.unfinished.get(event.contract)
                    else "agree on a new contract: `ccr contract new`"
                ),
            )
        self._within(
            "contract-budget",
            "the runs of this contract would cost more than its total",
            event,
            siblings,
            event.total.spend,
        )
        for data in self._firsts(event):
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
                f"ccr budget allot {quote(grant.label)} --to {quote(share.label)}.crt",
            )
            self._within(
                "data-budget",
                f"the budget of `{grant.label}` would be exceeded",
                event,
                of_data(data),
                grant.budget.spend,
                f"ccr budget grant {quote(grant.label)}",
            )

    def _within(self, reason: str, what: str, event: Reserved, scope: Scope, bound: Spend, mend: str = "") -> None:
        fits(reason, what, self._charges.more(scope, event), self._charges.total(scope), bound, "run", mend)

    def _started(self, run: str) -> Reserved | Unbounded:
        if run not in self.runs:
            raise Refused("run-unknown", "the ledger knows no run of this name")
        return self.runs[run]

    def _move(self, event: Moved) -> None:
        started = self._started(event.run)
        before, after = self.states[event.run], State(event.state)
        if after not in MOVES[before]:
            raise Refused("run-state", f"the run is {before}, from which it cannot become {after}")
        if after is State.STOPPED:
            self._not_blocked(started.contract)
            may_end(started, self.sessions.spent.get(event.run, 0))

    def _granted(self, data: str) -> Granted:
        if self.first(data) not in self.granted:
            raise Refused(
                "nothing-granted",
                "no budget has been granted for these records",
                help="`ccr budget grant`; a file whose records changed is another data set",
            )
        return self.granted[self.first(data)]
