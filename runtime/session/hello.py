"""The handshake: both parties say what they are about to run, and go on only if it is the same thing."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass
from dataclasses import fields as dataclass_fields
from typing import Any

from lang.numerals import counted
from runtime.execute.sharing import MOST
from runtime.net.channel import expect
from runtime.net.errors import ProtocolError
from runtime.net.frames import Frame
from runtime.session.errors import (
    DifferentContracts,
    DifferentEvaluators,
    DifferentProducts,
    DifferentPrograms,
    DifferentRecords,
    DifferentRoles,
    DifferentStarts,
    DifferentVersions,
    DifferentWorkers,
    Disagreement,
)
from runtime.session.guard import Guard

PROTOCOL = 6
HELLO_BYTES = 4096
NONCE_BYTES = 32
MOST_RECORDS = 1 << 40
MOST_STEPS = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    party: str  # as the program names it
    role: str
    program: str  # the artifact's digest
    products: str  # how the program computes sums of products; two that differ in nothing else say so
    evaluator: str  # what this side takes the evaluator for
    contract: str  # the contract's digest; empty without one
    name: str  # the program's file name, for messages
    records: dict[str, int]  # rows of each data set of the sender's: public
    continues: bool  # with a run that was cut
    run: str  # the garbler's name of it, where it counts the steps that it tells
    first: int  # the index of the first step that the garbler may tell
    nonce: str
    workers: int = 0  # of the sender's cluster; without one none
    protocol: int = PROTOCOL

    def encode(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()


NAMES = {f.name for f in dataclass_fields(Hello)}
_NUMBERS = {"protocol", "records", "continues", "first", "workers"}
_RUN = re.compile(r"[0-9a-f]{64}", re.ASCII)  # it names a folder


def fresh_nonce() -> str:
    return secrets.token_hex(NONCE_BYTES)


def decode(payload: bytes, protocol: int) -> Hello:
    """Raises DifferentVersions for another protocol's greeting, ProtocolError for anything but what `encode` makes."""
    fields: Any = None
    try:
        fields = json.loads(payload)
        theirs = fields["protocol"]  # before the rest, which another version may write otherwise
        if type(theirs) is int and theirs != protocol:
            raise DifferentVersions(
                f"the peer speaks protocol {theirs}, this side {protocol}: install the same version of ccr on both"
            )
        good = (
            fields.keys() == NAMES
            and type(theirs) is int
            and all(isinstance(fields[name], str) for name in NAMES - _NUMBERS)
            and type(fields["continues"]) is bool
            and type(fields["first"]) is int
            and 0 <= fields["first"] <= MOST_STEPS
            and type(fields["workers"]) is int
            and 0 <= fields["workers"] <= MOST
            and (not fields["run"] or _RUN.fullmatch(fields["run"]) is not None)
            and all(type(count) is int and 1 <= count <= MOST_RECORDS for count in fields["records"].values())
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        good = False
    if not good:
        raise ProtocolError("the peer's greeting is not one of ccr's; check what listens at that address")
    return Hello(**fields)


def agree(guard: Guard, mine: Hello) -> tuple[Hello, bytes]:
    """Exchange greetings; the peer's, and the session's name.  Raises Disagreement on both sides alike.

    Of two clusters that go on with a run the one may have lost more workers than the other: the smaller number holds.
    """
    own = mine.encode()
    guard.send(Frame.HELLO, own)
    received = expect(guard, Frame.HELLO, HELLO_BYTES)
    theirs = decode(received, mine.protocol)
    problem = _compare(mine, theirs)
    if problem is not None:
        raise problem
    first, second = (own, received) if mine.role == "garbler" else (received, own)
    return theirs, hashlib.sha256(
        b"ccr session\0" + hashlib.sha256(first).digest() + hashlib.sha256(second).digest()
    ).digest()


def same_records(theirs: Hello, owned: Set[str], agreed: Mapping[str, int]) -> None:
    """Raises ProtocolError unless the peer counts the rows of just the data sets that are its own (`owned`), and
    DifferentRecords where their number is another than both have signed."""
    if theirs.records.keys() != owned:
        raise ProtocolError("the peer's greeting does not count the data sets that the program says are its own")
    for name, count in theirs.records.items():
        if count != agreed.get(name, count):
            raise DifferentRecords(
                f"the peer says that `{_plain(name)}` has {counted(count, 'record')}, and the contract {agreed[name]}: "
                "agree on a new contract"
            )


def _compare(mine: Hello, theirs: Hello) -> Disagreement | None:
    if mine.program != theirs.program and mine.products != theirs.products:
        return DifferentProducts(
            f"you run with --products {mine.products}, the peer with {_plain(theirs.products)}: choose the same"
        )
    if mine.program != theirs.program and mine.evaluator != theirs.evaluator:
        return DifferentEvaluators(
            f"you run with --evaluator {mine.evaluator}, the peer with {_plain(theirs.evaluator)}: choose the same"
        )
    if mine.program != theirs.program:
        return DifferentPrograms(
            f"the two parties run different programs: here `{mine.name}` ({mine.program[:16]}), there "
            f"`{_plain(theirs.name)}` ({_plain(theirs.program[:16])}); compare the files and every -D, or exchange the "
            "artifact that `ccr compile` writes"
        )
    if mine.contract != theirs.contract:
        return DifferentContracts(
            f"the two parties run under different contracts: here {_contract(mine)}, there {_contract(theirs)}; give "
            "both sides the same --contract"
        )
    if mine.continues != theirs.continues:
        with_it, without = ("here", "there") if mine.continues else ("there", "here")
        said = f"--continue was given {with_it}, and not {without}: give it on both sides, or on none"
        return DifferentStarts(f"{said} (with several owners, --anew OWNER leaves it out for one)")
    if mine.workers != theirs.workers and not (mine.continues and mine.workers and theirs.workers):
        return DifferentWorkers(
            f"{_cluster(mine)} here, {_cluster(theirs)} there: give both sides --cluster and the same --workers, or "
            "neither"
        )
    if mine.role == theirs.role or mine.party == theirs.party:
        return DifferentRoles(f"both sides run as `{mine.party}`: start one of them with the other party's --as")
    return None


def _contract(hello: Hello) -> str:
    return _plain(hello.contract[:16]) or "none"


def _cluster(hello: Hello) -> str:
    return counted(hello.workers, "worker") if hello.workers else "no cluster"


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text[:64])
