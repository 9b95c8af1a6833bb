"""A contract and the data provider's ledger as the permit of a run: it stands where a clean room releases its keys."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compiler.schedule.told import opens, told_steps
from runtime.contract.agree import with_data, with_parties, with_program
from runtime.contract.commitment import commitment
from runtime.contract.cost import charges
from runtime.contract.draft import Holding
from runtime.contract.fields import public_key
from runtime.contract.refused import Refused
from runtime.contract.sign import digest, not_revoked, verify, verify_time
from runtime.contract.sign import hold as hold_signed
from runtime.contract.terms import Contract, Terms
from runtime.data.content import content
from runtime.data.load import Loaded
from runtime.data.memory import Input
from runtime.data.specs import DatasetSpec
from runtime.ledger.agreed import write_down
from runtime.ledger.books import Books
from runtime.ledger.events import Attempt, Blocked, Revoked, now
from runtime.ledger.identity import identify
from runtime.ledger.refusals import About, name, note, noting
from runtime.ledger.run import Cut, Request, Run, cut, fresh_name
from runtime.ledger.store import Known, Ledger
from runtime.net.keys import Identity
from runtime.party.ruled import policy_of, rules
from runtime.party.sources import specs
from runtime.policy.hold import hold
from runtime.policy.proposals import agreement
from runtime.policy.rules import Policy
from runtime.program import Program
from runtime.session.errors import Disagreement
from runtime.session.permit import Charge, Permit


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who comes with a contract, and whom it is about to meet."""

    party: str
    identity: Identity
    peer_certificate: bytes


def permit(
    contract: Contract,
    program: Program,
    bearer: Bearer,
    files: Mapping[str, Input],
    ledger: Path,
    loaded: Mapping[str, Loaded],
    policy: Policy | None = None,
    continues: bool = False,
    run: str = "",
) -> Permit:
    """The permit of a run under a contract: a ContractPermit, and a LedgerPermit if this party's data is charged.

    `files` has the path of each of this party's data sets, which must not change after they were `loaded`
    (`data.unchanged`).  The contract's policy is the one that is given, or as the ledger remembers it.  Everything that
    can be told before the peer is met is checked here, but for the budget, which others may use in the meantime.  Takes
    seconds where there is a mechanism.
    It `continues` a run that was cut, the one of this name or the oldest.  What is refused is written into the ledger,
    if there is one.
    Raises Refused, and InputError for a file that cannot be read.
    """
    about = About(Attempt.RUN, public_key(bearer.peer_certificate), digest(contract.terms), program.digest)
    with noting(ledger, about):
        books = _in_force(contract, ledger)
        verify(contract, now())
        terms = contract.terms
        with_program(terms, program)
        with_parties(terms, bearer.party, bearer.identity.certificate, bearer.peer_certificate)
        with_data(terms, bearer.party, _holdings(terms, program, bearer, loaded))
        policy = policy_of(terms, policy, books, any(d.owner == bearer.party for d in terms.data))
        if policy is not None:
            hold(policy, agreement(terms), now())
        if continues and not told_steps(program.compiled.plan):
            raise Refused(
                "nothing-to-continue", "the program tells nothing after a step: a run that was cut starts anew"
            )
        return _permit(terms, program, bearer.party, files, ledger, about, policy, continues, run)


def _permit(
    terms: Terms,
    program: Program,
    party: str,
    files: Mapping[str, Input],
    ledger: Path,
    about: About,
    policy: Policy | None,
    continues: bool,
    run: str,
) -> Permit:
    """Of a contract that binds, on this program and this party's data.  Completes what `about` says."""
    own = [d.name for d in terms.data if d.owner == party]
    bare = {name for names in terms.unbounded().values() for name in names}
    if not own or (terms.privacy is None and bare.isdisjoint(own)):
        return ContractPermit(terms, policy, continues)
    if program.compiled.garbler != party:  # nobody would hold back the decoding bits
        raise Refused(
            "owner-does-not-garble",
            "in this program the owner of the data does not garble",
            help="compile it with this version of ccr",
        )
    with Ledger(ledger) as opened:  # one that was tampered with is refused before anybody waits
        held = {name: identify(opened, files[name]).data for name in own}
        about.data = tuple(sorted(set(held.values())))
        known, reveals = opened.known(), _unbounded(terms, held)
        known.books.in_time(now())
        goes_on = cut(opened, known.books, digest(terms), run) if continues else None
        for name in held.values():
            known.books.policies.same(known.books.under(name), terms.policy)
        for output, data in reveals.items():
            known.books.may_reveal(output, data)
        write_down(opened, terms, "in_force", party)  # which `known` takes in
    request = _request(terms, program, party, held, reveals)
    return LedgerPermit(request, terms, ledger, known, about, policy, goes_on, opens(program.compiled.plan))


def _holdings(terms: Terms, program: Program, bearer: Bearer, loaded: Mapping[str, Loaded]) -> dict[str, Holding]:
    """What this party has of the contract's data sets, as the program reads them."""
    salts, found = {d.name: d.salt for d in terms.data}, dict[str, Holding]()
    for spec in specs(program.compiled, frozenset({bearer.party})):
        if isinstance(spec, DatasetSpec):
            fields, salt = loaded[spec.name], salts[spec.name]
            assert not isinstance(fields, np.ndarray)
            held = content(spec, fields)
            found[spec.name] = Holding(held.records, salt, commitment(held, bearer.identity, salt))
    return found


def _in_force(contract: Contract, ledger: Path) -> Books | None:
    """Neither party has revoked the contract, as its file or this party's ledger tells; what the file tells is written
    down, so that an older copy is of no use.  The ledger's books, if there is one.  Raises Refused (revoked, and as
    `hold_signed`)."""
    hold_signed(contract)
    name, books = digest(contract.terms), None
    if ledger.exists() or contract.revocations:  # also by a party that has kept none: it had nothing to charge
        with Ledger(ledger, create=bool(contract.revocations)) as opened:
            books = opened.books()
            if contract.revocations and name not in books.revoked:
                party = contract.revocations[0].party
                opened.record(lambda _: [Revoked(at=now(), contract=name, party=party)])
            books.in_force(name)
    not_revoked(contract)
    return books


def _request(
    terms: Terms, program: Program, party: str, held: Mapping[str, str], reveals: Mapping[str, tuple[str, ...]]
) -> Request:
    costs = None
    if terms.privacy is not None:
        costs = charges(program.compiled, {d.name: d.records for d in terms.data}, terms.privacy)
    return Request(
        data=tuple(sorted(set(held.values()))),
        consumer=terms.other(party).key,
        contract=digest(terms),
        program=program.digest,
        cost=costs.one if costs else None,
        charge=costs.taken if costs else None,
        privacy=terms.privacy,
        reveals=reveals,
        purpose=terms.purpose,
        policy=terms.policy,
        reports=tuple(d.report for d in terms.data if d.report is not None),
        steps=told_steps(program.compiled.plan),
        endings=costs.endings if costs else (),
    )


def _unbounded(terms: Terms, held: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """By output, those of this party's data sets, as the ledger names them, that it tells of at an infinite epsilon."""
    found = {
        output: tuple(sorted({held[name] for name in names if name in held}))
        for output, names in terms.unbounded().items()
    }
    return {output: data for output, data in found.items() if data}


class ContractPermit(Permit):
    """Given while the contract is valid: when the peer has come, for which this party may have waited, and again
    before an output opens, for which both may have worked for days.  The policy it is made under is looked at too."""

    def __init__(self, terms: Terms, policy: Policy | None = None, continues: bool = False) -> None:
        super().__init__(digest(terms))
        self._terms, self._policy, self._continues = terms, policy, continues

    @property
    def continues(self) -> bool:
        return self._continues

    @property
    def records(self) -> Mapping[str, int]:
        return {d.name: d.records for d in self._terms.data}

    def opening(self) -> None:
        self._in_time()

    def releasing_step(self, index: int) -> None:
        self._in_time()

    def releasing(self) -> None:
        self._in_time()

    def _in_time(self) -> None:
        verify_time(self._terms, now())
        if self._policy is not None:
            hold(self._policy, agreement(self._terms), now())


class LedgerPermit(ContractPermit):
    """Given when the ledger, too, has set the run's cost aside.

    How long that takes, and the peer waits, says nothing of how much the ledger holds: its history is `known` by then.
    """

    def __init__(
        self,
        request: Request,
        terms: Terms,
        ledger: Path,
        known: Known,
        about: About,
        policy: Policy | None = None,
        cut: Cut | None = None,
        opens: bool = True,
    ) -> None:
        """`opens`: something opens at the end of the run, beside what its steps have told."""
        super().__init__(terms, policy, cut is not None)
        self._request, self._path, self._known, self._about = request, ledger, known, about
        self._cut, self._name, self._opens = cut, cut.run if cut else fresh_name(), opens
        self._spent = -1  # the last step of which the ledger was told here
        self._open: tuple[Ledger, Run] | None = None

    @property
    def run(self) -> str:
        return self._name if self._request.steps else ""

    @property
    def first(self) -> int:
        return self._cut.index if self._cut else 0

    @property
    def told(self) -> bool:
        return self._cut is not None or self._spent >= 0

    @property
    def charged(self) -> Charge | None:
        privacy, charge = self._request.privacy, self._request.charge
        if privacy is None or charge is None:
            return None
        return Charge(charge, privacy.runs if privacy.composition == "pld" else 1)

    @property
    def unfinished(self) -> str:
        sessions = self._known.books.sessions
        names = [] if self._cut else list(sessions.unfinished.get(self.contract, ()))
        return ", ".join(f"step {sessions.spent[name]} of {self._known.books.runs[name].steps}" for name in names)

    def opening(self) -> None:
        super().opening()
        ledger = Ledger(self._path, known=self._known)
        try:
            ruled = rules(self._policy, self._terms)
            run = Run.resume(ledger, self._cut) if self._cut else Run.reserve(ledger, self._request, ruled, self._name)
            self._open = ledger, run
        except BaseException:
            ledger.close()
            raise

    def labels(self) -> None:
        if self._cut is None:
            self._reserved.labels_sent()

    def releasing_step(self, index: int) -> None:
        if index != self._spent:
            super().releasing_step(index)
            self._reserved.step(index)
            self._spent = index

    def releasing(self) -> None:
        super().releasing()
        if not self._request.steps:
            self._reserved.releasing()
        elif self._opens:
            self._reserved.finishing()

    def released(self) -> None:
        self._reserved.released()

    def attacked(self, why: str) -> None:
        with suppress(Refused):
            if self._open is not None:
                self._open[0].record(lambda _: [Blocked(at=now(), contract=self.contract, why=why)])

    def failed(self, error: BaseException) -> None:
        # After the peer was told: how long it waits for that says nothing of what is written here.
        if isinstance(error, Refused | Disagreement):
            sums = error.sums if isinstance(error, Refused) else None
            note(self._path, self._about.denied(name(error), sums=sums))
        self._end(name(error))

    def ended(self) -> None:
        self._end("no-last-word")

    def _end(self, why: str) -> None:
        # Where the ledger cannot be written now, the next run gives back what this one still holds.
        if self._open is not None:
            ledger, run = self._open
            self._open = None
            with suppress(Refused), ledger:
                run.end(why)

    @property
    def _reserved(self) -> Run:
        if self._open is None:
            raise Refused("not-reserved", "the run was not reserved in the ledger")
        return self._open[1]
