"""A hospital and a vendor with keys, a small private program between them, its data, and a contract about it."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from runtime import api
from runtime.contract import terms as contract_terms
from runtime.contract.amounts import Spend
from runtime.contract.commitment import commitment
from runtime.contract.draft import Budgets, Holding, terms_for
from runtime.contract.sign import sign
from runtime.contract.terms import Contract, Terms
from runtime.data.content import Content, content
from runtime.data.load import load_dataset
from runtime.data.specs import DatasetSpec
from runtime.net import keys
from runtime.net.keys import Identity
from runtime.party.sources import specs
from runtime.program import Program

HOSPITAL, VENDOR, MALLORY = keys.new("hospital"), keys.new("vendor"), keys.new("mallory")
NOW = datetime(2030, 1, 1, tzinfo=UTC)
SOURCE = """
party vendor; party hospital;
type Weight = fix<12, 6>;
type Feature = fix<9, 8>;
param NOISE = 4.0;
param RATE = 1.0;
input w0: Weight[2] from vendor;
dataset records from hospital { x: Feature[2] where norm2(x) <= 1.0; y: bit; }
var w = w0;
dpsgd w on records(batch = 4, steps = 2, clip = 1.0, noise = NOISE drawn by hospital, rate = RATE) as row {
    loss logistic(dot(w, row.x), row.y);
}
output w to vendor;
"""
ROWS = 20
SALT = "5a" * 32


def write_records(path: Path, rows: int = ROWS, shift: int = 0) -> Path:
    lines = [f"{(i % 7 - 3) / 8},{(i * 3 % 5 + shift) / 8},{i % 2}" for i in range(rows)]
    path.write_text("x[0],x[1],y\n" + "\n".join(lines) + "\n")
    return path


@functools.cache
def folder() -> Path:
    """Holds records.csv; lives as long as the tests."""
    made = Path(tempfile.mkdtemp())
    write_records(made / "records.csv")
    return made


@functools.cache
def program(**overrides: str) -> Program:
    path = folder() / "small.ccr"
    path.write_text(SOURCE)
    return api.compile(path, overrides)


@functools.cache
def records() -> Content:
    return content_of(folder() / "records.csv")


def content_of(path: Path) -> Content:
    """As the small program reads it."""
    (spec,) = (s for s in specs(program().compiled, frozenset({"hospital"})) if isinstance(s, DatasetSpec))
    return content(spec, load_dataset(spec, str(path)))


BUDGETS = Budgets(Spend(Fraction(1), Fraction(1, 10**5)), Spend(Fraction(3), Fraction(3, 10**5)), runs=3)


def terms(
    budgets: Budgets = BUDGETS,
    vendor: Identity = VENDOR,
    purpose: str | None = None,
    policy: str | None = None,
    report: str | None = None,
) -> Terms:
    held = records()
    return terms_for(
        program(),
        {"vendor": vendor.certificate, "hospital": HOSPITAL.certificate},
        {"records": Holding(held.records, SALT, commitment(held, HOSPITAL, SALT), report)},
        budgets,
        NOW - timedelta(days=1),
        NOW + timedelta(days=30),
        purpose,
        policy,
    )


def contract(agreed: Terms | None = None) -> Contract:
    """Signed by both."""
    return sign(sign(Contract(terms=agreed or terms(), signatures=()), HOSPITAL), VENDOR)


def edited(change: Callable[[Any], object]) -> bytes:
    """The signed contract's file after an edit of its JSON, in canonical spelling again."""
    document = json.loads(contract_terms.encode(contract()))
    change(document)
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode() + b"\n"
