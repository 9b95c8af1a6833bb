"""What may stand on the command line, and how it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from compiler.joint.choices import Evaluator as EvaluatorOf
from compiler.joint.choices import Products as ProductsOf
from runtime.contract.amounts import typed

File = Annotated[str, typer.Argument(metavar="FILE", help="A .ccr program.", show_default=False)]
Runnable = Annotated[
    str, typer.Argument(metavar="FILE", help="A .ccr program or a .ccrc artifact.", show_default=False)
]
Define = Annotated[
    list[str] | None, typer.Option("-D", metavar="NAME=VALUE", help="Another value for a `param`.", show_default=False)
]
Products = Annotated[
    ProductsOf | None,
    typer.Option(
        "--products",
        metavar="gates|shares",
        show_default=False,
        help="How products inside `dpsgd` go: shares, of far fewer bytes, if not given. Both parties choose alike.",
    ),
]
Evaluator = Annotated[
    EvaluatorOf | None,
    typer.Option(
        "--evaluator",
        metavar="malicious|honest",
        show_default=False,
        help="What both parties take the evaluator for; an honest one computes alone what it can, but none does where "
        "a data set is at stake. malicious, if not given.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress; errors are still told.")]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        min=0,
        show_default=False,
        help="Fix the sampling and the noise. The run is then not private.",
    ),
]
LedgerFile = Annotated[
    Path | None,
    typer.Option(
        "--ledger",
        metavar="FILE",
        show_default=False,
        help="Where this party's budgets are kept; ~/.local/share/ccr/ledger.db if not given.",
    ),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        show_default=False,
        help="Refuse what this policy does not allow; the one that the ledger remembers, if not given.",
    ),
]
Delta = Annotated[
    float | None,
    typer.Option(
        "--delta",
        metavar="D",
        show_default=False,
        help="The delta at which epsilon is told; the smaller of 1e-5 and 1/(10 n) if not given, n the records.",
    ),
]


class UsageError(Exception):
    """The command line asks for something that cannot be."""

    def __init__(self, what: str, help: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.help = help


def pairs(option: str, given: Sequence[str] | None) -> dict[str, str]:
    """NAME=VALUE arguments by name.  Raises UsageError."""
    found: dict[str, str] = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise UsageError(f"`{option} {text}` is not NAME=VALUE", _pair(option, text))
        if name in found:
            raise UsageError(f"`{option} {name}=` is given twice")
        found[name] = value
    return found


def _pair(option: str, text: str) -> str:
    """How what was meant is written, as far as that can be told."""
    if "=" in text:
        return f"a name stands before the =, and something behind it: {option} NAME=VALUE"
    if text.isidentifier():
        return f"write what it is to be: {option} {text}=VALUE"
    return f"say first which one it is, by its name: {option} NAME={text or 'VALUE'}"


def by_owner(option: str, given: Sequence[str] | None, owners: Sequence[str]) -> dict[str, str]:
    """OWNER=VALUE arguments by owner, not all of whom need be there.  Raises UsageError."""
    if wrong := next((text for text in given or () if not text.partition("=")[2]), None):
        raise UsageError(f"`{option} {wrong}` is not OWNER=...", f"give it once for each of {', '.join(owners)}")
    found = pairs(option, given)
    if stranger := next((name for name in found if name not in owners), None):
        raise UsageError(f"{option} {stranger}=: `{stranger}` is no owner", f"the owners are {', '.join(owners)}")
    return found


def checked_delta(delta: float | None) -> None:
    """Raises UsageError unless 0 < delta < 1, or there is none."""
    if delta is not None and not 0 < delta < 1:
        raise UsageError(f"--delta {delta:g} does not lie between 0 and 1", "give a small one, such as 1e-5")


def positive(option: str, text: str) -> Fraction:
    """An exact amount above 0.  Raises UsageError."""
    try:
        return typed(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}", "write a number such as 2, 0.5 or 1e-5") from None


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address(option: str, text: str) -> Address:
    """HOST:PORT, or [IPv6]:PORT.  Raises UsageError."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise UsageError(f"`{option} {text}` is not HOST:PORT", "write it like 192.0.2.7:7000 or [2001:db8::7]:7000")
    return Address(host, int(port))
