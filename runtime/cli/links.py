"""A connection as it is given on the command line."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated

import typer

from runtime.cli.options import UsageError
from runtime.execute.sharing import MOST
from runtime.report.traffic import Link

LinkOf = Annotated[
    str | None,
    typer.Option(
        "--link",
        metavar="RATE,TRIP",
        show_default=False,
        help="Estimate the seconds over such a connection: 100Mbit,40ms is a rate and a round trip.",
    ),
]
SharedBy = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        max=MOST,
        show_default=False,
        help="With --link: also with so many workers a side, each pair over such a connection (docs/cluster.md).",
    ),
]
BITS = {"k": 1e3, "M": 1e6, "G": 1e9}


def shared_by(workers: int | None, connection: Link | None, owners: Collection[str]) -> int:
    """How many workers a side, 0 for none.  Raises UsageError where the option means nothing."""
    if workers is not None and connection is None:
        raise UsageError("--workers goes with --link", "say what connects each of them with the other party's")
    if workers is not None and owners:
        raise UsageError("--workers is for two parties, and the program has several owners", "leave it out")
    return workers or 0


def link(option: str, text: str) -> Link:
    """RATE,ROUNDTRIP such as 100Mbit,40ms.  Raises UsageError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(k|M|G)bit,(\d+(?:\.\d+)?)ms", text)
    if found is None or not float(found[1]):
        raise UsageError(f"`{option} {text}` is not a rate and a round trip", "write them like 100Mbit,40ms")
    return Link(float(found[1]) * BITS[found[2]] / 8, float(found[3]) / 1000)
