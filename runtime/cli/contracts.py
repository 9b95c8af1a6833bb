"""`ccr contract`: what two parties agree on, written down and signed before they run."""

from __future__ import annotations

import json as jsons
from datetime import timedelta
from pathlib import Path
from typing import Annotated, cast

import typer

from compiler.program import products as products_of
from lang.numerals import spelled
from runtime.cli import drafting
from runtime.cli.contract_files import read_contract, write_contract
from runtime.cli.data_options import ColumnsOf, Input, columns_given
from runtime.cli.faults import faults, has_folder
from runtime.cli.given import compiled
from runtime.cli.options import Define, Evaluator, Json, LedgerFile, PolicyFile, Products, Runnable, UsageError, pairs
from runtime.cli.ruling import for_contract, of_contract, policy_given
from runtime.cli.screen import result, say
from runtime.cli.status import REFUSED
from runtime.contract import terms as contract_terms
from runtime.contract.agree import with_peer, with_program
from runtime.contract.compare import differences
from runtime.contract.draft import terms_for
from runtime.contract.refused import Refused
from runtime.contract.sign import Standing, digest, hold, revoke, sign, signer, standing, verify
from runtime.contract.terms import Contract, Terms
from runtime.ledger.agreed import Step, write_down
from runtime.ledger.events import Attempt, Revoked, now
from runtime.ledger.refusals import About, noting
from runtime.ledger.store import Ledger, default_path
from runtime.net import keys
from runtime.program import Program
from runtime.report.contract import as_json, framework, lines
from runtime.report.program import integrity

CLOCK_SKEW = timedelta(hours=1)  # by which the parties' clocks may differ
File = Annotated[Path, typer.Argument(metavar="CONTRACT", show_default=False)]
Key = Annotated[Path, typer.Option("--key", metavar="ME.key", show_default=False, help="Own key.")]
Cert = Annotated[Path, typer.Option("--cert", metavar="ME.crt", show_default=False, help="Own certificate.")]
Writer = Annotated[
    str,
    typer.Option(
        "--as", metavar="PARTY", show_default=False, help="Who writes it: the owner of the data sets, if there are any."
    ),
]
Peer = Annotated[Path, typer.Option("--peer", metavar="PEER.crt", show_default=False, help="The peer's certificate.")]
OtherPeer = Annotated[
    Path | None,
    typer.Option(
        "--peer", metavar="PEER.crt", show_default=False, help="Compare the peer's certificate with the contract's."
    ),
]
Epsilon = Annotated[
    str | None, typer.Option("--epsilon", metavar="E", show_default=False, help="What one run may cost at most.")
]
Delta = Annotated[
    str | None,
    typer.Option(
        "--delta",
        metavar="D",
        show_default=False,
        help="The delta of one run; the smaller of 1e-5 and 1/(10 n) if not given, n the records.",
    ),
]
Runs = Annotated[int, typer.Option("--runs", metavar="N", min=1, help="How many runs at most.")]
TotalEpsilon = Annotated[
    str | None,
    typer.Option(
        "--total-epsilon",
        metavar="E",
        show_default=False,
        help="What all runs may cost; N times --epsilon if not given.",
    ),
]
TotalDelta = Annotated[
    str | None,
    typer.Option(
        "--total-delta", metavar="D", show_default=False, help="The delta of all runs; N times --delta if not given."
    ),
]
Composition = Annotated[
    str,
    typer.Option(
        "--composition",
        metavar="basic|pld",
        help="basic: runs may depend on one another's results; pld: all are fixed now, and cost less together.",
    ),
]
Stops = Annotated[
    str | None,
    typer.Option(
        "--stops",
        metavar="T,T,...",
        show_default=False,
        help="Steps after which a run may be ended, the last one its end, and then costs less; T=DELTA,... says which "
        "part of --delta each takes, the same if not said.",
    ),
]
Days = Annotated[int, typer.Option("--days", metavar="N", min=1, max=3650, help="How long it is valid.")]
Report = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="NAME=REPORT",
        show_default=False,
        help="What `ccr data check` has found of a data set, which has to have passed.",
    ),
]
Purpose = Annotated[
    str | None,
    typer.Option(
        "--purpose", metavar="WORD", show_default=False, help="What it is for, a word such as fraud-detection."
    ),
]
Out = Annotated[Path, typer.Option("-o", metavar="OUT", help="Where it is written.")]


def new(
    file: Runnable,
    key: Key,
    cert: Cert,
    party: Writer,
    peer: Peer,
    input: Input = None,
    columns: ColumnsOf = None,
    epsilon: Epsilon = None,
    delta: Delta = None,
    runs: Runs = 1,
    total_epsilon: TotalEpsilon = None,
    total_delta: TotalDelta = None,
    composition: Composition = "basic",
    stops: Stops = None,
    days: Days = 30,
    purpose: Purpose = None,
    policy: PolicyFile = None,
    report: Report = None,
    ledger: LedgerFile = None,
    out: Out = Path("contract.json"),
    define: Define = None,
    products: Products = None,
    evaluator: Evaluator = None,
    json: Json = False,
) -> None:
    """Write the contract of a program, unsigned.  What it computes is read off the program."""
    about = About(Attempt.CONTRACT)
    with faults(json), noting(ledger or default_path(), about):
        has_folder(out)
        program = compiled(file, define, products, evaluator, party)
        identity, about.program = keys.load(key, cert), program.digest
        if epsilon is not None and not program.compiled.mechanisms:
            raise UsageError("the program has no privacy mechanism that an epsilon could bound", "drop --epsilon")
        certificates = drafting.certificates(program, party, identity, keys.read_certificate(peer))
        files, asked = pairs("--input", input), policy_given(policy)
        under = drafting.Under(drafting.purpose(purpose), for_contract(asked, ledger, program, files))
        reports = pairs("--report", report)
        holdings = drafting.holdings(program, party, identity, files, columns_given(columns), reports, under.policy)
        delta = spelled(drafting.usual_delta(program, holdings)) if delta is None else delta
        budgets = drafting.budgets(epsilon, delta, runs, total_epsilon, total_delta, composition, stops)
        if epsilon is None and program.compiled.mechanisms and drafting.bounded(program, holdings, delta):
            raise UsageError("the program has a privacy mechanism: say what a run may cost", "add --epsilon E")
        valid = now() - CLOCK_SKEW, now() + timedelta(days=days)
        terms = terms_for(program, certificates, holdings, budgets, *valid, under.purpose, under.digest)
        under.hold(terms)
        costs = drafting.costs(program, terms)
        write_contract(out, Contract(terms=terms, signatures=()), fresh=True)
        _write_down(ledger, terms, "made", party)
        told = [
            *lines(Contract(terms=terms, signatures=())),
            f"its products are computed as {products_of(program.compiled.plan).value}",
            *integrity(program.compiled),
            *drafting.costing(costs, terms),
            f"written to {out}: sign it with `ccr contract sign`, then let the peer sign it",
        ]
        made = {"contract": str(out), "digest": digest(terms), "products": products_of(program.compiled.plan).value}
        result({**made, **drafting.as_json(costs)}, "\n".join(told), json)


def sign_(
    file: File,
    key: Key,
    cert: Cert,
    peer: OtherPeer = None,
    policy: PolicyFile = None,
    ledger: LedgerFile = None,
    json: Json = False,
) -> None:
    """Sign a contract, in its file.  Read it first: `ccr contract show`.

    The owner of the records signs none that its policy does not allow; the other party may hold it against a copy.
    """
    with faults(json):
        identity, before, asked = keys.load(key, cert), read_contract(file), policy_given(policy)
        mine = signer(before.terms, identity)
        under = of_contract(before.terms, asked, ledger, mine.name)
        drafting.Under(before.terms.purpose, under).hold(before.terms)
        other = before.terms.other(mine.name)
        with noting(
            ledger or default_path(), About(Attempt.CONTRACT, other.key, digest(before.terms), before.terms.program)
        ):
            if peer is not None:
                with_peer(other, keys.read_certificate(peer))
            contract = sign(before, identity)
        _write_down(ledger, contract.terms, "signed", mine.name)
        write_contract(file, contract, fresh=False)
        missing = [name for name, stands in standing(contract).items() if stands is not Standing.SIGNED]
        said = [
            f"{file}: {missing[0]} has not signed yet" if missing else f"{file}: both parties have signed",
            f"{other.name} is {other.key}{_compared(peer)}",
        ]
        result({"contract": str(file), "digest": digest(contract.terms), "missing": missing}, "\n".join(said), json)


def show(
    file: File,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against", metavar="COPY", show_default=False, help="Name each field that differs from this contract."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Say what a contract says, and whose signature holds.  If one does not, the exit status is 3."""
    with faults(json):
        contract = read_contract(file)
        document = cast("dict[str, object]", jsons.loads(contract_terms.encode(contract)))
        stands = {name: found.value for name, found in standing(contract).items()}
        found, told = {"digest": digest(contract.terms), "standing": stands, **document}, lines(contract)
        if against is not None:
            differ = differences(contract.terms, read_contract(against).terms)
            found, told = found | {"differences": differ}, [*told, *_compared_with(against, differ)]
        result(found, "\n".join(told), json)
        try:
            hold(contract)
        except Refused as refused:
            say(str(refused))
            raise typer.Exit(REFUSED) from None


def verify_(
    file: File,
    program: Annotated[
        str | None,
        typer.Option(
            "--program", metavar="FILE", show_default=False, help="Compare with this program, and recompute epsilon."
        ),
    ] = None,
    peer: OtherPeer = None,
    define: Define = None,
    products: Products = None,
    evaluator: Evaluator = None,
    json: Json = False,
) -> None:
    """Check that a contract binds now.  With --program, also that it is about that program."""
    with faults(json):
        contract = read_contract(file)
        of = contract.terms.data[0].owner if contract.terms.data else ""
        built = None if program is None else compiled(program, define, products, evaluator, of)
        _binds(contract, built)
        if peer is not None:
            _one_of(contract.terms, keys.read_certificate(peer))
        costs, said = None, f"{file}: signed by both parties, valid now"
        if built is not None:
            with_program(contract.terms, built)
            costs, said = drafting.costs(built, contract.terms), f"{said}, for this program"
        elif define or products or evaluator:
            raise UsageError(f"{'-D' if define else '--products' if products else '--evaluator'} goes with --program")
        told = [
            said,
            *(f"{p.name} is {p.key}" for p in contract.terms.parties),
            *framework(contract.terms),
            *drafting.costing(costs, contract.terms),
        ]
        parties = {p.name: p.key for p in contract.terms.parties}
        found = {"digest": digest(contract.terms), "parties": parties, **as_json(contract.terms)}
        result({**found, **drafting.as_json(costs)}, "\n".join(told), json)


def revoke_(file: File, key: Key, cert: Cert, ledger: LedgerFile = None, json: Json = False) -> None:
    """Revoke a contract for good: no run starts under it.  Either party may; its ledger and the file say so."""
    with faults(json):
        contract = revoke(read_contract(file), keys.load(key, cert))
        party = signer(contract.terms, keys.load(key, cert)).name
        name = digest(contract.terms)
        with Ledger(ledger or default_path(), create=True) as opened:
            opened.record(lambda _: [Revoked(at=now(), contract=name, party=party)])
        write_contract(file, contract, fresh=False)
        peer = contract.terms.other(party).name
        said = f"{file}: revoked by {party}; give the file to {peer}, whose side then refuses by itself"
        result({"contract": str(file), "digest": name, "revoked_by": party}, said, json)


def _write_down(ledger: Path | None, terms: Terms, step: Step, party: str) -> None:
    """In the ledger, if this party keeps one or says where."""
    if ledger is not None or default_path().exists():
        with Ledger(ledger or default_path(), create=True) as opened:
            write_down(opened, terms, step, party)


def _binds(contract: Contract, program: Program | None) -> None:
    """Raises Refused; of a text that was altered also what in it is not the program's."""
    try:
        verify(contract, now())
    except Refused as refused:
        if refused.reason == "altered" and program is not None:
            try:
                with_program(contract.terms, program)
            except Refused:
                say(str(refused))
                raise
        raise


def _compared_with(copy: Path, differences: list[str]) -> list[str]:
    if not differences:
        return [f"its text is that of {copy}"]
    return [f"its text is not that of {copy} (there):", *(f"  {difference}" for difference in differences)]


def _compared(peer: Path | None) -> str:
    return f", as {peer} says" if peer is not None else ": ask by telephone, or let --peer compare"


def _one_of(terms: Terms, certificate: bytes) -> None:
    """Raises Refused (foreign-peer)."""
    if all(certificate.decode("ascii") != p.certificate for p in terms.parties):
        raise Refused(
            "foreign-peer",
            f"the certificate of {keys.fingerprint(certificate)} is no party's of the contract, which binds "
            + " and ".join(f"`{p.name}` by {p.key}" for p in terms.parties),
            help="ask by telephone which fingerprint is your peer's",
        )
