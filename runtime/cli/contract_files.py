"""Contracts as files."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from runtime.cli.faults import saving
from runtime.cli.options import UsageError
from runtime.contract.canonical import LARGEST
from runtime.contract.refused import Refused
from runtime.contract.terms import Contract, decode, encode
from runtime.files import replace_bytes


@contextmanager
def named(path: Path) -> Generator[None]:
    """What is refused of a document names the file that it is read from."""
    try:
        yield
    except Refused as refused:
        raise Refused(refused.reason, f"{path}: {refused.what}", help=refused.help, sums=refused.sums) from None


def read_contract(path: Path) -> Contract:
    """A contract whose fields make sense; who signed it is not looked at.  Raises UsageError and Refused."""
    try:
        with path.open("rb") as file, named(path):
            return decode(file.read(LARGEST + 2))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "give the contract's file") from None


def write_contract(path: Path, contract: Contract, *, fresh: bool) -> None:
    """In one step; `fresh`: where no file may be.  Raises UsageError and NotSaved."""
    with saving(path):
        if fresh and path.exists():
            raise UsageError(f"{path} exists and is not overwritten", "choose another name with -o")
        replace_bytes(path, encode(contract))
