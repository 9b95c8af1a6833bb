"""The options of `ccr run` that no other command has, and no group of options of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runtime.execute.threads import MOST

WAIT = 600.0  # seconds for the peer to come
TIMEOUT = 120.0  # seconds without any progress
LONGEST = 1e7  # seconds, some four months

Party = Annotated[
    str | None,
    typer.Option("--as", metavar="PARTY", show_default=False, help="Run this party alone; without it both run here."),
]
Listen = Annotated[
    str | None, typer.Option("--listen", metavar="HOST:PORT", show_default=False, help="Wait for the peer here.")
]
Connect = Annotated[
    list[str] | None,
    typer.Option(
        "--connect",
        metavar="HOST:PORT",
        show_default=False,
        help="Where the peer listens; with several owners OWNER=HOST:PORT, once for each.",
    ),
]
Key = Annotated[
    Path | None, typer.Option("--key", metavar="ME.key", show_default=False, help="Own key, from `ccr keys new`.")
]
Cert = Annotated[Path | None, typer.Option("--cert", metavar="ME.crt", show_default=False, help="Own certificate.")]
Peer = Annotated[
    list[str] | None,
    typer.Option(
        "--peer",
        metavar="PEER.crt",
        show_default=False,
        help="The peer's certificate; with several owners OWNER=PEER.crt, once for each.",
    ),
]
ContractFile = Annotated[
    list[Path] | None,
    typer.Option(
        "--contract",
        metavar="C",
        show_default=False,
        help="What both parties signed; it names the peer's certificate too. With several owners one with each.",
    ),
]
GoOnWith = Annotated[
    int | None,
    typer.Option(
        "--go-on-with",
        metavar="N",
        min=1,
        show_default=False,
        help="With several owners: as long as so many of them are there, the run goes on; else all it takes.",
    ),
]
Continue = Annotated[
    bool,
    typer.Option(
        "--continue",
        help="With --contract, on both sides: go on with the run that was cut, of a program with `release = step`.",
    ),
]
Anew = Annotated[
    list[str] | None,
    typer.Option(
        "--anew",
        metavar="OWNER",
        show_default=False,
        help="With --continue and several owners: with this one the run begins, whose earlier one had told nothing.",
    ),
]
Wait = Annotated[float, typer.Option("--wait", metavar="S", help="Seconds to wait for the peer to come.")]
Timeout = Annotated[
    float, typer.Option("--timeout", metavar="S", help="Seconds to wait for the peer to go on, once it has come.")
]


EpsilonAtMost = Annotated[
    float | None,
    typer.Option(
        "--epsilon-at-most", metavar="E", show_default=False, help="Without a contract: refuse a run that costs more."
    ),
]
NotPrivate = Annotated[
    bool,
    typer.Option("--not-private", help="Without a contract: run although records leave with an infinite epsilon."),
]

ThreadsOf = Annotated[
    int,
    typer.Option(
        "--threads",
        metavar="N",
        min=1,
        max=MOST,
        help="Threads that share a party's gates, of each party that runs here. Worth as much as cores are free: two "
        "parties on one machine share its own, and a third is busy with encryption.",
    ),
]

Insecure = Annotated[
    bool,
    typer.Option(
        "--insecure",
        help="Without --as, between two parties: loopback without encryption, to measure what encryption costs.",
    ),
]
