"""ANDs of a party's own bits: in the clear, and by two processes, with the same bits and the bytes foretold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compiler.program import and_gates, ciphertexts
from runtime import api
from runtime.report.traffic import traffic

TEXT = """party alice;
party bob;
input x: uint<8>[16] from {holder};
input i: uint<4>[3] from {reader};
input s: uint<3> from {reader};
input y: int<6>[2] from bob;
var changed = x;
changed[i[2]] = 9;
output picked = reveal(x[i[0]] + x[i[1]]) to alice, bob;
output moved = reveal((x[0] >> s) as uint<8>) to bob;
output written = reveal(changed) to bob;
output square = reveal(!(y[0] * y[1] < y[0] as int<12>)) to alice;
"""


@pytest.mark.parametrize(("holder", "reader"), [("alice", "bob"), ("bob", "alice")])
def test_own_indices_shifts_and_products(tmp_path: Path, holder: str, reader: str) -> None:
    path = tmp_path / "own.ccr"
    path.write_text(TEXT.format(holder=holder, reader=reader))
    program = api.compile(path)
    plan = program.compiled.plan
    assert ciphertexts(plan) < 1.25 * and_gates(plan)
    given = {"x": tmp_path / "x.npy", "i": tmp_path / "i.npy", "s": "5", "y": tmp_path / "y.npy"}
    np.save(tmp_path / "x.npy", np.arange(16) * 15 + 7)
    np.save(tmp_path / "i.npy", np.array([11, 2, 15]))
    np.save(tmp_path / "y.npy", np.array([-32, 31]))
    expected = api.simulate(program, {name: str(value) for name, value in given.items()})
    assert int(expected["picked"]) == 11 * 15 + 2 * 15 + 14
    reports = api.run(program, {name: str(value) for name, value in given.items()}, not_private=True).reports
    for report in reports.values():
        assert all(np.array_equal(report.outputs[name], expected[name]) for name in report.outputs)
    assert sum(len(report.outputs) for report in reports.values()) == 5
    assert reports["alice"].traffic == traffic(program.compiled)
