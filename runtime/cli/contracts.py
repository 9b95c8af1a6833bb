"""`ccr contract`: what two parties agree on, written down and signed before they run."""

from __future__ import annotations

import json as jsons
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Annotated, cast

import typer

from compiler.program import products as products_of
from lang.numerals import spelled
from runtime.cli.contract_files import read_contract, write_contract
from runtime.cli.faults import faults
from runtime.cli.options import Define, Input, Json, Products, Runnable, UsageError, pairs, positive
from runtime.cli.programs import compiled
from runtime.cli.screen import result, say
from runtime.contract import terms as contract_terms
from runtime.contract.agree import with_program
from runtime.contract.amounts import Spend
from runtime.contract.commitment import commitment
from runtime.contract.cost import charges
from runtime.contract.draft import Budgets, Holding, terms_for
from runtime.contract.refused import Refused
from runtime.contract.sign import digest, sign, verify
from runtime.contract.terms import Contract, Terms
from runtime.data.content import content
from runtime.ledger.events import now
from runtime.net import keys
from runtime.net.keys import Identity
from runtime.privacy.limits import default_delta
from runtime.program import Program
from runtime.report.contract import lines
from runtime.report.program import integrity
from runtime.report.wording import amount

app = typer.Typer(help="Write, sign and check what two parties agree on before they run.", no_args_is_help=True)
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
Days = Annotated[int, typer.Option("--days", metavar="N", min=1, max=3650, help="How long it is valid.")]
Out = Annotated[Path, typer.Option("-o", metavar="OUT", help="Where it is written.")]


@app.command()
def new(
    file: Runnable,
    key: Key,
    cert: Cert,
    party: Writer,
    peer: Peer,
    input: Input = None,
    epsilon: Epsilon = None,
    delta: Delta = None,
    runs: Runs = 1,
    total_epsilon: TotalEpsilon = None,
    total_delta: TotalDelta = None,
    composition: Composition = "basic",
    days: Days = 30,
    out: Out = Path("contract.json"),
    define: Define = None,
    products: Products = None,
    json: Json = False,
) -> None:
    """Write the contract of a program, unsigned.  What it computes is read off the program."""
    with faults(json):
        program = compiled(file, define, products)
        identity = keys.load(key, cert)
        if epsilon is None and program.compiled.mechanisms:
            raise UsageError("the program has a privacy mechanism: say what a run may cost", "add --epsilon E")
        if epsilon is not None and not program.compiled.mechanisms:
            raise UsageError("the program has no privacy mechanism that an epsilon could bound", "drop --epsilon")
        certificates = _certificates(program, party, identity, keys.read_certificate(peer))
        holdings = _holdings(program, party, identity, pairs("--input", input))
        delta = spelled(_usual_delta(program, holdings)) if delta is None else delta
        budgets = _budgets(epsilon, delta, runs, total_epsilon, total_delta, composition)
        terms = terms_for(program, certificates, holdings, budgets, now() - CLOCK_SKEW, now() + timedelta(days=days))
        costs = _costs(program, terms)
        write_contract(out, Contract(terms=terms, signatures=()), fresh=True)
        told = [
            *lines(Contract(terms=terms, signatures=())),
            f"its products are computed as {products_of(program.compiled.plan).value}",
            *integrity(program.compiled),
            *_costing(costs),
            f"written to {out}: sign it with `ccr contract sign`, then let the peer sign it",
        ]
        made = {"contract": str(out), "digest": digest(terms), "products": products_of(program.compiled.plan).value}
        result({**made, **_as_json(costs)}, "\n".join(told), json)


@app.command(name="sign")
def sign_(file: File, key: Key, cert: Cert, json: Json = False) -> None:
    """Sign a contract, in its file.  Read it first: `ccr contract show`."""
    with faults(json):
        contract = sign(read_contract(file), keys.load(key, cert))
        write_contract(file, contract, fresh=False)
        missing = [p.name for p in contract.terms.parties if p.name not in {s.party for s in contract.signatures}]
        rest = f"{missing[0]} has not signed yet" if missing else "both parties have signed"
        result({"contract": str(file), "digest": digest(contract.terms), "missing": missing}, f"{file}: {rest}", json)


@app.command()
def show(file: File, json: Json = False) -> None:
    """Say what a contract says, and who has signed it.  `verify` tells whether the signatures are good."""
    with faults(json):
        contract = read_contract(file)
        document = cast("dict[str, object]", jsons.loads(contract_terms.encode(contract)))
        result({"digest": digest(contract.terms), **document}, "\n".join(lines(contract)), json)


@app.command(name="verify")
def verify_(
    file: File,
    program: Annotated[
        str | None,
        typer.Option(
            "--program", metavar="FILE", show_default=False, help="Compare with this program, and recompute epsilon."
        ),
    ] = None,
    define: Define = None,
    products: Products = None,
    json: Json = False,
) -> None:
    """Check that a contract binds now.  With --program, also that it is about that program."""
    with faults(json):
        contract = read_contract(file)
        verify(contract, now())
        costs, said = None, f"{file}: signed by both parties, valid now"
        if program is not None:
            built = compiled(program, define, products)
            with_program(contract.terms, built)
            costs, said = _costs(built, contract.terms), f"{said}, for this program"
        elif define or products:
            raise UsageError(f"{'-D' if define else '--products'} goes with --program")
        result({"digest": digest(contract.terms), **_as_json(costs)}, "\n".join([said, *_costing(costs)]), json)


def _usual_delta(program: Program, holdings: dict[str, Holding]) -> Fraction:
    used = {m.dataset for m in program.compiled.mechanisms}
    return default_delta(holding.records for name, holding in holdings.items() if name in used)


def _budgets(
    epsilon: str | None, delta: str, runs: int, total_epsilon: str | None, total_delta: str | None, composition: str
) -> Budgets | None:
    if composition not in ("basic", "pld"):
        raise UsageError(f"`--composition {composition}` is neither basic nor pld")
    if epsilon is None:
        if total_epsilon is not None:
            raise UsageError("--total-epsilon goes with --epsilon")
        return None
    one = Spend(positive("--epsilon", epsilon), positive("--delta", delta))
    total = Spend(
        one.epsilon * runs if total_epsilon is None else positive("--total-epsilon", total_epsilon),
        one.delta * runs if total_delta is None else positive("--total-delta", total_delta),
    )
    return Budgets(one, total, runs, "pld" if composition == "pld" else "basic")


def _certificates(program: Program, party: str, identity: Identity, peer: bytes) -> dict[str, bytes]:
    parties = program.compiled.parties
    if party not in parties:
        raise UsageError(f"the program has no party `{party}`", f"its parties are {' and '.join(parties)}")
    if owners := {d.party for d in program.compiled.datasets} - {party}:
        raise UsageError(
            f"the data sets are {owners.pop()}'s, who alone can say what is in them",
            "let the owner of the records write the contract",
        )
    return {name: identity.certificate if name == party else peer for name in parties}


def _holdings(program: Program, party: str, identity: Identity, files: dict[str, str]) -> dict[str, Holding]:
    names = [d.name for d in program.compiled.datasets if d.party == party]
    for name in files:
        if name not in names:
            raise UsageError(
                f"`{name}` is no data set of this program", "a contract is about data sets; inputs may be anything"
            )
    found: dict[str, Holding] = {}
    for name in names:
        if name not in files:
            raise UsageError(f"the records of `{name}` are missing", f"add --input {name}=FILE")
        held = content(files[name])
        found[name] = Holding(held.records, commitment(held, identity))
    return found


def _costs(program: Program, terms: Terms) -> tuple[Spend, Spend] | None:
    """Of one run, and what is charged at first.  Raises Refused if the contract allows no run at all."""
    if terms.privacy is None:
        return None
    privacy = terms.privacy
    say("computing epsilon")
    one, charge = charges(program.compiled, {d.name: d.records for d in terms.data}, privacy)
    for cost, bound, reason, what in (
        (one, privacy.per_run, "run-budget", "one run"),
        (charge, privacy.total, "contract-budget", "all runs"),
    ):
        if not cost.within(bound.spend):
            raise Refused(
                reason,
                f"{what} would cost more than the contract gives",
                sums={"bound": bound.spend, "asked": cost},
                help="give more, or lower the program's steps or raise its noise",
            )
    return one, charge


def _costing(costs: tuple[Spend, Spend] | None) -> list[str]:
    if costs is None:
        return []
    one, charge = costs
    together = f"; all runs together {charge}" if charge != one else ""
    return [f"computed from the program: one run costs {one}{together}"]


def _as_json(costs: tuple[Spend, Spend] | None) -> dict[str, object]:
    return {} if costs is None else {"cost": amount(costs[0]), "charge": amount(costs[1])}
