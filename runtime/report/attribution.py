"""Where a run's gates and bytes come from: by source place, kernel, cell and pass.

One table, which the compiler makes (`compiler/schedule/attribution.py`); text, JSON and page read it here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise

from compiler.program import Compiled, PassCount
from compiler.schedule.attribution import Place, Prices, Spent, spent
from lang.source import Span
from runtime.crypto.labels import LABEL_BYTES
from runtime.execute.backend import ciphertext_bytes
from runtime.net.traffic import Traffic
from runtime.ot import extension
from runtime.report.places import expressions

MADE = "made"  # gates as cells make them, before the first pass


@dataclass(frozen=True, slots=True)
class LineWork:
    """What a run spends on the expressions that begin at one place of the text."""

    file: str
    line: int
    column: int
    and_gates: int
    ciphertexts: int
    bytes: int


@dataclass(frozen=True, slots=True)
class PassWork:
    """What a pass did to the gates of a run, and in `kernels` to those of one lane of each kernel."""

    kernels: PassCount
    and_before: int
    and_after: int
    xor_before: int
    xor_after: int

    def as_json(self) -> dict[str, object]:
        run = {f"run_{name}": getattr(self, name) for name in ("and_before", "and_after", "xor_before", "xor_after")}
        return {**asdict(self.kernels), **run}


@dataclass(frozen=True, slots=True)
class Attribution:
    """Of a compiled program: its rows together are all that a run spends."""

    stages: tuple[str, ...]  # MADE, then the passes: what a row's gates are counted after
    rows: tuple[Spent, ...]  # in the order of the text
    lines: tuple[LineWork, ...]  # the same by place
    passes: tuple[PassWork, ...]
    spans: Mapping[Place, Span]  # the longest expression that begins at each place

    def as_json(self) -> dict[str, object]:
        return {"stages": list(self.stages), "rows": [_json(row) for row in self.rows]}


def attributed(program: Compiled) -> Attribution:
    """Of a program that knows the places of its text (`Program.placed`)."""
    prices = Prices(LABEL_BYTES, extension.request_bytes)
    rows = spent(program.plan, program.garbler, program.evaluator, prices)
    gates = [row for row in rows if row.kernel is not None]
    ands = [sum(stage) for stage in zip(*(row.and_gates for row in gates), strict=True)]
    xors = [sum(stage) for stage in zip(*(row.xor_gates for row in gates), strict=True)]
    passes = [
        PassWork(p, *a, *x) for p, a, x in zip(program.passes, pairwise(ands), pairwise(xors), strict=bool(gates))
    ]
    stages = (MADE, *(p.name for p in program.passes))
    return Attribution(stages, rows, _lines(rows), tuple(passes), expressions(program.plan))


def sent(row: Spent) -> Traffic:
    return Traffic(ciphertext_bytes(row.ciphertexts), row.corrections, row.transfers, row.outputs)


def and_gates(row: Spent) -> int:
    """After the last pass."""
    return row.and_gates[-1] if row.and_gates else 0


def _lines(rows: tuple[Spent, ...]) -> tuple[LineWork, ...]:
    ands: Counter[Place] = Counter()
    ciphertexts: Counter[Place] = Counter()
    bytes: Counter[Place] = Counter()
    for row in rows:
        ands[row.place] += and_gates(row)
        ciphertexts[row.place] += row.ciphertexts
        bytes[row.place] += sent(row).total
    return tuple(LineWork(*p, ands[p], ciphertexts[p], n) for p, n in bytes.items() if n)


def _json(row: Spent) -> dict[str, object]:
    file, line, column = row.place
    return {
        "file": file,
        "line": line,
        "column": column,
        "kernel": row.kernel,
        "cell": row.cell,
        "and_gates": list(row.and_gates),
        "xor_gates": list(row.xor_gates),
        "ciphertexts": row.ciphertexts,
        "bytes": sent(row).as_json(),
    }
